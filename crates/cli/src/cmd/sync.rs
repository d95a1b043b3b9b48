//! `backup-sync sync`: the main job, and the part of it that `demo` shares.

use std::sync::Arc;

use backup_sync::engine::{MemoryJournal, Options, Polling, Run, Stop};
use backup_sync::runtime::clock::SystemClock;

use crate::args::{Display, Sync};
use crate::config::File;
use crate::endpoints::{self, Chosen};
use crate::exit::{Exit, Failure};
use crate::{output, progress, signals};

/// Runs the command.
pub async fn run(arguments: &Sync) -> Result<Exit, Failure> {
    if arguments.targets.is_empty() && !arguments.all {
        let how = "name targets as ENDPOINT/KIND/ID-OR-NAME, or say --all; `backup-sync targets` lists what there is";
        return Err(Failure::usage(format!("nothing to synchronize is named: {how}")));
    }
    let path = &arguments.config.config;
    let file = File::read(path)?;
    let folder = path.parent().unwrap_or(path);
    let prepared = endpoints::prepare_all(&file, folder, &arguments.targets)?;
    let chosen = endpoints::open(&prepared, &arguments.targets).await?;
    let options = Options {
        polling: Polling { shortest: Polling::default().shortest.min(arguments.poll), longest: arguments.poll },
        target_deadline: arguments.deadline,
        settle: arguments.settle,
        adopt: !arguments.no_adopt,
        force: arguments.force,
        ..Options::default()
    };
    execute(chosen, options, arguments.display).await
}

/// Runs the engine over what was chosen, shows it, and says how the program ends.
pub async fn execute(chosen: Chosen, options: Options, display: Display) -> Result<Exit, Failure> {
    if chosen.iter().all(|(_, targets)| targets.is_empty()) {
        endpoints::close_all(&chosen).await;
        return Err(Failure::usage("there is nothing to synchronize: the endpoints have no targets"));
    }
    let stop = Stop::default();
    let run = Run {
        options,
        clock: Arc::new(SystemClock),
        journal: Arc::new(MemoryJournal::default()),
        sink: progress::sink(display.progress),
        stop: stop.clone(),
    };
    let listener = tokio::spawn(async move {
        signals::asked_to_end().await;
        stop.now();
    });
    let report = run.execute(chosen).await;
    listener.abort();
    progress::log::finish();
    output::report(&report, display.output)?;
    Ok(Exit::of(&report))
}
