//! `cargo xtask validate`: rules, examples, suppressions, generator.

use std::path::PathBuf;

use backup_sync_codegen::lint;
use backup_sync_workshop::taken::Taken;
use backup_sync_workshop::{report, suppressions, validate};

use super::{Failure, print};
use crate::workspace;

/// Options of `validate`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How findings are written; all of it goes to standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List all rules instead; `explain RULE` tells more of one.
    #[arg(long)]
    rules: bool,
    /// Ask the generator about all documents, those included that this program has generated before as they are now.
    #[arg(long)]
    no_cache: bool,
    /// Day for which suppressions are judged, for tests of this command.
    #[arg(long, hide = true)]
    today: Option<jiff::civil::Date>,
    /// Workspace to look at, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people: each finding with its line, reason and remedy.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

impl From<Format> for report::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Sarif => Self::Sarif,
            Format::Github => Self::Github,
        }
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.rules {
        let lines: Vec<String> = lint::all().iter().map(|rule| format!("{}  {}\n", rule.id, rule.title)).collect();
        return print(&lines.concat());
    }
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let taken = if arguments.no_cache { Taken::nothing() } else { Taken::at(&root) };
    let report = validate::all(&root, arguments.today.unwrap_or_else(suppressions::today), &taken)?;
    print(&report.render(arguments.format.into(), &root))?;
    if report.findings.is_empty() {
        eprintln!("{}", report.summary());
        return Ok(());
    }
    Err(Failure::Found(report.summary()))
}
