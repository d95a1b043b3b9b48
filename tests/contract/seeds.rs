//! The JSON printed on the five pages that this project began with, byte for byte.

use backup_sync_tests::spec::Spec;
use serde_json::Value;

macro_rules! seed {
    ($name:literal) => {
        include_str!(concat!("../data/seeds/seed-", $name, ".json"))
    };
}

pub const REQUEST_000: &str = seed!("000-request");
pub const RESPONSE_000: &str = seed!("000-response");
pub const RESPONSE_001: &str = seed!("001-response");
pub const REQUEST_002: &str = seed!("002-request");
pub const RESPONSE_002: &str = seed!("002-response");
pub const REQUEST_003: &str = seed!("003-request");
pub const RESPONSE_003: &str = seed!("003-response");
pub const RESPONSE_004: &str = seed!("004-response");

/// A seed as JSON.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_seed_stands_unchanged_in_its_spec() {
    for (spec, id, name, request, response) in [
        ("veeam-vb365-v5", "BackupRepository_StartSynchronizeAction", "seed-000", Some(REQUEST_000), RESPONSE_000),
        ("veeam-vb365-v5", "RepositorySynchronizeSession_Get", "seed-001", None, RESPONSE_001),
        ("huawei-cbr-v3", "ImportBackup", "seed-002", Some(REQUEST_002), RESPONSE_002),
        ("huawei-cbr-v3", "ImportCheckpoint", "seed-003", Some(REQUEST_003), RESPONSE_003),
        ("vsphere-replication-v2", "syncReplication", "seed-004", None, RESPONSE_004),
    ] {
        let spec = Spec::load(spec);
        assert_eq!(spec.success(id, name), json(response), "answer {name}");
        let found = spec.requests(id).into_iter().find(|example| example.name == name).map(|example| example.value);
        assert_eq!(found, request.map(json), "request {name}");
    }
}
