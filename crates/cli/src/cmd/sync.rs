//! `backup-sync sync`: the main job, and the part of it that `demo` and `resume` share.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use backup_sync::engine::{
    Address, Journal, Mode, NoJournal, Options, Own, Past, Polling, Provider, Report, Run, Stop, Target,
};
use backup_sync::runtime::clock::SystemClock;
use backup_sync_journal::Store;
use clap::Args;

use super::rehearsal;
use crate::args::{Display, Output, Watching};
use crate::endpoints::{self, Chosen, Reached};
use crate::estate::{Endpoints, Estate};
use crate::exit::{self, Exit, Failure};
use crate::journal::{self, JournalFile, Kept};
use crate::metrics::{Metrics, MetricsFile, Successes};
use crate::page::timeline::Timeline;
use crate::page::{PageFile, Story};
use crate::plan::Plan;
use crate::progress::jobs::Jobs;
use crate::progress::note;
use crate::selection::Selection;
use crate::{output, progress, signals};

const EXAMPLES: &str = "\
Examples:
  backup-sync sync 'm365/repository/*'
  backup-sync sync 'm365/repository/*' 'cloud/vault/*' --deadline 4h --output json
  backup-sync sync --all --poll 30s --progress plain
  backup-sync sync 'dr/replication/*' --dry-run
  backup-sync sync --all --report night.html
  backup-sync sync --all --simulated
  backup-sync sync --label site=berlin
  backup-sync sync --plan nightly.toml";

/// Arguments of `sync`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = exit::below(EXAMPLES))]
pub struct Sync {
    /// Which targets.
    #[command(flatten)]
    pub selection: Selection,
    /// Start targets too of which the vendor says that they are in sync.
    #[arg(long)]
    pub force: bool,
    /// Do not watch a synchronization that runs already; report it as skipped.
    #[arg(long)]
    pub no_adopt: bool,
    /// Only start, and watch nothing. The exit code is 7 and not 0, because 0 means proven: `backup-sync wait`, as is
    /// printed, watches what was started to its proven end.
    #[arg(long, conflicts_with = "no_journal")]
    pub detach: bool,
    /// Only show what would be started, and the requests for it. States are read, nothing is started or written down.
    #[arg(long, conflicts_with_all = ["detach", "page"])]
    pub dry_run: bool,
    /// How it is watched.
    #[command(flatten)]
    pub watching: Watching,
    /// Where endpoints come from.
    #[command(flatten)]
    pub endpoints: Endpoints,
    /// Where the run is written down.
    #[command(flatten)]
    pub journal: JournalFile,
    /// Write nothing down: a run that is killed cannot be resumed.
    #[arg(long)]
    pub no_journal: bool,
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
pub async fn run(arguments: &Sync) -> Result<Exit, Failure> {
    arguments.page.check()?;
    let metrics = Metrics::begin(&arguments.metrics)?;
    let ended = arguments.page.or_failure("sync", synchronize(arguments, &metrics).await);
    metrics.end(&ended);
    ended
}

async fn synchronize(arguments: &Sync, metrics: &Metrics) -> Result<Exit, Failure> {
    let selection = &arguments.selection;
    if !selection.is_named() {
        let how = "name targets as ENDPOINT/KIND/ID-OR-NAME, or say --all; `backup-sync targets` lists what there is";
        return Err(Failure::usage(format!("nothing to synchronize is named: {how}")));
    }
    if arguments.detach && (arguments.journal.path()?.is_none() || arguments.endpoints.simulated) {
        let why = "nobody could find again what it starts";
        return Err(Failure::usage(format!("--detach needs a journal: without one {why}")));
    }
    let plan = selection.plan()?;
    let estate = Estate::open(&arguments.endpoints).await?;
    let wanted = selection.wanted(plan.as_ref(), &estate.file);
    let prepared = estate.prepare(&wanted)?;
    // A journal that cannot be used is told before anybody is asked anything. Simulated vendors end with the process, so
    // that nothing of them could be resumed.
    let kept = !arguments.no_journal && !arguments.dry_run && !arguments.endpoints.simulated;
    let store = if kept { journal::open(&arguments.journal).await? } else { None };
    if let (Some(store), true) = (&store, selection.all) {
        journal::tell_unfinished(store, &arguments.journal).await?;
    }
    let chosen = endpoints::open(&prepared, &wanted).await?;
    let begin = Begin {
        command: "sync",
        config: estate.config.as_deref(),
        journal: &arguments.journal,
        display: arguments.display,
        page: &arguments.page,
        metrics,
    };
    if nothing(&chosen) && wanted.may_be_nothing() {
        return begin.nothing(&chosen, "there is nothing to synchronize").await;
    }
    let options = estate.hurry(options(arguments, &plan.unwrap_or_default(), wanted.own(&chosen)));
    if arguments.dry_run {
        return rehearsal::run(Work::New(chosen), options, arguments.display.output).await;
    }
    begin.begin(store, chosen, options).await
}

/// A run that is to begin.
pub struct Begin<'a> {
    /// The command that begins it.
    pub command: &'a str,
    /// The configuration that it goes by.
    pub config: Option<&'a Path>,
    /// Where it is written down.
    pub journal: &'a JournalFile,
    /// How it is shown.
    pub display: Display,
    /// Where the page about it goes.
    pub page: &'a PageFile,
    /// Where it is measured.
    pub metrics: &'a Metrics,
}

