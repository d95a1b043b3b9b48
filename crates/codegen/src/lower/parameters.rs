//! Lets parameters be plain values: numeric bounds and patterns would turn each into a type of its own.
//!
//! Bounds are documentation for the caller; the vendor checks them, and says so better than a conversion error.

use serde_json::Value;

use super::{Plan, each_schema};
use crate::lint::walk;

const BOUNDS: [&str; 10] = [
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "multipleOf",
];

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    let parameters = walk::parameters(root);
    each_schema(root, &mut |pointer, node| {
        let Some(members) = node.as_object_mut() else { return };
        if parameters.contains(pointer.strip_suffix("/items").unwrap_or(pointer)) || parameters.contains(pointer) {
            BOUNDS.iter().for_each(|bound| drop(members.remove(*bound)));
        }
        if matches!(members.get("type").and_then(Value::as_str), Some("integer" | "number")) {
            for bound in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
                members.remove(bound);
            }
        }
        // Patterns of vendors are written for other engines; lengths are kept for what we send.
        members.remove("pattern");
    });
}
