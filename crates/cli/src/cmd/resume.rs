//! `backup-sync resume`: goes on with a run whose process has ended.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backup_sync::engine::{MemoryJournal, Options, Past, Provider, Run, Stage, Stop};
use backup_sync::runtime::clock::SystemClock;
use backup_sync_journal::RunRecord;
use clap::Args;

use super::history::{self, Runs};
use super::sync::{self, Work};
use crate::args::{Display, Output, duration};
use crate::bounds::Bounds;
use crate::config::File;
use crate::exit::{Exit, Failure};
use crate::journal::{self, JournalFile, Kept};
use crate::page::PageFile;
use crate::progress::note;
use crate::{endpoints, output};

const EXAMPLES: &str = "\
Examples:
  backup-sync resume --list
  backup-sync resume
  backup-sync resume --deadline 4h --output json";

/// Arguments of `resume`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Resume {
    /// Id of the run; the newest unfinished one when left out.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Only list the unfinished runs.
    #[arg(long, conflicts_with = "run")]
    pub list: bool,
    /// Stop watching a target after this long; the vendor's work goes on.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub deadline: Duration,
    /// Longest pause between two looks while nothing changes.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub poll: Duration,
    /// How long a claimed end may take to become visible before it counts as not proven.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub settle: Duration,
    /// Limits of the run.
    #[command(flatten)]
    pub bounds: Bounds,
    /// How long a start that was perhaps sent may be on its way. Shorter than a request takes, it may start twice.
    #[arg(long, value_name = "TIME", value_parser = duration, hide = true)]
    pub resend_after: Option<Duration>,
    /// Configuration with the endpoints; that of the run when left out.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the run was written down.
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
pub async fn run(arguments: &Resume) -> Result<Exit, Failure> {
    arguments.page.check()?;
    arguments.page.or_failure("resume", go_on(arguments).await)
}

async fn go_on(arguments: &Resume) -> Result<Exit, Failure> {
    let store = journal::existing(&arguments.journal).await?;
    if arguments.list {
        let runs = Runs { version: 1, runs: store.unfinished().await? };
        store.close().await;
        return history::print(&runs, arguments.display.output);
    }
    let id = match &arguments.run {
        Some(id) => id.clone(),
        None => match store.unfinished().await?.into_iter().next() {
            Some(run) => run.run,
            None => return nothing(arguments).await,
        },
    };
    let record = store.run(&id).await?;
    let (journal, pasts) = store.take_up(&id).await?;
    let kept = Kept::of(journal, &arguments.journal);
    match connect(arguments, &record, &pasts).await {
        Ok(providers) => {
            let work = Work::Past(pasts, providers);
            sync::execute(work, options(arguments, &record), arguments.display, Some(kept), &arguments.page).await
        }
        Err(failure) => {
            kept.end(failure.exit()).await;
            Err(failure)
        }
    }
}

/// There is nothing to resume, and that is no error.
async fn nothing(arguments: &Resume) -> Result<Exit, Failure> {
    note(format_args!("there is no unfinished run; `backup-sync history` lists all"));
    if arguments.display.output != Output::Table {
        let run = Run {
            options: Options::default(),
            clock: Arc::new(SystemClock),
            journal: Arc::new(MemoryJournal::default()),
            sink: Arc::new(|_| {}),
            stop: Stop::default(),
        };
        output::report(&run.resume(Vec::new(), Vec::new()).await, arguments.display.output)?;
    }
    Ok(Exit::Success)
}

/// What decides about starts is as it was; what is about watching is as it is said now.
fn options(arguments: &Resume, record: &RunRecord) -> Options {
    let usual = Options::default();
    let was = |name: &str, usual: bool| record.options[name].as_bool().unwrap_or(usual);
    arguments.bounds.of(Options {
        polling: sync::polling(arguments.poll),
        target_deadline: arguments.deadline,
        settle: arguments.settle,
        adopt: was("adopt", usual.adopt),
        force: was("force", usual.force),
        resend_after: arguments.resend_after.unwrap_or(usual.resend_after),
        ..usual
    })
}

/// Connects to the endpoints that have something left to do.
async fn connect(arguments: &Resume, record: &RunRecord, pasts: &[Past]) -> Result<Vec<Arc<dyn Provider>>, Failure> {
    let open = pasts.iter().filter(|past| !matches!(past.stage, Stage::Ended(_)));
    let needed: BTreeSet<&str> = open.map(|past| past.target.address.endpoint.as_str()).collect();
    if needed.is_empty() {
        return Ok(Vec::new());
    }
    let of_run = record.config.as_ref().map(PathBuf::from);
    let Some(path) = arguments.config.clone().or(of_run) else {
        return Err(Failure::usage(format!("run {} names no configuration; name one with --config", record.run)));
    };
    let file = File::read(&path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut wanted = Vec::new();
    for name in needed {
        let Some(endpoint) = file.endpoints.get_key_value(name) else {
            let path = path.display();
            let what = format!("run {} has targets of the endpoint {name}, which is not in {path}", record.run);
            return Err(Failure::usage(what));
        };
        wanted.push(endpoint);
    }
    let prepared = endpoints::prepare_each(wanted.into_iter(), folder)?;
    endpoints::connect(&prepared).await
}
