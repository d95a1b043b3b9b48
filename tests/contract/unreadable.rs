//! Answers that break off, are too long, or are not what was promised.

use backup_sync_runtime::{Delivery, Error, Kind};
use backup_sync_tests::calls::Api;
use backup_sync_tests::raw::{Act, Raw, nowhere};
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;

const JSON: &str = "content-type: application/json\r\nconnection: close";

async fn once(acts: Vec<Act>, api: Api, id: &str) -> (Error, Vec<String>) {
    let raw = Raw::start(acts).await;
    let error = api.call(&raw.url(""), &api.connection(), id).await.expect_err(id);
    (error, raw.lines())
}

/// Operations that start work, one of each vendor.
const STARTS: [(Api, &str); 4] = [
    (Api::V5, "BackupRepository_StartSynchronizeAction"),
    (Api::V8, "BackupRepository_StartSynchronizeAction"),
    (Api::Cbr, "ImportCheckpoint"),
    (Api::Vr, "syncReplication"),
];

#[tokio::test]
async fn a_broken_error_body_leaves_the_status() {
    for (api, id) in STARTS {
        let torn = format!("HTTP/1.1 503 Busy\r\n{JSON}\r\ncontent-length: 900\r\n\r\n{{\"message\":\"half");
        let (error, _) = once(vec![Act::Say(torn)], api, id).await;
        assert_eq!((error.status(), error.kind()), (Some(503), Kind::Vendor), "{error:?}");
        assert_eq!(error.operation(), Some(id));
    }
}

#[tokio::test]
async fn an_endless_error_body_leaves_the_status() {
    let head = format!("HTTP/1.1 403 No\r\n{JSON}\r\ncontent-length: {}\r\n\r\nNo entry", (8 << 20) + 8);
    let (error, _) = once(vec![Act::Flood(head, 8 << 20)], Api::Cbr, "ImportBackup").await;
    assert_eq!((error.status(), error.kind()), (Some(403), Kind::Denied));
    assert_eq!(error.vendor_message(), Some("No entry"));
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let (server, connection) = (Server::start().await, Api::V8.connection());
    server.answer(Answer::json(400, format!("{{\"message\":\"{}\"}}", "x".repeat(100_000))));
    let error = Api::V8.call(&server.url(""), &connection, "Auth_Logout").await.unwrap_err();
    assert!(error.to_string().len() < 2_000, "{} characters", error.to_string().len());
    assert!(error.vendor_message().is_some_and(|message| message.starts_with("xxx")));
}

#[tokio::test]
async fn a_success_that_breaks_off_was_accepted() {
    for (api, id) in STARTS {
        let torn = format!("HTTP/1.1 200 OK\r\n{JSON}\r\ncontent-length: 900\r\n\r\n{{\"id\":\"x");
        let (error, lines) = once(vec![Act::Say(torn)], api, id).await;
        assert_eq!((error.kind(), error.delivery()), (Kind::Decode, Delivery::Accepted), "{error:?}");
        assert_eq!(error.status(), Some(200));
        assert_eq!(lines.len(), 1);
    }
}

#[tokio::test]
async fn a_success_that_never_ends_was_accepted() {
    let length = (64 << 20) + 1;
    let head = format!("HTTP/1.1 200 OK\r\n{JSON}\r\ncontent-length: {length}\r\n\r\n");
    let (error, _) = once(vec![Act::Flood(head, length)], Api::V8, "BackupRepository_StartSynchronizeAction").await;
    assert_eq!((error.kind(), error.delivery()), (Kind::Decode, Delivery::Accepted), "{error:?}");
    assert_eq!(error.status(), Some(200));
}

/// For every operation that answers something.
#[tokio::test]
async fn a_success_that_cannot_be_read_was_accepted() {
    for api in Api::ALL {
        let (spec, server, connection) = (Spec::load(api.spec()), Server::start().await, api.connection());
        for id in spec.ids() {
            let with_body = spec.successes(&id).into_iter().all(|answer| answer.schema.is_some());
            let status = spec.success_status(&id);
            for answer in [
                Answer::html(status, "<html><title>Login</title></html>"),
                Answer::json(status, "{\"id\": "),
                Answer::json(status, "17"),
                Answer::json(status, "[[1]]"),
            ] {
                server.answer(answer.clone());
                let read = api.call(&server.url(""), &connection, &id).await;
                if !with_body {
                    assert!(read.is_ok(), "{api:?} {id} promises nothing, so anything will do: {answer:?}");
                    continue;
                }
                let Err(error) = read else { panic!("{api:?} {id} reads {answer:?}") };
                assert_eq!((error.kind(), error.delivery()), (Kind::Decode, Delivery::Accepted), "{id}: {error:?}");
                assert_eq!(error.operation(), Some(id.as_str()));
                assert!(!error.to_string().contains("<html>"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_was_sent_where_nothing_listens() {
    for api in Api::ALL {
        let address = nowhere().await;
        for operation in api.operations() {
            let error = api.call(&address, &api.connection(), operation.id).await.expect_err(operation.id);
            assert_eq!((error.kind(), error.delivery()), (Kind::Unreachable, Delivery::NeverSent), "{error:?}");
            assert_eq!((error.status(), error.operation()), (None, Some(operation.id)));
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_it_open_whether_work_started() {
    for (api, id) in STARTS {
        let (error, lines) = once(vec![Act::Close], api, id).await;
        assert_eq!((error.kind(), error.delivery()), (Kind::Unreachable, Delivery::MaybeApplied), "{error:?}");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with("POST "), "{lines:?}");
    }
}
