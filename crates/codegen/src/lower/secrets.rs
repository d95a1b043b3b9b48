//! Gives secrets a type that does not show itself.
//!
//! The generator derives `Debug` for everything, so a secret that is plain text would appear in the first log line that
//! prints a request or an answer.

use serde_json::{Value, json};

use super::{Plan, Replacement, add_schema, each_schema, keep_key, reference};

/// Name of the schema that stands for a secret, and its Rust type.
pub(crate) const SECRET: (&str, &str) = ("SecretText", "::backup_sync_runtime::wire::SecretText");

pub(super) fn run(root: &mut Value, plan: &mut Plan) {
    let mut found = false;
    each_schema(root, &mut |_, node| {
        if node.get("type") == Some(&json!("string")) && node.get("format") == Some(&json!("password")) {
            found = true;
            keep_key(node, reference(SECRET.0));
        }
    });
    if found {
        add_schema(root, SECRET.0, json!({ "type": "string", "description": "A secret." }));
        plan.replacements.push(Replacement { schema: SECRET.0.to_owned(), rust: SECRET.1.to_owned() });
    }
}
