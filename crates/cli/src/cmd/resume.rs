//! `backup-sync resume`: goes on with a run whose process has ended.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backup_sync::engine::{Address, Mode, Options, Own, Past, Stage};
use backup_sync_journal::{RunRecord, RunState, Store};
use clap::Args;

use super::history::{self, Runs};
use super::rehearsal;
use super::sync::{self, Work};
use crate::args::{Display, Output, Watching, duration};
use crate::config::File;
use crate::endpoints::{self, Reached};
use crate::exit::{self, Exit, Failure};
use crate::journal::{self, JournalFile, Kept};
use crate::metrics::{Metrics, MetricsFile};
use crate::page::{PageFile, Story};
use crate::progress::note;

const EXAMPLES: &str = "\
Examples:
  backup-sync resume --list
  backup-sync resume
  backup-sync resume --deadline 4h --output json";

/// Arguments of `resume`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = exit::below(EXAMPLES))]
pub struct Resume {
    /// Id of the run; the newest unfinished one when left out.
    #[arg(value_name = "RUN", group = "which")]
    pub run: Option<String>,
    /// The same, as `wait` and `stop` take it.
    #[arg(long = "run", value_name = "RUN", group = "which")]
    pub named: Option<String>,
    /// Only list the unfinished runs.
    #[arg(long, conflicts_with = "which")]
    pub list: bool,
    /// Only show what would be done, and the requests for it. Nothing is started, and the run stays as it is.
    #[arg(long, conflicts_with_all = ["list", "page"])]
    pub dry_run: bool,
    /// How it is watched.
    #[command(flatten)]
    pub watching: Watching,
    /// How long a start that was perhaps sent may be on its way. Shorter than a request takes, it may start twice.
    #[arg(long, value_name = "TIME", value_parser = duration, hide = true)]
    pub resend_after: Option<Duration>,
    /// Configuration with the endpoints; that of the run when left out.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the run was written down.
    #[command(flatten)]
    pub journal: JournalFile,
    /// Where metrics are written.
    #[command(flatten)]
    pub metrics: MetricsFile,
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
    arguments.page.or_failure("resume", resume(arguments).await)
}

async fn resume(arguments: &Resume) -> Result<Exit, Failure> {
    if arguments.list {
        let store = journal::existing(&arguments.journal).await?;
        let runs = Runs { version: 1, runs: store.unfinished().await? };
        store.close().await;
        return history::print(&runs, arguments.display.output);
    }
    let metrics = Metrics::begin(&arguments.metrics)?;
    let going_on = GoingOn {
        command: "resume",
        run: arguments.run.as_deref().or(arguments.named.as_deref()),
        config: arguments.config.as_deref(),
        journal: &arguments.journal,
        display: arguments.display,
        metrics: &metrics,
        page: &arguments.page,
    };
    if arguments.dry_run {
        return going_on.rehearse(|record| options(arguments, record)).await;
    }
    let ended = going_on.go_on(|record| options(arguments, record)).await;
    metrics.end(&ended);
    ended
}

/// Going on with a run of the journal.
pub struct GoingOn<'a> {
    /// The command that goes on with it.
    pub command: &'a str,
    /// Which; the newest unfinished one when nothing is said.
    pub run: Option<&'a str>,
    /// The configuration; that of the run when nothing is said.
    pub config: Option<&'a Path>,
    /// Where the run was written down.
    pub journal: &'a JournalFile,
    /// How results and progress are shown.
    pub display: Display,
    /// Where it is measured.
    pub metrics: &'a Metrics,
    /// The page about it.
    pub page: &'a PageFile,
}

