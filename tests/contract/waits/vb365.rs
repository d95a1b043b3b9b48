//! VB365: v8 answers with the session, v7 and v6 answer nothing; retries, warnings, stops.

use backup_sync_engine::{Past, Provider as _, Report};
use backup_sync_tests::server::{Answer, Server};
use serde_json::{Value, json};
use veeam_vb365::{Vb365, Version};

use super::{count, ends, json, play, run, waited};
use crate::connect::vb365::config;

fn session(id: &str, status: &str, more: Value) -> Value {
    let ended = (!matches!(status, "Running" | "Queued")).then_some("2026-11-20T02:00:00Z");
    let mut session = json!({ "id": id, "status": status, "endTime": ended, "jobType": "Backup", "retryCount": 0 });
    for (name, value) in more.as_object().unwrap() {
        session[name] = value.clone();
    }
    session
}

fn page(results: &[Value]) -> Answer {
    json(json!({ "results": results, "limit": 500, "offset": 0 }))
}

async fn at(server: &Server, version: Version, lists: Vec<(&'static str, Vec<Answer>)>) -> Vb365 {
    let token = json(json!({ "access_token": "a", "refresh_token": "r", "expires_in": 3600 }));
    let (login, sessions) = match version {
        Version::V8 => ("POST /v8/token", "GET /v8/RepositorySynchronizeSessions"),
        _ => ("POST /v7/token", "GET /v7/RepositorySynchronizeSessions"),
    };
    play(server, lists.into_iter().chain([(login, vec![token]), (sessions, vec![json(json!([]))])]));
    let mut config = config(server);
    config.version = Some(version);
    let connected = Vb365::connect(&config).await.unwrap();
    server.taken();
    connected
}

const START_8: &str = "POST /v8/Jobs/j/start";
const LIST_8: &str = "GET /v8/JobSessions";
const GET_8: &str = "GET /v8/JobSessions/s";

async fn started(vb: &Vb365) -> Report {
    waited(vb, &vb.services(), "Job_Start", &[("jobId", "j")], Some(json!({}))).await.unwrap()
}

/// A v8 server whose session is seen like this; with the objects and the log of the run.
async fn seen(server: &Server, looks: Vec<Answer>, list: Vec<Value>, objects: Answer, log: Value) -> Report {
    let vb = at(
        server,
        Version::V8,
        vec![
            (START_8, vec![json(session("s", "Running", json!({ "jobId": "j" })))]),
            (LIST_8, vec![page(&list)]),
            (GET_8, looks),
            ("GET /v8/JobSessions/s/ProcessedObjects", vec![objects]),
            ("GET /v8/JobSessions/s/LogItems", vec![page(&[log])]),
        ],
    )
    .await;
    started(&vb).await
}

fn look(status: &str, more: Value) -> Answer {
    json(session("s", status, more))
}

#[tokio::test]
async fn a_session_in_the_answer_is_watched_to_its_end() {
    let server = Server::start().await;
    let looks = vec![look("Queued", json!({})), look("Running", json!({ "progress": 5 })), look("Success", json!({}))];
    let report = seen(&server, looks, Vec::new(), Answer::empty(404), json!({})).await;
    assert_eq!(ends(&report), [("vb/job-session/s".into(), "succeeded", "the job session ended in Success".into())]);
    let sent = server.taken();
    assert_eq!((count(&sent, START_8), count(&sent, GET_8)), (1, 3));
}

#[tokio::test]
async fn a_warning_is_judged_by_its_objects_and_a_failure_tells_its_log() {
    let server = Server::start().await;
    let objects = |statuses: &[&str]| {
        let one = |(id, status): (usize, &&str)| json!({ "id": id.to_string(), "type": "User", "status": status });
        page(&statuses.iter().enumerate().map(one).collect::<Vec<_>>())
    };
    let line = json!({ "type": "Error", "message": "the mailbox is locked" });
    let warned = || vec![look("Warning", json!({ "details": "1 of 2" }))];
    let good = seen(&server, warned(), Vec::new(), objects(&["Success", "Warning"]), line.clone()).await;
    assert_eq!(ends(&good)[0].1, "succeeded");
    assert!(ends(&good)[0].2.contains("ended in Warning, no object failed, 1 of 2 with a warning: 1 of 2"));
    let bad = seen(&server, warned(), Vec::new(), objects(&["Success", "Failed"]), line.clone()).await;
    assert_eq!(ends(&bad)[0].1, "failed");
    let mute = seen(&server, warned(), Vec::new(), Answer::empty(404), line.clone()).await;
    assert_eq!(ends(&mute)[0].1, "unknown", "a version that does not tell objects");
    let failed =
        seen(&server, vec![look("Failed", json!({ "details": "no room" }))], Vec::new(), Answer::empty(404), line)
            .await;
    assert_eq!(ends(&failed)[0].2, "the job session failed: no room (the mailbox is locked)");
    let stopped = seen(&server, vec![look("Stopped", json!({}))], Vec::new(), Answer::empty(404), json!({})).await;
    assert_eq!(ends(&stopped)[0].1, "stopped");
}

#[tokio::test]
async fn a_failed_attempt_is_followed_into_its_retries() {
    let server = Server::start().await;
    let looks = vec![look("Failed", json!({ "jobWillBeRetried": true }))];
    let retry = session("r1", "Success", json!({ "mainSessionId": "S", "retryCount": 1 }));
    // The list is read before the start, too: a retry is found among all sessions.
    let report = seen(&server, looks, vec![retry], Answer::empty(404), json!({})).await;
    let (address, word, _) = ends(&report).remove(0);
    assert_eq!((address.as_str(), word), ("vb/job-session/s", "succeeded"));
}

#[tokio::test]
async fn v7_names_no_session_and_v6_only_below_the_job() {
    let start = || ("POST /v7/Jobs/j/start", vec![Answer::empty(204)]);
    let (old, new) = (session("old", "Success", json!({})), session("new", "Running", json!({})));
    let lists = || vec![page(std::slice::from_ref(&old)), page(&[old.clone(), new.clone()])];
    let ended = || ("GET /v7/JobSessions/new", vec![json(session("new", "Success", json!({})))]);
    // What v6 has below the job, v7 answers with 404.
    for (below, all) in [(vec![Answer::empty(404)], lists()), (lists(), Vec::new())] {
        let server = Server::start().await;
        let lists = vec![start(), ended(), ("GET /v7/Jobs/j/JobSessions", below), ("GET /v7/JobSessions", all)];
        let vb = at(&server, Version::V7, lists).await;
        let report = started(&vb).await;
        assert_eq!(
            ends(&report)[0],
            ("vb/job-session/new".into(), "succeeded", "the job session ended in Success".into())
        );
        let sent = server.taken();
        assert_eq!(count(&sent, "POST /v7/Jobs/j/start"), 1);
        let filtered = sent.iter().filter(|sent| sent.line() == "GET /v7/JobSessions");
        for list in filtered {
            assert!(list.query.contains(&("jobId".to_owned(), "j".to_owned())), "{:?}", list.query);
        }
    }
}

#[tokio::test]
async fn a_running_session_is_stopped_through_its_job() {
    let server = Server::start().await;
    let stop = "POST /v8/Jobs/j/stop";
    let vb = at(
        &server,
        Version::V8,
        vec![
            (
                GET_8,
                vec![
                    look("Running", json!({ "jobId": "j" })),
                    look("Running", json!({ "jobId": "j" })),
                    look("Running", json!({ "jobId": "j" })),
                    look("Stopped", json!({})),
                ],
            ),
            (stop, vec![Answer::empty(204)]),
        ],
    )
    .await;
    let jobs = vb.jobs("job-session").unwrap();
    let (_, mut targets) = vb.watch(Vec::<veeam_vb365::JobSession>::from([veeam_vb365::JobSession {
        id: "s".into(),
        ..Default::default()
    }]));
    let report = run().stop_jobs(vec![Past::planned(targets.remove(0), jobs.vendor())], vec![jobs], &[]).await;
    assert_eq!(ends(&report)[0].1, "stopped");
    assert_eq!(count(&server.taken(), stop), 1);
}

#[tokio::test]
async fn a_change_of_owner_is_waited_for() {
    let server = Server::start().await;
    let change = |status: &str| json(json!({ "id": "o", "status": status, "repositoryIds": ["r"], "details": "busy" }));
    let vb = at(
        &server,
        Version::V8,
        vec![
            ("POST /v8/BackupRepositories/r/changeOwner", vec![change("Waiting")]),
            ("GET /v8/RepositoryOwnerChangeSessions", vec![page(&[])]),
            ("GET /v8/RepositoryOwnerChangeSessions/o", vec![change("Running"), change("Succeeded")]),
        ],
    )
    .await;
    let parameters = [("repositoryId", "r"), ("proxyId", "p")];
    let report = waited(&vb, &vb.services(), "BackupRepository_ChangeOwner", &parameters, None).await.unwrap();
    assert_eq!(ends(&report)[0].0, "vb/owner-change-session/o");
    assert_eq!(ends(&report)[0].1, "succeeded");
    let old = Server::start().await;
    let v7 = at(&old, Version::V7, Vec::new()).await;
    assert!(v7.jobs("owner-change-session").is_none() && v7.watch_owner_changes(Vec::new()).is_none(), "v8 only");
}
