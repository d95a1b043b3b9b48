//! Compares what was read with what was sent.

use serde_json::{Map, Value};

/// What `read` lost or changed of `sent`, one sentence for each place. Null and absence count as the same, numbers
/// compare by value, a single object may have become a list of one, and a bare list a page.
pub fn differences(sent: &Value, read: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match (sent, read) {
        (Value::Object(_), Value::Array(items)) if items.len() == 1 => compare(sent, &items[0], "", &mut found),
        (Value::Array(_), Value::Object(page)) if page.contains_key("results") => {
            let mut page = page.clone();
            compare(sent, &page.remove("results").unwrap_or_default(), "", &mut found);
            compare(&Value::Object(Map::new()), &Value::Object(page), "", &mut found);
        }
        _ => compare(sent, read, "", &mut found),
    }
    found
}

fn compare(sent: &Value, read: &Value, at: &str, found: &mut Vec<String>) {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => {
            for (name, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
                match read.get(name) {
                    Some(read) => compare(value, read, &format!("{at}/{name}"), found),
                    None => found.push(format!("{at}/{name} is lost (it was {value})")),
                }
            }
            let invented =
                read.iter().filter(|(name, value)| !value.is_null() && sent.get(*name).is_none_or(Value::is_null));
            found.extend(invented.map(|(name, value)| format!("{at}/{name} is invented: {value}")));
        }
        (Value::Array(sent), Value::Array(read)) if sent.len() == read.len() => {
            for (index, (sent, read)) in sent.iter().zip(read).enumerate() {
                compare(sent, read, &format!("{at}/{index}"), found);
            }
        }
        (Value::Number(sent), Value::Number(read)) if sent.as_f64() == read.as_f64() => {}
        _ if sent == read => {}
        _ => found.push(format!("{at} was {sent} and is {read}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn losses_changes_and_inventions_are_told() {
        assert_eq!(differences(&json!({"a":1,"b":null,"c":[1.0]}), &json!({"a":1.0,"c":[1]})), Vec::<String>::new());
        assert_eq!(differences(&json!({"a":1}), &json!([{"a":1}])), Vec::<String>::new());
        assert_eq!(differences(&json!([{"a":1}]), &json!({"results":[{"a":1}],"limit":null})), Vec::<String>::new());
        for (sent, read, told) in [
            (json!([{"a":1}]), json!({"results":[{"a":1}],"limit":3}), "/limit is invented: 3"),
            (json!({"a":1}), json!({}), "/a is lost (it was 1)"),
            (json!({"a":1}), json!({"a":"1"}), "/a was 1 and is \"1\""),
            (json!({"a":null}), json!({"a":1}), "/a is invented: 1"),
            (json!([{"a":[1,2]}]), json!([{"a":[1]}]), "/0/a was [1,2] and is [1]"),
        ] {
            assert_eq!(differences(&sent, &read), [told]);
        }
    }
}
