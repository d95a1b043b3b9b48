//! `backup-sync schema`: JSON Schemas of what the program writes and reads.

use backup_sync::engine::{EventRecord, Rehearsal, Report, Survey};
use backup_sync_simulator::Scenario;
use schemars::schema_for;

use crate::args::{Document, Schema};
use crate::cmd::doctor::Diagnosis;
use crate::cmd::history::Runs;
use crate::cmd::simulate::Ready;
use crate::cmd::status::Known;
use crate::cmd::targets::List;
use crate::cmd::{explain, operations};
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::{config, output};

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
