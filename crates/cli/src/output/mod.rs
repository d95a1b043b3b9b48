//! Results on standard output: a table for people or one JSON document. A closed pipe is no error.

use std::io::{self, ErrorKind, Write as _};

use backup_sync::engine::{Report, Summary};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::args::Output;
use crate::cmd::targets::List;
use crate::exit::Failure;
use crate::labels::Labels;

/// Prints the result of a run.
pub fn report(report: &Report, form: Output) -> Result<(), Failure> {
    if form == Output::Json {
        return json(report);
    }
    let labels = Labels::of(report.targets.iter().map(|target| (&target.target, target.name.as_str())));
    let mut table = table(&["TARGET", "OUTCOME", "EVIDENCE OR REASON", "TIME"]);
    for target in &report.targets {
        table.add_row([
            labels.get(&target.target),
            target.outcome.word().to_owned(),
            printable(target.outcome.detail()),
            seconds(target.duration_ms),
        ]);
    }
    print(&format!("{table}\n{} in {}\n", counts(&report.summary), seconds(report.duration_ms)))
}

/// How many targets ended in which way, in words.
pub fn counts(summary: &Summary) -> String {
    let counts = [
        (summary.succeeded, "succeeded"),
        (summary.failed, "failed"),
        (summary.stopped, "stopped"),
        (summary.skipped, "skipped"),
        (summary.unknown, "unknown"),
        (summary.still_running, "still running"),
    ];
    let told: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    told.join(", ")
}

/// Prints a table.
pub fn rows(head: &[&str], rows: Vec<Vec<String>>) -> Result<(), Failure> {
    let mut table = table(head);
    table.add_rows(rows);
    print(&format!("{table}\n"))
}

/// Prints a list of targets.
pub fn targets(list: &List, form: Output) -> Result<(), Failure> {
    if form == Output::Json {
        return json(list);
    }
    let mut table = table(&["TARGET", "NAME", "VENDOR"]);
    for item in &list.targets {
        table.add_row([item.target.to_string(), item.name.clone(), item.vendor.clone()]);
    }
    print(&format!("{table}\n"))
}

/// Prints one JSON document.
pub fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|cause| Failure::Output(format!("the result cannot be written as JSON: {cause}")))?;
    print(&(text + "\n"))
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.to_vec());
    table
}

/// Text from outside without characters that could move the cursor of a terminal.
pub fn printable(text: &str) -> String {
    text.replace(|character: char| character.is_control(), " ")
}

/// A length of time for people.
pub fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Output(format!("standard output cannot be written: {cause}")))
        }
        _ => Ok(()),
    }
}
