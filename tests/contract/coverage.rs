//! No operation without a row in its table, no member without an example. That each row has a contract test is seen to
//! by [`crate::operations`], which makes them from the tables.

use std::collections::BTreeSet;

use backup_sync_tests::calls::Api;
use backup_sync_tests::sample;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use serde_json::Value;

#[test]
fn the_operation_tables_say_what_the_specs_say() {
    for api in Api::ALL {
        let spec = Spec::load(api.spec());
        let mut ids = spec.ids();
        ids.sort();
        let mut listed: Vec<&str> = api.operations().iter().map(|operation| operation.id).collect();
        listed.sort_unstable();
        assert_eq!(listed, ids, "{api:?}");
    }
}

/// A POST without a body says that its length is zero (RFC 9110, 8.6); some servers answer 411 to one that does not.
#[tokio::test]
async fn requests_without_a_body_say_so() {
    let mut silent = Vec::new();
    for api in Api::ALL {
        let (spec, server, connection) = (Spec::load(api.spec()), Server::start().await, api.connection());
        for operation in api.operations().iter().filter(|operation| operation.method == "POST") {
            if spec.request_schema(operation.id).is_none() {
                server.answer(Answer::empty(400));
                assert!(api.call(&server.url(""), &connection, operation.id).await.is_err());
                if server.only().header("content-length") != Some("0") {
                    silent.push(format!("{api:?} {}", operation.id));
                }
            }
        }
    }
    assert!(silent.is_empty(), "sent without Content-Length: 0: {silent:#?}");
}

/// Only these start work; sending one of them twice by mistake does the work twice.
#[test]
fn what_starts_work_is_never_called_idempotent() {
    let starts: Vec<String> = Api::ALL
        .into_iter()
        .flat_map(|api| {
            api.operations().iter().filter(|row| row.starts_job).map(move |row| format!("{api:?} {}", row.id))
        })
        .collect();
    let expected = [
        "V5 BackupRepository_StartSynchronizeAction",
        "V7 BackupRepository_StartSynchronizeAction",
        "V8 BackupRepository_StartSynchronizeAction",
        "Cbr ImportBackup",
        "Cbr ImportCheckpoint",
        "Vr configureReplication",
        "Vr deleteVrPairing",
        "Vr destroyReplication",
        "Vr pairVr",
        "Vr pauseReplication",
        "Vr reconfigureReplication",
        "Vr reconnectVrPairing",
        "Vr reconnectVrServer",
        "Vr reconnectVrServerInPairing",
        "Vr registerVrServer",
        "Vr registerVrServerInPairing",
        "Vr resumeReplication",
        "Vr syncReplication",
        "Vr unconfigureReplication",
        "Vr unregisterVrServer",
        "Vr unregisterVrServerInPairing",
    ];
    assert_eq!(starts, expected);
    for row in Api::ALL.into_iter().flat_map(Api::operations).filter(|row| row.starts_job) {
        assert!(!row.idempotent && row.authenticated, "{row:?}");
    }
}

/// Members whose only documented value is null.
const ALWAYS_NULL: [&str; 1] = ["BackupRepositoryAction.sync"];

/// With this, deleting any member from a spec makes [`crate::examples`] fail: some example holds it.
#[test]
fn every_member_is_shown_by_an_example() {
    let mut missing = Vec::new();
    for api in Api::ALL {
        let spec = Spec::load(api.spec());
        let (mut known, mut shown) = (BTreeSet::new(), BTreeSet::new());
        for (id, schema, examples) in spec.bodies() {
            sample::members(spec.root(), &schema, &id, &mut known);
            for example in examples {
                sample::shown(spec.root(), &schema, &example.value, &id, &mut shown);
            }
            for value in further(api, "requests", &id).into_iter().chain(further(api, "answers", &id)) {
                sample::shown(spec.root(), &schema, &value, &id, &mut shown);
            }
        }
        let left = known.difference(&shown).filter(|name| !ALWAYS_NULL.contains(&name.as_str()));
        missing.extend(left.map(|name| format!("{}: {name}", api.spec())));
    }
    assert!(missing.is_empty(), "give each a value in an example of the spec or in data/members: {missing:#?}");
}

/// Values for members that no example of the spec shows, from `data/members`; `way` is `requests` or `answers`.
pub fn further(api: Api, way: &str, id: &str) -> Vec<Value> {
    let text = match api {
        Api::V5 => return Vec::new(),
        Api::V7 => include_str!("../data/members/veeam-vb365-v7.json"),
        Api::V8 => include_str!("../data/members/veeam-vb365-v8.json"),
        Api::Cbr => include_str!("../data/members/huawei-cbr-v3.json"),
        Api::Iam => include_str!("../data/members/huawei-iam-v3.json"),
        Api::Vr => include_str!("../data/members/vsphere-replication-v2.json"),
    };
    let all: Value = serde_json::from_str(text).unwrap();
    all.get(way).and_then(|all| all.get(id)).and_then(Value::as_array).cloned().unwrap_or_default()
}