impl GoingOn<'_> {
    /// Takes the run up and goes on with it.
    pub async fn go_on(&self, options: impl FnOnce(&RunRecord) -> Options) -> Result<Exit, Failure> {
        let store = journal::existing(self.journal).await?;
        let Some(record) = self.record(&store).await? else {
            // An older page would be taken for one of now.
            self.page.write(|| Story::of_nothing(self.command, NOTHING))?;
            return nothing(self.display.output).await;
        };
        let (journal, pasts) = store.take_up(&record.run).await?;
        let kept = Kept::of(journal, self.journal);
        match connect(self.config, &record, &pasts).await {
            Ok(at) => {
                let work = Work::Past(pasts, at);
                sync::execute(work, options(&record), self.display, Some(kept), self.page, self.metrics).await
            }
            Err(failure) => {
                let failure = if pasts.iter().any(is_at_work) { Failure::Unseen(failure.into()) } else { failure };
                // What an earlier process has found out of the run is not made better by one that found out nothing.
                let was = record.exit_code.and_then(Exit::of_code);
                kept.end(Exit::worst(&[failure.exit(), was.unwrap_or(Exit::Success)])).await;
                Err(failure)
            }
        }
    }

    /// Shows what going on would do. The run stays as it is.
    async fn rehearse(&self, options: impl FnOnce(&RunRecord) -> Options) -> Result<Exit, Failure> {
        let store = journal::existing(self.journal).await?;
        let Some(record) = self.record(&store).await? else { return nothing(self.display.output).await };
        if record.state == RunState::Running {
            let (id, pid) = (record.run, record.pid);
            return Err(Failure::Journal(backup_sync_journal::Error::Busy { id, pid }));
        }
        let pasts = store.pasts(&record.run).await?;
        store.close().await;
        let at = connect(self.config, &record, &pasts).await?;
        rehearsal::run(Work::Past(pasts, at), options(&record), self.display.output).await
    }

    /// The run that is meant, if there is one.
    async fn record(&self, store: &Store) -> Result<Option<RunRecord>, Failure> {
        Ok(match self.run {
            Some(id) => Some(store.run(id).await?),
            None => store.unfinished().await?.into_iter().next(),
        })
    }
}

const NOTHING: &str = "there is no unfinished run; `backup-sync history` lists all";

/// There is nothing to resume, and that is no error.
pub async fn nothing(form: Output) -> Result<Exit, Failure> {
    note(format_args!("{NOTHING}"));
    sync::empty(form).await
}

/// What decides about starts is as it was; what is about watching is as it is said now.
fn options(arguments: &Resume, record: &RunRecord) -> Options {
    let usual = Options::default();
    let was = |name: &str, usual: bool| record.options[name].as_bool().unwrap_or(usual);
    let own: Vec<(Address, Own)> = serde_json::from_value(record.options["own"].clone()).unwrap_or_default();
    let own = own.into_iter().map(|(target, own)| (target, Own { deadline: None, ..own })).collect();
    // What was only started is watched now; a run that has started nothing starts nothing now either.
    let mode = record.options["mode"].as_str().and_then(Mode::of).filter(|mode| *mode == Mode::Attach);
    Options {
        mode: mode.unwrap_or_default(),
        adopt: was("adopt", usual.adopt),
        force: was("force", usual.force),
        own,
        resend_after: arguments.resend_after.unwrap_or(usual.resend_after),
        ..arguments.watching.options()
    }
}

/// Whether the vendor may be at work on it.
pub fn is_at_work(past: &Past) -> bool {
    matches!(past.stage, Stage::Started { .. } | Stage::Intended { .. })
}

/// Connects to the endpoints that have something left to do.
pub async fn connect(config: Option<&Path>, record: &RunRecord, pasts: &[Past]) -> Result<Reached, Failure> {
    let open = pasts.iter().filter(|past| !matches!(past.stage, Stage::Ended(_)));
    let needed: BTreeSet<&str> = open.map(|past| past.target.address.endpoint.as_str()).collect();
    if needed.is_empty() {
        return Ok(Reached::default());
    }
    let of_run = record.config.as_ref().map(PathBuf::from);
    let Some(path) = config.map(Path::to_owned).or(of_run) else {
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
    endpoints::reach(&prepared).await
}
