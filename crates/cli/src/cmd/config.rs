//! `backup-sync config`: write a configuration to begin with, check one, describe the form.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::args::ConfigFile;
use crate::cmd::schema::{Document, Schema};
use crate::config::{self, Endpoint, File, parse};
use crate::exit::{Exit, Failure};
use crate::plan::Plan;
use crate::prepare::prepare;
use crate::selection::Wanted;
use crate::{output, progress};

const INIT_EXAMPLES: &str = "\
Examples:
  backup-sync config init
  backup-sync config init other.toml --force";

const CHECK_EXAMPLES: &str = "\
Examples:
  backup-sync config check
  backup-sync config check --config backup-sync.toml
  backup-sync config check --plan nightly.toml";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  backup-sync config schema";

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Write a configuration with comments to begin with.
    #[command(after_help = INIT_EXAMPLES)]
    Init(Init),
    /// Read the configuration and every secret that it names, and tell of all problems; no endpoint is contacted.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Print the JSON Schema of the configuration, as `backup-sync schema config` does.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
}

/// Arguments of `config init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The file to write.
    #[arg(value_name = "FILE", default_value = "backup-sync.toml")]
    pub file: PathBuf,
    /// Write over a file that is there already.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `config check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Where the configuration is.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Check this plan too: its form, and that every endpoint it names is configured.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

/// Runs the command.
pub fn run(command: &Config) -> Result<Exit, Failure> {
    match command {
        Config::Init(init) => begin(init),
        Config::Check(check) => all(&check.config.config, check.plan.as_deref()),
        Config::Schema => super::schema::run(&Schema { document: Document::Config }),
    }
}

fn begin(arguments: &Init) -> Result<Exit, Failure> {
    let path = &arguments.file;
    let shown = path.display();
    write(path, arguments.force).map_err(|cause| match cause.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{shown} is there already; say --force to write over it, or name another file"))
        }
        _ => Failure::usage(format!("{shown} cannot be written: {cause}")),
    })?;
    progress::note(format_args!("{shown} is written; change it, then say: backup-sync config check --config {shown}"));
    Ok(Exit::Success)
}

/// Writes the example for its owner only: names of users and servers are nobody else's business.
fn write(path: &Path, force: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(!force).create(force).truncate(force);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(<std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600))?;
    file.write_all(config::EXAMPLE.as_bytes())
}

/// Tells of each endpoint in one line what it is, or that it cannot be used; why is told on standard error.
fn all(path: &Path, plan: Option<&Path>) -> Result<Exit, Failure> {
    let shown = path.display().to_string();
    let parsed = parse::parse(&config::text(path)?, &shown);
    let folder = path.parent().unwrap_or(path);
    let mut problems = parsed.problems;
    if parsed.endpoints.is_empty() && problems.is_empty() {
        problems.push(format!("{shown}: no endpoint is configured"));
    }
    let mut lines = String::new();
    let mut good = File { endpoints: BTreeMap::new() };
    let names: Vec<String> = parsed.endpoints.iter().map(|(name, _)| name.clone()).collect();
    for (name, endpoint) in parsed.endpoints {
        let checked = endpoint.map_err(Failure::Problems).and_then(|endpoint| {
            prepare(&name, &endpoint, folder)?;
            let told = told(&endpoint);
            good.endpoints.insert(name.clone(), endpoint);
            Ok(told)
        });
        let line = match checked {
            Ok(line) => line,
            Err(Failure::BrokenOff) => return Err(Failure::BrokenOff),
            Err(failure) => {
                let wrong = failure.lines();
                let count = wrong.len();
                problems.extend(wrong);
                if count == 1 { "1 problem".to_owned() } else { format!("{count} problems") }
            }
        };
        lines += &output::printable(&format!("{name}: {line}"));
        lines.push('\n');
    }
    if let Some(path) = plan {
        // What an endpoint with problems is called is known, what it has is not.
        let complete = names.iter().all(|name| good.endpoints.contains_key(name));
        let checked = Plan::read(path).and_then(|plan| {
            if complete {
                Wanted::planned(&plan, &good).check()?
            }
            Ok(plan.targets.len())
        });
        match checked {
            Ok(count) => lines += &output::printable(&format!("{}: ok: {count} groups of targets", path.display())),
            Err(failure) => {
                problems.extend(failure.lines());
                lines += &output::printable(&format!("{}: problems", path.display()));
            }
        }
        lines.push('\n');
    }
    output::print(&lines)?;
    if problems.is_empty() { Ok(Exit::Success) } else { Err(Failure::Problems(problems)) }
}

/// What an endpoint is, and where its secrets were found.
fn told(endpoint: &Endpoint) -> String {
    let place = match endpoint {
        Endpoint::VeeamVb365(server) => server.url.clone(),
        Endpoint::HuaweiCbr(cloud) => cloud.url.clone().unwrap_or_else(|| format!("region {}", cloud.region)),
        Endpoint::VsphereReplication(appliance) => appliance.url.clone(),
    };
    let places: Vec<String> = endpoint.secrets().into_iter().map(config::Secret::place).collect();
    format!("ok: {} at {place}, secrets from {}", endpoint.vendor(), places.join(" and "))
}
