//! Sessions of jobs: how a run goes through simulated time, what it shows of itself, and what it leaves behind.

use std::time::Duration;

use serde_json::{Value, json};

use super::jobs::Job;
use super::shape::{Object, is_true, members_of, string};
use super::state::{After, Going, State};
use crate::course::{Course, End, Stage};
use crate::ids::Ids;
use crate::script::Behaviour;

/// Bytes of one object.
const BYTES: i64 = 52_428_800;
const MINUTE: Duration = Duration::from_secs(60);

/// Something that a run backs up.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    pub(crate) id: String,
    /// `User`, `Group`, `Site` or `Team`
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

/// One run of a job.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) job: String,
    pub(crate) copy: bool,
    pub(crate) organization: String,
    pub(crate) repository: String,
    proxy: Option<String>,
    pool: Option<String>,
    full: bool,
    /// Which retry it is, and of which run.
    retry: i64,
    main: Option<String>,
    pub(crate) course: Course,
    pub(crate) things: Vec<Thing>,
    will_be_retried: bool,
    tag: i64,
}

impl Run {
    /// The operation that starts such runs.
    pub(crate) fn operation(&self) -> &'static str {
        if self.copy { "CopyJob_Start" } else { "Job_Start" }
    }

    /// `Backup` or `Copy`
    pub(crate) fn kind(&self) -> &'static str {
        if self.copy { "Copy" } else { "Backup" }
    }

    /// Whether it has begun and not ended.
    pub(crate) fn runs_at(&self, now: Duration) -> bool {
        self.course.start() <= now && !self.course.is_over(now)
    }

    /// Whether the server tells of it: retries only when they have begun.
    pub(crate) fn is_known(&self, now: Duration) -> bool {
        self.course.start() <= now && self.course.stage(now) != Stage::Ended(End::Vanished)
    }

    pub(crate) fn status(&self, now: Duration) -> &str {
        match self.course.stage(now) {
            Stage::Waiting | Stage::Running => "Running",
            Stage::Odd(word) => word,
            Stage::Ended(End::Success | End::Bare | End::Vanished) => "Success",
            Stage::Ended(End::NoEffect) => "Warning",
            Stage::Ended(End::Failed(_)) => "Failed",
            Stage::Ended(End::Stopped) => "Stopped",
        }
    }

    /// What it has done so far, with the result of each.
    pub(crate) fn processed(&self, now: Duration) -> Vec<(&Thing, &'static str)> {
        let all = self.things.len();
        let (count, last) = match self.course.stage(now) {
            Stage::Waiting | Stage::Running | Stage::Odd(_) | Stage::Ended(End::Stopped) => {
                (all * usize::from(self.course.percent(now)) / 100, "Success")
            }
            Stage::Ended(End::Failed(_)) => ((all * usize::from(self.course.percent(now)) / 100).max(1), "Failed"),
            Stage::Ended(End::NoEffect) => (all, "Warning"),
            Stage::Ended(End::Success | End::Bare | End::Vanished) => (all, "Success"),
        };
        let done = self.things.iter().take(count).enumerate();
        done.map(|(place, thing)| (thing, if place + 1 == count { last } else { "Success" })).collect()
    }

    fn details(&self, now: Duration) -> Value {
        match self.course.stage(now) {
            Stage::Ended(End::Failed(why)) => why.into(),
            Stage::Ended(End::NoEffect) => "Some objects could not be processed.".into(),
            Stage::Ended(End::Stopped) => "The job was stopped.".into(),
            _ => Value::Null,
        }
    }

    fn statistics(&self, now: Duration) -> Value {
        let count = i64::try_from(self.processed(now).len()).unwrap_or_default();
        let until = self.course.end().filter(|end| *end <= now).unwrap_or(now);
        let seconds = until.saturating_sub(self.course.start()).as_secs().max(1);
        let rate = count * BYTES / i64::try_from(seconds).unwrap_or(i64::MAX);
        let bottleneck = match (count, self.course.is_over(now)) {
            (0, false) => "Detecting",
            (0, true) => "NA",
            _ => "Source",
        };
        json!({
            "processingRateBytesPS": rate, "processingRateItemsPS": rate / 65_536, "readRateBytesPS": rate,
            "writeRateBytesPS": rate / 2, "transferredDataBytes": count * BYTES, "processedObjects": count,
            "bottleneck": bottleneck,
        })
    }

    /// Its members at a moment; `time` writes times.
    pub(crate) fn shown(&self, now: Duration, time: impl Fn(Duration) -> String) -> Object {
        let end = self.course.end().filter(|end| *end <= now);
        let mut shown = members_of(json!({
            "id": self.id, "jobId": self.job, "repositoryId": self.repository, "details": self.details(now),
            "creationTime": time(self.course.start()), "endTime": end.map(&time), "retryCount": self.retry,
            "jobWillBeRetried": self.will_be_retried && end.is_some(), "progress": self.processed(now).len(),
            "jobType": self.kind(), "jobSessionConfigType": if self.full { "Full" } else { "Incremental" },
            "status": self.status(now), "statistics": self.statistics(now), "eTag": self.tag,
            "proxyId": self.proxy, "proxyPoolId": self.pool,
        }));
        if let Some(main) = &self.main {
            shown.insert("mainSessionId".to_owned(), json!(main));
        }
        if self.course.stage(now) == Stage::Ended(End::Bare) {
            for name in ["details", "endTime", "statistics", "progress", "retryCount", "jobWillBeRetried"] {
                shown.remove(name);
            }
        }
        shown
    }

    /// Whether it tells as little as it may.
    pub(crate) fn is_bare(&self, now: Duration) -> bool {
        self.course.stage(now) == Stage::Ended(End::Bare)
    }

    /// The lines of its log at a moment, oldest first.
    pub(crate) fn log(&self, now: Duration, time: impl Fn(Duration) -> String) -> Vec<Object> {
        let start = self.course.start();
        let end = self.course.end().filter(|end| *end <= now);
        let processed = self.processed(now);
        let share = self.course.duration() / u32::try_from(self.things.len() + 1).unwrap_or(u32::MAX).max(1);
        let mut lines = vec![("Success", format!("{} job started", self.kind()), start, Some(start))];
        let mut begin = start;
        for (thing, status) in &processed {
            let kind = if *status == "Failed" { "Error" } else { *status };
            let finish = begin.saturating_add(share).min(end.unwrap_or(now));
            lines.push((kind, format!("Processed {} {}", thing.kind.to_lowercase(), thing.name), begin, Some(finish)));
            begin = finish;
        }
        let (kind, message) = match self.status(now) {
            "Success" => ("Success", "Job finished".to_owned()),
            "Warning" => ("Warning", "Job finished with warnings".to_owned()),
            "Stopped" => ("Stop", "Job was stopped".to_owned()),
            "Failed" => ("Error", format!("Job failed: {}", self.details(now).as_str().unwrap_or_default())),
            _ => match self.things.get(processed.len()) {
                Some(thing) => ("Running", format!("Processing {} {}", thing.kind.to_lowercase(), thing.name)),
                None => ("Running", "Finishing".to_owned()),
            },
        };
        lines.push((kind, message, end.unwrap_or(begin), end));
        let mut ids = Ids::new(&self.id);
        let line = |(usn, (kind, message, begin, end)): (usize, (&str, String, Duration, Option<Duration>))| {
            let mut line = members_of(json!({
                "id": ids.uuid(), "usn": usn, "type": kind, "message": message, "title": format!("[{kind}] {message}"),
                "creationTime": time(begin),
            }));
            if let Some(end) = end {
                line.insert("endTime".to_owned(), time(end).into());
            }
            line
        };
        lines.into_iter().enumerate().map(line).collect()
    }
}

