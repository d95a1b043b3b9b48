//! Runs of jobs under one set of names for all versions that have them: v6, v7 and v8.

use backup_sync_runtime::page::{Cursor, Page, Pager};
use backup_sync_runtime::{Error, Kind, call};

use crate::api::Api;
use crate::{v7, v8};

/// Page size asked for; the default of the server is 30.
const PAGE: i64 = 500;
/// So many lines of a log are read; those that matter stand in the first of them, or nobody reads on.
const LINES: i64 = 500;

/// One run of a backup job or copy job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSession {
    /// Its id.
    pub id: String,
    /// The job that ran, where the session tells it: by a member in v8, by a link before.
    pub job: Option<JobRef>,
    /// Of a retry: the first session of the run.
    pub main_session: Option<String>,
    /// Which retry it is; 0 for the first attempt.
    pub retry: i64,
    /// The server starts the job again because this attempt failed.
    pub will_be_retried: bool,
    /// `Running`, `Success`, `Warning` and so on, or a word that nobody documented.
    pub status: Option<String>,
    /// One line about the end.
    pub details: Option<String>,
    /// Whether it has an end.
    pub has_ended: bool,
    /// When it was made, as the server writes it.
    pub created: Option<String>,
    /// How many objects were processed; of how many is not told.
    pub processed: Option<i64>,
}

/// A job of either sort; they are stopped by different calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobRef {
    /// A backup job.
    Backup(String),
    /// A backup copy job.
    Copy(String),
}

/// A line of a session's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// `Error`, `Warning`, `Success` and so on.
    pub(crate) of: String,
    pub(crate) text: String,
}

/// An id, unless it is absent in one of the ways that versions have for that.
fn id(text: Option<String>) -> Option<String> {
    text.filter(|id| id.chars().any(|character| character.is_ascii_alphanumeric() && character != '0'))
}

/// Versions that cannot leave a time out give one of long ago.
fn is_a_time(text: &Option<String>) -> bool {
    text.as_deref()
        .is_some_and(|time| time.get(..4).and_then(|year| year.parse::<u32>().ok()).is_some_and(|year| year > 1970))
}

/// The job at the end of a link; hosts in links are not to be trusted, ids are.
fn linked(link: &str) -> Option<JobRef> {
    let path = link.split(['?', '#']).next()?.trim_end_matches('/');
    let mut segments = path.rsplit('/');
    let (id, of) = (segments.next().filter(|id| !id.is_empty())?, segments.next()?);
    match of.to_ascii_lowercase().as_str() {
        "jobs" => Some(JobRef::Backup(id.to_owned())),
        "copyjobs" => Some(JobRef::Copy(id.to_owned())),
        _ => None,
    }
}

/// Reads generated types of one version as the types above.
macro_rules! readers {
    ($version:ident, $job:expr, $line:expr) => {
        impl From<$version::types::RestJobSession> for JobSession {
            fn from(from: $version::types::RestJobSession) -> Self {
                let own: fn(&$version::types::RestJobSession) -> Option<JobRef> = $job;
                let links = from.links.iter().flat_map(|links| links.0.values());
                let of_link = links.filter_map(|link| link.href.as_deref()).find_map(linked);
                Self {
                    job: own(&from).or(of_link),
                    main_session: id(from.main_session_id),
                    retry: from.retry_count.unwrap_or_default(),
                    will_be_retried: from.job_will_be_retried.unwrap_or(false),
                    status: from.status.map(|status| status.to_string()),
                    details: from.details.filter(|text| !text.trim().is_empty()),
                    has_ended: is_a_time(&from.end_time),
                    created: from.creation_time,
                    processed: from.progress,
                    id: from.id.unwrap_or_default(),
                }
            }
        }

        impl From<$version::types::RestLogItem> for LogLine {
            fn from(from: $version::types::RestLogItem) -> Self {
                let line: fn($version::types::RestLogItem) -> (String, String) = $line;
                let (of, text) = line(from);
                Self { of, text }
            }
        }
    };
}

