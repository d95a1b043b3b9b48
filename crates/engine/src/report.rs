//! The result of a run as one versioned document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::outcome::Outcome;

/// How one target ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetReport {
    /// Where it is.
    pub target: Address,
    /// Its display name.
    pub name: String,
    /// The vendor crate that dealt with it.
    pub vendor: String,
    /// The vendor's ids of the job; empty when none was started or found.
    pub job: Vec<String>,
    /// It ran already and was only watched.
    pub adopted: bool,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// What kind of error stood in the way, if one did: `auth`, `unreachable`, `throttled` and so on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<String>,
    /// Whether the same call may succeed later without anybody changing anything.
    #[serde(default)]
    pub transient: bool,
    /// Milliseconds from its start to its end.
    pub duration_ms: u64,
    /// What was known of why nothing about the job had changed for long, if that was so when the watch over it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<String>,
}

/// How many targets ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Proven successes.
    pub succeeded: usize,
    /// Failures.
    pub failed: usize,
    /// Stopped ones.
    pub stopped: usize,
    /// Not started on purpose.
    pub skipped: usize,
    /// Cannot be told.
    pub unknown: usize,
    /// Still at work.
    pub still_running: usize,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this form, 1.
    pub version: u32,
    /// Id of the run in the journal, if one was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Whether the run was broken off by the user.
    pub interrupted: bool,
    /// Milliseconds that the run took.
    pub duration_ms: u64,
    /// Numbers.
    pub summary: Summary,
    /// Each target, in the order given.
    pub targets: Vec<TargetReport>,
}

impl Report {
    pub(crate) fn of(targets: Vec<TargetReport>, duration_ms: u64, interrupted: bool) -> Self {
        let mut summary = Summary::default();
        for target in &targets {
            let counter = match target.outcome {
                Outcome::Succeeded { .. } => &mut summary.succeeded,
                Outcome::Failed { .. } => &mut summary.failed,
                Outcome::Stopped => &mut summary.stopped,
                Outcome::Skipped { .. } => &mut summary.skipped,
                Outcome::Unknown { .. } => &mut summary.unknown,
                Outcome::StillRunning { .. } => &mut summary.still_running,
            };
            *counter += 1;
        }
        Self { version: 1, run: None, interrupted, duration_ms, summary, targets }
    }
}
