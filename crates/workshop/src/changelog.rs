//! What happened to each document, from the history of the repository.
//!
//! Nothing is guessed: a commit is marked as breaking when it removes an operation, or when it says so in a trailer
//! `Breaking-Change:`. New `x-change` notes of the document are quoted, and what the commit does to the surface listing
//! is counted.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use backup_sync_codegen::document::operations;
use backup_sync_codegen::{Document, load};
use serde_json::Value;

use crate::report::visible;
use crate::workspace::{Error, git};

/// One commit that touched a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Short name of the commit.
    pub commit: String,
    /// Day of the commit, as its author had it.
    pub date: String,
    /// Who wrote it.
    pub author: String,
    /// First line of its message.
    pub subject: String,
    /// Why it breaks callers; empty when nothing says so.
    pub breaking: Vec<String>,
    /// What else is known of it.
    pub notes: Vec<String>,
}

/// The entries of one document, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The file.
    pub document: String,
    /// Its commits.
    pub entries: Vec<Entry>,
}

/// Separates the fields of a commit in git's output; no message contains it.
const FIELD: char = '\u{1f}';

/// The history of all documents that are there at the end, or after the revision `since`.
///
/// # Errors
///
/// When `root` is no repository, or git does not know the revision.
pub fn of(root: &Path, since: Option<&str>) -> Result<Vec<Log>, Error> {
    let range = since.map_or_else(|| "HEAD".to_owned(), |since| format!("{since}..HEAD"));
    if range.starts_with('-') {
        return Err(Error::Wrong(format!("{range:?} is not a revision")));
    }
    let files = git(root, &["ls-tree", "--name-only", "HEAD", "specs/"])?;
    let mut logs = Vec::new();
    for file in files.lines().filter(|file| file.ends_with(".yaml")) {
        let format =
            "--format=%h%x1f%ad%x1f%an%x1f%s%x1f%(trailers:key=Breaking-Change,valueonly,unfold,separator=%x1e)";
        let list = git(root, &["log", "--no-merges", "--date=short", format, &range, "--", file])?;
        let entries = list.lines().map(|line| entry(root, file, line)).collect();
        logs.push(Log { document: file.to_owned(), entries });
    }
    Ok(logs)
}

/// Reads one line of git's output and looks at what the commit did to the document.
fn entry(root: &Path, file: &str, line: &str) -> Entry {
    let mut fields = line.splitn(5, FIELD).map(str::to_owned);
    let mut next = || fields.next().unwrap_or_default();
    let mut entry = Entry { commit: next(), date: next(), author: next(), subject: next(), ..Entry::default() };
    entry.breaking.extend(next().split('\u{1e}').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned));
    let parent = format!("{}^", entry.commit);
    let (old, new) = (version(root, &parent, file), version(root, &entry.commit, file));
    match (&old, &new) {
        (None, Some(_)) => entry.notes.push("the document is new".to_owned()),
        (Some(old), Some(new)) => compare(old, new, &mut entry),
        _ => {}
    }
    if let (Some(_), Some(new)) = (&old, &new) {
        entry.notes.extend(surface(root, &parent, &entry.commit, new));
    }
    entry
}

/// The document as it was at a revision, if it was there and could be read.
fn version(root: &Path, revision: &str, file: &str) -> Option<Document> {
    let text = git(root, &["show", &format!("{revision}:{file}")]).ok()?;
    load::text_named(&text, file).ok()
}

fn compare(old: &Document, new: &Document, entry: &mut Entry) {
    let ids = |document: &Document| -> BTreeSet<String> {
        operations(&document.value).iter().map(|operation| operation.id().to_owned()).collect()
    };
    let (before, after) = (ids(old), ids(new));
    entry.breaking.extend(before.difference(&after).map(|id| format!("the operation `{id}` is gone")));
    entry.notes.extend(after.difference(&before).map(|id| format!("the operation `{id}` is new")));
    let (known, found) = (notes(&old.value), notes(&new.value));
    entry.notes.extend(found.difference(&known).cloned());
}

/// All `x-change` notes of a document as sentences.
fn notes(node: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, child) in node.as_object().into_iter().flatten() {
        if key != "x-change" {
            found.append(&mut notes(child));
            continue;
        }
        for note in child.as_array().into_iter().flatten() {
            let text = |key: &str| note.get(key).and_then(Value::as_str);
            let of = ["operation", "schema", "pointer", "document"].into_iter().find_map(text);
            let of = of.map(|of| format!(" of `{of}`")).unwrap_or_default();
            if let (Some(reason), Some(note)) = (text("reason"), text("note")) {
                found.insert(format!("{reason}{of}: {note}"));
            }
        }
    }
    found
}