/// What is known of a new restore point.
pub(crate) struct Made<'a> {
    pub(crate) id: &'a str,
    pub(crate) job: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) time: &'a str,
    pub(crate) things: &'a [Thing],
    pub(crate) copy: bool,
    /// Whether it lies on archive storage.
    pub(crate) archive: bool,
    /// Counters of changes: of the point, and of what is in it.
    pub(crate) tags: (i64, i64),
}

impl Made<'_> {
    /// The restore point; `objects` and `bytes` are for the server's own use.
    pub(crate) fn point(&self) -> Object {
        let has = |kinds: &[&str]| self.things.iter().any(|thing| kinds.contains(&thing.kind));
        let objects: Vec<&str> = self.things.iter().map(|thing| thing.id.as_str()).collect();
        let bytes = BYTES * i64::try_from(objects.len()).unwrap_or_default();
        members_of(json!({
            "id": self.id, "isDeleted": false, "repositoryId": self.repository, "backupTime": self.time,
            "jobId": self.job, "retrievalId": "00000000-0000-0000-0000-000000000000",
            "organizationId": self.organization, "isExchange": has(&["User", "Group"]), "isSharePoint": has(&["Site"]),
            "isOneDrive": has(&["User"]), "isTeams": has(&["Team"]), "isLongTermCopy": self.copy && self.archive,
            "isCopy": self.copy, "isRetrieved": false, "eTag": self.tags.0, "objectsEtag": self.tags.1,
            "immutabilityExpiresOn": null, "objects": objects, "bytes": bytes,
        }))
    }
}

