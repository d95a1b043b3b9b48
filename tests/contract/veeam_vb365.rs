//! Veeam Backup for Microsoft 365, v5 and v7: what each operation sends, and what is made of the answer.

use backup_sync_runtime::call;
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{AWKWARD, AWKWARD_IN_PATH, PASSWORD, REFRESH, TOKEN};
use serde_json::{Map, json};
use veeam_vb365::v5::types as t5;
use veeam_vb365::v7::types as t7;
use veeam_vb365::{v5, v7};

use crate::seeds;

const ID: &str = "08d2e6c0-89d5-49bf-8a9b-873f5064d9be";

async fn client5() -> (Server, v5::Client) {
    let (server, connection) = (Server::start().await, Api::V5.connection());
    let client = v5::Client::new_with_client(&server.url("/v5"), connection.http(), connection);
    (server, client)
}

async fn client7() -> (Server, v7::Client) {
    let (server, connection) = (Server::start().await, Api::V7.connection());
    let client = v7::Client::new_with_client(&server.url("/v7"), connection.http(), connection);
    (server, client)
}

/// The example of this name in the spec, as an answer.
fn example(api: Api, id: &str, name: &str) -> Answer {
    Answer::json(200, Spec::load(api.spec()).success(id, name))
}

/// A request with the access token, and nothing but this line.
pub fn assert_bearer(sent: &Sent, line: &str) {
    assert_eq!(sent.line(), line);
    sent.assert_header("authorization", Some(&format!("Bearer {TOKEN}")));
}

/// The path segment of the awkward id, in one of the two right forms.
pub fn assert_awkward(sent: &Sent, before: &str, after: &str) {
    let right = AWKWARD_IN_PATH.map(|segment| format!("{before}{segment}{after}"));
    assert!(right.contains(&sent.path), "{} is none of {right:?}", sent.path);
}

#[tokio::test]
async fn v5_auth_token() {
    let (server, api) = client5().await;
    server.answer(example(Api::V5, "Auth_Token", "token-pair"));
    let body = t5::OAuthTokenRequest::builder()
        .grant_type(t5::OAuthGrantType::Password)
        .username(Some("EXAMPLE\\o p&r=ä+".to_owned()))
        .password(Some(PASSWORD.into()));
    let answer = call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), "POST /v5/token");
    sent.assert_form(&[("grant_type", "password"), ("username", "EXAMPLE\\o p&r=ä+"), ("password", PASSWORD)]);
    sent.assert_header("authorization", None).assert_query(&[]);
    assert_eq!(answer.access_token.expose(), "example-access-token-1");
    assert_eq!(answer.refresh_token.as_ref().unwrap().expose(), "example-refresh-token-1");
    assert_eq!(answer.token_type.as_deref(), Some("bearer"));
    assert_eq!(answer.expires_in.as_ref().unwrap().value(), Some(3600));
    assert_eq!(answer.user_name.as_deref(), Some("EXAMPLE\\backup-operator"));
    assert_eq!(answer.issued.as_deref(), Some("2026-11-21T08:00:00Z"));
    assert_eq!(answer.expires.as_deref(), Some("2026-11-21T09:00:00Z"));
}

#[tokio::test]
async fn v5_auth_token_by_refresh_token() {
    let (server, api) = client5().await;
    server.answer(example(Api::V5, "Auth_Token", "token-lifetime-as-text"));
    let body = t5::OAuthTokenRequest::builder()
        .grant_type(t5::OAuthGrantType::RefreshToken)
        .refresh_token(Some(REFRESH.into()));
    let answer = call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    server.only().assert_form(&[("grant_type", "refresh_token"), ("refresh_token", REFRESH)]);
    assert_eq!(answer.expires_in.as_ref().unwrap().value(), Some(3600), "it came as text");
}

