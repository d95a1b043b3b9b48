//! The calls for sessions of jobs: lists, single ones, their logs and what they have processed.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Answered, Desk, Refusal, other};
use super::runs::Run;
use super::shape::{ALL, FROM_V7, Object, V6, V8, is_uuid, string};
use super::tables::{JOB_SESSION, LOG_ITEM, SESSION_OBJECT};

impl Desk<'_> {
    pub(super) fn run_view(&self, run: &Run) -> Object {
        let now = self.now();
        let mut shown = run.shown(now, |at| self.state.time(at));
        if self.is(V6) && shown.get("endTime") == Some(&Value::Null) {
            // It may not be null there.
            shown.remove("endTime");
        }
        if !run.is_bare(now) {
            let (own, job) =
                (format!("JobSessions/{}", run.id), format!("{}s/{}", run.operation().replace("_Start", ""), run.job));
            let mut links = self.links([("self", own.clone()), ("log", format!("{own}/LogItems")), ("job", job)]);
            if self.is(FROM_V7) {
                links["processedObjects"] =
                    self.links([("objects", format!("{own}/ProcessedObjects"))])["objects"].take();
            }
            shown.insert("_links".to_owned(), links);
        }
        shown
    }

    fn run(&self) -> Result<&Run, Refusal> {
        let found = self.state.runs.get(&self.id(0)).filter(|run| run.is_known(self.now()));
        found.ok_or(Refusal::Unknown("job session"))
    }

    /// The sessions that the query wants, newest first.
    pub(super) fn runs(&self) -> Answered {
        let query = self.query();
        let job = if self.is(FROM_V7) { query.uuid("jobId")? } else { None };
        let kind = query.word("jobType", &["Backup", "Copy"])?;
        let lower = query.time("endTimeLowerBound")?;
        let upper = if self.is(FROM_V7) { query.time("endTimeUpperBound")? } else { None };
        // The filter says Succeeded where sessions say Success.
        let status = match self.is(V8) {
            true => query.word("status", &["Stopped", "Running", "Succeeded", "Failed", "Warning"])?,
            false => None,
        };
        let status = status.map(|status| if status == "Succeeded" { "Success" } else { status });
        let wanted = |run: &&Run| {
            !other(job.as_deref(), &run.job)
                && kind.is_none_or(|kind| kind == run.kind())
                && status.is_none_or(|status| status == run.status(self.now()))
                && self.ended_between(run, lower, upper)
        };
        self.list(ALL, JOB_SESSION, self.known_runs().filter(wanted), |run| self.run_view(run))
    }

    /// The bounds are about the end, as their names say; what runs has no end yet.
    fn ended_between(&self, run: &Run, lower: Option<Timestamp>, upper: Option<Timestamp>) -> bool {
        if lower.is_none() && upper.is_none() {
            return true;
        }
        let end = run.course.end().filter(|end| *end <= self.now()).map(|end| self.state.at(end));
        end.is_some_and(|end| lower.is_none_or(|lower| end >= lower) && upper.is_none_or(|upper| end <= upper))
    }

    fn known_runs(&self) -> impl Iterator<Item = &Run> {
        self.state.runs.iter().rev().filter(|run| run.is_known(self.now()))
    }

    pub(super) fn runs_of_job(&self) -> Answered {
        let id = self.id(0);
        self.state.jobs.get(&id).filter(|job| job.copy_of.is_none()).ok_or(Refusal::Unknown("backup job"))?;
        self.list(ALL, JOB_SESSION, self.known_runs().filter(|run| run.job == id), |run| self.run_view(run))
    }

    pub(super) fn one_run(&self) -> Answered {
        self.one(JOB_SESSION, self.run_view(self.run()?))
    }

    pub(super) fn processed(&self) -> Answered {
        let run = self.run()?;
        let links = self.links([("jobSession", format!("JobSessions/{}", run.id))]);
        self.list(ALL, SESSION_OBJECT, run.processed(self.now()), |(thing, status)| {
            let shown = json!({"id": thing.id, "type": thing.kind, "status": status, "_links": links});
            super::shape::members_of(shown)
        })
    }

    /// The lines of the log, oldest first unless the query wants otherwise.
    pub(super) fn log(&self) -> Answered {
        let run = self.run()?;
        let query = self.query();
        let (kind, descending) = match self.is(V8) {
            true => (
                query.word("type", &["Running", "Warning", "Error", "Success", "Stop"])?,
                query.truth("orderAsc")? == Some(false),
            ),
            false => (None, false),
        };
        let mut lines = run.log(self.now(), |at| self.state.time(at));
        lines.retain(|line| kind.is_none_or(|kind| kind == string(line, "type")));
        if descending {
            lines.reverse();
        }
        self.list(ALL, LOG_ITEM, lines, |line| self.line_view(run, line))
    }

    fn line_view(&self, run: &Run, mut line: Object) -> Object {
        let own = format!("JobSessions/{}/LogItems/{}", run.id, string(&line, "id"));
        let links = self.links([("self", own), ("jobSession", format!("JobSessions/{}", run.id))]);
        line.insert("_links".to_owned(), links);
        line
    }

    pub(super) fn log_line(&self) -> Answered {
        let (run, id) = (self.run()?, self.id(1));
        let mut lines = run.log(self.now(), |at| self.state.time(at)).into_iter();
        let line = lines.find(|line| is_uuid(&id) && string(line, "id") == id);
        self.one(LOG_ITEM, self.line_view(run, line.ok_or(Refusal::Unknown("log item"))?))
    }
}