impl State {
    /// Starts a run of a job and gives its id.
    pub(crate) fn begin_run(&mut self, job: &str, full: bool, now: Duration, going: Going<'_>) -> Option<String> {
        self.add_run(job, full, now, None, going)
    }

    fn add_run(
        &mut self,
        job: &str,
        full: bool,
        start: Duration,
        retry_of: Option<(String, i64)>,
        going: Going<'_>,
    ) -> Option<String> {
        let (id, tag) = (self.uuid(), self.tag());
        let found = self.jobs.get(job)?;
        let repository = found.repository().to_owned();
        let owner = self.repositories.all.get(&repository);
        let behaviour = going.scripts.next(job).unwrap_or_else(Behaviour::success);
        let is_retry = retry_of.is_some();
        let (main, retry) = retry_of.map_or((None, 0), |(main, retry)| (Some(main), retry));
        let run = Run {
            id: id.clone(),
            job: job.to_owned(),
            copy: found.copy_of.is_some(),
            organization: found.organization().to_owned(),
            proxy: owner.and_then(|owner| owner.proxy.clone()),
            pool: owner.and_then(|owner| owner.pool.clone()),
            things: self.things(found),
            repository,
            full,
            retry,
            main,
            course: Course::new(start, behaviour, going.usual),
            will_be_retried: false,
            tag,
        };
        if let Some(found) = self.jobs.get_mut(job) {
            found.runs.push(id.clone());
        }
        self.pending.add(id.clone(), After::Run);
        self.runs.keep(id.clone(), run);
        if is_retry {
            self.retries.push(id.clone());
        } else {
            self.note_run(&id, start, "Running");
            self.touch_job(job, start);
        }
        Some(id)
    }

    /// Tells of the retries that have begun by now.
    pub(super) fn begin_retries(&mut self, now: Duration) {
        let waiting = std::mem::take(&mut self.retries);
        for id in waiting {
            match self.runs.get(&id).map(|run| (run.course.start(), run.job.clone())) {
                Some((start, _)) if start > now => self.retries.push(id),
                Some((start, job)) => {
                    self.note_run(&id, start, "Running");
                    self.touch_job(&job, start);
                }
                None => {}
            }
        }
    }

    fn note_run(&mut self, id: &str, at: Duration, status: &str) {
        let told = self.runs.get(id).map(|run| {
            json!({"eTag": run.tag, "organizationId": run.organization, "jobType": run.kind(), "jobId": run.job,
                "status": status})
        });
        self.note(at, "JobSessionUpdate", id, told.unwrap_or_default());
    }

    /// Counts a change of a job.
    pub(crate) fn touch_job(&mut self, id: &str, at: Duration) {
        let tag = self.tag();
        if let Some(job) = self.jobs.get_mut(id) {
            job.members.insert("eTag".to_owned(), tag.into());
            let told = json!({"eTag": tag, "organizationId": job.organization(), "jobType": job.kind()});
            self.note(at, "JobUpdate", id, told);
        }
    }

