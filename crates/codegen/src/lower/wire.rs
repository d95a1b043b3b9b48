//! Gives tolerant readers to values whose JSON type is disputed (`x-wire-types`).

use heck::ToPascalCase;
use serde_json::{Value, json};

use super::{Plan, Replacement, add_schema, each_schema, keep_key, reference};
use crate::document::schema_name;

/// Tolerant scalar types of the runtime, each under the schema name that stands for it.
pub(crate) const READERS: [(&str, &str); 5] = [
    ("LenientBoolean", "::backup_sync_runtime::wire::LenientBoolean"),
    ("LenientInteger", "::backup_sync_runtime::wire::LenientInteger"),
    ("LenientNumber", "::backup_sync_runtime::wire::LenientNumber"),
    ("LenientText", "::backup_sync_runtime::wire::LenientText"),
    ("LenientTime", "::backup_sync_runtime::wire::LenientTime"),
];

pub(super) fn run(root: &mut Value, plan: &mut Plan) {
    let mut used: Vec<&str> = Vec::new();
    let mut lists: Vec<Replacement> = Vec::new();
    let mut pages: Vec<String> = Vec::new();
    each_schema(root, &mut |pointer, node| {
        let Some(types) = node.get("x-wire-types").and_then(Value::as_array) else { return };
        if types.contains(&json!("array")) {
            if node.get("type") == Some(&json!("object")) {
                pages.extend(pointer.rsplit('/').next().map(str::to_owned));
            } else if let (Some(name), Some(item)) =
                (pointer.rsplit('/').next(), node.get("items").and_then(schema_name))
            {
                let rust = format!("::backup_sync_runtime::wire::OneOrMany<types::{}>", item.to_pascal_case());
                lists.push(Replacement { schema: name.to_owned(), rust });
            }
            return;
        }
        let reader = reader(node, types);
        used.push(reader);
        keep_key(node, reference(reader));
    });
    for (schema, rust) in READERS.into_iter().filter(|(schema, _)| used.contains(schema)) {
        add_schema(root, schema, json!({ "type": "string", "description": "A value read tolerantly." }));
        plan.replacements.push(Replacement { schema: schema.to_owned(), rust: rust.to_owned() });
    }
    plan.replacements.extend(lists);
    pages.iter().for_each(|name| page(root, plan, name));
}

/// Lets an answer that is a page come as a bare list too: what answers it refers to a schema of its own, whose type
/// reads both and holds the page.
fn page(root: &mut Value, plan: &mut Plan, name: &str) {
    let (page, either) = (reference(name), format!("{name}OrList"));
    let paths = root.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten();
    for operation in paths.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten()) {
        let answer = operation.1.pointer_mut("/responses/2XX/content/application~1json/schema");
        if let Some(answer) = answer.filter(|answer| **answer == page) {
            *answer = reference(&either);
        }
    }
    add_schema(root, &either, json!({ "type": "object", "description": "A page, or a bare list in its place." }));
    let rust = format!("::backup_sync_runtime::wire::PageOrList<types::{}>", name.to_pascal_case());
    plan.replacements.push(Replacement { schema: either, rust });
}

fn reader(node: &Value, types: &[Value]) -> &'static str {
    let unit = node.get("x-unit").and_then(Value::as_str).unwrap_or_default();
    match () {
        () if types.contains(&json!("boolean")) => "LenientBoolean",
        () if types.contains(&json!("number")) => "LenientNumber",
        () if unit == "ms" => "LenientTime",
        () if node.get("type") == Some(&json!("string")) => "LenientText",
        () => "LenientInteger",
    }
}
