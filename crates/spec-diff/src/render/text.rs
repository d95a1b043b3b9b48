//! The report for a terminal.

use std::fmt::Write as _;

use super::{callers, class_name, counted, name, place, plain, plural, reach, reason, status, verdict};
use crate::model::{Change, Class, Report, SpecReport};
use crate::notes::form;

pub(super) fn of(report: &Report) -> String {
    let mut out = String::new();
    let summary = report.summary();
    let _ = writeln!(out, "{} -> {}", plain(&report.old), plain(&report.new));
    for spec in &report.specs {
        let _ = writeln!(out, "\n{} ({}, {})", spec.spec, status(spec), plural(spec.changes.len(), "change"));
        let shared = shared_reviewers(spec);
        if let Some(reviewers) = shared.filter(|reviewers| !reviewers.is_empty()) {
            let _ = writeln!(out, "  ask {}", reviewers.join(", "));
        }
        spec.changes.iter().for_each(|change| one(&mut out, change, shared.is_none()));
        for remark in &spec.remarks {
            let _ = writeln!(out, "\n  note: {}", plain(remark));
        }
        if let Some(form) = form(spec) {
            let _ = writeln!(out, "\n  To give the missing reasons, add this at the top of {}:", spec.spec);
            for line in form.lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    if summary.changes > 0 {
        let _ = writeln!(out, "\n{}", plural(summary.changes, "change"));
        let _ = writeln!(out, "  for callers:    {}", counted(summary.callers));
        let _ = writeln!(out, "  for Rust users: {}", counted(summary.rust));
    }
    let _ = writeln!(out, "{}", verdict(report));
    out
}

/// Reviewers of all changes, when they are the same for each.
fn shared_reviewers(spec: &SpecReport) -> Option<&[String]> {
    let first = spec.changes.first()?.reviewers.as_slice();
    spec.changes.iter().all(|change| change.reviewers == first).then_some(first)
}

fn one(out: &mut String, change: &Change, with_reviewers: bool) {
    // Callers come first: what is worse for Rust users only is said to be.
    let only = if change.callers < Some(change.worst()) { " FOR RUST" } else { "" };
    let _ = writeln!(
        out,
        "\n  {} {}{only}  {}: {}",
        change.id,
        class_name(Some(change.worst())).to_uppercase(),
        name(change),
        plain(&change.what)
    );
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "      {label:<9}{text}");
    };
    line("at", &place(change));
    if change.callers != Some(Class::Wording) {
        line("callers", &format!("{}; {}", callers(change), plain(&change.why)));
    }
    if let Some(reach) = reach(change) {
        line("reaches", &reach);
    }
    for effect in &change.rust_effects {
        line("rust", &format!("{}: {}", effect.class.name(), plain(&effect.what)));
    }
    change.effects.iter().for_each(|effect| line("effect", effect));
    if let Some(reason) = reason(change) {
        line("reason", &reason);
    }
    if with_reviewers && !change.reviewers.is_empty() {
        line("ask", &change.reviewers.join(", "));
    }
}
