//! Takes out of two lowered documents what a change cannot have touched, so that only the rest has to be generated.
//!
//! What the generator makes of a schema or an operation depends on it and on whatever it refers to, at any distance. So what
//! differs, and what refers to something that differs, is generated on both sides; of the rest only what these need.

use std::collections::{BTreeMap, BTreeSet};

use backup_sync_codegen::document::{METHODS, component};
use backup_sync_codegen::lower::{Lowered, Plan};
use serde_json::Value;

use crate::rust::alike;

/// Kind and name of a component.
type Name = (String, String);
/// Path and method of an operation.
type Call = (String, String);

/// What lowering has put aside for a schema.
#[derive(PartialEq)]
struct Aside<'a> {
    /// The words of an open set.
    words: Vec<Vec<&'a str>>,
    /// The type in its place.
    given: Vec<&'a str>,
    /// Other spellings of its members.
    spellings: Vec<(&'a str, &'a [String])>,
}

/// One side: what refers to what.
struct Side<'a> {
    components: BTreeMap<Name, (&'a Value, BTreeSet<Name>)>,
    calls: BTreeMap<Call, (Value, BTreeSet<Name>)>,
    plan: &'a Plan,
}

impl<'a> Side<'a> {
    fn of(lowered: &'a Lowered) -> Self {
        let root = &lowered.document.value;
        let kinds = root.get("components").and_then(Value::as_object).into_iter().flatten();
        let components = kinds.flat_map(|(kind, members)| {
            let members = members.as_object().into_iter().flatten();
            members.map(|(name, node)| ((kind.clone(), name.clone()), (node, named(node))))
        });
        let mut calls = BTreeMap::new();
        for (path, item) in root.get("paths").and_then(Value::as_object).into_iter().flatten() {
            for method in METHODS {
                if let Some(node) = item.get(method) {
                    // What stands at the path belongs to each of its operations.
                    let whole = Value::Array(vec![node.clone(), item.get("parameters").cloned().unwrap_or_default()]);
                    let names = named(&whole);
                    calls.insert((path.clone(), method.to_owned()), (whole, names));
                }
            }
        }
        Self { components: components.collect(), calls, plan: &lowered.plan }
    }

    /// What was put aside for a component.
    fn aside(&self, (kind, name): &Name) -> Option<Aside<'_>> {
        let plan = self.plan;
        let open = plan.open_enums.iter().filter(|open| open.schema == *name);
        let words = open.map(|open| open.values.iter().map(|(word, _)| word.as_str()).collect());
        let given = plan.replacements.iter().filter(|given| given.schema == *name).map(|given| given.rust.as_str());
        let aliases = plan.aliases.iter().filter(|alias| alias.schema == *name);
        let spellings = aliases.map(|alias| (alias.member.as_str(), alias.names.as_slice()));
        (kind == "schemas").then(|| Aside {
            words: words.collect(),
            given: given.collect(),
            spellings: spellings.collect(),
        })
    }

    /// Everything that refers to something in `names`, at any distance, and these names themselves.
    fn rising(&self, names: &mut BTreeSet<Name>) {
        loop {
            let touched = |(name, (_, refers)): (&Name, &(&Value, BTreeSet<Name>))| {
                (!names.contains(name) && !refers.is_disjoint(names)).then(|| name.clone())
            };
            let more: Vec<Name> = self.components.iter().filter_map(touched).collect();
            if more.is_empty() {
                return;
            }
            names.extend(more);
        }
    }

    /// Everything that something in `names` refers to, at any distance, and these names themselves.
    fn falling(&self, names: &mut BTreeSet<Name>) {
        let mut waiting: Vec<Name> = names.iter().cloned().collect();
        while let Some(name) = waiting.pop() {
            let refers = self.components.get(&name).into_iter().flat_map(|(_, refers)| refers);
            waiting.extend(refers.filter(|other| names.insert((*other).clone())).cloned().collect::<Vec<_>>());
        }
    }
}

