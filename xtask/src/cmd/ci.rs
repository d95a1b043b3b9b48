//! `cargo xtask ci`: exactly what decides whether a change lands, which is the script `.ci/run`.

use std::process::Command;

use super::Failure;
use crate::workspace;

/// Options of `ci`: there are none.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments) -> Result<(), Failure> {
    let script = workspace::root().join(".ci/run");
    match Command::new("bash").arg(&script).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Found(format!("{} ended with {status}", script.display()))),
        Err(source) => Err(Failure::File { path: script, verb: "started with bash", source }),
    }
}
