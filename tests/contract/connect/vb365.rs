//! Connecting to Veeam Backup for Microsoft 365: probing versions, logging in, renewing, logging out.

use std::time::Duration;

use backup_sync_engine::Provider as _;
use backup_sync_runtime::{Delivery, Kind};
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::{PASSWORD, REFRESH, TOKEN, assert_no_secret, shown};
use serde_json::{Value, json};
use veeam_vb365::{Config, Vb365, Version};

use super::{clock, password};
use crate::seeds;

pub fn config(server: &Server) -> Config {
    let mut config = Config::new("vb", server.url("/"), "operator", password());
    config.clock = clock();
    config
}

fn token(access: &str) -> Answer {
    Answer::json(200, json!({ "access_token": access, "refresh_token": REFRESH, "expires_in": 3600 }))
}

/// A server that serves one version of the API.
fn serving(version: &'static str) -> impl Fn(&Sent) -> Answer + Send {
    move |sent| match sent.path.strip_prefix(version) {
        Some("/token") => token(TOKEN),
        Some("/RepositorySynchronizeSessions") => Answer::json(200, "[]"),
        Some("/token/logout") => Answer::empty(204),
        _ => Answer::html(404, "<html><title>Not Found</title></html>"),
    }
}

#[tokio::test]
async fn versions_are_probed_newest_first() {
    for (served, version, lines) in [
        ("/v8", Version::V8, vec!["POST /v8/token", "GET /v8/RepositorySynchronizeSessions"]),
        ("/v7", Version::V7, vec!["POST /v8/token", "POST /v7/token", "GET /v7/RepositorySynchronizeSessions"]),
        (
            "/v6",
            Version::V6,
            vec!["POST /v8/token", "POST /v7/token", "POST /v6/token", "GET /v6/RepositorySynchronizeSessions"],
        ),
        (
            "/v5",
            Version::V5,
            vec![
                "POST /v8/token",
                "POST /v7/token",
                "POST /v6/token",
                "POST /v5/token",
                "GET /v5/RepositorySynchronizeSessions",
            ],
        ),
    ] {
        let server = Server::start().await;
        server.by(serving(served));
        let endpoint = Vb365::connect(&config(&server)).await.unwrap();
        assert_eq!(endpoint.version(), version);
        assert_eq!(server.lines(), lines);
    }
}

/// Only v7 and v8 know the antiforgery switch; v5 and v6 get exactly the three fields that they know.
#[tokio::test]
async fn sends_the_antiforgery_switch_to_v7_and_v8_only() {
    for (version, switch) in [(Version::V5, false), (Version::V6, false), (Version::V7, true), (Version::V8, true)] {
        let server = Server::start().await;
        let mut config = config(&server);
        config.version = Some(version);
        server.answer(token("first")).answer(Answer::json(200, "[]"));
        let endpoint = Vb365::connect(&config).await.unwrap();
        let taken = server.taken();
        let mut login = vec![("grant_type", "password"), ("username", "operator"), ("password", PASSWORD)];
        let mut refresh = vec![("grant_type", "refresh_token"), ("refresh_token", REFRESH)];
        if switch {
            login.push(("disable_antiforgery_token", "true"));
            refresh.push(("disable_antiforgery_token", "true"));
        }
        taken[0].assert_form(&login).assert_header("authorization", None);
        taken[1].assert_header("authorization", Some("Bearer first"));

        // An expired token: the refresh token first, the password only when that is not taken.
        server.answer(Answer::empty(401)).answer(token("second")).answer(Answer::json(200, "[]"));
        endpoint.api().sessions().await.unwrap();
        let taken = server.taken();
        assert_eq!(taken.len(), 3);
        taken[1].assert_form(&refresh).assert_header("authorization", None);
        taken[2].assert_header("authorization", Some("Bearer second"));

        server.answer(Answer::empty(401)).answer(Answer::empty(400));
        server.answer(token("third")).answer(Answer::json(200, "[]"));
        endpoint.api().sessions().await.unwrap();
        let taken = server.taken();
        assert_eq!(taken.len(), 4);
        taken[1].assert_form(&refresh);
        taken[2].assert_form(&login);
        taken[3].assert_header("authorization", Some("Bearer third"));
    }
}

/// The token lives an hour; shortly before its end it is renewed without waiting for a 401.
#[tokio::test]
async fn renews_before_the_token_ends() {
    let (server, clock) = (Server::start().await, clock());
    let mut config = config(&server);
    (config.version, config.clock) = (Some(Version::V8), clock.clone());
    server.by(serving("/v8"));
    let endpoint = Vb365::connect(&config).await.unwrap();
    server.clear();
    clock.advance(Duration::from_secs(3000));
    endpoint.api().sessions().await.unwrap();
    assert_eq!(server.lines(), ["GET /v8/RepositorySynchronizeSessions"]);
    clock.advance(Duration::from_secs(590));
    endpoint.api().sessions().await.unwrap();
    assert_eq!(server.lines(), ["POST /v8/token", "GET /v8/RepositorySynchronizeSessions"]);
}

