//! What is different for single targets of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::run::Options;

/// What one target wants otherwise than the run; `None` is as in the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Own {
    /// After this long it is left alone.
    pub deadline: Option<Duration>,
    /// Whether a running synchronization of it is watched.
    pub adopt: Option<bool>,
    /// Whether it is started when there is nothing to do.
    pub force: Option<bool>,
}

impl Own {
    /// Whether it wants nothing of its own.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Options {
    fn own(&self, target: &Address) -> Own {
        self.own.get(target).copied().unwrap_or_default()
    }

    /// After this long the target is left alone.
    pub(crate) fn deadline(&self, target: &Address) -> Duration {
        self.own(target).deadline.unwrap_or(self.target_deadline)
    }

    /// Whether a running synchronization of the target is watched.
    pub(crate) fn adopts(&self, target: &Address) -> bool {
        self.own(target).adopt.unwrap_or(self.adopt)
    }

    /// Whether the target is started when there is nothing to do.
    pub(crate) fn forces(&self, target: &Address) -> bool {
        self.own(target).force.unwrap_or(self.force)
    }
}
