//! What is planted as a password, a token or a session id is never shown.

use std::sync::Arc;

use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::{Connection, Error, ExposeSecret as _, SecretString};
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{PASSWORD, REFRESH, SESSION, TOKEN, assert_no_secret, sample, shown};
use huawei_cbr::{Cbr, Credentials, Keys};
use jiff::Timestamp;
use serde_json::json;
use veeam_vb365::{Vb365, v5, v7, v8};
use vsphere_replication::{Login, VsphereReplication};

fn password() -> SecretString {
    SecretString::from(PASSWORD.to_owned())
}

fn user() -> Credentials {
    Credentials::Password { domain: "account".to_owned(), username: "operator".to_owned(), password: password() }
}

/// Answers that repeat every secret in members that no client reads, and in headers.
fn leaking(status: u16) -> Answer {
    let body = json!({
        "message": "no", "error_code": "E", "password": PASSWORD, "access_token": TOKEN, "refresh_token": REFRESH,
        "session_id": SESSION, "request": { "authorization": format!("Bearer {TOKEN}"), "body": [PASSWORD] },
    });
    Answer::json(status, body)
        .header("x-subject-token", TOKEN)
        .header("x-dr-session", SESSION)
        .header("set-cookie", &format!("session={SESSION}"))
        .header("location", &format!("http://{PASSWORD}@example.com/?token={TOKEN}"))
}

/// Calls an operation with a secret planted wherever its body has one; it has to arrive, and the call has to fail.
async fn refused(api: Api, spec: &Spec, server: &Server, connection: &Connection, id: &str) -> Error {
    let Some(schema) = spec.request_schema(id) else {
        return api.call(&server.url(""), connection, id).await.unwrap_err();
    };
    let mut body = spec.requests(id).remove(0).value;
    let planted = sample::plant(spec.root(), &schema, &mut body, PASSWORD);
    let error = api.call_with(&server.url(""), connection, id, &body).await.unwrap_err();
    let sent = server.taken();
    let sent = &sent.last().unwrap().body;
    assert_eq!(sent.matches(PASSWORD).count(), planted, "{api:?} {id}: {sent}");
    error
}

#[tokio::test]
async fn errors_never_show_secrets() {
    for api in Api::ALL {
        let (spec, server, connection) = (Spec::load(api.spec()), Server::start().await, api.connection());
        for operation in api.operations() {
            for status in [302, 400, 401, 403, 404, 409, 429, 500, 503] {
                server.answer(leaking(status));
                let error = refused(api, &spec, &server, &connection, operation.id).await;
                assert_no_secret(&shown(&error));
            }
        }
        assert_no_secret(&format!("{connection:?} {connection:#?}"));
    }
}

/// A reader's complaint about a value often repeats the value.
#[tokio::test]
async fn unreadable_logins_show_no_secrets() {
    let mut leaks = Vec::new();
    for (api, id, member, secret) in [
        (Api::V5, "Auth_Token", "access_token", TOKEN),
        (Api::V7, "Auth_Token", "access_token", TOKEN),
        (Api::V8, "Auth_Token", "access_token", TOKEN),
        (Api::Vr, "login", "session_id", SESSION),
    ] {
        let (server, connection) = (Server::start().await, api.connection());
        for body in [
            json!(secret),
            json!([secret]),
            json!({ member: [secret] }),
            json!({ member: { "value": secret } }),
            json!({ "token": { member: secret } }),
            json!({ member: 4_711_471_147_114_711_u64 }),
        ] {
            server.answer(Answer::json(200, &body));
            // A list of one is read as an object of one member.
            let Err(error) = api.call(&server.url(""), &connection, id).await else { continue };
            let shown = shown(&error);
            if shown.contains(secret) || shown.contains("4711471147114711") {
                leaks.push(format!("{api:?} {id}: {shown}"));
            }
        }
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[tokio::test]
async fn answers_of_logins_show_no_secrets() {
    let token = json!({ "access_token": TOKEN, "refresh_token": REFRESH, "expires_in": 3600 });
    for (api, id, answer) in [
        (Api::V5, "Auth_Token", Answer::json(200, &token)),
        (Api::V7, "Auth_Token", Answer::json(200, &token)),
        (Api::V8, "Auth_Token", Answer::json(200, &token)),
        (Api::Iam, "KeystoneCreateUserTokenByPassword", Answer::json(201, "{}").header("x-subject-token", TOKEN)),
        (Api::Vr, "login", Answer::json(200, json!({ "session_id": SESSION }))),
    ] {
        let server = Server::start().await;
        server.answer(answer);
        let read = api.call(&server.url(""), &api.connection(), id).await.unwrap();
        assert_no_secret(&read.shown);
        assert!(!read.shown.is_empty(), "{id}");
    }
}

#[test]
fn requests_and_their_builders_show_no_secrets() {
    macro_rules! token {
        ($version:ident) => {{
            use $version::types::{OAuthGrantType, OAuthTokenRequest};
            let builder = OAuthTokenRequest::builder()
                .grant_type(OAuthGrantType::Password)
                .username(Some("operator".to_owned()))
                .password(Some(PASSWORD.into()))
                .refresh_token(Some(REFRESH.into()));
            let request = OAuthTokenRequest::try_from(builder.clone()).unwrap();
            let connection = Connection::builder($version::OPERATIONS).build().unwrap();
            let client = $version::Client::new_with_client("http://127.0.0.1:1", connection.http(), connection);
            let call = client.auth_token().body(builder.clone());
            format!("{builder:?} {request:?} {request:#?} {client:?} {call:?}")
        }};
    }
    for text in [token!(v5), token!(v7), token!(v8)] {
        assert_no_secret(&text);
        assert!(text.contains("operator"), "{text}");
    }
    let text = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": {
        "name": "operator", "password": PASSWORD, "domain": { "name": "account" },
    } } } } });
    let body: huawei_cbr::iam_v3::types::KeystoneCreateUserTokenByPasswordRequestBody =
        serde_json::from_value(text).unwrap();
    assert_no_secret(&format!("{body:?} {body:#?}"));
}

