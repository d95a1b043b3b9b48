//! How far each operation of each document is carried: tested against the typed client, played by the simulator, used
//! by the vendor's provider. Everything is read from sources, so that the table cannot say more than the code does.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use backup_sync_codegen::Document;
use backup_sync_codegen::document::{OperationNode, operations};

use crate::sources::{Sources, rust_files, snake};
use crate::workspace::Error;

/// Where the table is committed, below the root of the workspace.
pub const FILE: &str = "docs/coverage.md";

/// Contract tests, and the list of documents with the names that tests of each begin with.
const CONTRACT: &str = "tests/contract";
const CALLS: &str = "tests/support/calls.rs";
/// Tests that are made for every operation of the listed documents, and the macro that makes them.
const MADE: (&str, &str) = ("tests/contract/operations.rs", "every_document");

/// Where the simulator plays a vendor.
const SIMULATOR: [(&str, &str); 3] = [("huawei-cbr", "cbr"), ("veeam-vb365", "vb365"), ("vsphere-replication", "vr")];

/// One operation and how far it is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Method and path.
    pub call: String,
    /// A contract test is made of it or named after it.
    pub tested: bool,
    /// The simulator's part for the vendor names it.
    pub simulated: bool,
    /// The vendor's crate names it and calls its generated method.
    pub used: bool,
    /// The facts list its call; nothing is known without facts.
    pub known: Option<bool>,
}

/// The operations of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The file.
    pub document: String,
    /// The vendor crate.
    pub vendor: String,
    /// One row for each operation, in document order.
    pub rows: Vec<Row>,
}

/// All tables, and with facts how many calls of each vendor they list.
#[derive(Debug)]
pub struct Coverage {
    tables: Vec<Table>,
    facts: Vec<(String, usize)>,
}

/// Reads the sources below `root`; `facts` is a folder of fact sheets, one `VENDOR.md` for each vendor crate.
///
/// # Errors
///
/// When a source cannot be read or is no Rust.
pub fn of(root: &Path, documents: &[Document], facts: Option<&Path>) -> Result<Coverage, Error> {
    let tests = Sources::read(root, &rust_files(&root.join(CONTRACT))?)?;
    let prefixes = Sources::read(root, &[root.join(CALLS)])?;
    let made = Sources::read(root, &[root.join(MADE.0)])?.macros.contains(MADE.1);
    let mut coverage = Coverage { tables: Vec::new(), facts: Vec::new() };
    for document in documents {
        let vendor = document.vendor();
        let known = facts.map(|folder| calls(&folder.join(format!("{vendor}.md")))).transpose()?;
        if let Some(known) = &known
            && !coverage.facts.iter().any(|(name, _)| name == vendor)
        {
            coverage.facts.push((vendor.to_owned(), known.len()));
        }
        let prefix = prefixes
            .variant_of(document.name())
            .ok_or_else(|| Error::Wrong(format!("{CALLS} does not name {}; add it to `Api::spec`", document.name())))?;
        let prefix = format!("{}_", prefix.to_lowercase());
        let part = SIMULATOR.iter().find(|(name, _)| *name == vendor).map_or(vendor, |(_, part)| part);
        let simulator = Sources::read(root, &rust_files(&root.join("crates/simulator/src").join(part))?)?;
        let provider = Sources::read(root, &rust_files(&root.join("crates").join(vendor).join("src"))?)?;
        let row = |operation: OperationNode<'_>| {
            let (id, method) = (operation.id(), snake(operation.id()));
            let test = format!("{prefix}{method}");
            let named = |name: &String| name.strip_prefix(&test).is_some_and(|r| r.is_empty() || r.starts_with('_'));
            let call = format!("{} {}", operation.method.to_uppercase(), operation.path);
            Row {
                id: id.to_owned(),
                known: known.as_ref().map(|known| known.contains(&folded(&call))),
                tested: made || tests.tests.iter().any(named),
                simulated: simulator.texts.contains(id),
                used: provider.texts.contains(id) && provider.methods.contains(&method),
                call,
            }
        };
        let rows = operations(&document.value).into_iter().map(row).collect();
        coverage.tables.push(Table { document: document.file.clone(), vendor: vendor.to_owned(), rows });
    }
    Ok(coverage)
}

