//! Connecting to vSphere Replication: the session, and the logins at remote sites that belong to it.

use backup_sync_runtime::Kind;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::{SESSION, assert_no_secret, shown};
use serde_json::json;
use vsphere_replication::{Config, Login, VsphereReplication};

use super::{clock, password};

pub fn config(server: &Server) -> Config {
    let local = Login { username: "local@vsphere.local".to_owned(), password: password() };
    let mut config = Config::new("vr", server.url("/api/rest/vr/v2/"), local);
    config.clock = clock();
    config
}

/// `user:planted-password-5f1c` in the form of the Basic scheme.
const LOCAL: &str = "Basic bG9jYWxAdnNwaGVyZS5sb2NhbDpwbGFudGVkLXBhc3N3b3JkLTVmMWM=";
const REMOTE: &str = "Basic cmVtb3RlOnBsYW50ZWQtcGFzc3dvcmQtNWYxYw==";

fn session(id: &str) -> Answer {
    Answer::json(200, json!({ "session_id": id }))
}

fn pairings() -> Answer {
    let server = |id: &str| json!({ "id": id, "name": id });
    Answer::json(
        200,
        json!({ "list": [
            { "pairing_id": "p:1", "local_vc_server": server("a"), "remote_vc_server": server("b") },
            { "pairing_id": "robo", "local_vc_server": server("a"), "remote_vc_server": server("a") },
        ], "_meta": { "total": 2 } }),
    )
}

#[tokio::test]
async fn logs_in_at_both_sites() {
    let server = Server::start().await;
    let mut config = config(&server);
    config.remote = Some(Login { username: "remote".to_owned(), password: password() });
    server.answer(session(SESSION)).answer(pairings()).answer(Answer::empty(204));
    let endpoint = VsphereReplication::connect(&config).await.unwrap();
    let taken = server.taken();
    let lines: Vec<String> = taken.iter().map(|sent| sent.line().replace("%3A", ":")).collect();
    // The pairing of a vCenter with itself has no remote site.
    assert_eq!(
        lines,
        [
            "POST /api/rest/vr/v2/session",
            "GET /api/rest/vr/v2/pairings",
            "POST /api/rest/vr/v2/pairings/p:1/remote-session"
        ]
    );
    taken[0].assert_header("authorization", Some(LOCAL)).assert_header("x-dr-session", None);
    taken[1].assert_header("authorization", None).assert_header("x-dr-session", Some(SESSION));
    taken[2].assert_header("authorization", Some(REMOTE)).assert_header("x-dr-session", Some(SESSION));

    // A session that has ended: a new one, with the same remote logins, and then the call again.
    server.answer(Answer::empty(401)).answer(session("second")).answer(Answer::empty(204)).answer(Answer::empty(401));
    server.answer(Answer::json(200, r#"{"list":[]}"#));
    endpoint.client().get_recent_tasks_info().send().await.unwrap();
    let taken = server.taken();
    let lines: Vec<String> =
        taken.iter().map(|sent| sent.line().replace("%3A", ":").replace("/api/rest/vr/v2", "")).collect();
    let expected =
        ["GET /tasks", "POST /session", "POST /pairings/p:1/remote-session", "DELETE /session", "GET /tasks"];
    assert_eq!(lines, expected);
    taken[1].assert_header("x-dr-session", None);
    taken[2].assert_header("authorization", Some(REMOTE)).assert_header("x-dr-session", Some("second"));
    taken[3].assert_header("x-dr-session", Some(SESSION));
    taken[4].assert_header("x-dr-session", Some("second")).assert_header("authorization", None);
}

#[tokio::test]
async fn needs_no_remote_user() {
    let server = Server::start().await;
    server.answer(session(SESSION)).answer(pairings());
    VsphereReplication::connect(&config(&server)).await.unwrap();
    assert_eq!(server.lines(), ["POST /api/rest/vr/v2/session", "GET /api/rest/vr/v2/pairings"]);
}

#[tokio::test]
async fn wrong_password_is_told_and_not_tried_again() {
    for answer in
        [Answer::empty(401), Answer::json(400, r#"{"error_code":"INVALID_LOGIN","message":"No"}"#), Answer::empty(403)]
    {
        let server = Server::start().await;
        server.by(move |_| answer.clone());
        let error = VsphereReplication::connect(&config(&server)).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (Kind::Auth, Some("login")), "{error:?}");
        assert_eq!(server.lines(), ["POST /api/rest/vr/v2/session"], "a second attempt could lock the account");
        assert_no_secret(&shown(&error));
    }
}

#[tokio::test]
async fn wrong_remote_password_is_told_once() {
    let server = Server::start().await;
    let mut config = config(&server);
    config.remote = Some(Login { username: "remote".to_owned(), password: password() });
    server.answer(session(SESSION)).answer(pairings()).answer(Answer::empty(401)).answer(Answer::empty(204));
    let error = VsphereReplication::connect(&config).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (Kind::Auth, Some("createRemoteSession")), "{error:?}");
    let lines = server.lines();
    assert_eq!(lines.len(), 4, "neither login is tried again");
    assert_eq!(lines[3], "DELETE /api/rest/vr/v2/session", "the local session is not left behind");
    assert_no_secret(&shown(&error));
}

#[tokio::test]
async fn a_dark_remote_site_does_not_keep_from_connecting() {
    let server = Server::start().await;
    let mut config = config(&server);
    config.remote = Some(Login { username: "remote".to_owned(), password: password() });
    server
        .answer(session(SESSION))
        .answer(pairings())
        .answer(Answer::json(500, r#"{"message":"The remote site is down"}"#));
    assert!(VsphereReplication::connect(&config).await.is_ok(), "synchronizing needs no remote login");
}