#[test]
fn every_secret_member_is_marked_in_its_spec() {
    for (api, id, secrets) in [
        (Api::V5, "Auth_Token", vec!["access_token", "password", "refresh_token"]),
        (Api::V7, "Auth_Token", vec!["access_token", "assertion", "integration_token", "password", "refresh_token"]),
        (Api::V8, "Auth_Token", vec!["access_token", "assertion", "password", "refresh_token"]),
        (Api::Iam, "KeystoneCreateUserTokenByPassword", vec!["X-Subject-Token", "password"]),
        (Api::Vr, "login", vec!["session_id"]),
    ] {
        let row = api.operations().iter().find(|row| row.id == id).unwrap();
        for secret in secrets {
            assert!(row.secrets.contains(&secret), "{api:?} {id} does not list {secret}: {:?}", row.secrets);
        }
    }
}

/// Whole endpoints, logged in and refused, with everything that can be printed about them.
#[tokio::test]
async fn endpoints_and_their_configurations_show_no_secrets() {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let server = Server::start().await;
    let token = json!({ "access_token": TOKEN, "refresh_token": REFRESH, "expires_in": 3600 });

    let mut config = veeam_vb365::Config::new("vb", server.url(""), "operator", password());
    config.version = Some(veeam_vb365::Version::V8);
    config.clock = clock.clone();
    server.answer(Answer::json(200, &token)).answer(Answer::json(200, "[]"));
    let vb365 = Vb365::connect(&config).await.unwrap();
    assert_no_secret(&format!("{config:?} {vb365:?} {vb365:#?}"));
    server.by(|_| leaking(401));
    assert_no_secret(&shown(&Vb365::connect(&config).await.unwrap_err()));

    let mut config = huawei_cbr::Config::new("cbr", "ap-southeast-3", user());
    (config.url, config.iam_url, config.clock) = (server.url(""), server.url(""), clock.clone());
    let projects = Spec::load("huawei-iam-v3").success("KeystoneListProjects", "one-project");
    server.answer(Answer::json(201, "{}").header("x-subject-token", TOKEN)).answer(Answer::json(200, projects));
    let cbr = Cbr::connect(&config).await.unwrap();
    assert_no_secret(&format!("{config:?} {cbr:?} {cbr:#?}"));
    assert_no_secret(&shown(&Cbr::connect(&config).await.unwrap_err()));
    let keys = Keys { access: "AKID".to_owned(), secret: password(), security_token: Some(TOKEN.to_owned().into()) };
    config.credentials = Credentials::Keys(keys);
    let error = Cbr::connect(&config).await.unwrap_err();
    assert_no_secret(&format!("{config:?} {}", shown(&error)));

    let login = || Login { username: "operator".to_owned(), password: password() };
    let mut config = vsphere_replication::Config::new("vr", server.url("/api/rest/vr/v2"), login());
    (config.remote, config.clock) = (Some(login()), clock.clone());
    server.answer(Answer::json(200, json!({ "session_id": SESSION }))).answer(Answer::json(200, r#"{"list":[]}"#));
    let vr = VsphereReplication::connect(&config).await.unwrap();
    assert_no_secret(&format!("{config:?} {vr:?} {vr:#?}"));
    assert_no_secret(&shown(&VsphereReplication::connect(&config).await.unwrap_err()));
    assert_eq!(config.local.password.expose_secret(), PASSWORD);
    drop(Arc::clone(&config.clock));
}
