//! Turns array query parameters into single values, for the mock helpers only.
//!
//! The generated helpers do not compile with an array parameter; a single value matches one of the repeated keys,
//! which is what a test asks.

use serde_json::{Value, json};

use super::Plan;

pub(super) fn run(root: &mut Value, _: &mut Plan) {
    flatten(root);
    if let Some(members) = root.as_object_mut() {
        members.insert("x-mocks".to_owned(), json!(true));
    }
}

fn flatten(node: &mut Value) {
    match node {
        Value::Object(members) => {
            let query = members.get("in") == Some(&json!("query"));
            if let Some(schema) = members.get_mut("schema").filter(|_| query)
                && schema.get("type") == Some(&json!("array"))
            {
                *schema = schema.get("items").cloned().unwrap_or_else(|| json!({ "type": "string" }));
            }
            members.values_mut().for_each(flatten);
        }
        Value::Array(items) => items.iter_mut().for_each(flatten),
        _ => {}
    }
}
