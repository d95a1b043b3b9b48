//! Keeps one answer per operation: any success.
//!
//! Failures never reach the generated code: the runtime reads their status first and turns them into its own error.
//! So the many shapes in which vendors tell errors, which the generator cannot mix, need not be modelled, and a
//! vendor that answers 200 where its page says 202 is understood all the same.

use serde_json::{Map, Value, json};

use super::Plan;
use crate::document::{METHODS, resolve};

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    // What references of answers lead to.
    let before = json!({ "components": { "responses": root.pointer("/components/responses") } });
    let Some(paths) = root.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for item in paths.values_mut() {
        for method in METHODS {
            if let Some(responses) = item.get_mut(method).and_then(|operation| operation.get_mut("responses")) {
                *responses = Value::Object(any_success(&before, responses));
            }
        }
    }
    if let Some(components) = root.get_mut("components").and_then(Value::as_object_mut) {
        components.remove("responses");
        components.remove("headers");
    }
}

/// The first success answer under the status range `2XX`, without headers and examples.
fn any_success(root: &Value, responses: &Value) -> Map<String, Value> {
    let success = responses.as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    let answer = success.and_then(|(_, node)| resolve(root, node));
    let description = answer.and_then(|node| node.get("description")).cloned().unwrap_or_else(|| json!("Success."));
    let mut kept = json!({ "description": description });
    if let Some(schema) = answer.and_then(|node| node.get("content")?.as_object()?.values().next()?.get("schema")) {
        kept["content"] = json!({ "application/json": { "schema": schema } });
    }
    Map::from_iter([("2XX".to_owned(), kept)])
}
