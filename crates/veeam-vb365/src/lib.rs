//! Typed clients for Veeam Backup for Microsoft 365, and its rule for when a synchronization has finished.
#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod config;
mod diagnose;
pub mod error_code;
mod hooks;
#[cfg(feature = "full")]
mod jobs;
#[cfg(feature = "full")]
mod owner_changes;
mod provider;
#[cfg(feature = "full")]
mod sessions;

pub use api::{Api, InTheWay, Repository, Session};
pub use config::{Config, Version};
pub use diagnose::diagnose;
pub use provider::Vb365;
#[cfg(feature = "full")]
pub use sessions::{JobRef, JobSession};

backup_sync_runtime::generated! {
    /// API v5.
    v5, "v5.rs", "v5_mock.rs"
}
backup_sync_runtime::generated! {
    /// API v6 and v7; which of the two is in the base URL.
    v7, "v7.rs", "v7_mock.rs"
}
backup_sync_runtime::generated! {
    /// API v8.
    v8, "v8.rs", "v8_mock.rs"
}
