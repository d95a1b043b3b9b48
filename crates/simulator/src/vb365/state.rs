//! Repositories and synchronization sessions of one VB365 server.

use std::collections::HashMap;
use std::time::Duration;

use crate::control::JobState;
use crate::course::{Course, End, Stage};
use crate::ids::Ids;
use crate::script::{Behaviour, Scripts};
use crate::settings::{Settings, Words};

const WORDS: Words = Words {
    usual: &[("Archive to S3", true), ("Mail cache", false), ("Sites on Azure", true)],
    ready: "repository",
    other: "in-sync",
};

/// A backup repository.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) proxy: String,
    pub(crate) object_storage: String,
    /// Before what its session does.
    out_of_sync: bool,
    /// Its newest session.
    session: Option<usize>,
}

/// A synchronization session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) repository: String,
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
    pub(crate) fn shown(&self, now: Duration) -> Option<Shown<'_>> {
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
}

/// Everything that one server knows.
#[derive(Debug)]
pub(crate) struct State {
    ids: Ids,
    repositories: Vec<Repository>,
    by_id: HashMap<String, usize>,
    sessions: Vec<Session>,
    session_by_id: HashMap<String, usize>,
}

impl State {
    /// The repositories that the settings want.
    pub(crate) fn new(name: &str, settings: &Settings) -> Self {
        let mut ids = Ids::new(name);
        let proxy = ids.uuid();
        let repositories: Vec<Repository> = settings
            .names(&WORDS, |number| format!("Repository {number:05}"))
            .into_iter()
            .map(|(name, out_of_sync)| Repository {
                id: ids.uuid(),
                name,
                proxy: proxy.clone(),
                object_storage: ids.uuid(),
                out_of_sync,
                session: None,
            })
            .collect();
        let by_id = repositories.iter().enumerate().map(|(index, repository)| (repository.id.clone(), index)).collect();
        Self { ids, repositories, by_id, sessions: Vec::new(), session_by_id: HashMap::new() }
    }

    pub(crate) fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// A repository by its id in whatever case.
    pub(crate) fn repository(&self, id: &str) -> Option<&Repository> {
        self.repositories.get(*self.by_id.get(&id.to_ascii_lowercase())?)
    }

    /// Whether cache and object storage of a repository differ.
    pub(crate) fn out_of_sync(&self, repository: &Repository, now: Duration) -> bool {
        let session = repository.session.and_then(|session| self.sessions.get(session));
        repository.out_of_sync && !session.is_some_and(|session| session.course.has_effect(now))
    }

    /// Starts a synchronization, or finds the one that runs; `None` without such a repository.
    pub(crate) fn start(&mut self, id: &str, now: Duration, scripts: &Scripts, usual: Duration) -> Option<&Session> {
        let index = *self.by_id.get(&id.to_ascii_lowercase())?;
        let repository = self.repositories.get(index)?;
        let running = repository
            .session
            .filter(|session| self.sessions.get(*session).is_some_and(|session| !session.course.is_over(now)));
        if let Some(running) = running {
            return self.sessions.get(running);
        }
        let out_of_sync = self.out_of_sync(repository, now);
        // There is nothing to do for a repository in sync, so its session is over at once.
        let usual = if out_of_sync { usual } else { Duration::ZERO };
        let behaviour = scripts.next(&repository.id).unwrap_or_else(Behaviour::success);
        let id = self.ids.uuid();
        let session =
            Session { id: id.clone(), repository: repository.id.clone(), course: Course::new(now, behaviour, usual) };
        let number = self.sessions.len();
        self.sessions.push(session);
        self.session_by_id.insert(id, number);
        if let Some(repository) = self.repositories.get_mut(index) {
            repository.out_of_sync = out_of_sync;
            repository.session = Some(number);
        }
        self.sessions.get(number)
    }

    pub(crate) fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// How many sessions there were, and the newest `most` of them.
    pub(crate) fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        let operation = "BackupRepository_StartSynchronizeAction";
        let job = |session: &Session| session.course.job(now, &session.id, &session.repository, operation);
        (self.sessions.len(), self.sessions.iter().rev().take(most).map(job).collect())
    }

    pub(crate) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.get(*self.session_by_id.get(&id.to_ascii_lowercase())?)
    }

    /// Stops a session; `false` without such a session.
    pub(crate) fn stop(&mut self, id: &str, now: Duration) -> bool {
        let index = self.session_by_id.get(&id.to_ascii_lowercase()).copied();
        let session =
            index.and_then(|index| self.sessions.get_mut(index)).filter(|session| session.shown(now).is_some());
        session.map(|session| session.course.stop(now)).is_some()
    }
}
