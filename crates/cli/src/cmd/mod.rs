//! One file per command.

pub mod demo;
pub mod schema;
pub mod sync;
pub mod targets;
