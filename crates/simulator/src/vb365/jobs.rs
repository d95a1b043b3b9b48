//! Backup jobs and the jobs that copy what they make.

use std::time::Duration;

use serde_json::{Value, json};

use super::desk::{Answered, Desk, Refusal, conflict, invalid, other};
use super::runs::minutes;
use super::shape::{Object, V6, V8, amend, is_true, read, string};
use super::state::Going;
use super::tables::{COPY_JOB, EXPLORE, JOB, JOB_SESSION, START_OPTIONS};
use crate::builder::Vb365Version;
use crate::message::Answer;

/// A job.
#[derive(Debug, Default)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) members: Object,
    /// The backup job that a copy job copies.
    pub(crate) copy_of: Option<String>,
    /// Its runs, oldest first.
    pub(crate) runs: Vec<String>,
    pub(crate) last_backup: Option<Duration>,
}

impl Job {
    pub(crate) fn organization(&self) -> &str {
        string(&self.members, "organizationId")
    }

    pub(crate) fn repository(&self) -> &str {
        string(&self.members, "repositoryId")
    }

    pub(crate) fn name(&self) -> &str {
        string(&self.members, "name")
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.copy_of.is_some() { "Copy" } else { "Backup" }
    }

    /// How long after a failure the retry with this number begins, if there is one.
    pub(crate) fn retry_after(&self, retry: i64) -> Option<Duration> {
        let policy = self.members.get("schedulePolicy")?.as_object()?;
        let whole = |name: &str, usual: i64| policy.get(name).and_then(Value::as_i64).unwrap_or(usual);
        let retried = is_true(policy, "retryEnabled") && retry <= whole("retryNumber", 3);
        retried.then(|| minutes(whole("retryWaitInterval", 10)))
    }
}

