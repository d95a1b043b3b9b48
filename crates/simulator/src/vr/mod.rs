//! VMware vSphere Replication, REST API v1 and v2, as a server.

mod lists;
mod sessions;
mod state;
mod views;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use vsphere_replication::v2::OPERATIONS;
use vsphere_replication::v2::types as t;

use self::lists::{Asked, Key, key_of};
use self::sessions::Sessions;
use self::state::{Action, Refusal, Replication, State, Task};
use self::views::{Holds, Reach, View};
use crate::control::JobState;
use crate::endpoint::{Endpoint, EndpointTarget};
use crate::http::Vendor;
use crate::limit;
use crate::message::{Answer, Call};
use crate::routes::{Found, Routes, routes};
use crate::script::Scripts;
use crate::settings::{Settings, WithoutRemote};
use crate::simulator::Setup;
use crate::text::{basic, same};

const BASE: &str = "/api/rest/vr/";
const USERNAME: &str = "administrator@vsphere.local";
const REMOTE_USERNAME: &str = "administrator@vsphere-b.local";

/// One appliance.
struct Vr {
    routes: Routes,
    scripts: Arc<Scripts>,
    settings: Settings,
    password: String,
    remote_password: String,
    state: Mutex<(State, Sessions)>,
}

/// Makes a server and says how to reach it.
pub(crate) fn open(setup: Setup<'_>) -> (Box<dyn Vendor>, Endpoint) {
    let state = State::new(setup.name, setup.settings, setup.clock.epoch().as_millisecond());
    let target = |replication: &Replication| EndpointTarget {
        kind: "replication".to_owned(),
        id: replication.id.clone(),
        name: replication.name.clone(),
    };
    let remote_password = format!("remote-{}", setup.password);
    let endpoint = Endpoint {
        api_version: "v2".to_owned(),
        username: USERNAME.to_owned(),
        password: setup.password.clone(),
        remote_username: Some(REMOTE_USERNAME.to_owned()),
        remote_password: Some(remote_password.clone()),
        targets: state.replications().iter().map(target).collect(),
        ..Endpoint::at(setup.name, "vsphere-replication", format!("{}{BASE}v2", setup.origin))
    };
    let sessions = Sessions::new(setup.settings);
    let vendor = Vr {
        routes: routes!(false, OPERATIONS),
        scripts: setup.scripts,
        settings: setup.settings.clone(),
        password: setup.password,
        remote_password,
        state: Mutex::new((state, sessions)),
    };
    (Box::new(vendor), endpoint)
}

impl Vendor for Vr {
    fn find(&self, method: &Method, path: &str) -> Found {
        let rest = path.strip_prefix(BASE).and_then(|rest| rest.strip_prefix("v1").or_else(|| rest.strip_prefix("v2")));
        rest.map_or(Found::Nothing, |rest| self.routes.find(method, rest))
    }

    fn answer(&self, call: &Call) -> Answer {
        let mut locked = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, sessions) = &mut *locked;
        let session = call.header("x-dr-session");
        if let Err(wait) = sessions.count(call.now, call.peer, session) {
            return self.throttled(state, wait);
        }
        let operation = match &call.found {
            Found::Operation(operation, _) => *operation,
            Found::OtherMethod => return Answer::empty(405),
            Found::Nothing => return Answer::empty(404),
        };
        if operation == "login" {
            return self.login(call, sessions);
        }
        let Some(session) = session.filter(|session| sessions.touch(call.now, session)) else {
            return Answer::empty(401);
        };
        let of_pairing = call.path.contains("/pairings/") && !call.param(0).is_empty();
        if of_pairing && call.param(0) != state.pairing.id {
            return Answer::empty(404);
        }
        let reach = self.reach(call.now, sessions.has_remote(session, &state.pairing.id));
        match operation {
            "getCurrentSession" => Answer::json(200, &t::SessionInfo { username: Some(USERNAME.to_owned()) }),
            "logout" => {
                sessions.close(session);
                Answer::empty(204)
            }
            "createRemoteSession" | "syncReplication" if reach == Reach::Down => self.unreachable(state, reach),
            "getRemoteSession" | "pauseReplication" | "resumeReplication" if !reach.is_whole() => {
                self.unreachable(state, reach)
            }
            "createRemoteSession" => self.log_in_remotely(call, sessions, session, &state.pairing.id),
            "getRemoteSession" => Answer::json(200, &t::SessionInfo { username: Some(REMOTE_USERNAME.to_owned()) }),
            _ => self.dispatch(operation, call, state, reach),
        }
    }

    fn refusal(&self, status: u16) -> Answer {
        let mut locked = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (code, message) = match status {
            401 | 404 => return Answer::empty(status),
            403 => ("NO_PERMISSION", "The privilege Host.Hbr.HbrManagement is required."),
            429 => ("TOO_MANY_REQUESTS", "The rate limit is exceeded."),
            400..500 => ("INVALID_REQUEST", "The request is not valid."),
            _ => ("REMOTE_SERVER_DOWN", "The remote vSphere Replication server cannot be reached."),
        };
        error(&mut locked.0, status, code, message)
    }

    fn document(&self, _: Option<&str>) -> &'static str {
        "vsphere-replication-v2"
    }

    fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.jobs(now, most)
    }
}

