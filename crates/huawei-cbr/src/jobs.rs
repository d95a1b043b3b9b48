//! Operation logs of any type as the engine can wait for them, and what a `success` of each type proves.
//!
//! The word is not enough where the service counts what went wrong: a synchronization that lost backups, or a deletion of a
//! vault that left some, says `success` too.

use std::sync::Arc;

use backup_sync_engine::{Claim, Facts, JobWatch, Jobs, Observation, Outcome, Provider, Target, Verdict};
use backup_sync_runtime::{BoxFuture, Connection, Error};
use serde_json::{Value, json};

use crate::logs::{self, Logs, is_terminal, observation};
use crate::provider::Cbr;
use crate::v3::Client;
use crate::v3::open::OperationType;
use crate::v3::types::OperationLog;

/// The kind of their addresses.
const KIND: &str = "operation-log";
/// Facts: the type of a task, the vault, the restore point, what it acts on, and how many things it failed to do.
const TYPE: &str = "operation_type";
const VAULT: &str = "vault_id";
const CHECKPOINT: &str = "checkpoint_id";
const RESOURCE: &str = "resource_id";
const FAILED: &str = "fail_count";
/// Another name of the same counter, which one client of the service reads.
const FAILED_TO_DELETE: &str = "fail_delete_count";

/// The tasks of one project.
#[derive(Debug)]
struct Tasks {
    name: String,
    client: Client,
    connection: Connection,
    project_id: String,
    since: String,
}

impl Cbr {
    /// Any tasks of the project, as the engine takes them: give what comes to
    /// [`Run::execute`](backup_sync_engine::Run::execute), and each is waited for until its end is known, with the proof that
    /// belongs to its type.
    pub fn watch(&self, logs: impl IntoIterator<Item = OperationLog>) -> (Arc<dyn Provider>, Vec<Target>) {
        JobWatch::started(self.tasks()).over(logs.into_iter().map(|log| (log.id.clone(), named(&log))))
    }

    pub(crate) fn watch_named(&self, kind: &str) -> Option<Arc<dyn Provider>> {
        (kind == KIND).then(|| Arc::new(JobWatch::named(self.tasks())) as Arc<dyn Provider>)
    }

    fn tasks(&self) -> Tasks {
        Tasks {
            name: self.name.clone(),
            client: self.client.clone(),
            connection: self.connection.clone(),
            project_id: self.project_id.clone(),
            since: self.since.clone(),
        }
    }
}

impl Tasks {
    fn logs(&self) -> Logs<'_> {
        Logs { client: &self.client, project_id: &self.project_id, since: &self.since }
    }

    async fn seen(&self, ids: &[&str]) -> Result<Vec<Observation>, Error> {
        let ids: Vec<String> = ids.iter().copied().map(str::to_owned).collect();
        let found = self.logs().by_id(None, &ids.iter().collect::<Vec<_>>()).await?;
        Ok(ids.iter().map(|id| seen(found.get(id))).collect())
    }
}