impl Coverage {
    /// The tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The tables in Markdown.
    pub fn markdown(&self) -> String {
        let mut out = "<!-- Made by `cargo xtask coverage`; run it again instead of changing this file. -->\n\n\
                       # Coverage\n\n\
                       Each operation that a document in `specs/` describes, and how far it is carried: *tested* says that the \
                       contract\ntests send and serve its examples with the typed client, *simulated* that the simulator \
                       answers it, *used* that the\nvendor's provider calls it to synchronize; whatever is described can be \
                       called by name with `backup-sync api`.\n"
            .to_owned();
        let known = !self.facts.is_empty();
        for table in &self.tables {
            _ = write!(out, "\n## {}\n\n", table.document);
            let count = |flag: fn(&Row) -> bool| table.rows.iter().filter(|row| flag(row)).count();
            let (tested, simulated, used) = (count(|r| r.tested), count(|r| r.simulated), count(|r| r.used));
            let all = table.rows.len();
            _ = writeln!(out, "{all} operations: {tested} tested, {simulated} simulated, {used} used.");
            if let Some((_, calls)) = self.facts.iter().find(|(vendor, _)| *vendor == table.vendor) {
                _ = writeln!(out, "The facts about {} list {calls} calls over all versions.", table.vendor);
            }
            let (head, line) = if known { (" known |", "---|") } else { ("", "") };
            _ = writeln!(out, "\n| operation | call |{head} tested | simulated | used |\n|---|---|{line}---|---|---|");
            for row in &table.rows {
                let known = row.known.map_or(String::new(), |known| format!(" {} |", mark(known)));
                let (tested, simulated, used) = (mark(row.tested), mark(row.simulated), mark(row.used));
                let Row { id, call, .. } = row;
                _ = writeln!(out, "| `{id}` | `{call}` |{known} {tested} | {simulated} | {used} |");
            }
        }
        out
    }
}

fn mark(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// A call without the names of its parameters and without regard to case, as some vendors mix both.
fn folded(call: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for character in call.chars() {
        inside = (inside || character == '{') && character != '}';
        if !inside {
            out.extend(character.to_lowercase());
        }
    }
    out.split('?').next().unwrap_or_default().trim().to_owned()
}

/// The calls that a fact sheet lists in its tables, as `METHOD /path` in one cell or in two.
fn calls(path: &Path) -> Result<BTreeSet<String>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::File {
        path: PathBuf::from(path),
        verb: "read",
        source,
    })?;
    let mut found = BTreeSet::new();
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let joined = cells.windows(2).map(|pair| pair.join(" ").replace('`', ""));
        let single = cells.iter().map(|cell| (*cell).to_owned());
        for call in joined.chain(single) {
            let Some((method, rest)) = call.split_once(' ') else { continue };
            let known = ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method);
            let at =
                rest.find('/').filter(|at| rest[..*at].trim_matches(['{', '}']).chars().all(char::is_alphanumeric));
            if let (true, Some(at)) = (known, at) {
                let path =
                    rest[at..].split_whitespace().next().unwrap_or_default().trim_end_matches(['`', ',', ';', '.']);
                found.insert(folded(&format!("{method} {path}")));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::loaded;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn the_committed_table_is_fresh() {
        let coverage = of(root(), &loaded(root()).unwrap(), None).unwrap();
        crate::workspace::fresh(root(), FILE, &coverage.markdown(), true, "coverage").unwrap();
    }

    #[test]
    fn what_is_known_to_be_there_is_found_and_nothing_else() {
        let coverage = of(root(), &loaded(root()).unwrap(), None).unwrap();
        let row = |document: &str, id: &str| {
            let table = coverage.tables().iter().find(|table| table.document.contains(document)).unwrap();
            table.rows.iter().find(|row| row.id == id).unwrap().clone()
        };
        let sync = row("vsphere", "syncReplication");
        assert!(sync.tested && sync.simulated && sync.used, "{sync:?}");
        // Answered by the simulator, but the provider has no need of it.
        let external = row("huawei-cbr", "ListExternalVault");
        assert!(external.tested && external.simulated && !external.used, "{external:?}");
    }

    #[test]
    fn calls_are_found_in_both_forms_of_fact_sheets() {
        let folder = tempfile::tempdir().unwrap();
        let sheet = folder.path().join("toy.md");
        let text = "| ListJobs | all | `GET /v1/{project}/Jobs` | x |\n| 3 | POST | `/jobs/{id}/run` | `runJob` |\n\
                    | step | `GET {iam}/v3/projects?name={region}` with a token |\nGET /prose\n| ″ | GET a job / two |\n";
        std::fs::write(&sheet, text).unwrap();
        let found = calls(&sheet).unwrap();
        let expected = ["get /v1/}/jobs", "get /v3/projects", "post /jobs/}/run"];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(folded("GET /v1/{project_id}/jobs"), expected[0]);
    }
}
