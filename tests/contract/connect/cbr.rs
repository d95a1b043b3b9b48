//! Connecting to Huawei Cloud CBR: the token, the project, the signature.

use backup_sync_runtime::{Error, Kind};
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{PASSWORD, TOKEN, assert_no_secret, shown};
use huawei_cbr::{Cbr, Config, Credentials, Keys};
use serde_json::json;

use super::{clock, password};

fn user() -> Credentials {
    Credentials::Password { domain: "account".to_owned(), username: "operator".to_owned(), password: password() }
}

pub fn config(server: &Server) -> Config {
    let mut config = Config::new("cbr", "ap-southeast-3", user());
    (config.url, config.iam_url, config.clock) = (server.url("/"), server.url(""), clock());
    config
}

fn token() -> Answer {
    let token = Spec::load("huawei-iam-v3").success("KeystoneCreateUserTokenByPassword", "project-scope");
    Answer::json(201, token).header("X-Subject-Token", TOKEN)
}

fn projects(name: &str) -> Answer {
    Answer::json(200, Spec::load("huawei-iam-v3").success("KeystoneListProjects", name))
}

#[tokio::test]
async fn gets_a_token_and_looks_up_the_project() {
    let server = Server::start().await;
    server.answer(token()).answer(projects("one-project"));
    let endpoint = Cbr::connect(&config(&server)).await.unwrap();
    assert_eq!(endpoint.project_id(), "f841e01fd2b14e7fa41b6ae7aa6b0594");
    let taken = server.taken();
    assert_eq!(taken.iter().map(Sent::line).collect::<Vec<_>>(), ["POST /v3/auth/tokens", "GET /v3/projects"]);
    taken[0].assert_header("x-auth-token", None);
    assert!(taken[0].query.iter().any(|(name, value)| name == "nocatalog" && !value.is_empty()));
    taken[0].assert_json(&json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": "operator", "password": PASSWORD, "domain": { "name": "account" },
        } } },
        "scope": { "project": { "name": "ap-southeast-3" } },
    } }));
    taken[1].assert_header("x-auth-token", Some(TOKEN));
    assert!(taken[1].query.contains(&("name".to_owned(), "ap-southeast-3".to_owned())), "{:?}", taken[1].query);
}

#[tokio::test]
async fn takes_the_project_that_it_is_given() {
    let server = Server::start().await;
    let mut config = config(&server);
    config.project_id = Some("p/1".to_owned());
    server.by(|sent| match sent.path.as_str() {
        "/v3/auth/tokens" => token(),
        _ => Answer::json(200, r#"{"vaults":[],"count":0}"#),
    });
    let endpoint = Cbr::connect(&config).await.unwrap();
    endpoint.client().list_vault().project_id(endpoint.project_id()).send().await.unwrap();
    let taken = server.taken();
    assert_eq!(taken[0].line(), "POST /v3/auth/tokens");
    assert_eq!(taken[0].json()["auth"]["scope"], json!({ "project": { "id": "p/1" } }));
    let last = taken.last().unwrap();
    assert_eq!(last.line(), "GET /v3/p%2F1/vaults");
    last.assert_header("x-auth-token", Some(TOKEN));
}

async fn refused(config: &Config) -> Error {
    let error = Cbr::connect(config).await.unwrap_err();
    assert_no_secret(&shown(&error));
    error
}

#[tokio::test]
async fn wrong_password_is_told_and_not_tried_again() {
    let body =
        json!({ "error": { "code": 401, "message": "The username or password is wrong.", "title": "Unauthorized" } });
    let server = Server::start().await;
    server.by(move |_| Answer::json(401, &body));
    let error = refused(&config(&server)).await;
    assert_eq!((error.kind(), error.status(), error.vendor_code()), (Kind::Auth, Some(401), Some("401")));
    assert_eq!(error.vendor_message(), Some("The username or password is wrong."));
    assert_eq!(server.lines(), ["POST /v3/auth/tokens"], "a second attempt could lock the account");
}

/// `Cbr::connect` is documented to get a token and to fail when IAM refuses the login.
#[tokio::test]
async fn wrong_password_is_told_also_when_the_project_is_given() {
    let server = Server::start().await;
    server.by(|_| Answer::empty(401));
    let mut config = config(&server);
    config.project_id = Some("f841e01fd2b14e7fa41b6ae7aa6b0594".to_owned());
    let connected = Cbr::connect(&config).await;
    assert_eq!(connected.err().map(|error| error.kind()), Some(Kind::Auth));
}

#[tokio::test]
async fn says_when_the_project_is_not_clear() {
    let server = Server::start().await;
    server.answer(token()).answer(projects("no-project"));
    let error = refused(&config(&server)).await;
    assert!(error.to_string().contains("ap-southeast-3") && error.to_string().contains("project"), "{error}");

    // The name filter finds sub-projects too; only the one that is named like the region counts.
    server.answer(token()).answer(projects("several-projects"));
    match Cbr::connect(&config(&server)).await {
        Ok(endpoint) => assert_eq!(endpoint.project_id(), "f841e01fd2b14e7fa41b6ae7aa6b0594"),
        Err(error) => assert!(error.to_string().contains("f841e01fd2b14e7fa41b6ae7aa6b0594"), "{error}"),
    }
}

#[tokio::test]
async fn needs_the_header_with_the_token() {
    let server = Server::start().await;
    server.answer(Answer::json(201, r#"{"token":{}}"#));
    let error = refused(&config(&server)).await;
    assert_eq!(error.kind(), Kind::Decode);
    assert!(error.to_string().contains("X-Subject-Token"), "{error}");
}

/// With an access key there is no login; every request is signed, and no secret is sent.
#[tokio::test]
async fn signs_with_an_access_key() {
    let server = Server::start().await;
    let mut config = config(&server);
    let keys = Keys { access: "AKID".to_owned(), secret: password(), security_token: Some(TOKEN.to_owned().into()) };
    config.credentials = Credentials::Keys(keys);
    server.answer(projects("one-project")).answer(Answer::json(200, r#"{"vaults":[],"count":0}"#));
    let endpoint = Cbr::connect(&config).await.unwrap();
    endpoint.client().list_vault().project_id(endpoint.project_id()).send().await.unwrap();
    let taken = server.taken();
    let project = "f841e01fd2b14e7fa41b6ae7aa6b0594";
    let lines: Vec<String> = taken.iter().map(Sent::line).collect();
    assert_eq!(lines, ["GET /v3/projects".to_owned(), format!("GET /v3/{project}/vaults")]);
    for sent in &taken {
        sent.assert_header("x-auth-token", None).assert_header("x-security-token", Some(TOKEN));
        sent.assert_header("api-version", None).assert_header("x-sdk-date", Some("19700101T000000Z"));
        let authorization = sent.header("authorization").unwrap();
        assert!(authorization.starts_with("SDK-HMAC-SHA256 Access=AKID, SignedHeaders="), "{authorization}");
        assert!(!format!("{sent:?}").contains(PASSWORD));
    }
    taken[1].assert_header("x-project-id", Some(project));
}
