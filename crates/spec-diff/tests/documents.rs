//! Whole documents: new, gone and renamed ones, reasons, reach, and what renderers do with dangerous text.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use backup_sync_codegen::{Document, load};
use backup_sync_spec_diff::model::{Reason, Status};
use backup_sync_spec_diff::render::{Format, render};
use backup_sync_spec_diff::{Change, Class, Nowhere, Report, Surroundings, compare_all, form};

fn document(file: &str, text: &str) -> Document {
    load::text_named(text, file).map_err(|finding| finding.to_string()).unwrap()
}

fn base() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/base.yaml");
    std::fs::read_to_string(path).unwrap()
}

fn toy(edit: impl Fn(String) -> String) -> Document {
    document("specs/toy-v1.yaml", &edit(base()))
}

/// Without the clients: these tests are about callers and words.
struct Wire;

impl Surroundings for Wire {
    fn wants_rust(&self) -> bool {
        false
    }

    fn sync_uses(&self, vendor: &str, operation: &str) -> bool {
        vendor == "toy" && operation == "ShowVault"
    }

    fn reviewers(&self, spec: &str, _: &Change) -> Vec<String> {
        vec![format!("@owners-of-{spec}")]
    }
}

fn compared(old: &[Document], new: &[Document]) -> Report {
    compare_all(("old", old), ("new", new), &Wire)
}

fn change<'r>(report: &'r Report, kind: &str) -> &'r Change {
    report.changes().find(|change| change.kind.id == kind).unwrap_or_else(|| panic!("no {kind} in {report:?}"))
}

/// A note at the top of the document.
fn noted(text: String, note: &str) -> String {
    format!("x-change:\n  - {note}\n{text}")
}

/// The size of a vault is gone, which breaks callers.
fn without_size(text: String) -> String {
    let line = text.lines().find(|line| line.contains("size: {type: integer")).unwrap().to_owned();
    text.replace(&(line + "\n"), "")
}

#[test]
fn a_new_document_harms_nobody() {
    let report = compared(&[], &[toy(|text| text)]);
    assert_eq!(report.specs[0].status, Status::Added);
    assert_eq!(change(&report, "spec-added").callers, Some(Class::Compatible));
    assert_eq!(report.summary().unexplained, 0);
}

#[test]
fn a_document_that_is_gone_breaks_callers_until_another_one_says_why() {
    let other =
        |text: String| document("specs/toy-v2.yaml", &text.replace("version: v1\n  desc", "version: v2\n  desc"));
    let report = compared(&[toy(|text| text), other(base())], &[other(base())]);
    let gone = change(&report, "spec-removed");
    assert_eq!((gone.callers, &gone.reason), (Some(Class::Breaking), &Reason::Missing));
    let asked = form(&report.specs[0]).unwrap();
    assert!(asked.contains("document: specs/toy-v1.yaml"), "{asked}");
    let note =
        "{document: specs/toy-v1.yaml, reason: api-change, note: The vendor switched it off., date: '2026-11-21'}";
    let report = compared(&[toy(|text| text), other(base())], &[other(noted(base(), note))]);
    assert_eq!(report.summary().unexplained, 0);
    assert!(report.specs.iter().all(|spec| spec.remarks.is_empty()), "{:?}", report.specs);
}

#[test]
fn a_document_with_another_file_name_is_the_same_document() {
    let new = document("specs/toy-one.yaml", &without_size(base()));
    let report = compared(&[toy(|text| text)], &[new]);
    assert_eq!(report.specs.len(), 1);
    assert_eq!(report.specs[0].status, Status::Renamed);
    let renamed = change(&report, "spec-renamed");
    assert_eq!(renamed.old.as_ref().map(|at| at.file.as_str()), Some("specs/toy-v1.yaml"));
    assert_eq!(change(&report, "member-removed").callers, Some(Class::Breaking));
}

#[test]
fn a_change_of_a_shared_schema_is_told_once_with_all_that_it_reaches() {
    let new = toy(|text| {
        text.replace(
            "key: {type: string, description: Its key., maxLength: 32}",
            "key: {type: integer, description: Its key.}",
        )
    });
    let report = compared(&[toy(|text| text)], &[new]);
    let told: Vec<&Change> = report.changes().filter(|change| change.kind.id == "type-changed").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].operations, ["CreateVault", "ListVaults", "ShowVault", "SyncVault"]);
    assert_eq!((told[0].in_request, told[0].in_answer), (Some(Class::Breaking), Some(Class::Breaking)));
    let text = render(&report, Format::Text).unwrap();
    assert!(text.contains("reaches  4 operations: CreateVault, ListVaults, ShowVault and 1 more"), "{text}");
    assert!(text.contains("the sync layer calls `ShowVault`"), "{text}");
    assert!(text.contains("\n  ask @owners-of-specs/toy-v1.yaml\n"), "{text}");
}

#[test]
fn why_speaks_of_the_direction_at_hand() {
    let answer = compared(&[toy(|text| text)], &[toy(without_size)]);
    assert_eq!(change(&answer, "member-removed").why, "who reads it finds nothing");
    let shared = |text: String| text.replace("        value: {type: string, description: Its value.}\n", "");
    let both = compared(&[toy(|text| text)], &[toy(shared)]);
    let why = &change(&both, "member-removed").why;
    assert_eq!(why, "requests: who sends it is refused, or not heard; answers: who reads it finds nothing");
}

