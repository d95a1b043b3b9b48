//! A report for people: each finding with the line it is about.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use backup_sync_codegen::Finding;

use super::{Report, visible};
use crate::workspace::read;

/// So many findings of one file are shown; who wants all of them takes another format.
const SHOWN: usize = 200;

pub(super) fn render(report: &Report, root: &Path) -> String {
    let mut by_file: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_file.entry(&finding.file).or_default().push(finding);
    }
    let mut out = String::new();
    for (file, findings) in &by_file {
        let text = read(root, file).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        findings.iter().take(SHOWN).for_each(|finding| one(finding, &lines, &mut out));
        if let Some(more @ 1..) = findings.len().checked_sub(SHOWN) {
            _ = writeln!(out, "{file}: {more} more findings; `--format json` tells all\n");
        }
    }
    for checked in report.documents.iter().filter(|checked| !by_file.contains_key(&*checked.file)) {
        let super::Checked { file, operations, examples } = checked;
        _ = writeln!(out, "{file}: good, with {operations} operations and {examples} examples");
    }
    out
}

fn one(finding: &Finding, lines: &[&str], out: &mut String) {
    let Finding { file, place, rule, pointer, what, why, fix } = finding;
    _ = writeln!(out, "{file}:{place}: {rule}: {}", visible(what));
    if let Some(line) = lines.get(place.line.saturating_sub(1)) {
        let number = place.line.to_string();
        let gutter = number.len().max(5);
        let under = " ".repeat(place.column.saturating_sub(1).min(WIDTH));
        _ = writeln!(out, "{number:>gutter$} | {}\n{:>gutter$} | {under}^", visible(&shortened(line)), "");
    }
    let at = if pointer.is_empty() || pointer == "/" { "the whole document" } else { pointer };
    _ = writeln!(out, "  at   {}\n  why  {why}\n  fix  {fix}\n  more cargo xtask explain {rule}\n", visible(at));
}

/// How much of a line is shown.
const WIDTH: usize = 160;

/// A line that fits on a screen.
fn shortened(line: &str) -> String {
    let short: String = line.chars().take(WIDTH).collect();
    if short.len() < line.len() { short + "…" } else { short }
}
