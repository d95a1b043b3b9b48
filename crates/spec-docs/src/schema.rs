//! Reads schemas and parameters: types in words, marks, words of value sets.

use backup_sync_codegen::Document;
use backup_sync_codegen::document::{join, schema_name, schemas};
use serde_json::Value;

use crate::markdown;
use crate::model::{Html, Kind, Member, Schema, Source};

/// The text of a member, or nothing.
pub fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The text in a list.
fn texts<'a>(node: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    node.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The doubts of a node.
pub fn doubts(node: &Value) -> Vec<Html> {
    texts(node, "x-doubts").map(markdown::inline).collect()
}

/// The provenance of a node.
pub fn sources(node: &Value) -> Vec<Source> {
    let all = node.get("x-source").and_then(Value::as_array).into_iter().flatten();
    let own = |source: &Value, key| text(source, key).to_owned();
    all.map(|source| Source {
        doc: own(source, "doc"),
        url: page(text(source, "url")),
        version: own(source, "version"),
        date: own(source, "date"),
        status: own(source, "status"),
    })
    .collect()
}

/// An address that a reader can follow.
pub fn page(url: &str) -> Option<String> {
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}

/// All named schemas.
pub fn all(document: &Document) -> Vec<Schema> {
    schemas(&document.value).map(|(name, node)| one(document, name, node)).collect()
}

fn one(document: &Document, name: &str, node: &Value) -> Schema {
    let parts = node.get("allOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let own = parts.iter().filter(|part| part.get("$ref").is_none());
    let open = node.get("x-extensible-enum").is_some();
    let meanings = node.get("x-enum-descriptions");
    let known = node.get("x-extensible-enum").or_else(|| node.get("enum")).and_then(Value::as_array);
    let word = |value: &Value| {
        let word = plain(value);
        let meaning = meanings.map(|all| text(all, &word)).unwrap_or_default();
        (word.clone(), markdown::inline(meaning))
    };
    Schema {
        name: name.to_owned(),
        anchor: format!("schema-{name}"),
        line: document.place(&join("/components/schemas", name)).line,
        kind: kind(node),
        description: markdown::html(text(node, "description")),
        sources: sources(node),
        doubts: doubts(node),
        bases: parts.iter().filter_map(schema_name).map(str::to_owned).collect(),
        members: own.chain([node]).flat_map(members).collect(),
        words: known.into_iter().flatten().map(word).collect(),
        open,
    }
}

fn members(node: &Value) -> Vec<Member> {
    let all = node.get("properties").and_then(Value::as_object).into_iter().flatten();
    all.map(|(name, schema)| {
        let mut marks = Vec::new();
        if texts(node, "required").any(|required| required == name) {
            marks.push("required".to_owned());
        }
        marks.extend(self::marks(schema));
        Member {
            name: name.clone(),
            kind: kind(schema),
            marks,
            description: markdown::inline(text(schema, "description")),
            doubts: doubts(schema),
        }
    })
    .collect()
}

/// A parameter as a member.
pub fn parameter(node: &Value) -> Member {
    let nothing = Value::Null;
    let schema = node.get("schema").unwrap_or(&nothing);
    let mut marks = vec![text(node, "in").to_owned()];
    if node.get("required") == Some(&Value::Bool(true)) {
        marks.push("required".to_owned());
    }
    marks.extend(self::marks(schema));
    Member {
        name: text(node, "name").to_owned(),
        kind: kind(schema),
        marks,
        description: markdown::inline(text(node, "description")),
        doubts: doubts(node).into_iter().chain(doubts(schema)).collect(),
    }
}

/// A type in words: `array of X`, `string (uuid)`.
pub fn kind(node: &Value) -> Kind {
    if let Some(name) = schema_name(node) {
        return Kind { text: String::new(), schema: Some(name.to_owned()) };
    }
    // `allOf` with one reference is how OpenAPI 3.0 lets a reference have a description.
    if let Some([part]) = node.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        return kind(part);
    }
    let declared = text(node, "type");
    if let Some(items) = node.get("items") {
        let inner = kind(items);
        return Kind { text: format!("array of {}", inner.text).trim_end().to_owned() + " ", schema: inner.schema };
    }
    if let Some(values) = node.get("additionalProperties").filter(|values| values.is_object()) {
        let inner = kind(values);
        return Kind { text: format!("map to {}", inner.text).trim_end().to_owned() + " ", schema: inner.schema };
    }
    let format = text(node, "format");
    let shown = match (declared, format) {
        ("", _) if node.get("allOf").is_some() => "object".to_owned(),
        ("", _) => "anything".to_owned(),
        (declared, "") => declared.to_owned(),
        (declared, format) => format!("{declared} ({format})"),
    };
    Kind { text: shown, schema: None }
}

/// What else a schema says, each in a few words.
fn marks(node: &Value) -> Vec<String> {
    let mut marks = Vec::new();
    let set = |key: &str| node.get(key) == Some(&Value::Bool(true));
    let flags = [
        ("x-key", "key"),
        ("nullable", "nullable"),
        ("readOnly", "read only"),
        ("writeOnly", "write only"),
        ("deprecated", "deprecated"),
    ];
    marks.extend(flags.into_iter().filter(|(key, _)| set(key)).map(|(_, word)| word.to_owned()));
    if text(node, "format") == "password" {
        marks.push("secret".to_owned());
    }
    if let Some(types) = node.get("x-wire-types").and_then(Value::as_array) {
        let types: Vec<String> = types.iter().map(plain).collect();
        marks.push(format!("on the wire: {}", types.join(" or ")));
    }
    if let Some(names) = node.get("x-aliases").and_then(Value::as_array) {
        let names: Vec<String> = names.iter().map(plain).collect();
        marks.push(format!("also written {}", names.join(", ")));
    }
    if let Some(words) = node.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().map(plain).collect();
        marks.push(format!("one of {}", words.join(", ")));
    }
    let named = [
        ("x-unit", "unit"),
        ("default", "default"),
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "length at least"),
        ("maxLength", "length at most"),
        ("minItems", "items at least"),
        ("maxItems", "items at most"),
        ("pattern", "pattern"),
        ("x-limit", "limit"),
    ];
    marks.extend(named.into_iter().filter_map(|(key, word)| Some(format!("{word} {}", plain(node.get(key)?)))));
    marks
}

/// A scalar without quotation marks, anything else as JSON.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
