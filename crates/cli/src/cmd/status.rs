//! `backup-sync status`: where targets stand, from the journal; or with `--live`, from the endpoints.

use std::path::PathBuf;

use backup_sync::engine::{Outcome, Standing, Survey, Surveyed};
use backup_sync_journal::{RunRecord, TargetStatus};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use super::{history, survey};
use crate::args::Output;
use crate::exit::{Exit, Failure};
use crate::journal::{self, JournalFile};
use crate::labels::Labels;
use crate::output;
use crate::progress::note;
use crate::selection::Selection;

const EXAMPLES: &str = "\
Examples:
  backup-sync status
  backup-sync status 'm365/*/*' --output json
  backup-sync status --live

Without --live nothing is asked of anybody: it tells what the journal knows. With --live the endpoints are asked, and nothing \
is started; the targets of an endpoint that cannot be reached are shown as unread, with the reason.

Exit codes: 0 told, whatever the targets are doing. With --live also, when a target cannot be looked at: 6 others can, else \
3 its endpoint refuses the credentials, 5 it cannot be reached or is too busy, 4 another failure. Others as `backup-sync --help` tells them.";

/// Arguments of `status`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Status {
    /// Only these. Labels and plans need --live, because the journal does not know them.
    #[command(flatten)]
    pub selection: Selection,
    /// Ask the endpoints what each target is doing now.
    #[arg(long)]
    pub live: bool,
    /// Form on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
    /// Configuration with the endpoints, for --live; the usual one when left out.
    #[arg(short, long, value_name = "FILE", requires = "live")]
    pub config: Option<PathBuf>,
    /// Where the runs were written down.
    #[command(flatten)]
    pub journal: JournalFile,
}

/// What the journal knows, as a versioned document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Known {
    /// Version of this form, 1.
    pub version: u32,
    /// Runs that can be resumed, and those that a process is at work on, the newest first.
    pub unfinished: Vec<RunRecord>,
    /// Each target, by address, as its newest run left it.
    pub targets: Vec<TargetStatus>,
}

/// Runs the command.
pub async fn run(arguments: &Status) -> Result<Exit, Failure> {
    if arguments.live {
        let survey = survey::take(arguments.config.as_deref(), &arguments.selection, &arguments.journal).await?;
        return Exit::of_survey(&survey).after(print_survey(&survey, arguments.output));
    }
    if !arguments.selection.labels.is_empty() || arguments.selection.plan.is_some() {
        return Err(Failure::usage("the journal knows no labels and no plans; say --live too, or name targets"));
    }
    let known = read(arguments).await?;
    print_known(&known, arguments.output)?;
    Ok(Exit::Success)
}

async fn read(arguments: &Status) -> Result<Known, Failure> {
    let mut known = Known { version: 1, unfinished: Vec::new(), targets: Vec::new() };
    match journal::present(&arguments.journal).await? {
        Some(store) => {
            (known.unfinished, known.targets) = store.status().await?;
            store.close().await;
        }
        None => note(format_args!("there is no journal yet; `sync` makes one")),
    }
    let wanted = &arguments.selection.targets;
    for selector in wanted {
        if !known.targets.iter().any(|target| selector.matches(&target.last.target, &target.last.name)) {
            let what = format!("target {selector}: the journal knows no such target; `backup-sync status` lists them");
            return Err(Failure::usage(what));
        }
    }
    if !wanted.is_empty() {
        let meant = |target: &TargetStatus| {
            wanted.iter().any(|selector| selector.matches(&target.last.target, &target.last.name))
        };
        known.targets.retain(meant);
    }
    Ok(known)
}

const HEAD: [&str; 7] = ["TARGET", "STATE", "OUTCOME", "EVIDENCE OR REASON", "WHEN", "TIME", "LAST SUCCESS"];

fn print_known(known: &Known, form: Output) -> Result<(), Failure> {
    if form == Output::Table && !known.unfinished.is_empty() {
        history::print_runs(&known.unfinished)?;
    }
    let targets = known.targets.iter().map(|target| (&target.last.target, target.last.name.as_str()));
    let labels = Labels::of(targets);
    let cells = |target: &TargetStatus| {
        let last = &target.last;
        let outcome = last.outcome.as_ref();
        vec![
            if form == Output::Table { labels.get(&last.target) } else { last.target.to_string() },
            last.state.word().to_owned(),
            outcome.map(|outcome| outcome.word().to_owned()).unwrap_or_default(),
            outcome.map(Outcome::detail).unwrap_or_default().to_owned(),
            last.ended_at.clone().or_else(|| last.started_at.clone()).unwrap_or_default(),
            last.duration_ms.map(output::seconds).unwrap_or_default(),
            target.last_success.clone().unwrap_or_default(),
        ]
    };
    output::list(known, &known.targets, &HEAD, cells, form)
}

fn print_survey(survey: &Survey, form: Output) -> Result<(), Failure> {
    let labels = Labels::of(survey.targets.iter().map(|target| (&target.target, target.name.as_str())));
    let cells = |target: &Surveyed| {
        let state = target.state.iter().cloned();
        let percent = target.percent.map(|percent| format!("{percent} %"));
        let running = (target.standing == Standing::Running).then(|| target.job.join(" "));
        let detail: Vec<String> = state.chain(percent).chain(target.detail.clone()).collect();
        vec![
            if form == Output::Table { labels.get(&target.target) } else { target.target.to_string() },
            target.standing.word().to_owned(),
            detail.join(", "),
            running.unwrap_or_default(),
        ]
    };
    output::list(survey, &survey.targets, &["TARGET", "STANDING", "STATE OR REASON", "JOB"], cells, form)
}
