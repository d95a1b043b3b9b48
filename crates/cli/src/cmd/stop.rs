//! `backup-sync stop`: asks the vendors to stop what runs, and looks until it has stopped.

use std::path::PathBuf;
use std::time::Duration;

use backup_sync::engine::{Options, Past, Selector};
use backup_sync_journal::Error as JournalError;
use clap::Args;

use super::rehearsal;
use super::resume::{connect, is_at_work, nothing};
use super::sync::{self, Work};
use crate::args::{Display, duration};
use crate::endpoints::Reached;
use crate::estate::Estate;
use crate::exit::{Exit, Failure};
use crate::jobs;
use crate::journal::{self, JournalFile, Kept};
use crate::metrics::Metrics;
use crate::page::PageFile;
use crate::progress::note;
use crate::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  backup-sync stop 'm365/repository/*' --dry-run
  backup-sync stop --all --dry-run
  backup-sync stop --run RUN
  backup-sync stop m365/job-session/ID

RUN is an id as `backup-sync status` and `backup-sync history` show it. Nobody is asked for confirmation: --dry-run shows \
what would be stopped.

Exit codes: 0 everything that ran has stopped, or nothing ran; 4 a vendor cannot stop it or refuses (of the vendors only \
Veeam Backup for Microsoft 365 has a call that stops a synchronization); 6 some stopped, others not; 8 still at work at the \
deadline; others as `backup-sync --help` tells them.";

/// Arguments of `stop`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Stop {
    /// Which targets. What runs of them is stopped, whoever started it.
    #[command(flatten)]
    pub selection: Selection,
    /// Only what this run has started or watches and has not ended, also while another process is at work on it.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["targets", "all", "labels", "plan"])]
    pub run: Option<String>,
    /// Look for so long whether it has stopped, for example 90s or 10m.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub deadline: Duration,
    /// Longest pause between two looks, for example 10s.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub poll: Duration,
    /// Only show what would be stopped, and the requests for it.
    #[arg(long)]
    pub dry_run: bool,
    /// Configuration with the endpoints; that of the run, or the usual one, when left out.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where runs are written down.
    #[command(flatten)]
    pub journal: JournalFile,
    /// How results and progress are shown.
    #[command(flatten)]
    pub display: Display,
}

/// Runs the command.
pub async fn run(arguments: &Stop) -> Result<Exit, Failure> {
    let options =
        Options { polling: sync::polling(arguments.poll), target_deadline: arguments.deadline, ..Options::default() };
    let estate = Estate::of(arguments.config.as_deref());
    if let (None, Ok(estate)) = (&arguments.run, &estate)
        && let Some(selectors) = jobs::meant(&arguments.selection, &estate.file)?
    {
        return stop_jobs(arguments, estate, selectors, options).await;
    }
    let (pasts, at, kept) = match &arguments.run {
        Some(id) => of_run(arguments, id).await?,
        None => of_targets(arguments).await?,
    };
    if pasts.is_empty() && arguments.run.is_some() {
        note(format_args!("nothing of the run is at work"));
        return nothing(arguments.display.output).await;
    }
    let work = Work::Stop(pasts, at);
    if arguments.dry_run {
        return rehearsal::run(work, options, arguments.display.output).await;
    }
    sync::execute(work, options, arguments.display, kept, &PageFile::default(), &Metrics::none()).await
}

/// Stops jobs that are named.
async fn stop_jobs(
    arguments: &Stop,
    estate: &Estate,
    selectors: &[Selector],
    options: Options,
) -> Result<Exit, Failure> {
    let mut named = jobs::open(estate, selectors).await?;
    let (pasts, providers) = sync::fresh(std::mem::take(&mut named.chosen));
    let ended = async {
        if pasts.is_empty() {
            note(format_args!("nothing of that kind is at work"));
            return sync::empty(arguments.display.output).await;
        }
        let work = Work::Stop(pasts, Reached { providers, ..Reached::default() });
        if arguments.dry_run {
            return rehearsal::run(work, options, arguments.display.output).await;
        }
        sync::execute(work, options, arguments.display, None, &PageFile::default(), &Metrics::none()).await
    };
    let ended = ended.await;
    named.close().await;
    ended
}

/// What is to be stopped, where, and the journal that has to know of it.
type Wanted = (Vec<Past>, Reached, Option<Kept>);

async fn of_targets(arguments: &Stop) -> Result<Wanted, Failure> {
    if !arguments.selection.is_named() {
        let how = "name targets as ENDPOINT/KIND/ID-OR-NAME, or say --run RUN, or --all for everything that runs";
        return Err(Failure::usage(format!("nothing to stop is named: {how}")));
    }
    let plan = arguments.selection.plan()?;
    let (chosen, _) = Estate::of(arguments.config.as_deref())?.choose(&arguments.selection, plan.as_ref()).await?;
    let (pasts, providers) = sync::fresh(chosen);
    Ok((pasts, Reached { providers, ..Reached::default() }, None))
}

async fn of_run(arguments: &Stop, id: &str) -> Result<Wanted, Failure> {
    let store = journal::existing(&arguments.journal).await?;
    let record = store.run(id).await?;
    let mut pasts = store.pasts(id).await?;
    let mut kept = None;
    // A run of which nothing is at work is not touched.
    if !arguments.dry_run && pasts.iter().any(is_at_work) {
        match store.take_up(id).await {
            Ok((journal, taken)) => (kept, pasts) = (Some(Kept::of(journal, &arguments.journal)), taken),
            // Whoever is at work on it sees the stop and writes it down.
            Err(JournalError::Busy { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    pasts.retain(is_at_work);
    match connect(arguments.config.as_deref(), &record, &pasts).await {
        Ok(at) => Ok((pasts, at, kept)),
        Err(failure) => {
            if let Some(kept) = kept {
                let own = kept.exit().await;
                kept.end(own.unwrap_or(Exit::Unconfirmed)).await;
            }
            Err(failure)
        }
    }
}