readers!(v7, |_| None, |item| split(&item.title.unwrap_or_default()));
readers!(
    v8,
    |session| {
        let job = id(session.job_id.clone())?;
        let copies = session.job_type == Some(v8::open::RestJobSessionType::Copy);
        Some(if copies { JobRef::Copy(job) } else { JobRef::Backup(job) })
    },
    |item| (item.type_.map(|of| of.to_string()).unwrap_or_default(), item.message.unwrap_or_default())
);

/// A title of v6 and v7: what the line is in square brackets, then the text.
fn split(title: &str) -> (String, String) {
    let parts = title.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
    parts.map_or_else(|| (String::new(), title.to_owned()), |(of, text)| (of.to_owned(), text.trim().to_owned()))
}

/// All pages of a list of v7 or v8; `$list` is the call with page size and offset.
macro_rules! pages {
    ($id:expr, $api:ident => $list:expr) => {{
        let pager = Pager::new(usize::try_from(PAGE).unwrap_or(1), |cursor| {
            let list = $list.limit(PAGE).offset(cursor.offset_i64());
            async move {
                let page = call($id, list.send()).await?.into_inner();
                let next = page.links.as_ref().and_then(|links| links.0.get("next"));
                let more = next.is_some().then_some(true);
                // Only path and query of a link are used, never its host.
                let next = next.and_then(|link| Cursor::of_link(link.href.as_deref()?, "offset", "setId"));
                Ok(Page::new(page.results).size(page.limit).more(more).next(next).set(page.set_id))
            }
        });
        pager.all().await?.into_iter().map(Into::into).collect()
    }};
}

/// Ids of operations.
mod op {
    pub(super) const LIST: &str = "JobSession_List";
    pub(super) const GET: &str = "JobSession_Get";
    pub(super) const LOG: &str = "JobSessionLog_List";
    pub(super) const OBJECTS: &str = "JobSessionObjects_List";
    pub(super) const STOP: &str = "Job_Stop";
    pub(super) const STOP_COPY: &str = "CopyJob_Stop";
}

