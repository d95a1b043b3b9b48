//! Runs of backup jobs and copy jobs as the engine can wait for them, and what their ends mean.
//!
//! A run that failed and is started again by the server has not ended. A `Warning` is a success when the server says that no
//! object failed; the warning is in the evidence, where an operator sees it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use backup_sync_engine::{
    Claim, Ending, Facts, JobWatch, Jobs, Observation, Outcome, Phase, Provider, Target, Verdict,
};
use backup_sync_runtime::{BoxFuture, Connection, Error};
use serde_json::json;

use crate::api::Api;
use crate::provider::Vb365;
use crate::sessions::{JobSession, LogLine};

/// The kind of their addresses.
pub(crate) const KIND: &str = "job-session";
/// Lists of sessions begin so long before the look; older ones are read one by one.
const HISTORY: Duration = Duration::from_secs(24 * 3600);
/// So few sessions are read one by one rather than from the list.
const FEW: usize = 2;
/// So many lines of a log are told.
const TOLD: usize = 3;
/// Facts: the session that counts, its word, its line, how much it did, which retry it is.
const SESSION: &str = "session";
const STATUS: &str = "status";
const DETAILS: &str = "details";
const PROCESSED: &str = "progress";
const RETRY: &str = "retryCount";
const WARNINGS: &str = "warnings";

/// The runs of jobs of one server.
#[derive(Debug)]
struct Sessions {
    name: String,
    api: Api,
    connection: Connection,
}

impl Vb365 {
    /// Runs of backup jobs and copy jobs, as the engine takes them: give what comes to
    /// [`Run::execute`](backup_sync_engine::Run::execute), and each is waited for until its end is known, retries included.
    pub fn watch(&self, sessions: impl IntoIterator<Item = impl Into<JobSession>>) -> (Arc<dyn Provider>, Vec<Target>) {
        let named = |session: JobSession| (session.id, String::new());
        JobWatch::started(self.sessions()).over(sessions.into_iter().map(|session| named(session.into())))
    }

    /// The jobs of this kind by their ids, where the version has any.
    pub(crate) fn watch_named(&self, kind: &str) -> Option<Arc<dyn Provider>> {
        match (kind, &self.api) {
            (_, Api::V5(_)) => None,
            (KIND, _) => Some(Arc::new(JobWatch::named(self.sessions()))),
            (_, Api::V8(api)) => self.watch_owner_changes_named(kind, api),
            _ => None,
        }
    }

    fn sessions(&self) -> Sessions {
        Sessions { name: self.name.clone(), api: self.api.clone(), connection: self.connection.clone() }
    }
}

/// Sessions by their ids, whose case differs from place to place.
type ById = HashMap<String, Option<JobSession>>;

impl Sessions {
    async fn all(&self) -> Result<Vec<JobSession>, Error> {
        let since = self.connection.clock().wall() - HISTORY;
        self.api.job_sessions(&since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).await
    }

    /// Many from the list, the others one by one, and the list of retries when one of them is retried.
    async fn seen(&self, ids: &[&str]) -> Result<Vec<Observation>, Error> {
        let mut listed = if ids.len() > FEW { Some(self.all().await?) } else { None };
        let mut found = ById::new();
        for id in ids {
            let known = listed.iter().flatten().find(|session| session.id.eq_ignore_ascii_case(id)).cloned();
            let session = match known {
                Some(session) => Some(session),
                None => match self.api.job_session(id).await {
                    // One session that cannot be read must not hide all others.
                    Err(error) if error.is_about_item() => continue,
                    read => read?,
                },
            };
            found.insert(id.to_ascii_lowercase(), session);
        }
        let retried = |session: &Option<JobSession>| session.as_ref().is_some_and(is_retried);
        if listed.is_none() && found.values().any(retried) {
            listed = Some(self.all().await?);
        }
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            seen.push(match found.get(&id.to_ascii_lowercase()) {
                Some(Some(session)) => self.with_reason(newest(session, listed.as_deref().unwrap_or_default())).await,
                Some(None) => Observation::unseen(Phase::Gone, "the server does not know the session any more"),
                None => Observation::unseen(Phase::Unclear, "session cannot be read"),
            });
        }
        Ok(seen)
    }

    /// What is seen of a session, with what its log says of a failure.
    async fn with_reason(&self, session: &JobSession) -> Observation {
        let seen = observation(session);
        let Phase::Ended(Ending::Failed(why)) = &seen.phase else { return seen };
        // The reason is worth a request, but not a failed look.
        let log = self.api.job_session_log(&session.id).await.unwrap_or_default();
        let lines = lines(&log, &["Error", "Failed"]);
        let why = if lines.is_empty() { why.clone() } else { format!("{why} ({})", lines.join("; ")) };
        Observation { phase: Phase::Ended(Ending::Failed(why)), ..seen }
    }

    async fn verdict(&self, claim: &Claim<'_>) -> Result<Verdict, Error> {
        let facts = &claim.last.facts;
        let status: String = facts.get(STATUS).unwrap_or_default();
        match status.as_str() {
            "Success" => Ok(Verdict::proven("the job session ended in Success", facts.clone())),
            "Warning" => self.warned(facts).await,
            _ => {
                let why = format!("the job session ended in a status that nobody documented ({status})");
                Ok(Verdict::Decided(Outcome::Unknown { why }))
            }
        }
    }

    /// The server did something and has something to say about it. Whether an object was left out is another question.
    async fn warned(&self, facts: &Facts) -> Result<Verdict, Error> {
        let session: String = facts.get(SESSION).unwrap_or_default();
        let log = self.api.job_session_log(&session).await.unwrap_or_default();
        let warnings = lines(&log, &["Warning", "Error", "Failed"]);
        let details: Option<String> = facts.get(DETAILS);
        let said = details.into_iter().chain(warnings.clone()).next();
        let said = said.unwrap_or_else(|| "the server gives no reason".to_owned());
        let Some(objects) = self.api.job_session_objects(&session).await? else {
            let why = format!(
                "the job session ended in Warning ({said}), and this version of the server does not tell whether \
                 objects failed: look at its log"
            );
            return Ok(Verdict::Decided(Outcome::Unknown { why }));
        };
        Ok(judged(&objects, &said, facts.clone().with(WARNINGS, json!(warnings))))
    }
}

