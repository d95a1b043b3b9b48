//! Tasks of an appliance as targets of the engine, so that any of them can be waited for.
//!
//! They run already, so nothing is started; a task that has ended in `SUCCESS` is its own proof. Whether a
//! *synchronization* has ended is another question, which the task alone cannot answer.

use std::time::Duration;

use backup_sync_engine::{
    Address, Baseline, Claim, Ending, Facts, Job, Observation, Outcome, Phase, Provider, Readiness, Search, Target,
    Verdict,
};
use backup_sync_runtime::notice::Notices;
use backup_sync_runtime::wire::LenientInteger;
use backup_sync_runtime::{BoxFuture, Connection, Error};
use jiff::Timestamp;
use serde_json::json;

use crate::inventory;
use crate::v2::Client;
use crate::v2::open::TaskStatus;
use crate::v2::types::Task;

const KIND: &str = "task";
/// Fact: the task is at its end and the appliance knows it.
const RESULT: &str = "result";

/// Some tasks of one appliance. The session belongs to whoever has made it, and is not closed from here.
#[derive(Debug)]
pub(crate) struct TaskWatch {
    name: String,
    client: Client,
    connection: Connection,
    pace: Duration,
}

impl TaskWatch {
    pub(crate) fn new(name: &str, client: Client, connection: Connection, pace: Duration) -> Self {
        Self { name: name.to_owned(), client, connection, pace }
    }

    /// A task as a target, with a name for people.
    pub(crate) fn target(&self, task: Task) -> Target {
        let words = [task.description, task.entity_name].into_iter().flatten().filter(|word| !word.is_empty());
        let name = words.collect::<Vec<_>>().join(" ");
        let name = if name.is_empty() { task.id.clone() } else { name };
        let address = Address { endpoint: self.name.clone(), kind: KIND.to_owned(), id: task.id };
        Target { address, name, facts: Facts::default() }
    }

    async fn look(&self, jobs: &[&Job]) -> Result<Vec<Observation>, Error> {
        let ids: Vec<&String> = jobs.iter().map(|job| &job.target.address.id).collect();
        let asked = inventory::tasks(&self.client, &ids).await?;
        let seen = |id: &String| match asked.found.get(id) {
            Some(task) => observation(task),
            None if asked.gone.contains(id) => unseen(Phase::Gone, "the appliance does not know the task any more"),
            None => unseen(Phase::Unclear, "the appliance does not show the task"),
        };
        Ok(ids.into_iter().map(seen).collect())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage fits")]
pub(crate) fn as_percent(progress: &LenientInteger) -> Option<f64> {
    progress.value().map(|percent| percent as f64)
}

/// Where a task stands by its own word.
pub(crate) fn task_phase(task: &Task) -> Phase {
    match &task.status {
        Some(TaskStatus::Queued) => Phase::Waiting,
        Some(TaskStatus::Running) => Phase::Running,
        Some(TaskStatus::Success) => Phase::Ended(Ending::Claimed),
        Some(TaskStatus::Error) => Phase::Ended(Ending::Failed(task_error(task))),
        Some(TaskStatus::Cancelled) => Phase::Ended(Ending::Stopped),
        _ => Phase::Unclear,
    }
}

fn task_error(task: &Task) -> String {
    let error = task.error.as_ref();
    let parts = [error.and_then(|error| error.message.as_deref()), error.and_then(|error| error.details.as_deref())];
    let told: Vec<&str> = parts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    if told.is_empty() { "the task ended in ERROR; the appliance gives no reason".to_owned() } else { told.join(": ") }
}

fn job(target: &Target) -> Job {
    Job { target: target.clone(), ids: vec![target.address.id.clone()], facts: Facts::default() }
}

fn unseen(phase: Phase, state: &str) -> Observation {
    Observation { phase, percent: None, state: state.to_owned(), facts: Facts::default() }
}

fn observation(task: &Task) -> Observation {
    let state = task.status.as_ref().map_or_else(|| "no state given".to_owned(), |status| format!("task {status}"));
    let facts = Facts::default().with(RESULT, json!(task.result));
    Observation { phase: task_phase(task), percent: task.progress.as_ref().and_then(as_percent), state, facts }
}

fn verdict(claim: &Claim<'_>) -> Verdict {
    if claim.last.phase == Phase::Gone {
        let why = "the appliance has forgotten the task, and does not say how it ended".to_owned();
        return Verdict::NotYet { why: why.clone(), otherwise: Outcome::Unknown { why } };
    }
    let evidence = claim.last.facts.clone().with("tasks", json!(claim.job.ids));
    Verdict::proven("the task ended in SUCCESS", evidence)
}

impl Provider for TaskWatch {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "vsphere-replication"
    }

    fn notices(&self) -> Option<&Notices> {
        Some(self.connection.notices())
    }

    fn break_off(&self) {
        self.connection.break_off();
    }

    fn go_on(&self) {
        self.connection.go_on();
    }

    fn pace(&self) -> Duration {
        self.pace
    }

    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(async {
            let tasks = inventory::newest_tasks(&self.client).await?;
            Ok(tasks.into_iter().map(|task| self.target(task)).collect())
        })
    }

    /// All of them run, or have ended already, which the first look shows.
    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        let running = |target| Baseline { readiness: Readiness::running(job(target)), facts: Facts::default() };
        Box::pin(async move { Ok(targets.iter().map(running).collect()) })
    }

    fn trigger<'a>(&'a self, target: &'a Target, _: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        let error = Error::usage(format!("{} is a task: it runs already and cannot be started again", target.address));
        Box::pin(async { Err(error) })
    }

    fn find_running<'a>(
        &'a self,
        target: &'a Target,
        _: &'a Baseline,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        Box::pin(async { Ok(Search::Found(job(target))) })
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.look(jobs))
    }

    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async { Ok(claims.iter().map(verdict).collect()) })
    }

    /// The API has no call that cancels a task.
    fn stop<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}
