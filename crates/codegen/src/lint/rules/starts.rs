//! Rules about `x-starts`: what starts work says what it starts, and what it says can be followed.

use serde_json::Value;

use crate::document::{OperationNode, join, operations, resolve};
use crate::lint::rules::operations::parameters;
use crate::lint::{Breaches, Context};

/// The extension.
const STARTS: &str = "x-starts";
/// References are followed so far; a schema that consists of itself has another rule.
const DEPTH: usize = 16;

pub(super) fn said(context: &Context<'_>, breaches: &mut Breaches) {
    for operation in operations(&context.document.value) {
        let starts_job = operation.starts_job();
        let id = operation.id();
        match operation.node.get(STARTS) {
            None if starts_job => {
                let what = format!("{id} starts work and does not say which");
                breaches.add(join(&operation.pointer(), "x-starts-job"), what);
            }
            Some(_) if !starts_job => {
                let what = format!("{id} says what it starts, but not that it starts work");
                breaches.add(join(&operation.pointer(), STARTS), what);
            }
            _ => {}
        }
    }
}

pub(super) fn followed(context: &Context<'_>, breaches: &mut Breaches) {
    let root = &context.document.value;
    for operation in operations(root) {
        let Some(starts) = operation.node.get(STARTS) else { continue };
        let at = join(&operation.pointer(), STARTS);
        let mut check = Check { root, operation, at, breaches };
        check.starts(starts);
    }
}

/// The check of one `x-starts`.
struct Check<'a, 'b> {
    root: &'a Value,
    operation: OperationNode<'a>,
    at: String,
    breaches: &'b mut Breaches,
}

impl<'a> Check<'a, '_> {
    fn add(&mut self, what: impl Into<String>) {
        self.breaches.add(self.at.clone(), what);
    }

    fn starts(&mut self, starts: &'a Value) {
        let text = |key: &str| starts.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (text("kind"), text("synchronizes"), text("unseen")) {
            (Some(_), None, None) => self.jobs(starts),
            (None, Some(_), None) => {
                self.keys(starts, &["synchronizes", "id"]);
                match text("id") {
                    Some(id) => self.source(id, false),
                    None => self.add("where the id of the target is, is not said (id)"),
                }
            }
            (None, None, Some(_)) => self.keys(starts, &["unseen"]),
            _ => self.add("it says neither kind, nor synchronizes, nor unseen, or several of them"),
        }
    }

    fn keys(&mut self, node: &Value, known: &[&str]) {
        for key in node.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !known.contains(&key.as_str()) {
                self.add(format!("{key} has no meaning here (known are {})", known.join(", ")));
            }
        }
    }

    fn jobs(&mut self, starts: &'a Value) {
        self.keys(starts, &["kind", "jobs", "find"]);
        let (jobs, find) = (starts.get("jobs").and_then(Value::as_str), starts.get("find"));
        if jobs.is_none() && find.is_none() {
            self.add("it says neither where the answer names the jobs (jobs) nor how they are found (find)");
        }
        if let Some(path) = jobs
            && !self.answers().into_iter().any(|schema| reaches(self.root, schema, path))
        {
            self.add(format!("no answer has the member {path}"));
        }
        for find in ways(find) {
            self.find(find);
        }
    }

    fn find(&mut self, find: &'a Value) {
        self.keys(find, &["list", "with", "id", "where"]);
        let name = find.get("list").and_then(Value::as_str).unwrap_or_default();
        let Some(list) = operations(self.root).into_iter().find(|operation| operation.id() == name) else {
            return self.add(format!("there is no operation {name:?} that lists jobs"));
        };
        let items = list.node.pointer("/x-paging/items").and_then(Value::as_str);
        let Some(items) = items else {
            return self.add(format!("{name} has no x-paging, so where its items are is not known"));
        };
        let queries = parameters(self.root, &list);
        for (parameter, source) in texts(find, "with") {
            if !queries.iter().any(|known| known.text("name") == parameter) {
                self.add(format!("{name} has no parameter {parameter}"));
            }
            self.source(source, true);
        }
        let answers = successes(self.root, &list);
        let has = |member: &str| {
            let path = format!("{items}[].{member}");
            answers.iter().any(|schema| reaches(self.root, schema, &path))
        };
        let id = find.get("id").and_then(Value::as_str).unwrap_or("id");
        let unknown: Vec<&str> =
            texts(find, "where").map(|(member, _)| member).chain([id]).filter(|member| !has(member)).collect();
        for member in unknown {
            self.add(format!("an item of {name} has no member {member}"));
        }
        for (_, source) in texts(find, "where") {
            self.source(source, false);
        }
    }

    /// Whether a source leads to something; `$since` is a time, which only a list is called with.
    fn source(&mut self, source: &str, of_list: bool) {
        let Some(source) = source.strip_prefix('$') else { return };
        let (place, rest) = source.split_once('.').unwrap_or((source, ""));
        let there = match place {
            "path" | "query" => {
                let named = |parameter: &super::operations::Parameter<'_>| {
                    parameter.text("in") == place && parameter.text("name") == rest
                };
                parameters(self.root, &self.operation).iter().any(named)
            }
            "body" => self.body().into_iter().any(|schema| reaches(self.root, schema, rest)),
            // The list is read before there is an answer, too.
            "answer" if of_list => false,
            "answer" => self.answers().into_iter().any(|schema| reaches(self.root, schema, rest)),
            "since" => of_list && rest.is_empty(),
            _ => false,
        };
        if !there {
            self.add(format!("${source} leads nowhere"));
        }
    }

    fn answers(&self) -> Vec<&'a Value> {
        successes(self.root, &self.operation)
    }

    fn body(&self) -> Option<&'a Value> {
        let body = resolve(self.root, self.operation.node.get("requestBody")?)?;
        body.get("content")?.as_object()?.values().find_map(|media| media.get("schema"))
    }
}

