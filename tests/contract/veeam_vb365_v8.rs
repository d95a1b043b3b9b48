//! Veeam Backup for Microsoft 365, v8: what each operation sends, and what is made of the answer.

use backup_sync_runtime::call;
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{AWKWARD, PASSWORD, REFRESH, TOKEN};
use veeam_vb365::v8::{Client, open, types};

use crate::veeam_vb365::{assert_awkward, assert_bearer};

async fn client() -> (Server, Client) {
    let (server, connection) = (Server::start().await, Api::V8.connection());
    let client = Client::new_with_client(&server.url("/v8"), connection.http(), connection);
    (server, client)
}

fn example(id: &str, name: &str) -> Answer {
    Answer::json(200, Spec::load(Api::V8.spec()).success(id, name))
}

#[tokio::test]
async fn v8_auth_token() {
    let (server, api) = client().await;
    server.answer(example("Auth_Token", "token-pair"));
    let body = types::OAuthTokenRequest::builder()
        .grant_type(types::OAuthGrantType::Password)
        .username(Some("operator".to_owned()))
        .password(Some(PASSWORD.into()))
        .disable_antiforgery_token(Some(true));
    let answer = call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), "POST /v8/token");
    sent.assert_form(&[
        ("grant_type", "password"),
        ("username", "operator"),
        ("password", PASSWORD),
        ("disable_antiforgery_token", "true"),
    ]);
    sent.assert_header("authorization", None).assert_query(&[]);
    assert_eq!(answer.access_token.expose(), "example-access-token-1");
    assert_eq!(answer.expires_in.as_ref().unwrap().value(), Some(3600));
}

#[tokio::test]
async fn v8_auth_token_by_other_grants() {
    let (server, api) = client().await;
    let token = r#"{"access_token":"a"}"#;
    server.answer(Answer::json(200, token)).answer(Answer::json(200, token));
    let body = types::OAuthTokenRequest::builder()
        .grant_type(types::OAuthGrantType::RefreshToken)
        .refresh_token(Some(REFRESH.into()))
        .disable_antiforgery_token(Some(true));
    call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    server.only().assert_form(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", REFRESH),
        ("disable_antiforgery_token", "true"),
    ]);
    let body = types::OAuthTokenRequest::builder()
        .grant_type(types::OAuthGrantType::Operator)
        .client_id(Some("user.tenant".to_owned()))
        .assertion(Some(TOKEN.into()));
    call("Auth_Token", api.auth_token().body(body).send()).await.unwrap();
    server.only().assert_form(&[("grant_type", "operator"), ("client_id", "user.tenant"), ("assertion", TOKEN)]);
}

#[tokio::test]
async fn v8_auth_logout() {
    let (server, api) = client().await;
    server.answer(Answer::empty(204));
    call("Auth_Logout", api.auth_logout().send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "POST /v8/token/logout");
    sent.assert_no_body().assert_query(&[]);
}

