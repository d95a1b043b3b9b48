//! Turns a request body that holds exactly one of several members into an enum.
//!
//! Such a body names an action by its only member, whose value is often null. A struct of optional members would leave
//! a null out and send an empty object; a variant keeps it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Plan;
use crate::document::join;
use crate::lint::Sites;

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    let reach = Sites::of(root).reach;
    let sent: HashSet<String> =
        reach.into_iter().filter(|(_, way)| way.request && !way.answer).map(|(name, _)| name).collect();
    for name in sent {
        if let Some(node) = root.pointer_mut(&join("/components/schemas", &name))
            && let Some(choice) = choice(node)
        {
            *node = choice;
        }
    }
}

/// One variant for each member, if exactly one of them is sent.
fn choice(node: &Value) -> Option<Value> {
    let one = json!(1);
    if node.get("minProperties") != Some(&one) || node.get("maxProperties") != Some(&one) {
        return None;
    }
    let members = node.get("properties")?.as_object()?;
    let variant = |(name, schema): (&String, &Value)| json!({ "type": "object", "required": [name], "properties": { name: schema }, "additionalProperties": false });
    let variants: Vec<Value> = members.iter().map(variant).collect();
    let mut made = json!({ "oneOf": variants });
    if let Some(description) = node.get("description") {
        made["description"] = description.clone();
    }
    Some(made)
}
