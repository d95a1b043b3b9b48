//! How a target ended, and how that is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// What proves a success: the vendor's rule, and the facts to which it was applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The rule in words, for example "isOutOfSync went from true to false".
    pub rule: String,
    /// The facts, before and after.
    pub facts: Facts,
}

/// How a target ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// Proven by the vendor's own rule.
    Succeeded {
        /// The proof.
        evidence: Evidence,
    },
    /// The vendor says that it failed, or refused to start it.
    Failed {
        /// Why.
        reason: String,
    },
    /// Somebody stopped it.
    Stopped,
    /// Not started, on purpose.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It may have happened; it cannot be told.
    Unknown {
        /// What is missing.
        why: String,
    },
    /// It was still at work when we stopped watching. It goes on.
    StillRunning {
        /// Why we stopped watching.
        why: String,
    },
}

impl Outcome {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Stopped => "stopped",
            Self::Skipped { .. } => "skipped",
            Self::Unknown { .. } => "unknown",
            Self::StillRunning { .. } => "still-running",
        }
    }

    /// The sentence that belongs to it.
    pub fn detail(&self) -> &str {
        match self {
            Self::Succeeded { evidence } => &evidence.rule,
            Self::Failed { reason } | Self::Skipped { reason } => reason,
            Self::Unknown { why } | Self::StillRunning { why } => why,
            Self::Stopped => "stopped before it was finished",
        }
    }
}
