//! Turns the schemas of a document into JSON Schema, for those who compare values with what the document says.
//!
//! `nullable` becomes a further type, `x-wire-types` widens the types to what is seen on the wire, and a member that no
//! schema knows is refused, so that a misspelt one does not pass as an extension.

use serde_json::{Map, Value, json};

/// The named schemas of a document, for [`of_values`].
pub fn definitions(root: &Value) -> Value {
    let schemas = root.pointer("/components/schemas").and_then(Value::as_object);
    let translated =
        schemas.into_iter().flatten().map(|(name, schema)| (name.clone(), translate(schema, Use::Definition)));
    Value::Object(translated.collect())
}

/// The JSON Schema (2020-12) of objects whose member `0` has the first of `schemas`, `1` the second, and so on: whoever compares many
/// values compiles one schema instead of many.
pub fn of_values<'a>(definitions: Value, schemas: impl Iterator<Item = &'a Value>) -> Value {
    let members = schemas.enumerate().map(|(index, schema)| (index.to_string(), translate(schema, Use::Value)));
    let mut whole = Map::new();
    whole.insert("properties".to_owned(), Value::Object(members.collect()));
    whole.insert("components".to_owned(), Value::Object(Map::from_iter([("schemas".to_owned(), definitions)])));
    Value::Object(whole)
}

/// How a schema is used: whoever uses it for a whole value closes it against unknown members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A named schema, which others close or extend.
    Definition,
    /// A member of a composition.
    Base,
    /// The schema of a value.
    Value,
}

/// One schema of OpenAPI 3.0 as JSON Schema 2020-12.
fn translate(schema: &Value, used: Use) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let mut out = Map::new();
    for (key, value) in members {
        let translated = match key.as_str() {
            "properties" => {
                let inner = value.as_object().into_iter().flatten();
                Value::Object(inner.map(|(name, node)| (name.clone(), translate(node, Use::Value))).collect())
            }
            "items" | "additionalProperties" if value.is_object() => translate(value, Use::Value),
            "allOf" => value.as_array().into_iter().flatten().map(|part| translate(part, Use::Base)).collect(),
            "type" | "nullable" | "x-wire-types" | "format" => continue,
            _ => value.clone(),
        };
        out.insert(key.clone(), translated);
    }
    let wire = members.get("x-wire-types").and_then(Value::as_array);
    let scalars = wire.filter(|types| !types.contains(&json!("array")));
    if let Some(declared) = members.get("type") {
        out.insert("type".to_owned(), scalars.map_or_else(|| declared.clone(), |types| Value::Array(types.clone())));
    }
    if used == Use::Value && (members.contains_key("$ref") || members.contains_key("allOf")) {
        out.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
    let free = members.get("type") == Some(&json!("object"))
        && !["properties", "additionalProperties", "allOf"].iter().any(|key| members.contains_key(*key));
    if free {
        out.insert("additionalProperties".to_owned(), Value::Bool(true));
    }
    let mut schema = Value::Object(out);
    if wire.is_some() && scalars.is_none() {
        let single = members.get("items").map_or_else(|| json!({}), |items| translate(items, Use::Value));
        schema = json!({ "anyOf": [schema, single] });
    }
    let nullable = members.get("nullable") == Some(&Value::Bool(true));
    if nullable { json!({ "anyOf": [schema, { "type": "null" }] }) } else { schema }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_open() {
        let schema = json!({"type": "string", "x-extensible-enum": ["a", "b"], "nullable": true});
        let whole = of_values(json!({}), [&schema, &json!({})].into_iter());
        assert_eq!(whole["properties"]["0"]["anyOf"][0].get("enum"), None);
        assert_eq!(whole["properties"]["0"]["anyOf"][1], json!({"type": "null"}));
        assert_eq!(whole["properties"]["1"], json!({}));
    }
}
