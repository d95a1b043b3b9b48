//! A durable journal of runs in one SQLite file.
#![doc = include_str!("../README.md")]

mod error;
mod file;
mod history;
mod lock;
mod model;
mod record;
mod resume;
mod status;
mod store;

pub use error::Error;
pub use model::{RunRecord, RunState, TargetRecord, TargetState};
pub use record::RunJournal;
pub use status::TargetStatus;
pub use store::{NewRun, Store};