#[tokio::test]
async fn says_when_a_version_is_not_served() {
    let server = Server::start().await;
    server.by(serving("/v7"));
    let mut config = config(&server);
    config.version = Some(Version::V8);
    let error = Vb365::connect(&config).await.unwrap_err();
    assert!(error.to_string().contains("does not serve version v8"), "{error}");
    assert_eq!(error.kind(), Kind::Usage);

    let server = Server::start().await;
    server.by(serving("/v4"));
    let error = Vb365::connect(&super::vb365::config(&server)).await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("serves none of") && ["v8", "v7", "v6", "v5"].iter().all(|name| told.contains(name)),
        "{told}"
    );
}

/// The sheet leaves the status open: 400 or 401, with one of several bodies, or none.
#[tokio::test]
async fn wrong_password_is_told_and_not_tried_again() {
    for (answer, part) in [
        (
            Answer::json(400, r#"{"message":"The user name or the password is wrong."}"#),
            "The user name or the password is wrong.",
        ),
        (Answer::json(401, r#"{"message":"Nope","errorCode":null}"#), "Nope"),
        (Answer::json(400, r#"{"error":"invalid_grant","error_description":"Bad credentials"}"#), "Bad credentials"),
        (Answer::empty(401), "401"),
        (Answer::html(403, "<title>Forbidden</title>"), "Forbidden"),
    ] {
        let server = Server::start().await;
        server.by(move |_| answer.clone());
        let error = Vb365::connect(&config(&server)).await.unwrap_err();
        // The call that needed the login was never sent.
        assert_eq!((error.kind(), error.delivery()), (Kind::Auth, Delivery::NeverSent), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
        assert_eq!(error.operation(), Some("Auth_Token"));
        assert_eq!(server.lines(), ["POST /v8/token"], "a second attempt could lock the account");
        assert_no_secret(&shown(&error));
    }
}

#[tokio::test]
async fn logs_out_and_does_not_mind_a_session_that_is_gone() {
    for (version, status, line) in [
        (Version::V8, 204, Some("POST /v8/token/logout")),
        (Version::V7, 200, Some("POST /v7/token/logout")),
        (Version::V8, 401, Some("POST /v8/token/logout")),
        (Version::V5, 404, Some("POST /v5/token/logout")),
        (Version::V6, 200, None),
    ] {
        let server = Server::start().await;
        let mut config = config(&server);
        config.version = Some(version);
        server.answer(token(TOKEN)).answer(Answer::json(200, "[]"));
        let endpoint = Vb365::connect(&config).await.unwrap();
        server.taken();
        server.answer(Answer::empty(status));
        endpoint.close().await.unwrap();
        assert_eq!(server.lines(), line.into_iter().collect::<Vec<_>>());
    }
}

/// Hosts in links are not to be trusted; ids are filled in where the page leaves them out.
#[tokio::test]
async fn asks_the_configured_host_only() {
    let server = Server::start().await;
    let mut config = config(&server);
    config.version = Some(Version::V5);
    server.answer(token(TOKEN)).answer(Answer::json(200, "[]"));
    let endpoint = Vb365::connect(&config).await.unwrap();
    server.taken();
    server.answer(Answer::json(200, seeds::RESPONSE_000)).answer(Answer::json(200, seeds::RESPONSE_001));
    let started = endpoint.api().start("08d2e6c0-89d5-49bf-8a9b-873f5064d9be").await.unwrap();
    let session = endpoint.api().session(started.id.as_deref().unwrap()).await.unwrap();
    assert_eq!(session.id, started.id, "seed 001 has no id, so the one asked for counts");
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test]
async fn reads_all_pages_of_v8() {
    let server = Server::start().await;
    let mut config = config(&server);
    config.version = Some(Version::V8);
    server.answer(token(TOKEN)).answer(Answer::json(200, "[]"));
    let endpoint = Vb365::connect(&config).await.unwrap();
    server.taken();
    // A server that gives two at a time, whatever it is asked for.
    server.by(|sent| {
        let offset: usize = sent.query.iter().find(|(name, _)| name == "offset").unwrap().1.parse().unwrap();
        let ids: Vec<Value> = (offset..5.min(offset + 2)).map(|id| json!({ "id": format!("r{id}") })).collect();
        let links = if offset + 2 < 5 { json!({ "next": { "href": "/v8/other" } }) } else { json!({}) };
        Answer::json(200, json!({ "offset": offset, "limit": 2, "results": ids, "_links": links }))
    });
    let ids: Vec<String> = endpoint.api().repositories().await.unwrap().into_iter().map(|found| found.id).collect();
    assert_eq!(ids, ["r0", "r1", "r2", "r3", "r4"]);
    let offsets: Vec<String> = server
        .taken()
        .iter()
        .map(|sent| sent.query.iter().find(|(name, _)| name == "offset").unwrap().1.clone())
        .collect();
    assert_eq!(offsets, ["0", "2", "4"]);
}
