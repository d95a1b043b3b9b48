//! What vendors do differently from their own documents, and what the typed answers make of it.

use backup_sync_runtime::wire::{LenientInteger, LenientTime};
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use huawei_cbr::v3;
use serde_json::{Value, json};
use veeam_vb365::{v5, v7, v8};
use vsphere_replication::v2;

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    let shown = value.to_string();
    serde_json::from_value(value).unwrap_or_else(|cause| panic!("{cause}: {shown}"))
}

#[test]
fn unknown_words_are_known_to_be_unknown() {
    macro_rules! open {
        ($type:path, $unknown:literal, $known:literal) => {{
            let unknown: $type = read(json!($unknown));
            assert!(!unknown.is_known(), "{unknown:?}");
            assert_eq!((unknown.as_str(), unknown.to_string().as_str()), ($unknown, $unknown));
            assert_eq!(serde_json::to_value(&unknown).unwrap(), json!($unknown));
            let known: $type = read(json!($known));
            assert!(known.is_known(), "{known:?}");
            assert_eq!(serde_json::to_value(&known).unwrap(), json!($known));
        }};
    }
    open!(v5::open::RepositorySynchronizeSessionState, "Queued", "Synchronizing");
    open!(v7::open::RepositorySynchronizeSessionState, "queued", "None");
    open!(v8::open::RepositorySynchronizeSessionState, "", "Failed");
    open!(v7::open::ExceptionErrorCode, "ResourceNotFound", "ProxyOffline");
    open!(v8::open::ExceptionErrorCode, "resourcenotfound", "ResourceNotFound");
    open!(v5::open::BackupRepositoryRetentionPeriodType, "Weekly", "Yearly");
    open!(v3::open::OperationLogStatus, "paused", "success");
    open!(v3::open::OperationType, "sync_v2", "vault_delete");
    open!(v3::open::ImageType, "archive", "sync");
    open!(v3::open::VaultStatus, "ACTIVE", "available");
    open!(v3::open::BackupSyncResourceType, "OS::HyperV::Server", "OS::VMware::Server");
    open!(huawei_cbr::iam_v3::open::AuthMethod, "totp", "password");
    open!(v2::open::ReplicationStatus, "REBALANCING", "RECONFIGURING");
    open!(v2::open::TaskStatus, "Success", "SUCCESS");
    open!(v2::open::ServerStatus, "GREEN", "OK");
}

/// The word `None` is a state; null and absence are not.
#[test]
fn the_state_none_is_not_nothing() {
    let session = |value: Value| read::<v8::types::RestRepositorySynchronizeSession>(value);
    assert_eq!(session(json!({ "state": "None" })).state, Some(v8::open::RepositorySynchronizeSessionState::None));
    assert_eq!(session(json!({ "state": null })).state, None);
    assert_eq!(session(json!({})).state, None);
}

#[test]
fn numbers_come_as_text() {
    macro_rules! percent {
        ($version:ident) => {
            for (sent, expected) in [
                (json!(42), Some(42)),
                (json!("42"), Some(42)),
                (json!("42 %"), Some(42)),
                (json!("42.5"), Some(42)),
                (json!(0), Some(0)),
                (json!("0"), Some(0)),
                (json!("soon"), None),
            ] {
                let session: $version::types::RestRepositorySynchronizeSession = read(json!({ "progressPercent": sent }));
                assert_eq!(session.progress_percent.as_ref().and_then(LenientInteger::value), expected, "{sent}");
                assert_eq!(serde_json::to_value(session).unwrap()["progressPercent"], sent);
            }
            let session: $version::types::RestRepositorySynchronizeSession = read(json!({ "progressPercent": null }));
            assert_eq!(session.progress_percent, None, "null is not zero");
            let token: $version::types::OAuthTokenResponse = read(json!({ "access_token": "a", "expires_in": "3600" }));
            assert_eq!(token.expires_in.and_then(|seconds| seconds.value()), Some(3600));
        };
    }
    percent!(v5);
    percent!(v7);
    percent!(v8);
    let repository: v5::types::RestBackupRepository = read(json!({ "id": "r", "dailyRetentionPeriod": "14" }));
    assert_eq!(repository.daily_retention_period.and_then(|days| days.value()), Some(14));
    let repository: v5::types::RestBackupRepository = read(json!({ "id": "r", "dailyRetentionPeriod": 14 }));
    assert_eq!(repository.daily_retention_period.and_then(|days| days.value()), Some(14));
}

