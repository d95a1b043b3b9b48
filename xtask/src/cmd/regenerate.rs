//! `cargo xtask regenerate`: what is derived from the specs, for readers and reviewers.
//!
//! The clients themselves are compiled by build scripts and never committed. This writes them, formatted, to
//! `target/codegen/` for reading, and keeps `crates/<vendor>/surface.txt`, which is committed and shows in a review
//! what a spec change does to Rust users.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use backup_sync_codegen::{Document, Generated, generate, outline};

use backup_sync_workshop::workspace::specs;

use super::{Failure, write};
use crate::workspace;

/// Options of `regenerate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Write nothing; fail when a committed file is stale.
    #[arg(long)]
    check: bool,
    /// Workspace to work on, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    if !arguments.check {
        return refresh(&root);
    }
    let surfaces = generate_all(&root, false)?;
    let stale = stale(&root, &surfaces);
    if stale.is_empty() {
        println!("{} surface listings are fresh", surfaces.len());
        return Ok(());
    }
    Err(Failure::Found(stale.join("\n")))
}

/// Writes clients and listings.
pub fn refresh(root: &Path) -> Result<(), Failure> {
    let surfaces = generate_all(root, true)?;
    let stale = stale(root, &surfaces);
    for (path, text) in &surfaces {
        write(&root.join(path), text)?;
    }
    let (all, changed) = (surfaces.len(), stale.len());
    println!("{all} surface listings written, {changed} changed; clients are in target/codegen/");
    Ok(())
}

/// Every surface listing, by its path below the root; writes the clients when `write_clients`.
fn generate_all(root: &Path, write_clients: bool) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for document in specs(root)? {
        let document = document.map_err(|finding| Failure::Found(finding.to_string()))?;
        let refused = |error: backup_sync_codegen::Error| Failure::Found(error.to_string());
        let surface = if write_clients {
            let generated = generate(&document).map_err(refused)?;
            write_client(root, &document, &generated)?;
            generated.surface
        } else {
            outline(&document).map_err(refused)?
        };
        lines.entry(document.vendor().to_owned()).or_default().extend(surface);
    }
    let listing = |(vendor, mut lines): (String, Vec<String>)| {
        lines.sort();
        let head = format!(
            "# What the crate {vendor} generates from its specs, one line per operation and type.\n\
             # Written by `cargo xtask regenerate`; change the spec, not this file.\n"
        );
        (PathBuf::from(format!("crates/{vendor}/surface.txt")), head + &lines.join("\n") + "\n")
    };
    Ok(lines.into_iter().map(listing).collect())
}

fn write_client(root: &Path, document: &Document, generated: &Generated) -> Result<(), Failure> {
    let folder = root.join("target/codegen").join(document.vendor());
    write(&folder.join(format!("{}.rs", generated.module)), &generated.client)?;
    write(&folder.join(format!("{}_mock.rs", generated.module)), &generated.mocks)
}

/// One sentence for each listing that differs from what is committed.
fn stale(root: &Path, surfaces: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut told = Vec::new();
    for (path, text) in surfaces {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        // A checkout with other line ends is not stale.
        let found = found.replace("\r\n", "\n");
        if found != *text {
            let gone = found.lines().filter(|line| !text.contains(*line)).count();
            let new = text.lines().filter(|line| !found.contains(*line)).count();
            told.push(format!(
                "{} is stale: {new} new lines, {gone} lines no longer true; run `cargo xtask regenerate` and commit it",
                path.display()
            ));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_surface_listings_are_fresh() {
        let root = workspace::root();
        let told = generate_all(&root, false).map(|surfaces| stale(&root, &surfaces));
        assert_eq!(told.map_err(|failure| failure.to_string()), Ok(Vec::new()));
    }
}
