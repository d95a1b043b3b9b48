//! vSphere Replication: the answer names its task or its tasks.

use backup_sync_engine::Provider as _;
use backup_sync_runtime::Kind;
use backup_sync_tests::server::{Answer, Server};
use serde_json::{Value, json};
use vsphere_replication::VsphereReplication;

use super::{count, ends, json, play, waited};
use crate::connect::vsphere::config;

const BASE: &str = "/api/rest/vr/v2";
const START: &str = "POST /api/rest/vr/v2/pairings/p/replications";

fn task(id: &str, status: &str) -> Value {
    json!({ "id": id, "status": status, "entity": "GID-1", "error": { "message": "no room" } })
}

async fn appliance(server: &Server, start: Answer, tasks: Vec<Answer>) -> VsphereReplication {
    play(
        server,
        [
            ("POST /api/rest/vr/v2/session", vec![json(json!({ "session_id": "s" }))]),
            ("GET /api/rest/vr/v2/pairings", vec![json(json!({ "list": [] }))]),
            (START, vec![start]),
            ("GET /api/rest/vr/v2/tasks", tasks),
        ],
    );
    VsphereReplication::connect(&config(server)).await.unwrap()
}

async fn configure(vr: &VsphereReplication) -> Result<backup_sync_engine::Report, backup_sync_runtime::Error> {
    waited(vr, &vr.services(), "configureReplication", &[("pairing_id", "p")], Some(json!([{}, {}]))).await
}

#[tokio::test]
async fn each_task_of_a_list_answer_has_its_own_end() {
    let server = Server::start().await;
    let start = Answer::json(202, json!({ "list": [task("t1", "QUEUED"), task("t2", "RUNNING")] }));
    let list = |first, second| json(json!({ "list": [task("t1", first), task("t2", second)] }));
    let looks = vec![list("RUNNING", "RUNNING"), list("RUNNING", "ERROR"), list("SUCCESS", "ERROR")];
    let vr = appliance(&server, start, looks).await;
    server.taken();
    let report = configure(&vr).await.unwrap();
    assert_eq!(
        ends(&report),
        [
            ("vr/task/t1".into(), "succeeded", "the task ended in SUCCESS".into()),
            ("vr/task/t2".into(), "failed", "no room".into())
        ]
    );
    assert!(report.targets.iter().all(|target| !target.adopted && target.vendor == "vsphere-replication"));
    let sent = server.taken();
    assert_eq!(count(&sent, START), 1);
    let looks: Vec<_> = sent.iter().filter(|sent| sent.path == format!("{BASE}/tasks")).collect();
    assert_eq!(looks.len(), 3, "one request for both");
    assert_eq!(looks[0].query.iter().filter(|(name, _)| name == "filter").count(), 2);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_reason_to_send_again() {
    let server = Server::start().await;
    let vr = appliance(&server, Answer::json(202, "{\"list\": [{\"id\":"), vec![Answer::empty(500)]).await;
    server.taken();
    let report = configure(&vr).await.unwrap();
    let (address, word, why) = ends(&report).remove(0);
    assert_eq!((address.as_str(), word), ("vr/configureReplication/p", "unknown"));
    assert!(why.contains("accepted configureReplication, but its answer could not be read"), "{why}");
    assert!(why.contains("without an answer nothing says which task"), "{why}");
    assert!(why.contains("it was not sent again"), "{why}");
    assert_eq!(server.lines(), [START]);
}

#[tokio::test]
async fn an_answer_without_an_id_leaves_that_part_unknown() {
    let server = Server::start().await;
    let start = Answer::json(202, json!({ "list": [task("t1", "QUEUED"), { "status": "QUEUED" }] }));
    let vr = appliance(&server, start, vec![json(json!({ "list": [task("t1", "SUCCESS")] }))]).await;
    let words: Vec<_> = ends(&configure(&vr).await.unwrap()).into_iter().map(|end| end.1).collect();
    assert_eq!(words, ["succeeded", "unknown"]);
}

#[tokio::test]
async fn a_refusal_is_an_error_and_nothing_is_waited_for() {
    let server = Server::start().await;
    let vr = appliance(&server, Answer::json(400, json!({ "message": "no such disk" })), Vec::new()).await;
    let error = configure(&vr).await.unwrap_err();
    assert!(error.chain().contains("no such disk"), "{}", error.chain());
    assert_ne!(error.kind(), Kind::Usage);
    assert!(vr.jobs("operation-log").is_none(), "another vendor's kind");
}
