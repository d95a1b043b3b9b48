//! Repositories on their way to another proxy or pool (v8).

use std::time::Duration;

use serde_json::json;

use super::desk::{Answered, Desk, Refusal, conflict, invalid};
use super::runs::minutes;
use super::shape::{ALL, Object, members_of, string};
use super::state::{After, State};
use super::tables::OWNER_CHANGE;
use crate::course::{Course, End, Stage};
use crate::message::Answer;
use crate::script::Behaviour;

/// One change of an owner.
#[derive(Debug)]
pub(crate) struct Move {
    pub(crate) id: String,
    pub(crate) repositories: Vec<String>,
    /// It begins when what runs on the repositories has ended.
    pub(crate) course: Course,
    asked: Duration,
    from: String,
    /// A proxy, or else a pool.
    to: String,
    to_pool: bool,
    wait: u32,
    force: bool,
    force_wait: u32,
}

impl Move {
    fn status(&self, now: Duration) -> &str {
        match self.course.stage(now) {
            Stage::Waiting => "Waiting",
            Stage::Running => "Running",
            Stage::Odd(word) => word,
            Stage::Ended(end) if end.has_effect() => "Succeeded",
            Stage::Ended(_) => "Failed",
        }
    }

    fn details(&self, now: Duration) -> Option<&str> {
        match self.course.stage(now) {
            Stage::Ended(End::Failed(why)) => Some(why),
            Stage::Ended(End::Stopped) => Some("The change was stopped."),
            Stage::Ended(End::NoEffect) => Some("The owner has not changed."),
            _ => None,
        }
    }
}

/// Minutes as the answers write them: days, hours, minutes, seconds.
fn span(minutes: u32) -> String {
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    if days > 0 { format!("{days}.{hours:02}:{minutes:02}:00") } else { format!("{hours:02}:{minutes:02}:00") }
}

impl State {
    /// Gives repositories to their new owner.
    pub(super) fn moved(&mut self, id: &str) {
        let Some(moved) = self.moves.get(id) else { return };
        let owner = Some(moved.to.clone());
        let (proxy, pool) = if moved.to_pool { (None, owner) } else { (owner, None) };
        for repository in &moved.repositories {
            if let Some(repository) = self.repositories.all.get_mut(repository) {
                (repository.proxy, repository.pool) = (proxy.clone(), pool.clone());
            }
        }
    }

    /// A repository and, where they are wanted, those that copy jobs tie to it.
    fn related(&self, id: &str, with_related: bool) -> Vec<String> {
        let mut found = vec![id.to_owned()];
        let mut known = 0;
        while let Some(next) = found.get(known).cloned().filter(|_| with_related || known == 0) {
            known += 1;
            for copy in self.jobs.iter().filter(|_| with_related) {
                let source = copy.copy_of.as_deref().and_then(|source| self.jobs.get(source));
                let Some(source) = source else { continue };
                for (one, linked) in [(source, copy), (copy, source)] {
                    if one.repository() == next && !found.iter().any(|id| id == linked.repository()) {
                        found.push(linked.repository().to_owned());
                    }
                }
            }
        }
        found
    }
}

