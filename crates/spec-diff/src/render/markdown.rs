//! The report for a pull request.

use std::fmt::Write as _;

use serde_json::Value;

use super::{callers, class_name, counted, name, place, plain, plural, reach, reason, status, verdict};
use crate::model::{Change, Report, SpecReport};
use crate::notes::form;

pub(super) fn of(report: &Report) -> String {
    let summary = report.summary();
    let mut out = format!("## Changes of the specs\n\n{} → {}\n\n", escaped(&report.old), escaped(&report.new));
    if summary.changes > 0 {
        let _ = writeln!(
            out,
            "{}; for callers {}; for Rust users {}.",
            plural(summary.changes, "change"),
            counted(summary.callers),
            counted(summary.rust)
        );
    }
    let _ = writeln!(out, "**{}**", verdict(report));
    report.specs.iter().for_each(|spec| one_spec(&mut out, spec));
    out
}

fn one_spec(out: &mut String, spec: &SpecReport) {
    let _ = writeln!(out, "\n### `{}` ({}, {})\n", spec.spec, status(spec), plural(spec.changes.len(), "change"));
    if !spec.changes.is_empty() {
        out.push_str("| | what | callers | Rust | reason |\n|---|---|---|---|---|\n");
        spec.changes.iter().for_each(|change| row(out, change));
        out.push('\n');
        spec.changes.iter().for_each(|change| details(out, change));
    }
    for remark in &spec.remarks {
        let _ = writeln!(out, "\n> {}", escaped(remark));
    }
    if let Some(form) = form(spec) {
        let _ = writeln!(
            out,
            "\nTo give the missing reasons, add this at the top of `{}`:\n\n```yaml\n{form}```",
            spec.spec
        );
    }
}

fn row(out: &mut String, change: &Change) {
    let reason = match &change.reason {
        crate::model::Reason::Given { cause, .. } => cause.name(),
        crate::model::Reason::Missing if change.is_unexplained() => "**missing**",
        crate::model::Reason::Missing => "missing",
        crate::model::Reason::NotNeeded => "",
    };
    let _ = writeln!(
        out,
        "| {} | **{}**: {} | {} | {} | {reason} |",
        change.id,
        escaped(&name(change)),
        escaped(&change.what),
        bold(&callers(change)),
        bold(class_name(change.rust)),
    );
}

fn bold(class: &str) -> String {
    if class.starts_with("breaking") { format!("**{class}**") } else { class.to_owned() }
}

fn details(out: &mut String, change: &Change) {
    let _ = writeln!(out, "<details><summary>{}: {}</summary>\n", change.id, escaped(&name(change)));
    let mut line = |label: &str, text: &str| {
        let _ = writeln!(out, "- {label}: {}", escaped(text));
    };
    line("at", &place(change));
    line("kind", &format!("{}; {}", change.kind.id, change.why));
    if let Some(reach) = reach(change) {
        line("reaches", &reach);
    }
    for effect in &change.rust_effects {
        line("Rust", &format!("{}: {}", effect.class.name(), effect.what));
    }
    change.effects.iter().for_each(|effect| line("effect", effect));
    if let Some(reason) = reason(change) {
        line("reason", &reason);
    }
    if !change.reviewers.is_empty() {
        let _ = writeln!(out, "- ask: {}", change.reviewers.join(", "));
    }
    for (side, value) in [("old", &change.before), ("new", &change.after)] {
        if let Some(value) = value {
            let _ = writeln!(out, "\n{side}:\n\n{}", fenced(value));
        }
    }
    out.push_str("\n</details>\n\n");
}

/// A value as a block of code, with a fence that nothing in it can close.
fn fenced(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), str::to_owned);
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    let lines: Vec<String> = text.lines().map(plain).collect();
    format!("{fence}\n{}\n{fence}", lines.join("\n"))
}

/// Text that Markdown shows as it is, code between backticks excepted; fit for a cell of a table.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let text = plain(text);
    // A backtick without a partner would turn code and text around.
    let text = if text.matches('`').count().is_multiple_of(2) { text } else { text.replace('`', "'") };
    for (index, piece) in text.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        let code = index % 2 == 1;
        for character in piece.chars() {
            match character {
                '|' => out.push_str("\\|"),
                '<' if !code => out.push_str("&lt;"),
                '>' if !code => out.push_str("&gt;"),
                '&' if !code => out.push_str("&amp;"),
                '*' | '_' | '[' | ']' | '\\' | '#' | '@' if !code => out.extend(['\\', character]),
                _ => out.push(character),
            }
        }
    }
    out
}
