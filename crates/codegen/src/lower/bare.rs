//! Leaves out what only readers of the document need and the generator never looks at; it is more than half of a document, and
//! every pass would carry it along.

use serde_json::Value;

/// Keys of examples, provenance and doubts.
const FOR_READERS: [&str; 5] = ["example", "examples", "x-change", "x-doubts", "x-source"];

/// Keys whose members are names, not keywords.
const NAMING: [&str; 4] = ["properties", "schemas", "responses", "parameters"];

/// The document without examples, provenance and doubts.
pub(crate) fn copy(document: &Value) -> Value {
    reduced(document, false)
}

fn reduced(node: &Value, named: bool) -> Value {
    match node {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| named || !FOR_READERS.contains(&key.as_str()));
            let naming = |key: &str| !named && NAMING.contains(&key);
            Value::Object(kept.map(|(key, value)| (key.clone(), reduced(value, naming(key)))).collect())
        }
        Value::Array(items) => items.iter().map(|item| reduced(item, false)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_only_called_so_stays() {
        let schemas = json!({ "examples": { "type": "object", "example": 1, "properties": {
            "example": { "type": "string", "x-source": [], "default": "d" }, "properties": { "x-doubts": ["d"] } } } });
        let expected = json!({ "examples": { "type": "object", "properties": {
            "example": { "type": "string", "default": "d" }, "properties": {} } } });
        assert_eq!(
            copy(&json!({ "components": { "schemas": schemas } })),
            json!({ "components": { "schemas": expected } })
        );
    }
}
