//! No operation without a contract test, no member without an example.

use std::collections::BTreeSet;

use backup_sync_tests::calls::Api;
use backup_sync_tests::sample;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use serde_json::Value;

/// The source text of the contract tests.
const TESTS: [&str; 5] = [
    include_str!("huawei_cbr.rs"),
    include_str!("huawei_iam.rs"),
    include_str!("veeam_vb365.rs"),
    include_str!("veeam_vb365_v8.rs"),
    include_str!("vsphere_replication.rs"),
];

/// The name that the contract test of an operation begins with: `v8_auth_token` for `Auth_Token` of v8.
fn test_name(api: Api, id: &str) -> String {
    let mut name = format!("{api:?}").to_lowercase();
    let mut before = '_';
    name.push('_');
    for character in id.chars() {
        if character.is_ascii_uppercase() && before.is_ascii_lowercase() {
            name.push('_');
        }
        name.extend(character.to_lowercase());
        before = character;
    }
    name
}

#[test]
fn every_operation_has_a_contract_test() {
    let missing: Vec<String> = Api::ALL
        .into_iter()
        .flat_map(|api| api.operations().iter().map(move |operation| test_name(api, operation.id)))
        .filter(|name| !TESTS.iter().any(|text| text.contains(&format!("#[tokio::test]\nasync fn {name}"))))
        .collect();
    assert!(missing.is_empty(), "write contract tests with these names: {missing:#?}");
}

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
        "Vr pauseReplication",
        "Vr resumeReplication",
        "Vr syncReplication",
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
