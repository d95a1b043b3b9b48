//! Tasks: what they do, how long they take, what they leave behind.

use std::time::Duration;

use vsphere_replication::v2::types::ReconfigureReplicationSpec;

use super::replications::Standing;
use super::servers::Server;
use super::state::Pairing;
use crate::course::{Course, End, Stage};
use crate::script::Behaviour;

/// Data arrive this share of a synchronization's time after its task has ended.
const LAG_SHARE: u32 = 10;
/// What moves no data takes this share of the usual time.
const SWITCH_SHARE: u32 = 6;

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Sync,
    Pause,
    Resume,
    Configure,
    Reconfigure,
    Unconfigure,
    Destroy,
    Pair,
    Unpair,
    ReconnectPairing,
    Register,
    Unregister,
    ReconnectServer,
}

impl Action {
    /// What the task says of itself.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Sync => "Sync replication",
            Self::Pause => "Pause replication",
            Self::Resume => "Resume replication",
            Self::Configure => "Configure replication",
            Self::Reconfigure => "Reconfigure replication",
            Self::Unconfigure => "Unconfigure replication",
            Self::Destroy => "Destroy replication",
            Self::Pair => "Pair sites",
            Self::Unpair => "Break pairing",
            Self::ReconnectPairing => "Reconnect pairing",
            Self::Register => "Register replication server",
            Self::Unregister => "Unregister replication server",
            Self::ReconnectServer => "Reconnect replication server",
        }
    }

    /// How long it takes where a synchronization takes `usual`.
    pub(crate) fn lasts(self, usual: Duration) -> Duration {
        match self {
            Self::Sync | Self::Configure => usual,
            _ => usual / SWITCH_SHARE,
        }
    }
}

/// What a task works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A replication, by its number.
    Replication(usize),
    /// Anything else.
    Object { id: String, name: String },
}

/// What is different after a task that ended well.
#[derive(Debug)]
pub(crate) enum Change {
    /// A replication has these settings.
    Replication(usize, Box<ReconfigureReplicationSpec>),
    /// A replication is gone.
    NoReplication(usize),
    /// A pairing is there, and the replication server of its far end.
    Pairing(Box<Pairing>, Server),
    /// A pairing is gone.
    NoPairing(usize),
    /// A replication server is there.
    Server(Server),
    /// A replication server is gone.
    NoServer(String),
}

/// A task that is to be started.
pub(crate) struct Order {
    /// The operation that asks for it.
    pub(crate) operation: &'static str,
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    /// The target whose scripts say how it goes.
    pub(crate) script: Option<String>,
    /// How it goes where no script says so.
    pub(crate) behaviour: Option<Behaviour>,
    pub(crate) change: Option<Change>,
}

impl Order {
    /// One that goes well and changes nothing.
    pub(crate) fn new(operation: &'static str, action: Action, subject: Subject) -> Self {
        Self { operation, action, subject, script: None, behaviour: None, change: None }
    }
}

/// A task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) operation: &'static str,
    pub(crate) action: Action,
    pub(crate) subject: Subject,
    pub(crate) course: Course,
}

impl Task {
    /// Whether the appliance has not forgotten it.
    pub(crate) fn is_known(&self, now: Duration) -> bool {
        !matches!(self.course.stage(now), Stage::Ended(End::Vanished))
    }

    /// When its subject has come to rest after it; `None` for a task without end.
    pub(crate) fn settled(&self) -> Option<Duration> {
        let lag = match self.action {
            Action::Sync => self.course.duration() / LAG_SHARE,
            _ => Duration::ZERO,
        };
        Some(self.course.end()?.saturating_add(lag))
    }

    /// Where a replication stands that was at `rest` before this task, its newest.
    pub(crate) fn standing(&self, now: Duration, rest: Standing, millis: impl Fn(Duration) -> i64) -> Standing {
        let done = self.course.has_effect(now);
        let stage = self.course.stage(now);
        match (self.action, stage) {
            (Action::Pause, _) => Standing { paused: rest.paused || done, ..rest },
            (Action::Resume, _) => Standing { paused: rest.paused && !done, ..rest },
            (Action::Sync, Stage::Running | Stage::Odd(_)) => {
                Standing { moving: Some(self.course.percent(now)), ..rest }
            }
            (Action::Sync, Stage::Ended(_)) if done => self.arrived(now, rest, millis),
            (Action::Configure, Stage::Ended(_)) if done => self.arrived(now, rest, millis),
            (Action::Configure, Stage::Ended(_)) => Standing { broken: true, ..rest },
            (Action::Configure | Action::Reconfigure, Stage::Waiting | Stage::Running | Stage::Odd(_)) => {
                Standing { configuring: true, ..rest }
            }
            _ => rest,
        }
    }

    /// After the task has ended well: first the rest of the data, then the new time.
    fn arrived(&self, now: Duration, rest: Standing, millis: impl Fn(Duration) -> i64) -> Standing {
        match self.settled() {
            Some(settled) if now >= settled => Standing {
                last_sync: millis(settled),
                last_duration: i64::try_from(self.course.duration().as_secs()).unwrap_or(i64::MAX),
                ..rest
            },
            _ => Standing { moving: Some(99), ..rest },
        }
    }
}
