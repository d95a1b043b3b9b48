//! Looks at configured targets that start nothing, for `status --live` and whoever else shows what is going on.

use std::path::Path;
use std::sync::Arc;

use backup_sync::engine::{MemoryJournal, Options, Run, Stop, Survey};
use backup_sync::runtime::clock::SystemClock;

use crate::endpoints::{self, Chosen};
use crate::estate::Estate;
use crate::exit::Failure;
use crate::selection::Selection;
use crate::signals;

/// Connects to the endpoints of these targets; all of them when none are named.
pub async fn open(config: Option<&Path>, selection: &Selection) -> Result<Chosen, Failure> {
    let plan = selection.plan()?;
    Ok(Estate::of(config)?.choose(selection, plan.as_ref()).await?.0)
}

/// What looks, until `stop` says otherwise.
pub fn run(stop: Stop) -> Run {
    Run {
        options: Options::default(),
        clock: Arc::new(SystemClock),
        journal: Arc::new(MemoryJournal::default()),
        sink: Arc::new(|_| {}),
        stop,
    }
}

/// Connects, looks once, and logs out.
pub async fn take(config: Option<&Path>, selection: &Selection) -> Result<Survey, Failure> {
    let chosen = open(config, selection).await?;
    let run = run(Stop::default());
    let survey = signals::until_asked_to_end(run.survey(&chosen)).await;
    endpoints::close_all(&chosen).await;
    survey.ok_or(Failure::BrokenOff)
}
