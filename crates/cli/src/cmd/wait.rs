//! `backup-sync wait`: watches what runs already to its proven end, and starts nothing.

use std::path::PathBuf;

use backup_sync::engine::{Mode, Options, Selector};
use clap::Args;

use super::resume;
use super::sync;
use crate::args::{Display, Watching};
use crate::estate::Estate;
use crate::exit::{self, Exit, Failure};
use crate::jobs;
use crate::journal::{self, JournalFile};
use crate::metrics::{Metrics, MetricsFile};
use crate::page::PageFile;
use crate::progress::note;
use crate::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  backup-sync wait
  backup-sync wait 'm365/repository/*' --deadline 4h
  backup-sync wait --all --output json
  backup-sync wait dr/task/ID cloud/operation-log/ID
  backup-sync wait 'm365/job-session/*'

Without targets it goes on with a run of the journal: what that run started is watched, what it never sent is left for \
`backup-sync resume`. With targets it watches whatever runs of them, whoever started it; where nothing runs, the target is \
skipped.

Jobs of the vendors are waited for like targets, whoever started them and whatever for: ENDPOINT/task/ID of vSphere Replication, \
ENDPOINT/operation-log/ID of CBR, ENDPOINT/job-session/ID and ENDPOINT/owner-change-session/ID of VB365. A pattern means \
those that are at work now. They are not written into the journal.";

/// Arguments of `wait`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = exit::below(EXAMPLES))]
pub struct Wait {
    /// Which targets, to watch whatever runs of them. Without any the newest unfinished run.
    #[command(flatten)]
    pub selection: Selection,
    /// Only what this run has started.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["targets", "all", "labels", "plan"])]
    pub run: Option<String>,
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
    /// Where metrics are written.
    #[command(flatten)]
    pub metrics: MetricsFile,
    /// How results and progress are shown.
    #[command(flatten)]
    pub display: Display,
}

/// Runs the command.
pub async fn run(arguments: &Wait) -> Result<Exit, Failure> {
    arguments.page.check()?;
    let metrics = Metrics::begin(&arguments.metrics)?;
    let ended = arguments.page.or_failure("wait", watch(arguments, &metrics).await);
    metrics.end(&ended);
    ended
}

async fn watch(arguments: &Wait, metrics: &Metrics) -> Result<Exit, Failure> {
    if !arguments.selection.is_named() {
        let going_on = resume::GoingOn {
            command: "wait",
            run: arguments.run.as_deref(),
            config: arguments.config.as_deref(),
            journal: &arguments.journal,
            display: arguments.display,
            page: &arguments.page,
            metrics,
        };
        return going_on.go_on(|_| Options { mode: Mode::Attach, ..arguments.watching.options() }).await;
    }
    let plan = arguments.selection.plan()?;
    let estate = Estate::of(arguments.config.as_deref())?;
    if let Some(selectors) = jobs::meant(&arguments.selection, &estate.file)? {
        return watch_jobs(arguments, &estate, selectors, metrics).await;
    }
    let wanted = arguments.selection.wanted(plan.as_ref(), &estate.file);
    let store = journal::open(&arguments.journal).await?;
    let (chosen, mut own) = estate.choose(&arguments.selection, plan.as_ref()).await?;
    let begin = sync::Begin {
        command: "wait",
        config: estate.config.as_deref(),
        journal: &arguments.journal,
        display: arguments.display,
        page: &arguments.page,
        metrics,
    };
    if sync::nothing(&chosen) && wanted.may_be_nothing() {
        return begin.nothing(&chosen, "there is nothing to wait for").await;
    }
    own.values_mut().for_each(|own| own.deadline = own.deadline.filter(|_| arguments.watching.deadline.is_none()));
    let watching = arguments.watching.with(&plan.unwrap_or_default());
    let options = Options { mode: Mode::Attach, own, ..watching.options() };
    begin.begin(store, chosen, options).await
}

/// Jobs need no journal: whoever has lost this process names them again.
async fn watch_jobs(
    arguments: &Wait,
    estate: &Estate,
    selectors: &[Selector],
    metrics: &Metrics,
) -> Result<Exit, Failure> {
    let mut named = jobs::open(estate, selectors).await?;
    let chosen = std::mem::take(&mut named.chosen);
    let ended = if sync::nothing(&chosen) {
        note(format_args!("nothing of that kind is at work"));
        sync::empty(arguments.display.output).await
    } else {
        let options = Options { mode: Mode::Attach, ..arguments.watching.options() };
        let work = sync::Work::New(chosen);
        sync::execute(work, options, arguments.display, None, &arguments.page, metrics).await
    };
    named.close().await;
    ended
}
