//! Whether a synchronization runs or was started since the baseline, and what it means when none is found.

use backup_sync_engine::{Baseline, Facts, Job, Readiness, Search, Target};

use crate::inventory;
use crate::provider::{LAST_SYNC, NEWEST, TASKS, has_moved, is_active, last_sync};
use crate::v2::open::TaskStatus;
use crate::v2::types::{ReplicationInfo, Task};

/// The synchronization that was started since the baseline. The appliance lists recent tasks after their end too, but
/// which object the task of a synchronization names is not documented: so a task that cannot be told from others makes
/// silence worthless.
pub(crate) fn search(
    target: &Target,
    before: &Baseline,
    tasks: &[Task],
    now: Option<&ReplicationInfo>,
    is_replication: impl Fn(&str) -> bool,
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
    let Some(now) = now else {
        return Search::cannot_tell("the appliance does not list the replication");
    };
    if is_active(now) || has_moved(before.facts.get(LAST_SYNC), last_sync(now)) {
        return Search::Found(Job { target: target.clone(), ids: Vec::new(), facts: Facts::default() });
    }
    let of_another = |task: &&Task| {
        task.entity.as_ref().is_some_and(|entity| *entity != target.address.id && is_replication(entity))
    };
    let newest: Option<String> = before.facts.get(NEWEST);
    let reaches_back = || tasks.iter().any(|task| newest.as_ref() == Some(&task.id) || !new(&task));
    match known {
        None => Search::cannot_tell("the tasks from before the start are not known"),
        Some(_) if tasks.len() >= inventory::PAGE && !reaches_back() => {
            Search::cannot_tell("the appliance has had so many tasks since that its list does not go back far enough")
        }
        Some(_) if tasks.iter().filter(new).any(|task| !of_another(&task)) => {
            Search::cannot_tell("the appliance lists a new task without saying which replication it is about")
        }
        Some(_) => Search::Absent,
    }
}

/// The state before, where a task may show more than the replication: it says nothing of a synchronization that is queued.
pub(crate) fn at_work(before: Baseline, target: &Target, tasks: &[Task]) -> Baseline {
    let open = |task: &&Task| matches!(task.status, Some(TaskStatus::Queued | TaskStatus::Running));
    let mine = |task: &&Task| task.entity.as_deref() == Some(&target.address.id);
    match (&before.readiness, tasks.iter().filter(mine).find(open)) {
        (Readiness::Ready | Readiness::Running { .. }, Some(task)) => {
            let job = Job { target: target.clone(), ids: vec![task.id.clone()], facts: Facts::default() };
            Baseline { readiness: Readiness::running(job), ..before }
        }
        _ => before,
    }
}

#[cfg(test)]
mod tests {
    use backup_sync_engine::Address;
    use serde_json::json;

    use super::*;
    use crate::provider::{baseline, known_tasks};
    use crate::replications::Found;

    fn target() -> Target {
        let address = Address { endpoint: "dr".into(), kind: "replication".into(), id: "GID-1".into() };
        Target { address, name: "web".into(), facts: Facts::default() }
    }

    #[test]
    fn silence_counts_only_when_every_new_task_belongs_to_another_replication() {
        let replication = |last_sync: i64| -> ReplicationInfo {
            let info = json!({"id": "GID-1", "status": {"status": "OK"}, "last_sync_time": last_sync});
            serde_json::from_value(info).unwrap()
        };
        let is_replication = |id: &str| ["GID-1", "GID-2"].contains(&id);
        let task = |id: &str, entity: Option<&str>, status: &str| -> Task {
            serde_json::from_value(json!({"id": id, "status": status, "entity": entity})).unwrap()
        };
        let at_rest = replication(1000);
        let old = task("old", Some("GID-1"), "SUCCESS");
        let others = task("others", Some("GID-2"), "SUCCESS");
        let tasks = [others.clone(), old.clone()];
        let found = Found { replications: [("GID-1".to_owned(), at_rest.clone())].into(), partial: None };
        let before = baseline(&target(), &found, known_tasks(&target(), &tasks, is_replication));
        assert_eq!(
            before.facts.get::<Vec<String>>(TASKS),
            Some(vec!["old".to_owned()]),
            "others need not be remembered"
        );
        let found = |new: Option<Task>| {
            let tasks: Vec<Task> = std::iter::once(old.clone()).chain(new).collect();
            search(&target(), &before, &tasks, Some(&at_rest), is_replication)
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
        let moved = search(&target(), &before, std::slice::from_ref(&old), Some(&replication(2000)), is_replication);
        assert!(matches!(moved, Search::Found(job) if job.ids.is_empty()), "the replication is the better witness");
        let many: Vec<Task> = (0..inventory::PAGE).map(|id| task(&id.to_string(), Some("GID-2"), "SUCCESS")).collect();
        let among = |tasks: &[Task]| search(&target(), &before, tasks, Some(&at_rest), is_replication);
        assert!(matches!(among(&many), Search::CannotTell { .. }), "the list may not go back far enough");
        let back: Vec<Task> = many.into_iter().skip(1).chain([others]).collect();
        assert_eq!(among(&back), Search::Absent, "it goes back to the newest task from before");
    }
}