impl Desk<'_> {
    pub(super) fn change_owner(&mut self) -> Answered {
        let (id, now) = (self.id(0), self.now());
        let repository = self.state.repositories.all.get(&id).ok_or(Refusal::Unknown("backup repository"))?;
        let from = repository.owner().to_owned();
        let query = self.query();
        let (to, to_pool) = match (query.uuid("proxyId")?, query.uuid("poolId")?) {
            (Some(proxy), None) => (proxy, false),
            (None, Some(pool)) => (pool, true),
            _ => return Err(invalid("exactly one of proxyId and poolId has to be given")),
        };
        self.check_owner(&to, to_pool)?;
        if to == from {
            return Err(conflict("it is the owner already"));
        }
        let repositories = self.state.related(&id, query.truth("includeAllRelatedRepositories")? == Some(true));
        repositories.iter().try_for_each(|id| self.state.not_moving(id, now))?;
        let wait = query.whole("waitForSessionsTimeout", 60)?;
        let force = query.truth("forceStopSessions")? == Some(true);
        let force_wait = query.whole("forceStopSessionsTimeout", 10)?;
        let (begin, in_time) = self.wait_for(&repositories, wait, force, force_wait);
        let behaviour = self.scripts.next(&id).unwrap_or_else(Behaviour::success);
        let behaviour = match in_time {
            true => behaviour,
            false => Behaviour::fail("Sessions of the repository are still running.").lasting(Duration::ZERO),
        };
        let course = Course::new(begin, behaviour, self.settings.duration);
        let new = self.state.uuid();
        let moved =
            Move { id: new.clone(), repositories, course, asked: now, from, to, to_pool, wait, force, force_wait };
        let shown = self.move_view(&moved);
        self.state.pending.add(new.clone(), After::Move);
        self.state.moves.keep(new, moved);
        self.one(OWNER_CHANGE, shown)
    }

    /// When nothing runs on the repositories any more, and whether that is in time. What does not end by itself is
    /// stopped if it has to be.
    fn wait_for(&mut self, repositories: &[String], wait: u32, force: bool, force_wait: u32) -> (Duration, bool) {
        let now = self.now();
        let latest = now.saturating_add(minutes(wait.into()));
        let ends = |desk: &Self| {
            let busy = repositories.iter().filter_map(|id| desk.state.busy_until(id, now));
            busy.map(|end| end.unwrap_or(Duration::MAX)).max().unwrap_or(now)
        };
        let end = ends(self);
        if end <= latest || !force {
            return (end.min(latest), end <= latest);
        }
        for id in repositories {
            self.state.repositories.stop_of(id, latest);
            let runs = self.state.runs.iter_mut().filter(|run| run.repository == *id && run.runs_at(now));
            runs.for_each(|run| run.course.stop(latest));
        }
        let (end, latest) = (ends(self), latest.saturating_add(minutes(force_wait.into())));
        (end.min(latest), end <= latest)
    }

    fn move_view(&self, moved: &Move) -> Object {
        let now = self.now();
        let end = moved.course.end().filter(|end| *end <= now);
        members_of(json!({
            "id": moved.id, "status": moved.status(now), "startTime": self.state.time(moved.asked),
            "endTime": end.map(|end| self.state.time(end)), "details": moved.details(now),
            "waitForSessionsTimeout": span(moved.wait), "forceStopSessions": moved.force,
            "forceStopSessionsTimeout": span(moved.force_wait), "fromOwnerId": moved.from, "toOwnerId": moved.to,
            "repositoryIds": moved.repositories,
        }))
    }

    pub(super) fn moves(&self) -> Answered {
        self.list(ALL, OWNER_CHANGE, self.state.moves.iter().rev(), |moved| self.move_view(moved))
    }

    pub(super) fn one_move(&self) -> Answered {
        let moved = self.state.moves.get(&self.id(0)).ok_or(Refusal::Unknown("session"))?;
        self.one(OWNER_CHANGE, self.move_view(moved))
    }

    pub(super) fn stop_move(&mut self) -> Answered {
        let (id, now) = (self.id(0), self.now());
        let moved = self.state.moves.get_mut(&id).ok_or(Refusal::Unknown("session"))?;
        moved.course.stop(now);
        Ok(Answer::empty(204))
    }

    /// Whether a proxy or a pool can own repositories.
    pub(super) fn check_owner(&self, id: &str, is_pool: bool) -> Result<(), Refusal> {
        if is_pool {
            return self.state.pools.get(id).map(|_| ()).ok_or(Refusal::Unknown("proxy pool"));
        }
        let proxy = self.state.proxies.get(id).ok_or(Refusal::Unknown("backup proxy"))?;
        if string(proxy, "proxyPoolId").is_empty() {
            Ok(())
        } else {
            Err(conflict("the proxy belongs to a pool, which has to be the owner"))
        }
    }
}
