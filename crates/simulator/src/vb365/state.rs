//! Everything that one VB365 server keeps, and what becomes of it in the course of time.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Refusal, conflict};
use super::events::Events;
use super::jobs::Job;
use super::owners::Move;
use super::refresh::Refresh;
use super::runs::Run;
use super::shape::{Object, members_of, string};
use super::sync::{Repositories, Repository};
use crate::clock::SimClock;
use crate::control::JobState;
use crate::course::Course;
use crate::ids::Ids;
use crate::script::Scripts;
use crate::store::{Pending, Store};

/// What is to happen when a course has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    Run,
    Move,
    Refresh,
}

/// How courses go that no call says more about.
#[derive(Clone, Copy)]
pub(crate) struct Going<'a> {
    pub(crate) scripts: &'a Scripts,
    /// How long they take.
    pub(crate) usual: Duration,
}

/// Everything that one server knows.
pub(crate) struct State {
    clock: Arc<SimClock>,
    /// The ids of synchronizations do not depend on what else there is.
    pub(super) sync_ids: Ids,
    pub(super) ids: Ids,
    tag: i64,
    pub(crate) repositories: Repositories,
    /// Object storage without a repository; the others belong to theirs.
    pub(crate) storages: Store<Object>,
    pub(crate) proxies: Store<Object>,
    pub(crate) pools: Store<Object>,
    pub(crate) organizations: Store<Object>,
    pub(crate) refreshes: Store<Refresh>,
    pub(crate) jobs: Store<Job>,
    pub(crate) runs: Store<Run>,
    pub(crate) points: Store<Object>,
    pub(crate) moves: Store<Move>,
    pub(crate) users: Store<Object>,
    pub(crate) license: Object,
    pub(crate) auto_update: Object,
    pub(crate) management: Object,
    pub(crate) updates: Object,
    pub(crate) installation: String,
    pub(crate) events: Events,
    pub(crate) pending: Pending<After>,
    /// Retries that have not begun.
    pub(crate) retries: Vec<String>,
}

impl State {
    /// A server on which there is nothing yet.
    pub(super) fn bare(name: &str, clock: Arc<SimClock>) -> Self {
        let mut ids = Ids::new(&format!("{name}/store"));
        Self {
            clock,
            sync_ids: Ids::new(name),
            installation: ids.uuid(),
            ids,
            tag: 1,
            repositories: Repositories::default(),
            storages: Store::default(),
            proxies: Store::default(),
            pools: Store::default(),
            organizations: Store::default(),
            refreshes: Store::default(),
            jobs: Store::default(),
            runs: Store::default(),
            points: Store::default(),
            moves: Store::default(),
            users: Store::default(),
            license: Object::new(),
            auto_update: members_of(json!({"isEnabled": true})),
            management: members_of(json!({"isManaged": false, "managerId": null, "companyName": ""})),
            updates: members_of(json!({
                "enableCheckForUpdates": true,
                "updateSettings": {"sendEmailOnAvailableUpdates": false, "installUpdatesAutomatically": false},
            })),
            events: Events::default(),
            pending: Pending::default(),
            retries: Vec::new(),
        }
    }

    pub(crate) fn uuid(&mut self) -> String {
        self.ids.uuid()
    }

    pub(crate) fn sync_id(&mut self) -> String {
        self.sync_ids.uuid()
    }

    /// The next value of the server's counter of changes.
    pub(crate) fn tag(&mut self) -> i64 {
        self.tag += 1;
        self.tag
    }

    /// The time of day at a moment.
    pub(crate) fn at(&self, moment: Duration) -> Timestamp {
        self.clock.at(moment)
    }

    /// The same as answers write it.
    pub(crate) fn time(&self, moment: Duration) -> String {
        written(self.at(moment))
    }

    /// The time of day so many hours before the clock began.
    pub(super) fn before(&self, hours: i64) -> String {
        let past = Duration::from_secs(3600 * hours.unsigned_abs());
        written(self.clock.epoch().saturating_sub(past).unwrap_or(Timestamp::MIN))
    }

    /// Puts down that something has changed.
    pub(crate) fn note(&mut self, at: Duration, kind: &str, id: &str, members: Value) {
        let mut event = members_of(members);
        event.insert("eventType".to_owned(), kind.into());
        event.insert("id".to_owned(), id.into());
        self.events.add(at, event);
    }

