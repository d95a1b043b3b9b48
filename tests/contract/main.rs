//! What the typed clients send and read: every operation, every example, every documented failure, against mock
//! servers on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests: whatever goes wrong in them has to end the test"
)]

mod compressed;
mod connect;
mod coverage;
mod errors;
mod examples;
mod huawei_cbr;
mod huawei_iam;
mod matrix;
mod mocks;
mod operations;
mod retries;
mod secrets;
mod seeds;
mod tolerance;
mod unreadable;
mod veeam_quirks;
mod veeam_vb365;
mod veeam_vb365_v8;
mod vsphere_quirks;
mod vsphere_replication;
