//! Puts other spellings of members aside, which the emitter adds to the generated fields.

use serde_json::Value;

use super::{Alias, Plan};
use crate::document::schemas;

/// Holds the other spellings under which servers send a member.
pub(crate) const ALIASES: &str = "x-aliases";

pub(super) fn run(root: &mut Value, plan: &mut Plan) {
    for (name, node) in schemas(root) {
        for (member, property) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let others = property.get(ALIASES).and_then(Value::as_array).into_iter().flatten();
            let names: Vec<String> = others.filter_map(Value::as_str).map(str::to_owned).collect();
            if !names.is_empty() {
                plan.aliases.push(Alias { schema: name.clone(), member: member.clone(), names });
            }
        }
    }
}
