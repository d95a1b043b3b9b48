//! Pages as their readers see them, in Chromium. `.ci/run` starts these tests; `cargo test` alone does not need a
//! browser.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod harness;
mod report;
