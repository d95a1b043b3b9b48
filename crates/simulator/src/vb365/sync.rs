//! Synchronizations of repositories: their sessions, and whether cache and object storage agree.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::desk::{Answered, Desk, Refusal, invalid};
use super::dialect::{self, SessionView};
use super::shape::Object;
use crate::builder::Vb365Version;
use crate::control::JobState;
use crate::course::{Course, End, Stage};
use crate::message::Call;
use crate::script::{Behaviour, Scripts};
use crate::store::Store;

/// A backup repository.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its owner, unless a pool is.
    pub(crate) proxy: Option<String>,
    pub(crate) pool: Option<String>,
    /// Id of the object storage; `None` for one on disk.
    pub(crate) object_storage: Option<String>,
    /// What was said of it in requests.
    pub(crate) own: Object,
    /// Before what its session does.
    pub(crate) out_of_sync: bool,
    /// Its newest session.
    pub(super) session: Option<usize>,
}

impl Repository {
    /// Id of the proxy or pool that owns it.
    pub(crate) fn owner(&self) -> &str {
        self.pool.as_deref().or(self.proxy.as_deref()).unwrap_or_default()
    }
}

/// A synchronization session.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    repository: String,
    course: Course,
}

/// What a session shows at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    pub(crate) state: &'a str,
    pub(crate) percent: Option<u8>,
    /// Failure text; `None` where it is left out.
    pub(crate) error: Option<&'a str>,
    pub(crate) links: bool,
}

impl Session {
    /// `None` when the server has forgotten the session.
    fn shown(&self, now: Duration) -> Option<Shown<'_>> {
        let percent = Some(self.course.percent(now));
        let shown = |state, error| Shown { state, percent, error: Some(error), links: true };
        Some(match self.course.stage(now) {
            Stage::Waiting | Stage::Running => shown("Synchronizing", ""),
            Stage::Odd(word) => shown(word, ""),
            Stage::Ended(End::Failed(reason)) => shown("Failed", reason),
            Stage::Ended(End::Bare) => Shown { state: "None", percent: None, error: None, links: false },
            Stage::Ended(End::Vanished) => return None,
            Stage::Ended(End::Success | End::NoEffect | End::Stopped) => shown("None", ""),
        })
    }

    pub(crate) fn job(&self, now: Duration) -> JobState {
        self.course.job(now, &self.id, &self.repository, "BackupRepository_StartSynchronizeAction")
    }
}

/// The repositories and their sessions.
#[derive(Debug, Default)]
pub(crate) struct Repositories {
    pub(crate) all: Store<Repository>,
    sessions: Vec<Session>,
    session_by_id: HashMap<String, usize>,
}

impl Repositories {
    pub(crate) fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Whether cache and object storage of a repository differ.
    pub(crate) fn out_of_sync(&self, repository: &Repository, now: Duration) -> bool {
        let session = repository.session.and_then(|session| self.sessions.get(session));
        repository.out_of_sync && !session.is_some_and(|session| session.course.has_effect(now))
    }

    /// The course of the synchronization that runs.
    pub(crate) fn running(&self, repository: &Repository, now: Duration) -> Option<&Course> {
        let course = &self.sessions.get(repository.session?)?.course;
        (!course.is_over(now)).then_some(course)
    }

    /// Asks the synchronization of a repository to stop at a moment.
    pub(crate) fn stop_of(&mut self, id: &str, at: Duration) {
        let session = self.all.get(id).and_then(|repository| repository.session);
        if let Some(session) = session.and_then(|session| self.sessions.get_mut(session)) {
            session.course.stop(at);
        }
    }

