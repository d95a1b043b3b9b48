//! What may be started, and whose task is whose.

use super::*;

#[test]
fn a_vault_that_cannot_be_written_to_is_not_started() {
    let address = Address { endpoint: "cloud".into(), kind: VAULT.into(), id: "v".into() };
    let target = Target { address, name: "vault".into(), facts: Facts::default() };
    let ready = |status: &str, tasks: &[OperationLog]| {
        let billing = json!({
            "status": status, "frozen_scene": "ARREAR", "allocated": 0, "used": 0, "size": 1,
            "consistent_level": "crash_consistent", "protect_type": "hybrid", "spec_code": "vault.hybrid.server.normal",
        });
        let vault = json!({ "id": "v", "name": "vault", "billing": billing, "resources": [] });
        baseline(&target, &[serde_json::from_value(vault).unwrap()], tasks, &HashSet::new(), true).readiness
    };
    for status in ["lock", "frozen", "deleting"] {
        let told = ready(status, &[]);
        assert!(matches!(&told, Readiness::Skip { reason } if reason.contains(status)), "{told:?}");
    }
    assert!(matches!(ready("frozen", &[]), Readiness::Skip { reason } if reason.contains("ARREAR")));
    assert!(matches!(ready("error", &[]), Readiness::Broken { .. }));
    assert_eq!(ready("available", &[]), Readiness::Ready);
    let task = json!({ "id": "t", "vault_id": "v", "status": "running" });
    let told = ready("lock", &[serde_json::from_value(task).unwrap()]);
    assert!(matches!(told, Readiness::Running { .. }), "what runs is watched: {told:?}");
    assert!(
        matches!(baseline(&target, &[], &[], &HashSet::new(), true).readiness, Readiness::Skip { .. }),
        "it has vanished"
    );
}

#[test]
fn a_task_since_the_baseline_is_found_also_after_its_end() {
    let address = Address { endpoint: "cloud".into(), kind: VAULT.into(), id: "v".into() };
    let target = Target { address, name: "vault".into(), facts: Facts::default() };
    let before = Baseline { readiness: Readiness::Ready, facts: Facts::default().with(KNOWN, json!(["old"])) };
    let task = |id: &str, vault: &str, status: &str| -> OperationLog {
        serde_json::from_value(json!({"id": id, "vault_id": vault, "status": status})).unwrap()
    };
    let of_lists = OfLists { ids: HashSet::from(["of-a-list".to_owned()]), lost: false };
    let found = |task: OperationLog| search(&target, &before, &of_lists, &[task]);
    assert_eq!(found(task("old", "v", "success")), Search::Absent);
    assert_eq!(found(task("new", "other", "running")), Search::Absent);
    assert_eq!(found(task("of-a-list", "v", "running")), Search::Absent);
    let two = [task("new", "v", "running"), task("newer", "v", "running")];
    assert!(matches!(search(&target, &before, &of_lists, &two), Search::CannotTell { .. }));
    let lost = OfLists { lost: true, ..OfLists::default() };
    let search = |tasks: &[OperationLog]| super::search(&target, &before, &lost, tasks);
    assert!(matches!(search(&two[..1]), Search::CannotTell { .. }), "it may be that of the list");
    assert_eq!(search(&[]), Search::Absent);
    for status in ["running", "success", "failed", "a-new-word"] {
        assert!(matches!(found(task("new", "v", status)), Search::Found(job) if job.ids == ["new"]), "{status}");
    }
}

#[test]
fn a_running_task_is_the_vaults_own_only_where_there_are_no_lists() {
    let address = Address { endpoint: "cloud".into(), kind: VAULT.into(), id: "v".into() };
    let target = Target { address, name: "vault".into(), facts: Facts::default() };
    let vault: Vault = serde_json::from_value(json!({"id": "v"})).unwrap();
    let task = json!({"id": "t", "vault_id": "v", "status": "running"});
    let task: OperationLog = serde_json::from_value(task).unwrap();
    let read = |of_lists: &[&str], tellable: bool| {
        let of_lists = of_lists.iter().map(|id| (*id).to_owned()).collect();
        let vaults = std::slice::from_ref(&vault);
        baseline(&target, vaults, std::slice::from_ref(&task), &of_lists, tellable).readiness
    };
    assert!(matches!(read(&[], true), Readiness::Running { job } if job.ids == ["t"]));
    assert!(matches!(read(&[], false), Readiness::Skip { reason } if reason.contains("task t")));
    assert_eq!(read(&["t"], false), Readiness::Ready, "the task is known to be that of a list");
}
