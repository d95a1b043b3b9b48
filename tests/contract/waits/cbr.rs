//! CBR: the answer names its tasks only for synchronizations; the others are found in the operation logs.

use backup_sync_engine::Provider as _;
use backup_sync_tests::server::{Answer, Server};
use huawei_cbr::v3::types::OperationLog;
use huawei_cbr::{Cbr, Config};
use serde_json::{Value, json};

use super::{count, ends, json, play, run, waited};
use crate::connect::cbr::config;

const LOGS: &str = "GET /v3/p/operation-logs";

fn log(id: &str, of: &str, status: &str, part: Value) -> Value {
    json!({ "id": id, "operation_type": of, "status": status, "extra_info": part, "checkpoint_id": "c",
        "vault_id": "v", "error_info": { "code": "BackupService.6112", "message": "busy" } })
}

fn logs(logs: &[Value]) -> Answer {
    json(json!({ "operation_logs": logs, "count": logs.len() }))
}

fn one(log: Value) -> Answer {
    json(json!({ "operation_log": log }))
}

async fn region(server: &Server, lists: Vec<(&'static str, Vec<Answer>)>) -> Cbr {
    let token =
        Answer::json(201, json!({ "token": { "expires_at": "2099-01-01T00:00:00Z" } })).header("X-Subject-Token", "t");
    play(server, lists.into_iter().chain([("POST /v3/auth/tokens", vec![token])]));
    let config = Config { project_id: Some("p".to_owned()), ..config(server) };
    Cbr::connect(&config).await.unwrap()
}

async fn waits(
    cbr: &Cbr,
    operation: &str,
    parameters: &[(&str, &str)],
    body: Option<Value>,
) -> backup_sync_engine::Report {
    waited(cbr, &cbr.services(), operation, parameters, body).await.unwrap()
}

fn restore(id: &str, backup: &str, status: &str) -> Value {
    log(id, "restore", status, json!({ "restore": { "backup_id": backup, "target_resource_id": "s" } }))
}

const RESTORE: &str = "POST /v3/p/backups/B-1/restore";

async fn restored(server: &Server, start: Answer, looks: Vec<Answer>) -> backup_sync_engine::Report {
    let ended = ("GET /v3/p/operation-logs/new", vec![one(restore("new", "b-1", "success"))]);
    let cbr = region(server, vec![(RESTORE, vec![start]), (LOGS, looks), ended]).await;
    server.taken();
    waits(&cbr, "RestoreBackup", &[("backup_id", "B-1")], Some(json!({ "restore": {} }))).await
}

#[tokio::test]
async fn a_restore_that_answers_nothing_is_found_by_type_and_backup() {
    let server = Server::start().await;
    let old = restore("old", "b-1", "running");
    let after = [old.clone(), restore("other", "b-2", "running"), restore("new", "b-1", "waiting")];
    let before = logs(std::slice::from_ref(&old));
    let looks = vec![before.clone(), before, logs(&after)];
    let report = restored(&server, Answer::empty(202), looks).await;
    let rule = "task success, backup b-1, target_resource_id s";
    assert_eq!(ends(&report), [("cbr/operation-log/new".into(), "succeeded", rule.into())]);
    let sent = server.taken();
    let lines: Vec<_> = sent.iter().map(backup_sync_tests::server::Sent::line).collect();
    assert_eq!(lines[..4], [LOGS, RESTORE, LOGS, LOGS], "the list is read before the call, too");
    let query = |name: &str| sent[0].query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(query("operation_type"), Some("restore"));
    let since: jiff::Timestamp = query("start_time").unwrap().parse().unwrap();
    let age = jiff::Timestamp::now().duration_since(since).as_secs();
    assert!((86_400..86_460).contains(&age), "a day ago, so that no difference of clocks matters: {age}");
}

#[tokio::test]
async fn a_restore_whose_answer_is_lost_is_looked_for_and_never_sent_again() {
    let server = Server::start().await;
    let looks = vec![logs(&[]), logs(&[restore("new", "b-1", "running")])];
    let lost = Answer::json(504, "");
    let report = restored(&server, lost.clone(), looks).await;
    assert_eq!(ends(&report)[0].1, "succeeded");
    assert_eq!(count(&server.taken(), RESTORE), 1);

    let report = restored(&server, lost, vec![logs(&[])]).await;
    let (address, word, why) = ends(&report).remove(0);
    assert_eq!((address.as_str(), word), ("cbr/RestoreBackup/B-1", "unknown"));
    assert!(why.contains("no new operation-log was found") && why.contains("not sent again"), "{why}");
    assert_eq!(count(&server.taken(), RESTORE), 1);
}

#[tokio::test]
async fn of_two_restores_of_one_backup_nobody_can_tell_which_is_meant() {
    let server = Server::start().await;
    let two = logs(&[restore("x", "b-1", "running"), restore("y", "b-1", "running")]);
    let report = restored(&server, Answer::empty(202), vec![logs(&[]), two]).await;
    let (_, word, why) = ends(&report).remove(0);
    assert!(word == "unknown" && why.contains("(x, y)"), "{why}");
    assert_eq!(report.targets[0].job, ["x", "y"]);
}

#[tokio::test]
async fn a_restore_point_is_waited_for_resource_by_resource() {
    let server = Server::start().await;
    let backup = |id: &str, resource: &str, status: &str| {
        log(
            id,
            "backup",
            status,
            json!({ "backup": { "backup_id": format!("b-{id}") }, "resource": { "id": resource } }),
        )
    };
    let resources = [json!({ "id": "r1" }), json!({ "id": "r2" }), json!({ "id": "r3" })];
    let start = json(json!({ "checkpoint": { "id": "c", "vault": { "id": "v", "resources": resources } } }));
    let (first, second) = (backup("1", "r1", "running"), backup("2", "r2", "waiting"));
    let looks = vec![logs(&[]), logs(std::slice::from_ref(&first)), logs(&[first, second])];
    let cbr = region(
        &server,
        vec![
            ("POST /v3/p/checkpoints", vec![start]),
            (LOGS, looks),
            ("GET /v3/p/operation-logs/1", vec![one(backup("1", "r1", "success"))]),
            ("GET /v3/p/operation-logs/2", vec![one(backup("2", "r2", "failed"))]),
        ],
    )
    .await;
    let report = waits(&cbr, "CreateCheckpoint", &[], Some(json!({ "checkpoint": { "vault_id": "v" } }))).await;
    let ends = ends(&report);
    assert_eq!(ends.iter().map(|end| end.1).collect::<Vec<_>>(), ["succeeded", "failed", "unknown"]);
    assert_eq!((ends[0].2.as_str(), ends[2].0.as_str()), ("task success, backup b-1", "cbr/CreateCheckpoint/r3"));
    assert!(ends[1].2.contains("BackupService.6112: busy") && ends[2].2.contains("of r3 was found"), "{ends:?}");
}

#[tokio::test]
async fn ids_in_the_answer_are_taken_from_there() {
    let server = Server::start().await;
    let sync = |id: &str, failed: i64| log(id, "sync", "success", json!({ "sync": { "err_sync_backup_num": failed } }));
    let shared =
        json!({ "sync": [{ "operation_log_id": "1" }, { "operation_log_id": "1" }, { "operation_log_id": "2" }] });
    let cbr = region(
        &server,
        vec![
            ("POST /v3/p/backups/sync", vec![json(shared)]),
            ("GET /v3/p/operation-logs/1", vec![one(sync("1", 0))]),
            ("GET /v3/p/operation-logs/2", vec![one(sync("2", 3))]),
        ],
    )
    .await;
    server.taken();
    let report = waits(&cbr, "ImportBackup", &[], Some(json!({ "sync": [] }))).await;
    assert_eq!(ends(&report).iter().map(|end| end.1).collect::<Vec<_>>(), ["succeeded", "failed"]);
    assert_eq!(count(&server.taken(), LOGS), 0, "nothing has to be looked for");
}

#[tokio::test]
async fn many_tasks_are_looked_at_with_one_list() {
    let server = Server::start().await;
    let all: Vec<Value> = (0..60)
        .map(|id| log(&id.to_string(), "delete", "success", json!({ "delete": { "backup_id": "b" } })))
        .collect();
    let typed: Vec<OperationLog> = all.iter().map(|log| serde_json::from_value(log.clone()).unwrap()).collect();
    let running: Vec<Value> = (0..60).map(|id| log(&id.to_string(), "delete", "running", json!({}))).collect();
    let cbr = region(&server, vec![(LOGS, vec![logs(&running), logs(&all)])]).await;
    server.taken();
    let report = run().execute(vec![cbr.watch(typed)]).await;
    assert_eq!(report.summary.succeeded, 60);
    assert_eq!(server.lines(), [LOGS, LOGS]);
    assert!(cbr.jobs("task").is_none(), "another vendor's kind");
}
