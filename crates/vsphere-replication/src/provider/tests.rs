//! The rule for "finished" and what may be started, word by word.

use serde_json::Value;

use super::*;

fn target() -> Target {
    let address = Address { endpoint: "dr".into(), kind: KIND.into(), id: "GID-1".into() };
    Target { address, name: "web".into(), facts: Facts::default() }
}

/// The word for what the rule says of a task in `task` and a replication as given, with `before` as baseline.
fn judged(task: &str, replication: Value, before: Option<i64>) -> (&'static str, &'static str) {
    let task: Task = serde_json::from_value(json!({"id": "t", "status": task})).unwrap();
    let replication: ReplicationInfo = serde_json::from_value(replication).unwrap();
    let last = observation(Some(Some(&task)), Some(&replication));
    let baseline =
        Baseline { readiness: Readiness::Ready, facts: Facts::default().with(LAST_SYNC, before.map(Into::into)) };
    let job = Job { target: target(), ids: vec!["t".into()], facts: Facts::default() };
    match verdict(&Claim { job: &job, baseline: &baseline, last: &last }) {
        Verdict::Decided(outcome) => ("decided", outcome.word()),
        Verdict::NotYet { otherwise, .. } => ("not yet", otherwise.word()),
        Verdict::Running => ("running", ""),
    }
}

fn replication(status: &str, last_sync: i64) -> Value {
    json!({"id": "GID-1", "status": {"status": status}, "last_sync_time": last_sync})
}

fn listed(replication: Option<ReplicationInfo>, partial: Option<&str>) -> Found {
    let replications = replication.into_iter().map(|replication| (replication.id.clone(), replication)).collect();
    Found { replications, partial: partial.map(Into::into) }
}

#[test]
fn success_needs_a_moved_time_and_a_state_at_rest() {
    for status in ["OK", "RPO_VIOLATION", "NOT_ACTIVE"] {
        assert_eq!(judged("SUCCESS", replication(status, 2000), Some(1000)), ("decided", "succeeded"), "{status}");
        assert_eq!(judged("SUCCESS", replication(status, 1000), Some(1000)), ("not yet", "unknown"), "{status}");
    }
    assert_eq!(judged("SUCCESS", replication("OK", 2000), None), ("not yet", "unknown"), "no baseline, no proof");
    for status in ["SYNC", "FULL_SYNC_RPO_VIOLATION", "INITIAL_FULL_SYNC"] {
        assert_eq!(judged("SUCCESS", replication(status, 2000), Some(1000)), ("running", ""), "{status}");
    }
    for status in ["ERROR", "ERROR_RPO_VIOLATION"] {
        assert_eq!(judged("SUCCESS", replication(status, 2000), Some(1000)), ("decided", "failed"), "{status}");
    }
    for status in ["RECONFIGURING", "UNKNOWN", "MOVING", "PAUSED", "A_NEW_WORD"] {
        assert_eq!(judged("SUCCESS", replication(status, 2000), Some(1000)), ("not yet", "unknown"), "{status}");
    }
}

#[test]
fn data_that_moves_keeps_the_watch_going_whatever_the_state_says() {
    let moving =
        json!({"id": "GID-1", "status": {"status": "OK"}, "last_sync_time": 2000, "sync_progress": {"progress": 3}});
    assert_eq!(judged("SUCCESS", moving, Some(1000)), ("running", ""));
}

#[test]
fn states_decide_what_may_be_started() {
    let readiness = |status: &str| {
        let found: ReplicationInfo = serde_json::from_value(replication(status, 1)).unwrap();
        baseline(&target(), &listed(Some(found), None), Facts::default()).readiness
    };
    assert_eq!(readiness("OK"), Readiness::Ready);
    assert_eq!(readiness("A_NEW_WORD"), Readiness::Ready);
    assert!(matches!(readiness("SYNC"), Readiness::Running { .. }));
    for status in ["PAUSED", "RECOVERING", "RECOVERED", "NOT_ACTIVE", "NOT_ACTIVE_RPO_VIOLATION"] {
        assert!(matches!(readiness(status), Readiness::Skip { .. }), "{status}");
    }
    assert!(matches!(readiness("ERROR"), Readiness::Broken { .. }));
    let absent = |partial: Option<&str>| baseline(&target(), &listed(None, partial), Facts::default()).readiness;
    assert!(matches!(absent(None), Readiness::Skip { reason } if reason.contains("vanished")));
    let dark = absent(Some("the remote site is dark"));
    assert!(
        matches!(dark, Readiness::Broken { reason } if reason.contains("the remote site is dark")),
        "it may be there"
    );
}

#[test]
fn a_state_that_cannot_be_told_because_the_remote_site_is_dark_starts_nothing() {
    let readiness = |info: Value, partial: Option<&str>| {
        let found: ReplicationInfo = serde_json::from_value(info).unwrap();
        baseline(&target(), &listed(Some(found), partial), Facts::default()).readiness
    };
    let dark = Some("the session is not logged in at the remote site");
    for unknown in [json!({"id": "GID-1"}), replication("UNKNOWN", 1)] {
        assert!(matches!(readiness(unknown.clone(), dark), Readiness::Broken { .. }), "{unknown}");
        assert_eq!(readiness(unknown, None), Readiness::Ready);
    }
    assert_eq!(readiness(replication("OK", 1), dark), Readiness::Ready, "the start itself needs no remote login");
}

#[test]
fn an_open_task_that_names_the_replication_is_its_synchronization() {
    let read = |status: &str, entity: &str, task: &str| {
        let found: ReplicationInfo = serde_json::from_value(replication(status, 1)).unwrap();
        let task: Task = serde_json::from_value(json!({"id": "t", "status": task, "entity": entity})).unwrap();
        at_work(baseline(&target(), &listed(Some(found), None), Facts::default()), &target(), &[task]).readiness
    };
    for (status, task) in [("OK", "QUEUED"), ("OK", "RUNNING"), ("SYNC", "RUNNING")] {
        let found = read(status, "GID-1", task);
        assert!(matches!(&found, Readiness::Running { job } if job.ids == ["t"]), "{status} {task}: {found:?}");
    }
    for ended in ["SUCCESS", "ERROR", "CANCELLED"] {
        assert_eq!(read("OK", "GID-1", ended), Readiness::Ready, "{ended}");
    }
    assert_eq!(read("OK", "GID-2", "RUNNING"), Readiness::Ready);
    assert!(matches!(read("PAUSED", "GID-1", "RUNNING"), Readiness::Skip { .. }));
}
