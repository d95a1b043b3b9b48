//! The typed mock helpers that downstream users get with the feature `httpmock`.

use backup_sync_runtime::auth::Fixed;
use backup_sync_runtime::call;
use backup_sync_tests::once;
use httpmock::MockServer;

#[tokio::test]
async fn a_mocked_start_of_a_repository_is_answered_with_a_typed_session() {
    use veeam_vb365::v8::{Client, OPERATIONS, mock::MockServerExt as _, types};
    let server = MockServer::start_async().await;
    let session = types::RestRepositorySynchronizeSession {
        id: Some("s-1".into()),
        state: Some("Synchronizing".into()),
        ..Default::default()
    };
    let mock = server.backup_repository_start_synchronize_action(|when, then| {
        when.repository_id("r-1");
        then.success(200, &session);
    });
    let connection = once(OPERATIONS, Fixed::anonymous());
    let client = Client::new_with_client(&server.base_url(), connection.http(), connection);
    let sent = client.backup_repository_start_synchronize_action().repository_id("r-1").send();
    let answer = call("BackupRepository_StartSynchronizeAction", sent).await.unwrap();
    assert_eq!(answer.into_inner(), session);
    mock.assert();
}

#[tokio::test]
async fn a_mocked_import_looks_at_the_body() {
    use huawei_cbr::v3::{Client, OPERATIONS, mock::MockServerExt as _, types};
    let server = MockServer::start_async().await;
    let body = types::SyncReq { sync: types::SyncParam { vault_id: "v-1".into(), auto_trigger: false } };
    let answer = types::SyncResp {
        sync: Some(types::SyncRespBody { operation_log_id: Some("l-1".into()), vault_id: Some("v-1".into()) }),
    };
    let mock = server.import_checkpoint(|when, then| {
        when.project_id("p").body(&body);
        then.success(200, &answer);
    });
    let connection = once(OPERATIONS, Fixed::anonymous());
    let client = Client::new_with_client(&server.base_url(), connection.http(), connection);
    let sent = client.import_checkpoint().project_id("p").body(body.clone()).send();
    assert_eq!(call("ImportCheckpoint", sent).await.unwrap().into_inner(), answer);
    mock.assert();
}

#[tokio::test]
async fn a_mocked_task_list_looks_at_one_of_the_repeated_keys() {
    use vsphere_replication::v2::{Client, OPERATIONS, mock::MockServerExt as _, types};
    let server = MockServer::start_async().await;
    let mock = server.get_recent_tasks_info(|when, then| {
        when.filter_property("id").filter("t-2");
        then.success(200, &types::TaskDrResponseList::default());
    });
    let connection = once(OPERATIONS, Fixed::anonymous());
    let client = Client::new_with_client(&server.base_url(), connection.http(), connection);
    let list = client.get_recent_tasks_info().filter_property("id").filter(vec!["t-1".to_owned(), "t-2".to_owned()]);
    call("getRecentTasksInfo", list.send()).await.unwrap();
    mock.assert();
}
