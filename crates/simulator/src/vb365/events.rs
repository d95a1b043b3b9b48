//! What has changed, for clients that follow: the event feed of v8 and the changes of restore points of v7.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};

use super::desk::{Answered, Desk, Refusal, invalid};
use super::shape::{Object, moment, string, tell};
use super::tables::{EVENT, RESTORE_POINT};
use crate::message::Answer;

/// So long an event is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// So many are remembered.
const MOST: usize = 10_000;
/// Longest wait that may be asked for.
const LONGEST_WAIT: u32 = 3600;

#[derive(Debug)]
struct Event {
    number: u64,
    at: Duration,
    told: Object,
}

/// What has changed, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Events {
    all: VecDeque<Event>,
    last: u64,
    /// Number of the newest event that is forgotten.
    forgotten: u64,
}

impl Events {
    pub(crate) fn add(&mut self, at: Duration, told: Object) {
        self.last += 1;
        self.all.push_back(Event { number: self.last, at, told });
    }

    /// Forgets what is too old.
    pub(crate) fn forget(&mut self, now: Duration) {
        let old = |event: &Event| event.at.saturating_add(REMEMBERED) < now;
        while self.all.front().is_some_and(old) || self.all.len() > MOST {
            self.forgotten = self.all.pop_front().map_or(self.forgotten, |event| event.number);
        }
    }

    /// The events after a token.
    fn after(&self, token: u64) -> Result<impl Iterator<Item = &Event>, Refusal> {
        if token > self.last {
            return Err(invalid("the change token was never given"));
        }
        if token < self.forgotten {
            return Err(Refusal::OutdatedToken);
        }
        Ok(self.all.iter().filter(move |event| event.number > token))
    }
}

fn token(number: u64) -> String {
    format!("{number:016x}")
}

impl Desk<'_> {
    pub(crate) fn changes(&self) -> Answered {
        let (events, next) = self.changed(|_| true)?;
        let rows = events.iter().map(|event| tell(EVENT, self.version, (*event).clone())).collect();
        self.feed(rows, next)
    }

    /// The restore points that have changed, as they are now; each once.
    pub(crate) fn changed_points(&self) -> Answered {
        let (events, next) = self.changed(|event| string(event, "eventType") == "RestorePointUpdate")?;
        let mut ids: Vec<&str> = Vec::new();
        for event in &events {
            let id = string(event, "id");
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let points = ids.into_iter().filter_map(|id| self.state.points.get(id));
        let rows = points.map(|point| tell(RESTORE_POINT, self.version, self.point_view(point))).collect();
        self.feed(rows, next)
    }

    /// Events after the token of the query, at most a page of them, and the number to go on from. With
    /// `timeoutSeconds` a server may wait for the first one; this one has nothing to wait for, because time stands still
    /// while it answers.
    fn changed(&self, wanted: impl Fn(&Object) -> bool) -> Result<(Vec<&Object>, u64), Refusal> {
        let query = self.query();
        if query.whole("timeoutSeconds", 0)? > LONGEST_WAIT {
            return Err(invalid(format!("timeoutSeconds may be {LONGEST_WAIT} at most")));
        }
        let events = &self.state.events;
        let from = self.from(query.needed("from")?)?;
        let limit = self.page()?.limit;
        let mut found = Vec::new();
        for event in events.after(from)?.filter(|event| wanted(&event.told)) {
            if found.len() == limit {
                return Ok((found, event.number - 1));
            }
            found.push(&event.told);
        }
        Ok((found, events.last))
    }

    /// The number that a token stands for. A time stands for all that has happened since; that is where a client begins
    /// that has no token yet.
    fn from(&self, text: &str) -> Result<u64, Refusal> {
        if let Some(since) = moment(&text.replace(' ', "+")) {
            let events = &self.state.events;
            let first = events.all.iter().find(|event| self.state.at(event.at) >= since);
            return Ok(first.map_or(events.last, |event| event.number - 1));
        }
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
        number.ok_or_else(|| invalid("the parameter from has to be a change token or a time"))
    }

    fn feed(&self, rows: Vec<Object>, next: u64) -> Answered {
        let (limit, next) = (self.page()?.limit, token(next));
        let path = self.call.path.trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest);
        let links = self.links([("next", format!("{path}?from={next}&limit={limit}"))]);
        let body: Value = json!({"nextChangeToken": next, "limit": limit, "results": rows, "_links": links});
        Ok(Answer::json(200, &body))
    }
}
