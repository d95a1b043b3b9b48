//! Drops formats that the generator would enforce and widens whole numbers to 64 bits.
//!
//! Times and ids stay text: vendors print times without offset, and ids that look like UUIDs until one does not.

use serde_json::Value;

use super::{Plan, each_schema};

/// Formats that say something to a reader and nothing to the generator.
const HARMLESS: [&str; 2] = ["password", "int64"];

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    each_schema(root, &mut |_, node| {
        let Some(members) = node.as_object_mut() else { return };
        match members.get("type").and_then(Value::as_str) {
            Some("integer") => drop(members.insert("format".to_owned(), "int64".into())),
            _ if members.get("format").and_then(Value::as_str).is_some_and(|f| !HARMLESS.contains(&f)) => {
                members.remove("format");
            }
            _ => {}
        }
    });
}
