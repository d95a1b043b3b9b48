//! Huawei Cloud CBR: what each operation sends, and what is made of the answer.

use backup_sync_runtime::call;
use backup_sync_tests::calls::Api;
use backup_sync_tests::server::{Answer, Sent, Server};
use backup_sync_tests::spec::Spec;
use backup_sync_tests::{AWKWARD, AWKWARD_IN_PATH, TOKEN};
use huawei_cbr::v3::{Client, open, types};

use crate::seeds;

const PROJECT: &str = "f841e01fd2b14e7fa41b6ae7aa6b0594";

async fn client() -> (Server, Client) {
    let (server, connection) = (Server::start().await, Api::Cbr.connection());
    let client = Client::new_with_client(&server.url(""), connection.http(), connection);
    (server, client)
}

fn example(id: &str, name: &str) -> Answer {
    Answer::json(200, Spec::load(Api::Cbr.spec()).success(id, name)).header("X-Request-Id", "r-1")
}

/// A request with the token, and nothing but this line.
fn assert_line(sent: &Sent, line: &str) {
    assert_eq!(sent.line(), line);
    sent.assert_header("x-auth-token", Some(TOKEN)).assert_header("authorization", None);
}

/// A read of one thing with awkward ids.
fn assert_show(sent: &Sent, collection: &str) {
    let right: Vec<String> = AWKWARD_IN_PATH.iter().map(|id| format!("GET /v3/{id}/{collection}/{id}")).collect();
    assert!(right.contains(&sent.line()), "{} is none of {right:?}", sent.line());
    sent.assert_no_body().assert_query(&[]).assert_header("x-auth-token", Some(TOKEN));
}

/// Seed 002, byte for byte.
#[tokio::test]
async fn cbr_import_backup() {
    let (server, api) = client().await;
    server.answer(Answer::json(200, seeds::RESPONSE_002));
    let backup = types::BackupSync {
        backup_id: "1f9e6b47-7655-4a19-b563-21b4ef023025".to_owned(),
        backup_name: "backup_name".parse().unwrap(),
        bucket_name: "1555230361623e4ce4700dab84b7d8169a5eaec05227d".to_owned(),
        created_at: 1_553_587_260,
        image_path: "6abec15e-7baf-4d79-b5a9-6b98a2da7020/cfe0295c-5939-4b31-96cd-161b4725e7ad/\
                     cfe0295c-5939-4b31-96cd-161b4725e7ad"
            .to_owned(),
        resource_id: "96f7512d-239d-3f31-80cf-d1ce041df9a6".to_owned(),
        resource_name: "resource_name".to_owned(),
        resource_type: open::BackupSyncResourceType::OsNativeServer,
    };
    let import = api.import_backup().project_id(PROJECT).body(types::BackupSyncReq { sync: vec![backup] });
    let answer = call("ImportBackup", import.send()).await.unwrap();
    let sent = server.only();
    assert_line(&sent, &format!("POST /v3/{PROJECT}/backups/sync"));
    sent.assert_query(&[]).assert_json(&seeds::json(seeds::REQUEST_002));
    let accepted = &answer.sync.as_ref().unwrap()[0];
    assert_eq!(accepted.backup_id.as_deref(), Some("1f9e6b47-7655-4a19-b563-21b4ef023025"));
    assert_eq!(accepted.operation_log_id.as_deref(), Some("154f0a9d-ba53-4e91-a3e2-a918710a9e0d"));
}

