//! The paths below `/_simulator/`: they show what the simulator knows, and move its clock.
//!
//! | call | answer |
//! |---|---|
//! | `GET /_simulator/state` | [`State`] |
//! | `GET /_simulator/requests` | [`Requests`]; `endpoint` and `limit` narrow it |
//! | `POST /_simulator/advance` with [`Advance`] | [`Time`] |
//!
//! Every endpoint has them, for clients on the same machine only. Credentials are never shown.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::SimClock;
use crate::http::{Server, Shared};
use crate::log::LoggedRequest;
use crate::message::{Answer, Call};

/// What all paths begin with.
pub(crate) const PREFIX: &str = "/_simulator/";
/// Jobs of one endpoint that are shown at most, the newest.
const MOST_JOBS: usize = 1000;
/// Requests that are shown where a call names no limit.
const USUAL_REQUESTS: usize = 1000;

/// Simulated time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Time {
    /// Time of day, RFC 3339.
    pub now: String,
    /// Seconds since the simulator started.
    pub elapsed_seconds: f64,
}

/// What the simulator knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// Simulated time.
    pub time: Time,
    /// Requests so far.
    pub requests: u64,
    /// The endpoints, in the order in which they were added.
    pub endpoints: Vec<EndpointState>,
}

/// One simulated server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointState {
    /// Its name.
    pub name: String,
    /// Name of the vendor crate.
    pub vendor: String,
    /// Version of the API.
    pub api_version: String,
    /// Base URL.
    pub url: String,
    /// How many targets it has.
    pub targets: usize,
    /// Requests that faults are still waiting for.
    pub faults: u64,
    /// How many synchronizations and other tasks there were.
    pub jobs_total: usize,
    /// The newest of them, newest first; at most 1000.
    pub jobs: Vec<JobState>,
}

/// A synchronization or another task of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobState {
    /// The vendor's id of the session, operation log or task.
    pub id: String,
    /// The vendor's id of the target.
    pub target: String,
    /// The vendor's name of the operation that started it.
    pub operation: String,
    /// Where it stands.
    pub state: JobWord,
    /// Percent, as the vendor's clients see it.
    pub percent: u8,
    /// Seconds from the start of the simulator to its start.
    pub started_seconds: f64,
    /// Seconds from the start of the simulator to its end; none if it never ends by itself.
    pub ends_seconds: Option<f64>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JobWord {
    /// Accepted, not begun.
    Waiting,
    /// At work, or in a state with a word that no document has.
    Running,
    /// Over, and done.
    Succeeded,
    /// Over, and seemingly done.
    WithoutEffect,
    /// Over, and failed.
    Failed,
    /// Stopped.
    Stopped,
}

/// A part of the request log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Requests {
    /// Requests so far, those that are no longer kept included.
    pub total: u64,
    /// The newest, oldest first.
    pub requests: Vec<LoggedRequest>,
}

/// How far the clock shall be moved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// Seconds, with fractions.
    pub seconds: f64,
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// A sentence.
    pub error: String,
}

impl Time {
    fn of(clock: &SimClock) -> Self {
        Self { now: clock.wall().to_string(), elapsed_seconds: clock.now().as_secs_f64() }
    }
}

/// Answers a call below [`PREFIX`].
pub(crate) fn answer(shared: &Shared, call: &Call) -> Answer {
    let path = call.path.strip_prefix(PREFIX).unwrap_or_default();
    let answered = match (path, &call.method) {
        ("state", &Method::GET) => Ok(Answer::json(200, &state(shared))),
        ("requests", &Method::GET) => requests(shared, call),
        ("advance", &Method::POST) => advance(shared, call),
        ("state" | "requests", _) => Err((405, "This path takes GET only.".to_owned())),
        ("advance", _) => Err((405, "This path takes POST only.".to_owned())),
        _ => Err((404, "There are state, requests and advance.".to_owned())),
    };
    answered.unwrap_or_else(|(status, error)| Answer::json(status, &Refusal { error }))
}

fn state(shared: &Shared) -> State {
    let servers = shared.servers();
    let endpoint = |server: &Arc<Server>| {
        let (jobs_total, jobs) = server.vendor.jobs(shared.clock.now(), MOST_JOBS);
        EndpointState {
            name: server.name.as_ref().to_owned(),
            vendor: server.about.vendor.clone(),
            api_version: server.about.api_version.clone(),
            url: server.about.url.clone(),
            targets: server.about.targets,
            faults: server.faults.waiting(),
            jobs_total,
            jobs,
        }
    };
    State {
        time: Time::of(&shared.clock),
        requests: shared.log.count(),
        endpoints: servers.iter().map(endpoint).collect(),
    }
}

fn requests(shared: &Shared, call: &Call) -> Result<Answer, (u16, String)> {
    let query = call.pairs();
    let most = query
        .number("limit", USUAL_REQUESTS, 0, usize::MAX)
        .map_err(|name| (400, format!("The value of {name} is not a number.")))?;
    let requests = shared.log.newest(query.get("endpoint"), most);
    Ok(Answer::json(200, &Requests { total: shared.log.count(), requests }))
}

/// A body of another type is refused: a page in a browser can send one to any address without asking.
fn advance(shared: &Shared, call: &Call) -> Result<Answer, (u16, String)> {
    if !call.has_type("application/json") {
        return Err((415, "The body has to be of the type application/json.".to_owned()));
    }
    let wanted: Advance = call.json().map_err(|why| (400, format!("The body is not valid: {why}.")))?;
    let by = Duration::try_from_secs_f64(wanted.seconds)
        .map_err(|_| (400, "The clock can be moved forward only.".to_owned()))?;
    shared.clock.advance(by);
    Ok(Answer::json(200, &Time::of(&shared.clock)))
}
