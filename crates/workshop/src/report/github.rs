//! A report as workflow commands, which GitHub Actions shows beside the lines of a pull request.

use std::fmt::Write as _;

use backup_sync_codegen::lint;

use super::{Report, visible};

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let title = lint::rule(finding.rule).map(|rule| rule.title).unwrap_or_default();
        let message = format!(
            "{}\nat {}\nWhy: {}.\nFix: {}.",
            visible(&finding.what),
            visible(&finding.pointer),
            finding.why,
            finding.fix
        );
        _ = writeln!(
            out,
            "::error file={},line={},col={},title={}::{}",
            property(&finding.file),
            finding.place.line,
            finding.place.column,
            property(&format!("{}: {title}", finding.rule)),
            data(&message)
        );
    }
    out
}

/// The escapes of a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a property, which ends at a colon or comma.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
