//! The pairings, the replications, the servers and the tasks of one vSphere Replication appliance.

use std::collections::HashMap;
use std::time::Duration;

use vsphere_replication::v2::types::ReconfigureReplicationSpec;

use super::replications::{Replication, Standing};
use super::servers::Server;
use super::tasks::{Action, Change, Order, Subject, Task};
use crate::control::JobState;
use crate::course::{Course, End, Stage};
use crate::ids::Ids;
use crate::script::Scripts;
use crate::settings::{Settings, Words};
use crate::store::Pending;

const WORDS: Words =
    Words { usual: &[("app-01", true), ("db-01", true), ("web-01", false)], ready: "vm", other: "paused" };

/// A vCenter server or a management server.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Two sites and what joins them.
#[derive(Clone, Debug)]
pub(crate) struct Pairing {
    pub(crate) id: String,
    pub(crate) local_vc: Place,
    pub(crate) remote_vc: Place,
    pub(crate) local_vrms: Place,
    pub(crate) remote_vrms: Place,
    pub(crate) gone: bool,
}

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nothing is known under an id of the path.
    Unknown,
    /// The object is in no state for it.
    State(&'static str),
    /// The request is wrong, in this way.
    Request(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Request(why)
    }
}

/// Everything that one appliance knows.
pub(crate) struct State {
    ids: Ids,
    /// The pairing of the settings, as it was in the beginning: the local end of all others is the same.
    home: Pairing,
    /// Those that are gone stay here, so that numbers stay right; the first is that of the settings.
    pairings: Vec<Pairing>,
    replications: Vec<Replication>,
    by_id: HashMap<String, usize>,
    servers: Vec<Server>,
    tasks: Vec<Task>,
    task_by_id: HashMap<String, usize>,
    /// What tasks change that have not ended.
    pending: Pending<Change>,
    /// Milliseconds since 1970 when the clock began.
    epoch: i64,
}

impl State {
    /// The replications that the settings want; `epoch` is now, in milliseconds since 1970.
    pub(crate) fn new(name: &str, settings: &Settings, epoch: i64) -> Self {
        let mut ids = Ids::new(name);
        let place = |ids: &mut Ids, name: &str| Place { id: ids.uuid(), name: name.to_owned() };
        let pairing = Pairing {
            id: ids.uuid(),
            local_vc: place(&mut ids, "vc-a.example.com"),
            remote_vc: place(&mut ids, "vc-b.example.com"),
            local_vrms: place(&mut ids, "vrms-a.example.com"),
            remote_vrms: place(&mut ids, "vrms-b.example.com"),
            gone: false,
        };
        let remote_server = Server::inside(ids.uuid(), &pairing.remote_vrms);
        let names = settings.names(&WORDS, |number| format!("vm-{number:05}"));
        let mut replications = Vec::new();
        for (number, (name, ready)) in (0_i64..).zip(names) {
            let id = format!("HmsGroup:GID-{}:{}", ids.uuid(), pairing.local_vrms.id);
            let vm = format!("VirtualMachine:vm-{}:{}", 1000 + number, pairing.local_vc.id);
            replications.push(Replication {
                paused: !ready,
                last_sync: epoch - (20 + number % 40) * 60_000,
                last_duration: 42,
                ..Replication::new(id, name, vm)
            });
        }
        let by_id =
            replications.iter().enumerate().map(|(index, replication)| (replication.id.clone(), index)).collect();
        let local_server = Server::inside(ids.uuid(), &pairing.local_vrms);
        Self {
            ids,
            home: pairing.clone(),
            pairings: vec![pairing],
            replications,
            by_id,
            servers: vec![local_server, remote_server],
            tasks: Vec::new(),
            task_by_id: HashMap::new(),
            pending: Pending::default(),
            epoch,
        }
    }

    /// An id for an answer or a new object.
    pub(crate) fn uuid(&mut self) -> String {
        self.ids.uuid()
    }

