//! Makes the reader of answers tolerant: nothing is required but keys, everything may be null, nothing is bounded.
//!
//! A schema that is sent both ways is treated as an answer; the bounds of what we send are checked where it is made.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Plan, each_schema};
use crate::lint::{Direction, Role, Sites};

/// What would make the reader refuse or invent values.
pub(crate) const BOUNDS: [&str; 12] = [
    "default",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
];

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    let sites: HashMap<String, (Direction, Role)> =
        Sites::of(root).schemas.into_iter().map(|site| (site.pointer, (site.direction, site.role))).collect();
    each_schema(root, &mut |pointer, node| {
        let Some((direction, role)) = sites.get(pointer) else { return };
        // A base that only compositions used is reached by nobody any more; it is an answer to whoever names its type.
        if direction.request && !direction.answer {
            return;
        }
        let key = is_key(node);
        let Some(members) = node.as_object_mut() else { return };
        BOUNDS.iter().for_each(|bound| drop(members.remove(*bound)));
        members.remove("enum");
        if members.get("additionalProperties").is_some_and(Value::is_boolean) {
            members.remove("additionalProperties");
        }
        require_keys_only(members);
        if matches!(role, Role::Property(_)) {
            open_free_object(members);
            if key {
                members.remove("nullable");
            } else if members.contains_key("type") {
                members.insert("nullable".to_owned(), true.into());
            }
        }
    });
}

fn is_key(node: &Value) -> bool {
    node.get("x-key") == Some(&Value::Bool(true))
}

fn require_keys_only(members: &mut Map<String, Value>) {
    let Some(properties) = members.get("properties").and_then(Value::as_object) else { return };
    let keys: Vec<Value> =
        properties.iter().filter(|(_, node)| is_key(node)).map(|(name, _)| name.clone().into()).collect();
    if keys.is_empty() {
        members.remove("required");
    } else {
        members.insert("required".to_owned(), Value::Array(keys));
    }
}

/// An object without declared members may hold anything, so it is read as any JSON value.
fn open_free_object(members: &mut Map<String, Value>) {
    let object = members.get("type") == Some(&Value::from("object"));
    if object && !members.contains_key("properties") && !members.contains_key("additionalProperties") {
        members.remove("type");
        members.remove("nullable");
    }
}
