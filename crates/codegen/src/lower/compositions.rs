//! Replaces compositions by what they amount to.
//!
//! A wrapper around one reference (written to put `nullable` or a description beside it) becomes the reference; a
//! base schema plus more properties becomes one object with all of them.

use serde_json::{Map, Value, json};

use super::{Plan, each_schema, keep_key};
use crate::document::resolve;

/// A base may hold compositions of its own, which come along when it is merged; lint keeps this depth small.
const DEPTH: usize = 8;

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    for _ in 0..DEPTH {
        // What references of compositions lead to.
        let before = json!({ "components": { "schemas": root.pointer("/components/schemas") } });
        let mut found = false;
        each_schema(root, &mut |_, node| {
            let Some(parts) = node.get("allOf").and_then(Value::as_array).cloned() else { return };
            found = true;
            let alone = node.get("properties").is_none() && node.get("required").is_none();
            match parts.as_slice() {
                [only] if alone && only.get("$ref").is_some() => keep_key(node, only.clone()),
                _ => flatten(&before, node, &parts),
            }
        });
        if !found {
            return;
        }
    }
}

fn flatten(root: &Value, node: &mut Value, parts: &[Value]) {
    let own = node.as_object().cloned().unwrap_or_default();
    let mut properties = Map::new();
    let mut required: Vec<Value> = Vec::new();
    let everything = parts.iter().filter_map(|part| resolve(root, part)).chain([node as &Value]);
    for part in everything {
        let members = part.get("properties").and_then(Value::as_object);
        properties.extend(members.into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())));
        for name in part.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
    }
    let mut flat = own;
    flat.remove("allOf");
    flat.insert("type".to_owned(), "object".into());
    flat.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        flat.insert("required".to_owned(), Value::Array(required));
    }
    *node = Value::Object(flat);
}
