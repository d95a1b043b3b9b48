//! Connecting to Huawei Cloud CBR: the token, the project, the signature.

use backup_sync_runtime::{Error, Kind};
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{PASSWORD, TOKEN, assert_no_secret, shown};
use huawei_cbr::{Cbr, Config, Credentials, Keys};
use serde_json::{Value, json};

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

/// Backups come and go while they are listed, so the list is walked by the last id, and can be taken up again by it.
#[tokio::test]
async fn backups_are_listed_by_marker_and_resumed_by_it() {
    let (mut config, server) = (Config::new("cbr", "ap-southeast-3", user()), Server::start().await);
    (config.url, config.iam_url, config.clock) = (server.url("/"), server.url(""), clock());
    config.project_id = Some("p".to_owned());
    let page = |ids: &[&str]| {
        let backups: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        Answer::json(200, json!({ "backups": backups, "count": 3, "offset": null, "limit": null }))
    };
    server.by(move |sent| {
        let marker = sent.query.iter().find(|(name, _)| name == "marker").map(|(_, value)| value.as_str());
        match (sent.path.as_str(), marker) {
            ("/v3/auth/tokens", _) => token(),
            (_, None) => page(&["b1", "b2"]),
            (_, Some("b2")) => page(&["b3"]),
            _ => page(&[]),
        }
    });
    let endpoint = Cbr::connect(&config).await.unwrap();
    server.clear();
    let mut first = endpoint.backups();
    assert_eq!(first.next().await.unwrap().map(|backup| backup.id), Some("b1".to_owned()));
    let cursor = first.cursor().unwrap().to_string();
    let rest: Vec<String> = first.all().await.unwrap().into_iter().map(|backup| backup.id).collect();
    assert_eq!(rest, ["b2", "b3"]);
    let resumed = endpoint.backups().resume(cursor.parse().unwrap()).all().await.unwrap();
    assert_eq!(resumed.into_iter().map(|backup| backup.id).collect::<Vec<_>>(), rest);
    for (sent, marker) in server.taken().iter().zip([None, Some("b2"), None, Some("b2")]) {
        let expected: Vec<(&str, &str)> =
            [("limit", "1000")].into_iter().chain(marker.map(|marker| ("marker", marker))).collect();
        sent.assert_query(&expected);
    }
}

async fn refused(config: &Config) -> Error {
    let error = Cbr::connect(config).await.unwrap_err();
    assert_no_secret(&shown(&error));
    error
}

/// A signature holds the time, so a wrong clock is the first thing to look at when one is refused.
#[tokio::test]
async fn a_refused_signature_names_a_clock_that_is_wrong() {
    // The clock of the tests stands at the epoch.
    for (date, expected) in [
        ("Thu, 01 Jan 1970 00:14:00 GMT", Some("14 minutes behind the server's")),
        ("Wed, 31 Dec 1969 23:49:00 GMT", Some("11 minutes ahead of the server's")),
        ("Thu, 01 Jan 1970 09:00:00 GMT", Some("9 hours behind the server's")),
        ("Thu, 01 Jan 1970 00:09:00 GMT", None),
        ("yesterday", None),
    ] {
        let server = Server::start().await;
        server.by(move |_| {
            let body = r#"{"error_msg":"Incorrect IAM authentication information","error_code":"APIGW.0301"}"#;
            Answer::json(401, body).header("Date", date)
        });
        let mut config = config(&server);
        let keys = Keys { access: "AK".to_owned(), secret: password(), security_token: None };
        config.credentials = Credentials::Keys(keys);
        let error = refused(&config).await;
        assert_eq!((error.kind(), error.vendor_code()), (Kind::Auth, Some("APIGW.0301")));
        let told = error.to_string();
        match expected {
            Some(words) => assert!(told.contains(words) && told.contains("set the clock"), "{told}"),
            None => assert!(!told.contains("clock"), "{told}"),
        }
        // A token holds no time: nothing is said of the clock then.
        config.credentials = user();
        assert!(!refused(&config).await.to_string().contains("clock"));
    }
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
