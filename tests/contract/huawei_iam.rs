//! Huawei IAM: what each operation sends, and what is made of the answer.

use backup_sync_runtime::call;
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{PASSWORD, TOKEN};
use huawei_cbr::iam_v3::{Client, open, types};
use serde_json::json;

async fn client() -> (Server, Client) {
    let (server, connection) = (Server::start().await, Api::Iam.connection());
    let client = Client::new_with_client(&server.url(""), connection.http(), connection);
    (server, client)
}

fn example(id: &str, name: &str) -> Answer {
    let spec = Spec::load(Api::Iam.spec());
    Answer::json(spec.success_status(id), spec.success(id, name))
}

fn body(scope: types::AuthScope) -> types::KeystoneCreateUserTokenByPasswordRequestBody {
    let user = types::PwdPasswordUser {
        name: "operator".to_owned(),
        password: PASSWORD.into(),
        domain: types::PwdPasswordUserDomain { name: "account".to_owned() },
    };
    let identity =
        types::PwdIdentity { methods: vec![open::AuthMethod::Password], password: types::PwdPassword { user } };
    types::KeystoneCreateUserTokenByPasswordRequestBody { auth: types::PwdAuth { identity, scope: Some(scope) } }
}

#[tokio::test]
async fn iam_keystone_create_user_token_by_password() {
    let (server, api) = client().await;
    let id = "KeystoneCreateUserTokenByPassword";
    server.answer(example(id, "project-scope").header("X-Subject-Token", "subject").header("X-IAM-Trace-Id", "trace"));
    let project = types::AuthScopeProject { id: None, name: Some("ap-southeast-3".to_owned()) };
    let scope = types::AuthScope { project: Some(project), domain: None };
    let login = api.keystone_create_user_token_by_password().nocatalog("true").body(body(scope));
    let answer = call(id, login.send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), "POST /v3/auth/tokens");
    sent.assert_query(&[("nocatalog", "true")])
        .assert_header("x-auth-token", None)
        .assert_header("authorization", None);
    // Exactly this: members that are not set are not sent as null.
    sent.assert_json(&json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": {
            "name": "operator", "password": PASSWORD, "domain": { "name": "account" },
        } } },
        "scope": { "project": { "name": "ap-southeast-3" } },
    } }));
    assert_eq!(answer.status().as_u16(), 201);
    assert_eq!(answer.headers()["x-subject-token"], "subject");
    let token = answer.token.as_ref().unwrap();
    assert_eq!(token.issued_at.as_deref(), Some("2026-11-21T08:00:05.701000Z"));
    assert_eq!(token.expires_at.as_deref(), Some("2026-11-22T08:00:05.701000Z"));
    let project = token.project.as_ref().unwrap();
    assert_eq!(project.id.as_deref(), Some("f841e01fd2b14e7fa41b6ae7aa6b0594"));
    assert_eq!(token.user.as_ref().unwrap().password_expires_at.as_deref(), Some(""));
}

#[tokio::test]
async fn iam_keystone_create_user_token_by_password_for_a_domain() {
    let (server, api) = client().await;
    let id = "KeystoneCreateUserTokenByPassword";
    server.answer(example(id, "domain-scope"));
    let domain = types::AuthScopeDomain { id: None, name: Some("account".to_owned()) };
    let scope = types::AuthScope { project: None, domain: Some(domain) };
    call(id, api.keystone_create_user_token_by_password().body(body(scope)).send()).await.unwrap();
    let sent = server.only();
    sent.assert_query(&[]);
    assert_eq!(sent.json()["auth"]["scope"], json!({ "domain": { "name": "account" } }));
}

#[tokio::test]
async fn iam_keystone_list_projects() {
    let (server, api) = client().await;
    server.answer(example("KeystoneListProjects", "several-projects").header("X-IAM-Trace-Id", "trace"));
    let list = api
        .keystone_list_projects()
        .domain_id("d")
        .enabled(true)
        .is_domain(false)
        .name("ap-southeast-3")
        .page(1)
        .parent_id("p")
        .per_page(2);
    let answer = call("KeystoneListProjects", list.send()).await.unwrap();
    let sent = server.only();
    assert_eq!(sent.line(), "GET /v3/projects");
    sent.assert_no_body().assert_header("x-auth-token", Some(TOKEN)).assert_query(&[
        ("domain_id", "d"),
        ("enabled", "true"),
        ("is_domain", "false"),
        ("name", "ap-southeast-3"),
        ("page", "1"),
        ("parent_id", "p"),
        ("per_page", "2"),
    ]);
    let projects = answer.projects.as_ref().unwrap();
    assert_eq!(projects[0].id, "f841e01fd2b14e7fa41b6ae7aa6b0594");
    assert_eq!(projects[1].name.as_deref(), Some("ap-southeast-3_backup"));

    server.answer(example("KeystoneListProjects", "no-project"));
    let answer = call("KeystoneListProjects", api.keystone_list_projects().send()).await.unwrap();
    server.only().assert_query(&[]);
    assert_eq!(answer.projects.as_ref().map(Vec::len), Some(0));
    assert_eq!(answer.links.as_ref().unwrap().next, None);
}