impl Desk<'_> {
    /// The job of the path, of one kind.
    fn job(&self, copy: bool) -> Result<&Job, Refusal> {
        let found = self.state.jobs.get(&self.id(0)).filter(|job| job.copy_of.is_some() == copy);
        found.ok_or(Refusal::Unknown(if copy { "copy job" } else { "backup job" }))
    }

    fn job_view(&self, job: &Job) -> Object {
        let now = self.now();
        let mut shown = job.members.clone();
        let runs = job.runs.iter().rev().filter_map(|run| self.state.runs.get(run));
        let newest = runs.into_iter().find(|run| run.course.start() <= now);
        let last_backup = job.last_backup.map(|at| self.state.time(at));
        let before = job.members.get("lastBackup").and_then(Value::as_str).map(str::to_owned);
        shown.insert("id".to_owned(), job.id.clone().into());
        shown.insert(
            "lastRun".to_owned(),
            match newest {
                Some(run) => self.state.time(run.course.start()).into(),
                None => json!(before),
            },
        );
        shown.insert("lastBackup".to_owned(), json!(last_backup.or(before)));
        let usual = if job.members.contains_key("lastBackup") { "Success" } else { "Stopped" };
        shown.insert("lastStatus".to_owned(), newest.map_or(usual, |run| run.status(now)).into());
        shown.insert("nextRun".to_owned(), Value::Null);
        shown.insert("runNow".to_owned(), false.into());
        shown.insert("_links".to_owned(), self.links_of_job(job));
        shown
    }

    fn links_of_job(&self, job: &Job) -> Value {
        let (organization, repository) = (job.organization(), job.repository());
        let own = if job.copy_of.is_some() { format!("CopyJobs/{}", job.id) } else { format!("Jobs/{}", job.id) };
        let runs = match self.version {
            Vb365Version::V5 | Vb365Version::V6 => format!("Jobs/{}/JobSessions", job.id),
            _ => format!("JobSessions?jobId={}", job.id),
        };
        let mut links = self.links([
            ("self", own),
            ("organization", format!("Organizations/{organization}")),
            ("backupRepository", format!("BackupRepositories/{repository}")),
            ("jobSessions", runs),
        ]);
        if let Some(source) = &job.copy_of {
            links["backupJob"] = self.links([("job", format!("Jobs/{source}"))])["job"].take();
        }
        links
    }

    /// The jobs of one kind that the query wants.
    fn jobs_of(&self, copy: bool, organization: Option<&str>) -> Result<impl Iterator<Item = &Job>, Refusal> {
        let query = self.query();
        let of_v8 = self.is(V8);
        let asked = if of_v8 { query.uuid("organizationId")? } else { None };
        let organization = organization.map(str::to_owned).or(asked);
        let repository = if of_v8 || copy { query.uuid("repositoryId")? } else { None };
        Ok(self.state.jobs.iter().filter(move |job| {
            job.copy_of.is_some() == copy
                && !other(organization.as_deref(), job.organization())
                && !other(repository.as_deref(), job.repository())
        }))
    }

    pub(super) fn jobs(&self) -> Answered {
        self.list(V8, JOB, self.jobs_of(false, None)?, |job| self.job_view(job))
    }

    pub(super) fn jobs_of_organization(&self) -> Answered {
        let id = self.organization()?;
        self.list(0, JOB, self.jobs_of(false, Some(&id))?, |job| self.job_view(job))
    }

    pub(super) fn one_job(&self) -> Answered {
        self.one(JOB, self.job_view(self.job(false)?))
    }

    pub(super) fn copies(&self) -> Answered {
        self.list(V8, COPY_JOB, self.jobs_of(true, None)?, |job| self.job_view(job))
    }

    pub(super) fn one_copy(&self) -> Answered {
        self.one(COPY_JOB, self.copy_view(self.job(true)?))
    }

    pub(super) fn copy_of_job(&self) -> Answered {
        let source = &self.job(false)?.id;
        let copy = self.state.jobs.iter().find(|job| job.copy_of.as_ref() == Some(source));
        self.one(COPY_JOB, self.copy_view(copy.ok_or(Refusal::Unknown("copy job"))?))
    }

    fn copy_view(&self, job: &Job) -> Object {
        let mut shown = self.job_view(job);
        shown.insert("backupJobId".to_owned(), json!(job.copy_of));
        shown
    }

    /// Checks what a job refers to and what it needs.
    fn check_job(&self, id: &str, job: &Object) -> Result<(), Refusal> {
        let organization = string(job, "organizationId");
        self.state.organizations.get(organization).ok_or(Refusal::Unknown("organization"))?;
        let repositories = &self.state.repositories.all;
        let repository = repositories.get(string(job, "repositoryId")).ok_or(Refusal::Unknown("backup repository"))?;
        if other(repository.own.get("organizationId").and_then(Value::as_str), organization) {
            return Err(conflict("the repository belongs to another organization"));
        }
        let items = job.get("selectedItems").and_then(Value::as_array);
        if string(job, "backupType") == "SelectedItems" && items.is_none_or(Vec::is_empty) {
            return Err(invalid("selectedItems is missing, which a job of selected items needs"));
        }
        let same = |found: &&Job| found.id != id && found.name().eq_ignore_ascii_case(string(job, "name"));
        match self.state.jobs.iter().find(same) {
            Some(_) => Err(conflict("another job has this name")),
            None => Ok(()),
        }
    }

    /// Makes a job for the organization of the path, or of the body in v8.
    pub(super) fn create_job(&mut self) -> Answered {
        let organization = if self.is(V8) { None } else { Some(self.organization()?) };
        let mut job = self.body(JOB, true)?;
        if let Some(organization) = organization {
            job.insert("organizationId".to_owned(), organization.into());
        }
        if !job.get("organizationId").is_some_and(Value::is_string) {
            return Err(invalid("organizationId is missing"));
        }
        job.retain(|_, value| !value.is_null());
        let runs_now = job.remove("runNow") == Some(Value::Bool(true));
        let number = self.state.jobs.len() + 1;
        job.entry("name").or_insert_with(|| format!("Backup job {number}").into());
        job.entry("isEnabled").or_insert(Value::Bool(true));
        job.entry("schedulePolicy").or_insert_with(|| json!({"scheduleEnabled": false, "type": "ManualOnly"}));
        self.check_job("", &job)?;
        let id = self.state.uuid();
        self.state.jobs.keep(id.clone(), Job { id: id.clone(), members: job, ..Job::default() });
        self.state.touch_job(&id, self.now());
        if runs_now {
            self.begin(&id, true)?;
        }
        let job = self.state.jobs.get(&id).ok_or(Refusal::Unknown("backup job"))?;
        self.made(JOB, self.job_view(job))
    }

    pub(super) fn change_job(&mut self) -> Answered {
        let id = self.job(false)?.id.clone();
        let mut taken = self.body(JOB, false)?;
        let runs_now = taken.remove("runNow") == Some(Value::Bool(true));
        // The organization of a job stays.
        taken.remove("organizationId");
        let mut job = self.job(false)?.members.clone();
        let changed: Vec<(&str, &str)> =
            [("selectedItems", "JobSelectedItemsChange"), ("excludedItems", "JobExcludedItemsChange")]
                .into_iter()
                .filter(|(name, _)| taken.contains_key(*name))
                .collect();
        // What cannot be without a value keeps the one it has.
        taken.retain(|name, value| {
            !(value.is_null() && matches!(name.as_str(), "name" | "backupType" | "repositoryId"))
        });
        amend(&mut job, taken);
        self.check_job(&id, &job)?;
        let organization = string(&job, "organizationId").to_owned();
        if let Some(found) = self.state.jobs.get_mut(&id) {
            found.members = job;
        }
        for (_, event) in changed {
            let tag = self.state.tag();
            self.state.note(self.now(), event, &id, json!({"eTag": tag, "organizationId": organization}));
        }
        self.state.touch_job(&id, self.now());
        if runs_now {
            self.begin(&id, false)?;
        }
        Ok(Answer::empty(204))
    }

    pub(super) fn delete_job(&mut self) -> Answered {
        let id = self.job(false)?.id.clone();
        let mine = |job: &&Job| job.id == id || job.copy_of.as_deref() == Some(&id);
        let ids: Vec<String> = self.state.jobs.iter().filter(mine).map(|job| job.id.clone()).collect();
        if ids.iter().any(|id| self.is_running(id)) {
            return Err(conflict("the job is running"));
        }
        for id in &ids {
            self.forget_retries(id);
            if let Some(job) = self.state.jobs.remove(id) {
                let told = json!({"organizationId": job.organization(), "jobType": job.kind()});
                self.state.note(self.now(), "JobDelete", id, told);
            }
        }
        Ok(Answer::empty(204))
    }

    fn is_running(&self, job: &str) -> bool {
        let runs = self.state.jobs.get(job).map_or(&[][..], |job| &job.runs);
        runs.iter().filter_map(|run| self.state.runs.get(run)).any(|run| run.runs_at(self.now()))
    }

    /// Takes back the retries of a job that have not begun.
    fn forget_retries(&mut self, job: &str) {
        let now = self.now();
        self.state.runs.retain(|run| run.job != job || run.course.start() <= now);
    }

    /// Starts a run and gives its id.
    fn begin(&mut self, job: &str, full: bool) -> Result<String, Refusal> {
        let found = self.state.jobs.get(job).ok_or(Refusal::Unknown("backup job"))?;
        let repository = found.repository().to_owned();
        if self.is_running(job) {
            return Err(conflict("the job is running already"));
        }
        if found.members.get("isEnabled") == Some(&Value::Bool(false)) {
            return Err(conflict("the job is disabled"));
        }
        let target = self.state.repositories.all.get(&repository).ok_or(Refusal::Unknown("backup repository"))?;
        self.state.owner_works(target)?;
        self.state.not_moving(&repository, self.now())?;
        self.forget_retries(job);
        let (now, going) = (self.call.now, Going { scripts: self.scripts, usual: self.settings.duration });
        self.state.begin_run(job, full, now, going).ok_or(Refusal::Unknown("backup job"))
    }

    pub(super) fn start_job(&mut self, copy: bool) -> Answered {
        let id = self.job(copy)?.id.clone();
        // Copy jobs take the body in v6 only.
        let options = if copy && !self.is(V6) { Object::new() } else { self.body_or_none(START_OPTIONS)? };
        let first = self.state.newest_point(&id).is_none();
        let run = self.begin(&id, first || is_true(&options, "full"))?;
        if !self.is(V8) {
            return Ok(Answer::empty(204));
        }
        let run = self.state.runs.get(&run).ok_or(Refusal::Unknown("session"))?;
        self.one(JOB_SESSION, self.run_view(run))
    }

    /// Asks the run of a job to stop; a job that is idle is stopped already.
    pub(super) fn stop_job(&mut self, copy: bool) -> Answered {
        let (id, now) = (self.job(copy)?.id.clone(), self.now());
        self.forget_retries(&id);
        for run in self.state.runs.iter_mut().filter(|run| run.job == id) {
            run.course.stop(now);
        }
        Ok(Answer::empty(204))
    }

    pub(super) fn switch_job(&mut self, enabled: bool) -> Answered {
        let (id, now) = (self.job(false)?.id.clone(), self.now());
        if let Some(job) = self.state.jobs.get_mut(&id) {
            job.members.insert("isEnabled".to_owned(), enabled.into());
        }
        self.state.touch_job(&id, now);
        Ok(Answer::empty(204))
    }

    pub(super) fn explore_job(&mut self) -> Answered {
        let id = self.job(false)?.id.clone();
        let options = self.body(EXPLORE, true)?;
        self.explore(&options, |point| string(point, "jobId") == id)
    }

    /// The one action that the body of a v5 call names.
    pub(super) fn job_action(&mut self) -> Answered {
        self.job(false)?;
        let body = self.body_map()?;
        let mut actions = body.iter();
        let (Some((action, options)), None) = (actions.next(), actions.next()) else {
            return Err(invalid("the body has to be an action: {\"start\": null}"));
        };
        let answer = match action.as_str() {
            "start" => self.start_with(options),
            "stop" => self.stop_job(false),
            "enable" => self.switch_job(true),
            "disable" => self.switch_job(false),
            "explore" => {
                let id = self.id(0);
                let sent = options.as_object().cloned().unwrap_or_default();
                let options = read(EXPLORE, self.version, &sent, true).map_err(invalid)?;
                self.explore(&options, |point| string(point, "jobId") == id)
            }
            _ => return Err(invalid("the action has to be one of start, stop, enable, disable, explore")),
        };
        // The pages show no body for any of them.
        answer.map(|_| Answer::empty(200))
    }

    fn start_with(&mut self, options: &Value) -> Answered {
        let id = self.id(0);
        let sent = options.as_object().cloned().unwrap_or_default();
        let options = read(START_OPTIONS, self.version, &sent, true).map_err(invalid)?;
        self.begin(&id, is_true(&options, "full"))?;
        Ok(Answer::empty(200))
    }
}
