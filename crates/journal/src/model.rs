//! What history tells, as versioned documents take it.

use backup_sync_engine::{Address, Outcome, Summary};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// A process is at work on it.
    Running,
    /// No process is at work on it, and there is something to resume.
    Unfinished,
    /// There is nothing left to do.
    Ended,
}

impl RunState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unfinished => "unfinished",
            Self::Ended => "ended",
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RunRecord {
    /// Its id.
    pub run: String,
    /// Where it stands.
    pub state: RunState,
    /// Version of the program that began it.
    pub version: String,
    /// The command.
    pub command: String,
    /// The arguments as they were given. They never hold secrets.
    pub arguments: Vec<String>,
    /// The configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// What was in force.
    pub options: Value,
    /// The process that was last at work on it.
    pub pid: i64,
    /// How often it was resumed.
    pub resumed: i64,
    /// When it began, RFC 3339 in UTC.
    pub started_at: String,
    /// When its last process ended; absent when that was killed or is at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// How its last process ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// How many targets it has.
    pub target_count: i64,
    /// How many of them can be resumed.
    pub open_count: i64,
    /// How many of them ended in which way.
    pub summary: Summary,
    /// The targets, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<TargetRecord>>,
}

/// How far a target came. What has not ended can be resumed from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetState {
    /// Nothing was sent for it.
    Planned,
    /// A start was about to be sent; what became of that is not known.
    Intended,
    /// The vendor has a job.
    Started,
    /// It has ended.
    Ended,
}

impl TargetState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Intended => "intended",
            Self::Started => "started",
            Self::Ended => "ended",
        }
    }

    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Planned, Self::Intended, Self::Started, Self::Ended].into_iter().find(|state| state.word() == word)
    }
}

/// One target of a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TargetRecord {
    /// Where it is.
    pub target: Address,
    /// Its display name.
    pub name: String,
    /// The vendor crate that dealt with it.
    pub vendor: String,
    /// How far it came.
    pub state: TargetState,
    /// How often a start was about to be sent. More than one only when the vendor showed that none had arrived.
    pub intents: i64,
    /// When that was the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent_at: Option<String>,
    /// The vendor's ids of the job.
    pub job: Vec<String>,
    /// The job was found, not started.
    pub adopted: bool,
    /// Since when the job is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// How it ended, with its evidence; or how it stood when the watch over it ended.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What kind of error stood in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_kind: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Milliseconds from its start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}
