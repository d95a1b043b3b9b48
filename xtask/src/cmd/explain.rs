//! `cargo xtask explain RULE`: what a rule wants, why, and how it looks when it is broken and when it is kept.

use std::path::PathBuf;

use backup_sync_codegen::lint;
use backup_sync_workshop::lesson::Lesson;

use super::{Failure, print};
use crate::workspace;

/// Options of `explain`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Identifier of the rule, for example SPEC036.
    rule: String,
    /// Workspace to look at, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let rule = lint::rule(&arguments.rule).ok_or_else(|| {
        Failure::Found(format!("there is no rule {:?}; `cargo xtask validate --rules` lists them", arguments.rule))
    })?;
    print(&Lesson::of(rule, &root)?.text())
}