    /// Milliseconds since 1970 at `moment`.
    pub(crate) fn millis(&self, moment: Duration) -> i64 {
        self.epoch.saturating_add(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
    }

    /// The pairing with this number, or the first.
    pub(crate) fn pairing(&self, number: usize) -> &Pairing {
        self.pairings.get(number).unwrap_or(&self.home)
    }

    pub(crate) fn pairing_number(&self, id: &str) -> Option<usize> {
        self.pairings.iter().position(|pairing| !pairing.gone && pairing.id == id)
    }

    /// The pairings that there are.
    pub(crate) fn pairings(&self) -> impl Iterator<Item = &Pairing> {
        self.pairings.iter().filter(|pairing| !pairing.gone)
    }

    /// The replications that there are, of all pairings.
    pub(crate) fn replications(&self) -> impl Iterator<Item = &Replication> {
        self.replications.iter().filter(|replication| !replication.gone)
    }

    /// The replications of one pairing.
    pub(crate) fn replications_in(&self, pairing: usize) -> impl Iterator<Item = &Replication> {
        self.replications().filter(move |replication| replication.pairing == pairing)
    }

    /// All replications that there ever were: their virtual machines stay.
    pub(crate) fn all_replications(&self) -> &[Replication] {
        &self.replications
    }

    pub(crate) fn replication(&self, pairing: usize, id: &str) -> Option<&Replication> {
        let found = self.replications.get(*self.by_id.get(id)?)?;
        (found.pairing == pairing && !found.gone).then_some(found)
    }

    /// The number of a replication of a pairing.
    pub(crate) fn replication_number(&self, pairing: usize, id: &str) -> Option<usize> {
        self.replication(pairing, id)?;
        self.by_id.get(id).copied()
    }

    /// Adds a replication and gives its number.
    pub(crate) fn add_replication(&mut self, replication: Replication) -> usize {
        let number = self.replications.len();
        self.by_id.insert(replication.id.clone(), number);
        self.replications.push(replication);
        number
    }

    pub(crate) fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The tasks that the appliance remembers, oldest first.
    pub(crate) fn tasks(&self, now: Duration) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.is_known(now))
    }

    pub(crate) fn task(&self, id: &str, now: Duration) -> Option<&Task> {
        self.tasks.get(*self.task_by_id.get(id)?).filter(|task| task.is_known(now))
    }

    /// A task that has just been started.
    pub(crate) fn started(&self, number: usize) -> Option<&Task> {
        self.tasks.get(number)
    }

    /// Id and name of the object that a task works on.
    pub(crate) fn subject<'a>(&'a self, task: &'a Task) -> (&'a str, &'a str) {
        match &task.subject {
            Subject::Replication(number) => {
                let found = self.replications.get(*number);
                found.map_or(("", ""), |replication| (replication.id.as_str(), replication.name.as_str()))
            }
            Subject::Object { id, name } => (id, name),
        }
    }

    /// How many tasks there were, and the newest `most` of them.
    pub(crate) fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        let job = |task: &Task| task.course.job(now, &task.id, self.subject(task).0, task.operation);
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
        let rest = replication.at_rest();
        match self.newest(replication) {
            Some(task) => task.standing(now, rest, |moment| self.millis(moment)),
            None => rest,
        }
    }

    /// Why a replication could not be configured.
    pub(crate) fn trouble(&self, replication: &Replication, now: Duration) -> Option<String> {
        let newest = self.newest(replication).filter(|task| task.action == Action::Configure);
        let failed = newest.and_then(|task| match task.course.stage(now) {
            Stage::Ended(End::Failed(why)) => Some(why.to_owned()),
            Stage::Ended(end) if !end.has_effect() => Some("The task was cancelled.".to_owned()),
            _ => None,
        });
        failed.or_else(|| replication.trouble.clone())
    }

    /// Whether a task of the replication is at work.
    pub(crate) fn is_busy(&self, replication: &Replication, now: Duration) -> bool {
        self.newest(replication).is_some_and(|task| task.settled().is_none_or(|settled| now < settled))
    }

    /// Starts a task and gives its number.
    pub(crate) fn begin(&mut self, order: Order, now: Duration, scripts: &Scripts, usual: Duration) -> usize {
        let id = format!("HmsTask:HTID-{}:{}", self.ids.uuid(), self.home.local_vrms.id);
        let number = self.tasks.len();
        if let Subject::Replication(index) = order.subject
            && let Some(replication) = self.replications.get(index)
        {
            let (standing, trouble) = (self.standing(replication, now), self.trouble(replication, now));
            if let Some(replication) = self.replications.get_mut(index) {
                replication.fold(standing, trouble, number);
            }
        }
        let script = order.script.as_deref().and_then(|target| scripts.next(target));
        let behaviour = script.or(order.behaviour).unwrap_or_else(crate::script::Behaviour::success);
        let course = Course::new(now, behaviour, order.action.lasts(usual));
        let Order { operation, action, subject, change, .. } = order;
        if let Some(change) = change {
            self.pending.add(&id, change);
        }
        self.task_by_id.insert(id.clone(), number);
        self.tasks.push(Task { id, operation, action, subject, course });
        number
    }

    /// Does what tasks that have ended by now were to change.
    pub(crate) fn settle(&mut self, now: Duration) {
        let course = |id: &str| Some(&self.tasks.get(*self.task_by_id.get(id)?)?.course);
        for due in self.pending.due(now, course).into_iter().filter(|due| due.done) {
            self.change(due.change);
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Replication(number, spec) => self.reconfigure(number, spec),
            Change::NoReplication(number) => {
                if let Some(replication) = self.replications.get_mut(number) {
                    replication.gone = true;
                }
            }
            Change::Pairing(pairing, server) => {
                self.pairings.push(*pairing);
                self.servers.push(server);
            }
            Change::NoPairing(number) => {
                if let Some(pairing) = self.pairings.get_mut(number) {
                    pairing.gone = true;
                    let owner = pairing.remote_vrms.id.clone();
                    self.servers.retain(|server| server.owner != owner);
                }
            }
            Change::Server(server) => self.servers.push(server),
            Change::NoServer(uuid) => self.servers.retain(|server| server.uuid != uuid),
        }
    }

    fn reconfigure(&mut self, number: usize, spec: Box<ReconfigureReplicationSpec>) {
        if let Some(replication) = self.replications.get_mut(number) {
            replication.spec = Some(spec);
        }
    }
}
