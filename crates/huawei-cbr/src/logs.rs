//! Operation logs: CBR's tasks, and what they say about a synchronization.

use std::collections::HashMap;

use backup_sync_engine::{Ending, Facts, Observation, Phase};
use backup_sync_runtime::page::{Page, Pager};
use backup_sync_runtime::{Error, Kind, call};
use serde_json::Value;

use crate::v3::open::{OperationLogStatus, OperationType};
use crate::v3::types::OperationLog;
use crate::v3::{Client, builder};

/// Largest page of a list, and the default.
const PAGE: i64 = 1000;
/// So few tasks are read one by one rather than from a list of all types.
const FEW: usize = 2;
/// Names of the facts that an observation carries.
pub(crate) const FAILED_BACKUPS: &str = "err_sync_backup_num";
pub(crate) const SYNCED_BACKUPS: &str = "sync_backup_num";
pub(crate) const DELETED_BACKUPS: &str = "delete_backup_num";

/// Reads operation logs of one project.
#[derive(Debug)]
pub(crate) struct Logs<'a> {
    pub(crate) client: &'a Client,
    pub(crate) project_id: &'a str,
    /// Lists begin here; without it they would grow with the age of the account.
    pub(crate) since: &'a str,
}

impl Logs<'_> {
    /// All synchronization tasks, optionally of one vault.
    pub(crate) async fn synchronizations(&self, vault: Option<&str>) -> Result<Vec<OperationLog>, Error> {
        self.all(Some(OperationType::Sync), vault).await
    }

    /// All tasks, optionally of one type and of one vault.
    pub(crate) async fn all(&self, of: Option<OperationType>, vault: Option<&str>) -> Result<Vec<OperationLog>, Error> {
        let of = of.as_ref();
        let pager = Pager::new(usize::try_from(PAGE).unwrap_or(1), |cursor| {
            let list = self.list(of, vault, cursor.offset_i64());
            async move {
                let answer = call("ListOpLogs", list.send()).await?.into_inner();
                Ok(Page::new(answer.operation_logs.unwrap_or_default()).total(answer.count))
            }
        });
        pager.unique(|log| log.id.clone()).all().await
    }

    fn list(&self, of: Option<&OperationType>, vault: Option<&str>, offset: i64) -> builder::ListOpLogs<'_> {
        let list = self.client.list_op_logs().project_id(self.project_id);
        let list = list.limit(PAGE).offset(offset).start_time(self.since);
        let list = match of {
            Some(of) => list.operation_type(of.clone()),
            None => list,
        };
        match vault {
            Some(vault) => list.vault_id(vault),
            None => list,
        }
    }

    /// One task; `None` when the service does not know it.
    pub(crate) async fn one(&self, id: &str) -> Result<Option<OperationLog>, Error> {
        let show = self.client.show_op_log().project_id(self.project_id).operation_log_id(id);
        match call("ShowOpLog", show.send()).await {
            Ok(answer) => Ok(answer.into_inner().operation_log),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The tasks with these ids, which may all be of one type: one list, then single requests for those that it does not hold.
    pub(crate) async fn by_id(
        &self,
        of: Option<OperationType>,
        ids: &[&String],
    ) -> Result<HashMap<String, OperationLog>, Error> {
        let listed = if of.is_none() && ids.len() <= FEW { Vec::new() } else { self.all(of, None).await? };
        let mut found: HashMap<String, OperationLog> = listed.into_iter().map(|log| (log.id.clone(), log)).collect();
        for id in ids.iter().copied() {
            if !found.contains_key(id) {
                // One task that cannot be read must not hide all others.
                let one = match self.one(id).await {
                    Err(error) if error.is_about_item() => None,
                    other => other?,
                };
                found.extend(one.map(|log| (id.clone(), log)));
            }
        }
        Ok(found)
    }
}

/// Whether a task is over.
pub(crate) fn is_terminal(log: &OperationLog) -> bool {
    use OperationLogStatus::{Failed, Skipped, Success, Timeout};
    matches!(log.status, Some(Success | Failed | Timeout | Skipped))
}

/// What the tasks of one job say together. `logs` has one entry for each id; `None` for a task that is not known.
pub(crate) fn observation(logs: &[Option<&OperationLog>]) -> Observation {
    let known: Vec<&OperationLog> = logs.iter().filter_map(|log| *log).collect();
    let states: Vec<String> = known.iter().map(|log| state(log)).collect();
    let state = match states.as_slice() {
        [] => "no task".to_owned(),
        [first, rest @ ..] if rest.iter().all(|other| other == first) => first.clone(),
        many => {
            let done = known.iter().filter(|log| is_terminal(log)).count();
            format!("{done} of {} tasks ended", many.len())
        }
    };
    Observation { phase: phase(logs, &known), percent: percent(&known, logs.len()), state, facts: facts(&known) }
}

fn state(log: &OperationLog) -> String {
    log.status.as_ref().map_or_else(|| "no status given".to_owned(), ToString::to_string)
}

fn phase(logs: &[Option<&OperationLog>], known: &[&OperationLog]) -> Phase {
    use OperationLogStatus::{Running, Success, Waiting};
    let with =
        |wanted: fn(&OperationLogStatus) -> bool| known.iter().any(|log| log.status.as_ref().is_some_and(wanted));
    if with(|status| matches!(status, Running)) {
        return Phase::Running;
    }
    if with(|status| matches!(status, Waiting)) {
        return Phase::Waiting;
    }
    // A failure stays one, whatever became of the other tasks.
    let bad: Vec<String> = known.iter().filter_map(|log| failure(log)).collect();
    if !bad.is_empty() && known.iter().all(|log| is_terminal(log)) {
        return Phase::Ended(Ending::Failed(bad.join("; ")));
    }
    if known.len() < logs.len() || known.is_empty() {
        return Phase::Gone;
    }
    if known.iter().all(|log| matches!(log.status, Some(Success))) {
        return Phase::Ended(Ending::Claimed);
    }
    Phase::Unclear
}

/// Why a task did not end well.
fn failure(log: &OperationLog) -> Option<String> {
    let told = log.error_info.as_ref().and_then(|info| {
        let parts = [info.code.as_deref(), info.message.as_deref()];
        let told: Vec<&str> = parts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        (!told.is_empty()).then(|| told.join(": "))
    });
    let why = |what: &str| {
        format!("task {}: {what}{}", log.id, told.as_ref().map(|told| format!(" ({told})")).unwrap_or_default())
    };
    match log.status {
        Some(OperationLogStatus::Failed) => Some(why("failed")),
        Some(OperationLogStatus::Timeout) => Some(why("a step took longer than the service permits")),
        Some(OperationLogStatus::Skipped) => Some(why("a check of the service said no, so nothing was done")),
        _ => None,
    }
}

/// Mean progress of all tasks; a task that is not known yet counts as not begun.
#[expect(clippy::cast_precision_loss, reason = "percentages and counts of tasks fit")]
fn percent(known: &[&OperationLog], count: usize) -> Option<f64> {
    let told: Vec<f64> = known
        .iter()
        .filter_map(|log| Some(log.extra_info.as_ref()?.common.as_ref()?.progress.as_ref()?.value()? as f64))
        .collect();
    (!told.is_empty()).then(|| told.iter().sum::<f64>() / count.max(1) as f64)
}

/// Sums of the counters of all tasks; a counter that some task lacks is left out, because a sum would hide that.
fn facts(known: &[&OperationLog]) -> Facts {
    let sum = |pick: fn(&crate::v3::types::OpExtendInfoSync) -> Option<i64>| -> Option<Value> {
        let counted: Option<Vec<i64>> = known.iter().map(|log| pick(log.extra_info.as_ref()?.sync.as_ref()?)).collect();
        counted.filter(|counts| !counts.is_empty()).map(|counts| counts.iter().sum::<i64>().into())
    };
    Facts::default()
        .with(SYNCED_BACKUPS, sum(|sync| sync.sync_backup_num))
        .with(DELETED_BACKUPS, sum(|sync| sync.delete_backup_num))
        .with(FAILED_BACKUPS, sum(|sync| sync.err_sync_backup_num))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(status: Option<&str>, failed: Option<i64>) -> OperationLog {
        let sync = failed.map(|failed| json!({"sync_backup_num": 3, "err_sync_backup_num": failed}));
        let extra = json!({"common": {"progress": 40}, "sync": sync});
        serde_json::from_value(json!({
            "id": "l", "status": status, "error_info": {"code": "BackupService.6112", "message": "gone"}, "extra_info": extra
        }))
        .unwrap()
    }

    fn phase_of(logs: &[Option<OperationLog>]) -> Phase {
        observation(&logs.iter().map(Option::as_ref).collect::<Vec<_>>()).phase
    }

    #[test]
    fn documented_states_are_understood_and_others_are_not_guessed() {
        let one = |status: &str| phase_of(&[Some(log(Some(status), Some(0)))]);
        assert_eq!(one("waiting"), Phase::Waiting);
        assert_eq!(one("running"), Phase::Running);
        assert_eq!(one("success"), Phase::Ended(Ending::Claimed));
        for (status, part) in
            [("failed", "BackupService.6112: gone"), ("timeout", "longer"), ("skipped", "nothing was done")]
        {
            let Phase::Ended(Ending::Failed(why)) = one(status) else { panic!("{status}") };
            assert!(why.contains(part), "{status}: {why}");
        }
        assert_eq!(one("paused"), Phase::Unclear);
        assert_eq!(phase_of(&[Some(log(None, None))]), Phase::Unclear);
        assert_eq!(phase_of(&[None]), Phase::Gone);
    }

    #[test]
    fn of_several_tasks_the_worst_counts() {
        let (good, bad) = (log(Some("success"), Some(0)), log(Some("failed"), Some(1)));
        assert_eq!(phase_of(&[Some(good.clone()), Some(log(Some("running"), None))]), Phase::Running);
        assert!(matches!(phase_of(&[Some(bad.clone()), Some(good.clone())]), Phase::Ended(Ending::Failed(_))));
        assert!(matches!(phase_of(&[Some(bad), None]), Phase::Ended(Ending::Failed(_))), "a failure stays one");
        assert_eq!(phase_of(&[Some(good), None]), Phase::Gone);
    }

    #[test]
    fn counters_are_summed_only_when_every_task_has_them() {
        let facts = |logs: &[OperationLog]| observation(&logs.iter().map(Some).collect::<Vec<_>>()).facts;
        let both = facts(&[log(Some("success"), Some(0)), log(Some("success"), Some(2))]);
        assert_eq!(both.get::<i64>(FAILED_BACKUPS), Some(2));
        let one = facts(&[log(Some("success"), Some(0)), log(Some("success"), None)]);
        assert_eq!(one.get::<i64>(FAILED_BACKUPS), None);
    }
}