fn error(state: &mut State, status: u16, code: &str, message: &str) -> Answer {
    let error = t::ResponseError {
        error_code: Some(code.to_owned()),
        message: Some(message.to_owned()),
        op_id: Some(state.op_id()),
    };
    Answer::json(status, &error)
}

impl Vr {
    fn throttled(&self, state: &mut State, wait: Duration) -> Answer {
        let answer = error(state, 429, "TOO_MANY_REQUESTS", "The rate limit is exceeded.");
        if self.settings.vr_retry_after { answer.with("retry-after", &limit::retry_after(wait)) } else { answer }
    }

    fn login(&self, call: &Call, sessions: &mut Sessions) -> Answer {
        let good = basic(&call.headers)
            .is_some_and(|(user, password)| user.eq_ignore_ascii_case(USERNAME) && same(&password, &self.password));
        match sessions.open(call.now).filter(|_| good) {
            Some(session) => Answer::json(200, &t::SessionIdData { session_id: session.into() }),
            None => Answer::empty(401),
        }
    }

    fn log_in_remotely(&self, call: &Call, sessions: &mut Sessions, session: &str, pairing: &str) -> Answer {
        let good = basic(&call.headers).is_some_and(|(user, password)| {
            user.eq_ignore_ascii_case(REMOTE_USERNAME) && same(&password, &self.remote_password)
        });
        if !good {
            return Answer::empty(401);
        }
        sessions.log_in_remotely(session, pairing);
        Answer::empty(204)
    }

    /// How far a call of a session sees.
    fn reach(&self, now: Duration, logged_in: bool) -> Reach {
        if self.settings.vr_remote_down.as_ref().is_some_and(|down| down.contains(&now)) {
            Reach::Down
        } else if logged_in || self.settings.vr_without_remote == WithoutRemote::Everything {
            Reach::Whole
        } else {
            Reach::NotLoggedIn
        }
    }

    /// The refusal of a call that needs the remote site (`ERROR` in the vendor's connectivity contract).
    fn unreachable(&self, state: &mut State, reach: Reach) -> Answer {
        let status = if reach == Reach::Down { 500 } else { self.settings.vr_without_remote_status };
        match reach.reason() {
            Some((code, message)) if status != 401 => error(state, status, code, message),
            _ => Answer::empty(401),
        }
    }

    fn dispatch(&self, operation: &str, call: &Call, state: &mut State, reach: Reach) -> Answer {
        let action = match operation {
            "syncReplication" => Some(Action::Sync),
            "pauseReplication" => Some(Action::Pause),
            "resumeReplication" => Some(Action::Resume),
            _ => None,
        };
        if let Some(action) = action {
            return self.start(call, state, action);
        }
        let times_as_text = call.path.starts_with("/api/rest/vr/v1/");
        let view = View { state, now: call.now, times_as_text, reach, extended: true, nulls: self.settings.vr_nulls };
        let answered = match operation {
            "getVrInfo" => Ok(Answer::json(200, &views::info(&state.pairing))),
            "getVrPairings" => pairings(&view, call),
            "getVrPairing" => Ok(Answer::json(200, &view.one_pairing())),
            "getAllReplications" => replications(&view, call, &self.settings),
            "getReplicationInfo" => Ok(match state.replication(call.param(1)) {
                Some(replication) => view.object(200, Holds::Replications, &view.one_replication(replication)),
                None => Answer::empty(404),
            }),
            "getRecentTasksInfo" => tasks(&view, call),
            "getTaskInfo" => Ok(match state.task(call.param(0), call.now) {
                Some(task) => view.object(200, Holds::Tasks, &view.one_task(task)),
                None => Answer::empty(404),
            }),
            other => Err(format!("The simulator does not know {other}.")),
        };
        answered.unwrap_or_else(|why| error(state, 400, "INVALID_REQUEST", &why))
    }

