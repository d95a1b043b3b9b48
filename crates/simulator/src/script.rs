//! How a synchronization goes: scripts for single targets, and what happens without one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How one synchronization of one target goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// Simulated time that it takes; `None` takes that of the settings.
    pub duration: Option<Duration>,
    /// How the percentage grows.
    pub curve: Curve,
    /// How it ends.
    pub outcome: Scripted,
    /// What a call to stop it does, where the vendor has one.
    pub on_stop: OnStop,
}

/// What a call to stop a synchronization does. It is accepted in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStop {
    /// It stops at once.
    #[default]
    Stops,
    /// It stops so much simulated time later, if it has not ended by then.
    StopsAfter(Duration),
    /// It goes on as if nobody had called.
    GoesOn,
}

/// How the percentage of a synchronization grows over its time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Curve {
    /// Evenly.
    #[default]
    Even,
    /// These values, each for the same share of the time; they may jump, repeat and run back.
    Steps(Vec<u8>),
}

/// How a synchronization ends, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scripted {
    /// It succeeds.
    Success,
    /// It fails with this reason.
    Fail(String),
    /// It reaches so many percent and stays there for ever.
    StuckAt(u8),
    /// From half of its time on it shows this word as its state, for ever.
    UnknownState(String),
    /// It succeeds, and the vendor forgets the session, task or operation log in the same moment.
    VanishAfterEnd,
    /// It ends as if it were well, but nothing has changed: the repository stays out of sync, `last_sync_time` does not
    /// move, backups are counted as failed.
    StaysOutOfSync,
    /// It ends well, but members that may be absent are: no percentage, no counters, no links, no times of the task.
    NullFields,
    /// It ends as if somebody else had stopped it: VB365 `None` without effect, CBR `skipped`, vSphere Replication
    /// `CANCELLED`.
    Stopped,
}

impl Behaviour {
    /// Ends in this way after the usual time.
    pub fn new(outcome: Scripted) -> Self {
        Self { duration: None, curve: Curve::Even, outcome, on_stop: OnStop::default() }
    }

    /// Succeeds after the usual time.
    pub fn success() -> Self {
        Self::new(Scripted::Success)
    }

    /// Fails with `reason` after the usual time.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self::new(Scripted::Fail(reason.into()))
    }

    /// Takes this time.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }
}

/// The scripts of one endpoint: a queue for each target.
#[derive(Debug, Default)]
pub(crate) struct Scripts(Mutex<HashMap<String, VecDeque<Behaviour>>>);

impl Scripts {
    pub(crate) fn add(&self, target: &str, behaviour: Behaviour) {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.entry(target.to_ascii_lowercase()).or_default().push_back(behaviour);
    }

    /// What the next synchronization of `target` does, if a script says so.
    pub(crate) fn next(&self, target: &str) -> Option<Behaviour> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get_mut(&target.to_ascii_lowercase()).and_then(VecDeque::pop_front)
    }
}