/// The rule for a session that ended in `Warning`.
fn judged(objects: &[String], said: &str, facts: Facts) -> Verdict {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    objects.iter().for_each(|status| *counts.entry(status.as_str()).or_default() += 1);
    let count = |status: &str| counts.get(status).copied().unwrap_or(0);
    let (all, failed, warned) = (objects.len(), count("Failed"), count("Warning"));
    if failed > 0 {
        let what = format!("the job session ended in Warning, and {failed} of {all} objects failed: {said}");
        return Verdict::failed(what);
    }
    if count("Success") + warned < all {
        let why = format!("the job session ended in Warning ({said}), and the state of some objects is not documented");
        return Verdict::Decided(Outcome::Unknown { why });
    }
    let rule = format!("the job session ended in Warning, no object failed, {warned} of {all} with a warning: {said}");
    Verdict::proven(&rule, facts.with("objects", json!(all)).with("objectsWithWarning", json!(warned)))
}

/// The first lines of a log that are of these sorts.
fn lines(log: &[LogLine], of: &[&str]) -> Vec<String> {
    let wanted = log.iter().filter(|line| of.iter().any(|of| line.of.eq_ignore_ascii_case(of)));
    wanted.filter(|line| !line.text.is_empty()).take(TOLD).map(|line| line.text.clone()).collect()
}

/// The attempt failed, and the server makes another.
fn is_retried(session: &JobSession) -> bool {
    session.will_be_retried && matches!(session.status.as_deref(), Some("Failed" | "Warning"))
}

/// The session that counts: the last attempt of the same run, as far as it is listed.
fn newest<'a>(session: &'a JobSession, listed: &'a [JobSession]) -> &'a JobSession {
    if !is_retried(session) {
        return session;
    }
    let main = session.main_session.as_ref().unwrap_or(&session.id);
    let of_run = |other: &&JobSession| {
        other.main_session.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(main)) && other.retry > session.retry
    };
    listed.iter().filter(of_run).max_by_key(|other| (other.retry, other.created.clone())).unwrap_or(session)
}

fn observation(session: &JobSession) -> Observation {
    let status = session.status.as_deref();
    let ended = session.has_ended;
    let failed = |what: &str| {
        let details = session.details.as_deref().unwrap_or("the server gives no reason");
        Phase::Ended(Ending::Failed(format!("the job session {what}: {details}")))
    };
    let phase = match status {
        _ if is_retried(session) => Phase::Waiting,
        Some("Running") => Phase::Running,
        Some("Queued") => Phase::Waiting,
        Some("Success" | "Warning") => Phase::Ended(Ending::Claimed),
        Some("Failed") => failed("failed"),
        Some("Stopped") => Phase::Ended(Ending::Stopped),
        // Nobody documents whether such a run can go on; one with an end cannot.
        Some(status @ ("Disconnected" | "NotConfigured")) if ended => failed(&format!("ended in {status}")),
        _ if ended => Phase::Ended(Ending::Claimed),
        _ => Phase::Unclear,
    };
    let word = status.unwrap_or("no status given");
    let state = if is_retried(session) { format!("{word}, will be retried") } else { word.to_owned() };
    let facts = Facts::default()
        .with(SESSION, json!(session.id))
        .with(STATUS, session.status.as_ref().map(|status| json!(status)))
        .with(DETAILS, session.details.as_ref().map(|details| json!(details)))
        .with(PROCESSED, session.processed.map(|count| json!(count)))
        .with(RETRY, (session.retry > 0).then(|| json!(session.retry)));
    // A count of objects is no percentage, because nobody says of how many.
    Observation { phase, percent: None, state, facts }
}

impl Jobs for Sessions {
    fn endpoint(&self) -> &str {
        &self.name
    }

    fn vendor(&self) -> &'static str {
        "veeam-vb365"
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, Error>> {
        Box::pin(async {
            let at_work = |session: &JobSession| matches!(observation(session).phase, Phase::Running | Phase::Waiting);
            let all = self.all().await?;
            Ok(all.into_iter().filter(at_work).map(|session| (session.id, String::new())).collect())
        })
    }

    fn look<'a>(&'a self, ids: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        Box::pin(self.seen(ids))
    }

    fn judge<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async move {
            let mut verdicts = Vec::with_capacity(claims.len());
            for claim in claims {
                verdicts.push(self.verdict(claim).await?);
            }
            Ok(verdicts)
        })
    }

    /// A run is stopped by stopping its job, where the session tells which that is.
    fn stop<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let Some(session) = self.api.job_session(id).await? else { return Ok(false) };
            // The job may be at work again since this run ended, and nobody wants that one to be stopped.
            if matches!(observation(&session).phase, Phase::Ended(_)) {
                return Ok(true);
            }
            match session.job {
                Some(job) => self.api.stop_job(&job).await,
                None => Ok(false),
            }
        })
    }
}

#[cfg(test)]
mod tests;
