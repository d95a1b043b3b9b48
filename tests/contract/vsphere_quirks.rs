//! Where the sources about vSphere Replication contradict each other or its document is odd: each time the typed client
//! reads what any of them says. The spec tells each contradiction in `x-doubts`.

use backup_sync_runtime::wire::LenientTime;
use backup_sync_tests::calls::Api;
use backup_sync_tests::json::differences;
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use serde_json::{Value, json};
use vsphere_replication::v2::{OPERATIONS, open, types as t};

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    let shown = value.to_string();
    serde_json::from_value(value).unwrap_or_else(|cause| panic!("{cause}: {shown}"))
}

/// The document declares one status for each call that starts a task, and not the same one for all.
#[tokio::test]
async fn every_call_that_starts_a_task_may_answer_200_or_202() {
    let spec = Spec::load(Api::Vr.spec());
    let (server, connection) = (Server::start().await, Api::Vr.connection());
    let starts: Vec<_> = OPERATIONS.iter().filter(|row| row.starts_job).collect();
    assert_eq!(starts.len(), 16);
    for row in starts {
        let shown = spec.successes(row.id).into_iter().flat_map(|answer| answer.examples).next().unwrap().value;
        for status in [200, 201, 202] {
            server.answer(Answer::json(status, &shown));
            let read = Api::Vr.call(&server.url(""), &connection, row.id).await.unwrap();
            assert_eq!((read.status, differences(&shown, &read.body)), (status, Vec::<String>::new()), "{}", row.id);
        }
    }
}

/// 401 is not declared for the session calls, 404 not for eight others; both come without a body.
#[tokio::test]
async fn statuses_that_the_document_forgets_are_told_like_all_others() {
    let (server, connection) = (Server::start().await, Api::Vr.connection());
    for row in OPERATIONS {
        for status in [401, 404, 409, 429, 503] {
            server.answer(Answer::empty(status));
            let error = Api::Vr.call(&server.url(""), &connection, row.id).await.unwrap_err();
            assert_eq!(error.status(), Some(status), "{}", row.id);
        }
    }
}

/// `nullable` stands on the schemas behind five members, where it is easily overlooked.
#[test]
fn references_that_are_null_or_absent_are_nothing() {
    let machine = |value: Value| read::<t::VirtualMachine>(value).managed_by_info;
    assert_eq!((machine(json!({ "managed_by_info": null })), machine(json!({}))), (None, None));
    let replication = |member: &str| read::<t::ReplicationInfo>(json!({ "id": "r", member: null }));
    for member in ["configuration_error", "last_group_error", "sync_progress"] {
        assert_eq!(replication(member), read(json!({ "id": "r" })), "{member}");
    }
    let task: t::Task = read(json!({ "id": "t", "error": null }));
    assert_eq!(task.error, None);
}

/// Ids are called UUIDs and are not, or hold UUIDs and are called text.
#[test]
fn ids_are_opaque_text() {
    for id in ["3f8a4c52-7a1e-4a6b-9c1d-5e2b8f0d6a11", "HmsRemoteHbrServer:HBRSRV-1:2", "7", ""] {
        assert_eq!(read::<t::Pairing>(json!({ "pairing_id": id })).pairing_id, id);
        let server: t::ReplicationServerInfo = read(json!({ "id": id, "uuid": id }));
        assert_eq!((server.id.as_deref(), server.uuid.as_deref()), (Some(id), Some(id)));
        let appliance: t::VrmsInfo = read(json!({ "id": id, "vc_guid": id }));
        assert_eq!(appliance.vc_guid.as_deref(), Some(id));
        let certificate: t::CertificateWarning = read(json!({ "server_guid": id }));
        assert_eq!(certificate.server_guid.as_deref(), Some(id));
    }
    let nameless: t::ReplicationServerInfo =
        read(json!({ "id": "a:b:c", "uuid": null, "name": null, "fault": "dark" }));
    assert_eq!((nameless.uuid, nameless.fault.as_deref()), (None, Some("dark")));
}

/// One value of the document ends with an underscore.
#[test]
fn a_check_that_failed_is_known_in_both_spellings() {
    let word = |word: &str| read::<t::VmCapabilities>(json!({ "vm_validation_status": word })).vm_validation_status;
    assert_eq!(word("ERROR_"), Some(open::VmValidationStatus::Error));
    assert_eq!(word("ERROR"), Some(open::VmValidationStatus::Other("ERROR".to_owned())));
    for both in [word("ERROR_"), word("ERROR")] {
        assert_eq!(both.map(|word| word.as_str().trim_end_matches('_').to_owned()).as_deref(), Some("ERROR"));
    }
}

