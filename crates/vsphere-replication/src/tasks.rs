//! Tasks of an appliance as the engine can wait for them.
//!
//! A task that has ended in `SUCCESS` is its own proof. Whether a *synchronization* has ended is another question, which the
//! task alone cannot answer.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_engine::{Claim, Ending, Facts, JobWatch, Jobs, Observation, Phase, Provider, Target, Verdict};
use backup_sync_runtime::wire::LenientInteger;
use backup_sync_runtime::{BoxFuture, Connection, Error};
use serde_json::json;

use crate::inventory;
use crate::provider::VsphereReplication;
use crate::v2::Client;
use crate::v2::open::TaskStatus;
use crate::v2::types::Task;

/// The kind of their addresses.
pub(crate) const KIND: &str = "task";
/// Facts: what a task worked on, and the result that the appliance keeps with it.
const ENTITY: &str = "entity";
const RESULT: &str = "result";

/// The tasks of one appliance.
#[derive(Debug)]
pub(crate) struct Tasks {
    pub(crate) name: String,
    pub(crate) client: Client,
    pub(crate) connection: Connection,
    pub(crate) pace: Duration,
}

impl Tasks {
    async fn seen(&self, ids: &[&str]) -> Result<Vec<Observation>, Error> {
        let ids: Vec<String> = ids.iter().copied().map(str::to_owned).collect();
        let asked = inventory::tasks(&self.client, &ids.iter().collect::<Vec<_>>()).await?;
        let seen = |id: &String| match asked.found.get(id) {
            Some(task) => observation(task),
            None if asked.gone.contains(id) => {
                Observation::unseen(Phase::Gone, "the appliance does not know the task any more")
            }
            None => Observation::unseen(Phase::Unclear, "the appliance does not show the task"),
        };
        Ok(ids.iter().map(seen).collect())
    }
}

impl VsphereReplication {
    /// Any tasks of the appliance, as the engine takes them: give what comes to
    /// [`Run::execute`](backup_sync_engine::Run::execute), and each is waited for until its end is known.
    ///
    /// Whatever this API changes starts a task; `configureReplication` starts one for each replication.
    pub fn watch(&self, tasks: impl IntoIterator<Item = impl Into<Task>>) -> (Arc<dyn Provider>, Vec<Target>) {
        JobWatch::started(self.tasks()).over(tasks.into_iter().map(|task| named(task.into())))
    }

    pub(crate) fn tasks(&self) -> Tasks {
        let (client, connection) = (self.client.clone(), self.connection.clone());
        Tasks { name: self.name.clone(), client, connection, pace: self.pace }
    }
}

/// A task by its id, with a name for people.
fn named(task: Task) -> (String, String) {
    let words = [task.description, task.entity_name].into_iter().flatten().filter(|word| !word.is_empty());
    (task.id, words.collect::<Vec<_>>().join(" "))
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

fn observation(task: &Task) -> Observation {
    let state = task.status.as_ref().map_or_else(|| "no state given".to_owned(), |status| format!("task {status}"));
    let entity = task.entity.as_ref().map(|entity| json!(entity));
    let facts = Facts::default().with(RESULT, json!(task.result)).with(ENTITY, entity);
    Observation { phase: task_phase(task), percent: task.progress.as_ref().and_then(as_percent), state, facts }
}

fn verdict(claim: &Claim<'_>) -> Verdict {
    let evidence = claim.last.facts.clone().with("tasks", json!(claim.job.ids));
    Verdict::proven("the task ended in SUCCESS", evidence)
}

impl Jobs for Tasks {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "vsphere-replication"
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn pace(&self) -> Duration {
        self.pace
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, Error>> {
        Box::pin(async {
            let tasks = inventory::newest_tasks(&self.client).await?;
            let at_work = |task: &Task| matches!(task_phase(task), Phase::Waiting | Phase::Running);
            Ok(tasks.into_iter().filter(at_work).map(named).collect())
        })
    }

    fn look<'a>(&'a self, ids: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.seen(ids))
    }

    fn judge<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async { Ok(claims.iter().map(verdict).collect()) })
    }
}
