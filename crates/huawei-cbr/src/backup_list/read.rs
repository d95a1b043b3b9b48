//! The forms in which a list may be written: JSON, one JSON document in each line, comma-separated values.

use std::io::{self, BufRead};
use std::path::Path;

use backup_sync_runtime::suggest::{did_you_mean, reworded};
use csv::{ErrorKind, StringRecord, Trim};
use serde::Deserialize;

use super::entry::{Entry, MEMBERS, OPTIONAL};

/// Some programs write this before the text.
const MARK: &[u8] = b"\xef\xbb\xbf";

const NOT_UTF8: &str = "this is not UTF-8; save the file with this encoding";

/// The form of a file.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Json,
    Lines,
    Table,
}

/// What is wrong with a file.
pub(super) enum Wrong {
    /// It cannot be read.
    Unreadable(io::Error),
    /// Where something is wrong, and what.
    At(String, String),
}

impl Wrong {
    fn at(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::At(place.into(), why.into())
    }
}

/// Takes an entry, or says why not.
type Keep<'a> = &'a mut dyn FnMut(Entry) -> Result<(), String>;

/// The body of the vendor's own example.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a list of backups, or an object with one in `sync`")]
struct Wrapped {
    sync: Vec<Entry>,
}

impl Form {
    /// The form that the extension of a file says.
    pub(super) fn of(path: &Path) -> Self {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("ndjson" | "jsonl") => Self::Lines,
            Some("csv") => Self::Table,
            _ => Self::Json,
        }
    }

    /// Hands over one entry after the other.
    pub(super) fn each(self, from: impl BufRead, keep: Keep<'_>) -> Result<(), Wrong> {
        match self {
            Self::Json => json(from, keep),
            Self::Lines => lines(from, keep),
            Self::Table => table(from, keep),
        }
    }
}

fn json(mut from: impl BufRead, keep: Keep<'_>) -> Result<(), Wrong> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(Wrong::Unreadable)?;
    let text = text(&bytes, 1)?;
    if text.trim_start().is_empty() {
        return Ok(());
    }
    let wrong = |cause: serde_json::Error| Wrong::at(place(cause.line(), cause.column()), why(&cause));
    let entries = if text.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<Entry>>(text).map_err(wrong)?
    } else {
        serde_json::from_str::<Wrapped>(text).map_err(wrong)?.sync
    };
    for (index, entry) in entries.into_iter().enumerate() {
        keep(entry).map_err(|why| Wrong::at(format!("entry {}", index + 1), why))?;
    }
    Ok(())
}

fn lines(mut from: impl BufRead, keep: Keep<'_>) -> Result<(), Wrong> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if from.read_until(b'\n', &mut line).map_err(Wrong::Unreadable)? == 0 {
            break;
        }
        let text = text(&line, number)?.trim_end();
        if text.trim_start().is_empty() {
            continue;
        }
        let entry = serde_json::from_str(text);
        let entry = entry.map_err(|cause| Wrong::at(place(number, cause.column()), why(&cause)))?;
        keep(entry).map_err(|why| Wrong::at(format!("line {number}"), why))?;
    }
    Ok(())
}

/// What was read from line `first` on, as text.
fn text(bytes: &[u8], first: usize) -> Result<&str, Wrong> {
    let bytes = if first == 1 { bytes.strip_prefix(MARK).unwrap_or(bytes) } else { bytes };
    std::str::from_utf8(bytes).map_err(|cause| {
        let before = String::from_utf8_lossy(&bytes[..cause.valid_up_to()]).into_owned();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Wrong::at(place(first + before.matches('\n').count(), column), NOT_UTF8)
    })
}

fn place(line: usize, column: usize) -> String {
    format!("line {line} column {column}")
}

/// What the parser says, without the place, and with the member that was meant.
fn why(cause: &serde_json::Error) -> String {
    let told = cause.to_string();
    reworded(told.rsplit_once(" at line ").map_or(told.as_str(), |(why, _)| why))
}

fn table(from: impl BufRead, keep: Keep<'_>) -> Result<(), Wrong> {
    let mut reader = csv::ReaderBuilder::new().trim(Trim::Headers).from_reader(from);
    let head = reader.headers().map_err(|cause| refused(cause, &StringRecord::new()))?.clone();
    if head.is_empty() {
        return Ok(());
    }
    check_head(&head)?;
    let mut row = StringRecord::new();
    while reader.read_record(&mut row).map_err(|cause| refused(cause, &head))? {
        let line = row.position().map_or(0, csv::Position::line);
        let entry = row.deserialize(Some(&head)).map_err(|cause| refused(cause, &head))?;
        keep(entry).map_err(|why| Wrong::at(format!("line {line}"), why))?;
    }
    Ok(())
}

/// The head line has the names of the members, in any order.
fn check_head(head: &StringRecord) -> Result<(), Wrong> {
    let missing: Vec<&str> =
        MEMBERS.into_iter().filter(|name| *name != OPTIONAL && !head.iter().any(|column| column == *name)).collect();
    let wrong = |why: String| Err(Wrong::at("line 1", why));
    if let ([only], false) = (&head.iter().collect::<Vec<_>>()[..], missing.is_empty())
        && only.contains([';', '\t'])
    {
        return wrong("the columns have to be separated by commas".to_owned());
    }
    for (index, column) in head.iter().enumerate() {
        if !MEMBERS.contains(&column) {
            let meant = did_you_mean(column, MEMBERS);
            return wrong(format!("unknown column `{column}`{meant} (known are {})", MEMBERS.join(", ")));
        }
        if head.iter().take(index).any(|earlier| earlier == column) {
            return wrong(format!("the column `{column}` stands there twice"));
        }
    }
    match missing.as_slice() {
        [] => Ok(()),
        [one] => wrong(format!("the column `{one}` is missing")),
        many => wrong(format!("the columns {} are missing", many.join(", "))),
    }
}

/// What the parser of tables refuses, with line and column.
fn refused(cause: csv::Error, head: &StringRecord) -> Wrong {
    let line = cause.position().map_or(1, csv::Position::line);
    let at = |index: Option<u64>| {
        let name = index.and_then(|index| head.get(usize::try_from(index).ok()?));
        name.map_or_else(|| format!("line {line}"), |name| format!("line {line}, {name}"))
    };
    match cause.into_kind() {
        ErrorKind::Io(cause) => Wrong::Unreadable(cause),
        ErrorKind::Utf8 { err, .. } => Wrong::at(at(u64::try_from(err.field()).ok()), NOT_UTF8),
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            let how = "a comma within a value needs quotes around the value, and quotes need an end";
            Wrong::at(at(None), format!("{len} columns, but the head line has {expected_len}; {how}"))
        }
        ErrorKind::Deserialize { err, .. } => Wrong::at(at(err.field()), err.kind().to_string()),
        _ => Wrong::at(at(None), "this is no table of comma-separated values"),
    }
}
