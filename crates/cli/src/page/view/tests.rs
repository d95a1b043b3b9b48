//! Pages from stories: what comes first, what is only counted, and what cannot get in.

use backup_sync::engine::{Report, TargetReport};
use serde_json::{Value, json};

use super::*;
use crate::exit::Exit;
use crate::page::timeline::{Memory, Track};

fn target(endpoint: &str, name: &str, outcome: &Value) -> TargetReport {
    let mut target = json!({
        "target": {"endpoint": endpoint, "kind": "vault", "id": name}, "name": name, "vendor": "v", "job": [format!("job of {name}")],
        "adopted": false, "transient": false, "duration_ms": 61_000,
    });
    target.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
    serde_json::from_value(target).unwrap()
}

fn proven() -> Value {
    json!({"outcome": "succeeded", "evidence": {"rule": "the rule", "facts": {"xBefore": 1, "xAfter": 2, "y": "z"}}})
}

fn failed() -> Value {
    json!({"outcome": "failed", "reason": "the disk is full"})
}

fn page(targets: Vec<TargetReport>) -> String {
    let summary = serde_json::to_value(backup_sync::engine::Summary::default()).unwrap();
    let report = json!({"version": 1, "run": "R", "interrupted": false, "duration_ms": 62_000, "summary": summary, "targets": []});
    let report = Report { targets, ..serde_json::from_value(report).unwrap() };
    let mut memory = Memory::default();
    for target in &report.targets {
        let track = Track { sent: Some(500), begun: Some(1_000), ended: Some(62_000), ..Track::default() };
        memory.tracks.insert(target.target.clone(), track);
    }
    Page::of(&Story::of_report(&report, Exit::of(&report), memory)).render().unwrap()
}

#[test]
fn names_of_vendors_are_text_and_nothing_else() {
    let hostile = "<script>alert(1)</script>\u{202e}\u{2066}'\"&amp;{{ 7*7 }}\u{1b}[31m";
    let mut failed = failed();
    failed["reason"] = hostile.into();
    failed["error_kind"] = "\"><img src=x onerror=alert(1)>".into();
    let mut one = target(hostile, hostile, &failed);
    one.job = vec![hostile.to_owned()];
    one.vendor = hostile.to_owned();
    let page = page(vec![one, target("e", hostile, &proven())]);
    for markup in ["<script", "<img", "onerror=alert(1)>", "\u{202e}", "\u{2066}", "\u{1b}"] {
        assert!(!page.contains(markup), "{markup:?} is in the page");
    }
    assert!(page.contains("{{ 7*7 }}"), "templates are not read twice");
    assert!(page.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{page}");
}

#[test]
fn what_has_failed_comes_first_with_its_reason_and_the_next_step() {
    let page = page(vec![target("e", "fine", &proven()), target("e", "broken", &failed())]);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text:?} is missing in {page}"));
    assert!(place("Look at these first</h2>") < place("the disk is full"));
    assert!(place("the disk is full") < place("All targets</h2>"));
    assert!(place("job of broken") < place("All targets</h2>"));
    place("Exit code 6: some targets succeeded, others failed");
    place("<code>backup-sync sync e/vault/broken</code>");
    place("<b>x</b> 1 → 2; <b>y</b> z");
    place("aria-label=\"waited 0.5 s, at work 1 min 1 s\"");
}

#[test]
fn ten_thousand_targets_make_a_page_that_can_be_opened_and_no_failure_is_left_out() {
    let outcome = |number: usize| if number % 9 == 8 { failed() } else { proven() };
    let name = |number: usize| format!("target-{number:05}");
    let targets = (0..10_000).map(|number| target(&format!("e{}", number % 40), &name(number), &outcome(number)));
    let page = page(targets.collect());
    for number in (8..10_000).step_by(9) {
        assert!(page.matches(&name(number)).count() >= 2, "{number}");
    }
    assert!(page.contains("7889 are only counted here"), "the rest is counted");
    assert!(page.contains("backup-sync history --run R"));
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
}

#[test]
fn every_open_end_has_a_next_step_and_every_closed_one_has_none() {
    let outcomes = [
        (proven(), false),
        (json!({"outcome": "skipped", "reason": "paused"}), false),
        (failed(), true),
        (json!({"outcome": "failed", "reason": "r", "error_kind": "unreachable"}), true),
        (json!({"outcome": "failed", "reason": "r", "error_kind": "tls"}), true),
        (json!({"outcome": "stopped"}), true),
        (json!({"outcome": "unknown", "why": "w"}), true),
        (json!({"outcome": "still-running", "why": "w"}), true),
    ];
    for (outcome, wants) in outcomes {
        let page = page(vec![target("e", "one", &outcome)]);
        assert_eq!(page.contains("<code>backup-sync sync e/vault/one</code>"), wants, "{outcome}");
        assert_eq!(page.contains("Look at these first"), wants, "{outcome}");
    }
}

#[test]
fn a_run_that_could_not_begin_says_why() {
    let failure = crate::exit::Failure::usage("<b>no</b> such endpoint");
    let page = Page::of(&Story::of_failure("sync", &failure)).render().unwrap();
    assert!(page.contains("&#60;b&#62;no&#60;/b&#62; such endpoint") && page.contains("Exit code 2"), "{page}");
    assert!(!page.contains("All targets"), "there are none");
}

#[test]
fn the_next_step_names_the_configuration_that_was_named() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for (call, expected) in [
        ("sync --all", ""),
        ("sync --config a.toml", " --config a.toml"),
        ("sync -c a.toml x", " --config a.toml"),
        ("sync --config=it's.toml", " --config 'it'\\''s.toml'"),
        ("sync --config", ""),
    ] {
        assert_eq!(config(&words(call)), expected, "{call}");
    }
}