#[tokio::test]
async fn v8_backup_repository_list() {
    let (server, api) = client().await;
    server.answer(example("BackupRepository_List", "repositories-first-page"));
    let list = api
        .backup_repository_list()
        .limit(2)
        .offset(0)
        .long_term(true)
        .organization_id("o")
        .proxy_id("p")
        .proxy_pool_id("q");
    let page = call("BackupRepository_List", list.send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v8/BackupRepositories");
    sent.assert_no_body().assert_query(&[
        ("limit", "2"),
        ("offset", "0"),
        ("longTerm", "true"),
        ("organizationId", "o"),
        ("proxyId", "p"),
        ("proxyPoolId", "q"),
    ]);
    assert_eq!((page.offset, page.limit, page.results.len()), (Some(0), Some(2), 2));
    assert_eq!(page.set_id.as_deref(), Some("7d6c5b4a-3f2e-4d1c-8b0a-9f8e7d6c5b4a"));
    assert!(page.links.as_ref().unwrap().0.contains_key("next"));
    assert_eq!(page.results[0].is_out_of_sync, Some(true));

    server.answer(example("BackupRepository_List", "repositories-empty-page"));
    let page = call("BackupRepository_List", api.backup_repository_list().send()).await.unwrap();
    server.only().assert_query(&[]);
    assert!(page.results.is_empty());
}

#[tokio::test]
async fn v8_backup_repository_get() {
    let (server, api) = client().await;
    server.answer(example("BackupRepository_Get", "repository-amazon-glacier"));
    let get = api.backup_repository_get().repository_id(AWKWARD);
    let repository = call("BackupRepository_Get", get.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v8/BackupRepositories/", "");
    assert_bearer(&sent, &format!("GET {}", sent.path));
    sent.assert_no_body().assert_query(&[]);
    assert_eq!(repository.is_long_term, Some(true));
    let storage = repository.object_storage.as_ref().unwrap();
    assert_eq!(storage.type_, Some(open::RestObjectStorageType::AmazonS3Glacier));
}

#[tokio::test]
async fn v8_backup_repository_start_synchronize_action() {
    let (server, api) = client().await;
    server.answer(example("BackupRepository_StartSynchronizeAction", "sync-started"));
    let start = api.backup_repository_start_synchronize_action().repository_id(AWKWARD);
    let session = call("BackupRepository_StartSynchronizeAction", start.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v8/BackupRepositories/", "/Sync");
    assert_bearer(&sent, &format!("POST {}", sent.path));
    sent.assert_no_body().assert_query(&[]);
    assert_eq!(session.id.as_deref(), Some("e41f9c03-5a6b-4c7d-9e8f-0a1b2c3d4e77"));
    assert_eq!(session.state, Some(open::RepositorySynchronizeSessionState::Synchronizing));
    let link = session.links.as_ref().unwrap().0["self"].href.clone();
    assert_eq!(link.as_deref(), Some("/v8/RepositorySynchronizeSessions/e41f9c03-5a6b-4c7d-9e8f-0a1b2c3d4e77"));
}

/// Not paged, although its neighbours are: no `limit`, no `offset`.
#[tokio::test]
async fn v8_repository_synchronize_session_list() {
    let (server, api) = client().await;
    server.answer(example("RepositorySynchronizeSession_List", "sessions"));
    let list =
        call("RepositorySynchronizeSession_List", api.repository_synchronize_session_list().send()).await.unwrap();
    let sent = server.only();
    assert_bearer(&sent, "GET /v8/RepositorySynchronizeSessions");
    sent.assert_no_body().assert_query(&[]);
    assert!(list.0.len() > 1);
}

#[tokio::test]
async fn v8_repository_synchronize_session_get() {
    let (server, api) = client().await;
    server.answer(example("RepositorySynchronizeSession_Get", "session-unknown-state"));
    let get = api.repository_synchronize_session_get().session_id(AWKWARD);
    let session = call("RepositorySynchronizeSession_Get", get.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v8/RepositorySynchronizeSessions/", "");
    assert_bearer(&sent, &format!("GET {}", sent.path));
    sent.assert_no_body();
    let state = session.state.as_ref().unwrap();
    assert_eq!((state.as_str(), state.is_known()), ("Queued", false));
}

#[tokio::test]
async fn v8_repository_synchronize_session_stop_synchronize_action() {
    let (server, api) = client().await;
    server.answer(Answer::empty(204));
    let stop = api.repository_synchronize_session_stop_synchronize_action().session_id(AWKWARD);
    call("RepositorySynchronizeSession_StopSynchronizeAction", stop.send()).await.unwrap();
    let sent = server.only();
    assert_awkward(&sent, "/v8/RepositorySynchronizeSessions/", "/StopSynchronize");
    assert_bearer(&sent, &format!("POST {}", sent.path));
    sent.assert_no_body().assert_query(&[]);
}
