//! Refreshes of what the server knows of an organization: users, groups, sites and teams (v7 and v8).

use std::time::Duration;

use serde_json::json;

use super::desk::{Answered, Desk, conflict};
use super::shape::{Object, members_of, string};
use super::state::{After, State};
use super::tables::{SYNC_OPTIONS, SYNC_STATE};
use crate::course::{Course, End, Stage};
use crate::script::Behaviour;

/// One refresh.
#[derive(Debug)]
pub(crate) struct Refresh {
    pub(crate) id: String,
    pub(crate) organization: String,
    full: bool,
    pub(crate) course: Course,
}

impl Refresh {
    fn kind(&self) -> &'static str {
        if self.full { "Full" } else { "Incremental" }
    }

    /// Why it has not done its work.
    fn error(&self, now: Duration) -> Option<&str> {
        match self.course.stage(now) {
            Stage::Ended(End::Failed(why)) => Some(why),
            Stage::Ended(End::Stopped | End::NoEffect) => Some("The objects of the organization were not read."),
            _ => None,
        }
    }
}

impl State {
    /// Tells of the users that a refresh has read.
    pub(super) fn refreshed(&mut self, id: &str, at: Duration) {
        let Some(organization) = self.refreshes.get(id).map(|refresh| refresh.organization.clone()) else { return };
        let users = self.users.iter().filter(|user| string(user, "organizationId") == organization);
        let users: Vec<String> = users.map(|user| string(user, "id").to_owned()).collect();
        for user in users {
            let tag = self.tag();
            self.note(at, "OrganizationUserUpdate", &user, json!({"eTag": tag, "organizationId": organization}));
        }
    }
}

impl Desk<'_> {
    pub(super) fn refresh(&mut self) -> Answered {
        let organization = self.organization()?;
        let options = self.body(SYNC_OPTIONS, true)?;
        let now = self.now();
        let running = |refresh: &Refresh| refresh.organization == organization && !refresh.course.is_over(now);
        if self.state.refreshes.iter().any(running) {
            return Err(conflict("the organization is being read already"));
        }
        let behaviour = self.scripts.next(&organization).unwrap_or_else(Behaviour::success);
        let course = Course::new(now, behaviour, self.settings.duration);
        let id = self.state.uuid();
        let full = string(&options, "type") == "Full";
        self.state.pending.add(id.clone(), After::Refresh);
        self.state.refreshes.keep(id.clone(), Refresh { id, organization, full, course });
        self.done()
    }

    fn refresh_state(&self, organization: &str) -> Object {
        let now = self.now();
        let mine = || self.state.refreshes.iter().rev().filter(|refresh| refresh.organization == organization);
        let last = mine().find(|refresh| refresh.course.is_over(now));
        let current = mine().find(|refresh| !refresh.course.is_over(now));
        let ended = |refresh: &Refresh| refresh.course.end().map(|end| self.state.time(end));
        let good = |refresh: &Refresh| if refresh.error(now).is_some() { "Error" } else { "Success" };
        let links = self.links([("organization", format!("Organizations/{organization}"))]);
        let mut shown = members_of(json!({
            "type": last.map(Refresh::kind), "status": last.map_or("None", good), "lastSyncTime": last.map(ended),
            "error": last.map(|last| last.error(now)), "organizationId": organization, "_links": links,
            "lastSyncState": last.map(|last| json!({
                "type": last.kind(), "result": good(last), "startTime": self.state.time(last.course.start()),
                "endTime": ended(last), "error": last.error(now),
            })),
        }));
        if let Some(current) = current {
            let begun = current.course.stage(now) != Stage::Waiting;
            let running = json!({
                "type": current.kind(), "scheduledTime": self.state.time(current.course.start()),
                "startTime": begun.then(|| self.state.time(current.course.begin())),
                "status": if begun { "Running" } else { "Queued" },
            });
            shown.insert("currentSyncState".to_owned(), running);
        }
        shown
    }

    pub(super) fn one_refresh_state(&self) -> Answered {
        self.one(SYNC_STATE, self.refresh_state(&self.organization()?))
    }

    pub(super) fn refresh_states(&self) -> Answered {
        let ids = self.state.organizations.iter().map(|organization| string(organization, "id"));
        self.list(0, SYNC_STATE, ids, |id| self.refresh_state(id))
    }
}
