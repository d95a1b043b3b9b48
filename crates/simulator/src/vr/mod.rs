//! VMware vSphere Replication, REST API v1 and v2, as a server.

mod contract;
mod desk;
mod inventory;
mod lists;
mod replications;
mod servers;
mod sessions;
mod state;
mod storage;
mod tasks;
mod views;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use vsphere_replication::v2::OPERATIONS;
use vsphere_replication::v2::types as t;

use self::contract::{Need, need};
use self::desk::{Answered, Desk};
use self::inventory::Site;
use self::lists::{Asked, Key, key_of};
use self::replications::Replication;
use self::sessions::Sessions;
use self::state::{Refusal, State};
use self::tasks::{Action, Task};
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
        targets: state.replications().map(target).collect(),
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
        state.settle(call.now);
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
        let pairing = if of_pairing { state.pairing_number(call.param(0)) } else { Some(0) };
        let Some(pairing) = pairing else { return Answer::empty(404) };
        let reach = self.reach(call.now, sessions.has_remote(session, &state.pairing(pairing).id));
        let refused = match need(operation, call, state.pairing(pairing)) {
            Need::Nothing => false,
            Need::Up => reach == Reach::Down,
            Need::Login => !reach.is_whole(),
        };
        match operation {
            _ if refused => self.unreachable(state, reach),
            "getCurrentSession" => Answer::json(200, &t::SessionInfo { username: Some(USERNAME.to_owned()) }),
            "logout" => {
                sessions.close(session);
                Answer::empty(204)
            }
            "createRemoteSession" => self.log_in_remotely(call, sessions, session, &state.pairing(pairing).id),
            "getRemoteSession" => Answer::json(200, &t::SessionInfo { username: Some(REMOTE_USERNAME.to_owned()) }),
            operation => {
                let mut desk = Desk {
                    state,
                    call,
                    operation,
                    settings: &self.settings,
                    scripts: &self.scripts,
                    remote_login: (REMOTE_USERNAME, &self.remote_password),
                    pairing,
                    reach,
                };
                desk.dispatch().unwrap_or_else(|refusal| match refusal {
                    Refusal::Unknown => Answer::empty(404),
                    Refusal::State(why) => error(desk.state, 400, "INVALID_STATE", why),
                    Refusal::Request(why) => error(desk.state, 400, "INVALID_REQUEST", &why),
                })
            }
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
        op_id: Some(state.uuid()),
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
}

impl Desk<'_> {
    fn dispatch(&mut self) -> Answered {
        match self.operation {
            "getVrInfo" => Ok(Answer::json(200, &self.view().one_vrms(Site::Local))),
            "getAllVrServers" | "getAllVrServersInPairing" => self.replication_servers(),
            "getVrServer" | "getVrServerInPairing" => self.replication_server(),
            "registerVrServer" | "registerVrServerInPairing" => self.register(),
            "unregisterVrServer" | "unregisterVrServerInPairing" => self.change_server(Action::Unregister),
            "reconnectVrServer" | "reconnectVrServerInPairing" => self.change_server(Action::ReconnectServer),
            "getVrPairings" => self.pairings(),
            "getVrPairing" => Ok(Answer::json(200, &self.view().one_pairing())),
            "pairVr" => self.pair(Action::Pair),
            "reconnectVrPairing" => self.pair(Action::ReconnectPairing),
            "deleteVrPairing" => self.break_pairing(),
            "getVrPairingIssues" => self.pairing_issues(),
            "getAllVrDetailsInPairing" => self.management_servers(),
            "getVrInfoInPairing" => self.management_server(),
            "getAllReplications" => replications(&self.view(), self.call, self.settings),
            "getReplicationInfo" => self.replication(),
            "getReplicationsCount" => self.count(),
            "getReplicationsIssues" => self.replication_issues(),
            "getReplicatedVmDisks" => self.replicated_disks(),
            "configureReplication" => self.configure(),
            "reconfigureReplication" => self.reconfigure(),
            "syncReplication" => self.act(Action::Sync),
            "pauseReplication" => self.act(Action::Pause),
            "resumeReplication" => self.act(Action::Resume),
            "unconfigureReplication" => self.remove_replication(Action::Unconfigure),
            "destroyReplication" => self.remove_replication(Action::Destroy),
            "getVrCapableTargetDatastores" => self.target_datastores(),
            "browseDatastore" => self.browse(),
            "getSeedsForDisks" => self.find_seeds(),
            "getVcStoragePolicies" => self.policies(),
            "checkStoragePolicyCompliance" => self.compliance(),
            "getLocalVms" => self.virtual_machines(),
            "getVmCapability" => self.capability(),
            "getLocalVmDisks" => self.disks_of_machine(),
            "getRecentTasksInfo" => tasks(&self.view(), self.call),
            "getTaskInfo" => self.task(),
            other => Err(Refusal::Request(format!("The simulator does not know {other}."))),
        }
    }

    fn replication(&self) -> Answered {
        let replication = self.state.replication(self.pairing, self.call.param(1)).ok_or(Refusal::Unknown)?;
        let view = self.view();
        Ok(view.object(200, Holds::Replications, &view.one_replication(replication)))
    }

    fn task(&self) -> Answered {
        let task = self.state.task(self.call.param(0), self.call.now).ok_or(Refusal::Unknown)?;
        let view = self.view();
        Ok(view.object(200, Holds::Tasks, &view.one_task(task)))
    }
}

fn replications(view: &View<'_>, call: &Call, settings: &Settings) -> Answered {
    let query = call.pairs();
    let asked = Asked::read(&query)?.capped(settings);
    let view = View { extended: query.truth("extended_info") == Some(true), ..*view };
    let source = query.get("source_vc_guid");
    let all = view.state.replications_in(view.number).filter(|replication| view.leaves(replication, source)).collect();
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
    Ok(view.page(200, Holds::Replications, &list))
}

fn tasks(view: &View<'_>, call: &Call) -> Answered {
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
    Ok(view.page(200, Holds::Tasks, &list))
}
