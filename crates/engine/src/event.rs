//! What happens during a run, as a stream of typed events.

use std::time::Duration;

use backup_sync_runtime::notice::Reason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::outcome::Outcome;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The run knows its targets.
    Planned {
        /// All of them, with their names.
        targets: Vec<(Address, String)>,
    },
    /// The request that starts a target is about to be sent.
    Starting {
        /// The target.
        target: Address,
    },
    /// The vendor has a job for the target.
    Started {
        /// The target.
        target: Address,
        /// The vendor's ids of the job.
        job: Vec<String>,
        /// It ran already and is only watched.
        adopted: bool,
    },
    /// The vendor is about to be asked to stop a job.
    Stopping {
        /// The target.
        target: Address,
        /// The vendor's ids of the job.
        job: Vec<String>,
    },
    /// The job has been looked at.
    Progress {
        /// The target.
        target: Address,
        /// The vendor's own word for its state.
        state: String,
        /// 0 to 99; never runs back, and 100 is only reached by [`Event::Finished`].
        percent: Option<u8>,
        /// Milliseconds since anything about the job changed.
        unchanged_ms: u64,
    },
    /// Looking failed; the job is not affected.
    LookFailed {
        /// The endpoint.
        endpoint: String,
        /// What went wrong.
        error: String,
    },
    /// A request to the endpoint waits before it is sent. Told for pauses of a second and more.
    Waiting {
        /// The endpoint.
        endpoint: String,
        /// The operation.
        operation: String,
        /// Why.
        reason: WaitReason,
        /// For so many milliseconds.
        pause_ms: u64,
    },
    /// Targets wait their turn, because as many jobs are at work as are permitted at a time.
    Queued {
        /// The endpoint.
        endpoint: String,
        /// Which limit is reached.
        reason: QueueReason,
        /// The limit.
        limit: usize,
        /// How many targets of the endpoint wait.
        targets: usize,
    },
    /// Nothing about a job has changed for long. Told once; when something changes and then stands still again, once more.
    Stuck {
        /// The target.
        target: Address,
        /// The vendor's own word for its state.
        state: String,
        /// Milliseconds since anything about the job changed.
        unchanged_ms: u64,
        /// What is known of why.
        reason: String,
    },
    /// Something to tell people that belongs to no target.
    Message {
        /// The sentence.
        text: String,
    },
    /// The target has ended.
    Finished {
        /// The target.
        target: Address,
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
        /// Milliseconds from its start.
        duration_ms: u64,
    },
}

/// Why targets wait their turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum QueueReason {
    /// As many jobs are at work at the endpoint as are permitted there.
    Endpoint,
    /// As many jobs are at work as are permitted in the whole run.
    Run,
}

impl QueueReason {
    /// Where the limit holds, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Endpoint => "at this endpoint",
            Self::Run => "in this run",
        }
    }
}

/// Why a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WaitReason {
    /// The vendor's request quota is used up for now.
    Quota,
    /// The vendor has said that there are too many requests.
    Throttled,
    /// The attempt before has failed in a way that may pass.
    Retry,
}

impl WaitReason {
    /// What is waited for, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Quota => "the vendor's request quota",
            Self::Throttled => "the vendor, which has had too many requests",
            Self::Retry => "another attempt",
        }
    }
}

impl From<Reason> for WaitReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Quota => Self::Quota,
            Reason::Throttled => Self::Throttled,
            _ => Self::Retry,
        }
    }
}

/// An event as it is printed: versioned, with the time since the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventRecord {
    /// Version of this form, 1.
    pub version: u32,
    /// Milliseconds since the run began.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl EventRecord {
    /// Wraps an event.
    pub fn new(at: Duration, event: Event) -> Self {
        Self { version: 1, at_ms: millis(at), event }
    }
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Where events go. Called from the run itself, so it must be quick.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn take(&self, record: EventRecord);
}

impl<F: Fn(EventRecord) + Send + Sync> Sink for F {
    fn take(&self, record: EventRecord) {
        self(record);
    }
}
