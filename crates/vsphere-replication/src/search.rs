//! Whether a synchronization was started since the baseline, and what it means when none is found.

use std::collections::HashMap;

use backup_sync_engine::{Baseline, Facts, Job, Search, Target};

use crate::inventory;
use crate::provider::{LAST_SYNC, TASKS, has_moved, is_active, last_sync};
use crate::v2::open::TaskStatus;
use crate::v2::types::{ReplicationInfo, Task};

/// The synchronization that was started since the baseline. The appliance lists recent tasks after their end too, but
/// which object the task of a synchronization names is not documented: so a task that cannot be told from others makes
/// silence worthless.
pub(crate) fn search(
    target: &Target,
    before: &Baseline,
    tasks: &[Task],
    replications: &HashMap<String, ReplicationInfo>,
) -> Search {
    let known: Option<Vec<String>> = before.facts.get(TASKS);
    let new = |task: &&Task| known.as_ref().is_none_or(|known| !known.contains(&task.id));
    let open =
        |task: &Task| !matches!(task.status, Some(TaskStatus::Success | TaskStatus::Error | TaskStatus::Cancelled));
    let mine = |task: &&Task| task.entity.as_deref() == Some(&target.address.id);
    // Without a list from before, an ended task may be an old one.
    let since = |task: &&Task| open(task) || (known.is_some() && new(task));
    if let Some(task) = tasks.iter().filter(mine).find(since) {
        return Search::Found(Job { target: target.clone(), ids: vec![task.id.clone()], facts: Facts::default() });
    }
    let Some(now) = replications.get(&target.address.id) else {
        return Search::cannot_tell("the appliance does not list the replication");
    };
    if is_active(now) || has_moved(before.facts.get(LAST_SYNC), last_sync(now)) {
        return Search::Found(Job { target: target.clone(), ids: Vec::new(), facts: Facts::default() });
    }
    let of_another = |task: &&Task| {
        task.entity.as_ref().is_some_and(|entity| *entity != target.address.id && replications.contains_key(entity))
    };
    match known {
        None => Search::cannot_tell("the tasks from before the start are not known"),
        Some(_) if tasks.len() >= inventory::PAGE && tasks.iter().all(|task| new(&task)) => {
            Search::cannot_tell("the appliance has had so many tasks since that its list does not go back far enough")
        }
        Some(_) if tasks.iter().filter(new).any(|task| !of_another(&task)) => {
            Search::cannot_tell("the appliance lists a new task without saying which replication it is about")
        }
        Some(_) => Search::Absent,
    }
}

#[cfg(test)]
mod tests {
    use backup_sync_engine::Address;
    use serde_json::json;

    use super::*;
    use crate::provider::baseline;

    fn target() -> Target {
        let address = Address { endpoint: "dr".into(), kind: "replication".into(), id: "GID-1".into() };
        Target { address, name: "web".into(), facts: Facts::default() }
    }

    #[test]
    fn silence_counts_only_when_every_new_task_belongs_to_another_replication() {
        let replications = |last_sync: i64| -> HashMap<String, ReplicationInfo> {
            let first = json!({"id": "GID-1", "status": {"status": "OK"}, "last_sync_time": last_sync});
            let other = json!({"id": "GID-2", "status": {"status": "OK"}});
            let both = [first, other].map(|info| serde_json::from_value(info).unwrap());
            both.into_iter().map(|info: ReplicationInfo| (info.id.clone(), info)).collect()
        };
        let task = |id: &str, entity: Option<&str>, status: &str| -> Task {
            serde_json::from_value(json!({"id": id, "status": status, "entity": entity})).unwrap()
        };
        let at_rest = replications(1000);
        let old = task("old", Some("GID-1"), "SUCCESS");
        let before = baseline(&target(), at_rest.get("GID-1"), std::slice::from_ref(&old));
        let found = |new: Option<Task>| {
            let tasks: Vec<Task> = std::iter::once(old.clone()).chain(new).collect();
            search(&target(), &before, &tasks, &at_rest)
        };
        assert_eq!(found(None), Search::Absent);
        assert_eq!(found(Some(task("new", Some("GID-2"), "RUNNING"))), Search::Absent);
        for status in ["QUEUED", "RUNNING", "SUCCESS", "ERROR"] {
            let mine = found(Some(task("new", Some("GID-1"), status)));
            assert!(matches!(mine, Search::Found(job) if job.ids == ["new"]), "{status}");
        }
        for entity in [None, Some("VirtualMachine:vm-7")] {
            assert!(matches!(found(Some(task("new", entity, "ERROR"))), Search::CannotTell { .. }), "{entity:?}");
        }
        let moved = search(&target(), &before, std::slice::from_ref(&old), &replications(2000));
        assert!(matches!(moved, Search::Found(job) if job.ids.is_empty()), "the replication is the better witness");
        let many: Vec<Task> = (0..inventory::PAGE).map(|id| task(&id.to_string(), Some("GID-2"), "SUCCESS")).collect();
        assert!(matches!(search(&target(), &before, &many, &at_rest), Search::CannotTell { .. }));
    }
}