    /// Starts a synchronization, or finds the one that runs; `None` without such a repository.
    fn start(&mut self, id: &str, now: Duration, scripts: &Scripts, usual: Duration, new: String) -> Option<&Session> {
        let repository = self.all.get(id)?;
        if self.running(repository, now).is_some() {
            return self.sessions.get(repository.session?);
        }
        let out_of_sync = self.out_of_sync(repository, now);
        // There is nothing to do for a repository in sync, so its session is over at once.
        let usual = if out_of_sync { usual } else { Duration::ZERO };
        let behaviour = scripts.next(id).unwrap_or_else(Behaviour::success);
        let number = self.sessions.len();
        let course = Course::new(now, behaviour, usual);
        self.sessions.push(Session { id: new.clone(), repository: id.to_owned(), course });
        self.session_by_id.insert(new, number);
        if let Some(repository) = self.all.get_mut(id) {
            repository.out_of_sync = out_of_sync;
            repository.session = Some(number);
        }
        self.sessions.get(number)
    }

    fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.get(*self.session_by_id.get(id)?)
    }

    /// Stops a session; `false` without such a session.
    fn stop(&mut self, id: &str, now: Duration) -> bool {
        let index = self.session_by_id.get(id).copied();
        let session =
            index.and_then(|index| self.sessions.get_mut(index)).filter(|session| session.shown(now).is_some());
        session.map(|session| session.course.stop(now)).is_some()
    }
}

impl Desk<'_> {
    /// Starts the synchronization of a repository.
    pub(crate) fn synchronize(&mut self) -> Answered {
        let id = self.id(0);
        let repository = self.state.repositories.all.get(&id).ok_or(Refusal::Unknown("backup repository"))?;
        self.action("sync", "{\"sync\": null}")?;
        if repository.object_storage.is_none() {
            return Err(invalid("the repository has no object storage to be synchronized with"));
        }
        self.state.owner_works(repository)?;
        self.state.not_moving(&id, self.now())?;
        let (now, root, new) = (self.now(), self.root(), self.state.sync_id());
        let session = self.state.repositories.start(&id, now, self.scripts, self.settings.duration, new);
        let view = session.and_then(|session| view(session, now, true)).ok_or(Refusal::Unknown("session"))?;
        Ok(dialect::session(self.version, &root, &view))
    }

    pub(crate) fn sync_sessions(&self) -> Answered {
        let sessions = self.state.repositories.sessions();
        let views: Vec<SessionView<'_>> =
            sessions.iter().filter_map(|session| view(session, self.now(), true)).collect();
        Ok(dialect::sessions(self.version, &self.root(), &views))
    }

    pub(crate) fn sync_session(&self) -> Answered {
        // The v5 page of this call shows no id.
        let with_id = self.version != Vb365Version::V5;
        let session = self.state.repositories.session(&self.id(0));
        let view = session.and_then(|session| view(session, self.now(), with_id));
        Ok(dialect::session(self.version, &self.root(), &view.ok_or(Refusal::Unknown("session"))?))
    }

    pub(crate) fn stop_sync(&mut self) -> Answered {
        self.action("stop", "{\"stop\": {}}")?;
        let (id, now) = (self.id(0), self.now());
        if self.state.repositories.stop(&id, now) { self.done() } else { Err(Refusal::Unknown("session")) }
    }

    /// Refuses a v5 call whose body is not the action that it needs.
    fn action(&self, action: &str, example: &str) -> Result<(), Refusal> {
        if self.version != Vb365Version::V5 || is_action(self.call, action) {
            return Ok(());
        }
        Err(match self.call.has_type("application/json") {
            true => invalid(format!("the body has to be an action: {example}")),
            false => Refusal::Media,
        })
    }
}

fn view(session: &Session, now: Duration, with_id: bool) -> Option<SessionView<'_>> {
    Some(SessionView {
        id: with_id.then_some(&session.id),
        own_id: &session.id,
        repository: &session.repository,
        shown: session.shown(now)?,
    })
}

/// Whether the body is `{"<action>": null}` or `{"<action>": {}}`.
fn is_action(call: &Call, action: &str) -> bool {
    let body: Result<Map<String, Value>, String> = call.json();
    call.has_type("application/json")
        && body.is_ok_and(|body| body.len() == 1 && matches!(body.get(action), Some(Value::Null | Value::Object(_))))
}
