//! A report for people: each finding with the line it is about.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use backup_sync_codegen::Finding;

use super::{Report, visible};
use crate::workspace::read;

pub(super) fn render(report: &Report, root: &Path) -> String {
    let mut texts: HashMap<&str, String> = HashMap::new();
    let mut out = String::new();
    for finding in &report.findings {
        let text = texts.entry(&finding.file).or_insert_with(|| read(root, &finding.file).unwrap_or_default());
        one(finding, text, &mut out);
    }
    let broken = |file: &str| report.findings.iter().any(|finding| finding.file == file);
    for checked in report.documents.iter().filter(|checked| !broken(&checked.file)) {
        let super::Checked { file, operations, examples } = checked;
        _ = writeln!(out, "{file}: good, with {operations} operations and {examples} examples");
    }
    out
}

fn one(finding: &Finding, text: &str, out: &mut String) {
    let Finding { file, place, rule, pointer, what, why, fix } = finding;
    _ = writeln!(out, "{file}:{place}: {rule}: {}", visible(what));
    if let Some(line) = text.lines().nth(place.line.saturating_sub(1)) {
        let number = place.line.to_string();
        let gutter = number.len().max(5);
        let under = " ".repeat(place.column.saturating_sub(1));
        _ = writeln!(out, "{number:>gutter$} | {}\n{:>gutter$} | {under}^", visible(&shortened(line)), "");
    }
    let at = if pointer.is_empty() || pointer == "/" { "the whole document" } else { pointer };
    _ = writeln!(out, "  at   {}\n  why  {why}\n  fix  {fix}\n  more cargo xtask explain {rule}\n", visible(at));
}

/// A line that fits on a screen.
fn shortened(line: &str) -> String {
    const WIDTH: usize = 160;
    let short: String = line.chars().take(WIDTH).collect();
    if short.len() < line.len() { short + "…" } else { short }
}
