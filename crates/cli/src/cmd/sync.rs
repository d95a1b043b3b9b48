//! `backup-sync sync`: the main job, and the part of it that `demo` and `resume` share.

use std::sync::Arc;

use backup_sync::engine::{Journal, MemoryJournal, Options, Past, Polling, Provider, Run, Stop};
use backup_sync::runtime::clock::SystemClock;

use crate::args::{Display, Sync};
use crate::config::File;
use crate::endpoints::{self, Chosen};
use crate::exit::{Exit, Failure};
use crate::journal::{self, Kept};
use crate::page::timeline::Timeline;
use crate::page::{PageFile, Story};
use crate::progress::jobs::Jobs;
use crate::{output, progress, signals};

/// Runs the command.
pub async fn run(arguments: &Sync) -> Result<Exit, Failure> {
    arguments.page.check()?;
    arguments.page.or_failure("sync", synchronize(arguments).await)
}

async fn synchronize(arguments: &Sync) -> Result<Exit, Failure> {
    if arguments.targets.is_empty() && !arguments.all {
        let how = "name targets as ENDPOINT/KIND/ID-OR-NAME, or say --all; `backup-sync targets` lists what there is";
        return Err(Failure::usage(format!("nothing to synchronize is named: {how}")));
    }
    let path = &arguments.config.config;
    let file = File::read(path)?;
    let folder = path.parent().unwrap_or(path);
    let prepared = endpoints::prepare_all(&file, folder, &arguments.targets)?;
    // A journal that cannot be used is told before anybody is asked anything.
    let store = if arguments.no_journal { None } else { journal::open(&arguments.journal).await? };
    if let (Some(store), true) = (&store, arguments.all) {
        journal::tell_unfinished(store, &arguments.journal).await?;
    }
    let chosen = endpoints::open(&prepared, &arguments.targets).await?;
    let options = arguments.bounds.of(Options {
        polling: polling(arguments.poll),
        target_deadline: arguments.deadline,
        settle: arguments.settle,
        adopt: !arguments.no_adopt,
        force: arguments.force,
        ..Options::default()
    });
    let kept = match store {
        Some(store) => match Kept::begin(store, &arguments.journal, path, &options).await {
            Ok(kept) => Some(kept),
            Err(failure) => {
                endpoints::close_all(&chosen).await;
                return Err(failure);
            }
        },
        None => None,
    };
    execute(Work::New(chosen), options, arguments.display, kept, &arguments.page).await
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
    Past(Vec<Past>, Vec<Arc<dyn Provider>>),
}

/// Runs the engine over what was chosen, shows it, and says how the program ends.
pub async fn execute(
    work: Work,
    options: Options,
    display: Display,
    kept: Option<Kept>,
    page: &PageFile,
) -> Result<Exit, Failure> {
    if let Work::New(chosen) = &work
        && chosen.iter().all(|(_, targets)| targets.is_empty())
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
        None => Arc::new(MemoryJournal::default()),
    };
    let run = Run { options, clock: Arc::new(SystemClock), journal, sink: jobs.clone(), stop: stop.clone() };
    let resume = kept.as_ref().map(Kept::command);
    signals::tell_first(move || {
        jobs.tell();
        if let Some(resume) = resume {
            journal::tell_command(&resume);
        }
    });
    let listener = tokio::spawn(async move {
        signals::asked_to_end().await;
        stop.now();
    });
    let mut report = match work {
        Work::New(chosen) => run.execute(chosen).await,
        Work::Past(pasts, providers) => run.resume(pasts, providers).await,
    };
    signals::tell_nothing_first();
    listener.abort();
    progress::log::finish();
    let exit = Exit::of(&report);
    let mut resume = None;
    if let Some(kept) = &kept {
        report.run = Some(kept.id().to_owned());
        resume = kept.end(exit).await.then(|| kept.command());
    }
    let told = || Story { options: in_force, resume, ..Story::of_report(&report, exit, timeline.memory()) };
    // Each is written, also when the other cannot be.
    let (page, result) = (page.write(told), output::report(&report, display.output));
    exit.after(page.and(result))
}
