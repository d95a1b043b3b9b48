//! Where the versions of the VB365 API differ from each other, from their own pages and from what one would expect: each
//! time the typed client reads what any of them says and sends what each of them wants. The specs tell each of them in
//! `x-doubts`. Session lists, states, percentages, lists in other shapes and statuses stand in [`crate::tolerance`].

use std::collections::BTreeSet;

use backup_sync_runtime::wire::parse_time;
use backup_sync_runtime::{Call, Operation, Place, Service};
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{PASSWORD, shown};
use serde_json::{Value, json};
use veeam_vb365::{v5, v7, v8};

const ALL: [Api; 3] = [Api::V5, Api::V7, Api::V8];

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    let shown = value.to_string();
    serde_json::from_value(value).unwrap_or_else(|cause| panic!("{cause}: {shown}"))
}

fn row(api: Api, id: &str) -> &'static Operation {
    api.operations().iter().find(|row| row.id == id).unwrap_or_else(|| panic!("{api:?} has no {id}"))
}

fn has(api: Api, id: &str) -> bool {
    api.operations().iter().any(|row| row.id == id)
}

/// Calls `id` once, answered by `answer`; gives what was sent and what came of it.
async fn call(api: Api, id: &str, answer: Answer) -> (backup_sync_tests::server::Sent, Result<Value, String>) {
    let server = Server::start().await;
    server.answer(answer);
    let read = api.call(&server.url(""), &api.connection(), id).await;
    (server.only(), read.map(|read| read.body).map_err(|error| shown(&error)))
}

/// The page on reading a session leaves its id out; the id of a session and that of its repository are two things even
/// where the pages show the same text for both; the repository of the answer may be another than the one asked for.
#[test]
fn ids_of_sessions_are_read_as_they_come() {
    let same = json!({ "id": "x", "repositoryId": "x", "state": "Synchronizing" });
    for (value, expected) in [
        (same, (Some("x"), Some("x"))),
        (json!({ "repositoryId": "r" }), (None, Some("r"))),
        (json!({ "id": "00000000-0000-0000-0000-000000000000" }), (Some("00000000-0000-0000-0000-000000000000"), None)),
    ] {
        let old: v5::types::RestRepositorySynchronizeSession = read(value.clone());
        let new: v8::types::RestRepositorySynchronizeSession = read(value);
        assert_eq!((old.id.as_deref(), old.repository_id.as_deref()), expected);
        assert_eq!((new.id.as_deref(), new.repository_id.as_deref()), expected);
    }
}

/// Links come absolute from v5 and relative later, in small letters and capitals, from whatever host; the last segment of
/// the path is all that is used of one.
#[test]
fn links_of_all_forms_lead_to_the_same_session() {
    for href in [
        "https://elsewhere.example.com:4443/v5/repositorysynchronizesessions/s-1",
        "/v8/RepositorySynchronizeSessions/s-1",
        "/v8/RepositorySynchronizeSessions/s-1?x=1#y",
        "/v8/RepositorySynchronizeSessions/s-1/",
    ] {
        let session = json!({ "_links": { "self": { "href": href }, "repository": { "href": null } }, "state": null });
        let old: v5::types::RestRepositorySynchronizeSession = read(session.clone());
        let new: v8::types::RestRepositorySynchronizeSession = read(session);
        let ids = [veeam_vb365::Session::from(old).id, veeam_vb365::Session::from(new).id];
        assert_eq!(ids.map(|id| id.unwrap_or_default()), ["s-1", "s-1"], "{href}");
    }
}

