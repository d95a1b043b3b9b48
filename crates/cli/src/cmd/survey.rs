//! Looks at configured targets that start nothing, for `status --live` and whoever else shows what is going on.

use std::path::PathBuf;
use std::sync::Arc;

use backup_sync::engine::{MemoryJournal, Options, Run, Selector, Stop, Survey};
use backup_sync::runtime::clock::SystemClock;

use crate::config::{self, File};
use crate::endpoints::{self, Chosen};
use crate::exit::Failure;
use crate::signals;

/// Connects to the endpoints of these targets; all of them when there is no selector.
pub async fn open(config: Option<PathBuf>, selectors: &[Selector]) -> Result<Chosen, Failure> {
    let path = config.unwrap_or_else(config::usual_path);
    let file = File::read(&path)?;
    let folder = path.parent().unwrap_or(&path);
    let prepared = endpoints::prepare_all(&file, folder, selectors)?;
    endpoints::open(&prepared, selectors).await
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
pub async fn take(config: Option<PathBuf>, selectors: &[Selector]) -> Result<Survey, Failure> {
    let chosen = open(config, selectors).await?;
    let run = run(Stop::default());
    let survey = signals::until_asked_to_end(run.survey(&chosen)).await;
    endpoints::close_all(&chosen).await;
    survey.ok_or(Failure::BrokenOff)
}
