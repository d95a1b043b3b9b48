//! One file per command.

pub mod api;
pub mod completions;
pub mod config;
pub mod demo;
pub mod explain;
pub mod history;
pub mod man;
pub mod operations;
pub mod resume;
pub mod schema;
pub mod simulate;
pub mod sync;
pub mod targets;