    /// Does what the end of a run leads to.
    pub(super) fn run_ended(&mut self, id: &str, at: Duration, going: Going<'_>) {
        let tag = self.tag();
        let Some(run) = self.runs.get_mut(id) else { return };
        run.tag = tag;
        let (job, status, has_effect) = (run.job.clone(), run.status(at).to_owned(), run.course.has_effect(at));
        let (main, retry, full) = (run.main.clone().unwrap_or_else(|| id.to_owned()), run.retry + 1, run.full);
        let wait = self.jobs.get(&job).filter(|_| status == "Failed").and_then(|job| job.retry_after(retry));
        if let Some(run) = self.runs.get_mut(id) {
            run.will_be_retried = wait.is_some();
        }
        self.note_run(id, at, &status);
        if has_effect {
            self.add_point(id, at);
        }
        if has_effect && let Some(job) = self.jobs.get_mut(&job) {
            job.last_backup = Some(at);
        }
        self.touch_job(&job, at);
        if let Some(wait) = wait {
            self.add_run(&job, full, at.saturating_add(wait), Some((main, retry)), going);
        }
    }

    /// The restore point that a run has made; a copy has the time of what it copies.
    fn add_point(&mut self, run: &str, at: Duration) {
        let (id, tag, objects_tag) = (self.ids.hex(), self.tag(), self.tag());
        let Some(run) = self.runs.get(run) else { return };
        let source = self.jobs.get(&run.job).and_then(|job| job.copy_of.clone());
        let copied =
            source.map(|source| self.newest_point(&source).map(|point| string(point, "backupTime").to_owned()));
        let time = match copied {
            Some(None) => return,
            Some(Some(time)) => time,
            None => self.time(at),
        };
        let archive = self.repositories.all.get(&run.repository).is_some_and(|found| is_true(&found.own, "isLongTerm"));
        let made = Made {
            id: &id,
            job: &run.job,
            repository: &run.repository,
            organization: &run.organization,
            time: &time,
            things: &run.things,
            copy: run.copy,
            archive,
            tags: (tag, objects_tag),
        };
        let point = made.point();
        let told = json!({"eTag": tag, "organizationId": run.organization});
        self.points.keep(id.clone(), point);
        self.note(at, "RestorePointUpdate", &id, told);
        self.note(at, "RestorePointObjectsChange", &id, json!({"objectsEtag": objects_tag}));
    }

    /// The newest restore point of a job.
    pub(crate) fn newest_point(&self, job: &str) -> Option<&Object> {
        self.points.iter().rev().find(|point| string(point, "jobId") == job)
    }

    /// What a job backs up: all of its organization, or what was selected.
    pub(super) fn things(&self, job: &Job) -> Vec<Thing> {
        let source = job.copy_of.as_deref().and_then(|source| self.jobs.get(source)).unwrap_or(job);
        let everything = || self.everything(job.organization());
        let items = source.members.get("selectedItems").and_then(Value::as_array);
        match items.filter(|_| string(&source.members, "backupType") == "SelectedItems") {
            Some(items) => items.iter().filter_map(Value::as_object).flat_map(|item| thing(item, everything)).collect(),
            None => everything(),
        }
    }

    /// The users of an organization, its site and its team.
    fn everything(&self, organization: &str) -> Vec<Thing> {
        let users = self.users.iter().filter(|user| string(user, "organizationId") == organization);
        let user = |user: &Object| Thing {
            id: string(user, "id").to_owned(),
            kind: "User",
            name: string(user, "name").to_owned(),
        };
        let mut ids = Ids::new(organization);
        let mut one = |kind: &'static str, name: &str| Thing { id: ids.uuid(), kind, name: name.to_owned() };
        let (site, team) = (one("Site", "Intranet"), one("Team", "Sales"));
        users.map(user).chain([site, team]).collect()
    }
}

/// What an item of a job stands for.
fn thing(item: &Object, everything: impl Fn() -> Vec<Thing>) -> Vec<Thing> {
    let (kind, member) = match string(item, "type") {
        "Group" => ("Group", "group"),
        "Site" => ("Site", "site"),
        "Team" => ("Team", "team"),
        "User" => ("User", "user"),
        _ => return everything(),
    };
    let inner = item.get(member).and_then(Value::as_object);
    let of_inner = |name: &str| inner.map_or("", |inner| string(inner, name));
    let id = [of_inner("id"), string(item, "id")].into_iter().find(|id| !id.is_empty()).unwrap_or("unnamed");
    let names = ["displayName", "title", "name"].map(of_inner);
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or(id);
    vec![Thing { id: id.to_owned(), kind, name: name.to_owned() }]
}

/// So many minutes.
pub(crate) fn minutes(count: i64) -> Duration {
    MINUTE.saturating_mul(u32::try_from(count).unwrap_or_default())
}
