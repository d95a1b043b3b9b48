//! Four ways to show one report. None of them decides anything.

mod html;
mod json;
mod markdown;
mod text;

use std::fmt;

use crate::model::{At, Change, Class, Reason, Report, SpecReport, Status, Subject};

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
    /// A page that needs no network.
    Html,
    /// For programs.
    Json,
}

/// A report could not be written down.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the report cannot be written down: {}", self.0)
    }
}

impl std::error::Error for Error {}

/// Shows a report.
///
/// # Errors
///
/// When a template or a value cannot be written down, which is a fault of this crate.
pub fn render(report: &Report, format: Format) -> Result<String, Error> {
    match format {
        Format::Text => Ok(text::of(report)),
        Format::Markdown => Ok(markdown::of(report)),
        Format::Html => html::of(report).map_err(|error| Error(error.to_string())),
        Format::Json => json::of(report).map_err(|error| Error(error.to_string())),
    }
}

/// Text without characters that a terminal or a reader would take for something else.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|character| if hidden(character) { ' ' } else { character }).collect()
}

/// `Task.status`, as readers call what has changed.
fn name(change: &Change) -> String {
    let subject = plain(change.subject.name());
    match change.part.as_deref().map(plain) {
        Some(part) if matches!(change.subject, Subject::Schema(_)) && part.starts_with(['[', '{']) => subject + &part,
        Some(part) if matches!(change.subject, Subject::Schema(_)) => format!("{subject}.{part}"),
        Some(part) if change.subject != Subject::Document => format!("{subject}: {part}"),
        _ => subject,
    }
}

/// File and line, the new one where there is one.
fn place(change: &Change) -> String {
    let shown = |at: &At| format!("{}:{}", at.file, at.line);
    match (&change.new, &change.old) {
        (Some(at), _) => shown(at),
        (None, Some(at)) => format!("{} (old)", shown(at)),
        (None, None) => String::new(),
    }
}

fn class_name(class: Option<Class>) -> &'static str {
    class.map_or("none", Class::name)
}

/// The class for callers, in both directions where they differ.
fn callers(change: &Change) -> String {
    match (change.in_request, change.in_answer) {
        (Some(request), Some(answer)) if request != answer => {
            format!("{} (request {}, answer {})", class_name(change.callers), request.name(), answer.name())
        }
        _ => class_name(change.callers).to_owned(),
    }
}

/// The first few operations, and how many more.
fn reach(change: &Change) -> Option<String> {
    const FEW: usize = 3;
    let own = matches!(&change.subject, Subject::Operation(name) if change.operations == [name.clone()]);
    if change.operations.is_empty() || own {
        return None;
    }
    let few = change.operations.iter().take(FEW).map(|name| plain(name)).collect::<Vec<_>>().join(", ");
    let rest = change.operations.len().saturating_sub(FEW);
    Some(match (change.operations.len(), rest) {
        (1, _) => few,
        (count, 0) => format!("{count} operations: {few}"),
        (count, rest) => format!("{count} operations: {few} and {rest} more"),
    })
}

fn reason(change: &Change) -> Option<String> {
    match &change.reason {
        Reason::Given { cause, note, date } => Some(format!("{} ({}): {}", cause.name(), plain(date), plain(note))),
        Reason::Missing if change.is_unexplained() => Some("MISSING; a note in `x-change` has to give it".to_owned()),
        Reason::Missing => Some("missing; a note in `x-change` would help readers".to_owned()),
        Reason::NotNeeded => None,
    }
}

fn status(spec: &SpecReport) -> &'static str {
    match spec.status {
        Status::Changed => "changed",
        Status::Added => "new",
        Status::Removed => "gone",
        Status::Renamed => "renamed",
    }
}

/// `2 breaking, 1 risky`, without classes that nothing has.
fn counted(counts: [usize; 4]) -> String {
    let told = Class::WORST_FIRST.iter().zip(counts).filter(|(_, count)| *count > 0);
    let text = told.map(|(class, count)| format!("{count} {}", class.name())).collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The closing sentence.
fn verdict(report: &Report) -> String {
    let summary = report.summary();
    match summary.unexplained {
        0 if summary.changes == 0 => format!("No changes in {}.", plural(report.compared, "document")),
        0 => "Every breaking change has its reason.".to_owned(),
        1 => "1 breaking change has no reason.".to_owned(),
        count => format!("{count} breaking changes have no reason."),
    }
}
