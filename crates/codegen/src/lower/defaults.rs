//! Leaves out what the caller leaves out.
//!
//! A member of a request with a default would always be sent, since the generator fills it in: an update that changes
//! a name would set everything else back, and some vendors refuse members that an account may not use. What a member
//! means that is not there is the vendor's to say.

use serde_json::Value;

use super::{Plan, each_schema};

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    each_schema(root, &mut |_, node| {
        let required: Vec<String> = required(node).map(str::to_owned).collect();
        let Some(properties) = node.get_mut("properties").and_then(Value::as_object_mut) else { return };
        for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
            property.as_object_mut().map(|members| members.remove("default"));
        }
    });
}

/// Names of the members that a schema requires.
pub(crate) fn required(node: &Value) -> impl Iterator<Item = &str> {
    node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