#[test]
fn places_are_lines_of_both_documents() {
    let report = compared(&[toy(|text| text)], &[toy(without_size)]);
    let old = change(&report, "member-removed").old.clone().unwrap();
    let line = base().lines().position(|line| line.contains("size: {type: integer")).unwrap() + 1;
    assert_eq!((old.file.as_str(), old.line), ("specs/toy-v1.yaml", line));
    assert_eq!(old.pointer, "/components/schemas/Vault/properties/size");
    assert_eq!(change(&report, "member-removed").new, None);
}

const GOOD: &str = "{schema: Vault, reason: spec-correction, note: It never had a size., date: '2026-11-21'}";

#[test]
fn a_new_note_explains_and_an_old_one_does_not() {
    let old = toy(|text| text);
    let missing = compared(std::slice::from_ref(&old), &[toy(without_size)]);
    assert_eq!(missing.summary().unexplained, 1);
    let explained = compared(&[old], &[toy(|text| noted(without_size(text), GOOD))]);
    assert_eq!(explained.summary().unexplained, 0);
    let reason = &change(&explained, "member-removed").reason;
    assert!(matches!(reason, Reason::Given { note, .. } if note == "It never had a size."), "{reason:?}");
    let stale = compared(&[toy(|text| noted(text, GOOD))], &[toy(|text| noted(without_size(text), GOOD))]);
    assert_eq!(stale.summary().unexplained, 1);
}

#[test]
fn a_note_may_stand_where_the_change_is_or_name_a_pointer_or_an_operation() {
    let old = || [toy(|text| text)];
    let note = "reason: api-change, note: Gone since spring., date: '2026-11-21'";
    for named in
        ["pointer: /components/schemas/Vault/properties/size", "pointer: '#/components/schemas/Vault'", "schema: Vault"]
    {
        let report = compared(&old(), &[toy(|text| noted(without_size(text), &format!("{{{named}, {note}}}")))]);
        assert_eq!(report.summary().unexplained, 0, "{named}");
    }
    let inside = |text: String| {
        let head = "    Vault:\n      type: object\n";
        without_size(text).replace(head, &format!("{head}      x-change: [{{{note}}}]\n"))
    };
    assert_eq!(compared(&old(), &[toy(inside)]).summary().unexplained, 0);
    let removed = |text: String| {
        text.replace("        - {name: offset, in: query, description: Vaults to skip., schema: {type: integer}}\n", "")
    };
    let by_operation = format!("{{operation: ListVaults, {note}}}");
    assert_eq!(compared(&old(), &[toy(|text| noted(removed(text), &by_operation))]).summary().unexplained, 0);
    // A schema that several operations share is not explained by a note about one of them.
    assert_eq!(compared(&old(), &[toy(|text| noted(without_size(text), &by_operation))]).summary().unexplained, 1);
}

#[test]
fn a_note_that_explains_nothing_is_told_with_its_place() {
    let cases = [
        ("{reason: api-change, note: N., date: '2026-11-21'}", "say what it is about"),
        ("{schema: Vault, operation: ShowVault, reason: api-change, note: N., date: '2026-11-21'}", "name one thing"),
        ("{schema: Vault, reason: because, note: N., date: '2026-11-21'}", "`reason` is `api-change` or"),
        ("{schema: Vault, reason: api-change, date: '2026-11-21'}", "`note` is missing"),
        ("{schema: Vault, reason: api-change, note: N.}", "`date` is missing"),
        ("{schema: Task, reason: api-change, note: N., date: '2026-11-21'}", "fits no change"),
    ];
    for (note, told) in cases {
        let report = compared(&[toy(|text| text)], &[toy(|text| noted(without_size(text), note))]);
        let remarks = &report.specs[0].remarks;
        assert_eq!(remarks.len(), 1, "{note}: {remarks:?}");
        assert!(remarks[0].starts_with("specs/toy-v1.yaml:2:5") && remarks[0].contains(told), "{note}: {remarks:?}");
        assert_eq!(report.summary().unexplained, 1, "{note}");
    }
}

#[test]
fn what_is_asked_for_explains_everything_once_it_is_filled_in() {
    let edit = |text: String| {
        without_size(text)
            .replace("operationId: DeleteVault", "operationId: RemoveVault")
            .replace("maxLength: 64", "maxLength: 8")
    };
    let report = compare_all(("old", &[toy(|text| text)]), ("new", &[toy(edit)]), &Nowhere);
    assert!(report.summary().unexplained >= 3);
    let filled = form(&report.specs[0]).unwrap();
    let explained =
        compare_all(("old", &[toy(|text| text)]), ("new", &[toy(|text| filled.clone() + &edit(text))]), &Nowhere);
    assert_eq!(explained.summary().unexplained, 0, "{filled}");
    assert_eq!(form(&explained.specs[0]), None);
}

#[test]
fn text_of_a_document_is_never_obeyed() {
    let nasty = "<script>alert(1)</script> | `code` \\e[31m \\u202e **bold** @team";
    let edit = |text: String| {
        text.replace("description: An API to compare with itself.", &format!("description: \"{nasty}\""))
            .replace("version: v1\n  desc", &format!("version: \"{nasty}\"\n  desc"))
    };
    let report = compared(&[toy(|text| text)], &[toy(edit)]);
    let page = render(&report, Format::Html).unwrap();
    assert!(!page.contains("<script"), "{page}");
    for format in [Format::Text, Format::Markdown, Format::Html] {
        let shown = render(&report, format).unwrap();
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{format:?}");
    }
    let markdown = render(&report, Format::Markdown).unwrap();
    let row = markdown.lines().find(|line| line.starts_with("| C1 |")).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 6, "{row}");
    // Between backticks nothing is obeyed.
    let outside: String = row.split('`').step_by(2).collect();
    assert!(row.contains("<script>") && !outside.contains("<script"), "{row}");
}
