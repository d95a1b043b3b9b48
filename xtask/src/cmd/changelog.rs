//! `cargo xtask changelog`: what happened to each document, as Markdown.

use std::path::PathBuf;

use backup_sync_workshop::changelog;

use super::{Failure, print};
use crate::workspace;

/// Options of `changelog`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Only what came after this revision, for example a tag of a release.
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Repository to read, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    print(&changelog::markdown(&changelog::of(&root, arguments.since.as_deref())?))
}
