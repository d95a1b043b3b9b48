//! vSphere Replication: what each operation sends, and what is made of the answer.

use backup_sync_runtime::auth::Fixed;
use backup_sync_runtime::call;
use backup_sync_runtime::wire::LenientTime;
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{AWKWARD, AWKWARD_IN_PATH, TOKEN, header, once, with};
use vsphere_replication::v2::{Client, open};

use crate::seeds;

const BASE: &str = "/api/rest/vr/v2";
const PAIRING: &str = "3f8a4c52-7a1e-4a6b-9c1d-5e2b8f0d6a11";
/// Ids as the appliance gives them: three parts with colons between.
const GROUP: &str = "HmsGroup:GID-1c9e5f70-64ab-4d2f-8e13-9b7a20d5c3f6:58c2a7f1-3d94-4b0e-97e6-1f0ab4c8d265";

async fn client_with(credentials: Fixed) -> (Server, Client) {
    let (server, connection) = (Server::start().await, once(Api::Vr.operations(), credentials));
    let client = Client::new_with_client(&server.url(BASE), connection.http(), connection);
    (server, client)
}

async fn client() -> (Server, Client) {
    client_with(Api::Vr.credentials()).await
}

fn example(id: &str, name: &str) -> Answer {
    let spec = Spec::load(Api::Vr.spec());
    Answer::json(200, spec.success(id, name))
}

/// A request without a body in the session, to `method` and a path in which `{}` stands for the awkward id.
fn assert_sent(sent: &Sent, method: &str, template: &str) {
    let right: Vec<String> =
        AWKWARD_IN_PATH.iter().map(|id| format!("{method} {BASE}{}", template.replace("{}", id))).collect();
    assert!(right.contains(&sent.line()), "{} is none of {right:?}", sent.line());
    sent.assert_no_body().assert_header("x-dr-session", Some(TOKEN)).assert_header("authorization", None);
}

#[tokio::test]
async fn vr_login() {
    let (server, api) = client_with(header("authorization", "Basic dXNlcjpwYXNz")).await;
    server.answer(example("login", "session"));
    let answer = call("login", api.login().send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), format!("POST {BASE}/session"));
    sent.assert_no_body().assert_query(&[]);
    sent.assert_header("authorization", Some("Basic dXNlcjpwYXNz")).assert_header("x-dr-session", None);
    assert_eq!(answer.session_id.expose(), "NmYyYzFmMWUtOGQwYi00YzU1LTlhMGUtMmI2YjdkNmYyZjEw");
}

