//! Finds every schema of a document once, with its role and with who sends it.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use crate::document::{join, operations, resolve, schema_name, schemas};

/// Who sends values of a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Direction {
    /// The client sends it.
    pub request: bool,
    /// The vendor sends it.
    pub answer: bool,
}

/// What a schema is to the thing that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A named schema under `components`.
    Named(String),
    /// The body of a request or an answer.
    Body,
    /// A parameter or a header.
    Parameter,
    /// A property of an object, with the name of the property.
    Property(String),
    /// The items of an array, the values of a map or a member of a composition.
    Part,
}

/// One schema object in the document.
#[derive(Clone, Debug)]
pub struct SchemaSite<'a> {
    /// JSON pointer.
    pub pointer: String,
    /// The schema object (or a `$ref`).
    pub node: &'a Value,
    /// What it is.
    pub role: Role,
    /// Who sends it.
    pub direction: Direction,
}

/// All schemas of a document.
#[derive(Debug)]
pub struct Sites<'a> {
    /// In document order: paths first, then components.
    pub schemas: Vec<SchemaSite<'a>>,
    /// Direction of each named schema that is used at all.
    pub reach: HashMap<String, Direction>,
}

impl<'a> Sites<'a> {
    /// Walks the whole document.
    pub fn of(root: &'a Value) -> Self {
        let mut sites = Self { schemas: Vec::new(), reach: HashMap::new() };
        for (pointer, node, role, direction) in entries(root) {
            sites.descend(pointer, node, role, direction);
        }
        sites.reach = reach(root, &sites.schemas);
        for (name, node) in schemas(root) {
            let direction = sites.reach.get(name).copied().unwrap_or_default();
            sites.descend(join("/components/schemas", name), node, Role::Named(name.clone()), direction);
        }
        sites
    }

    fn descend(&mut self, pointer: String, node: &'a Value, role: Role, direction: Direction) {
        for (token, child, role) in children(node) {
            let at = token.iter().fold(pointer.clone(), |at, token| join(&at, token));
            self.descend(at, child, role, direction);
        }
        self.schemas.push(SchemaSite { pointer, node, role, direction });
    }
}

/// Schemas directly below a schema: tokens to them, node, role.
fn children(node: &Value) -> Vec<(Vec<String>, &Value, Role)> {
    let mut found = Vec::new();
    if let Some(properties) = node.get("properties").and_then(Value::as_object) {
        for (name, child) in properties {
            found.push((vec!["properties".to_owned(), name.clone()], child, Role::Property(name.clone())));
        }
    }
    for key in ["items", "additionalProperties", "not"] {
        if let Some(child) = node.get(key).filter(|child| child.is_object()) {
            found.push((vec![key.to_owned()], child, Role::Part));
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for (index, child) in node.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            found.push((vec![key.to_owned(), index.to_string()], child, Role::Part));
        }
    }
    found
}

/// Where schemas enter the document: bodies, parameters and headers, inline or behind a component reference.
fn entries(root: &Value) -> Vec<(String, &Value, Role, Direction)> {
    let request = Direction { request: true, answer: false };
    let answer = Direction { request: false, answer: true };
    let mut found = Vec::new();
    for operation in operations(root) {
        let at = operation.pointer();
        if let Some(body) = operation.node.get("requestBody") {
            contents(root, &join(&at, "requestBody"), body, request, &mut found);
        }
        for (status, response) in operation.node.get("responses").and_then(Value::as_object).into_iter().flatten() {
            contents(root, &join(&join(&at, "responses"), status), response, answer, &mut found);
        }
        let own = operation.node.get("parameters").map(|node| (join(&at, "parameters"), node));
        let path_item = join("/paths", operation.path);
        let shared = root.pointer(&join(&path_item, "parameters")).map(|node| (join(&path_item, "parameters"), node));
        for (at, list) in own.into_iter().chain(shared) {
            for (index, parameter) in list.as_array().into_iter().flatten().enumerate() {
                let (at, parameter) = followed(root, join(&at, &index.to_string()), parameter);
                if let Some(schema) = parameter.get("schema") {
                    found.push((join(&at, "schema"), schema, Role::Parameter, request));
                }
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

fn contents<'a>(
    root: &'a Value,
    pointer: &str,
    holder: &'a Value,
    direction: Direction,
    found: &mut Vec<(String, &'a Value, Role, Direction)>,
) {
    let (at, holder) = followed(root, pointer.to_owned(), holder);
    for (media, content) in holder.get("content").and_then(Value::as_object).into_iter().flatten() {
        if let Some(schema) = content.get("schema") {
            let at = join(&join(&join(&at, "content"), media), "schema");
            found.push((at, schema, Role::Body, direction));
        }
    }
    for (name, header) in holder.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let (at, header) = followed(root, join(&join(&at, "headers"), name), header);
        if let Some(schema) = header.get("schema") {
            found.push((join(&at, "schema"), schema, Role::Parameter, direction));
        }
    }
}

fn followed<'a>(root: &'a Value, pointer: String, node: &'a Value) -> (String, &'a Value) {
    let target = node.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    match (target, resolve(root, node)) {
        (Some(target), Some(resolved)) => (target.to_owned(), resolved),
        _ => (pointer, node),
    }
}

/// Named schemas that a request or an answer can reach.
fn reach(root: &Value, entries: &[SchemaSite<'_>]) -> HashMap<String, Direction> {
    let mut reach: HashMap<String, Direction> = HashMap::new();
    let pick: [fn(&mut Direction) -> &mut bool; 2] = [|d| &mut d.request, |d| &mut d.answer];
    for flag in pick {
        let mut seen: HashSet<&str> = HashSet::new();
        let mut queue: VecDeque<&Value> =
            entries.iter().filter(|site| *flag(&mut site.direction.clone())).map(|site| site.node).collect();
        while let Some(node) = queue.pop_front() {
            if let Some(name) = schema_name(node) {
                if seen.insert(name) {
                    *flag(reach.entry(name.to_owned()).or_default()) = true;
                    queue.extend(resolve(root, node));
                }
            } else {
                queue.extend(children(node).into_iter().map(|(_, child, _)| child));
            }
        }
    }
    reach
}
