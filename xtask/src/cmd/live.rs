//! `cargo xtask live`: does a real server, or a simulated one, agree with the documents as they stand in this workspace?
//!
//! The program does it, built from these documents; this command depends on no generated crate.

use std::path::PathBuf;
use std::process::Command;

use super::Failure;
use crate::workspace;

const EXAMPLES: &str = "\
Examples:
  cargo xtask live --endpoint m365
  cargo xtask live --endpoint m365 --config simulated.toml
  cargo xtask live --endpoint dr --json > deviations.json

Builds the program from the documents as they are, then calls every operation of the endpoint that changes
nothing; what it will call is told first. Each deviation comes with a correction to be reviewed.";

/// Options of `live`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Endpoint of the configuration.
    #[arg(long, value_name = "NAME")]
    endpoint: String,
    /// Configuration of the program; it is looked for as the program does when it is not given.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut program = Command::new(cargo);
    program.args(["run", "--quiet", "--manifest-path"]).arg(workspace::root().join("Cargo.toml"));
    program.args(["-p", "backup-sync-cli", "--", "doctor", &arguments.endpoint, "--conformance"]);
    program.args(arguments.config.iter().flat_map(|file| [PathBuf::from("--config"), file.clone()]));
    program.args(arguments.json.then_some("--output=json"));
    let status = program.status();
    let status = status.map_err(|cause| Failure::Impossible(format!("cargo cannot be started: {cause}")))?;
    match status.code() {
        Some(0) => Ok(()),
        code => {
            let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            Err(Failure::Found(format!(
                "{} was not found to conform: the program ended with {code}",
                arguments.endpoint
            )))
        }
    }
}
