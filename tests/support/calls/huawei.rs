//! Calls of Huawei CBR and IAM.

use huawei_cbr as huawei;
use serde_json::Value;

pub(super) mod cbr {
    //! Calls of CBR.

    use huawei_cbr::v3::{Client, types};
    use serde_json::json;

    use crate::AWKWARD;
    use crate::calls::{body, table};

    table! {
        /// Calls an operation.
        Client, api, {
            "ImportBackup" => api.import_backup().project_id(AWKWARD).body(body::<types::BackupSyncReq>(json!({ "sync": [] }))),
            "ImportCheckpoint" => api.import_checkpoint().project_id(AWKWARD).body(body::<types::SyncReq>(json!({
                "sync": { "vault_id": "v", "auto_trigger": false },
            }))),
            "ListBackups" => api.list_backups().project_id(AWKWARD),
            "ListExternalVault" => api.list_external_vault().project_id(AWKWARD)
                .external_project_id("p").region_id("r"),
            "ListOpLogs" => api.list_op_logs().project_id(AWKWARD),
            "ListVault" => api.list_vault().project_id(AWKWARD),
            "ShowBackup" => api.show_backup().project_id(AWKWARD).backup_id(AWKWARD),
            "ShowCheckpoint" => api.show_checkpoint().project_id(AWKWARD).checkpoint_id(AWKWARD),
            "ShowOpLog" => api.show_op_log().project_id(AWKWARD).operation_log_id(AWKWARD),
            "ShowVault" => api.show_vault().project_id(AWKWARD).vault_id(AWKWARD),
        }
    }
}

pub(super) mod iam {
    //! Calls of IAM.

    use huawei_cbr::iam_v3::{Client, types};
    use serde_json::json;

    use crate::PASSWORD;
    use crate::calls::{body, table};

    table! {
        /// Calls an operation.
        Client, api, {
            "KeystoneCreateUserTokenByPassword" => api.keystone_create_user_token_by_password()
                .body(body::<types::KeystoneCreateUserTokenByPasswordRequestBody>(json!({ "auth": { "identity": {
                    "methods": ["password"],
                    "password": { "user": { "name": "operator", "password": PASSWORD, "domain": { "name": "account" } } },
                } } }))),
            "KeystoneListProjects" => api.keystone_list_projects(),
        }
    }
}

/// Reads a request body as its type and writes it out again.
pub(super) fn again(id: &str, value: &Value) -> Result<Value, serde_json::Error> {
    match id {
        "ImportBackup" => super::again::<huawei::v3::types::BackupSyncReq>(value),
        "ImportCheckpoint" => super::again::<huawei::v3::types::SyncReq>(value),
        "KeystoneCreateUserTokenByPassword" => {
            super::again::<huawei::iam_v3::types::KeystoneCreateUserTokenByPasswordRequestBody>(value)
        }
        other => panic!("nobody has written down the body of {other}"),
    }
}
