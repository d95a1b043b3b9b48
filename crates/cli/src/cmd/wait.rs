//! `backup-sync wait`: watches what runs already to its proven end, and starts nothing.

use std::path::PathBuf;

use backup_sync::engine::{Mode, Options, Selector};
use clap::Args;
use clap_complete::engine::ArgValueCandidates;

use super::resume;
use super::sync;
use crate::args::{Display, Watching};
use crate::complete;
use crate::config::{self, File};
use crate::endpoints;
use crate::exit::{Exit, Failure};
use crate::journal::{self, JournalFile};
use crate::page::PageFile;

const EXAMPLES: &str = "\
Examples:
  backup-sync wait
  backup-sync wait 'm365/repository/*' --deadline 4h
  backup-sync wait --all --output json

Without targets it goes on with a run of the journal: what that run started is watched, what it never sent is left for
`backup-sync resume`. With targets it watches whatever runs of them, whoever started it; where nothing runs, the target is
skipped.";

/// Arguments of `wait`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Wait {
    /// Targets as ENDPOINT/KIND/ID-OR-NAME; `*` and `?` match as in a shell. Without them the newest unfinished run.
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(complete::targets))]
    pub targets: Vec<Selector>,
    /// What this run has started.
    #[arg(long, value_name = "RUN", conflicts_with = "targets")]
    pub run: Option<String>,
    /// Whatever runs of every target of every endpoint.
    #[arg(long, conflicts_with_all = ["targets", "run"])]
    pub all: bool,
    /// How it is watched.
    #[command(flatten)]
    pub watching: Watching,
    /// Configuration with the endpoints; that of the run, or the usual one, when left out.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where runs are written down.
    #[command(flatten)]
    pub journal: JournalFile,
    /// Where the page about the run goes.
    #[command(flatten)]
    pub page: PageFile,
    /// How results and progress are shown.
    #[command(flatten)]
    pub display: Display,
}

/// Runs the command.
pub async fn run(arguments: &Wait) -> Result<Exit, Failure> {
    arguments.page.check()?;
    arguments.page.or_failure("wait", wait(arguments).await)
}

async fn wait(arguments: &Wait) -> Result<Exit, Failure> {
    let options = Options { mode: Mode::Attach, ..arguments.watching.options() };
    if arguments.targets.is_empty() && !arguments.all {
        let going_on = resume::GoingOn {
            run: arguments.run.as_deref(),
            config: arguments.config.as_deref(),
            journal: &arguments.journal,
            display: arguments.display,
            page: &arguments.page,
        };
        return going_on.go_on(|_| options).await;
    }
    let path = arguments.config.clone().unwrap_or_else(config::usual_path);
    let file = File::read(&path)?;
    let folder = path.parent().unwrap_or(&path);
    let prepared = endpoints::prepare_all(&file, folder, &arguments.targets)?;
    let store = journal::open(&arguments.journal).await?;
    let chosen = endpoints::open(&prepared, &arguments.targets).await?;
    let (journal, display, page) = (&arguments.journal, arguments.display, &arguments.page);
    let begin = sync::Begin { command: "wait", config: &path, journal, display, page };
    begin.begin(store, chosen, options).await
}
