//! Looks at configured targets that start nothing, for `status --live` and `watch`. An endpoint that cannot be used hides no
//! other: its targets are shown as not read, with the reason.

use std::path::Path;
use std::sync::Arc;

use backup_sync::engine::{Address, Facts, MemoryJournal, Options, Run, Standing, Stop, Survey, Surveyed};
use backup_sync::runtime::Error;
use backup_sync::runtime::clock::SystemClock;
use backup_sync_journal::TargetStatus;

use crate::config::Endpoint;
use crate::endpoints::{self, Chosen};
use crate::estate::Estate;
use crate::exit::Failure;
use crate::journal::{self, JournalFile};
use crate::selection::{Selection, Wanted};
use crate::signals;

/// What is looked at.
pub struct Looked {
    /// Endpoints that can be asked, with their targets.
    pub chosen: Chosen,
    /// The targets of the others.
    pub unread: Vec<Surveyed>,
}

/// Connects to the endpoints of these targets; all of them when none are named.
pub async fn open(config: Option<&Path>, selection: &Selection, file: &JournalFile) -> Result<Looked, Failure> {
    let plan = selection.plan()?;
    let estate = Estate::of(config)?;
    let mut wanted = selection.wanted(plan.as_ref(), &estate.file);
    let (chosen, absent) = endpoints::open_what_can_be(&estate.prepare(&wanted)?, &mut wanted).await?;
    let known = if absent.is_empty() { Vec::new() } else { journal::last_known(file).await };
    let unread =
        absent.iter().flat_map(|(name, error)| unread(name, estate.file.endpoints.get(name), error, &known, &wanted));
    Ok(Looked { unread: unread.collect(), chosen })
}

/// The targets of an endpoint that cannot be used, as far as the journal knows them; else one row that stands for them.
fn unread(
    name: &str,
    endpoint: Option<&Endpoint>,
    error: &Error,
    known: &[TargetStatus],
    wanted: &Wanted,
) -> Vec<Surveyed> {
    let row = |target: Address, name: String| Surveyed {
        target,
        name,
        vendor: endpoint.map(Endpoint::vendor).unwrap_or_default().to_owned(),
        standing: Standing::Unread,
        detail: Some(error.chain()),
        job: Vec::new(),
        state: None,
        percent: None,
        facts: Facts::default(),
        error_kind: Some(error.kind().to_string()),
        transient: error.is_transient(),
    };
    let of_it = known.iter().map(|one| &one.last).filter(|last| last.target.endpoint == name);
    let meant = of_it.filter(|last| wanted.may_mean_target(&last.target, &last.name));
    let rows: Vec<Surveyed> = meant.map(|last| row(last.target.clone(), last.name.clone())).collect();
    if !rows.is_empty() {
        return rows;
    }
    // As a selector it means all of them.
    let all = Address { endpoint: name.to_owned(), kind: "*".to_owned(), id: "*".to_owned() };
    vec![row(all, "*".to_owned())]
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
pub async fn take(config: Option<&Path>, selection: &Selection, file: &JournalFile) -> Result<Survey, Failure> {
    let Looked { chosen, unread } = open(config, selection, file).await?;
    let run = run(Stop::default());
    let survey = signals::until_asked_to_end(run.survey(&chosen)).await;
    endpoints::close_all(&chosen).await;
    let mut survey = survey.ok_or(Failure::BrokenOff)?;
    survey.targets.extend(unread);
    Ok(survey)
}
