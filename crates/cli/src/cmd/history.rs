//! `backup-sync history`: which runs there were, and what became of their targets.

use std::path::PathBuf;

use backup_sync::engine::Outcome;
use backup_sync_journal::{RunRecord, TargetRecord};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Output;
use crate::exit::{Exit, Failure};
use crate::journal::{self, JournalFile};
use crate::labels::Labels;
use crate::output;
use crate::page::{PageFile, Story};

const EXAMPLES: &str = "\
Examples:
  backup-sync history
  backup-sync history --limit 100 --output csv
  backup-sync history RUN --report run.html

RUN is an id as the list shows it.";

/// Arguments of `history`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct History {
    /// Id of a run: its targets, with their evidence. Without it the runs are listed.
    #[arg(value_name = "RUN", group = "which")]
    pub id: Option<String>,
    /// The same, as `wait` and `stop` take it.
    #[arg(long, value_name = "RUN", group = "which")]
    pub run: Option<String>,
    /// So many runs, the newest first.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "which")]
    pub limit: u32,
    /// Write a page about the run that is named, as `sync --report` does.
    #[arg(long = "report", value_name = "FILE.html", requires = "which")]
    pub page: Option<PathBuf>,
    /// Form of the list on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
    /// Where the runs were written down.
    #[command(flatten)]
    pub journal: JournalFile,
}

/// Runs as a versioned document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Runs {
    /// Version of this form, 1.
    pub version: u32,
    /// The runs, the newest first.
    pub runs: Vec<RunRecord>,
}

/// Runs the command.
pub async fn run(arguments: &History) -> Result<Exit, Failure> {
    let store = journal::existing(&arguments.journal).await?;
    let runs = match arguments.id.as_ref().or(arguments.run.as_ref()) {
        Some(id) => vec![store.run(id).await?],
        None => store.runs(arguments.limit).await?,
    };
    store.close().await;
    if let [run] = runs.as_slice() {
        let page = PageFile { page: arguments.page.clone() };
        page.write(|| Story::of_record(run, journal::command(&run.run, &arguments.journal)))?;
    }
    print(&Runs { version: 1, runs }, arguments.output)
}

/// Prints runs: one with its targets where they are known, else a list.
pub fn print(runs: &Runs, form: Output) -> Result<Exit, Failure> {
    match runs.runs.as_slice() {
        [RunRecord { targets: Some(targets), .. }] => {
            let labels = Labels::of(targets.iter().map(|target| (&target.target, target.name.as_str())));
            let label = |target: &TargetRecord| match form {
                Output::Table => labels.get(&target.target),
                _ => target.target.to_string(),
            };
            output::list(runs, targets, &TARGETS, |target| target_row(label(target), target), form)?;
        }
        all => output::list(runs, all, &RUNS, run_row, form)?,
    }
    Ok(Exit::Success)
}

/// Prints a table of runs.
pub fn print_runs(runs: &[RunRecord]) -> Result<(), Failure> {
    output::table_of(&RUNS, &runs.iter().map(run_row).collect::<Vec<_>>())
}

const RUNS: [&str; 6] = ["RUN", "STARTED", "STATE", "EXIT", "TARGETS", "RESULT"];
const TARGETS: [&str; 6] = ["TARGET", "STATE", "OUTCOME", "EVIDENCE OR REASON", "STARTED", "TIME"];

fn run_row(run: &RunRecord) -> Vec<String> {
    vec![
        run.run.clone(),
        run.started_at.clone(),
        run.state.word().to_owned(),
        run.exit_code.map(|code| code.to_string()).unwrap_or_default(),
        run.target_count.to_string(),
        output::counts(&run.summary),
    ]
}

fn target_row(label: String, target: &TargetRecord) -> Vec<String> {
    vec![
        label,
        target.state.word().to_owned(),
        target.outcome.as_ref().map(|outcome| outcome.word().to_owned()).unwrap_or_default(),
        target.outcome.as_ref().map(Outcome::detail).unwrap_or_default().to_owned(),
        target.started_at.clone().unwrap_or_default(),
        target.duration_ms.map(output::seconds).unwrap_or_default(),
    ]
}