/// One page shows null as the value of an action, the other an empty object; each is sent as its page shows it.
#[tokio::test]
async fn actions_of_v5_are_sent_as_their_pages_show_them() {
    let spec = Spec::load(Api::V5.spec());
    let (server, connection) = (Server::start().await, Api::V5.connection());
    for (id, wanted) in [
        ("BackupRepository_StartSynchronizeAction", vec![r#"{"sync":null}"#]),
        ("RepositorySynchronizeSession_StopSynchronizeAction", vec![r#"{"stop":{}}"#]),
        ("Job_RunAction", vec![r#"{"start":null}"#, r#"{"stop":null}"#, r#"{"enable":null}"#, r#"{"disable":null}"#]),
    ] {
        let bodies: Vec<Value> = spec.requests(id).into_iter().map(|example| example.value).collect();
        for wanted in wanted {
            let body: Value = serde_json::from_str(wanted).unwrap();
            assert!(bodies.contains(&body), "{id}: {wanted} is an example");
            server.answer(Answer::json(200, "{}"));
            drop(Api::V5.call_with(&server.url(""), &connection, id, &body).await);
            let sent = server.only();
            assert_eq!(sent.body, wanted, "{id}");
            assert!(sent.line().ends_with("/action"), "small letters: {}", sent.line());
        }
    }
    // An empty object in place of null is understood as well, and more than one member is not.
    let action = |value: Value| serde_json::from_value::<v5::types::JobAction>(value);
    assert!(matches!(action(json!({ "start": {} })), Ok(v5::types::JobAction::Start(Some(_)))));
    assert!(action(json!({ "start": null, "stop": null })).is_err());
}

/// The body that opens a restore session has another member and other words in v5.
#[test]
fn restore_sessions_are_opened_in_the_words_of_each_version() {
    let old = Spec::load(Api::V5.spec()).requests("Job_RunAction");
    let old = old.into_iter().find_map(|example| example.value.get("explore").cloned()).unwrap();
    assert_eq!((old.get("dateTime"), &old["type"]), (None, &json!("vex")));
    assert!(old["datetime"].is_string());
    let known = v5::open::JobExploreType::KNOWN;
    for (api, later) in [(Api::V7, v7::open::RestoreSessionType::KNOWN), (Api::V8, v8::open::RestoreSessionType::KNOWN)]
    {
        let body = Spec::load(api.spec()).requests("Job_Explore").remove(0).value;
        assert_eq!((body.get("datetime"), &body["type"]), (None, &json!("Vex")), "{api:?}");
        assert_eq!(later.iter().map(|word| word.to_lowercase()).collect::<Vec<_>>(), known, "{api:?}");
    }
}

/// Starts of jobs answer nothing in v6 and v7, and the session in v8; statuses of changes vary from version to version.
#[tokio::test]
async fn statuses_of_each_version_are_declared_and_others_are_taken() {
    let wanted = [
        (Api::V7, "Job_Start", 204),
        (Api::V8, "Job_Start", 200),
        (Api::V7, "CopyJob_Start", 204),
        (Api::V8, "CopyJob_Start", 200),
        (Api::V7, "Auth_Logout", 200),
        (Api::V8, "Auth_Logout", 204),
        (Api::V5, "RepositorySynchronizeSession_StopSynchronizeAction", 200),
        (Api::V7, "RepositorySynchronizeSession_StopSynchronizeAction", 200),
        (Api::V8, "RepositorySynchronizeSession_StopSynchronizeAction", 204),
        (Api::V7, "BackupRepository_Create", 200),
        (Api::V8, "BackupRepository_Create", 201),
        (Api::V7, "BackupRepository_Update", 200),
        (Api::V8, "BackupRepository_Update", 204),
        (Api::V7, "Organization_Update", 204),
        (Api::V8, "Organization_Update", 204),
        (Api::V7, "Proxy_Rescan", 200),
        (Api::V8, "Proxy_Rescan", 204),
        (Api::V7, "Job_Explore", 200),
        (Api::V8, "Job_Explore", 201),
    ];
    for (api, id, status) in wanted {
        assert_eq!(Spec::load(api.spec()).success_status(id), status, "{api:?} {id}");
    }
    let session = json!({ "id": "s", "status": "Running" });
    for status in [200, 201, 202, 204] {
        let answer = if status == 204 { Answer::empty(204) } else { Answer::json(status, &session) };
        assert!(call(Api::V7, "Job_Start", answer).await.1.is_ok(), "{status}");
    }
    for status in [200, 201, 202] {
        let read = call(Api::V8, "Job_Start", Answer::json(status, &session)).await.1;
        assert_eq!(read.as_ref().map(|read| &read["id"]), Ok(&json!("s")), "{status}");
    }
    // A v8 server that answers as v7 does has started the job all the same: that is told, and not sent again.
    let (_, told) = call(Api::V8, "Job_Start", Answer::empty(204)).await;
    assert!(told.unwrap_err().contains("204"));
}

/// The error of a session is absent in v5, and absent, null or empty later.
#[test]
fn a_session_without_an_error_says_so_in_every_way() {
    for value in [json!({}), json!({ "error": null }), json!({ "error": "" })] {
        let seven: v7::types::RestRepositorySynchronizeSession = read(value.clone());
        let eight: v8::types::RestRepositorySynchronizeSession = read(value.clone());
        assert_eq!(veeam_vb365::Session::from(seven).error, None, "{value}");
        assert_eq!(veeam_vb365::Session::from(eight).error, None, "{value}");
    }
    let five: v5::types::RestRepositorySynchronizeSession = read(json!({ "state": "Failed" }));
    assert_eq!(veeam_vb365::Session::from(five).error, None);
}

/// Nullability stands on the value set behind a member, or on a wrapper made for nothing else; hardly anything is
/// required; an all-zero id is a value like others.
#[test]
fn members_that_refer_to_something_may_be_null_or_absent() {
    let organization: v8::types::RestOrganizationComposed = read(json!({ "type": null, "region": null }));
    assert_eq!((organization.type_, organization.region, organization.id), (None, None, None));
    let state: v8::types::RestOrganizationSyncState = read(json!({ "lastSyncState": null }));
    assert_eq!((state.last_sync_state, state.current_sync_state), (None, None));
    let storage: v7::types::RestObjectStorageRepositoryComposed = read(json!({ "type": null }));
    assert_eq!(storage.type_, None);
    let zero = "00000000-0000-0000-0000-000000000000";
    let point: v8::types::RestRestorePoint = read(json!({ "retrievalId": zero, "id": zero }));
    assert_eq!((point.retrieval_id.as_deref(), point.id.as_deref()), (Some(zero), Some(zero)));
    assert_eq!(read::<v8::types::RestProxy>(json!({})).status, None);
    assert_eq!(read::<v7::types::RestJobSession>(json!({})).status, None);
}

/// Only an extension says which operations need no token; the document requires it of all.
#[test]
fn what_needs_no_token_is_sent_without() {
    for api in ALL {
        let open: BTreeSet<&str> = api.operations().iter().filter(|row| !row.authenticated).map(|row| row.id).collect();
        let wanted: &[&str] = match api {
            Api::V8 => &["Auth_Token", "Health_Get", "RestorePortalSettings_Get"],
            Api::V7 => &["Auth_Token", "RestorePortalSettings_Get"],
            _ => &["Auth_Token"],
        };
        assert_eq!(open, wanted.iter().copied().collect(), "{api:?}");
    }
}

/// Two members of the token answer begin with a dot, and their times may be written as in HTTP headers.
#[test]
fn tokens_are_read_whatever_their_times_look_like() {
    for time in ["2026-11-21T08:00:00Z", "Sat, 21 Nov 2026 08:00:00 GMT", ""] {
        let token = json!({ "access_token": "a", ".issued": time, ".expires": time, "userName": "u" });
        let token: v8::types::OAuthTokenResponse = read(token);
        assert_eq!((token.issued.as_deref(), token.expires.as_deref()), (Some(time), Some(time)));
        assert_eq!((token.user_name.as_deref(), token.expires_in), (Some("u"), None));
    }
}

/// Page objects name a total in v6 and v7 only, and not always; a set of results that nobody can ask for again.
#[test]
fn totals_of_pages_are_never_relied_on() {
    for api in ALL {
        for row in api.operations() {
            let paging = row.paging.as_ref();
            assert_eq!(paging.and_then(|paging| paging.total), None, "{api:?} {}", row.id);
            assert!(row.parameters.iter().all(|one| one.name != "setId"), "{api:?} {}", row.id);
        }
    }
    for page in [json!({ "results": [], "totalCount": null }), json!({ "results": [], "setId": "s" })] {
        let page: v7::types::PageOfRestJobSession = read(page);
        assert_eq!((page.results.len(), page.total_count), (0, None));
    }
}

/// A list of v8 has thirty items on a page unless more are asked for, and its end is a short page, an empty one or one
/// without a link; v7 answers the same lists whole.
#[tokio::test]
async fn every_paged_list_is_read_to_its_end() {
    let mut lists = 0;
    for api in [Api::V7, Api::V8] {
        let server = Server::start().await;
        let service = Service::new(api.connection(), server.url(api.base()));
        for operation in api.operations().iter().filter(|row| row.paging.is_some()) {
            let ids = operation.parameters.iter().filter(|one| one.place == Place::Path || one.required);
            let parameters = ids.map(|one| (one.name.to_owned(), "x".to_owned())).collect();
            let call = Call { operation, parameters, body: None };
            let items = |from: u32, to: u32| (from..to).map(|id| json!({ "id": id.to_string() })).collect::<Vec<_>>();
            server.answer(Answer::json(200, json!({ "offset": 0, "limit": 30, "results": items(0, 30) })));
            server.answer(Answer::json(200, json!({ "offset": 30, "limit": 30, "results": items(30, 45) })));
            let read = service.pages(&call).unwrap().all().await.unwrap();
            assert_eq!(read.len(), 45, "{api:?} {}", operation.id);
            let offsets: Vec<_> = server.taken().iter().map(|sent| query(sent, "offset")).collect();
            assert_eq!(offsets, ["0", "30"], "{api:?} {}", operation.id);
            server.clear();
            lists += 1;
        }
    }
    assert!(lists >= 20, "{lists} lists");
    for id in ["BackupRepository_List", "Proxy_List", "Organization_List", "Job_List", "CopyJob_List"] {
        assert!(row(Api::V8, id).paging.is_some() && row(Api::V7, id).paging.is_none(), "{id}");
    }
    let sessions = row(Api::V8, "RepositorySynchronizeSession_List");
    assert!(sessions.paging.is_none() && sessions.parameters.is_empty());
}

fn query(sent: &backup_sync_tests::server::Sent, name: &str) -> String {
    sent.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Restore points are a page in v7 and a bare array in v6, which the same client serves.
#[tokio::test]
async fn restore_points_of_v6_are_a_bare_array() {
    let points = json!([{ "id": "p-1" }, { "id": "p-2" }]);
    for body in [points.clone(), json!({ "offset": 0, "limit": 30, "results": points })] {
        let read = call(Api::V7, "RestorePoint_List", Answer::json(200, &body)).await.1.unwrap();
        assert_eq!(read["results"], points, "{body}");
    }
    let server = Server::start().await;
    server.answer(Answer::json(200, &points));
    let service = Service::new(Api::V7.connection(), server.url(Api::V7.base()));
    let call = Call { operation: row(Api::V7, "RestorePoint_List"), parameters: Vec::new(), body: None };
    assert_eq!(service.pages(&call).unwrap().all().await.unwrap().len(), 2, "one request gives the whole list");
}

/// The filter of v8 says `Succeeded` where a session says `Success`; counts of objects are no percentages; a running
/// session has no end, which v6 declares never to be null.
#[test]
fn job_sessions_speak_their_own_language() {
    assert!(v8::open::JobSessionStatusFilter::KNOWN.contains(&"Succeeded"));
    assert!(!v8::open::JobSessionStatusFilter::KNOWN.contains(&"Success"));
    assert!(v8::open::JobStatus::KNOWN.contains(&"Success") && !v8::open::JobStatus::KNOWN.contains(&"Succeeded"));
    let session: v8::types::RestJobSession = read(json!({ "status": "Succeeded", "progress": 125_000 }));
    assert_eq!(session.status.map(|status| status.is_known()), Some(false));
    assert_eq!(session.progress, Some(125_000));
    for value in [json!({ "endTime": null }), json!({})] {
        assert_eq!(read::<v7::types::RestJobSession>(value.clone()).end_time, None);
        assert_eq!(read::<v8::types::RestJobSession>(value).end_time, None);
    }
    let bounds =
        |api| row(api, "JobSession_List").parameters.iter().filter(|one| one.name.starts_with("endTime")).count();
    assert_eq!((bounds(Api::V7), bounds(Api::V8)), (2, 2), "named after the end, whatever they bound");
}

/// One segment of the path has two names, fixed words stand beside ids, and capitals are mixed: all paths are sent as the
/// vendor writes them.
#[tokio::test]
async fn paths_are_sent_as_they_are_printed() {
    for (api, id, path) in [
        (Api::V8, "JobSession_Get", "/JobSessions/{jobSessionsId}"),
        (Api::V8, "JobSessionLog_List", "/JobSessions/{sessionId}/LogItems"),
        (Api::V8, "OrganizationSync_ListStates", "/Organizations/SyncState"),
        (Api::V8, "Proxy_RescanAll", "/Proxies/Rescan"),
        (Api::V7, "RestorePoint_GetChanges", "/RestorePoints/Changes"),
        (
            Api::V8,
            "BackupRepository_ListBackedupOrganizations",
            "/BackupRepositories/{repositoryId}/backedupOrganizations",
        ),
        (Api::V8, "BackupRepository_ChangeOwner", "/BackupRepositories/{repositoryId}/changeOwner"),
        (Api::V8, "Organization_ListUsedRepositories", "/Organizations/{organizationId}/usedRepositories"),
        (Api::V5, "Organization_ListUsedRepositories", "/Organizations/{organizationId}/UsedRepositories"),
        (Api::V8, "Proxy_EnableMaintenance", "/Proxies/{proxyId}/maintenance/enable"),
        (Api::V8, "Proxy_Remove", "/Proxies/{proxyId}/Remove"),
        (Api::V8, "RepositoryOwnerChangeSession_Stop", "/RepositoryOwnerChangeSessions/{sessionId}/Stop"),
        (Api::V7, "ObjectStorageRepository_List", "/objectstoragerepositories"),
        (Api::V8, "Job_Start", "/Jobs/{jobId}/start"),
    ] {
        assert_eq!(row(api, id).path, path, "{api:?} {id}");
    }
    // An id that is one of the fixed words is escaped like any other and stays an id.
    let (sent, _) = call(Api::V8, "Proxy_Rescan", Answer::empty(204)).await;
    assert!(sent.line().ends_with("/Rescan") && sent.line() != "POST /v8/Proxies/Rescan", "{}", sent.line());
}

/// A DELETE with a required body, which some tools drop.
#[tokio::test]
async fn a_delete_takes_its_body_along() {
    let (sent, read) = call(Api::V8, "ProxyPool_RemoveProxies", Answer::empty(204)).await;
    assert!(read.is_ok() && sent.line().starts_with("DELETE "), "{}", sent.line());
    assert!(sent.json()[0]["proxyId"].is_string(), "{:?}", sent.body);
}

/// Pages of v5 and before print truth values and numbers as text, and names with a capital letter.
#[test]
fn old_pages_print_values_and_names_otherwise() {
    for (sent, expected) in [(json!("true"), Some(true)), (json!(false), Some(false)), (json!(null), None)] {
        let job: v5::types::RestJob = read(json!({ "isEnabled": sent, "runNow": sent }));
        assert_eq!(job.is_enabled.and_then(|truth| truth.value()), expected, "{sent}");
        let organization: v5::types::Organization = read(json!({ "isBackedup": sent }));
        assert_eq!(organization.is_backedup.and_then(|truth| truth.value()), expected, "{sent}");
        let usage: v5::types::RestOrganizationStorageSpaceUsage = read(json!({ "isAvailable": sent }));
        assert_eq!(usage.is_available.and_then(|truth| truth.value()), expected, "{sent}");
    }
    for sent in [json!("1132135"), json!(1_132_135)] {
        let usage: v5::types::RestOrganizationStorageSpaceUsage = read(json!({ "usedSpaceBytes": sent }));
        assert_eq!(usage.used_space_bytes.and_then(|size| size.value()), Some(1_132_135), "{sent}");
    }
    let small = json!({ "id": "r", "name": "n", "proxyId": "p", "isOutOfSync": true, "dailyRetentionPeriod": 14 });
    let capital = json!({ "Id": "r", "Name": "n", "ProxyId": "p", "IsOutOfSync": true, "DailyRetentionPeriod": "14" });
    for repository in [small, capital] {
        let repository: v5::types::RestBackupRepository = read(repository);
        assert_eq!((repository.id.as_str(), repository.name.as_deref()), ("r", Some("n")));
        assert_eq!((repository.proxy_id.as_deref(), repository.is_out_of_sync), (Some("p"), Some(true)));
        assert_eq!(repository.daily_retention_period.and_then(|days| days.value()), Some(14));
    }
}

/// Two ids of the license end in capitals in the schema and not on the pages; its dates were renamed after v6.
#[test]
fn licenses_are_read_by_either_name() {
    for license in [json!({ "licenseID": "l", "supportID": "s" }), json!({ "licenseId": "l", "supportId": "s" })] {
        let seven: v7::types::RestLicense = read(license.clone());
        assert_eq!((seven.license_id.as_deref(), seven.support_id.as_deref()), (Some("l"), Some("s")), "{license}");
        let eight: v8::types::RestLicense = read(license.clone());
        assert_eq!((eight.license_id.as_deref(), eight.support_id.as_deref()), (Some("l"), Some("s")), "{license}");
        let five: v5::types::RestLicense = read(license);
        assert_eq!(five.support_id.as_deref(), Some("s"));
    }
    let old: v7::types::RestLicense = read(json!({ "expirationDate": "2027-06-30T00:00:00" }));
    assert_eq!((old.expiration_date.as_deref(), old.license_expires), (Some("2027-06-30T00:00:00"), None));
    let new: v7::types::RestLicense = read(json!({ "licenseExpires": "2027-06-30T00:00:00Z" }));
    assert_eq!((new.expiration_date, new.license_expires.as_deref()), (None, Some("2027-06-30T00:00:00Z")));
}

/// Times come with seven digits, six or none, with Z, an offset or no zone; times of day are text.
#[test]
fn times_of_all_forms_are_kept_and_can_be_read() {
    let expected = Some(1_795_208_400);
    for text in [
        "2026-11-20T21:00:00.0000000Z",
        "2026-11-20T21:00:00.000000Z",
        "2026-11-20T21:00:00Z",
        "2026-11-20T23:00:00+02:00",
        "2026-11-20T21:00:00",
    ] {
        let session: v8::types::RestJobSession = read(json!({ "creationTime": text }));
        assert_eq!(session.creation_time.as_deref(), Some(text));
        assert_eq!(parse_time(text).map(|time| time.as_second()), expected, "{text}");
        let job: v5::types::RestJob = read(json!({ "lastRun": text }));
        assert_eq!(job.last_run.as_deref(), Some(text));
    }
    for text in ["22:00:00", "22:00", ""] {
        let policy: v8::types::RestJobSchedulePolicy = read(json!({ "dailyTime": text }));
        assert_eq!(policy.daily_time.as_deref(), Some(text));
    }
}

/// Some ids are plain text, of any form.
#[test]
fn ids_are_opaque_text() {
    for id in ["not a uuid", "adele@example.org_1", "00000000-0000-0000-0000-000000000000", ""] {
        let id = Some(id.to_owned());
        assert_eq!(read::<v8::types::RestRestorePoint>(json!({ "id": id })).id, id);
        assert_eq!(read::<v8::types::RestLicensedUser>(json!({ "id": id })).id, id);
        assert_eq!(read::<v8::types::RestJobSessionObject>(json!({ "id": id })).id, id);
        let usage: v8::types::RestBackupRepositoryStorageUsageInfo = read(json!({ "id": id }));
        assert_eq!(usage.id, id);
    }
}

/// What a new repository is made of requires a member that may be null; the body of a start is required and empty.
#[test]
fn bodies_hold_what_the_server_insists_on() {
    for api in [Api::V7, Api::V8] {
        assert!(api.request_again("BackupRepository_Create", &json!({ "name": "n" })).is_err(), "{api:?}");
        let body = json!({ "retentionType": "ItemLevel" });
        assert_eq!(api.request_again("BackupRepository_Create", &body).ok(), Some(body), "{api:?}");
        let start = row(api, "Job_Start");
        assert_eq!(start.body.map(|body| body.required), Some(true), "{api:?}");
        assert_eq!(api.request_again("Job_Start", &json!({})).ok(), Some(json!({})), "{api:?}");
    }
    // v6 wants the same for a copy job, v7 takes none, v8 has none.
    assert_eq!(row(Api::V7, "CopyJob_Start").body.map(|body| body.required), Some(false));
    assert!(row(Api::V8, "CopyJob_Start").body.is_none());
}

/// Unions are invisible in the vendor's documents: one flat object holds whichever kind it is.
#[test]
fn unions_are_flat_objects() {
    let spec = Spec::load(Api::V7.spec());
    let kinds: Vec<v7::types::RestOrganizationComposed> =
        ["organization-cloud", "organization-hybrid", "organization-on-premises"]
            .map(|name| read(spec.success("Organization_Get", name)))
            .into();
    assert!(kinds[0].is_exchange_online.is_some() && kinds[0].exchange_settings.is_none());
    assert!(kinds[1].is_exchange_online.is_some() && kinds[1].exchange_settings.is_some());
    assert!(kinds[2].is_exchange_online.is_none() && kinds[2].exchange_settings.is_some());
    let job: v7::types::RestJob = read(spec.success("Job_Get", "backup-job"));
    let items = job.selected_items.unwrap_or_default();
    assert!(items.iter().any(|item| item.user.is_some()) && items.iter().any(|item| item.site.is_some()));
}

/// A stack trace of the server is never shown, nor is a password that it holds.
#[tokio::test]
async fn stack_traces_stay_with_the_server() {
    let body = json!({ "message": "No.", "errorCode": "Timeout", "stackTrace": format!("at Run({PASSWORD})") });
    let (_, told) = call(Api::V8, "Job_Get", Answer::json(500, &body)).await;
    let told = told.unwrap_err();
    assert!(told.contains("No.") && !told.contains("Run("), "{told}");
}

/// The antiforgery token is waived where the switch is declared, and only there.
#[test]
fn the_antiforgery_switch_exists_from_v7_on() {
    let known = |api: Api| {
        let spec = Spec::load(api.spec());
        spec.root().pointer("/components/schemas/OAuthTokenRequest/properties/disable_antiforgery_token").is_some()
    };
    assert_eq!([known(Api::V5), known(Api::V7), known(Api::V8)], [false, true, true]);
    assert!(has(Api::V8, "Events_Get") && !has(Api::V7, "Events_Get"), "the feed came with v8");
}
