//! `cargo xtask docs`: reference and review pages for API owners.

use std::fs;
use std::path::{Path, PathBuf};

use backup_sync_spec_docs::{Page, pages};
use backup_sync_workshop::workspace::specs;

use super::Failure;
use crate::workspace;

const EXAMPLES: &str = "\
Examples:
  cargo xtask docs
  cargo xtask docs --out /tmp/review
  cargo xtask docs --check

Every page is one file: open index.html in a browser, no server is needed. A document that breaks rules
gets its page all the same, with the findings at its top.";

/// Options of `docs`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Folder for the pages [default: target/spec-docs]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing; fail when a page in the folder is missing or differs from what would be written.
    #[arg(long)]
    check: bool,
    /// Workspace to look at, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let out = arguments.out.clone().unwrap_or_else(|| root.join("target/spec-docs"));
    let documents: Result<Vec<_>, _> = specs(&root)?.into_iter().collect();
    let documents = documents.map_err(|finding| Failure::Found(finding.to_string()))?;
    let pages = pages(&documents).map_err(|error| Failure::Found(error.to_string()))?;
    if arguments.check {
        return check(&out, &pages);
    }
    for page in &pages {
        super::write(&out.join(&page.name), &page.text)?;
    }
    println!("{} pages written; open {} in a browser", pages.len(), out.join("index.html").display());
    Ok(())
}

fn check(out: &Path, pages: &[Page]) -> Result<(), Failure> {
    let stale = |page: &&Page| fs::read_to_string(out.join(&page.name)).ok().as_ref() != Some(&page.text);
    let stale: Vec<&str> = pages.iter().filter(stale).map(|page| page.name.as_str()).collect();
    if stale.is_empty() {
        println!("{} pages in {} are fresh", pages.len(), out.display());
        return Ok(());
    }
    let (names, folder) = (stale.join(", "), out.display());
    Err(Failure::Found(format!("missing or stale in {folder}: {names}; run `cargo xtask docs --out {folder}`")))
}
