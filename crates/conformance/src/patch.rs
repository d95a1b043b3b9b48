//! Corrections of a document, as YAML to be pasted at a place. They are proposals: what a server does once is no documentation.

use serde_json::Value;

use crate::schema::join;

fn at(pointer: &str, verb: &str, lines: &str) -> String {
    format!("# {verb} at {pointer}\n{lines}")
}

/// A text that YAML takes as it is.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

pub(crate) fn status(responses: &str, status: u16) -> String {
    at(responses, "add", &format!("\"{status}\":\n  description: Seen on a server; when it comes is not documented."))
}

pub(crate) fn header(headers: &str, name: &str) -> String {
    at(headers, "add", &format!("{}:\n  description: Seen on a server.\n  schema:\n    type: string", quoted(name)))
}

pub(crate) fn nullable(schema: &str) -> String {
    at(schema, "add", "nullable: true")
}

pub(crate) fn wire(schema: &str, allowed: &[&str], actual: &str) -> String {
    at(schema, "add", &format!("x-wire-types: [{}, {actual}]", allowed.join(", ")))
}

pub(crate) fn word(list: &str, word: &str) -> String {
    at(list, "add", &format!("- {}", quoted(word)))
}

pub(crate) fn not_required(required: &str, name: &str) -> String {
    at(required, "remove", &format!("- {}", quoted(name)))
}

pub(crate) fn field(properties: &str, name: &str, value: &Value) -> String {
    let kind = match value {
        // Nothing is known of it.
        Value::Null => "  nullable: true".to_owned(),
        Value::Bool(_) => "  type: boolean".to_owned(),
        Value::Number(number) if number.is_f64() => "  type: number".to_owned(),
        Value::Number(_) => "  type: integer\n  format: int64".to_owned(),
        Value::String(_) => "  type: string".to_owned(),
        Value::Array(_) => "  type: array\n  items: {}  # name a schema for the items".to_owned(),
        Value::Object(_) => {
            format!("  # give the object a schema of its own\n  $ref: \"#{}\"", join("/components/schemas", name))
        }
    };
    let told = "  description: Seen on a server; what it means is not documented.";
    at(properties, "add", &format!("{}:\n{kind}\n{told}", quoted(name)))
}
