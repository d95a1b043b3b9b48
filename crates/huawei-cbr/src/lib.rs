//! Typed clients for Huawei Cloud CBR and its IAM, and the rule for when a synchronization has finished.
#![doc = include_str!("../README.md")]

mod auth;
mod backup_list;
mod config;
mod diagnose;
pub mod error_code;
mod hooks;
mod inventory;
mod jobs;
mod logs;
mod provider;
pub mod signing;

pub use backup_list::{BackupList, MOST_BACKUPS};
pub use config::{Config, Credentials};
pub use diagnose::diagnose;
pub use provider::Cbr;
pub use signing::Keys;

backup_sync_runtime::generated! {
    /// Cloud Backup and Recovery, API v3.
    v3, "v3.rs", "v3_mock.rs"
}
backup_sync_runtime::generated! {
    /// Identity and Access Management, the part that authentication needs.
    iam_v3, "iam_v3.rs", "iam_v3_mock.rs"
}