/// Seed 003, byte for byte.
#[tokio::test]
async fn cbr_import_checkpoint() {
    let (server, api) = client().await;
    server.answer(Answer::json(200, seeds::RESPONSE_003));
    let sync = types::SyncParam { auto_trigger: false, vault_id: "8d3a8b28-a697-41e2-8d5d-903669f8a02d".to_owned() };
    let import = api.import_checkpoint().project_id(PROJECT).body(types::SyncReq { sync });
    let answer = call("ImportCheckpoint", import.send()).await.unwrap();
    let sent = server.only();
    assert_line(&sent, &format!("POST /v3/{PROJECT}/checkpoints/sync"));
    sent.assert_query(&[]).assert_json(&seeds::json(seeds::REQUEST_003));
    let sync = answer.sync.as_ref().unwrap();
    assert_eq!(sync.operation_log_id.as_deref(), Some("60baed87-7e30-4bd8-b71c-89e4a4f7547d"));
    assert_eq!(sync.vault_id.as_deref(), Some("8d3a8b28-a697-41e2-8d5d-903669f8a02d"));
}

#[tokio::test]
async fn cbr_list_backups() {
    let (server, api) = client().await;
    server.answer(example("ListBackups", "hybrid-vault"));
    let list = api
        .list_backups()
        .project_id(PROJECT)
        .checkpoint_id("c")
        .dec(false)
        .end_time("2019-03-27T00:00:00Z")
        .enterprise_project_id("all_granted_eps")
        .existed_quantity_based_retention_backups(true)
        .image_type(open::ImageType::Sync)
        .incremental(false)
        .limit(10)
        .marker("m")
        .member_status(open::MemberStatus::Accepted)
        .name("n & m")
        .offset(0)
        .own_type(types::OwnType::AllGranted)
        .parent_id("p")
        .resource_az("az")
        .resource_id("r")
        .resource_name("rn")
        .resource_type(open::ResourceType::OsVMwareServer)
        .show_replication(true)
        .sort("created_at:desc,id:asc")
        .start_time("2019-03-26T00:00:00Z")
        .status(vec![open::BackupStatus::Available, open::BackupStatus::WaitingProtect])
        .used_percent("50")
        .vault_id("v");
    let answer = call("ListBackups", list.send()).await.unwrap();
    let sent = server.only();
    assert_line(&sent, &format!("GET /v3/{PROJECT}/backups"));
    sent.assert_no_body().assert_query(&[
        ("checkpoint_id", "c"),
        ("dec", "false"),
        ("end_time", "2019-03-27T00:00:00Z"),
        ("enterprise_project_id", "all_granted_eps"),
        ("existed_quantity_based_retention_backups", "true"),
        ("image_type", "sync"),
        ("incremental", "false"),
        ("limit", "10"),
        ("marker", "m"),
        ("member_status", "accepted"),
        ("name", "n & m"),
        ("offset", "0"),
        ("own_type", "all_granted"),
        ("parent_id", "p"),
        ("resource_az", "az"),
        ("resource_id", "r"),
        ("resource_name", "rn"),
        ("resource_type", "OS::VMware::Server"),
        ("show_replication", "true"),
        ("sort", "created_at:desc,id:asc"),
        ("start_time", "2019-03-26T00:00:00Z"),
        ("status", "available"),
        ("status", "waiting_protect"),
        ("used_percent", "50"),
        ("vault_id", "v"),
    ]);
    let backup = &answer.backups.as_ref().unwrap()[0];
    assert_eq!(backup.id, "1f9e6b47-7655-4a19-b563-21b4ef023025");
    assert_eq!(backup.image_type, Some(open::ImageType::Sync));
    assert_eq!(backup.created_at.as_deref(), Some("2019-03-26T08:01:00.000000"));
    assert_eq!(backup.description, None);

    server.answer(example("ListBackups", "empty"));
    call("ListBackups", api.list_backups().project_id(PROJECT).send()).await.unwrap();
    server.only().assert_query(&[]);
}

#[tokio::test]
async fn cbr_show_backup() {
    let (server, api) = client().await;
    server.answer(example("ShowBackup", "with-children"));
    let show = api.show_backup().project_id(AWKWARD).backup_id(AWKWARD);
    let answer = call("ShowBackup", show.send()).await.unwrap();
    assert_show(&server.only(), "backups");
    let backup = answer.backup.as_ref().unwrap();
    assert_eq!(backup.description.as_deref(), Some("Before the upgrade"));
    assert!(!backup.children.as_ref().unwrap().is_empty());
}

