//! Documents that were mutilated at random: load, lint, lower and the comparison of examples may refuse them, with a
//! place inside of the file, and never panic.
//!
//! The seed is fixed and printed with what fails. `BACKUP_SYNC_MUTATIONS` sets the number of cases, `BACKUP_SYNC_SEED`
//! another seed.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::Path;

use backup_sync_codegen::{Document, Error, Finding, check, lint, load, lower};
use backup_sync_workshop::examples;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde_json::{Value, json};

/// Cases without more being asked for.
const CASES: u32 = 150;

fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs `test` with values of `strategy` from a fixed seed.
fn run<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let seed = number("BACKUP_SYNC_SEED", 20_261_121);
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { cases: number("BACKUP_SYNC_MUTATIONS", CASES), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    match runner.run(&strategy, test) {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("BACKUP_SYNC_SEED={seed}: {why}\n{value:?}"),
        Err(TestError::Abort(why)) => panic!("BACKUP_SYNC_SEED={seed}: {why}"),
    }
}

fn good() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../codegen/tests/data/lint/good.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// Whether each finding says where it is, and something.
fn placed(text: &str, findings: &[Finding]) -> Result<(), TestCaseError> {
    let lines = text.lines().count().max(1);
    for finding in findings {
        let inside = (1..=lines + 1).contains(&finding.place.line) && finding.place.column >= 1;
        prop_assert!(inside && !finding.what.is_empty(), "{finding}");
    }
    Ok(())
}

/// Everything that is done to a document.
fn treat(text: &str) -> Result<(), TestCaseError> {
    let document: Document = match load::text_named(text, "specs/toy-v1.yaml") {
        Ok(document) => document,
        Err(finding) => return placed(text, &[finding]),
    };
    let findings = lint::check(&document);
    placed(text, &findings)?;
    // Drafts are lowered too, when they are compared.
    let lowered = lower::for_mocks(&lower::run(&document));
    lint::guard(&lowered.document);
    if !findings.iter().any(|finding| finding.rule == "SPEC048") {
        placed(text, &examples::check(&document).findings)?;
    }
    if !findings.iter().any(Finding::stops_build)
        && let Err(Error::Findings(refused)) = check(&document)
    {
        placed(text, &refused)?;
    }
    Ok(())
}

/// What is put into a text.
const SNIPPETS: [&str; 24] = [
    "\t",
    "&a ",
    "*a",
    "<<: ",
    "[[[[[[",
    "{",
    "}",
    "]",
    "- ",
    ": ",
    "? ",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "#",
    "\n",
    "\n\n  ",
    "---\n",
    "!t ",
    "\u{0}",
    "\u{feff}",
    "\u{1f600}",
    "$ref: '#/components/schemas/Job'\n",
];

/// Cuts out a part of the text, or puts something in its place.
#[derive(Clone, Debug)]
struct Cut {
    at: Index,
    length: usize,
    by: Option<usize>,
}

fn cuts() -> impl Strategy<Value = Vec<Cut>> {
    let one = (any::<Index>(), 0..40_usize, proptest::option::of(0..SNIPPETS.len()));
    proptest::collection::vec(one.prop_map(|(at, length, by)| Cut { at, length, by }), 1..4)
}

#[test]
fn mutilated_texts_are_refused_or_read() {
    let good = good();
    run(cuts(), |cuts| {
        let mut text: Vec<char> = good.chars().collect();
        for cut in &cuts {
            let from = cut.at.index(text.len().max(1)).min(text.len());
            let to = (from + cut.length).min(text.len());
            text.splice(from..to, cut.by.map_or("", |by| SNIPPETS[by]).chars());
        }
        treat(&text.into_iter().collect::<String>())
    });
}

/// What happens to a node of a document.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    /// A copy of another node takes its place.
    Copy(Index),
    /// Another name for a member.
    Rename(String),
}

fn value() -> impl Strategy<Value = Value> {
    let reference = prop_oneof![Just("Job"), Just("JobList"), Just("User"), Just("Nothing")];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-zA-Z0-9 /{}$#~_.-]{0,12}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!([[[[{}]]]])),
        Just(json!({"type": "array", "x-wire-types": ["array", "object"]})),
        reference.prop_map(|name| json!({"$ref": format!("#/components/schemas/{name}")})),
        "[a-zA-Z]{1,6}".prop_map(|name| json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}, {}]})),
        Just(json!({"$ref": "#/paths/~1jobs/get"})),
    ]
}

fn changes() -> impl Strategy<Value = Vec<(Index, Change)>> {
    let change = prop_oneof![
        value().prop_map(Change::Replace),
        Just(Change::Remove),
        any::<Index>().prop_map(Change::Copy),
        prop_oneof![
            "[a-zA-Z0-9_-]{0,8}",
            Just("$ref".to_owned()),
            Just("allOf".to_owned()),
            Just("properties".to_owned())
        ]
        .prop_map(Change::Rename),
    ];
    proptest::collection::vec((any::<Index>(), change), 1..4)
}

fn pointers(node: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    for (key, child) in node.as_object().into_iter().flatten() {
        pointers(child, &backup_sync_codegen::document::join(at, key), found);
    }
    for (index, child) in node.as_array().into_iter().flatten().enumerate() {
        pointers(child, &format!("{at}/{index}"), found);
    }
}

fn change(root: &mut Value, at: Index, change: &Change) {
    let mut all = Vec::new();
    pointers(root, "", &mut all);
    let pointer: String = at.get::<String>(&all).clone();
    let other = match change {
        Change::Copy(from) => root.pointer(from.get::<String>(&all)).cloned(),
        Change::Replace(value) => Some(value.clone()),
        _ => None,
    };
    if let (Some(by), Some(node)) = (other, root.pointer_mut(&pointer)) {
        *node = by;
        return;
    }
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let key = last.replace("~1", "/").replace("~0", "~");
    if let Some(members) = root.pointer_mut(parent).and_then(Value::as_object_mut)
        && let Some(value) = members.shift_remove(&key)
        && let Change::Rename(name) = change
    {
        members.insert(name.clone(), value);
    }
}

#[test]
fn mutilated_documents_are_refused_or_taken() {
    let good = load::text_named(&good(), "specs/toy-v1.yaml").unwrap().value;
    run(changes(), |changes| {
        let mut root = good.clone();
        changes.iter().for_each(|(at, what)| change(&mut root, *at, what));
        // JSON is YAML.
        treat(&serde_json::to_string_pretty(&root).unwrap())
    });
}
