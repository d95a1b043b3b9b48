//! `backup-sync explain`: what a number, a word or a vendor's code means that the program has told.

use backup_sync::engine::{Event, Outcome};
use backup_sync::runtime::suggest::did_you_mean;
use backup_sync::runtime::{ErrorCode, Kind};
use backup_sync::{huawei_cbr, veeam_vb365};
use clap::Args;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde_json::Value;

use crate::args::Output;
use crate::exit::{CODES, Exit, Failure};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  backup-sync explain
  backup-sync explain 7
  backup-sync explain still-running
  backup-sync explain BackupService.7302 --output json";

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    /// An exit code, an outcome, an event, a kind of error or a vendor's error code; without it everything is listed.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Form on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
}

/// The list as a versioned document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List {
    /// Version of this form, 1.
    pub version: u32,
    /// What was asked for, or everything.
    pub entries: Vec<Entry>,
}

/// One thing that the program may tell.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entry {
    /// As it is told.
    pub code: String,
    /// What it is: `exit code`, `outcome`, `event`, `kind of error`, or the vendor crate whose code it is.
    pub what: &'static str,
    /// HTTP statuses that come with a vendor's code.
    pub statuses: &'static [u16],
    /// What it means.
    pub meaning: String,
}

/// Runs the command.
pub fn run(arguments: &Explain) -> Result<Exit, Failure> {
    let mut entries = all();
    if let Some(code) = &arguments.code {
        let known: Vec<String> = entries.iter().map(|entry| entry.code.clone()).collect();
        entries.retain(|entry| entry.is(code));
        if entries.is_empty() {
            let meant = did_you_mean(code, known.iter().map(String::as_str));
            let how = "`backup-sync explain` lists what is known; of vendors' codes, those that their pages list";
            return Err(Failure::usage(format!("{code:?} is not known{meant} ({how})")));
        }
    }
    let list = List { version: 1, entries };
    output::list(&list, &list.entries, &["CODE", "WHAT", "HTTP STATUS", "MEANING"], cells, arguments.output)?;
    Ok(Exit::Success)
}

impl Entry {
    /// Whether somebody who writes `code` means this. Gateways of customers say `APIG.` where the cloud's own says
    /// `APIGW.`, and the number alone will do.
    fn is(&self, code: &str) -> bool {
        let cloud =
            code.get(..5).filter(|start| start.eq_ignore_ascii_case("APIG.")).map(|_| format!("APIGW.{}", &code[5..]));
        let code = cloud.as_deref().unwrap_or(code);
        let number = self.code.rsplit_once('.').map(|(_, number)| number);
        self.code.eq_ignore_ascii_case(code) || number == Some(code)
    }
}

fn cells(entry: &Entry) -> Vec<String> {
    let statuses: Vec<String> = entry.statuses.iter().map(u16::to_string).collect();
    vec![entry.code.clone(), entry.what.to_owned(), statuses.join(" "), entry.meaning.clone()]
}

fn all() -> Vec<Entry> {
    let own =
        |what: &'static str| move |(code, meaning): (String, String)| Entry { code, what, statuses: &[], meaning };
    let exits = CODES.map(|(exit, meaning)| (exit.code().to_string(), meaning.to_owned()));
    let kinds = Kind::ALL.map(|kind| (kind.to_string(), kind.meaning().to_owned()));
    let mut entries: Vec<Entry> = exits.into_iter().map(own("exit code")).collect();
    entries.extend(variants(&schema_for!(Outcome), "outcome").into_iter().map(own("outcome")));
    entries.extend(kinds.into_iter().map(own("kind of error")));
    entries.extend(variants(&schema_for!(Event), "event").into_iter().map(own("event")));
    let vendors = |what: &'static str| {
        move |known: &ErrorCode| Entry {
            code: known.code.to_owned(),
            what,
            statuses: known.statuses,
            meaning: known.meaning.to_owned(),
        }
    };
    use huawei_cbr::error_code::{CBR, GATEWAY, IAM};
    entries.extend([CBR, GATEWAY, IAM].into_iter().flatten().map(vendors("huawei-cbr")));
    entries.extend(veeam_vb365::error_code::ALL.iter().map(vendors("veeam-vb365")));
    entries
}

/// The words of a tagged enum and what its documentation says of them.
fn variants(schema: &Schema, tag: &str) -> Vec<(String, String)> {
    let one = |variant: &Value| {
        let word = variant.get("properties")?.get(tag)?.get("const")?.as_str()?;
        let meaning = variant.get("description")?.as_str()?;
        Some((word.to_owned(), meaning.trim_end_matches('.').to_owned()))
    };
    schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().filter_map(one).collect()
}
