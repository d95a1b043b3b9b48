//! What a pointer is about, in the names that readers know.

use backup_sync_codegen::document::join;
use serde_json::Value;

use crate::model::Subject;

/// The operation, schema or component that a pointer stands in, and the part of it.
pub(crate) fn of(root: &Value, pointer: &str) -> (Subject, Option<String>) {
    let tokens: Vec<String> = pointer.split('/').skip(1).map(|t| t.replace("~1", "/").replace("~0", "~")).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    match tokens.as_slice() {
        ["components", "schemas", name, rest @ ..] => (Subject::Schema((*name).to_owned()), part(rest)),
        ["components", "parameters", name, ..] => {
            let at = join("/components/parameters", name);
            (Subject::Component(format!("parameters/{name}")), parameter_name(root, &at))
        }
        ["components", section, name, rest @ ..] => (Subject::Component(format!("{section}/{name}")), part(rest)),
        ["paths", path, "parameters", index, ..] => {
            let at = join(&join(&join("/paths", path), "parameters"), index);
            (Subject::Component((*path).to_owned()), parameter_name(root, &at))
        }
        ["paths", path, method, rest @ ..] => {
            let at = join(&join("/paths", path), method);
            let id = root.pointer(&at).and_then(|node| node.get("operationId")).and_then(Value::as_str);
            let name = id.map_or_else(|| format!("{} {path}", method.to_uppercase()), str::to_owned);
            let part = match rest {
                ["parameters", index, ..] => parameter_name(root, &join(&join(&at, "parameters"), index)),
                _ => part(rest),
            };
            (Subject::Operation(name), part)
        }
        _ => (Subject::Document, None),
    }
}

fn parameter_name(root: &Value, pointer: &str) -> Option<String> {
    root.pointer(pointer).and_then(|node| node.get("name")).and_then(Value::as_str).map(str::to_owned)
}

/// The way within a schema, a body or an answer.
fn part(tokens: &[&str]) -> Option<String> {
    let mut name = String::new();
    let mut rest = tokens;
    loop {
        let (word, after): (String, &[&str]) = match rest {
            ["properties", member, after @ ..] if name.is_empty() => ((*member).to_owned(), after),
            ["properties", member, after @ ..] => (format!(".{member}"), after),
            ["items", after @ ..] => ("[]".to_owned(), after),
            ["additionalProperties", after @ ..] if !after.is_empty() => ("{}".to_owned(), after),
            ["allOf" | "oneOf" | "anyOf", _, after @ ..] => (String::new(), after),
            ["requestBody", after @ ..] => ("request body".to_owned(), after),
            ["responses", status, after @ ..] => (format!("answer {status}"), after),
            ["headers", header, after @ ..] => (format!(" header {header}"), after),
            ["content", _, after @ ..] | ["schema", after @ ..] => (String::new(), after),
            _ => break,
        };
        name.push_str(&word);
        rest = after;
    }
    let name = name.trim().to_owned();
    (!name.is_empty()).then_some(name)
}
