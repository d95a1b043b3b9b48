//! The part of a document that a synchronization needs, for crates that are built without their feature `full`.
//!
//! `x-sync` at the top of a document lists the operations. The whole document is lowered first and then reduced, so that a
//! type which both parts have is the same in both: what is sent and what is answered is told by all operations.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{METHODS, component, operations};
use crate::lower::Lowered;

/// The key of the list.
pub(crate) const SYNC: &str = "x-sync";

/// How much of a document is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Full,
    /// What `x-sync` lists; all of it when there is no such list.
    Sync,
}

impl Part {
    /// The document with the operations of this part; schemas and other components stay.
    pub fn of(self, document: &Value) -> Value {
        let mut document = document.clone();
        if let (Self::Sync, Some(wanted)) = (self, listed(&document)) {
            keep(&mut document, &wanted);
        }
        document
    }

    /// Takes out of a lowered document what does not belong to this part, and what nothing needs any more.
    pub fn reduce(self, lowered: &mut Lowered) {
        let root = &mut lowered.document.value;
        let (Self::Sync, Some(wanted)) = (self, listed(root)) else { return };
        keep(root, &wanted);
        let reached = reached(root);
        if let Some(components) = root.get_mut("components").and_then(Value::as_object_mut) {
            for (kind, members) in components.iter_mut().filter(|(kind, _)| *kind != "securitySchemes") {
                if let Some(members) = members.as_object_mut() {
                    members.retain(|name, _| reached.contains(&(kind.clone(), name.clone())));
                }
            }
        }
        let needed = |schema: &String| reached.contains(&("schemas".to_owned(), schema.clone()));
        lowered.plan.open_enums.retain(|open| needed(&open.schema));
        lowered.plan.replacements.retain(|replacement| needed(&replacement.schema));
        lowered.plan.aliases.retain(|alias| needed(&alias.schema));
    }
}

/// The operations that a document lists.
fn listed(root: &Value) -> Option<BTreeSet<String>> {
    let list = root.get(SYNC)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn keep(root: &mut Value, wanted: &BTreeSet<String>) {
    let others: Vec<(String, String)> = operations(root)
        .into_iter()
        .filter(|operation| !wanted.contains(operation.id()))
        .map(|operation| (operation.path.to_owned(), operation.method.to_owned()))
        .collect();
    let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for (path, method) in others {
        if let Some(item) = paths.get_mut(&path).and_then(Value::as_object_mut) {
            item.shift_remove(&method);
        }
    }
    paths.retain(|_, item| METHODS.iter().any(|method| item.get(method).is_some()));
}

/// Kind and name of every component that the paths reach.
fn reached(root: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Value> = root.get("paths").into_iter().collect();
    while let Some(node) = waiting.pop() {
        match node {
            Value::Object(members) => {
                let named = node.get("$ref").and_then(Value::as_str).and_then(component);
                if let Some((kind, name)) = named
                    && found.insert((kind.to_owned(), name.to_owned()))
                {
                    waiting.extend(root.get("components").and_then(|all| all.get(kind)?.get(name)));
                }
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Document, lower};

    fn document() -> Document {
        let answer = |schema: &str| {
            json!({ "200": { "description": "d", "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{schema}") } } } } })
        };
        let value = json!({
            "x-sync": ["getJob", "startJob"],
            "paths": {
                "/jobs": { "get": { "operationId": "listJobs", "responses": answer("Jobs") } },
                "/jobs/{id}": {
                    "parameters": [{ "$ref": "#/components/parameters/Id" }],
                    "delete": { "operationId": "deleteJob", "responses": {} },
                    "get": { "operationId": "getJob", "responses": answer("Job") },
                },
                "/start": { "post": {
                    "operationId": "startJob", "responses": answer("Job"),
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Spec" } } } },
                } },
                "/specs": { "get": { "operationId": "getSpec", "responses": answer("Spec") } },
            },
            "components": {
                "parameters": {
                    "Id": { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                    "Other": { "name": "other", "in": "query", "schema": { "$ref": "#/components/schemas/Sort" } },
                },
                "schemas": {
                    "Job": { "type": "object", "properties": { "state": { "$ref": "#/components/schemas/State" } } },
                    "Jobs": { "type": "array", "items": { "$ref": "#/components/schemas/Job" } },
                    "Sort": { "type": "string", "x-extensible-enum": ["up"] },
                    "Spec": {
                        "type": "object", "required": ["name"], "properties": { "name": { "type": "string" } },
                    },
                    "State": { "type": "string", "x-extensible-enum": ["new"] },
                },
            },
        });
        Document { file: "toy-v1.yaml".to_owned(), value, places: Default::default() }
    }

    fn names(value: &Value, pointer: &str) -> Vec<String> {
        value.pointer(pointer).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    #[test]
    fn what_is_not_listed_is_gone_with_all_that_only_it_needed() {
        let mut lowered = lower::run(&document());
        Part::Sync.reduce(&mut lowered);
        let value = &lowered.document.value;
        assert_eq!(names(value, "/paths"), ["/jobs/{id}", "/start"]);
        assert_eq!(names(value, "/paths/~1jobs~1{id}"), ["parameters", "get"]);
        assert_eq!(names(value, "/components/schemas"), ["Job", "Spec", "State"]);
        assert_eq!(names(value, "/components/parameters"), ["Id"]);
        let open: Vec<&str> = lowered.plan.open_enums.iter().map(|open| open.schema.as_str()).collect();
        assert_eq!(open, ["State"]);
        assert_eq!(operations(&Part::Sync.of(&document().value)).len(), 2);
    }

    /// The answer of an operation that is left out decides about a type that stays: another feature must not change it.
    #[test]
    fn types_are_the_same_in_both_parts() {
        let (mut full, mut sync) = (lower::run(&document()), lower::run(&document()));
        Part::Full.reduce(&mut full);
        Part::Sync.reduce(&mut sync);
        let pointer = "/components/schemas/Spec";
        assert_eq!(full.document.value.pointer(pointer), sync.document.value.pointer(pointer));
        assert_eq!(sync.document.value.pointer("/components/schemas/Spec/required"), None);
    }

    #[test]
    fn without_a_list_everything_stays() {
        let mut document = document();
        document.value.as_object_mut().map(|members| members.remove("x-sync"));
        let lowered = lower::run(&document);
        let mut reduced = lowered.clone();
        Part::Sync.reduce(&mut reduced);
        assert_eq!(lowered.document.value, reduced.document.value);
        assert_eq!(Part::Sync.of(&document.value), document.value);
    }
}
