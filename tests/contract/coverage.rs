//! No document without tests, no operation without a row in its table, no member without an example. That each operation
//! is tested is seen to by a [`Ledger`] in each of the tests that are made from the documents.

use std::collections::BTreeSet;
use std::path::Path;

use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{every_document, sample};
use serde_json::Value;

/// What a test over all operations of a document has looked at, and what was wrong.
#[derive(Debug)]
pub struct Ledger {
    api: Api,
    seen: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Ledger {
    /// Nothing was looked at yet.
    pub fn new(api: Api) -> Self {
        Self { api, seen: BTreeSet::new(), wrong: Vec::new() }
    }

    /// The operation `id` was looked at; `told` is what was wrong with it.
    pub fn enter(&mut self, id: &str, told: Vec<String>) {
        self.seen.insert(id.to_owned());
        self.wrong.extend(told.into_iter().map(|what| format!("{id}: {what}")));
    }

    /// Fails when anything was wrong, or when an operation of the document was not looked at.
    pub fn assert(self, spec: &Spec) {
        assert!(self.wrong.is_empty(), "{:?}: {:#?}", self.api, self.wrong);
        let all: BTreeSet<String> = spec.ids().into_iter().collect();
        let left: Vec<&String> = all.symmetric_difference(&self.seen).collect();
        assert!(left.is_empty(), "{:?}: not tested, or not in the document: {left:#?}", self.api);
    }
}

#[test]
#[should_panic(expected = "not tested")]
fn an_operation_without_a_test_is_told() {
    let spec = Spec::load(Api::Iam.spec());
    let mut ledger = Ledger::new(Api::Iam);
    spec.ids().iter().skip(1).for_each(|id| ledger.enter(id, Vec::new()));
    ledger.assert(&spec);
}

/// The tests that are declared for every document: a module each, with the tests of all their operations.
#[test]
fn every_document_has_its_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    let mut documents: Vec<String> = backup_sync_codegen::documents(&folder)
        .unwrap()
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut declared = Vec::new();
    macro_rules! declare {
        ($name:ident, $api:expr) => {
            declared.push($api);
        };
    }
    every_document!(declare);
    assert_eq!(declared, Api::ALL);
    let mut known: Vec<&str> = Api::ALL.iter().map(|api| api.spec()).collect();
    known.sort_unstable();
    documents.sort_unstable();
    assert_eq!(known, documents, "add the document to `every_document!` and to `Api`");
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
const STARTS: [&str; 53] = [
    "Cbr CopyBackup",
    "Cbr CopyCheckpoint",
    "Cbr CreateCheckpoint",
    "Cbr DeleteBackup",
    "Cbr DeleteVault",
    "Cbr ImportBackup",
    "Cbr ImportCheckpoint",
    "Cbr MigrateDomain",
    "Cbr MigrateVaultResource",
    "Cbr RemoveVaultResource",
    "Cbr RestoreBackup",
    "Cbr UpdateExpirationTime",
    "V5 BackupRepository_StartSynchronizeAction",
    "V5 Job_RunAction",
    "V7 BackupRepository_Explore",
    "V7 BackupRepository_StartSynchronizeAction",
    "V7 CopyJob_Start",
    "V7 Job_Explore",
    "V7 Job_Start",
    "V7 OrganizationSync_Start",
    "V7 Proxy_Create",
    "V7 Proxy_Remove",
    "V7 Proxy_Rescan",
    "V7 Proxy_RescanAll",
    "V8 BackupRepository_ChangeOwner",
    "V8 BackupRepository_Explore",
    "V8 BackupRepository_StartSynchronizeAction",
    "V8 CopyJob_Start",
    "V8 Job_Explore",
    "V8 Job_Start",
    "V8 OrganizationSync_Start",
    "V8 Proxy_Create",
    "V8 Proxy_DisableMaintenance",
    "V8 Proxy_EnableMaintenance",
    "V8 Proxy_Remove",
    "V8 Proxy_Rescan",
    "V8 Proxy_RescanAll",
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

#[test]
fn what_starts_work_is_never_called_idempotent() {
    let mut starts = BTreeSet::new();
    for api in Api::ALL {
        let spec = Spec::load(api.spec());
        for row in api.operations() {
            assert_eq!(row.starts_job, spec.starts_job(row.id), "{api:?} {}", row.id);
            assert_eq!(row.idempotent, spec.idempotent(row.id), "{api:?} {}", row.id);
            if row.starts_job {
                assert!(!row.idempotent && row.authenticated, "{row:?}");
                starts.insert(format!("{api:?} {}", row.id));
            }
        }
    }
    let known: BTreeSet<String> = STARTS.into_iter().map(str::to_owned).collect();
    assert_eq!(starts, known);
}

/// Members whose only documented value is null.
const ALWAYS_NULL: [&str; 5] =
    ["BackupRepositoryAction.sync", "JobAction.disable", "JobAction.enable", "JobAction.start", "JobAction.stop"];

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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/members/{}.json", api.spec()));
    if !path.exists() {
        return Vec::new();
    }
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    all.get(way).and_then(|all| all.get(id)).and_then(Value::as_array).cloned().unwrap_or_default()
}
