//! What a journal tells of the targets of an earlier process.

use jiff::Timestamp;

use crate::provider::{Baseline, Job, Target};
use crate::report::TargetReport;

/// A target of a journaled run.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The target.
    pub target: Target,
    /// The vendor crate that deals with it.
    pub vendor: String,
    /// How far it came.
    pub stage: Stage,
}

/// How far a target of a journaled run came.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Nothing was sent for it.
    Planned,
    /// A start was about to be sent; what became of that is not known.
    Intended {
        /// Its state before.
        baseline: Baseline,
        /// When it was about to be sent.
        at: Timestamp,
    },
    /// The vendor has a job.
    Started {
        /// The job.
        job: Job,
        /// The state that its end is compared with.
        baseline: Baseline,
        /// It was found, not started.
        adopted: bool,
        /// Since when the job is known.
        at: Timestamp,
    },
    /// It has ended.
    Ended(TargetReport),
}

impl Past {
    /// A target for which nothing was sent yet.
    pub fn planned(target: Target, vendor: impl Into<String>) -> Self {
        Self { target, vendor: vendor.into(), stage: Stage::Planned }
    }

    /// The vendor's job, where it has not ended.
    pub(crate) fn job(&self) -> Option<&Job> {
        match &self.stage {
            Stage::Started { job, .. } => Some(job),
            Stage::Planned | Stage::Intended { .. } | Stage::Ended(_) => None,
        }
    }
}
