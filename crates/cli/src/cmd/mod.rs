//! One file per command.

pub mod demo;
pub mod history;
pub mod resume;
pub mod schema;
pub mod sync;
pub mod targets;
