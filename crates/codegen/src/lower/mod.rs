//! Rewrites, in memory, what a document says into what the generator can take.
//!
//! One file per pass, in the order in which they run. No pass changes what is sent; they decide what is *accepted*:
//! any success status, null and absence alike, unknown values, numbers as text. Each pass has a before/after golden
//! in `tests/data/lower/`, and [`crate::lint::guard`] proves afterwards that no trap is left.

pub mod aliases;
pub(crate) mod bare;
pub mod choices;
pub mod compositions;
pub mod defaults;
pub mod enums;
pub mod formats;
pub mod mocks;
pub mod parameters;
pub mod responses;
pub mod secrets;
pub mod tolerance;
pub mod unused;
pub mod wire;

use std::sync::Arc;

use serde_json::Value;

use crate::document::{Document, join};
use crate::lint::walk;

/// A set of values that may grow, to be generated as an open enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenEnum {
    /// Name of the schema.
    pub schema: String,
    /// Its description.
    pub description: String,
    /// Known values in document order, each with its meaning (may be empty).
    pub values: Vec<(String, String)>,
}

/// A schema whose Rust type is not generated but given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Name of the schema.
    pub schema: String,
    /// Path of the Rust type; `types::` stands for the generated module of types.
    pub rust: String,
}

/// Other spellings of a member of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Name of the schema.
    pub schema: String,
    /// Name of the member.
    pub member: String,
    /// The other spellings.
    pub names: Vec<String>,
}

/// What the passes have put aside for [`crate::emit`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Open enums to generate.
    pub open_enums: Vec<OpenEnum>,
    /// Types that come from the runtime.
    pub replacements: Vec<Replacement>,
    /// Other spellings of members.
    pub aliases: Vec<Alias>,
}

/// A lowered document and what belongs to it.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The document that the generator reads.
    pub document: Document,
    /// What the emitter needs beside it.
    pub plan: Plan,
}

/// One pass: its name, and the function that rewrites the document.
pub type Pass = (&'static str, fn(&mut Value, &mut Plan));

/// All passes for the client, in order.
pub const PASSES: [Pass; 12] = [
    ("unused", unused::run),
    ("aliases", aliases::run),
    ("responses", responses::run),
    ("compositions", compositions::run),
    ("choices", choices::run),
    ("secrets", secrets::run),
    ("wire", wire::run),
    ("enums", enums::run),
    ("tolerance", tolerance::run),
    ("defaults", defaults::run),
    ("formats", formats::run),
    ("parameters", parameters::run),
];

/// Runs all passes.
pub fn run(document: &Document) -> Lowered {
    let value = bare::copy(&document.value);
    let document = Document { file: document.file.clone(), value, places: Arc::clone(&document.places) };
    let mut lowered = Lowered { document, plan: Plan::default() };
    for (_, pass) in PASSES {
        pass(&mut lowered.document.value, &mut lowered.plan);
    }
    lowered
}

/// Runs the further pass that the mock helpers need.
pub fn for_mocks(lowered: &Lowered) -> Lowered {
    let mut lowered = lowered.clone();
    mocks::run(&mut lowered.document.value, &mut lowered.plan);
    lowered
}

/// Visits every schema object mutably, children before parents, with its JSON pointer.
pub(crate) fn each_schema(root: &mut Value, visit: &mut dyn FnMut(&str, &mut Value)) {
    walk::each_mut(root, visit);
}

/// Adds a schema to the components unless one of that name is there.
pub(crate) fn add_schema(root: &mut Value, name: &str, schema: Value) {
    if let Some(schemas) = root.pointer_mut("/components/schemas").and_then(Value::as_object_mut)
        && !schemas.contains_key(name)
    {
        schemas.insert(name.to_owned(), schema);
    }
}

/// The reference to a component schema.
pub(crate) fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": join("#/components/schemas", name) })
}

/// Replaces a schema by a reference and keeps the mark that it is a key.
pub(crate) fn keep_key(node: &mut Value, by: Value) {
    let key = node.get("x-key").cloned();
    *node = by;
    if let (Some(key), Some(members)) = (key, node.as_object_mut()) {
        members.insert("x-key".to_owned(), key);
    }
}
