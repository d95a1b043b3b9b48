//! Walks schemas: which members they have, and values made from them.

use std::collections::{BTreeMap, BTreeSet};

use backup_sync_codegen::document::{resolve, schema_name};
use serde_json::{Map, Value, json};

/// Which values are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// Every member, in its declared type.
    Everything,
    /// Every member, words of open value sets unknown to anybody.
    UnknownWords,
    /// Every member, as text wherever text is one of the types seen on the wire.
    Texts,
    /// Only keys; every other value that is no object or list is null.
    NullValues,
    /// Only keys; everything else is null.
    NullMembers,
}

/// A word that no value set holds.
pub const UNKNOWN_WORD: &str = "SOMETHING_NEW";

/// How often a schema may stand inside itself.
const DEPTH: usize = 2;

/// Members of an object schema, those of its bases included.
fn properties(root: &Value, schema: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let Some(schema) = resolve(root, schema) else { return found };
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        found.extend(properties(root, part));
    }
    let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    found.extend(own.map(|(name, node)| (name.clone(), node.clone())));
    found
}

/// The schema behind references and wrappers of one reference, and the name under which it is known.
fn behind(root: &Value, schema: &Value, name: &str) -> (Value, String) {
    let name = schema_name(schema).unwrap_or(name).to_owned();
    let node = resolve(root, schema).cloned().unwrap_or_default();
    match node.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) if node.get("properties").is_none() => behind(root, only, &name),
        _ => (node, name),
    }
}

/// Adds `SCHEMA.member` for every member that `schema` can hold.
pub fn members(root: &Value, schema: &Value, name: &str, found: &mut BTreeSet<String>) {
    let (node, name) = behind(root, schema, name);
    for (member, inner) in properties(root, &node) {
        if found.insert(format!("{name}.{member}")) {
            members(root, &inner, &format!("{name}.{member}"), found);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = node.get(key).filter(|inner| inner.is_object()) {
            members(root, inner, &name, found);
        }
    }
}

/// Adds `SCHEMA.member` for every member of `value` that is not null.
pub fn shown(root: &Value, schema: &Value, value: &Value, name: &str, found: &mut BTreeSet<String>) {
    let (node, name) = behind(root, schema, name);
    match value {
        Value::Array(items) => {
            let inner = node.get("items").cloned().unwrap_or_default();
            items.iter().for_each(|item| shown(root, &inner, item, &name, found));
        }
        Value::Object(values) => {
            let known = properties(root, &node);
            for (member, value) in values.iter().filter(|(_, value)| !value.is_null()) {
                if let Some(inner) = known.get(member) {
                    found.insert(format!("{name}.{member}"));
                    shown(root, inner, value, &format!("{name}.{member}"), found);
                } else if let Some(inner) = node.get("additionalProperties").filter(|inner| inner.is_object()) {
                    shown(root, inner, value, &name, found);
                }
            }
        }
        _ => {}
    }
}

/// The same value with the member `fresh` more in each object that may have others than declared, and without those that are null.
/// Values of maps are all of one type, so a map gets no further one.
pub fn grow(root: &Value, schema: &Value, value: &Value, fresh: &str) -> Value {
    let (node, _) = behind(root, schema, "");
    match value {
        Value::Object(members) if !members.is_empty() => {
            let known = properties(root, &node);
            let map = node.get("additionalProperties").filter(|inner| inner.is_object());
            let schema = |name: &String| known.get(name).or(map).cloned().unwrap_or_default();
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            let grown = kept.map(|(name, value)| (name.clone(), grow(root, &schema(name), value, fresh)));
            let fresh = map.is_none().then(|| (fresh.to_owned(), json!({ "of": ["a", null, 1] })));
            Value::Object(grown.chain(fresh).collect())
        }
        Value::Array(items) => {
            let inner = node.get("items").cloned().unwrap_or_default();
            items.iter().map(|item| grow(root, &inner, item, fresh)).collect()
        }
        other => other.clone(),
    }
}

/// Puts `secret` into every text of `value` that `schema` marks as a secret, and counts them.
pub fn plant(root: &Value, schema: &Value, value: &mut Value, secret: &str) -> usize {
    let (node, _) = behind(root, schema, "");
    match value {
        Value::Array(items) => items.iter_mut().map(|item| plant(root, &node["items"], item, secret)).sum(),
        Value::Object(members) => {
            let known = properties(root, &node);
            let other = node.get("additionalProperties").cloned().unwrap_or_default();
            let schema = |name: &String| known.get(name).unwrap_or(&other).clone();
            members.iter_mut().map(|(name, value)| plant(root, &schema(name), value, secret)).sum()
        }
        Value::String(_) if node.get("format") == Some(&json!("password")) => {
            *value = json!(secret);
            1
        }
        _ => 0,
    }
}

/// A value of `schema`.
pub fn make(root: &Value, schema: &Value, what: Make) -> Value {
    build(root, schema, what, true, &mut Vec::new())
}

fn is_key(node: &Value) -> bool {
    node.get("x-key") == Some(&Value::Bool(true))
}

fn build(root: &Value, schema: &Value, what: Make, key: bool, above: &mut Vec<String>) -> Value {
    let (node, name) = behind(root, schema, "");
    let nulls = matches!(what, Make::NullValues | Make::NullMembers);
    let known = properties(root, &node);
    if !known.is_empty() {
        if (nulls && !key && what == Make::NullMembers) || above.iter().filter(|seen| **seen == name).count() >= DEPTH {
            return Value::Null;
        }
        above.push(name);
        let made = known.iter().map(|(member, inner)| (member.clone(), build(root, inner, what, is_key(inner), above)));
        let made: Map<String, Value> = made.collect();
        above.pop();
        return Value::Object(made);
    }
    let wire =
        |kind: &str| node.get("x-wire-types").and_then(Value::as_array).is_some_and(|all| all.contains(&json!(kind)));
    match node.get("type").and_then(Value::as_str) {
        _ if nulls && !key && (what == Make::NullMembers || node.get("items").is_none()) => Value::Null,
        Some("array") => {
            let item = build(root, &node["items"], what, true, above);
            Value::Array(if item.is_null() { Vec::new() } else { vec![item] })
        }
        Some("object") => match node.get("additionalProperties").filter(|inner| inner.is_object()) {
            Some(inner) => json!({ "any": build(root, inner, what, true, above) }),
            None => json!({ "free": [1, "x"] }),
        },
        Some("string") => match node.get("x-extensible-enum").and_then(|words| words.get(0)) {
            Some(_) if what == Make::UnknownWords => json!(UNKNOWN_WORD),
            Some(word) => word.clone(),
            None => node.get("enum").and_then(|words| words.get(0)).cloned().unwrap_or_else(|| json!("text")),
        },
        Some("boolean") if what == Make::Texts && wire("string") => json!("true"),
        Some("boolean") => json!(true),
        Some("integer" | "number") if what == Make::Texts && wire("string") => json!("42"),
        Some("integer") => json!(42),
        Some("number") => json!(1.5),
        _ => json!({ "any": 1 }),
    }
}
