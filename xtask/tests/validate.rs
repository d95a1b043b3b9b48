//! `cargo xtask validate` and `explain` as a program: what goes to which stream, and exit codes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A workspace with one document in which the line `from` is replaced by `to`.
fn workspace(from: &str, to: &str) -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let good = fs::read_to_string(root.join("crates/codegen/tests/data/lint/good.yaml")).unwrap();
    assert!(good.contains(from), "{from}");
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("specs")).unwrap();
    fs::write(folder.path().join("specs/toy-v1.yaml"), good.replace(from, to)).unwrap();
    folder
}

fn xtask(arguments: &[&str], root: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).arg("--root").arg(root).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_good_document_is_told_and_exits_with_zero() {
    let output = xtask(&["validate"], workspace("Toy API", "Toy API").path());
    assert_eq!(out(&output), "specs/toy-v1.yaml: good, with 2 operations and 3 examples\n");
    assert_eq!(err(&output), "1 document checked and good\n");
    assert!(output.status.success());
}

#[test]
fn every_form_holds_the_finding_on_standard_output_alone() {
    let folder = workspace("value: {name: nightly}", "value: {nam: nightly}");
    for format in ["text", "json", "sarif", "github"] {
        let output = xtask(&["validate", "--format", format], folder.path());
        assert!(!output.status.success(), "{format}");
        assert!(out(&output).contains("SPEC050"), "{format}: {}", out(&output));
        assert!(!err(&output).contains("SPEC050"), "{format}: {}", err(&output));
        assert!(err(&output).starts_with("1 finding; the clients can be built"), "{}", err(&output));
        if matches!(format, "json" | "sarif") {
            assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "{format}");
        }
    }
}

#[test]
fn suppressions_hold_until_they_expire() {
    let folder = workspace("description: A person.", "description: The user.");
    let entry = "[[suppression]]\nrule = \"SPEC044\"\nfile = \"specs/toy-v1.yaml\"\npointer = \
                 \"/components/schemas/User/description\"\nreason = \"Asked.\"\nowner = \"@toy\"\n\
                 expires = \"2026-12-01\"\n";
    fs::write(folder.path().join("specs/suppressions.toml"), entry).unwrap();
    let on = |day| xtask(&["validate", "--today", day], folder.path());
    let before = on("2026-12-01");
    assert!(before.status.success(), "{}", out(&before));
    assert_eq!(err(&before), "1 document checked and good, 1 suppressed\n");
    let after = on("2026-12-02");
    assert!(out(&after).contains("specs/suppressions.toml:1:1: SPEC090: "), "{}", out(&after));
    assert!(out(&after).contains(": SPEC044: \"The user.\" says no more than the name User"), "{}", out(&after));
    assert!(err(&after).contains("the clients can be built all the same"), "{}", err(&after));
    assert!(!after.status.success());
}

#[test]
fn what_the_generator_cannot_take_stops_the_build_and_is_told_so() {
    let output = xtask(&["validate"], workspace("openapi: 3.0.3", "openapi: 3.1.0").path());
    assert!(out(&output).starts_with("specs/toy-v1.yaml:2:1: SPEC001: the document says OpenAPI 3.1.0\n"));
    assert_eq!(err(&output), "1 finding; nothing is generated from the documents concerned\n");
}

#[test]
fn an_unknown_rule_is_told_with_the_way_to_the_list() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["explain", "SPEC999"]).output().unwrap();
    assert!(!output.status.success());
    assert!(err(&output).contains("`cargo xtask validate --rules` lists them"), "{}", err(&output));
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["explain", "spec031"]).output().unwrap();
    assert!(out(&output).starts_with("SPEC031: things are described\n"), "{}", out(&output));
}
