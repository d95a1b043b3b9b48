//! The list behind `backup-sync api --list`: what can be called, and with what.

use backup_sync::runtime::starts::Starts;
use backup_sync::runtime::{Form, Operation};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Output;
use crate::exit::Failure;
use crate::output;
use crate::tables::Table;

/// The list as a versioned document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List {
    /// Version of this form, 1.
    pub version: u32,
    /// All operations.
    pub operations: Vec<Item>,
}

/// One operation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Item {
    /// The vendor's name of it.
    pub operation: &'static str,
    /// The vendor crate.
    pub vendor: &'static str,
    /// Version of the API, and its name where the vendor has several.
    pub api: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template below the base URL.
    pub path: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Whether it starts work on the vendor's side; such a call is never sent twice.
    pub starts_job: bool,
    /// What it starts: a kind of jobs that `--wait` waits for, or of targets that `backup-sync sync` synchronizes.
    pub starts: Option<&'static str>,
    /// Whether its list comes in pages.
    pub pages: bool,
    /// What it takes beside a body.
    pub parameters: Vec<Parameter>,
    /// The body that it takes: `json` or `form`.
    pub body: Option<&'static str>,
    /// The rights that the vendor asks for.
    pub permissions: &'static [&'static str],
}

/// Something that an operation takes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where it goes: `path`, `query` or `header`.
    pub place: &'static str,
    /// Whether it has to be named.
    pub required: bool,
    /// Whether it may be given several times.
    pub list: bool,
}

/// Prints the operations of these tables, or the one with this name.
pub fn print(tables: &[&'static Table], only: Option<&str>, form: Output) -> Result<(), Failure> {
    let wanted = |row: &&Operation| only.is_none_or(|id| row.id.eq_ignore_ascii_case(id));
    let rows = tables.iter().flat_map(|table| table.operations.iter().filter(wanted).map(|row| item(table, row)));
    let list = List { version: 1, operations: rows.collect() };
    if only.is_some() && form == Output::Table {
        let takes = list.operations.iter().flat_map(taken).collect::<Vec<_>>();
        return output::table_of(&["API", "TAKES", "WHERE", "NEEDED"], &takes);
    }
    let head = ["OPERATION", "VENDOR", "API", "METHOD", "PATH", "STARTS WORK", "SUMMARY"];
    output::list(&list, &list.operations, &head, cells, form)
}

fn cells(item: &Item) -> Vec<String> {
    let Item { operation, vendor, api, method, path, summary, starts_job, starts, .. } = item;
    let starts = if *starts_job { starts.unwrap_or("yes") } else { "" };
    [operation, vendor, api, method, path, &starts, summary].map(|cell| (*cell).to_owned()).to_vec()
}

/// The lines on one operation: its parameters, and its body.
fn taken(item: &Item) -> Vec<Vec<String>> {
    let line = |name: &str, place: &str, needed: bool| {
        vec![item.api.to_owned(), name.to_owned(), place.to_owned(), if needed { "yes" } else { "" }.to_owned()]
    };
    let parameters = item.parameters.iter().map(|taken| line(taken.name, taken.place, taken.required));
    let mut lines: Vec<_> = parameters.chain(item.body.map(|form| line(form, "body", true))).collect();
    if lines.is_empty() {
        lines.push(line("nothing", "", false));
    }
    lines
}

fn item(table: &Table, row: &'static Operation) -> Item {
    let parameters = row.parameters.iter().map(|taken| Parameter {
        name: taken.name,
        place: taken.place.as_str(),
        required: taken.required && !table.given.contains(&taken.name),
        list: taken.list,
    });
    Item {
        operation: row.id,
        vendor: table.vendor,
        api: table.api,
        method: row.method,
        path: row.path,
        summary: row.summary,
        starts_job: row.starts_job,
        starts: row.starts.and_then(|starts| match starts {
            Starts::Jobs(begun) => Some(begun.kind),
            Starts::Synchronization { kind, .. } => Some(kind),
            Starts::Unseen { .. } => None,
        }),
        pages: row.paging.is_some(),
        parameters: parameters.collect(),
        body: row.body.map(|body| match body.form {
            Form::Json => "json",
            Form::Fields => "form",
        }),
        permissions: row.permissions,
    }
}