fn named(log: &OperationLog) -> String {
    let resource = log.extra_info.as_ref().and_then(|info| info.resource.as_ref()?.name.as_deref());
    let of = resource.or(log.vault_name.as_deref()).filter(|name| !name.is_empty());
    let words = [log.operation_type.as_ref().map(ToString::to_string), of.map(str::to_owned)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn seen(log: Option<&OperationLog>) -> Observation {
    let seen = observation(&[log]);
    let Some(log) = log else { return seen };
    let resource = log.extra_info.as_ref().and_then(|info| Some(json!(info.resource.as_ref()?.id)));
    let facts = part(log)
        .with(TYPE, log.operation_type.as_ref().map(|of| json!(of.to_string())))
        .with(VAULT, log.vault_id.as_ref().map(|id| json!(id)))
        .with(CHECKPOINT, log.checkpoint_id.as_ref().map(|id| json!(id)))
        .with(RESOURCE, resource);
    Observation { facts, ..seen }
}

/// The single values in the part of the details that belongs to the type.
fn part(log: &OperationLog) -> Facts {
    use OperationType::{Backup, Copy, Delete, RemoveResource, Replication, Restore, Sync, VaultDelete};
    let Some(info) = &log.extra_info else { return Facts::default() };
    let part = match &log.operation_type {
        Some(Backup) => json!(info.backup),
        Some(Sync) => json!(info.sync),
        Some(Replication | Copy) => json!(info.replication),
        Some(Restore) => json!(info.restore),
        Some(Delete) => json!(info.delete),
        Some(VaultDelete) => json!(info.vault_delete),
        Some(RemoveResource) => json!(info.remove_resources),
        _ => json!(info.update_expiration_time),
    };
    let members = part.as_object().into_iter().flatten();
    let single = members.filter(|(_, value)| !value.is_null() && !value.is_array() && !value.is_object());
    single.fold(Facts::default(), |facts, (name, value)| facts.with(name, value.clone()))
}

/// The rule for a task that says `success`, by its type.
fn verdict(claim: &Claim<'_>) -> Verdict {
    let facts = &claim.last.facts;
    let told = |name: &str| facts.get::<String>(name).filter(|text| !text.is_empty());
    let of: Option<String> = facts.get(TYPE);
    let backup = told("backup_id").map(|id| format!("backup {id}"));
    match of.as_deref() {
        Some("sync") => synchronized(claim),
        Some("vault_delete" | "remove_resource") => {
            let counter = [FAILED, FAILED_TO_DELETE].into_iter().find_map(|name| facts.get::<i64>(name));
            nothing_failed(claim, FAILED, counter, "could not be deleted or removed", None)
        }
        Some("backup") => proven(claim, [backup, consistency(facts)]),
        Some("replication" | "copy") => {
            proven(claim, [told("destination_backup_id").map(|id| format!("destination_backup_id {id}")), None])
        }
        Some("restore") => {
            proven(claim, [backup, told("target_resource_id").map(|id| format!("target_resource_id {id}"))])
        }
        Some("delete") => proven(claim, [backup, None]),
        _ => proven(claim, [None, None]),
    }
}

/// What a backup says of the attempt to make it consistent for applications.
fn consistency(facts: &Facts) -> Option<String> {
    let code: String = facts.get("app_consistency_error_code").filter(|code: &String| !code.is_empty())?;
    Some(format!("not consistent for applications ({code})"))
}

/// The vendor's rule for a synchronization: the task has ended in success and counted no failed backup.
pub(crate) fn synchronized(claim: &Claim<'_>) -> Verdict {
    let facts = &claim.last.facts;
    let synced = facts.get::<i64>(logs::SYNCED_BACKUPS).map(|synced| format!("{} {synced}", logs::SYNCED_BACKUPS));
    nothing_failed(claim, logs::FAILED_BACKUPS, facts.get(logs::FAILED_BACKUPS), "could not be synchronized", synced)
}

fn nothing_failed(claim: &Claim<'_>, name: &str, failed: Option<i64>, what: &str, more: Option<String>) -> Verdict {
    match failed {
        Some(0) => proven(claim, [Some(format!("{name} 0")), more]),
        Some(failed) => {
            let of = if name == FAILED { "resources or backups" } else { "backups" };
            Verdict::failed(format!("the task ended, but {failed} {of} {what} ({name})"))
        }
        None => Verdict::NotYet {
            why: format!("the task says success, but has no counter of failures yet ({name})"),
            otherwise: Outcome::Unknown {
                why: format!("the task says success, but its counter of failures ({name}) is missing"),
            },
        },
    }
}

fn proven(claim: &Claim<'_>, more: [Option<String>; 2]) -> Verdict {
    let rule: Vec<String> = std::iter::once("task success".to_owned()).chain(more.into_iter().flatten()).collect();
    let evidence = claim.last.facts.clone();
    let evidence = evidence.with("tasks", json!(claim.job.ids)).with("status", Value::from(claim.last.state.clone()));
    Verdict::proven(&rule.join(", "), evidence)
}

impl Jobs for Tasks {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "huawei-cbr"
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, Error>> {
        Box::pin(async {
            let logs = self.logs().all(None, None).await?;
            Ok(logs.iter().filter(|log| !is_terminal(log)).map(|log| (log.id.clone(), named(log))).collect())
        })
    }

    fn look<'a>(&'a self, ids: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.seen(ids))
    }

    fn judge<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async { Ok(claims.iter().map(verdict).collect()) })
    }
}

#[cfg(test)]
mod tests {
    use backup_sync_engine::{Address, Baseline, Job, Phase};

    use super::*;

    fn log(of: &str, status: &str, part: &str, details: Value) -> OperationLog {
        let extra = json!({"common": {"progress": 100}, part: details, "resource": {"id": "r-1", "name": "web"}});
        let log = json!({"id": "l-1", "operation_type": of, "status": status, "vault_id": "v-1", "extra_info": extra});
        serde_json::from_value(log).unwrap()
    }

