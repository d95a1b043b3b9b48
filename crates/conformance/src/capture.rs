//! What may be kept of an answer: its shape, with no text of the server's but the words that the document knows.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The answer with each text replaced by its kind and length. Words of the document's value sets stay, and so do the names
/// of members, numbers and booleans; members named in `secrets` are struck out, whatever they hold.
pub fn capture(document: &Value, secrets: &[&str], answer: &Value) -> Value {
    let mut words = BTreeSet::new();
    collect(document, &mut words);
    shape(&words, secrets, answer)
}

fn collect<'a>(node: &'a Value, words: &mut BTreeSet<&'a str>) {
    match node {
        Value::Object(members) => {
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("x-extensible-enum" | "enum", Value::Array(list)) => {
                        words.extend(list.iter().filter_map(Value::as_str));
                    }
                    _ => collect(value, words),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        _ => {}
    }
}

fn shape(words: &BTreeSet<&str>, secrets: &[&str], value: &Value) -> Value {
    match value {
        Value::String(text) if words.contains(text.as_str()) || text.is_empty() => value.clone(),
        Value::String(text) => Value::String(format!("<{}, {} characters>", kind(text), text.chars().count())),
        Value::Array(items) => items.iter().map(|item| shape(words, secrets, item)).collect(),
        Value::Object(members) => {
            let one = |(name, value): (&String, &Value)| {
                let secret = secrets.contains(&name.as_str()) && !value.is_null();
                (name.clone(), if secret { "<secret>".into() } else { shape(words, secrets, value) })
            };
            Value::Object(members.iter().map(one).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn kind(text: &str) -> &'static str {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let hexadecimal = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let dated = |text: &str| text.len() >= 19 && text.get(4..5) == Some("-") && text.get(10..11) == Some("T");
    if digits(text) {
        "digits"
    } else if text.starts_with("https://") || text.starts_with("http://") {
        "url"
    } else if text.len() == 36 && hexadecimal(text) {
        "uuid"
    } else if dated(text) {
        "time"
    } else {
        "text"
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_of_the_server_is_kept() {
        let document = json!({ "components": { "schemas": { "S": { "x-extensible-enum": ["OK"] } } } });
        let answer = json!({ "state": "OK", "name": "host-1.customer.example", "token": "abc", "n": 4, "e": "",
            "id": "3f8a4c52-7a1e-4a6b-9c1d-5e2b8f0d6a11", "at": ["2026-11-21T10:00:00Z", "123", "https://x.example/"],
            "token2": null });
        let kept = capture(&document, &["token", "token2"], &answer);
        assert_eq!(
            kept,
            json!({ "state": "OK", "name": "<text, 23 characters>", "token": "<secret>", "n": 4, "e": "",
                "id": "<uuid, 36 characters>",
                "at": ["<time, 20 characters>", "<digits, 3 characters>", "<url, 18 characters>"], "token2": null })
        );
    }
}
