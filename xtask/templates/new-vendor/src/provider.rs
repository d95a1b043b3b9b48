//! @TITLE@ as the engine sees it, with its rule for "finished".
//!
//! A run that says `DONE` is only half of the rule: the set has to count more completed synchronizations than before.

use std::sync::Arc;

use backup_sync_engine::{
    Address, Baseline, Claim, Ending, Facts, Job, Observation, Outcome, Phase, Provider, Readiness, Search, Target,
    Verdict,
};
use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::page::{Page, Pager};
use backup_sync_runtime::{BoxFuture, Connection, Error, Kind, Service, base_url, call};
use jiff::Timestamp;

use crate::auth;
use crate::config::Config;
use crate::v1::open::RunState;
use crate::v1::types::{Run, Set};
use crate::v1::{Client, OPERATIONS};

/// The kind of target that this vendor has.
const KIND: &str = "set";
/// Name of the fact that holds how many synchronizations were completed.
const COMPLETED: &str = "completed";
/// Page size asked for.
const PAGE: usize = 200;

/// A connection to one server.
#[derive(Debug)]
pub struct @TYPE@ {
    name: String,
    base: String,
    connection: Connection,
    client: Client,
}

impl @TYPE@ {
    /// Connects, and reads the sets once, so that a wrong key is told here.
    ///
    /// # Errors
    ///
    /// When the configuration is wrong, or the server cannot be reached or refuses the key.
    pub async fn connect(config: &Config) -> Result<Self, Error> {
        let base = base_url(&config.name, &config.url)?;
        let connection = Connection::builder(OPERATIONS)
            .to(&base)
            .trust(config.trust.clone())
            .timeouts(config.timeouts)
            .retry(config.retry)
            .clock(config.clock.clone())
            .secrets([config.key.clone()])
            .auth(Arc::new(auth::key(&config.key)?))
            .build()?;
        let client = Client::new_with_client(&base, connection.http(), connection.clone());
        let server = Self { name: config.name.clone(), base, connection, client };
        server.sets().await?;
        Ok(server)
    }

    /// The generated client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The operations by name.
    pub fn services(&self) -> Vec<Service> {
        vec![Service::new(self.connection.clone(), &self.base)]
    }

    async fn sets(&self) -> Result<Vec<Set>, Error> {
        let client = &self.client;
        let pager = Pager::new(PAGE, move |cursor| async move {
            let list = client.list_sets().limit(PAGE as i64).offset(cursor.offset_i64());
            let answer = call("listSets", list.send()).await?.into_inner();
            Ok(Page::new(answer.sets.unwrap_or_default()).total(answer.total))
        });
        pager.unique(|set: &Set| set.id.clone()).all().await
    }

    fn target(&self, set: &Set) -> Target {
        Target {
            address: Address { endpoint: self.name.clone(), kind: KIND.to_owned(), id: set.id.clone() },
            name: set.name.clone().unwrap_or_else(|| set.id.clone()),
            facts: Facts::default(),
        }
    }

    async fn look(&self, job: &Job) -> Result<Observation, Error> {
        let Some(id) = job.ids.first() else { return Ok(gone()) };
        match call("getRun", self.client.get_run().run_id(id).send()).await {
            Ok(answer) => Ok(observation(&answer.into_inner())),
            Err(error) if error.kind() == Kind::NotFound => Ok(gone()),
            Err(error) => Err(error),
        }
    }
}

fn baseline(target: &Target, sets: &[Set]) -> Baseline {
    let Some(set) = sets.iter().find(|set| set.id == target.address.id) else {
        let reason = format!("the server has no set with the id {}", target.address.id);
        return Baseline { readiness: Readiness::Broken { reason }, facts: Facts::default() };
    };
    let facts = Facts::default().with(COMPLETED, set.completed.map(Into::into));
    Baseline { readiness: Readiness::Ready, facts }
}

fn observation(run: &Run) -> Observation {
    let phase = match &run.state {
        Some(RunState::Queued) => Phase::Waiting,
        Some(RunState::Running) => Phase::Running,
        Some(RunState::Done) => Phase::Ended(Ending::Claimed),
        Some(RunState::Failed) => {
            let why = run.message.clone().unwrap_or_else(|| "the run failed; the server gives no reason".to_owned());
            Phase::Ended(Ending::Failed(why))
        }
        Some(RunState::Stopped) => Phase::Ended(Ending::Stopped),
        _ => Phase::Unclear,
    };
    let state = run.state.as_ref().map_or_else(|| "no state given".to_owned(), ToString::to_string);
    #[expect(clippy::cast_precision_loss, reason = "a percentage fits")]
    let percent = run.percent.map(|percent| percent as f64);
    Observation { phase, percent, state, facts: Facts::default() }
}

fn gone() -> Observation {
    Observation { phase: Phase::Gone, percent: None, state: "run gone".to_owned(), facts: Facts::default() }
}

/// The vendor's rule for "finished".
fn verdict(claim: &Claim<'_>, sets: &[Set]) -> Verdict {
    let before: Option<i64> = claim.baseline.facts.get(COMPLETED);
    let after = sets.iter().find(|set| set.id == claim.job.target.address.id).and_then(|set| set.completed);
    match (before, after) {
        (Some(before), Some(after)) if after > before => {
            let facts = Facts::default().with("completedBefore", Some(before.into()));
            Verdict::proven("run DONE, completed grew", facts.with("completedAfter", Some(after.into())))
        }
        (Some(_), Some(_)) => Verdict::NotYet {
            why: "the run says DONE, but the set counts no more completed synchronizations".to_owned(),
            otherwise: Outcome::Failed { reason: "the run ended without effect on the set".to_owned() },
        },
        _ => {
            let why = "the server does not say how many synchronizations were completed".to_owned();
            Verdict::NotYet { why: why.clone(), otherwise: Outcome::Unknown { why } }
        }
    }
}

impl Provider for @TYPE@ {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "@NAME@"
    }

    fn notices(&self) -> Option<&Notices> {
        Some(self.connection.notices())
    }

    fn break_off(&self) {
        self.connection.break_off();
    }

    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(async { Ok(self.sets().await?.iter().map(|set| self.target(set)).collect()) })
    }

    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        Box::pin(async {
            let sets = self.sets().await?;
            Ok(targets.iter().map(|target| baseline(target, &sets)).collect())
        })
    }

    fn trigger<'a>(&'a self, target: &'a Target, _: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        Box::pin(async {
            let start = self.client.start_sync().set_id(&target.address.id);
            let run = call("startSync", start.send()).await?.into_inner();
            Ok(Job { target: target.clone(), ids: vec![run.id], facts: Facts::default() })
        })
    }

    fn find_running<'a>(
        &'a self,
        _: &'a Target,
        _: &'a Baseline,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(async { Ok(Search::cannot_tell("the API has no list of runs")) })
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(async move {
            let mut seen = Vec::with_capacity(jobs.len());
            for job in jobs {
                seen.push(self.look(job).await?);
            }
            Ok(seen)
        })
    }

    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async {
            let sets = self.sets().await?;
            Ok(claims.iter().map(|claim| verdict(claim, &sets)).collect())
        })
    }

    fn stop<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.connection.close())
    }
}