/// The components that a node refers to directly.
fn named(node: &Value) -> BTreeSet<Name> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        match node {
            Value::Object(members) => {
                let target = members.get("$ref").and_then(Value::as_str).and_then(component);
                found.extend(target.map(|(kind, name)| (kind.to_owned(), name.to_owned())));
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}

/// Reduces both sides to what the change between them can have touched.
pub(crate) fn reduce(old: &mut Lowered, new: &mut Lowered) {
    let (names, calls) = touched(&Side::of(old), &Side::of(new));
    for lowered in [old, new] {
        keep(lowered, &names, &calls);
    }
}

/// What both sides have to keep.
fn touched(old: &Side<'_>, new: &Side<'_>) -> (BTreeSet<Name>, BTreeSet<Call>) {
    let all = old.components.keys().chain(new.components.keys());
    let differs = |name: &&Name| match (old.components.get(*name), new.components.get(*name)) {
        (Some((one, _)), Some((other, _))) => !alike(one, other, false) || old.aside(name) != new.aside(name),
        _ => true,
    };
    let mut names: BTreeSet<Name> = all.filter(differs).cloned().collect();
    old.rising(&mut names);
    new.rising(&mut names);
    // What rises on one side may be referred to by something else on the other.
    old.rising(&mut names);
    let all = old.calls.keys().chain(new.calls.keys());
    let touched = |call: &&Call| match (old.calls.get(*call), new.calls.get(*call)) {
        (Some((one, refers)), Some((other, more))) => {
            !alike(one, other, false) || !refers.is_disjoint(&names) || !more.is_disjoint(&names)
        }
        _ => true,
    };
    let calls: BTreeSet<Call> = all.filter(touched).cloned().collect();
    for side in [old, new] {
        names.extend(calls.iter().filter_map(|call| side.calls.get(call)).flat_map(|(_, refers)| refers.clone()));
    }
    loop {
        let before = names.len();
        old.falling(&mut names);
        new.falling(&mut names);
        if names.len() == before {
            return (names, calls);
        }
    }
}

fn keep(lowered: &mut Lowered, names: &BTreeSet<Name>, calls: &BTreeSet<Call>) {
    let root = &mut lowered.document.value;
    if let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths.iter_mut() {
            let wanted = |key: &str| !METHODS.contains(&key) || calls.contains(&(path.clone(), key.to_owned()));
            if let Some(members) = item.as_object_mut() {
                members.retain(|key, _| wanted(key));
            }
        }
        paths.retain(|_, item| METHODS.iter().any(|method| item.get(method).is_some()));
    }
    for (kind, members) in root.get_mut("components").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Some(members) = members.as_object_mut().filter(|_| kind != "securitySchemes") {
            members.retain(|name, _| names.contains(&(kind.clone(), name.clone())));
        }
    }
    let needed = |schema: &String| names.contains(&("schemas".to_owned(), schema.clone()));
    lowered.plan.open_enums.retain(|open| needed(&open.schema));
    lowered.plan.replacements.retain(|replacement| needed(&replacement.schema));
    lowered.plan.aliases.retain(|alias| needed(&alias.schema));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use backup_sync_codegen::document::schemas;
    use backup_sync_codegen::{Document, load, lower, surface_of};
    use serde_json::{Map, json};

    use super::*;
    use crate::rust;

    fn document(name: &str) -> Result<Document, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs").join(name);
        load::file(&path, &format!("specs/{name}")).map_err(|finding| finding.to_string())
    }

    /// The differences of the surfaces as text, with and without reduction, and how many operations were generated.
    fn differences(old: &Document, new: &Document, reduced: bool) -> Result<(Vec<String>, usize), String> {
        let (mut before, mut after) = (lower::run(old), lower::run(new));
        if reduced {
            reduce(&mut before, &mut after);
        }
        let surface = |document, lowered| surface_of(document, lowered).map_err(|error| error.to_string());
        let (one, other) = (surface(old, &before)?, surface(new, &after)?);
        let mut told: Vec<String> =
            rust::compare(&one, &other, &[], &new.value).iter().map(|one| format!("{one:?}")).collect();
        told.sort();
        let kept = after.document.value.get("paths").and_then(Value::as_object).map_or(0, Map::len);
        Ok((told, kept))
    }

    /// Whatever is done to whichever schema: what is left out would not have told anything.
    #[test]
    fn nothing_is_missed() -> Result<(), String> {
        let old = document("huawei-iam-v3.yaml")?;
        let names: Vec<String> = schemas(&old.value).map(|(name, _)| name.clone()).collect();
        let mut fewer = 0;
        for (index, name) in names.iter().enumerate() {
            let mut new = old.clone();
            let node = new.value.pointer_mut(&format!("/components/schemas/{name}")).ok_or("no schema")?;
            match index % 4 {
                0 => node["properties"]["added"] = json!({ "type": "string", "description": "An addition." }),
                1 => *node = json!({ "type": "string", "description": "A text now.", "x-extensible-enum": ["a", "b"] }),
                2 => *node = json!({ "type": "array", "description": "A list now.", "items": { "type": "string" } }),
                _ => {
                    node["properties"]["again"] = json!({ "$ref": format!("#/components/schemas/{}", names[0]) });
                }
            }
            let (Ok((whole, all)), reduced) = (differences(&old, &new, false), differences(&old, &new, true)) else {
                continue;
            };
            let (told, kept) = reduced?;
            assert_eq!(told, whole, "{name}");
            fewer += usize::from(kept < all);
        }
        assert!(fewer > 3, "{fewer}");
        Ok(())
    }

    #[test]
    fn without_a_change_nothing_is_left() -> Result<(), String> {
        let (mut old, mut new) =
            (lower::run(&document("veeam-vb365-v5.yaml")?), lower::run(&document("veeam-vb365-v5.yaml")?));
        reduce(&mut old, &mut new);
        for lowered in [old, new] {
            assert_eq!(lowered.document.value["paths"], json!({}));
            assert_eq!(lowered.document.value["components"]["schemas"], json!({}));
        }
        Ok(())
    }
}
