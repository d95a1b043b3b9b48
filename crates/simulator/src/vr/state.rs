//! The pairing, the replications and the tasks of one vSphere Replication appliance.

use std::collections::HashMap;
use std::time::Duration;

use crate::control::JobState;
use crate::course::{Course, End, Stage};
use crate::ids::Ids;
use crate::script::{Behaviour, Scripts};
use crate::settings::{Settings, Words};

const WORDS: Words =
    Words { usual: &[("app-01", true), ("db-01", true), ("web-01", false)], ready: "vm", other: "paused" };

/// Data arrive this share of a synchronization's time after its task has ended.
const LAG_SHARE: u32 = 10;
/// A pause or a resumption takes this share of the usual time.
const SWITCH_SHARE: u32 = 6;

/// A vCenter server or a management server.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) name: &'static str,
}

/// The two sites and what joins them.
#[derive(Debug)]
pub(crate) struct Pairing {
    pub(crate) id: String,
    pub(crate) local_vc: Place,
    pub(crate) remote_vc: Place,
    pub(crate) local_vrms: Place,
    pub(crate) remote_vrms: Place,
    pub(crate) replication_server: String,
}

/// A replication.
#[derive(Debug)]
pub(crate) struct Replication {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vm: String,
    /// These three are as they were before the newest task.
    paused: bool,
    last_sync: i64,
    last_duration: i64,
    newest: Option<usize>,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Sync,
    Pause,
    Resume,
}

/// A task.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) action: Action,
    pub(crate) replication: usize,
    pub(crate) course: Course,
}

/// Where a replication stands at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) paused: bool,
    /// Percent of the synchronization that runs.
    pub(crate) moving: Option<u8>,
    /// Milliseconds since 1970, and seconds.
    pub(crate) last_sync: i64,
    pub(crate) last_duration: i64,
}

/// Why a task cannot be started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unknown,
    State(&'static str),
}

impl Task {
    /// Whether the appliance has not forgotten it.
    pub(crate) fn is_known(&self, now: Duration) -> bool {
        !matches!(self.course.stage(now), Stage::Ended(End::Vanished))
    }

    /// When the replication has come to rest after it; `None` for a task without end.
    fn settled(&self) -> Option<Duration> {
        let lag = match self.action {
            Action::Sync => self.course.duration() / LAG_SHARE,
            Action::Pause | Action::Resume => Duration::ZERO,
        };
        Some(self.course.end()?.saturating_add(lag))
    }
}

/// Everything that one appliance knows.
pub(crate) struct State {
    ids: Ids,
    pub(crate) pairing: Pairing,
    replications: Vec<Replication>,
    by_id: HashMap<String, usize>,
    tasks: Vec<Task>,
    task_by_id: HashMap<String, usize>,
    /// Milliseconds since 1970 when the clock began.
    epoch: i64,
}

impl State {
    /// The replications that the settings want; `epoch` is now, in milliseconds since 1970.
    pub(crate) fn new(name: &str, settings: &Settings, epoch: i64) -> Self {
        let mut ids = Ids::new(name);
        let place = |ids: &mut Ids, name| Place { id: ids.uuid(), name };
        let pairing = Pairing {
            id: ids.uuid(),
            local_vc: place(&mut ids, "vc-a.example.com"),
            remote_vc: place(&mut ids, "vc-b.example.com"),
            local_vrms: place(&mut ids, "vrms-a.example.com"),
            remote_vrms: place(&mut ids, "vrms-b.example.com"),
            replication_server: ids.uuid(),
        };
        let names = settings.names(&WORDS, |number| format!("vm-{number:05}"));
        let mut replications = Vec::new();
        for (number, (name, ready)) in (0_i64..).zip(names) {
            replications.push(Replication {
                id: format!("HmsGroup:GID-{}:{}", ids.uuid(), pairing.local_vrms.id),
                name,
                vm: format!("VirtualMachine:vm-{}:{}", 1000 + number, pairing.local_vc.id),
                paused: !ready,
                last_sync: epoch - (20 + number % 40) * 60_000,
                last_duration: 42,
                newest: None,
            });
        }
        let by_id =
            replications.iter().enumerate().map(|(index, replication)| (replication.id.clone(), index)).collect();
        Self { ids, pairing, replications, by_id, tasks: Vec::new(), task_by_id: HashMap::new(), epoch }
    }

    /// An id for an answer.
    pub(crate) fn op_id(&mut self) -> String {
        self.ids.uuid()
    }

