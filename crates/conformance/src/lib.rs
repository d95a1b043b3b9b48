//! Compares what a server answers with what its reviewed document says.
#![doc = include_str!("../README.md")]

mod capture;
mod compare;
mod patch;
mod plan;
mod run;
mod schema;

pub use capture::capture;
pub use compare::{Came, Deviation, Difference, answer, value};
pub use plan::{Plan, plan};
pub use run::{Called, Report, run};