impl Api {
    /// Runs of jobs since a time, as far as the server remembers them. v5 documents none.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn job_sessions(&self, since: &str) -> Result<Vec<JobSession>, Error> {
        Ok(match self {
            Self::V5(_) => Vec::new(),
            Self::V7(api) => pages!(op::LIST, api => api.job_session_list().end_time_lower_bound(since)),
            Self::V8(api) => pages!(op::LIST, api => api.job_session_list().end_time_lower_bound(since)),
        })
    }

    /// One run of a job; `None` when the server does not know it.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn job_session(&self, session: &str) -> Result<Option<JobSession>, Error> {
        let read: Result<JobSession, Error> = match self {
            Self::V5(_) => return Ok(None),
            Self::V7(api) => {
                let read = call(op::GET, api.job_session_get().job_sessions_id(session).send()).await;
                read.map(|answer| answer.into_inner().into())
            }
            Self::V8(api) => {
                let read = call(op::GET, api.job_session_get().job_sessions_id(session).send()).await;
                read.map(|answer| answer.into_inner().into())
            }
        };
        match read {
            // The id asked for is filled in where the server leaves it out.
            Ok(read) if read.id.is_empty() => Ok(Some(JobSession { id: session.to_owned(), ..read })),
            Ok(read) => Ok(Some(read)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The log of a run.
    pub(crate) async fn job_session_log(&self, session: &str) -> Result<Vec<LogLine>, Error> {
        Ok(match self {
            Self::V5(_) => Vec::new(),
            Self::V7(api) => {
                let read = api.job_session_log_list().session_id(session).limit(LINES).offset(0);
                call(op::LOG, read.send()).await?.into_inner().results.into_iter().map(Into::into).collect()
            }
            Self::V8(api) => {
                let read = api.job_session_log_list().session_id(session).limit(LINES).offset(0);
                call(op::LOG, read.send()).await?.into_inner().results.into_iter().map(Into::into).collect()
            }
        })
    }

    /// How each object of a run fared; `None` where the version does not tell it (v6).
    pub(crate) async fn job_session_objects(&self, session: &str) -> Result<Option<Vec<String>>, Error> {
        let told = match self {
            Self::V5(_) => return Ok(None),
            Self::V7(api) => objects_v7(api, session).await,
            Self::V8(api) => objects_v8(api, session).await,
        };
        match told {
            Ok(told) => Ok(Some(told)),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Stops the run of a job that is at work.
    ///
    /// # Errors
    ///
    /// What went wrong with the call.
    pub async fn stop_job(&self, job: &JobRef) -> Result<bool, Error> {
        match (self, job) {
            (Self::V5(_), _) => return Ok(false),
            (Self::V7(api), JobRef::Backup(id)) => drop(call(op::STOP, api.job_stop().job_id(id).send()).await?),
            (Self::V7(api), JobRef::Copy(id)) => drop(call(op::STOP_COPY, api.copy_job_stop().id(id).send()).await?),
            (Self::V8(api), JobRef::Backup(id)) => drop(call(op::STOP, api.job_stop().job_id(id).send()).await?),
            (Self::V8(api), JobRef::Copy(id)) => drop(call(op::STOP_COPY, api.copy_job_stop().id(id).send()).await?),
        }
        Ok(true)
    }
}

struct Fared(String);

impl From<v7::types::RestJobSessionObject> for Fared {
    fn from(from: v7::types::RestJobSessionObject) -> Self {
        Self(from.status.map(|status| status.to_string()).unwrap_or_default())
    }
}

impl From<v8::types::RestJobSessionObject> for Fared {
    fn from(from: v8::types::RestJobSessionObject) -> Self {
        Self(from.status.map(|status| status.to_string()).unwrap_or_default())
    }
}

async fn objects_v7(api: &v7::Client, session: &str) -> Result<Vec<String>, Error> {
    let all: Vec<Fared> = pages!(op::OBJECTS, api => api.job_session_objects_list().session_id(session));
    Ok(all.into_iter().map(|one| one.0).collect())
}

async fn objects_v8(api: &v8::Client, session: &str) -> Result<Vec<String>, Error> {
    let all: Vec<Fared> = pages!(op::OBJECTS, api => api.job_session_objects_list().session_id(session));
    Ok(all.into_iter().map(|one| one.0).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_one_version_leaves_out_another_tells() {
        let v8: v8::types::RestJobSession = serde_json::from_value(json!({
            "id": "s", "jobId": "j", "jobType": "Copy", "status": "Running", "endTime": null, "progress": 7,
            "mainSessionId": "00000000-0000-0000-0000-000000000000", "retryCount": 0, "jobWillBeRetried": null
        }))
        .unwrap();
        let read = JobSession::from(v8);
        assert_eq!((read.job, read.main_session, read.has_ended), (Some(JobRef::Copy("j".into())), None, false));
        let v7: v7::types::RestJobSession = serde_json::from_value(json!({
            "id": "s", "status": "Success", "endTime": "2026-11-20T01:00:00Z", "mainSessionId": "m", "retryCount": 2,
            "_links": {"self": {"href": "/v7/JobSessions/s"}, "job": {"href": "https://x/v7/Jobs/j?expand=1"}}
        }))
        .unwrap();
        let read = JobSession::from(v7);
        assert_eq!(
            (read.job, read.main_session, read.has_ended),
            (Some(JobRef::Backup("j".into())), Some("m".into()), true)
        );
        assert!(!is_a_time(&Some("0001-01-01T00:00:00Z".into())), "v6 cannot leave the end out");
    }

    #[test]
    fn lines_of_a_log_say_what_they_are_in_every_version() {
        assert_eq!(split("[Warning] A mailbox has no license"), ("Warning".into(), "A mailbox has no license".into()));
        assert_eq!(split("no brackets"), (String::new(), "no brackets".to_owned()));
    }
}
