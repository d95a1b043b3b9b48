//! `cargo xtask coverage`: how far each operation is carried, from document to sync layer.

use std::path::PathBuf;

use backup_sync_workshop::coverage::{self, FILE};
use backup_sync_workshop::workspace::{fresh, loaded};

use super::{Failure, print};
use crate::workspace;

/// Options of `coverage`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write nothing; fail when the committed table is stale.
    #[arg(long, conflicts_with = "facts")]
    check: bool,
    /// Folder with what is known of each vendor, `VENDOR.md`; prints the table with a column for it instead of writing.
    #[arg(long, value_name = "DIR")]
    facts: Option<PathBuf>,
    /// Workspace to work on, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let coverage = coverage::of(&root, &loaded(&root)?, arguments.facts.as_deref())?;
    if arguments.facts.is_some() {
        return print(&coverage.markdown());
    }
    fresh(&root, FILE, &coverage.markdown(), arguments.check, "coverage")?;
    eprintln!("{FILE} says what the sources say");
    Ok(())
}
