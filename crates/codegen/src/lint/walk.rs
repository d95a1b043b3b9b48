//! Finds every schema of a document once, with its role and with who sends it.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;

use crate::document::{METHODS, join, operations, push, resolve, schema_name, schemas};

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
        for (mut pointer, node, role, direction) in entries(root) {
            sites.descend(&mut pointer, node, role, direction);
        }
        sites.reach = reach(root, &sites.schemas);
        for (name, node) in schemas(root) {
            let direction = sites.reach.get(name).copied().unwrap_or_default();
            sites.descend(&mut join("/components/schemas", name), node, Role::Named(name.clone()), direction);
        }
        sites
    }

    fn descend(&mut self, pointer: &mut String, node: &'a Value, role: Role, direction: Direction) {
        let end = pointer.len();
        for (step, child) in children(node) {
            step.push(pointer);
            self.descend(pointer, child, step.role(), direction);
            pointer.truncate(end);
        }
        self.schemas.push(SchemaSite { pointer: pointer.clone(), node, role, direction });
    }
}

/// Keys of one schema below another, and of lists of such.
const ONE: [&str; 3] = ["items", "additionalProperties", "not"];
const SEVERAL: [&str; 3] = ["allOf", "oneOf", "anyOf"];

/// The way from a schema to one directly below it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Property(&'a str),
    One(&'static str),
    Several(&'static str, usize),
}

impl Step<'_> {
    /// Appends the way to a JSON pointer.
    fn push(self, pointer: &mut String) {
        match self {
            Self::Property(name) => {
                pointer.push_str("/properties");
                push(pointer, name);
            }
            Self::One(key) => push(pointer, key),
            Self::Several(key, index) => {
                push(pointer, key);
                push(pointer, &index.to_string());
            }
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Property(name) => Role::Property(name.to_owned()),
            _ => Role::Part,
        }
    }
}

/// Schemas directly below a schema, with the way to them.
fn children(node: &Value) -> impl Iterator<Item = (Step<'_>, &Value)> {
    let properties = node.get("properties").and_then(Value::as_object).into_iter().flatten();
    let properties = properties.map(|(name, child)| (Step::Property(name), child));
    let one = ONE.into_iter().filter_map(|key| Some((Step::One(key), node.get(key)?)));
    let one = one.filter(|(_, child)| child.is_object());
    let several = SEVERAL.into_iter().flat_map(|key| {
        let list = node.get(key).and_then(Value::as_array).into_iter().flatten().enumerate();
        list.map(move |(index, child)| (Step::Several(key, index), child))
    });
    properties.chain(one).chain(several)
}

/// Visits every schema of a document, children before parents, with its JSON pointer: in operations, in components that operations
/// refer to, and those with names.
pub(crate) fn each_mut(root: &mut Value, visit: &mut dyn FnMut(&str, &mut Value)) {
    let mut walk = Walk { pointer: String::new(), visit };
    walk.each(root, "paths", &mut |walk, item| {
        walk.list(item, "parameters");
        for method in METHODS {
            walk.one(item, method, &mut |walk, operation| {
                walk.list(operation, "parameters");
                walk.one(operation, "requestBody", &mut Walk::contents);
                walk.each(operation, "responses", &mut Walk::contents);
            });
        }
    });
    walk.one(root, "components", &mut |walk, components| {
        for key in ["parameters", "headers"] {
            walk.each(components, key, &mut Walk::parameter);
        }
        for key in ["requestBodies", "responses"] {
            walk.each(components, key, &mut Walk::contents);
        }
        walk.each(components, "schemas", &mut Walk::schema);
    });
}

/// The way of [`each_mut`].
struct Walk<'a> {
    pointer: String,
    visit: &'a mut dyn FnMut(&str, &mut Value),
}

type Then<'t, 'a> = &'t mut dyn FnMut(&mut Walk<'a>, &mut Value);

impl<'a> Walk<'a> {
    /// Goes to the member `key` of `node`.
    fn one(&mut self, node: &mut Value, key: &str, then: Then<'_, 'a>) {
        if let Some(inner) = node.get_mut(key) {
            let end = self.pointer.len();
            push(&mut self.pointer, key);
            then(self, inner);
            self.pointer.truncate(end);
        }
    }

    /// Goes to each member of the member `key`.
    fn each(&mut self, node: &mut Value, key: &str, then: Then<'_, 'a>) {
        self.one(node, key, &mut |walk, members| {
            let end = walk.pointer.len();
            for (name, inner) in members.as_object_mut().into_iter().flatten() {
                push(&mut walk.pointer, name);
                then(walk, inner);
                walk.pointer.truncate(end);
            }
        });
    }

    /// Goes to each parameter of a list.
    fn list(&mut self, node: &mut Value, key: &str) {
        self.one(node, key, &mut |walk, list| {
            let end = walk.pointer.len();
            for (index, inner) in list.as_array_mut().into_iter().flatten().enumerate() {
                push(&mut walk.pointer, &index.to_string());
                walk.parameter(inner);
                walk.pointer.truncate(end);
            }
        });
    }

    fn parameter(&mut self, node: &mut Value) {
        self.one(node, "schema", &mut Self::schema);
    }

    fn contents(&mut self, node: &mut Value) {
        self.each(node, "content", &mut Self::parameter);
        self.each(node, "headers", &mut Self::parameter);
    }

    fn schema(&mut self, node: &mut Value) {
        each_within(&mut self.pointer, node, self.visit);
    }
}

/// JSON pointers of the schemas of parameters and headers.
pub(crate) fn parameters(root: &Value) -> HashSet<String> {
    let entries = entries(root).into_iter().filter(|(_, _, role, _)| *role == Role::Parameter);
    entries.map(|(pointer, ..)| pointer).collect()
}

/// Visits a schema and all schemas within it, children before parents; `pointer` is that of the schema.
fn each_within(pointer: &mut String, node: &mut Value, visit: &mut dyn FnMut(&str, &mut Value)) {
    let end = pointer.len();
    let mut enter = |step: Step<'_>, child: &mut Value| {
        step.push(pointer);
        each_within(pointer, child, visit);
        pointer.truncate(end);
    };
    for (name, child) in node.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        enter(Step::Property(name), child);
    }
    for key in ONE {
        if let Some(child) = node.get_mut(key).filter(|child| child.is_object()) {
            enter(Step::One(key), child);
        }
    }
    for key in SEVERAL {
        for (index, child) in node.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
            enter(Step::Several(key, index), child);
        }
    }
    visit(pointer, node);
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
                queue.extend(children(node).map(|(_, child)| child));
            }
        }
    }
    reach
}
