//! Every rule can be explained: what breaks it does break it, and what is said to be good breaks nothing.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use std::path::Path;

use backup_sync_codegen::lint::{self, GUARDS, Rule};
use backup_sync_codegen::{Error, Finding, generate, load};
use backup_sync_workshop::lesson::Lesson;
use backup_sync_workshop::{examples, suppressions};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// What is found in a text by everything that checks such a text.
fn findings(rule: &Rule, text: &str) -> Vec<Finding> {
    let file = format!("specs/{}.yaml", rule.id);
    if rule.id == "SPEC090" {
        let bad = std::fs::read_to_string(root().join("crates/codegen/tests/data/lint/SPEC031.yaml"))
            .expect("the fixture that is suppressed can be read");
        let bad = load::text_named(&bad, "specs/SPEC031.yaml").expect("it is YAML");
        let today = jiff::civil::date(2026, 11, 21);
        return suppressions::apply(text, suppressions::FILE, today, lint::check(&bad)).findings;
    }
    let document = match load::text_named(text, &file) {
        Ok(document) => document,
        Err(finding) => return vec![finding],
    };
    if GUARDS.iter().any(|guard| guard.id == rule.id) {
        return lint::guard(&document);
    }
    let mut found = lint::check(&document);
    found.extend(examples::check(&document).findings);
    // A document of a few lines is no whole API; only the rule that speaks of the generator needs it.
    if rule.id == "SPEC099" {
        match generate(&document) {
            Err(Error::Findings(refused)) => found.extend(refused),
            other => assert!(other.is_ok(), "{other:?}"),
        }
    }
    found
}

fn told(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("\n    {finding}")).collect()
}

#[test]
fn every_rule_has_a_bad_and_a_good_example() {
    let mut wrong = Vec::new();
    for rule in lint::all() {
        let lesson = match Lesson::of(rule, root()) {
            Ok(lesson) => lesson,
            Err(error) => {
                wrong.push(error.to_string());
                continue;
            }
        };
        let bad = findings(rule, &lesson.bad);
        let place = lesson.bad.lines().next().unwrap_or_default().split(": ").next().unwrap_or_default().to_owned();
        let promised = bad.iter().any(|found| {
            found.rule == rule.id && place == format!("# Breaks {} at {} {}", rule.id, found.place, found.pointer)
        });
        if !promised {
            wrong.push(format!("{}: the bad example should break it as it says:{}", rule.id, told(&bad)));
        }
        // SPEC000.yaml is no whole document.
        let good: Vec<Finding> = findings(rule, &lesson.good)
            .into_iter()
            .filter(|found| rule.id != "SPEC000" || found.rule == rule.id)
            .collect();
        if !good.is_empty() {
            wrong.push(format!("{}: the good example is not good:{}\n{}", rule.id, told(&good), lesson.good));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_lesson_shows_reason_remedy_and_both_examples() {
    let rule = lint::rule("spec036").expect("rules are found in any case");
    let text = Lesson::of(rule, root()).map(|lesson| lesson.text()).expect("the lesson is there");
    for part in [
        "SPEC036: secrets are marked",
        "Why: redaction is driven by the mark",
        "Fix: add `format: password`",
        "It cannot be suppressed.",
        "   36 |         password: {type: string, description: Password of the job.}",
        "      |         password: {type: string, format: password, description: Opens the job.}",
    ] {
        assert!(text.contains(part), "{part:?} is missing:\n{text}");
    }
}
