//! The record of a run: what was about to be sent, what was started, how it ended.
//!
//! The engine writes the intent before it sends and the job after it. What is in the journal at any moment is enough
//! to know which targets may have been started.

use std::sync::{Mutex, PoisonError};

use backup_sync_runtime::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::provider::{Baseline, Job, Target};
use crate::report::TargetReport;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Entry {
    /// The run knows its targets; nothing has been sent yet that starts work.
    Planned {
        /// All of them, in the order of the report.
        targets: Vec<Planned>,
    },
    /// The request that starts this target is about to be sent.
    Intent {
        /// The target.
        target: Target,
        /// Its state before.
        baseline: Baseline,
    },
    /// The request that was about to be sent was not sent, because the run was broken off.
    Withdrawn {
        /// The target.
        target: Address,
    },
    /// The vendor has a job.
    Job {
        /// The job.
        job: Job,
        /// The state that its end will be compared with.
        baseline: Baseline,
        /// It was found, not started.
        adopted: bool,
    },
    /// The target has ended, or the watch over it has.
    Ended {
        /// How.
        report: TargetReport,
        /// More can be found out later: [`Run::resume`](crate::Run::resume) goes on where this target stood.
        open: bool,
    },
}

/// A target that a run will deal with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The vendor crate that deals with it.
    pub vendor: String,
    /// The target.
    pub target: Target,
}

/// The journal cannot be written. A run then starts nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalError(pub String);

impl std::fmt::Display for JournalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the journal cannot be written: {}", self.0)
    }
}

impl std::error::Error for JournalError {}

/// Keeps the record of one run. An entry is durable when `record` returns.
pub trait Journal: Send + Sync {
    /// Adds an entry with the time of day at which it was made.
    fn record<'a>(&'a self, at: Timestamp, entry: &'a Entry) -> BoxFuture<'a, Result<(), JournalError>>;
}

/// No journal: a run that is killed cannot be resumed, and many targets hold nothing here.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn record<'a>(&'a self, _: Timestamp, _: &'a Entry) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async { Ok(()) })
    }
}

/// A journal that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<Vec<Entry>>);

impl MemoryJournal {
    /// All entries so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Journal for MemoryJournal {
    fn record<'a>(&'a self, _: Timestamp, entry: &'a Entry) -> BoxFuture<'a, Result<(), JournalError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry.clone());
        Box::pin(async { Ok(()) })
    }
}
