//! Typed client for VMware vSphere Replication, and its rule for when a synchronization has finished.
#![doc = include_str!("../README.md")]

mod auth;
mod config;
mod diagnose;
mod hooks;
mod inventory;
mod provider;
mod replications;
mod search;
mod tasks;

pub use config::{Config, Login};
pub use diagnose::diagnose;
pub use provider::VsphereReplication;

backup_sync_runtime::generated! {
    /// REST API v2.
    v2, "v2.rs", "v2_mock.rs"
}
