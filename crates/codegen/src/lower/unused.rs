//! Leaves out schemas that the vendor declares and no operation uses: there is nothing to read or send with them.

use serde_json::Value;

use super::Plan;

/// Marks such a schema.
pub(crate) const UNUSED: &str = "x-unused";

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.retain(|_, node| node.get(UNUSED) != Some(&Value::Bool(true)));
    }
}