/// A missed objective is told by a flag and by the end of the state, and nobody says that they agree.
#[test]
fn lateness_is_told_twice() {
    for (status, flag) in [("OK", true), ("RPO_VIOLATION", false), ("SYNC_RPO_VIOLATION", true)] {
        let read: t::CompoundReplicationStatus = read(json!({ "status": status, "rpo_violation": flag }));
        let told = read.status.as_ref().is_some_and(|status| status.as_str().ends_with("RPO_VIOLATION"));
        assert!(told || read.rpo_violation == Some(true), "{status}");
    }
}

/// One of three errors of a replication is a text, the others are objects.
#[test]
fn errors_of_a_replication_have_two_shapes() {
    let info: t::ReplicationInfo = read(json!({ "id": "r", "recovery_error": "No power.",
        "configuration_error": { "message": "No space.", "details": null }, "last_group_error": {} }));
    assert_eq!(info.recovery_error.as_deref(), Some("No power."));
    assert_eq!(info.configuration_error.and_then(|error| error.message).as_deref(), Some("No space."));
    assert_eq!(info.last_group_error.map(|error| (error.message, error.details)), Some((None, None)));
}

/// Three settings have one name when they are sent and another when they are shown.
#[test]
fn settings_have_other_names_in_answers() {
    let shown = json!({ "id": "r", "quiescing_enabled": true, "encryption_enabled": true,
        "auto_replicate_new_disks_enabled": true });
    let info: t::ReplicationInfo = read(shown.clone());
    assert_eq!(
        (info.quiescing_enabled, info.encryption_enabled, info.auto_replicate_new_disks_enabled),
        (Some(true), Some(true), Some(true))
    );
    let names = [("quiesce_enabled", "quiescing_enabled"), ("lwd_encryption_enabled", "encryption_enabled")];
    let spec = Spec::load(Api::Vr.spec());
    let sent = spec.requests("reconfigureReplication").remove(0).value;
    for (request, answer) in names.into_iter().chain([("auto_replicate_new_disks", "auto_replicate_new_disks_enabled")])
    {
        assert!(sent.get(request).is_some() && sent.get(answer).is_none(), "{request} is sent, {answer} is not");
        assert!(shown.get(answer).is_some() && shown.get(request).is_none());
    }
}

/// Kilobytes, bytes, milliseconds, seconds and minutes; all of them beyond 32 bits.
#[test]
fn numbers_keep_their_size_whatever_their_unit() {
    let large = i64::from(u32::MAX) + 1;
    assert_eq!(read::<t::VmDisk>(json!({ "capacity": large })).capacity, Some(large));
    assert_eq!(read::<t::Datastore>(json!({ "capacity": large, "free_space": large })).free_space, Some(large));
    assert_eq!(read::<t::ReplicatedVmDisk>(json!({ "replica_disk_usage": large })).replica_disk_usage, Some(large));
    let info: t::ReplicationInfo = read(json!({ "id": "r", "last_sync_duration": large, "rpo": large }));
    assert_eq!((info.last_sync_duration, info.rpo), (Some(large), Some(large)));
    // Older manuals allow 24 points in time; the schema has no bound.
    let info: t::ReplicationInfo = read(json!({ "id": "r", "mpit_instances": 100, "mpit_days": 400 }));
    assert_eq!((info.mpit_instances, info.mpit_days), (Some(100), Some(400)));
}

/// How v1 writes times other than those of tasks is not known, so text is read everywhere.
#[test]
fn every_time_is_read_as_number_and_as_text() {
    let expected = Some(1_795_162_200_000);
    for sent in [json!(1_795_162_200_000_i64), json!("1795162200000"), json!("2026-11-20T08:10:00Z")] {
        let issue: t::IssueInfo = read(json!({ "timestamp": sent }));
        assert_eq!(issue.timestamp.as_ref().and_then(LenientTime::millis), expected, "{sent}");
        let certificate: t::X509Certificate = read(json!({ "not_after": sent, "not_before": sent }));
        assert_eq!(certificate.not_before.as_ref().and_then(LenientTime::millis), expected, "{sent}");
        let task: t::TaskDrResponseList = read(json!({ "list": [{ "id": "t", "complete_time": sent }] }));
        let task = &task.list.unwrap()[0];
        assert_eq!(task.complete_time.as_ref().and_then(LenientTime::millis), expected, "{sent}");
    }
}

