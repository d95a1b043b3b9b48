//! Every file in `tests/cases/` is one change: a JSON Patch of `tests/base.yaml` and the changes that must be told.
//!
//! `before` (optional) patches the old side as well. Each line of `expect` is
//! `KIND NAME | classes for callers | class for Rust users`. A new case is a new file.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use backup_sync_codegen::{Document, documents, load};
use backup_sync_spec_diff::render::{Format, render};
use backup_sync_spec_diff::{Change, Class, Nowhere, Report, Surroundings, compare_all, kind};
use serde_json::Value;

/// A case with its two documents.
struct Case {
    name: String,
    old: Document,
    new: Document,
    expect: BTreeSet<String>,
}

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

fn read(path: &Path) -> Value {
    load::file(path, &path.display().to_string()).map_err(|finding| finding.to_string()).unwrap().value
}

/// A value as a document with places; JSON is YAML.
fn document(value: &Value) -> Document {
    let text = serde_json::to_string_pretty(value).unwrap();
    load::text_named(&text, "specs/toy-v1.yaml").map_err(|finding| finding.to_string()).unwrap()
}

fn patched(mut value: Value, name: &str, patch: &Value) -> Value {
    if !patch.is_null() {
        let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
        json_patch::patch(&mut value, &patch).map_err(|error| format!("{name}: {error}")).unwrap();
    }
    value
}

fn cases() -> Vec<Case> {
    let base = read(&data("base.yaml"));
    let files = documents(&data("cases")).unwrap();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let case = read(path);
            let old = patched(base.clone(), &name, &case["before"]);
            let new = patched(old.clone(), &name, &case["patch"]);
            let lines = case["expect"].as_array().unwrap().iter();
            let expect = lines.map(|line| line.as_str().unwrap().to_owned()).collect();
            Case { old: document(&old), new: document(&new), name, expect }
        })
        .collect()
}

fn compared(old: &Document, new: &Document, surroundings: &dyn Surroundings) -> Report {
    compare_all(("old", std::slice::from_ref(old)), ("new", std::slice::from_ref(new)), surroundings)
}

/// Each case with its report; the clients are generated once for all tests.
fn reports() -> &'static [(Case, Report)] {
    static REPORTS: OnceLock<Vec<(Case, Report)>> = OnceLock::new();
    REPORTS.get_or_init(|| {
        let report = |case: Case| (compared(&case.old, &case.new, &Nowhere), case);
        cases().into_iter().map(report).map(|(report, case)| (case, report)).collect()
    })
}

/// Callers only.
struct Wire;

impl Surroundings for Wire {
    fn wants_rust(&self) -> bool {
        false
    }
}

fn line(change: &Change) -> String {
    let word = |class: Option<Class>| class.map_or("none", Class::name);
    let name = match &change.part {
        Some(part) => format!("{}: {part}", change.subject.name()),
        None => change.subject.name().to_owned(),
    };
    let callers = match (change.in_request, change.in_answer) {
        (Some(request), Some(answer)) => format!("request {}, answer {}", request.name(), answer.name()),
        (Some(request), None) => format!("request {}", request.name()),
        (None, Some(answer)) => format!("answer {}", answer.name()),
        (None, None) => word(change.callers).to_owned(),
    };
    format!("{} {name} | {callers} | {}", change.kind.id, word(change.rust))
}

#[test]
fn every_case_tells_what_its_file_says() {
    let cases = reports();
    assert!(cases.len() >= 80, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for (case, report) in cases {
        let told: BTreeSet<String> = report.changes().map(line).collect();
        if told != case.expect {
            let extra = told.difference(&case.expect).map(|line| format!("  told, not expected:  {line}"));
            let missing = case.expect.difference(&told).map(|line| format!("  expected, not told:  {line}"));
            let remarks =
                report.specs.iter().flat_map(|spec| &spec.remarks).map(|remark| format!("  remark: {remark}"));
            wrong.push(format!(
                "{}\n{}",
                case.name,
                extra.chain(missing).chain(remarks).collect::<Vec<_>>().join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_kind_has_a_case() {
    // These are about files, not about what stands in one; tests/documents.rs shows them.
    let files = ["spec-added", "spec-removed", "spec-renamed"];
    let told: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| &case.expect)
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    let missing: Vec<&str> =
        kind::ALL.iter().map(|kind| kind.id).filter(|id| !files.contains(id) && !told.contains(*id)).collect();
    assert!(missing.is_empty(), "no case shows {}", missing.join(", "));
}

/// Old and new pointer of each change of the wire.
fn pointers(report: &Report) -> BTreeSet<(Option<String>, Option<String>)> {
    report
        .changes()
        .map(|change| (change.old.clone().map(|at| at.pointer), change.new.clone().map(|at| at.pointer)))
        .collect()
}

#[test]
fn the_way_back_has_the_same_places() {
    for case in cases() {
        let there = pointers(&compared(&case.old, &case.new, &Wire));
        let back = pointers(&compared(&case.new, &case.old, &Wire));
        let mirrored: BTreeSet<_> = back.into_iter().map(|(old, new)| (new, old)).collect();
        assert_eq!(there, mirrored, "{}", case.name);
    }
}

#[test]
fn nothing_changes_against_itself() {
    for case in cases() {
        assert_eq!(compared(&case.new, &case.new, &Nowhere).changes().count(), 0, "{}", case.name);
    }
}

/// Text as HTML writes it.
fn html(text: &str) -> String {
    let named = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    named.replace('"', "&#34;").replace('\'', "&#39;")
}

#[test]
fn all_forms_of_a_report_agree() {
    for (case, report) in reports() {
        let shown = |format| render(report, format).unwrap();
        let (text, page) = (shown(Format::Text), shown(Format::Html));
        let markdown =
            shown(Format::Markdown).replace('\\', "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let json: Value = serde_json::from_str(&shown(Format::Json)).unwrap();
        let name = &case.name;
        let count = report.changes().count();
        assert_eq!(text.matches("\n      at       ").count(), count, "{name}: text\n{text}");
        assert_eq!(markdown.matches("<details>").count(), count, "{name}: Markdown\n{markdown}");
        assert_eq!(page.matches("<article ").count(), count, "{name}: HTML\n{page}");
        let listed: usize =
            json["specs"].as_array().unwrap().iter().map(|spec| spec["changes"].as_array().unwrap().len()).sum();
        assert_eq!((listed, json["summary"]["changes"].as_u64()), (count, Some(count as u64)), "{name}: JSON");
        for class in Class::WORST_FIRST {
            let callers = report.changes().filter(|change| change.callers == Some(class)).count();
            assert_eq!(
                json["summary"]["callers"][class.name()].as_u64(),
                Some(callers as u64),
                "{name}: {}",
                class.name()
            );
        }
        for change in report.changes() {
            assert!(
                text.contains(&format!("  {} ", change.id)) && text.contains(&change.what),
                "{name}: text lacks {change:?}"
            );
            assert!(markdown.contains(&format!("| {} |", change.id)), "{name}: Markdown lacks {}", change.id);
            assert!(markdown.contains(&change.what), "{name}: Markdown lacks {}\n{markdown}", change.what);
            assert!(page.contains(&format!("id=\"{}\"", change.id)), "{name}: HTML lacks {}", change.id);
            assert!(page.contains(&html(&change.what)), "{name}: HTML lacks {}", change.what);
            for effect in &change.rust_effects {
                assert!(text.contains(&effect.what) && markdown.contains(&effect.what), "{name}: {}", effect.what);
                assert!(page.contains(&html(&effect.what)), "{name}: HTML lacks {}", effect.what);
            }
        }
    }
}