    /// Milliseconds since 1970 at `moment`.
    pub(crate) fn millis(&self, moment: Duration) -> i64 {
        self.epoch.saturating_add(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
    }

    pub(crate) fn replications(&self) -> &[Replication] {
        &self.replications
    }

    pub(crate) fn replication(&self, id: &str) -> Option<&Replication> {
        self.replications.get(*self.by_id.get(id)?)
    }

    /// The replication of a task.
    pub(crate) fn replication_of(&self, task: &Task) -> Option<&Replication> {
        self.replications.get(task.replication)
    }

    /// The tasks that the appliance remembers, oldest first.
    pub(crate) fn tasks(&self, now: Duration) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.is_known(now))
    }

    pub(crate) fn task(&self, id: &str, now: Duration) -> Option<&Task> {
        self.tasks.get(*self.task_by_id.get(id)?).filter(|task| task.is_known(now))
    }

    /// How many tasks there were, and the newest `most` of them.
    pub(crate) fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        let job = |task: &Task| {
            let target = self.replication_of(task).map_or("", |replication| replication.id.as_str());
            task.course.job(now, &task.id, target, task.action.operation())
        };
        (self.tasks.len(), self.tasks.iter().rev().take(most).map(job).collect())
    }

    fn newest(&self, replication: &Replication) -> Option<&Task> {
        self.tasks.get(replication.newest?)
    }

    /// Whether the newest task of a replication tells as little as it may.
    pub(crate) fn is_bare(&self, replication: &Replication, now: Duration) -> bool {
        let stage = self.newest(replication).map(|task| task.course.stage(now));
        stage == Some(Stage::Ended(End::Bare))
    }

    /// Where a replication stands.
    pub(crate) fn standing(&self, replication: &Replication, now: Duration) -> Standing {
        let rest = Standing {
            paused: replication.paused,
            moving: None,
            last_sync: replication.last_sync,
            last_duration: replication.last_duration,
        };
        let Some(task) = self.newest(replication) else { return rest };
        let done = task.course.has_effect(now);
        match task.action {
            Action::Pause => Standing { paused: rest.paused || done, ..rest },
            Action::Resume => Standing { paused: rest.paused && !done, ..rest },
            Action::Sync => match task.course.stage(now) {
                Stage::Running | Stage::Odd(_) => Standing { moving: Some(task.course.percent(now)), ..rest },
                Stage::Ended(_) if done => self.arrived(task, now, rest),
                Stage::Waiting | Stage::Ended(_) => rest,
            },
        }
    }

    /// After the task has ended well: first the rest of the data, then the new time.
    fn arrived(&self, task: &Task, now: Duration, rest: Standing) -> Standing {
        match task.settled() {
            Some(settled) if now >= settled => Standing {
                last_sync: self.millis(settled),
                last_duration: i64::try_from(task.course.duration().as_secs()).unwrap_or(i64::MAX),
                ..rest
            },
            _ => Standing { moving: Some(99), ..rest },
        }
    }

    /// Starts a task, if the state of the replication allows it.
    pub(crate) fn start(
        &mut self,
        id: &str,
        action: Action,
        now: Duration,
        scripts: &Scripts,
        usual: Duration,
    ) -> Result<&Task, Refusal> {
        let index = *self.by_id.get(id).ok_or(Refusal::Unknown)?;
        let replication = self.replications.get(index).ok_or(Refusal::Unknown)?;
        let busy = self.newest(replication).is_some_and(|task| task.settled().is_none_or(|settled| now < settled));
        let standing = self.standing(replication, now);
        match (action, busy, standing.paused) {
            (_, true, _) => return Err(Refusal::State("Another task of the replication is running.")),
            (Action::Sync, _, true) => return Err(Refusal::State("The replication is paused.")),
            (Action::Pause, _, true) => return Err(Refusal::State("The replication is paused already.")),
            (Action::Resume, _, false) => return Err(Refusal::State("The replication is not paused.")),
            _ => {}
        }
        let course = match action {
            Action::Sync => Course::new(now, scripts.next(id).unwrap_or_else(Behaviour::success), usual),
            Action::Pause | Action::Resume => Course::new(now, Behaviour::success(), usual / SWITCH_SHARE),
        };
        let task_id = format!("HmsTask:HTID-{}:{}", self.ids.uuid(), self.pairing.local_vrms.id);
        let number = self.tasks.len();
        self.task_by_id.insert(task_id.clone(), number);
        if let Some(replication) = self.replications.get_mut(index) {
            replication.paused = standing.paused;
            replication.last_sync = standing.last_sync;
            replication.last_duration = standing.last_duration;
            replication.newest = Some(number);
        }
        self.tasks.push(Task { id: task_id, action, replication: index, course });
        self.tasks.get(number).ok_or(Refusal::Unknown)
    }
}