/// Huawei sends the same members as numbers and as text, and truth values with the quotes inside.
#[test]
fn huawei_values_come_in_other_types() {
    for (sent, expected) in [(json!("40"), "40"), (json!(40), "40")] {
        let resource: v3::types::CheckpointResourceResp = read(json!({ "resource_size": sent, "backup_count": sent }));
        assert_eq!(resource.resource_size.map(|size| size.to_string()).as_deref(), Some(expected));
    }
    for (sent, expected) in [(json!("0"), "0"), (json!(0), "0")] {
        let backup: v3::types::BackupResp = read(json!({ "id": "b", "enterprise_project_id": sent }));
        assert_eq!(backup.enterprise_project_id.map(|id| id.to_string()).as_deref(), Some(expected));
        let vault: v3::types::Vault = read(json!({ "id": "v", "enterprise_project_id": sent }));
        assert_eq!(vault.enterprise_project_id.map(|id| id.to_string()).as_deref(), Some(expected));
    }
    for (sent, expected) in
        [(json!(true), true), (json!("true"), true), (json!("\"true\""), true), (json!("\"false\""), false)]
    {
        let log: v3::types::OpExtendInfoBckup = read(json!({ "incremental": sent }));
        assert_eq!(log.incremental.and_then(|incremental| incremental.value()), Some(expected), "{sent}");
    }
    let log: v3::types::OperationLog =
        read(json!({ "id": "o", "extra_info": { "something": { "new": 1 } }, "later": [1] }));
    assert!(log.extra_info.is_some_and(|extra| extra.sync.is_none()));
}

/// Text of the v1 page, milliseconds of v2, and everything between, say the same moment.
#[test]
fn times_of_both_versions_agree() {
    let expected = Some(1_795_162_200_123);
    for sent in [
        json!(1_795_162_200_123_i64),
        json!("1795162200123"),
        json!("2026-11-20T08:10:00.123Z"),
        json!("2026-11-20T08:10:00.1230000Z"),
        json!("2026-11-20T08:10:00.123"),
        json!("2026-11-20T08:10:00.123+00:00"),
        json!("2026-11-20T10:10:00.123+0200"),
        json!("2026-11-20T02:10:00.123-06:00"),
    ] {
        let task: v2::types::Task = read(json!({ "id": "t", "queued_time": sent, "start_time": null }));
        assert_eq!(task.queued_time.as_ref().and_then(LenientTime::millis), expected, "{sent}");
        assert_eq!(task.start_time, None);
        assert_eq!(serde_json::to_value(task).unwrap()["queued_time"], sent, "it goes out as it came");
        let replication: v2::types::ReplicationInfo = read(json!({ "id": "r", "last_sync_time": sent }));
        assert_eq!(replication.last_sync_time.and_then(|time| time.millis()), expected);
    }
    let task: v2::types::Task = read(json!({ "id": "t", "queued_time": "string" }));
    assert_eq!(task.queued_time.and_then(|time| time.millis()), None, "the page's placeholder is no time");
}

/// The spec's own pair of examples: the same task in v1 and in v2.
#[tokio::test]
async fn the_task_examples_of_both_versions_say_the_same_times() {
    let spec = Spec::load(Api::Vr.spec());
    let task = |name: &str| read::<v2::types::TaskDrResponseEntity>(spec.success("getTaskInfo", name));
    let (old, new) = (task("v1-text-times"), task("finished"));
    let times = |task: &v2::types::TaskDrResponseEntity| {
        [&task.queued_time, &task.start_time, &task.complete_time]
            .map(|time| time.as_ref().and_then(LenientTime::millis))
    };
    assert_eq!(times(&old), times(&new));
    assert!(times(&old).iter().all(Option::is_some));
}

#[test]
fn huawei_times_are_kept_as_text_and_can_be_read() {
    for text in ["2019-03-26T08:01:00.000000", "2019-03-26T08:01:00Z", "2019-03-26T08:01:00.000+00:00"] {
        let backup: v3::types::BackupResp = read(json!({ "id": "b", "created_at": text }));
        assert_eq!(backup.created_at.as_deref(), Some(text));
        let time = backup_sync_runtime::wire::parse_time(text).map(|time| time.as_second());
        assert_eq!(time, Some(1_553_587_260), "{text}");
    }
}

/// Session lists: the document says a list, the page shows one object, neighbours answer pages.
#[tokio::test]
async fn session_lists_come_in_every_shape() {
    let one = json!({ "id": "s", "repositoryId": "r", "state": "Synchronizing" });
    for api in [Api::V5, Api::V7, Api::V8] {
        let (server, connection) = (Server::start().await, api.connection());
        for (body, count) in [
            (json!([one, one]).to_string(), 2),
            (one.to_string(), 1),
            (json!({ "offset": 0, "limit": 30, "results": [one] }).to_string(), 1),
            (json!({ "results": [] }).to_string(), 0),
            (json!({ "results": null }).to_string(), 0),
            ("[]".to_owned(), 0),
            ("null".to_owned(), 0),
        ] {
            server.answer(Answer::json(200, &body));
            let read = api.call(&server.url(""), &connection, "RepositorySynchronizeSession_List").await;
            let read = read.unwrap_or_else(|error| panic!("{api:?} {body}: {error}"));
            assert_eq!(read.body.as_array().map(Vec::len), Some(count), "{api:?} {body}");
        }
    }
}

