//! What a call with everything that an operation takes has to look like on the wire, read from the document alone.

use backup_sync_codegen::document::resolve;
use serde_json::Value;

use crate::server::Sent;
use crate::spec::Spec;
use crate::{AWKWARD, AWKWARD_IN_PATH, NUMBERS, TEXTS};

/// A parameter and its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// `path`, `query` or `header`.
    pub place: String,
    /// The vendor's name.
    pub name: String,
    /// What is sent: one value, or several of a list.
    pub values: Vec<String>,
}

/// Every parameter of the operation `id` with the values that [`crate::calls::Api::call`] sends.
pub fn parameters(spec: &Spec, id: &str) -> Vec<Expected> {
    let text = |node: &Value, key: &str| node[key].as_str().unwrap().to_owned();
    let one = |node: &Value| Expected {
        place: text(node, "in"),
        name: text(node, "name"),
        values: values(spec.root(), &node["schema"]),
    };
    spec.parameters(id).into_iter().map(one).collect()
}

fn values(root: &Value, schema: &Value) -> Vec<String> {
    let schema = resolve(root, schema).unwrap();
    match schema.get("items") {
        Some(items) => several(resolve(root, items).unwrap()),
        None => several(schema).into_iter().take(1).collect(),
    }
}

/// Two values of a type, the one that is sent alone first; of a closed set as many as there are.
fn several(schema: &Value) -> Vec<String> {
    match (schema["type"].as_str(), schema.get("enum").and_then(Value::as_array)) {
        (Some("boolean"), _) => vec!["true".to_owned()],
        (Some("integer" | "number"), _) => NUMBERS.iter().map(ToString::to_string).collect(),
        (_, Some(words)) => words.iter().take(2).map(|word| word.as_str().unwrap().to_owned()).collect(),
        _ => TEXTS.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// Request lines that are right for `path`, a template of the document below `base`.
pub fn lines(method: &str, base: &str, path: &str, parameters: &[Expected]) -> [String; 2] {
    AWKWARD_IN_PATH.map(|awkward| {
        let ids = parameters.iter().filter(|one| one.place == "path");
        let filled = ids.fold(path.to_owned(), |path, id| {
            path.replace(&format!("{{{}}}", id.name), &id.values[0].replace(AWKWARD, awkward))
        });
        format!("{} {base}{filled}", method.to_uppercase())
    })
}

/// What is wrong with query and headers: every parameter is there with its values, and nothing else is in the query.
pub fn deviations(sent: &Sent, parameters: &[Expected]) -> Vec<String> {
    let mut wrong = Vec::new();
    let of = |place: &'static str| parameters.iter().filter(move |one| one.place == place);
    let pairs = |one: &Expected| one.values.iter().map(|value| (one.name.clone(), value.clone())).collect::<Vec<_>>();
    let mut expected: Vec<(String, String)> = of("query").flat_map(pairs).collect();
    let mut queried = sent.query.clone();
    // Who repeats a name says an order; between different names there is none.
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    queried.sort_by(|a, b| a.0.cmp(&b.0));
    if queried != expected {
        wrong.push(format!("the query is {queried:?} instead of {expected:?}"));
    }
    for one in of("header").filter(|one| sent.header(&one.name) != one.values.first().map(String::as_str)) {
        wrong.push(format!("the header {} is {:?} instead of {:?}", one.name, sent.header(&one.name), one.values));
    }
    wrong
}
