//! The library behind `cargo xtask`: everything that API owners are told about the documents in `specs/`.
//!
//! Nothing here depends on a generated crate, so that a broken document never breaks what explains it.

pub mod changelog;
pub mod coverage;
pub mod examples;
pub mod lesson;
pub mod owners;
pub mod report;
pub mod sources;
pub mod suppressions;
pub mod taken;
pub mod tidy;
pub mod validate;
pub mod workspace;