/// Quirk 3 of the vendor's sheet: an empty body is no session.
#[tokio::test]
async fn an_empty_body_is_an_empty_session_list() {
    for api in [Api::V5, Api::V7, Api::V8] {
        let server = Server::start().await;
        server.answer(Answer::empty(200));
        let read = api.call(&server.url(""), &api.connection(), "RepositorySynchronizeSession_List").await;
        assert_eq!(read.unwrap_or_else(|error| panic!("{api:?}: {error}")).body, json!([]), "{api:?}");
    }
}

/// Quirk 25: a bare array in v6 and v7, a page in v8, and a page of v5 that shows neither.
#[tokio::test]
async fn repository_lists_come_bare_and_paged() {
    let bare = json!([{ "id": "r" }]);
    let page = json!({ "offset": 0, "limit": 30, "results": [{ "id": "r" }] });
    for (api, bodies) in [(Api::V5, vec![&bare, &page]), (Api::V7, vec![&bare, &page]), (Api::V8, vec![&page])] {
        let (server, connection) = (Server::start().await, api.connection());
        for body in bodies {
            server.answer(Answer::json(200, body));
            let read = api.call(&server.url(""), &connection, "BackupRepository_List").await;
            let read = read.unwrap_or_else(|error| panic!("{api:?} {body}: {error}"));
            assert!(read.body.to_string().contains(r#"{"id":"r"}"#), "{api:?} {body}: {}", read.body);
        }
    }
}

/// Servers grow new members.
#[tokio::test]
async fn members_that_nobody_knows_are_ignored() {
    for (api, id, body) in [
        (Api::V8, "BackupRepository_Get", json!({ "id": "r", "brandNew": { "a": [1] } })),
        (Api::Cbr, "ShowVault", json!({ "vault": { "id": "v", "brand_new": 1, "billing": { "brand_new": true } } })),
        (
            Api::Vr,
            "getReplicationInfo",
            json!({ "id": "r", "name": "n", "brand_new": null, "enhanced_replication": true }),
        ),
        (Api::Iam, "KeystoneListProjects", json!({ "projects": [{ "id": "p", "brand_new": 1 }] })),
    ] {
        let server = Server::start().await;
        server.answer(Answer::json(200, &body));
        let read = api.call(&server.url(""), &api.connection(), id).await;
        assert!(read.is_ok(), "{id}: {read:?}");
    }
}

/// Any success will do: 200 where 202 or 204 is documented, 204 where 200 is, with or without a body.
#[tokio::test]
async fn other_statuses_of_success_count() {
    let task = json!({ "id": "t", "status": "QUEUED" });
    for id in ["syncReplication", "pauseReplication", "resumeReplication"] {
        for status in [200, 201, 202] {
            let server = Server::start().await;
            server.answer(Answer::json(status, &task));
            let read = Api::Vr.call(&server.url(""), &Api::Vr.connection(), id).await.unwrap();
            assert_eq!((read.status, &read.body["id"]), (status, &json!("t")), "{id}");
        }
    }
    let empty = [
        (Api::V5, "RepositorySynchronizeSession_StopSynchronizeAction"),
        (Api::V7, "RepositorySynchronizeSession_StopSynchronizeAction"),
        (Api::V8, "RepositorySynchronizeSession_StopSynchronizeAction"),
        (Api::V5, "Auth_Logout"),
        (Api::V7, "Auth_Logout"),
        (Api::V8, "Auth_Logout"),
        (Api::Vr, "logout"),
        (Api::Vr, "createRemoteSession"),
    ];
    for (api, id) in empty {
        for answer in [Answer::empty(200), Answer::empty(204), Answer::json(200, "{}"), Answer::html(200, "fine")] {
            let server = Server::start().await;
            server.answer(answer);
            assert!(api.call(&server.url(""), &api.connection(), id).await.is_ok(), "{api:?} {id}");
        }
    }
    let server = Server::start().await;
    server.answer(Answer::json(200, "{}").header("x-subject-token", "t"));
    assert!(Api::Iam.call(&server.url(""), &Api::Iam.connection(), "KeystoneCreateUserTokenByPassword").await.is_ok());
}

/// The declared media type of v6 to v8 is `*/*`; nobody should look at the header.
#[tokio::test]
async fn the_content_type_of_an_answer_does_not_matter() {
    for kind in ["text/plain", "application/octet-stream", "application/json;charset=utf8", "*/*"] {
        let server = Server::start().await;
        server.answer(Answer::empty(200).header("content-type", kind).body(r#"{"access_token":"a"}"#));
        let read = Api::V8.call(&server.url(""), &Api::V8.connection(), "Auth_Token").await;
        assert!(read.is_ok(), "{kind}: {read:?}");
    }
}
