//! Every documented failure of every operation, with the body of each example, with an empty body and with a page.

use backup_sync_runtime::{Connection, Delivery, Error, Kind};
use backup_sync_tests::calls::Api;
use backup_sync_tests::every_document;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use serde_json::Value;

/// What a status means, whatever the body says.
fn kind(status: u16) -> Kind {
    match status {
        401 => Kind::Auth,
        403 => Kind::Denied,
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        429 => Kind::Throttled,
        _ => Kind::Vendor,
    }
}

/// Code and message of an example, read by the vendors' own tables.
fn said(body: &Value) -> (Option<String>, Option<String>) {
    let text = |node: &Value, name: &str| match node.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    if let Value::String(text) = body {
        return (None, Some(text.clone()));
    }
    let inner = body.get("error").filter(|inner| inner.is_object()).unwrap_or(body);
    let code = ["error_code", "errorCode", "code"].iter().find_map(|name| text(inner, name));
    let message = ["error_msg", "message"].iter().find_map(|name| text(inner, name));
    (code, message)
}

async fn fail(api: Api, server: &Server, connection: &Connection, id: &str, answer: Answer) -> Error {
    server.answer(answer);
    let error = api.call(&server.url(""), connection, id).await.expect_err(id);
    assert_eq!(server.taken().len(), 1, "{id} was sent again");
    error
}

/// What has to be right whatever the body was.
fn check(error: &Error, api: Api, id: &str, status: u16) {
    let place = format!("{api:?} {id} {status}: {error:?}");
    assert_eq!(error.status(), Some(status), "{place}");
    assert_eq!(error.kind(), kind(status), "{place}");
    assert_eq!(error.operation(), Some(id), "{place}");
    assert_eq!(error.attempts(), 1, "{place}");
    assert!(error.to_string().starts_with(&format!("{id}: the vendor answered {status}")), "{place}");
    let refused = (400..500).contains(&status);
    assert_eq!(error.delivery() == Delivery::Rejected, refused, "{place}");
    assert!(refused || error.delivery() == Delivery::MaybeApplied, "{place}");
    let path = error.url().unwrap_or_default();
    assert!(path.contains(api.base()) && !path.contains('?'), "{place}");
}

/// All documented failures of one document.
async fn failures(api: Api) {
    let (spec, server, connection) = (Spec::load(api.spec()), Server::start().await, api.connection());
    let mut told = 0;
    for id in spec.ids() {
        for failure in spec.failures(&id) {
            let status = failure.status;
            for example in &failure.examples {
                let error = fail(api, &server, &connection, &id, Answer::json(status, &example.value)).await;
                check(&error, api, &id, status);
                let (code, message) = said(&example.value);
                assert_eq!(error.vendor_code(), code.as_deref(), "{id} {status} {}", example.name);
                assert_eq!(error.vendor_message(), message.as_deref(), "{id} {status} {}", example.name);
                let shown = error.to_string();
                assert!(message.is_none_or(|message| shown.contains(&message)), "{shown}");
                assert!(code.is_none_or(|code| shown.contains(&code)), "{shown}");
                let request = example.value.get("request_id").and_then(Value::as_str);
                assert_eq!(error.request_id(), request, "{id} {status} {}", example.name);
                assert!(!shown.contains("at Example.Rest"), "a stack trace is shown: {shown}");
                told += 1;
            }
            let error = fail(api, &server, &connection, &id, Answer::empty(status)).await;
            check(&error, api, &id, status);
            assert_eq!((error.vendor_code(), error.vendor_message()), (None, None), "{id} {status}");

            let page = "<html><head><title>Sorry</title></head><body><p>Bad luck</p></body></html>";
            let error = fail(api, &server, &connection, &id, Answer::html(status, page)).await;
            check(&error, api, &id, status);
            assert_eq!((error.vendor_code(), error.vendor_message()), (None, Some("Sorry")), "{id} {status}");
            assert!(!error.to_string().contains('<'), "{error}");
        }
    }
    assert!(told > 0, "{api:?} documents no failure with an example");
}

