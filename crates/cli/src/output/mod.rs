//! Results on standard output: a table for people, JSON or comma-separated values. A closed pipe is no error.

use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use backup_sync::engine::{Report, Summary, TargetReport};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

use crate::args::Output;
use crate::exit::Failure;
use crate::labels::Labels;

/// Prints the result of a run.
pub fn report(report: &Report, form: Output) -> Result<(), Failure> {
    match form {
        Output::Table => {}
        Output::Json => return json(report),
        Output::Ndjson => return lines(&report.targets),
        Output::Csv => return csv(&HEAD, report.targets.iter().map(record)),
    }
    let labels = Labels::of(report.targets.iter().map(|target| (&target.target, target.name.as_str())));
    let mut table = table(&["TARGET", "OUTCOME", "EVIDENCE OR REASON", "TIME"]);
    for target in &report.targets {
        table.add_row([
            printable(&labels.get(&target.target)),
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

/// The columns of a report as comma-separated values.
const HEAD: [&str; 10] =
    ["target", "name", "vendor", "outcome", "detail", "job", "adopted", "error_kind", "transient", "duration_ms"];

fn record(target: &TargetReport) -> Vec<String> {
    vec![
        target.target.to_string(),
        target.name.clone(),
        target.vendor.clone(),
        target.outcome.word().to_owned(),
        target.outcome.detail().to_owned(),
        target.job.join(" "),
        target.adopted.to_string(),
        target.error_kind.clone().unwrap_or_default(),
        target.transient.to_string(),
        target.duration_ms.to_string(),
    ]
}

/// Prints a list: as the whole document, or item by item with these cells under this head.
pub fn list<T: Serialize>(
    document: &impl Serialize,
    items: &[T],
    head: &[&str],
    cells: impl Fn(&T) -> Vec<String>,
    form: Output,
) -> Result<(), Failure> {
    match form {
        Output::Json => json(document),
        Output::Ndjson => lines(items),
        Output::Csv => {
            let head: Vec<String> = head.iter().map(|name| name.to_lowercase().replace(' ', "_")).collect();
            csv(&head, items.iter().map(cells))
        }
        Output::Table => table_of(head, &items.iter().map(cells).collect::<Vec<_>>()),
    }
}

/// Prints a table.
pub fn table_of(head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    let mut table = table(head);
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    print(&format!("{table}\n"))
}

/// Prints comma-separated values.
fn csv(head: &[impl AsRef<[u8]>], rows: impl Iterator<Item = Vec<String>>) -> Result<(), Failure> {
    let wrong = |cause: &dyn std::error::Error| Failure::Output(format!("the result cannot be written: {cause}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).map_err(|cause| wrong(&cause))?;
    for row in rows {
        writer.write_record(&row).map_err(|cause| wrong(&cause))?;
    }
    let bytes = writer.into_inner().map_err(|cause| wrong(&cause))?;
    print(&String::from_utf8_lossy(&bytes))
}

/// Prints one JSON document in each line.
pub fn lines<T: Serialize>(items: &[T]) -> Result<(), Failure> {
    let mut text = String::new();
    for item in items {
        text += &serde_json::to_string(item).map_err(|cause| unwritable(&cause))?;
        text.push('\n');
    }
    print(&text)
}

/// Prints what a vendor answered as it came: indented for people, in one line otherwise.
pub fn answer(document: &Value) -> Result<(), Failure> {
    if io::stdout().is_terminal() { json(document) } else { lines(std::slice::from_ref(document)) }
}

fn unwritable(cause: &serde_json::Error) -> Failure {
    Failure::Output(format!("the result cannot be written as JSON: {cause}"))
}

/// Prints one JSON document.
pub fn json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document).map_err(|cause| unwritable(&cause))?;
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

/// Text from outside as one line, without characters that could move the cursor of a terminal or turn what it shows around.
pub fn printable(text: &str) -> String {
    let turns =
        |character| matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|character: char| character.is_control() || turns(character), " ")
}

/// A length of time for people.
pub fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

/// Prints text.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Output(format!("standard output cannot be written: {cause}")))
        }
        _ => Ok(()),
    }
}
