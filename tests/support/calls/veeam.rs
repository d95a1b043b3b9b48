//! Calls of Veeam Backup for Microsoft 365.

use serde_json::Value;
use veeam_vb365 as veeam;

use super::Api;

pub(super) mod v5 {
    //! Calls of v5.

    use serde_json::{Map, json};
    use veeam_vb365::v5::{Client, types};

    use crate::calls::{body, table};
    use crate::{AWKWARD, PASSWORD};

    table! {
        /// Calls an operation.
        Client, api, {
            "Auth_Token" => api.auth_token().body(body::<types::OAuthTokenRequest>(json!({
                "grant_type": "password", "username": "operator", "password": PASSWORD,
            }))),
            "Auth_Logout" => api.auth_logout(),
            "BackupRepository_List" => api.backup_repository_list(),
            "BackupRepository_Get" => api.backup_repository_get().repository_id(AWKWARD),
            "BackupRepository_StartSynchronizeAction" => api.backup_repository_start_synchronize_action()
                .repository_id(AWKWARD).body(types::BackupRepositoryAction { sync: None }),
            "RepositorySynchronizeSession_List" => api.repository_synchronize_session_list(),
            "RepositorySynchronizeSession_Get" => api.repository_synchronize_session_get().session_id(AWKWARD),
            "RepositorySynchronizeSession_StopSynchronizeAction" => api
                .repository_synchronize_session_stop_synchronize_action()
                .session_id(AWKWARD).body(types::RepositorySynchronizeSessionAction { stop: Map::new() }),
        }
    }
}

/// The calls of v7 and v8 read the same.
macro_rules! later {
    ($version:ident) => {
        pub(super) mod $version {
            //! Calls of a later version.

            use serde_json::json;
            use veeam_vb365::$version::{Client, types};

            use crate::calls::{body, table};
            use crate::{AWKWARD, PASSWORD};

            table! {
                /// Calls an operation.
                Client, api, {
                    "Auth_Token" => api.auth_token().body(body::<types::OAuthTokenRequest>(json!({
                        "grant_type": "password", "username": "operator", "password": PASSWORD,
                    }))),
                    "Auth_Logout" => api.auth_logout(),
                    "BackupRepository_List" => api.backup_repository_list(),
                    "BackupRepository_Get" => api.backup_repository_get().repository_id(AWKWARD),
                    "BackupRepository_StartSynchronizeAction" => api
                        .backup_repository_start_synchronize_action().repository_id(AWKWARD),
                    "RepositorySynchronizeSession_List" => api.repository_synchronize_session_list(),
                    "RepositorySynchronizeSession_Get" => api.repository_synchronize_session_get().session_id(AWKWARD),
                    "RepositorySynchronizeSession_StopSynchronizeAction" => api
                        .repository_synchronize_session_stop_synchronize_action().session_id(AWKWARD),
                }
            }
        }
    };
}
later!(v7);
later!(v8);

/// Reads a request body as its type and writes it out again.
pub(super) fn again(api: Api, id: &str, value: &Value) -> Result<Value, serde_json::Error> {
    match (api, id) {
        (Api::V5, "Auth_Token") => super::again::<veeam::v5::types::OAuthTokenRequest>(value),
        (Api::V7, "Auth_Token") => super::again::<veeam::v7::types::OAuthTokenRequest>(value),
        (Api::V8, "Auth_Token") => super::again::<veeam::v8::types::OAuthTokenRequest>(value),
        (_, "BackupRepository_StartSynchronizeAction") => {
            super::again::<veeam::v5::types::BackupRepositoryAction>(value)
        }
        (_, "RepositorySynchronizeSession_StopSynchronizeAction") => {
            super::again::<veeam::v5::types::RepositorySynchronizeSessionAction>(value)
        }
        (_, other) => panic!("nobody has written down the body of {other}"),
    }
}
