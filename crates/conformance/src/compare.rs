//! One answer beside the document.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::patch;
use crate::schema::{Site, join, resolve};

/// How an answer differs from its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// The status is not documented.
    UndeclaredStatus,
    /// A header is not documented.
    UndeclaredHeader,
    /// A documented header is not there.
    MissingHeader,
    /// There is a body, and none is documented, or the other way round.
    Body,
    /// A member is not documented.
    UndeclaredField,
    /// A value has another type than documented.
    TypeMismatch,
    /// A word is not among the known ones.
    UnknownValue,
    /// A required member is not there.
    MissingField,
    /// A value is outside documented limits.
    Limit,
}

/// One difference, where it is, and what would correct the document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Deviation {
    /// What it is.
    pub difference: Difference,
    /// JSON pointer into the document.
    pub spec: String,
    /// JSON pointer into the body of the answer, or empty.
    pub answer: String,
    /// A sentence.
    pub what: String,
    /// A correction of the document to be reviewed, as YAML.
    pub patch: Option<String>,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub struct Came<'a> {
    /// The status.
    pub status: u16,
    /// Names of the headers.
    pub headers: &'a [&'a str],
    /// The body; absent when it cannot be compared, as that of a failure.
    pub body: Option<&'a Value>,
}

/// Headers that HTTP and its servers send by themselves; documents need not name them.
const USUAL: [&str; 30] = [
    "accept-ranges",
    "access-control-allow-origin",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "link",
    "location",
    "pragma",
    "referrer-policy",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "vary",
    "via",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
];

/// Compares an answer of the operation at `path` and `method` (lower case) with its document.
pub fn answer(root: &Value, path: &str, method: &str, came: Came<'_>) -> Vec<Deviation> {
    let at = join(&join(&join("/paths", path), method), "responses");
    let answers = root.pointer(&at);
    let status = came.status;
    let keys = [status.to_string(), format!("{}XX", status / 100), "default".to_owned()];
    let known = |key: &String| Some((join(&at, key), answers?.get(key)?));
    let Some((pointer, node)) = keys.iter().find_map(known) else {
        let what = format!("the status {status} is not documented");
        let patch = Some(patch::status(&at, status));
        return vec![Deviation {
            difference: Difference::UndeclaredStatus,
            spec: at,
            answer: String::new(),
            what,
            patch,
        }];
    };
    let site = resolve(root, &pointer, node);
    let mut found = headers(&site, came.headers);
    let content = site.node.get("content").and_then(Value::as_object);
    let media = content.and_then(|all| all.iter().next());
    match (media, came.body) {
        (Some((media, content)), Some(body)) if !body.is_null() => {
            let pointer = join(&join(&join(&site.pointer, "content"), media), "schema");
            found.extend(content.get("schema").map(|schema| value(root, &pointer, schema, body)).unwrap_or_default());
        }
        (Some(_), Some(_)) => found.push(of_body(&site, "a body is documented, and there is none")),
        (None, Some(body)) if !body.is_null() => found.push(of_body(&site, "there is a body, and none is documented")),
        _ => {}
    }
    found
}

fn of_body(site: &Site<'_>, what: &str) -> Deviation {
    let (spec, what) = (site.pointer.clone(), what.to_owned());
    Deviation { difference: Difference::Body, spec, answer: String::new(), what, patch: None }
}

fn headers(site: &Site<'_>, came: &[&str]) -> Vec<Deviation> {
    let declared: Vec<&str> = site
        .node
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let spec = join(&site.pointer, "headers");
    let one =
        |difference, what, patch| Deviation { difference, spec: spec.clone(), answer: String::new(), what, patch };
    let has = |list: &[&str], name: &str| list.iter().any(|other| other.eq_ignore_ascii_case(name));
    let missing = declared.iter().filter(|name| !has(came, name));
    let missing = missing.map(|name| one(Difference::MissingHeader, format!("the header {name} is missing"), None));
    let unknown: BTreeSet<&&str> = came.iter().filter(|name| !has(&declared, name) && !has(&USUAL, name)).collect();
    let unknown = unknown.into_iter().map(|name| {
        let what = format!("the header {name} is not documented");
        one(Difference::UndeclaredHeader, what, Some(patch::header(&spec, name)))
    });
    missing.chain(unknown).collect()
}

