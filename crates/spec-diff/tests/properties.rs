//! What holds for every document: nothing differs from itself, nothing panics, no difference is passed over.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;

use backup_sync_codegen::{Document, documents, load};
use backup_sync_spec_diff::render::{Format, render};
use backup_sync_spec_diff::{Surroundings, compare_two};
use serde_json::{Value, json};

struct Wire;

impl Surroundings for Wire {
    fn wants_rust(&self) -> bool {
        false
    }
}

fn specs() -> Vec<Document> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let load =
        |path: &std::path::PathBuf| load::file(path, "specs/x.yaml").map_err(|finding| finding.to_string()).unwrap();
    documents(&folder).unwrap().iter().map(load).collect()
}

/// A small generator of numbers (xorshift); the seed is the test's own, so that a failure comes again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

/// Pointers of all nodes.
fn pointers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), value)];
    while let Some((pointer, node)) = waiting.pop() {
        match node {
            Value::Object(members) => waiting
                .extend(members.iter().map(|(name, node)| (backup_sync_codegen::document::join(&pointer, name), node))),
            Value::Array(items) => {
                waiting.extend(items.iter().enumerate().map(|(index, node)| (format!("{pointer}/{index}"), node)));
            }
            _ => {}
        }
        found.push(pointer);
    }
    found
}

/// Breaks a document somewhere: another value, another type, a member less or more.
fn broken(value: &Value, dice: &mut Dice) -> (String, Value) {
    let all = pointers(value);
    let pointer = all[dice.below(all.len())].clone();
    let other = value.pointer(&all[dice.below(all.len())]).cloned().unwrap_or_default();
    let mut value = value.clone();
    let choices =
        [json!(null), json!("text"), json!(-1), json!([]), json!({}), json!({"$ref": format!("#{pointer}")}), other];
    let choice = choices[dice.below(choices.len())].clone();
    let way = dice.below(3);
    if let Some(node) = value.pointer_mut(&pointer) {
        match node {
            Value::Object(members) if way == 0 && !members.is_empty() => {
                let name = members.keys().nth(dice.below(members.len())).cloned().unwrap_or_default();
                members.remove(&name);
            }
            Value::Object(members) if way == 1 => drop(members.insert("x-new".to_owned(), choice)),
            Value::Array(items) if way == 0 && !items.is_empty() => drop(items.remove(dice.below(items.len()))),
            Value::Array(items) if way == 1 => items.push(choice),
            node => *node = choice,
        }
    }
    (pointer, value)
}

/// The document with another value.
fn with(document: &Document, value: Value) -> Document {
    let mut document = document.clone();
    document.value = value;
    document
}

#[test]
fn no_spec_differs_from_itself() {
    for spec in specs() {
        assert_eq!(compare_two(&spec, &spec, &Wire).changes().count(), 0, "{}", spec.file);
    }
}

#[test]
fn mutated_documents_never_panic_and_are_mirrored() {
    let specs = specs();
    let mut dice = Dice(0x5eed_2026_1121);
    for round in 0..150 {
        let old = &specs[dice.below(specs.len())];
        let (pointer, mut value) = broken(&old.value, &mut dice);
        for _ in 0..dice.below(4) {
            value = broken(&value, &mut dice).1;
        }
        let new = with(old, value);
        let (there, back) = (compare_two(old, &new, &Wire), compare_two(&new, old, &Wire));
        assert_eq!(there.changes().count(), back.changes().count(), "round {round} at {pointer}");
        assert!(render(&there, Format::Html).is_ok() && render(&back, Format::Text).is_ok());
    }
}

#[test]
fn no_changed_value_is_passed_over() {
    let specs = specs();
    let mut dice = Dice(0x0dd_ba11);
    let mut missed = Vec::new();
    for spec in &specs {
        let leaves: Vec<String> = pointers(&spec.value)
            .into_iter()
            .filter(|pointer| spec.value.pointer(pointer).is_some_and(|node| node.is_string() || node.is_number()))
            // Order of required members, and references, which are compared by what they lead to.
            .filter(|pointer| !pointer.contains("/required/") && !pointer.ends_with("/$ref"))
            .collect();
        for _ in 0..40 {
            let pointer = &leaves[dice.below(leaves.len())];
            let mut value = spec.value.clone();
            if let Some(node) = value.pointer_mut(pointer) {
                let other = if node.is_number() { json!(-4711) } else { json!("another text") };
                assert_ne!(*node, other, "{pointer} has the value that stands for a change");
                *node = other;
            }
            let new = with(spec, value);
            if compare_two(spec, &new, &Wire).changes().count() == 0 {
                missed.push(format!("{} {pointer}", spec.value["info"]["title"]));
            }
        }
    }
    assert!(missed.is_empty(), "changed, and nothing told:\n{}", missed.join("\n"));
}
