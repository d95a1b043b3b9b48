//! One file per command.

pub mod demo;
pub mod schema;
pub mod simulate;
pub mod sync;
pub mod targets;
