//! The vendor-neutral engine behind `backup-sync`.
#![doc = include_str!("../README.md")]

mod address;
mod driver;
mod event;
mod facts;
mod holders;
mod jobs;
mod journal;
mod launch;
mod look;
mod mode;
mod outcome;
mod own;
mod past;
mod provider;
mod rehearsal;
mod report;
mod resume;
mod room;
mod run;
mod slot;
mod start;
mod stop_jobs;
mod stuck;
mod survey;
mod watch;

pub use address::{Address, Selector};
pub use event::{Event, EventRecord, QueueReason, Sink, WaitReason};
pub use facts::Facts;
pub use jobs::{JobWatch, Jobs};
pub use journal::{Entry, Journal, JournalError, MemoryJournal, NoJournal, Planned};
pub use launch::{Launch, Launched};
pub use mode::Mode;
pub use outcome::{Evidence, Outcome};
pub use own::Own;
pub use past::{Past, Stage};
pub use provider::{
    Baseline, Claim, Ending, Job, LABELS, Observation, Phase, Provider, Readiness, Search, Target, Verdict,
};
pub use rehearsal::{Action, PlannedRequest, PlannedTarget, Rehearsal};
pub use report::{Report, Summary, TargetReport};
pub use run::{CLOSE_LIMIT, Dark, Limits, Options, Polling, Run, Stop};
pub use survey::{Standing, Survey, Surveyed};