/// Compares a value with its schema. What several items of a list have in common is told once.
pub fn value(root: &Value, pointer: &str, schema: &Value, value: &Value) -> Vec<Deviation> {
    let mut walk = Walk { root, found: Vec::new(), told: BTreeSet::new() };
    walk.value(pointer, schema, value, "");
    walk.found
}

struct Walk<'a> {
    root: &'a Value,
    found: Vec<Deviation>,
    told: BTreeSet<(Difference, String, String)>,
}

impl<'a> Walk<'a> {
    fn tell(&mut self, difference: Difference, spec: &str, answer: &str, what: String, patch: Option<String>) {
        if self.told.insert((difference, spec.to_owned(), what.clone())) {
            let (spec, answer) = (spec.to_owned(), answer.to_owned());
            self.found.push(Deviation { difference, spec, answer, what, patch });
        }
    }

    fn value(&mut self, pointer: &str, schema: &'a Value, value: &Value, at: &str) {
        let site = resolve(self.root, pointer, schema);
        let parts = site.parts(self.root);
        if value.is_null() {
            if !parts.iter().any(|part| part.is("nullable")) && types(&parts) != ["null"] {
                let patch = Some(patch::nullable(pointer));
                self.tell(Difference::TypeMismatch, pointer, at, "null is not documented here".to_owned(), patch);
            }
            return;
        }
        let (allowed, actual) = (types(&parts), type_of(value));
        let fits =
            allowed.is_empty() || allowed.contains(&actual) || (actual == "integer" && allowed.contains(&"number"));
        if !fits {
            let what = format!("{} is documented, and {actual} came", allowed.join(" or "));
            let patch = Some(patch::wire(&site.pointer, &allowed, actual));
            return self.tell(Difference::TypeMismatch, &site.pointer, at, what, patch);
        }
        self.limits(&parts, value, at);
        match value {
            Value::String(text) => self.word(&parts, text, at),
            Value::Array(items) => {
                // The list itself, or the items of a page in whose place it stands.
                let inner = ["/items", "/properties/results/items"].into_iter().find_map(|place| {
                    parts.iter().find_map(|part| Some((part.pointer.clone() + place, part.node.pointer(place)?)))
                });
                let Some((pointer, inner)) = inner else { return };
                for (index, item) in items.iter().enumerate() {
                    self.value(&pointer, inner, item, &format!("{at}/{index}"));
                }
            }
            // A single object in place of a list.
            Value::Object(_)
                if allowed.contains(&"array") && parts.iter().any(|part| part.node.get("items").is_some()) =>
            {
                let inner = parts.iter().find_map(|part| Some((join(&part.pointer, "items"), part.node.get("items")?)));
                if let Some((pointer, inner)) = inner {
                    self.value(&pointer, inner, value, at);
                }
            }
            Value::Object(members) => self.members(&parts, members, at),
            _ => {}
        }
    }