impl Begin<'_> {
    /// A plan of which nothing is there, and may be nothing: that is told everywhere, because an older page or older numbers
    /// would be taken for today's.
    pub async fn nothing(&self, chosen: &Chosen, what: &str) -> Result<Exit, Failure> {
        endpoints::close_all(chosen).await;
        let why = format!("{what}: the plan's targets are all optional, and none is there");
        note(format_args!("{why}"));
        let report = no_targets().await;
        self.metrics.take(&report, Successes::new());
        let page = self.page.write(|| Story::of_nothing(self.command, &why));
        let result =
            if self.display.output == Output::Table { Ok(()) } else { output::report(&report, self.display.output) };
        Exit::Success.after(page.and(result))
    }

    /// Begins it in the journal and carries it out; without a journal when there is none.
    pub async fn begin(&self, store: Option<Store>, chosen: Chosen, options: Options) -> Result<Exit, Failure> {
        let kept = match store {
            Some(store) => match Kept::begin(store, self.command, self.journal, self.config, &options).await {
                Ok(kept) => Some(kept),
                Err(failure) => {
                    endpoints::close_all(&chosen).await;
                    return Err(failure);
                }
            },
            None => None,
        };
        execute(Work::New(chosen), options, self.display, kept, self.page, self.metrics).await
    }
}

/// What was chosen, as targets for which nothing was sent yet, and their connections.
pub fn fresh(chosen: Chosen) -> (Vec<Past>, Vec<Arc<dyn Provider>>) {
    let of = |(provider, targets): &(Arc<dyn Provider>, Vec<Target>)| {
        targets.iter().map(|target| Past::planned(target.clone(), provider.vendor())).collect::<Vec<_>>()
    };
    let pasts = chosen.iter().flat_map(of).collect();
    (pasts, chosen.into_iter().map(|(provider, _)| provider).collect())
}

/// What counts: the command line, then what the plan says of single targets, then the plan, then what is usual.
fn options(arguments: &Sync, plan: &Plan, mut own: BTreeMap<Address, Own>) -> Options {
    let watching = arguments.watching.with(plan);
    for one in own.values_mut() {
        one.deadline = one.deadline.filter(|_| arguments.watching.deadline.is_none());
        one.force = one.force.filter(|_| !arguments.force);
        one.adopt = one.adopt.filter(|_| !arguments.no_adopt);
    }
    Options {
        mode: if arguments.detach { Mode::Detach } else { Mode::Synchronize },
        adopt: !arguments.no_adopt && plan.adopt.unwrap_or(true),
        force: arguments.force || plan.force.unwrap_or(false),
        own,
        ..watching.options()
    }
}