    fn start(&self, call: &Call, state: &mut State, action: Action) -> Answer {
        let times_as_text = call.path.starts_with("/api/rest/vr/v1/");
        let started = state.start(call.param(1), action, call.now, &self.scripts, self.settings.duration);
        let id = match started {
            Ok(task) => task.id.clone(),
            Err(Refusal::Unknown) => return Answer::empty(404),
            Err(Refusal::State(why)) => return error(state, 400, "INVALID_STATE", why),
        };
        let view = View {
            state,
            now: call.now,
            times_as_text,
            reach: Reach::Whole,
            extended: true,
            nulls: self.settings.vr_nulls,
        };
        match state.task(&id, call.now) {
            Some(task) => view.object(202, Holds::Tasks, &view.one_task(task)),
            None => Answer::empty(404),
        }
    }
}

fn pairings(view: &View<'_>, call: &Call) -> Result<Answer, String> {
    let asked = Asked::read(&call.pairs())?;
    let json = serde_json::to_value(view.pairing()).unwrap_or_default();
    let page = asked.apply(vec![&view.state.pairing], |_, name| key_of(&json, name));
    let missing = if page.items.is_empty() { Vec::new() } else { view.missing_of_pairing("$.list[0]") };
    let list = t::PairingDrResponseList {
        list: Some(page.items.iter().map(|_| view.pairing()).collect()),
        meta: Some(asked.envelope(call, page.total, missing)),
    };
    Ok(view.page(Holds::Pairings, &list))
}

fn replications(view: &View<'_>, call: &Call, settings: &Settings) -> Result<Answer, String> {
    let query = call.pairs();
    let asked = Asked::read(&query)?.capped(settings);
    let view = View { extended: query.truth("extended_info") == Some(true), ..*view };
    // All of them leave the local vCenter.
    let outgoing =
        query.get("source_vc_guid").is_none_or(|source| source.eq_ignore_ascii_case(&view.state.pairing.local_vc.id));
    let all = view.state.replications().iter().filter(|_| outgoing).collect();
    let page = asked.apply(all, |replication: &Replication, name| match name {
        "id" => Key::Text(Cow::Borrowed(&replication.id)),
        "name" => Key::Text(Cow::Borrowed(&replication.name)),
        "last_sync_time" => Key::Number(view.state.standing(replication, view.now).last_sync),
        _ => key_of(&serde_json::to_value(view.replication(replication)).unwrap_or_default(), name),
    });
    let missing = view.missing_of_replications(page.items.len());
    let list = t::ReplicationInfoDrResponseList {
        list: Some(page.items.iter().map(|replication| view.replication(replication)).collect()),
        meta: Some(asked.envelope(call, page.total, missing)),
    };
    Ok(view.page(Holds::Replications, &list))
}

fn tasks(view: &View<'_>, call: &Call) -> Result<Answer, String> {
    let asked = Asked::read(&call.pairs())?;
    // Whole ids need no walk through all tasks.
    let by_id =
        asked.ids().and_then(|ids| ids.iter().map(|id| view.state.task(id, view.now)).collect::<Option<Vec<_>>>());
    let all = by_id.unwrap_or_else(|| view.state.tasks(view.now).collect());
    let page = asked.apply(all, |task: &Task, name| match name {
        "id" => Key::Text(Cow::Borrowed(&task.id)),
        "queued_time" => Key::Number(view.state.millis(task.course.start())),
        _ => key_of(&serde_json::to_value(view.task(task)).unwrap_or_default(), name),
    });
    let list = t::TaskDrResponseList {
        list: Some(page.items.iter().map(|task| view.task(task)).collect()),
        meta: Some(asked.envelope(call, page.total, Vec::new())),
    };
    Ok(view.page(Holds::Tasks, &list))
}