    fn members(&mut self, parts: &[Site<'a>], members: &serde_json::Map<String, Value>, at: &str) {
        let shaped = ["properties", "additionalProperties", "allOf"];
        let free = !parts.iter().any(|part| shaped.iter().any(|key| part.node.get(key).is_some()));
        for (name, value) in members {
            let at = join(at, name);
            let known = parts.iter().find_map(|part| {
                let pointer = join(&join(&part.pointer, "properties"), name);
                Some((pointer, part.node.get("properties")?.get(name)?))
            });
            let other = || {
                parts.iter().find_map(|part| {
                    let node = part.node.get("additionalProperties")?;
                    (node != &Value::Bool(false)).then(|| (join(&part.pointer, "additionalProperties"), node))
                })
            };
            if let Some((pointer, node)) = known.or_else(|| alias(parts, name)).or_else(other) {
                self.value(&pointer, node, value, &at);
            } else if !free {
                // The schema's own members stand in the last part that has some.
                let owner = parts.iter().find(|part| part.node.get("properties").is_some()).unwrap_or(&parts[0]);
                let patch = Some(patch::field(&join(&owner.pointer, "properties"), name, value));
                self.tell(
                    Difference::UndeclaredField,
                    &owner.pointer,
                    &at,
                    format!("the member {name} is not documented"),
                    patch,
                );
            }
        }
        for part in parts {
            let required = part.list("required").into_iter().flatten().filter_map(Value::as_str);
            let keys = part.node.get("properties").and_then(Value::as_object).into_iter().flatten();
            let keys = keys.filter(|(_, node)| node.get("x-key") == Some(&Value::Bool(true)));
            let wanted: BTreeSet<&str> = required.chain(keys.map(|(name, _)| name.as_str())).collect();
            let missing = |name: &&str| !members.keys().any(|there| spells(part.node, name, there));
            for name in wanted.into_iter().filter(missing) {
                let patch = Some(patch::not_required(&join(&part.pointer, "required"), name));
                let what = format!("the member {name} is required and missing");
                self.tell(Difference::MissingField, &part.pointer, at, what, patch);
            }
        }
    }

    fn word(&mut self, parts: &[Site<'a>], text: &str, at: &str) {
        for part in parts {
            let open = part.list("x-extensible-enum");
            let Some(known) = open.or_else(|| part.list("enum")) else { continue };
            // The empty text stands for none.
            let none = open.is_some() && text.is_empty();
            if !none && !known.iter().any(|word| word.as_str() == Some(text)) {
                let key = if open.is_some() { "x-extensible-enum" } else { "enum" };
                let patch = Some(patch::word(&join(&part.pointer, key), text));
                self.tell(
                    Difference::UnknownValue,
                    &part.pointer,
                    at,
                    format!("the word {text:?} is not known"),
                    patch,
                );
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "lengths are small")]
    fn limits(&mut self, parts: &[Site<'a>], value: &Value, at: &str) {
        let (what, size, keys) = match value {
            Value::Number(number) => ("value", number.as_f64().unwrap_or_default(), ["minimum", "maximum"]),
            Value::String(text) => ("length", text.chars().count() as f64, ["minLength", "maxLength"]),
            Value::Array(items) => ("number of items", items.len() as f64, ["minItems", "maxItems"]),
            _ => return,
        };
        for part in parts {
            let limit = |key: &str| part.node.get(key).and_then(Value::as_f64);
            let [least, most] = keys.map(limit);
            if least.is_some_and(|least| size < least) || most.is_some_and(|most| size > most) {
                let what = format!("the {what} is outside the documented limits");
                self.tell(Difference::Limit, &part.pointer, at, what, None);
            }
        }
    }
}

/// The JSON types that may come; none means any.
fn types<'a>(parts: &[Site<'a>]) -> Vec<&'a str> {
    let wire = parts.iter().find_map(|part| part.list("x-wire-types"));
    if let Some(wire) = wire {
        return wire.iter().filter_map(Value::as_str).collect();
    }
    parts.iter().find_map(|part| part.text("type")).into_iter().collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether `there` is the member `name` of a schema, or another spelling of it.
fn spells(schema: &Value, name: &str, there: &str) -> bool {
    let others = || schema.get("properties")?.get(name)?.get("x-aliases")?.as_array();
    name == there || others().is_some_and(|others| others.iter().any(|other| other == there))
}

/// The member that is documented under another spelling.
fn alias<'a>(parts: &[Site<'a>], there: &str) -> Option<(String, &'a Value)> {
    parts.iter().find_map(|part| {
        let mut members = part.node.get("properties")?.as_object()?.iter();
        let (name, node) = members.find(|(name, _)| spells(part.node, name, there))?;
        Some((join(&join(&part.pointer, "properties"), name), node))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "paths": { "/a": { "get": { "responses": { "200": {
                "headers": { "X-Id": {} },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Whole" } } }
            } } } } },
            "components": { "schemas": {
                "Base": { "type": "object", "required": ["id"], "properties": {
                    "id": { "type": "string", "x-key": true, "x-aliases": ["Id"] },
                    "when": { "type": "integer", "x-wire-types": ["integer", "string"] } } },
                "State": { "type": "string", "x-extensible-enum": ["ON", "OFF"] },
                "Whole": { "type": "object", "allOf": [{ "$ref": "#/components/schemas/Base" }], "properties": {
                    "state": { "$ref": "#/components/schemas/State" },
                    "parts": { "type": "array", "maxItems": 2, "items": { "$ref": "#/components/schemas/Base" } },
                    "free": { "type": "object" },
                    "none": { "type": "string", "nullable": true } } }
            } }
        })
    }

    fn told(status: u16, headers: &[&str], body: Value) -> Vec<(Difference, String, String)> {
        let came = Came { status, headers, body: Some(&body) };
        let found = answer(&document(), "/a", "get", came);
        found.into_iter().map(|one| (one.difference, one.spec, one.answer)).collect()
    }

    #[test]
    fn what_the_document_says_is_no_deviation() {
        let body = json!({ "id": "1", "when": "2020", "state": "ON", "parts": [{"id": "2", "when": 3}],
                           "free": { "x": [1] }, "none": null });
        assert_eq!(told(200, &["x-id", "date"], body), []);
        assert_eq!(told(200, &["X-Id"], json!({ "id": "1", "state": "" })), []);
        // Another spelling that the document knows.
        assert_eq!(told(200, &["X-Id"], json!({ "Id": "1" })), []);
    }

    #[test]
    fn a_list_in_place_of_a_page_is_compared_item_by_item() {
        let mut document = document();
        document["components"]["schemas"]["Whole"] = json!({ "type": "object", "x-wire-types": ["array", "object"],
            "properties": { "results": { "type": "array", "items": { "$ref": "#/components/schemas/Base" } } } });
        let told = |body: &Value| {
            let found = answer(&document, "/a", "get", Came { status: 200, headers: &["x-id"], body: Some(body) });
            found.into_iter().map(|one| one.answer).collect::<Vec<_>>()
        };
        for body in [json!([{ "id": "1" }]), json!({ "results": [{ "id": "1" }] })] {
            assert_eq!(told(&body), [""; 0], "{body}");
        }
        assert_eq!(told(&json!([{ "id": "1" }, { "id": 2 }])), ["/1/id"]);
        assert_eq!(told(&json!({ "results": [{ "id": 2 }] })), ["/results/0/id"]);
    }

    #[test]
    fn each_kind_of_deviation_is_told_with_both_places() {
        let whole = |name: &str| format!("/components/schemas/{name}");
        for (body, expected) in [
            (json!({ "id": "1", "new": 1 }), (Difference::UndeclaredField, whole("Whole"), "/new")),
            (json!({ "id": 1 }), (Difference::TypeMismatch, whole("Base/properties/id"), "/id")),
            (json!({ "id": "1", "state": "MAYBE" }), (Difference::UnknownValue, whole("State"), "/state")),
            (json!({ "when": 1 }), (Difference::MissingField, whole("Base"), "")),
            (json!({ "id": "1", "when": null }), (Difference::TypeMismatch, whole("Base/properties/when"), "/when")),
            (
                json!({ "id": "1", "parts": [{"id": "1"}, {"id": "2", "x": 1}] }),
                (Difference::UndeclaredField, whole("Base"), "/parts/1/x"),
            ),
            (
                json!({ "id": "1", "parts": [{"id": "1"}, {"id": "2"}, {"id": "3"}] }),
                (Difference::Limit, whole("Whole/properties/parts"), "/parts"),
            ),
        ] {
            let (difference, spec, at) = expected;
            assert_eq!(told(200, &["x-id"], body), [(difference, spec, at.to_owned())]);
        }
        let at = "/paths/~1a/get/responses".to_owned();
        assert_eq!(told(418, &[], json!(null)), [(Difference::UndeclaredStatus, at.clone(), String::new())]);
        let headers = told(200, &["x-new"], json!({ "id": "1" }));
        let kinds: Vec<Difference> = headers.into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(kinds, [Difference::MissingHeader, Difference::UndeclaredHeader]);
    }

    #[test]
    fn what_many_items_have_is_told_once() {
        let body = json!({ "id": "1", "parts": [{"id": "1", "x": 1}, {"id": "2", "x": 1}] });
        assert_eq!(told(200, &["x-id"], body).len(), 1);
    }
}
