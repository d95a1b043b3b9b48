//! A report for programs.

use serde_json::{Value, json};

use super::Report;

/// Version of this form; it changes when a member changes its meaning.
const VERSION: u32 = 1;

pub(super) fn render(report: &Report) -> String {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule,
                "file": finding.file,
                "line": finding.place.line,
                "column": finding.place.column,
                "pointer": finding.pointer,
                "what": finding.what,
                "why": finding.why,
                "fix": finding.fix,
                "stops_build": finding.stops_build(),
            })
        })
        .collect();
    let whole = json!({
        "version": VERSION,
        "documents": report.documents,
        "suppressed": report.suppressed,
        "findings": findings,
    });
    format!("{whole:#}\n")
}
