//! The report as a page that needs no network.

use askama::Template;
use serde_json::Value;

use super::{callers, class_name, counted, name, place, plain, plural, reach, reason, status, verdict};
use crate::model::{Change, Class, Report, SpecReport};
use crate::notes::form;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    old: String,
    new: String,
    verdict: String,
    unexplained: bool,
    changes: usize,
    total: String,
    callers: String,
    rust: String,
    classes: Vec<(&'static str, usize)>,
    specs: Vec<Spec>,
}

struct Spec {
    file: String,
    status: &'static str,
    count: String,
    changes: Vec<Row>,
    remarks: Vec<String>,
    form: Option<String>,
}

struct Row {
    id: String,
    class: &'static str,
    name: String,
    what: String,
    place: String,
    pointer: String,
    kind: &'static str,
    why: String,
    callers: String,
    rust: &'static str,
    reach: Option<String>,
    rust_effects: Vec<(&'static str, String)>,
    effects: Vec<String>,
    reason: Option<String>,
    missing: bool,
    reviewers: String,
    values: Option<(Vec<Line>, Vec<Line>)>,
}

/// A line of a value, and whether the other side has no such line.
struct Line {
    text: String,
    differs: bool,
}

pub(super) fn of(report: &Report) -> askama::Result<String> {
    let summary = report.summary();
    let worst = |class| report.changes().filter(|change| change.worst() == class).count();
    Page {
        old: plain(&report.old),
        new: plain(&report.new),
        verdict: verdict(report),
        unexplained: summary.unexplained > 0,
        changes: summary.changes,
        total: plural(summary.changes, "change"),
        callers: counted(summary.callers),
        rust: counted(summary.rust),
        classes: Class::WORST_FIRST.iter().map(|class| (class.name(), worst(*class))).collect(),
        specs: report.specs.iter().map(spec).collect(),
    }
    .render()
}

fn spec(spec: &SpecReport) -> Spec {
    Spec {
        file: plain(&spec.spec),
        status: status(spec),
        count: plural(spec.changes.len(), "change"),
        changes: spec.changes.iter().map(row).collect(),
        remarks: spec.remarks.iter().map(|remark| plain(remark)).collect(),
        form: form(spec),
    }
}

fn row(change: &Change) -> Row {
    Row {
        id: change.id.clone(),
        class: change.worst().name(),
        name: name(change),
        what: plain(&change.what),
        place: place(change),
        pointer: change.at().map(|at| plain(&at.pointer)).unwrap_or_default(),
        kind: change.kind.id,
        why: plain(&change.why),
        callers: callers(change),
        rust: class_name(change.rust),
        reach: reach(change),
        rust_effects: change.rust_effects.iter().map(|effect| (effect.class.name(), plain(&effect.what))).collect(),
        effects: change.effects.clone(),
        reason: reason(change),
        missing: change.is_unexplained(),
        reviewers: change.reviewers.join(", "),
        values: values(change),
    }
}

/// Both values side by side, where a change has any.
fn values(change: &Change) -> Option<(Vec<Line>, Vec<Line>)> {
    if change.before.is_none() && change.after.is_none() {
        return None;
    }
    let text = |value: &Option<Value>| match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => serde_json::to_string_pretty(value).unwrap_or_default(),
    };
    let (before, after) = (text(&change.before), text(&change.after));
    let marked = |own: &str, other: &str| -> Vec<Line> {
        // A comma at the end comes and goes with the line behind it.
        let bare = |line: &str| line.trim_end_matches(',').to_owned();
        let known: std::collections::HashSet<String> = other.lines().map(bare).collect();
        own.lines().map(|line| Line { text: plain(line), differs: !known.contains(&bare(line)) }).collect()
    };
    Some((marked(&before, &after), marked(&after, &before)))
}