    /// Does what courses that have ended by now have led to, in the order of their ends.
    pub(crate) fn settle(&mut self, now: Duration, going: Going<'_>) {
        loop {
            self.begin_retries(now);
            let (runs, moves, refreshes) = (&self.runs, &self.moves, &self.refreshes);
            let course = |id: &str| -> Option<&Course> {
                let run = runs.get(id).map(|run| &run.course);
                let moved = || moves.get(id).map(|moved| &moved.course);
                run.or_else(moved).or_else(|| refreshes.get(id).map(|refresh| &refresh.course))
            };
            let due = self.pending.due(now, course);
            if due.is_empty() {
                return;
            }
            for due in due {
                match due.change {
                    After::Run => self.run_ended(&due.task, due.at, going),
                    After::Move if due.done => self.moved(&due.task),
                    After::Refresh if due.done => self.refreshed(&due.task, due.at),
                    After::Move | After::Refresh => {}
                }
            }
        }
    }

    /// Whether the owner of a repository can work for it.
    pub(crate) fn owner_works(&self, repository: &Repository) -> Result<(), Refusal> {
        let works = |proxy: &Object| string(proxy, "status") == "Online" && !super::proxies::is_in_maintenance(proxy);
        if let Some(pool) = &repository.pool {
            let mut proxies = self.proxies.iter().filter(|proxy| string(proxy, "proxyPoolId") == pool);
            return if proxies.any(works) { Ok(()) } else { Err(Refusal::Offline) };
        }
        let proxy = repository.proxy.as_deref().and_then(|proxy| self.proxies.get(proxy)).ok_or(Refusal::Offline)?;
        if string(proxy, "status") != "Online" {
            return Err(Refusal::Offline);
        }
        if works(proxy) { Ok(()) } else { Err(conflict("the backup proxy is in maintenance mode")) }
    }

    /// Refuses what needs a repository that is on its way to another owner.
    pub(crate) fn not_moving(&self, repository: &str, now: Duration) -> Result<(), Refusal> {
        let moving = |moved: &&Move| !moved.course.is_over(now) && moved.repositories.iter().any(|id| id == repository);
        match self.moves.iter().find(moving) {
            Some(_) => Err(conflict("the owner of the repository is being changed")),
            None => Ok(()),
        }
    }

    /// When the last of what runs on a repository ends: `None` when nothing runs, `Some(None)` when it never ends.
    pub(crate) fn busy_until(&self, repository: &str, now: Duration) -> Option<Option<Duration>> {
        let sync = self.repositories.all.get(repository).and_then(|found| self.repositories.running(found, now));
        let runs = self.runs.iter().filter(|run| run.repository == repository && run.runs_at(now));
        let ends: Vec<Option<Duration>> =
            sync.into_iter().chain(runs.map(|run| &run.course)).map(Course::end).collect();
        if ends.is_empty() {
            None
        } else {
            Some(ends.into_iter().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max()))
        }
    }

    /// How many synchronizations and other jobs there were, and the newest `most` of them.
    pub(crate) fn work(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        let sessions = self.repositories.sessions();
        let mut newest: Vec<JobState> = sessions.iter().rev().take(most).map(|session| session.job(now)).collect();
        let begun = || self.runs.iter().rev().filter(|run| run.course.start() <= now);
        newest.extend(begun().take(most).map(|run| run.course.job(now, &run.id, &run.job, run.operation())));
        newest.extend(self.moves.iter().rev().take(most).map(|moved| {
            let repository = moved.repositories.first().map_or("", String::as_str);
            moved.course.job(now, &moved.id, repository, "BackupRepository_ChangeOwner")
        }));
        newest.extend(
            self.refreshes
                .iter()
                .rev()
                .take(most)
                .map(|refresh| refresh.course.job(now, &refresh.id, &refresh.organization, "OrganizationSync_Start")),
        );
        newest.sort_by(|one, other| other.started_seconds.total_cmp(&one.started_seconds));
        newest.truncate(most);
        (sessions.len() + begun().count() + self.moves.len() + self.refreshes.len(), newest)
    }
}

/// A moment as answers write it.
pub(crate) fn written(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
