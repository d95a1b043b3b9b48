//! Reasons of changes: the `x-change` notes of the documents.
//!
//! Only a note that the old document does not have explains anything, so that the reason for last year's change is no
//! excuse for today's.

use std::fmt::Write as _;

use backup_sync_codegen::Document;
use backup_sync_codegen::document::{join, operations, schemas};
use serde_json::Value;

use crate::kind;
use crate::model::{Cause, Change, Class, Reason, SpecReport, Subject};

/// What a note is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Pointer(String),
    Operation(String),
    Schema(String),
    Document(String),
}

/// A note that has been read.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    target: Target,
    cause: Cause,
    text: String,
    date: String,
    /// File that it stands in.
    file: String,
    /// Where in it, for messages.
    place: String,
    used: bool,
}

/// Notes that are new, and sentences about those that cannot be read.
pub(crate) fn fresh(old: Option<&Document>, new: &Document) -> (Vec<Note>, Vec<String>) {
    let known: Vec<(String, &Value)> = old.map(|old| entries(&old.value)).unwrap_or_default();
    let (mut notes, mut wrong) = (Vec::new(), Vec::new());
    for (pointer, entry) in entries(&new.value) {
        if known.iter().any(|(_, other)| *other == entry) {
            continue;
        }
        let place = format!("{}:{}", new.file, new.place(&pointer));
        match read(&pointer, entry, &new.file, place.clone()) {
            Ok(note) => notes.push(note),
            Err(what) => wrong.push(format!("{place}: this note of `x-change` explains nothing: {what}")),
        }
    }
    (notes, wrong)
}

/// Each entry of each `x-change`, with its pointer.
fn entries(root: &Value) -> Vec<(String, &Value)> {
    let mut holders = vec![(String::new(), root)];
    holders.extend(operations(root).into_iter().map(|operation| (operation.pointer(), operation.node)));
    holders.extend(schemas(root).map(|(name, node)| (join("/components/schemas", name), node)));
    let mut found = Vec::new();
    for (pointer, holder) in holders {
        let at = join(&pointer, "x-change");
        let list = holder.get("x-change").and_then(Value::as_array).into_iter().flatten().enumerate();
        found.extend(list.map(|(index, entry)| (join(&at, &index.to_string()), entry)));
    }
    found
}

fn read(pointer: &str, entry: &Value, file: &str, place: String) -> Result<Note, String> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let holder = pointer.rsplit_once("/x-change/").map(|(holder, _)| holder).unwrap_or_default();
    let named = [
        text("pointer").map(|at| Target::Pointer(at.trim_start_matches('#').to_owned())),
        text("operation").map(|name| Target::Operation(name.to_owned())),
        text("schema").map(|name| Target::Schema(name.to_owned())),
        text("document").map(|name| Target::Document(name.to_owned())),
    ];
    let mut named = named.into_iter().flatten();
    let target = match (named.next(), named.next()) {
        (Some(target), None) => target,
        (None, _) if !holder.is_empty() => Target::Pointer(holder.to_owned()),
        (None, _) => return Err("say what it is about, with `operation`, `schema`, `pointer` or `document`".to_owned()),
        _ => return Err("name one thing: `operation`, `schema`, `pointer` or `document`".to_owned()),
    };
    let cause = match text("reason") {
        Some("api-change") => Cause::ApiChange,
        Some("spec-correction") => Cause::SpecCorrection,
        _ => return Err("`reason` is `api-change` or `spec-correction`".to_owned()),
    };
    let note = text("note").ok_or("`note` is missing; say in a sentence what changed and how you know")?;
    let date = text("date").ok_or("`date` is missing; write it as '2026-11-21'")?;
    Ok(Note { target, cause, text: note.to_owned(), date: date.to_owned(), file: file.to_owned(), place, used: false })
}

impl Note {
    fn explains(&self, change: &Change) -> bool {
        let pointers =
            [&change.old, &change.new].into_iter().flatten().map(|at| at.pointer.as_str()).collect::<Vec<_>>();
        let below = |top: &str| {
            pointers.iter().any(|at| at.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        };
        match &self.target {
            Target::Pointer(pointer) => below(pointer.trim_end_matches('/')),
            Target::Schema(name) => below(&join("/components/schemas", name)),
            Target::Operation(name) => {
                let own = change.subject == Subject::Operation(name.clone());
                own || change.before.as_ref().is_some_and(|before| renamed_from(change, before, name))
                    || (change.operations.len() == 1 && change.operations[0] == *name)
            }
            Target::Document(name) => {
                change.subject == Subject::Document
                    && [&change.old, &change.new].into_iter().flatten().any(|at| at.file.ends_with(name.as_str()))
            }
        }
    }
}

fn renamed_from(change: &Change, before: &Value, name: &str) -> bool {
    change.kind.id == kind::OPERATION_RENAMED.id && before.as_str() == Some(name)
}

/// Gives each change its reason; the first note that fits counts.
pub(crate) fn explain(changes: &mut [Change], notes: &mut [Note]) {
    for change in changes {
        let fitting = notes.iter_mut().filter(|note| note.explains(change)).reduce(|first, second| {
            second.used = true;
            first
        });
        change.reason = match fitting {
            Some(note) => {
                note.used = true;
                Reason::Given { cause: note.cause, note: note.text.clone(), date: note.date.clone() }
            }
            None if change.worst() >= Class::Risky => Reason::Missing,
            None => Reason::NotNeeded,
        };
    }
}

/// Sentences about notes that fit no change, each with the file of the note.
pub(crate) fn unused(notes: &[Note]) -> impl Iterator<Item = (&str, String)> {
    notes.iter().filter(|note| !note.used).map(|note| {
        let what = "this note of `x-change` fits no change; check the name or pointer that it gives";
        (note.file.as_str(), format!("{}: {what}", note.place))
    })
}

/// What to add to a document so that every breaking change is explained; nothing when all are.
pub fn form(spec: &SpecReport) -> Option<String> {
    let mut targets: Vec<String> = Vec::new();
    for change in spec.changes.iter().filter(|change| change.is_unexplained()) {
        let target = match &change.subject {
            Subject::Operation(name) => format!("operation: {name}"),
            Subject::Schema(name) => format!("schema: {name}"),
            Subject::Document
                if change.new.is_none() && change.old.as_ref().is_some_and(|at| at.pointer.is_empty()) =>
            {
                format!("document: {}", spec.spec)
            }
            _ => format!("pointer: '{}'", change.at().map(|at| at.pointer.as_str()).unwrap_or_default()),
        };
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    if targets.is_empty() {
        return None;
    }
    let mut text = "x-change:\n".to_owned();
    for target in targets {
        let _ = writeln!(
            text,
            "  - {target}\n    reason: spec-correction  # or api-change\n    note: What changed, and how you know.\n    \
             date: 'YYYY-MM-DD'"
        );
    }
    Some(text)
}
