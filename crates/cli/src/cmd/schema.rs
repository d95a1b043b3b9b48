//! `backup-sync schema`: JSON Schemas of what the program writes and reads.

use backup_sync::engine::{EventRecord, Report};
use schemars::schema_for;

use crate::args::{Document, Schema};
use crate::cmd::history::Runs;
use crate::cmd::targets::List;
use crate::exit::{Exit, Failure};
use crate::{config, output};

/// Runs the command.
pub fn run(arguments: &Schema) -> Result<Exit, Failure> {
    let schema = match arguments.document {
        Document::Report => schema_for!(Report),
        Document::Event => schema_for!(EventRecord),
        Document::History => schema_for!(Runs),
        Document::Targets => schema_for!(List),
        Document::Config => schema_for!(config::File),
    };
    output::json(&schema)?;
    Ok(Exit::Success)
}
