//! `backup-sync conformance`: the conformance run on its own, for `cargo xtask live`.

use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use crate::args::ConfigFile;
use crate::exit::{Exit, Failure};
use crate::{complete, conformance};

const EXAMPLES: &str = "\
Examples:
  backup-sync conformance m365
  backup-sync conformance dr --json > deviations.json

Nothing that may change something is called. Deviations are printed with a correction of the document
to be reviewed; of the answers only kinds and lengths are kept, no text and no secrets.";

/// Arguments of `conformance`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Conformance {
    /// Endpoint of the configuration.
    #[arg(value_name = "ENDPOINT", add = ArgValueCandidates::new(complete::endpoints))]
    pub endpoint: String,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Runs the command.
pub async fn run(arguments: &Conformance) -> Result<Exit, Failure> {
    conformance::check(&arguments.endpoint, &arguments.config.config, arguments.json).await
}
