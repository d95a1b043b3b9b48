//! `cargo xtask owners`: CODEOWNERS from `specs/OWNERS.toml`, and who reviews what.

use std::path::PathBuf;

use backup_sync_workshop::owners::{CODEOWNERS, FILE, Owners};
use backup_sync_workshop::workspace::{fresh, loaded};

use super::{Failure, print};
use crate::workspace;

/// Options of `owners`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write nothing; fail when CODEOWNERS is stale.
    #[arg(long)]
    check: bool,
    /// Name the reviewers of a place instead: a document, and a path of the API or a JSON pointer.
    #[arg(long, num_args = 2, value_names = ["SPEC", "PATH"])]
    of: Option<Vec<String>>,
    /// Workspace to work on, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let owners = Owners::load(&root)?;
    let documents = loaded(&root)?;
    let problems = owners.problems(&documents);
    if !problems.is_empty() {
        return Err(Failure::Found(problems.join("\n")));
    }
    if let Some([spec, at]) = arguments.of.as_deref() {
        let lines = owners.reviewers(spec, at).into_iter().map(|one| format!("{}  {}\n", one.handle, one.contact));
        return print(&lines.collect::<String>());
    }
    fresh(&root, CODEOWNERS, &owners.codeowners(&documents), arguments.check, "owners")?;
    eprintln!("{CODEOWNERS} says what {FILE} says");
    Ok(())
}