#[tokio::test]
async fn v5_auth_logout() {
    let (server, api) = client5().await;
    server.answer(Answer::empty(200));
    call("Auth_Logout", api.auth_logout().send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "POST /v5/token/logout");
    sent.assert_no_body().assert_query(&[]);
}

#[tokio::test]
async fn v5_backup_repository_list() {
    let (server, api) = client5().await;
    server.answer(example(Api::V5, "BackupRepository_List", "repositories"));
    let list = call("BackupRepository_List", api.backup_repository_list().proxy_id("p/1 &").send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v5/BackupRepositories");
    sent.assert_no_body().assert_query(&[("proxyId", "p/1 &")]);
    let first = &list.into_inner().0[0];
    assert_eq!(first.id, "0b6f3a52-7c0e-4d1e-9a54-2b8c6f0d1e11");
    assert_eq!((first.name.as_deref(), first.is_out_of_sync), (Some("Mail archive on S3"), Some(true)));
    assert_eq!(first.retention_type, Some(v5::open::BackupRepositoryRetentionType::ItemLevel));
    assert_eq!((first.daily_retention_period.as_ref(), first.capacity_bytes), (None, Some(549_755_813_888)));

    server.answer(Answer::json(200, "[]"));
    call("BackupRepository_List", api.backup_repository_list().send()).await.unwrap();
    server.only().assert_query(&[]);
}

#[tokio::test]
async fn v5_backup_repository_get() {
    let (server, api) = client5().await;
    server.answer(example(Api::V5, "BackupRepository_Get", "repository-number-as-text"));
    let get = api.backup_repository_get().repository_id(AWKWARD);
    let repository = call("BackupRepository_Get", get.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v5/BackupRepositories/", "");
    assert_bearer(&sent, &format!("GET {}", sent.path));
    sent.assert_no_body().assert_query(&[]);
    assert_eq!(repository.daily_retention_period.as_ref().unwrap().value(), Some(14));
    assert_eq!(repository.is_out_of_sync, Some(false));
}

/// Seed 000, byte for byte.
#[tokio::test]
async fn v5_backup_repository_start_synchronize_action() {
    let (server, api) = client5().await;
    server.answer(Answer::json(200, seeds::RESPONSE_000));
    let body = t5::BackupRepositoryAction { sync: None };
    let start = api.backup_repository_start_synchronize_action().repository_id(ID).body(body);
    let session = call("BackupRepository_StartSynchronizeAction", start.send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, &format!("POST /v5/BackupRepositories/{ID}/action"));
    sent.assert_query(&[]).assert_json(&seeds::json(seeds::REQUEST_000));
    assert_eq!(sent.body, r#"{"sync":null}"#, "the null has to be sent");
    assert_eq!(session.id.as_deref(), Some("c6d1fc1b-1aef-411f-9a7f-de35e546c615"));
    assert_eq!(session.repository_id.as_deref(), Some("c6d1fc1b-1aef-411f-9a7f-de35e546c615"));
    assert_eq!(session.state, Some(v5::open::RepositorySynchronizeSessionState::Synchronizing));
    assert_eq!(session.progress_percent.as_ref().unwrap().value(), Some(0));
    let links = &session.links.as_ref().unwrap().0;
    assert_eq!(
        links["repository"].href.as_deref(),
        Some("https://epsilon.tech.local:4443/v5/backuprepositories/c6d1fc1b-1aef-411f-9a7f-de35e546c615")
    );
    assert_eq!(links.keys().collect::<Vec<_>>(), ["repository", "self"]);
}

#[tokio::test]
async fn v5_backup_repository_start_synchronize_action_encodes_the_id() {
    let (server, api) = client5().await;
    server.answer(Answer::json(200, "{}"));
    let body = t5::BackupRepositoryAction { sync: None };
    let start = api.backup_repository_start_synchronize_action().repository_id(AWKWARD).body(body);
    call("BackupRepository_StartSynchronizeAction", start.send()).await.unwrap();
    assert_awkward(&server.only(), "/v5/BackupRepositories/", "/action");
}

#[tokio::test]
async fn v5_repository_synchronize_session_list() {
    let (server, api) = client5().await;
    server.answer(example(Api::V5, "RepositorySynchronizeSession_List", "sessions"));
    let list =
        call("RepositorySynchronizeSession_List", api.repository_synchronize_session_list().send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v5/RepositorySynchronizeSessions");
    sent.assert_no_body().assert_query(&[]);
    let states: Vec<String> = list.into_inner().into_iter().map(|session| session.state.unwrap().to_string()).collect();
    assert_eq!(states, ["Synchronizing", "Failed", "None"]);
}

/// Seed 001, byte for byte: the session has no id of its own.
#[tokio::test]
async fn v5_repository_synchronize_session_get() {
    let (server, api) = client5().await;
    server.answer(Answer::json(200, seeds::RESPONSE_001));
    let get = api.repository_synchronize_session_get().session_id("c6d1fc1b-1aef-411f-9a7f-de35e546c615");
    let session = call("RepositorySynchronizeSession_Get", get.send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v5/RepositorySynchronizeSessions/c6d1fc1b-1aef-411f-9a7f-de35e546c615");
    sent.assert_no_body().assert_query(&[]);
    assert_eq!(session.id, None);
    assert_eq!(session.repository_id.as_deref(), Some("c6d1fc1b-1aef-411f-9a7f-de35e546c615"));
    assert_eq!(session.state, Some(v5::open::RepositorySynchronizeSessionState::Synchronizing));
    assert_eq!(session.progress_percent.as_ref().unwrap().value(), Some(0));
    assert!(
        session.links.as_ref().unwrap().0["self"]
            .href
            .as_deref()
            .unwrap()
            .starts_with("https://epsilon.tech.local:4443")
    );
}

#[tokio::test]
async fn v5_repository_synchronize_session_stop_synchronize_action() {
    let (server, api) = client5().await;
    server.answer(Answer::empty(200));
    let body = t5::RepositorySynchronizeSessionAction { stop: Map::new() };
    let stop = api.repository_synchronize_session_stop_synchronize_action().session_id(AWKWARD).body(body);
    call("RepositorySynchronizeSession_StopSynchronizeAction", stop.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v5/RepositorySynchronizeSessions/", "/action");
    assert_bearer(&sent, &format!("POST {}", sent.path));
    sent.assert_json(&json!({ "stop": {} }));
    assert_eq!(sent.body, r#"{"stop":{}}"#);
}

#[tokio::test]
async fn v7_auth_token() {
    let (server, api) = client7().await;
    server.answer(example(Api::V7, "Auth_Token", "token-pair"));
    let body = t7::OAuthTokenRequest::builder()
        .grant_type(t7::OAuthGrantType::Password)
        .username(Some("operator".to_owned()))
        .password(Some(PASSWORD.into()))
        .disable_antiforgery_token(Some(true));
    let answer = call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), "POST /v7/token");
    sent.assert_form(&[
        ("grant_type", "password"),
        ("username", "operator"),
        ("password", PASSWORD),
        ("disable_antiforgery_token", "true"),
    ]);
    sent.assert_header("authorization", None).assert_query(&[]);
    assert_eq!(answer.access_token.expose(), "example-access-token-1");
}

#[tokio::test]
async fn v7_auth_token_by_other_grants() {
    let (server, api) = client7().await;
    let token = r#"{"access_token":"a"}"#;
    server.answer(Answer::json(200, token)).answer(Answer::json(200, token));
    let body = t7::OAuthTokenRequest::builder()
        .grant_type(t7::OAuthGrantType::UrnIetfParamsOauthGrantTypeJwtBearer)
        .client_id(Some("user.tenant".to_owned()))
        .assertion(Some(TOKEN.into()));
    call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    server.only().assert_form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("client_id", "user.tenant"),
        ("assertion", TOKEN),
    ]);
    let body = t7::OAuthTokenRequest::builder()
        .grant_type(t7::OAuthGrantType::Integration)
        .integration_token(Some(TOKEN.into()));
    call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    server.only().assert_form(&[("grant_type", "integration"), ("integration_token", TOKEN)]);
}

#[tokio::test]
async fn v7_auth_logout() {
    let (server, api) = client7().await;
    server.answer(Answer::empty(200));
    call("Auth_Logout", api.auth_logout().send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "POST /v7/token/logout");
    sent.assert_no_body();
}

#[tokio::test]
async fn v7_backup_repository_list() {
    let (server, api) = client7().await;
    server.answer(example(Api::V7, "BackupRepository_List", "repositories"));
    let list = api.backup_repository_list().proxy_id("p").long_term(false);
    let list = call("BackupRepository_List", list.send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v7/BackupRepositories");
    sent.assert_no_body().assert_query(&[("proxyId", "p"), ("longTerm", "false")]);
    assert_eq!(list.0[0].name.as_deref(), Some("Mail archive on S3"));
}

#[tokio::test]
async fn v7_backup_repository_get() {
    let (server, api) = client7().await;
    server.answer(example(Api::V7, "BackupRepository_Get", "repository-in-sync"));
    let get = api.backup_repository_get().repository_id(AWKWARD);
    let repository = call("BackupRepository_Get", get.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v7/BackupRepositories/", "");
    assert_bearer(&sent, &format!("GET {}", sent.path));
    assert_eq!((repository.is_out_of_sync, repository.daily_retention_period), (Some(false), Some(90)));
}

#[tokio::test]
async fn v7_backup_repository_start_synchronize_action() {
    let (server, api) = client7().await;
    server.answer(example(Api::V7, "BackupRepository_StartSynchronizeAction", "sync-started"));
    let start = api.backup_repository_start_synchronize_action().repository_id(AWKWARD);
    let session = call("BackupRepository_StartSynchronizeAction", start.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v7/BackupRepositories/", "/Sync");
    assert_bearer(&sent, &format!("POST {}", sent.path));
    sent.assert_no_body().assert_query(&[]);
    assert_eq!(session.id.as_deref(), Some("e41f9c03-5a6b-4c7d-9e8f-0a1b2c3d4e77"));
    assert_eq!(session.error.as_deref(), Some(""));
}

#[tokio::test]
async fn v7_repository_synchronize_session_list() {
    let (server, api) = client7().await;
    server.answer(example(Api::V7, "RepositorySynchronizeSession_List", "sessions"));
    let list =
        call("RepositorySynchronizeSession_List", api.repository_synchronize_session_list().send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v7/RepositorySynchronizeSessions");
    sent.assert_no_body().assert_query(&[]);
    assert!(list.0.len() > 1);
}

#[tokio::test]
async fn v7_repository_synchronize_session_get() {
    let (server, api) = client7().await;
    server.answer(example(Api::V7, "RepositorySynchronizeSession_Get", "session-failed"));
    let get = api.repository_synchronize_session_get().session_id(AWKWARD);
    let session = call("RepositorySynchronizeSession_Get", get.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v7/RepositorySynchronizeSessions/", "");
    assert_bearer(&sent, &format!("GET {}", sent.path));
    assert_eq!(session.state, Some(v7::open::RepositorySynchronizeSessionState::Failed));
    assert_eq!(session.error.as_deref(), Some("The object storage cannot be reached."));
}

#[tokio::test]
async fn v7_repository_synchronize_session_stop_synchronize_action() {
    let (server, api) = client7().await;
    server.answer(Answer::empty(200));
    let stop = api.repository_synchronize_session_stop_synchronize_action().session_id(AWKWARD);
    call("RepositorySynchronizeSession_StopSynchronizeAction", stop.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v7/RepositorySynchronizeSessions/", "/StopSynchronize");
    assert_bearer(&sent, &format!("POST {}", sent.path));
    sent.assert_no_body();
}