/// What a commit does to the lines of the surface listing that the document makes.
fn surface(root: &Path, parent: &str, commit: &str, document: &Document) -> Option<String> {
    let file = format!("crates/{}/surface.txt", document.vendor());
    let module = format!("{} ", document.module());
    let lines = |revision: &str| -> Option<BTreeSet<String>> {
        let text = git(root, &["show", &format!("{revision}:{file}")]).ok()?;
        Some(text.lines().filter(|line| line.starts_with(&module)).map(str::to_owned).collect())
    };
    let (before, after) = (lines(parent)?, lines(commit)?);
    let (gone, new) = (before.difference(&after).count(), after.difference(&before).count());
    (gone + new > 0).then(|| format!("lines of the surface listing: {new} new or changed, {gone} gone or changed"))
}

/// The logs in Markdown.
pub fn markdown(logs: &[Log]) -> String {
    let mut out = "# Changes of the documents\n".to_owned();
    for log in logs {
        _ = writeln!(out, "\n## {}\n", log.document);
        if log.entries.is_empty() {
            out += "Nothing changed.\n";
        }
        for entry in &log.entries {
            let Entry { commit, date, author, subject, breaking, notes } = entry;
            let mark = if breaking.is_empty() { "" } else { "**breaking:** " };
            _ = writeln!(out, "- {date} {mark}{} (`{commit}`, {})", escaped(subject), escaped(author));
            breaking.iter().for_each(|why| _ = writeln!(out, "  - **breaking:** {}", visible(why)));
            notes.iter().for_each(|note| _ = writeln!(out, "  - {}", visible(note)));
        }
    }
    out
}

/// Text of people in Markdown: nothing of it becomes markup.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in visible(text).chars() {
        if matches!(character, '*' | '_' | '<' | '`' | '[' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn commit(root: &Path, text: &str, surface: &str, message: &str) {
        crate::workspace::write(root, "specs/toy-v1.yaml", text).unwrap();
        crate::workspace::write(root, "crates/toy/surface.txt", surface).unwrap();
        git(root, &["add", "-A"]).unwrap();
        let user = ["-c", "user.name=Ann", "-c", "user.email=ann@toy.example", "-c", "commit.gpgsign=false"];
        git(root, &[&user[..], &["commit", "-q", "--date=2026-11-21T00:00:00Z", "-m", message]].concat()).unwrap();
    }

    fn toy(operations: &[&str], note: &str) -> String {
        let all: String =
            operations.iter().map(|id| format!("  /{id}: {{get: {{operationId: {id}, responses: {{}}}}}}\n")).collect();
        format!("info: {{x-vendor: toy}}\n{note}paths:\n{all}")
    }

    #[test]
    fn commits_are_listed_with_what_they_break() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        git(root, &["init", "-q"]).unwrap();
        commit(root, &toy(&["a", "b"], ""), "v1 operation a()\nv2 operation z()\n", "First *draft*");
        commit(root, &toy(&["a", "c"], ""), "v1 operation c()\nv2 operation y()\n", "Page of May");
        let note = "x-change: [{reason: spec-correction, document: toy-v1, note: The page was misread., date: '2026-11-21'}]\n";
        commit(root, &toy(&["a", "c"], note), "v1 operation c()\n", "Time\n\nBreaking-Change: times are text\n");
        let logs = of(root, None).unwrap();
        let told = markdown(&logs);
        let ids: Vec<&str> = logs[0].entries.iter().map(|entry| entry.commit.as_str()).collect();
        let expected = format!(
            "# Changes of the documents\n\n## specs/toy-v1.yaml\n\n\
             - 2026-11-21 **breaking:** Time (`{}`, Ann)\n  - **breaking:** times are text\n  \
             - spec-correction of `toy-v1`: The page was misread.\n\
             - 2026-11-21 **breaking:** Page of May (`{}`, Ann)\n  - **breaking:** the operation `b` is gone\n  \
             - the operation `c` is new\n  - lines of the surface listing: 1 new or changed, 1 gone or changed\n\
             - 2026-11-21 First \\*draft\\* (`{}`, Ann)\n  - the document is new\n",
            ids[0], ids[1], ids[2]
        );
        assert_eq!(told, expected);
        let since = of(root, Some("HEAD~1")).unwrap();
        assert_eq!(since[0].entries, logs[0].entries[..1]);
        assert!(of(root, Some("nothing")).unwrap_err().to_string().contains("git log failed"));
        fs::remove_dir_all(root.join(".git")).unwrap();
        assert!(of(root, None).unwrap_err().to_string().contains("git ls-tree failed"));
    }
}
