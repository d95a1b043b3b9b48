//! A document without what only readers need: what a program carries along to compare answers with it. JSON pointers into it
//! are pointers into the document.

use serde_json::{Map, Value};

/// Keys for readers.
const WORDS: [&str; 7] =
    ["description", "summary", "example", "examples", "x-source", "x-doubts", "x-enum-descriptions"];

/// Keys whose members are names, not keywords.
const NAMING: [&str; 4] = ["properties", "schemas", "responses", "parameters"];

/// The document without descriptions, examples, provenance and doubts.
pub fn of(document: &Value) -> Value {
    reduce(document, false)
}

fn reduce(node: &Value, named: bool) -> Value {
    match node {
        Value::Object(members) => {
            let kept = members.iter().filter(|(key, _)| named || !WORDS.contains(&key.as_str()));
            let reduced =
                kept.map(|(key, value)| (key.clone(), reduce(value, !named && NAMING.contains(&key.as_str()))));
            Value::Object(reduced.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| reduce(item, false)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_property_called_description_stays() {
        let schema = json!({ "description": "d", "properties": {
            "description": { "type": "string", "description": "d" }, "properties": { "type": "object", "summary": "s" } } });
        let expected =
            json!({ "properties": { "description": { "type": "string" }, "properties": { "type": "object" } } });
        assert_eq!(of(&schema), expected);
    }
}