/// A disk that is left out has no place for its replica, said in one of three ways.
#[test]
fn a_disk_that_is_left_out_has_no_usable_place() {
    for path in [json!(null), json!({}), json!({ "datastore_id": null })] {
        let disk: t::ReplicatedVmDisk = read(json!({ "replicated": false, "destination_path": path }));
        assert_eq!(disk.destination_path.and_then(|path| path.datastore_id), None, "{path}");
    }
}

/// What a list of disks shows goes back into a request as it is.
#[tokio::test]
async fn disks_are_sent_back_as_they_were_shown() {
    let spec = Spec::load(Api::Vr.spec());
    let page: t::ReplicatedVmDiskDrResponseList = read(spec.success("getReplicatedVmDisks", "three-disks"));
    let disks = page.list.unwrap().into_iter().map(|disk| t::ConfigureReplicationVmDisk {
        vm_disk: disk.vm_disk.unwrap(),
        enabled_for_replication: disk.replicated.unwrap(),
        use_seeds: None,
        destination_storage_policy_id: disk.destination_storage_policy_id,
        destination_path: None,
        destination_datastore_id: disk.destination_path.and_then(|path| path.datastore_id).unwrap_or_default(),
        destination_disk_format: open::DiskFormat::SameAsSource,
    });
    let sent = serde_json::to_value(disks.collect::<Vec<_>>()).unwrap();
    let shown = spec.success("getReplicatedVmDisks", "three-disks")["list"].clone();
    for (sent, shown) in sent.as_array().unwrap().iter().zip(shown.as_array().unwrap()) {
        assert_eq!(differences(&shown["vm_disk"], &sent["vm_disk"]), Vec::<String>::new());
    }
}

/// Links are null, absent or there; numbers of a page are numbers although they are asked for as text.
#[test]
fn the_last_page_says_so_in_every_way() {
    for links in [json!({ "next": null }), json!({}), json!(null)] {
        let page: t::TaskDrResponseList =
            read(json!({ "list": [], "_meta": { "total": 0, "limit": 100, "links": links } }));
        let meta = page.meta.unwrap();
        assert_eq!((meta.total, meta.limit, meta.links.and_then(|links| links.next)), (Some(0), Some(100), None));
    }
    let page: t::VrmsInfoDrResponseList = read(json!({ "list": null, "_meta": null }));
    assert_eq!((page.list, page.meta), (None, None));
}

/// A status of 200 may hide that half of the answer is missing; only `_meta.errors` says so.
#[test]
fn partial_answers_are_read() {
    let spec = Spec::load(Api::Vr.spec());
    let part: t::VrmsInfoDrResponseEntity = read(spec.success("getVrInfoInPairing", "partial-data"));
    assert_eq!((part.name, part.meta.and_then(|meta| meta.errors).map(|errors| errors.len())), (None, Some(2)));
    let list: t::VrmsInfoDrResponseList = read(spec.success("getAllVrDetailsInPairing", "partial-data"));
    assert_eq!(list.meta.and_then(|meta| meta.errors).unwrap()[0].field.as_deref(), Some("$.list[1]"));
}

/// Lists inside an answer may hold nulls.
#[test]
fn items_may_be_null() {
    let seeds: t::VmDiskSeedInformation = read(json!({ "found_seeds": ["seeds/a.vmdk", null] }));
    assert_eq!(seeds.found_seeds, Some(vec![Some("seeds/a.vmdk".to_owned()), None]));
    let capabilities: t::VmCapabilities = read(json!({ "replication_not_supported_reasons": [null] }));
    assert_eq!(capabilities.replication_not_supported_reasons, Some(vec![None]));
}

/// The whole vendor document: 74 schemas of its own, nine of which no operation uses and nothing is made from.
#[test]
fn nothing_of_the_vendors_document_is_left_out() {
    let spec = Spec::load(Api::Vr.spec());
    let schemas = spec.root()["components"]["schemas"].as_object().unwrap();
    let ours = schemas.values().filter(|schema| schema.get("x-extensible-enum").is_some()).count();
    let unused = schemas.values().filter(|schema| schema["x-unused"] == true).count();
    assert_eq!((schemas.len() - ours, unused, OPERATIONS.len()), (74, 9, 46));
}
