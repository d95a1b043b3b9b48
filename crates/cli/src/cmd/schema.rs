//! `backup-sync schema`: JSON Schemas of what the program writes and reads.

use backup_sync::engine::{EventRecord, Rehearsal, Report, Survey};
use backup_sync_simulator::Scenario;
use clap::{Args, ValueEnum};
use schemars::schema_for;

use crate::cmd::doctor::Diagnosis;
use crate::cmd::history::Runs;
use crate::cmd::simulate::Ready;
use crate::cmd::status::Known;
use crate::cmd::targets::List;
use crate::cmd::{explain, operations};
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::{config, output};

const EXAMPLES: &str = "\
Examples:
  backup-sync schema report
  backup-sync schema config";

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Schema {
    /// Which document.
    #[arg(value_enum)]
    pub document: Document,
}

/// A document with a published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// What `sync` and `demo` print with `--output json`.
    Report,
    /// One line of `--progress json`.
    Event,
    /// What `history` and `resume --list` print with `--output json`.
    History,
    /// What `status` prints with `--output json`.
    Status,
    /// What `status --live` prints with `--output json`.
    Survey,
    /// What `--dry-run` prints with `--output json`.
    Rehearsal,
    /// What `targets` prints with `--output json`.
    Targets,
    /// What `api --list` prints with `--output json`.
    Operations,
    /// What `doctor` prints with `--output json`.
    Doctor,
    /// What `explain` prints with `--output json`.
    Explanations,
    /// The configuration file.
    Config,
    /// The file that `sync` takes with `--plan`.
    Plan,
    /// What `simulate` prints when it is ready.
    Simulate,
    /// The file that `simulate` takes with `--scenario`.
    Scenario,
}

/// Runs the command.
pub fn run(arguments: &Schema) -> Result<Exit, Failure> {
    let schema = match arguments.document {
        Document::Report => schema_for!(Report),
        Document::Event => schema_for!(EventRecord),
        Document::History => schema_for!(Runs),
        Document::Status => schema_for!(Known),
        Document::Survey => schema_for!(Survey),
        Document::Rehearsal => schema_for!(Rehearsal),
        Document::Targets => schema_for!(List),
        Document::Operations => schema_for!(operations::List),
        Document::Doctor => schema_for!(Diagnosis),
        Document::Explanations => schema_for!(explain::List),
        Document::Config => schema_for!(config::File),
        Document::Plan => schema_for!(Plan),
        Document::Simulate => schema_for!(Ready),
        Document::Scenario => schema_for!(Scenario),
    };
    output::json(&schema)?;
    Ok(Exit::Success)
}
