//! Restore points, and the sessions that explore them.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::USERNAME;
use super::desk::{Answered, Desk, Refusal, other};
use super::shape::{FROM_V7, Object, V6, V8, is_true, members_of, moment, string};
use super::tables::{EXPLORE, RESTORE_POINT, RESTORE_SESSION};
use crate::message::Answer;

/// When a restore point was made.
fn made_at(point: &Object) -> Option<Timestamp> {
    moment(string(point, "backupTime"))
}

/// Whether a restore point has data of this object.
fn holds(point: &Object, id: &str) -> bool {
    let objects = point.get("objects").and_then(Value::as_array);
    objects.is_some_and(|objects| objects.iter().any(|object| object.as_str() == Some(id)))
}

impl Desk<'_> {
    pub(super) fn point_view(&self, point: &Object) -> Object {
        let mut shown = point.clone();
        let links = self.links([
            ("self", format!("RestorePoints/{}", string(point, "id"))),
            ("organization", format!("Organizations/{}", string(point, "organizationId"))),
            ("backupRepository", format!("BackupRepositories/{}", string(point, "repositoryId"))),
            ("job", format!("Jobs/{}", string(point, "jobId"))),
        ]);
        shown.insert("_links".to_owned(), links);
        shown
    }

    /// The restore points that the query wants, newest first unless it wants otherwise.
    pub(super) fn points(&self) -> Answered {
        let query = self.query();
        let ids = ["organizationId", "jobId", "repositoryId"];
        let ids = ids.into_iter().map(|name| Ok((name, query.uuid(name)?))).collect::<Result<Vec<_>, Refusal>>()?;
        let flags: &[&str] =
            if self.is(V6) { &["isLongTermCopy", "isRetrieved"] } else { &["isLongTermCopy", "isCopy", "isRetrieved"] };
        let flags = flags.iter().map(|name| Ok((*name, query.truth(name)?))).collect::<Result<Vec<_>, Refusal>>()?;
        let (from, to) = if self.is(V6) { (None, None) } else { (query.time("from")?, query.time("to")?) };
        let after = if self.is(V6) { query.time("backupTime")? } else { None };
        let objects: Vec<&str> = match self.is(V8) {
            true => ["userId", "groupId", "siteId", "teamId"].into_iter().filter_map(|name| query.text(name)).collect(),
            false => Vec::new(),
        };
        let ascending = self.is(FROM_V7) && query.truth("orderAsc")? == Some(true);
        let wanted = |point: &&Object| {
            let at = made_at(point);
            ids.iter().all(|(name, id)| !other(id.as_deref(), string(point, name)))
                && flags.iter().all(|(name, flag)| flag.is_none_or(|flag| flag == is_true(point, name)))
                && from.is_none_or(|from| at >= Some(from))
                && to.is_none_or(|to| at <= Some(to))
                && after.is_none_or(|after| at > Some(after))
                && objects.iter().all(|id| holds(point, id))
        };
        let mut points: Vec<&Object> = self.state.points.iter().filter(wanted).collect();
        points.sort_by_key(|point| made_at(point));
        if !ascending {
            points.reverse();
        }
        self.list(FROM_V7, RESTORE_POINT, points, |point| self.point_view(point))
    }

    pub(super) fn point(&self) -> Answered {
        let point = self.state.points.get(&self.id(0)).ok_or(Refusal::Unknown("restore point"))?;
        self.one(RESTORE_POINT, self.point_view(point))
    }

    /// What the portal shows to whoever is logged in; the backup administrator may restore everything.
    pub(super) fn own_points(&self) -> Answered {
        let query = self.query();
        let (item, copy) = (query.text("rbacItem"), query.truth("isCopy")?);
        let wanted = |point: &&Object| {
            item.is_none_or(|item| holds(point, item)) && copy.is_none_or(|copy| copy == is_true(point, "isCopy"))
        };
        self.list(0, RESTORE_POINT, self.state.points.iter().filter(wanted), |point| self.point_view(point))
    }

    /// Explores the newest of these restore points that is not newer than the options want.
    pub(super) fn explore(&mut self, options: &Object, wanted: impl Fn(&Object) -> bool) -> Answered {
        let until = ["dateTime", "datetime"].iter().find_map(|name| moment(string(options, name)));
        let points = self.state.points.iter().filter(|point| wanted(point));
        let points = points.filter(|point| until.is_none_or(|until| made_at(point) <= Some(until)));
        let newest = points.min_by_key(|point| Reverse(made_at(point))).ok_or(Refusal::Unknown("restore point"))?;
        let kind = match string(options, "type").to_ascii_lowercase().as_str() {
            "veod" => "Veod",
            "vesp" => "Vesp",
            "vet" => "Vet",
            _ => "Vex",
        };
        let (point, organization) = (string(newest, "id").to_owned(), string(newest, "organizationId").to_owned());
        let name = self.state.organizations.get(&organization).map_or("", |found| string(found, "name")).to_owned();
        let (id, tag, now) = (self.state.uuid(), self.state.tag(), self.now());
        let time = self.state.time(now);
        self.state.note(now, "RestoreSessionUpdate", &id, json!({"eTag": tag, "organizationId": organization}));
        let own = format!("RestoreSessions/{id}");
        let links = self.links([("self", own), ("restorePoint", format!("RestorePoints/{point}"))]);
        self.made(
            RESTORE_SESSION,
            members_of(json!({
                "id": id, "name": format!("{name} ({time})"), "organization": name, "type": kind, "creationTime": time,
                "endTime": null, "state": "Working", "result": "Success", "initiatedBy": USERNAME, "details": "",
                "scopeName": name, "clientHost": self.call.peer.to_string(), "reason": "", "eTag": tag, "_links": links,
            })),
        )
    }

    pub(super) fn explore_repository(&mut self) -> Answered {
        let id = self.id(0);
        self.state.repositories.all.get(&id).ok_or(Refusal::Unknown("backup repository"))?;
        let query = self.query();
        query.needed("organizationId")?;
        let organization = query.uuid("organizationId")?.unwrap_or_default();
        self.state.organizations.get(&organization).ok_or(Refusal::Unknown("organization"))?;
        let options = self.body(EXPLORE, true)?;
        self.explore(&options, |point| {
            string(point, "repositoryId") == id && string(point, "organizationId") == organization
        })
    }

    /// Restore points vanish with their repository.
    pub(super) fn drop_points(&mut self, repository: &str) {
        let gone = self.state.points.iter().filter(|point| string(point, "repositoryId") == repository);
        let gone: Vec<(String, Value)> = gone
            .map(|point| (string(point, "id").to_owned(), json!({"organizationId": string(point, "organizationId")})))
            .collect();
        for (id, told) in gone {
            self.state.points.remove(&id);
            self.state.note(self.now(), "RestorePointDelete", &id, told);
        }
    }

    /// Success without a body, in all versions.
    pub(super) fn gone(&self) -> Answered {
        Ok(Answer::empty(204))
    }
}
