//! Typed client for @TITLE@, and its rule for when a synchronization has finished.
#![doc = include_str!("../README.md")]

mod auth;
mod config;
mod hooks;
mod provider;

pub use config::Config;
pub use provider::@TYPE@;

backup_sync_runtime::generated! {
    /// API v1.
    v1, "v1.rs", "v1_mock.rs"
}
