//! Umbrella over the vendor crates and the engine: documentation and re-exports, nothing else.
#![doc = include_str!("../README.md")]

/// The engine: runs over many targets and vendors, with proven ends.
pub use backup_sync_engine as engine;
/// What all clients share: connections, errors, retries, quotas, TLS.
pub use backup_sync_runtime as runtime;
/// Huawei Cloud CBR. Feature `huawei-cbr`.
#[cfg(feature = "huawei-cbr")]
pub use huawei_cbr;
/// Veeam Backup for Microsoft 365. Feature `veeam-vb365`.
#[cfg(feature = "veeam-vb365")]
pub use veeam_vb365;
/// VMware vSphere Replication. Feature `vsphere-replication`.
#[cfg(feature = "vsphere-replication")]
pub use vsphere_replication;