    fn judged(log: &OperationLog) -> (String, String) {
        let address = Address { endpoint: "cloud".into(), kind: KIND.into(), id: "l-1".into() };
        let target = Target { address, name: String::new(), facts: Facts::default() };
        let (job, baseline, last) = (Job::known(target, "l-1".into()), Baseline::default(), seen(Some(log)));
        let outcome = match verdict(&Claim { job: &job, baseline: &baseline, last: &last }) {
            Verdict::Decided(outcome) | Verdict::NotYet { otherwise: outcome, .. } => outcome,
            Verdict::Running => panic!("no task that ended runs"),
        };
        (outcome.word().to_owned(), outcome.detail().to_owned())
    }

    #[test]
    fn each_type_is_proven_by_what_its_own_details_say() {
        for (of, part, details, word, detail) in [
            (
                "sync",
                "sync",
                json!({"err_sync_backup_num": 0, "sync_backup_num": 3}),
                "succeeded",
                "task success, err_sync_backup_num 0, sync_backup_num 3",
            ),
            (
                "sync",
                "sync",
                json!({"err_sync_backup_num": 2}),
                "failed",
                "the task ended, but 2 backups could not be synchronized (err_sync_backup_num)",
            ),
            (
                "sync",
                "sync",
                json!({}),
                "unknown",
                "the task says success, but its counter of failures (err_sync_backup_num) is missing",
            ),
            (
                "vault_delete",
                "vault_delete",
                json!({"fail_count": 0, "total_count": 4}),
                "succeeded",
                "task success, fail_count 0",
            ),
            (
                "vault_delete",
                "vault_delete",
                json!({"fail_delete_count": 1}),
                "failed",
                "the task ended, but 1 resources or backups could not be deleted or removed (fail_count)",
            ),
            (
                "vault_delete",
                "vault_delete",
                json!({"total_count": 4}),
                "unknown",
                "the task says success, but its counter of failures (fail_count) is missing",
            ),
            (
                "remove_resource",
                "remove_resources",
                json!({"fail_count": 0, "resources": []}),
                "succeeded",
                "task success, fail_count 0",
            ),
            (
                "remove_resource",
                "remove_resources",
                json!({"fail_count": 3}),
                "failed",
                "the task ended, but 3 resources or backups could not be deleted or removed (fail_count)",
            ),
            ("backup", "backup", json!({"backup_id": "b-1"}), "succeeded", "task success, backup b-1"),
            (
                "backup",
                "backup",
                json!({"backup_id": "b-1", "app_consistency_error_code": "9"}),
                "succeeded",
                "task success, backup b-1, not consistent for applications (9)",
            ),
            (
                "replication",
                "replication",
                json!({"destination_backup_id": "b-2"}),
                "succeeded",
                "task success, destination_backup_id b-2",
            ),
            ("copy", "replication", json!({"source_backup_id": "b-1"}), "succeeded", "task success"),
            (
                "restore",
                "restore",
                json!({"backup_id": "b-1", "target_resource_id": "s-1"}),
                "succeeded",
                "task success, backup b-1, target_resource_id s-1",
            ),
            (
                "delete",
                "delete",
                json!({"backup_id": "b-1", "backup_name": "n"}),
                "succeeded",
                "task success, backup b-1",
            ),
            ("migrate_resources", "common", json!({}), "succeeded", "task success"),
        ] {
            assert_eq!(
                judged(&log(of, "success", part, details.clone())),
                (word.into(), detail.into()),
                "{of} {details}"
            );
        }
    }

    #[test]
    fn evidence_holds_what_the_task_was_about() {
        let log = log("restore", "success", "restore", json!({"backup_id": "b-1", "target_resource_name": null}));
        let facts = seen(Some(&log)).facts;
        for (name, value) in
            [("backup_id", "b-1"), ("vault_id", "v-1"), ("resource_id", "r-1"), ("operation_type", "restore")]
        {
            assert_eq!(facts.get::<String>(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!((named(&log), facts.get::<Value>("target_resource_name")), ("restore web".to_owned(), None));
    }

    #[test]
    fn statuses_mean_the_same_for_every_type() {
        let phase = |status: &str| seen(Some(&log("backup", status, "backup", json!({})))).phase;
        assert_eq!(
            (phase("waiting"), phase("running"), phase("paused")),
            (Phase::Waiting, Phase::Running, Phase::Unclear)
        );
        for status in ["failed", "timeout", "skipped"] {
            assert!(matches!(phase(status), Phase::Ended(backup_sync_engine::Ending::Failed(_))), "{status}");
        }
        assert_eq!(seen(None).phase, Phase::Gone);
    }
}