/// Whether no target was chosen.
pub fn nothing(chosen: &Chosen) -> bool {
    chosen.iter().all(|(_, targets)| targets.is_empty())
}

/// The result of a run in which there was nothing to do.
pub async fn empty(form: Output) -> Result<Exit, Failure> {
    if form != Output::Table {
        output::report(&no_targets().await, form)?;
    }
    Ok(Exit::Success)
}

/// The report of a run over no targets.
async fn no_targets() -> Report {
    let run = Run {
        options: Options::default(),
        clock: Arc::new(SystemClock),
        journal: Arc::new(NoJournal),
        sink: Arc::new(|_| {}),
        stop: Stop::default(),
    };
    run.resume(Vec::new(), Vec::new(), &[]).await
}

/// How often is asked when nothing changes for `longest`.
pub fn polling(longest: std::time::Duration) -> Polling {
    Polling { shortest: Polling::default().shortest.min(longest), longest }
}

/// What there is to do.
pub enum Work {
    /// These targets.
    New(Chosen),
    /// What an earlier process has left.
    Past(Vec<Past>, Reached),
    /// What runs of these is to be stopped.
    Stop(Vec<Past>, Reached),
}

/// Runs the engine over what was chosen, shows it, and says how the program ends.
pub async fn execute(
    work: Work,
    options: Options,
    display: Display,
    kept: Option<Kept>,
    page: &PageFile,
    metrics: &Metrics,
) -> Result<Exit, Failure> {
    if let Work::New(chosen) = &work
        && nothing(chosen)
    {
        endpoints::close_all(chosen).await;
        return Err(Failure::usage("there is nothing to synchronize: the endpoints have no targets"));
    }
    let stop = Stop::default();
    let timeline = Arc::new(Timeline::over(progress::sink(display.progress)));
    let jobs = Arc::new(Jobs::over(timeline.clone()));
    let in_force = journal::in_force(&options);
    let journal: Arc<dyn Journal> = match &kept {
        Some(kept) => kept.journal(),
        None => Arc::new(NoJournal),
    };
    let (mode, stopping) = (options.mode, options.stop_on_break.is_some());
    let run = Run { options, clock: Arc::new(SystemClock), journal, sink: jobs.clone(), stop: stop.clone() };
    let resume = kept.as_ref().map(Kept::command);
    signals::tell_first(move || {
        jobs.tell(stopping);
        if let Some(resume) = resume {
            journal::tell_command(&resume);
        }
    });
    let listener = tokio::spawn(async move {
        signals::asked_to_end().await;
        stop.now();
    });
    let stops = matches!(work, Work::Stop(..));
    let mut report = match work {
        Work::New(chosen) => run.execute(chosen).await,
        Work::Past(pasts, at) => run.resume(pasts, at.providers, &at.dark).await,
        Work::Stop(pasts, at) => run.stop_jobs(pasts, at.providers, &at.dark).await,
    };
    signals::tell_nothing_first();
    listener.abort();
    progress::log::finish();
    let exit = match Exit::of(&report) {
        _ if stops => Exit::of_stop(&report),
        // Nobody has waited, so there was no deadline either.
        Exit::StillRunning if mode == Mode::Detach => Exit::Unconfirmed,
        exit => exit,
    };
    let mut resume = None;
    let known = match &kept {
        Some(kept) if metrics.are_wanted() => kept.last_successes().await,
        _ => Successes::new(),
    };
    metrics.take(&report, known);
    if let Some(kept) = &kept {
        report.run = Some(kept.id().to_owned());
        if mode == Mode::Detach && report.summary.still_running > 0 {
            kept.tell_wait();
        }
        // The code of a run is how its own targets ended, not how stopping some of them did.
        let code = if stops { kept.exit().await.unwrap_or(exit) } else { exit };
        resume = kept.end(code).await.then(|| kept.command());
    }
    let told = || Story { options: in_force, resume, ..Story::of_report(&report, exit, timeline.memory()) };
    // Each is written, also when the other cannot be.
    let (page, result) = (page.write(told), output::report(&report, display.output));
    exit.after(page.and(result))
}
