//! One file per command.

pub mod api;
pub mod completions;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod explain;
pub mod history;
pub mod launch;
pub mod man;
pub mod operations;
pub mod rehearsal;
pub mod resume;
pub mod schema;
pub mod simulate;
pub mod status;
pub mod stop;
pub mod survey;
pub mod sync;
pub mod targets;
pub mod wait;
pub mod watch;