/// Declares the test of one document.
macro_rules! of {
    ($name:ident, $api:expr) => {
        mod $name {
            #[tokio::test]
            async fn failures_are_told_as_they_are() {
                super::failures($api).await;
            }
        }
    };
}
every_document!(of);

/// Shapes that the vendors are known to use, on an operation whose document does not promise them.
#[tokio::test]
async fn every_known_shape_of_error_is_read() {
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    for (body, code, message) in [
        (r#"{"error_code":"BackupService.6500","error_msg":"gone"}"#, Some("BackupService.6500"), Some("gone")),
        (r#"{"error_msg":"no","error_code":"APIGW.0301","request_id":"r"}"#, Some("APIGW.0301"), Some("no")),
        (r#"{"error":{"code":400,"message":"bad","title":"Bad Request"}}"#, Some("400"), Some("bad")),
        (r#"{"error":{"code":"EPS.0003","message":"denied"}}"#, Some("EPS.0003"), Some("denied")),
        (r#"{"errorCode":"X.1","errorMsg":"camel"}"#, Some("X.1"), Some("camel")),
        (r#"{"code":"X.2","message":"plain"}"#, Some("X.2"), Some("plain")),
        (r#"{"a":{"b":{"error_code":"X.3","error_msg":"deep"}}}"#, Some("X.3"), Some("deep")),
        (
            r#"{"error":"invalid_grant","error_description":"wrong password"}"#,
            Some("invalid_grant"),
            Some("wrong password"),
        ),
        (r#"{"message":"only text","errorCode":null}"#, None, Some("only text")),
        ("Service is down", None, Some("Service is down")),
    ] {
        let error = fail(Api::Cbr, &server, &connection, "ShowVault", Answer::json(400, body)).await;
        assert_eq!((error.vendor_code(), error.vendor_message()), (code, message), "{body}");
        assert_eq!(error.status(), Some(400), "{body}");
    }
}

#[tokio::test]
async fn the_request_id_is_taken_from_the_header_first() {
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    let body = r#"{"error_msg":"no","error_code":"APIGW.0301","request_id":"body"}"#;
    for (name, api, id) in [("X-Request-Id", Api::Cbr, "ShowVault"), ("x-iam-trace-id", Api::Cbr, "ShowVault")] {
        let error = fail(api, &server, &connection, id, Answer::json(400, body).header(name, "header")).await;
        assert_eq!(error.request_id(), Some("header"), "{name}");
    }
    let error = fail(Api::Cbr, &server, &connection, "ShowVault", Answer::json(400, body)).await;
    assert_eq!(error.request_id(), Some("body"));
}

/// A redirect could carry the credentials to another host.
#[tokio::test]
async fn redirects_are_not_followed() {
    let (server, connection) = (Server::start().await, Api::V8.connection());
    let away = Answer::empty(302).header("location", &server.url("/v8/BackupRepositories/other"));
    let error = fail(Api::V8, &server, &connection, "BackupRepository_Get", away).await;
    assert_eq!((error.status(), error.delivery()), (Some(302), Delivery::Rejected));
}

/// The statuses of vSphere Replication's rate limiter and of gateways are in no document.
#[tokio::test]
async fn undocumented_statuses_are_told_all_the_same() {
    let (server, connection) = (Server::start().await, Api::Vr.connection());
    for (status, kind, delivery) in [
        (408, Kind::Deadline, Delivery::MaybeApplied),
        (409, Kind::Conflict, Delivery::Rejected),
        (410, Kind::NotFound, Delivery::Rejected),
        (411, Kind::Vendor, Delivery::Rejected),
        (429, Kind::Throttled, Delivery::Rejected),
        (502, Kind::Vendor, Delivery::MaybeApplied),
        (504, Kind::Vendor, Delivery::MaybeApplied),
    ] {
        let error = fail(Api::Vr, &server, &connection, "syncReplication", Answer::empty(status)).await;
        assert_eq!((error.status(), error.kind(), error.delivery()), (Some(status), kind, delivery));
    }
}