/// One way to find jobs, or several.
pub(crate) fn ways(find: Option<&Value>) -> Vec<&Value> {
    match find {
        Some(Value::Array(ways)) => ways.iter().collect(),
        one => one.into_iter().collect(),
    }
}

/// The texts of a mapping.
pub(crate) fn texts<'a>(node: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let members = node.get(key).and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// Schemas of the answers that say yes.
fn successes<'a>(root: &'a Value, operation: &OperationNode<'a>) -> Vec<&'a Value> {
    let answers = operation.node.get("responses").and_then(Value::as_object).into_iter().flatten();
    let success = answers.filter(|(status, _)| status.starts_with('2')).filter_map(|(_, node)| resolve(root, node));
    let media = success.filter_map(|node| node.get("content")?.as_object()).flat_map(|content| content.values());
    media.filter_map(|media| media.get("schema")).collect()
}

/// Whether a schema has a member there.
fn reaches(root: &Value, schema: &Value, path: &str) -> bool {
    let step = |at, segment: &str| {
        let (name, list) = segment.strip_suffix("[]").map_or((segment, false), |name| (name, true));
        let at = if name.is_empty() { at } else { member(root, at, name, 0)? };
        if list { items(root, at, 0) } else { Some(at) }
    };
    path.split('.').try_fold(schema, step).is_some()
}

/// The schema of a member; a map has all of them.
fn member<'a>(root: &'a Value, schema: &'a Value, name: &str, depth: usize) -> Option<&'a Value> {
    let schema = (depth < DEPTH).then(|| resolve(root, schema)).flatten()?;
    let own = schema.get("properties").and_then(|members| members.get(name));
    let parts = || schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let map = schema.get("additionalProperties").filter(|node| node.is_object());
    let of_part = || parts().find_map(|part| member(root, part, name, depth + 1));
    own.or_else(|| if schema.get("$ref").is_some() { member(root, schema, name, depth + 1) } else { of_part() }).or(map)
}

/// The schema of a list's entries.
fn items<'a>(root: &'a Value, schema: &'a Value, depth: usize) -> Option<&'a Value> {
    let schema = (depth < DEPTH).then(|| resolve(root, schema)).flatten()?;
    let parts = || schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    schema.get("items").or_else(|| parts().find_map(|part| items(root, part, depth + 1)))
}