#[tokio::test]
async fn vr_get_current_session() {
    let (server, api) = client().await;
    server.answer(example("getCurrentSession", "logged-in"));
    let answer = call("getCurrentSession", api.get_current_session().send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/session");
    sent.assert_query(&[]);
    assert_eq!(answer.username.as_deref(), Some("VSPHERE.LOCAL\\Administrator"));
}

#[tokio::test]
async fn vr_logout() {
    let (server, api) = client().await;
    server.answer(Answer::empty(204));
    call("logout", api.logout().send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "DELETE", "/session");
    sent.assert_query(&[]);
}

/// Both at once: the session, and the user of the remote site.
#[tokio::test]
async fn vr_create_remote_session() {
    let (server, api) = client_with(with(Api::Vr.credentials(), "authorization", "Basic cmVtb3RlOnB3")).await;
    server.answer(Answer::empty(204));
    call("createRemoteSession", api.create_remote_session().pairing_id(AWKWARD).send()).await.unwrap();
    let sent = server.only();
    sent.assert_header("authorization", Some("Basic cmVtb3RlOnB3"));
    let without =
        Sent { headers: sent.headers.iter().filter(|(name, _)| name != "authorization").cloned().collect(), ..sent };
    assert_sent(&without, "POST", "/pairings/{}/remote-session");
}

#[tokio::test]
async fn vr_get_remote_session() {
    let (server, api) = client().await;
    server.answer(example("getRemoteSession", "logged-in"));
    let answer = call("getRemoteSession", api.get_remote_session().pairing_id(AWKWARD).send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/pairings/{}/remote-session");
    sent.assert_query(&[]);
    assert_eq!(answer.username.as_deref(), Some("VSPHERE-B.LOCAL\\replication-operator"));
}

/// The parameters of all lists: `limit` and `offset` are text, `filter` is repeated.
const PAGE: [(&str, &str); 7] = [
    ("filter", "a & b"),
    ("filter", GROUP),
    ("filter_property", "name"),
    ("limit", "100"),
    ("offset", "200"),
    ("order_by", "desc"),
    ("sort_by", "name"),
];

macro_rules! paged {
    ($list:expr) => {
        $list
            .filter(vec!["a & b".to_owned(), GROUP.to_owned()])
            .filter_property("name")
            .limit("100")
            .offset("200")
            .order_by("desc")
            .sort_by("name")
    };
}

#[tokio::test]
async fn vr_get_vr_pairings() {
    let (server, api) = client().await;
    server.answer(example("getVrPairings", "partial-data"));
    let answer = call("getVrPairings", paged!(api.get_vr_pairings()).send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/pairings");
    sent.assert_query(&PAGE);
    assert_eq!(answer.list.as_ref().unwrap()[0].pairing_id, PAIRING);
    let errors = answer.meta.as_ref().unwrap().errors.as_ref().unwrap();
    assert_eq!(errors[0].code.as_deref(), Some("REMOTE_NOT_AUTHENTICATED"));
    assert_eq!(errors[0].field.as_deref(), Some("$.list[0].remote_vc_server"));

    server.answer(example("getVrPairings", "one-pairing"));
    call("getVrPairings", api.get_vr_pairings().send()).await.unwrap();
    server.only().assert_query(&[]);
}

#[tokio::test]
async fn vr_get_vr_pairing() {
    let (server, api) = client().await;
    server.answer(example("getVrPairing", "pairing"));
    let answer = call("getVrPairing", api.get_vr_pairing().pairing_id(AWKWARD).send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/pairings/{}");
    sent.assert_query(&[]);
    assert_eq!(answer.pairing_id, PAIRING);
    assert_eq!(answer.local_vc_server.as_ref().unwrap().server_status, Some(open::ServerStatus::Ok));
}

#[tokio::test]
async fn vr_get_all_replications() {
    let (server, api) = client().await;
    server.answer(example("getAllReplications", "first-page"));
    let list = paged!(api.get_all_replications().pairing_id(AWKWARD))
        .extended_info(true)
        .source_vc_guid("0d4b6e2a-91c3-4f7d-8a55-c27e1b9f3d04");
    let answer = call("getAllReplications", list.send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/pairings/{}/replications");
    let mut expected = PAGE.to_vec();
    expected.extend([("extended_info", "true"), ("source_vc_guid", "0d4b6e2a-91c3-4f7d-8a55-c27e1b9f3d04")]);
    sent.assert_query(&expected);
    let first = &answer.list.as_ref().unwrap()[0];
    assert_eq!((first.id.as_str(), first.name.as_deref()), (GROUP, Some("app-01")));
    assert_eq!(first.last_sync_time.as_ref().and_then(LenientTime::millis), Some(1_795_160_700_000));
    let meta = answer.meta.as_ref().unwrap();
    assert_eq!((meta.total, meta.offset, meta.limit), (Some(3), Some(0), Some(2)));
    assert!(meta.links.as_ref().unwrap().next.as_ref().unwrap().href.is_some());

    server.answer(example("getAllReplications", "last-page"));
    let answer = call("getAllReplications", api.get_all_replications().pairing_id("p").send()).await.unwrap();
    server.only().assert_query(&[]);
    assert_eq!(answer.meta.as_ref().unwrap().links.as_ref().unwrap().next, None);
}

#[tokio::test]
async fn vr_get_replication_info() {
    let (server, api) = client().await;
    server.answer(example("getReplicationInfo", "broken"));
    let get = || api.get_replication_info().pairing_id(AWKWARD).replication_id(AWKWARD);
    let answer = call("getReplicationInfo", get().send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/pairings/{}/replications/{}");
    sent.assert_query(&[]);
    let status = answer.status.as_ref().unwrap();
    assert_eq!((&status.status, status.rpo_violation), (&Some(open::ReplicationStatus::ErrorRpoViolation), Some(true)));
    let error = answer.configuration_error.as_ref().unwrap();
    assert_eq!(error.message.as_deref(), Some("The target datastore cannot be written."));
    assert!(answer.last_group_error.is_some());

    server.answer(example("getReplicationInfo", "syncing"));
    let answer = call("getReplicationInfo", get().send()).await.unwrap();
    let progress = answer.sync_progress.as_ref().unwrap();
    assert_eq!((progress.progress.clone(), progress.transferred_total), (Some(81.into()), Some(10_737_418_240)));

    server.answer(example("getReplicationInfo", "reconfiguring"));
    let answer = call("getReplicationInfo", get().send()).await.unwrap();
    let status = answer.status.as_ref().unwrap().status.as_ref().unwrap();
    assert_eq!((status.as_str(), status.is_known()), ("RECONFIGURING", true));
    assert_eq!((answer.sync_progress.as_ref(), answer.enhanced_replication), (None, Some(true)));
}

/// Seed 004, byte for byte.
#[tokio::test]
async fn vr_sync_replication() {
    let (server, api) = client().await;
    server.answer(Answer::json(202, seeds::RESPONSE_004));
    let sync = api.sync_replication().pairing_id(AWKWARD).replication_id(AWKWARD);
    let task = call("syncReplication", sync.send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "POST", "/pairings/{}/replications/{}/actions/sync");
    sent.assert_query(&[]);
    assert!(!sent.path.contains("//"), "{}", sent.path);
    assert_eq!(task.status().as_u16(), 202);
    assert_eq!(
        (task.id.as_str(), task.status.clone(), task.progress.clone()),
        ("string", Some(open::TaskStatus::Queued), Some(0.into()))
    );
    let texts = [&task.description, &task.description_id, &task.entity, &task.entity_name];
    assert!(texts.iter().all(|text| text.as_deref() == Some("string")), "{task:?}");
    for time in [&task.complete_time, &task.queued_time, &task.start_time] {
        assert_eq!(time.as_ref().map(ToString::to_string).as_deref(), Some("string"));
    }
    let error = task.error.as_ref().unwrap();
    assert_eq!((error.message.as_deref(), error.details.as_deref()), (Some("string"), Some("string")));
    assert_eq!(task.result, Some(serde_json::json!({})));
    let meta = task.meta.as_ref().unwrap().errors.as_ref().unwrap();
    assert_eq!((meta[0].code.as_deref(), meta[0].field.as_deref()), (Some("string"), Some("string")));
}

/// A base URL that ends in a slash must not give the doubled slash of the portal's page.
#[tokio::test]
async fn vr_sync_replication_of_ids_as_the_appliance_gives_them() {
    let (server, api) = client().await;
    server.answer(example("syncReplication", "queued"));
    let sync = api.sync_replication().pairing_id(PAIRING).replication_id(GROUP);
    call("syncReplication", sync.send()).await.unwrap();
    let path = server.only().path;
    let decoded = path.replace("%3A", ":");
    assert_eq!(decoded, format!("{BASE}/pairings/{PAIRING}/replications/{GROUP}/actions/sync"));
    assert!(path.contains("HmsGroup:") != path.contains("%3A"), "one way of writing, not two: {path}");
}

#[tokio::test]
async fn vr_pause_replication() {
    let (server, api) = client().await;
    server.answer(example("pauseReplication", "queued"));
    let pause = api.pause_replication().pairing_id(AWKWARD).replication_id(AWKWARD);
    let task = call("pauseReplication", pause.send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "POST", "/pairings/{}/replications/{}/actions/pause");
    sent.assert_query(&[]);
    assert_eq!(task.queued_time.as_ref().and_then(LenientTime::millis), Some(1_795_162_500_000));
    assert_eq!((task.start_time.as_ref(), task.error.as_ref()), (None, None));
}

#[tokio::test]
async fn vr_resume_replication() {
    let (server, api) = client().await;
    server.answer(example("resumeReplication", "running"));
    let resume = api.resume_replication().pairing_id(AWKWARD).replication_id(AWKWARD);
    let task = call("resumeReplication", resume.send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "POST", "/pairings/{}/replications/{}/actions/resume");
    sent.assert_query(&[]);
    assert_eq!((task.status.clone(), task.progress.clone()), (Some(open::TaskStatus::Running), Some(10.into())));
}

#[tokio::test]
async fn vr_get_recent_tasks_info() {
    let (server, api) = client().await;
    server.answer(example("getRecentTasksInfo", "recent"));
    let answer = call("getRecentTasksInfo", paged!(api.get_recent_tasks_info()).send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/tasks");
    sent.assert_query(&PAGE);
    let tasks = answer.list.as_ref().unwrap();
    assert_eq!(
        (tasks[0].status.clone(), tasks[0].progress.clone()),
        (Some(open::TaskStatus::Running), Some(45.into()))
    );
    assert_eq!(tasks[0].entity.as_deref(), Some(GROUP));
}

#[tokio::test]
async fn vr_get_task_info() {
    let (server, api) = client().await;
    server.answer(example("getTaskInfo", "failed"));
    let task = call("getTaskInfo", api.get_task_info().task_id(AWKWARD).send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/tasks/{}");
    sent.assert_query(&[]);
    assert_eq!(task.status, Some(open::TaskStatus::Error));
    let details = task.error.as_ref().unwrap().details.as_deref();
    assert_eq!(details, Some("The replication server vrms-b.example.com does not answer."));
    assert_eq!(task.complete_time.as_ref().and_then(LenientTime::millis), Some(1_795_162_263_000));
}

#[tokio::test]
async fn vr_get_vr_info() {
    let (server, api) = client().await;
    server.answer(example("getVrInfo", "appliance"));
    let info = call("getVrInfo", api.get_vr_info().send()).await.unwrap();
    let sent = server.only();
    assert_sent(&sent, "GET", "/info");
    sent.assert_query(&[]);
    assert_eq!((info.version.as_deref(), info.server_status.clone()), (Some("8.8.0"), Some(open::ServerStatus::Ok)));
    let certificate = &info.certificates.as_ref().unwrap()[0];
    assert_eq!(certificate.not_after.as_ref().and_then(LenientTime::millis), Some(1_952_899_200_000));
    assert_eq!((certificate.version, certificate.key_usage.as_ref()), (Some(3), None));
}
