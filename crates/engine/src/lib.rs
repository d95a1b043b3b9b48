//! The vendor-neutral engine behind `backup-sync`.
#![doc = include_str!("../README.md")]

mod address;
mod event;
mod journal;
mod outcome;
mod provider;
mod report;
mod run;
mod slot;

pub use address::{Address, Selector};
pub use event::{Event, EventRecord, Sink, WaitReason};
pub use journal::{Entry, Journal, JournalError, MemoryJournal};
pub use outcome::{Evidence, Outcome};
pub use provider::{Baseline, Claim, Ending, Facts, Job, Observation, Phase, Provider, Readiness, Target, Verdict};
pub use report::{Report, Summary, TargetReport};
pub use run::{Options, Polling, Run, Stop};