#[tokio::test]
async fn cbr_show_checkpoint() {
    let (server, api) = client().await;
    server.answer(example("ShowCheckpoint", "available"));
    let show = api.show_checkpoint().project_id(AWKWARD).checkpoint_id(AWKWARD);
    let answer = call("ShowCheckpoint", show.send()).await.unwrap();
    assert_show(&server.only(), "checkpoints");
    let checkpoint = answer.checkpoint.as_ref().unwrap();
    assert_eq!(checkpoint.status, Some(open::CheckpointStatus::Available));
    assert_eq!(checkpoint.created_at.as_deref(), Some("2019-05-23T14:31:36.039365"));
}

#[tokio::test]
async fn cbr_list_op_logs() {
    let (server, api) = client().await;
    server.answer(example("ListOpLogs", "running-syncs"));
    let list = api
        .list_op_logs()
        .project_id(PROJECT)
        .destination_project_id("dp")
        .destination_region("dr")
        .end_time("2026-11-20T09:00:00Z")
        .enterprise_project_id("0")
        .limit(100)
        .offset(1)
        .operation_type(open::OperationType::Sync)
        .provider_id("a13639de-00be-4e94-af30-26912d75e4a2".to_owned())
        .resource_id("r")
        .resource_name("rn")
        .start_time("2026-11-20T08:00:00Z")
        .status(open::OperationLogStatus::Running)
        .vault_id("v")
        .vault_name("vn");
    let answer = call("ListOpLogs", list.send()).await.unwrap();
    let sent = server.only();
    assert_line(&sent, &format!("GET /v3/{PROJECT}/operation-logs"));
    sent.assert_no_body().assert_query(&[
        ("destination_project_id", "dp"),
        ("destination_region", "dr"),
        ("end_time", "2026-11-20T09:00:00Z"),
        ("enterprise_project_id", "0"),
        ("limit", "100"),
        ("offset", "1"),
        ("operation_type", "sync"),
        ("provider_id", "a13639de-00be-4e94-af30-26912d75e4a2"),
        ("resource_id", "r"),
        ("resource_name", "rn"),
        ("start_time", "2026-11-20T08:00:00Z"),
        ("status", "running"),
        ("vault_id", "v"),
        ("vault_name", "vn"),
    ]);
    let logs = answer.operation_logs.as_ref().unwrap();
    assert_eq!((answer.count, logs.len()), (Some(2), 2));
    assert_eq!(logs[0].status, Some(open::OperationLogStatus::Running));
    let common = logs[0].extra_info.as_ref().unwrap().common.as_ref().unwrap();
    assert_eq!(common.progress, Some(40.into()));

    server.answer(example("ListOpLogs", "empty"));
    call("ListOpLogs", api.list_op_logs().project_id(PROJECT).send()).await.unwrap();
    server.only().assert_query(&[]);
}

#[tokio::test]
async fn cbr_show_op_log() {
    let (server, api) = client().await;
    server.answer(example("ShowOpLog", "sync-success-with-errors"));
    let show = || api.show_op_log().project_id(AWKWARD).operation_log_id(AWKWARD);
    let answer = call("ShowOpLog", show().send()).await.unwrap();
    assert_show(&server.only(), "operation-logs");
    let log = answer.operation_log.as_ref().unwrap();
    assert_eq!(log.id, "60baed87-7e30-4bd8-b71c-89e4a4f7547d");
    assert_eq!(log.status, Some(open::OperationLogStatus::Success));
    let counters = log.extra_info.as_ref().unwrap().sync.as_ref().unwrap();
    assert!(counters.err_sync_backup_num.unwrap() > 0);

    server.answer(example("ShowOpLog", "status-not-yet-known"));
    let answer = call("ShowOpLog", show().send()).await.unwrap();
    let log = answer.operation_log.as_ref().unwrap();
    assert_eq!(log.status.as_ref().unwrap().to_string(), "paused");
    assert_eq!(log.operation_type.as_ref().map(|kind| (kind.as_str(), kind.is_known())), Some(("sync_v2", false)));
}

