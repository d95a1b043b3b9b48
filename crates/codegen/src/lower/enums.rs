//! Takes open value sets out of the document; they are generated as enums with a variant for any other text.

use heck::ToPascalCase;
use serde_json::Value;

use super::{OpenEnum, Plan, each_schema};
use crate::document::schemas;

pub(super) fn run(root: &mut Value, plan: &mut Plan) {
    for (name, node) in schemas(root) {
        let Some(values) = node.get("x-extensible-enum").and_then(Value::as_array) else { continue };
        let meaning = |value: &str| {
            let described = node.get("x-enum-descriptions").and_then(|all| all.get(value)).and_then(Value::as_str);
            described.unwrap_or_default().to_owned()
        };
        plan.open_enums.push(OpenEnum {
            schema: name.clone(),
            description: node.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
            values: values.iter().filter_map(Value::as_str).map(|v| (v.to_owned(), meaning(v))).collect(),
        });
    }
    each_schema(root, &mut |_, node| {
        if let Some(members) = node.as_object_mut() {
            members.remove("x-extensible-enum");
            members.remove("x-enum-descriptions");
        }
    });
}

/// The Rust variant for a value on the wire.
pub fn variant_name(value: &str) -> String {
    let name: String = value.to_pascal_case().chars().filter(char::is_ascii_alphanumeric).collect();
    match name.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("Value{name}"),
        Some(_) if matches!(name.as_str(), "Self" | "Other") => format!("{name}Value"),
        Some(_) => name,
    }
}