/// List values are sent by repeating the key.
#[tokio::test]
async fn cbr_list_vault() {
    let (server, api) = client().await;
    server.answer(example("ListVault", "hybrid-vaults"));
    let list = api
        .list_vault()
        .project_id(PROJECT)
        .availability_zone("az")
        .cloud_type(open::VaultCloudType::Hybrid)
        .enterprise_project_id("0")
        .id(vec!["v1".to_owned(), "v2".to_owned()])
        .limit(1000)
        .name("n")
        .object_type(open::VaultObjectType::Vmware)
        .offset(0)
        .policy_id("p")
        .protect_type(open::VaultProtectType::Backup)
        .resource_ids("r1,r2")
        .status(open::VaultStatus::Available);
    let answer = call("ListVault", list.send()).await.unwrap();
    let sent = server.only();
    assert_line(&sent, &format!("GET /v3/{PROJECT}/vaults"));
    sent.assert_no_body().assert_query(&[
        ("availability_zone", "az"),
        ("cloud_type", "hybrid"),
        ("enterprise_project_id", "0"),
        ("id", "v1"),
        ("id", "v2"),
        ("limit", "1000"),
        ("name", "n"),
        ("object_type", "vmware"),
        ("offset", "0"),
        ("policy_id", "p"),
        ("protect_type", "backup"),
        ("resource_ids", "r1,r2"),
        ("status", "available"),
    ]);
    let vault = &answer.vaults.as_ref().unwrap()[0];
    let billing = vault.billing.as_ref().unwrap();
    assert_eq!(billing.cloud_type, Some(open::VaultCloudType::Hybrid));
    assert_eq!(billing.allocated, Some(40));
}

/// The vendor's typing error `objcet_type` is a parameter of its own.
#[tokio::test]
async fn cbr_list_external_vault() {
    let (server, api) = client().await;
    server.answer(example("ListExternalVault", "replication-vault"));
    let list = api
        .list_external_vault()
        .project_id(PROJECT)
        .cloud_type(open::VaultCloudType::Public)
        .external_project_id("xp")
        .limit(5)
        .objcet_type(open::VaultObjectType::Server)
        .object_type(open::VaultObjectType::Server)
        .offset(0)
        .protect_type(open::VaultProtectType::Replication)
        .region_id("ap-southeast-1")
        .vault_id("v");
    let answer = call("ListExternalVault", list.send()).await.unwrap();
    let sent = server.only();
    assert_line(&sent, &format!("GET /v3/{PROJECT}/vaults/external"));
    sent.assert_no_body().assert_query(&[
        ("cloud_type", "public"),
        ("external_project_id", "xp"),
        ("limit", "5"),
        ("objcet_type", "server"),
        ("object_type", "server"),
        ("offset", "0"),
        ("protect_type", "replication"),
        ("region_id", "ap-southeast-1"),
        ("vault_id", "v"),
    ]);
    assert_eq!(answer.vaults.as_ref().map(Vec::len), Some(1));
}

#[tokio::test]
async fn cbr_show_vault() {
    let (server, api) = client().await;
    server.answer(example("ShowVault", "frozen-vault"));
    let show = api.show_vault().project_id(AWKWARD).vault_id(AWKWARD);
    let answer = call("ShowVault", show.send()).await.unwrap();
    assert_show(&server.only(), "vaults");
    let billing = answer.vault.as_ref().unwrap().billing.as_ref().unwrap();
    assert_eq!(billing.status, Some(open::VaultStatus::Frozen));
    assert_eq!(billing.spec_code, Some(open::SpecCode::VaultBackupServerNormal));
}
