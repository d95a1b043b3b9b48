//! Huawei Cloud CBR and its IAM as a server.

mod aksk;
mod iam;
mod lists;
mod state;
mod views;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use huawei_cbr::v3::types as t;
use huawei_cbr::{iam_v3, v3};

use self::aksk::{AccessKey, Refused};
use self::iam::{Iam, Scope};
use self::lists::page;
use self::state::{Backup, Refusal, Resource, Start, State, Vault};
use self::views::{Project, gateway_error};
use crate::builder::StartError;
use crate::clock::SimClock;
use crate::control::JobState;
use crate::endpoint::{Endpoint, EndpointTarget};
use crate::http::Vendor;
use crate::ids::Ids;
use crate::message::{Answer, Call, Pairs};
use crate::routes::{Found, Routes, routes};
use crate::script::Scripts;
use crate::settings::Settings;
use crate::simulator::Setup;
use crate::store::Page;

/// `ImportBackup` takes so many backups.
const MOST_BACKUPS: usize = 50;
/// Longest name of a bucket.
const LONGEST_BUCKET: usize = 255;

/// One region: CBR and IAM at the same address.
struct Cbr {
    routes: Routes,
    clock: Arc<SimClock>,
    scripts: Arc<Scripts>,
    settings: Settings,
    /// Members of a backup that are null when they have no value.
    nulls: &'static [&'static str],
    state: Mutex<(State, Iam)>,
}

/// Makes a server and says how to reach it.
pub(crate) fn open(setup: Setup<'_>) -> Result<(Box<dyn Vendor>, Endpoint), StartError> {
    let mut ids = Ids::new(setup.name);
    let lifetime = setup.settings.iam_token_lifetime;
    let key = AccessKey::new(setup.settings.cbr_temporary_keys).ok_or(StartError::Random)?;
    let iam = Iam::new(&mut ids, setup.password.clone(), setup.origin.clone(), lifetime, key);
    let state = State::new(ids, setup.settings, setup.clock.epoch().as_second());
    let target =
        |vault: &Vault| EndpointTarget { kind: "vault".to_owned(), id: vault.id.clone(), name: vault.name.clone() };
    let endpoint = Endpoint {
        api_version: "v3".to_owned(),
        iam_url: Some(setup.origin.clone()),
        region: Some(iam.region.clone()),
        project_id: Some(iam.project_id.clone()),
        domain: Some(iam.domain.clone()),
        username: iam.username.clone(),
        password: setup.password,
        access_key: Some(iam.key.access.clone()),
        secret_key: Some(iam.key.secret.clone()),
        security_token: iam.key.temporary.as_ref().map(|(token, _)| token.clone()),
        targets: state.vaults().iter().filter(|vault| vault.hybrid).map(target).collect(),
        ..Endpoint::at(setup.name, "huawei-cbr", setup.origin)
    };
    let vendor = Cbr {
        routes: routes!(false, iam_v3::OPERATIONS, v3::OPERATIONS),
        clock: setup.clock,
        scripts: setup.scripts,
        settings: setup.settings.clone(),
        nulls: if setup.settings.cbr_nulls { &views::NULLS } else { &[] },
        state: Mutex::new((state, iam)),
    };
    Ok((Box::new(vendor), endpoint))
}

impl Vendor for Cbr {
    fn find(&self, method: &Method, path: &str) -> Found {
        self.routes.find(method, path)
    }

    fn answer(&self, call: &Call) -> Answer {
        let mut locked = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, iam) = &mut *locked;
        let request = state.request_id();
        match call.operation() {
            Some("KeystoneCreateUserTokenByPassword") => iam
                .token(call, |moment| self.clock.at(moment).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
                .with("x-iam-trace-id", &request),
            Some("KeystoneListProjects") => {
                let refused = self.refused(iam, call, &request, false);
                refused.unwrap_or_else(|| iam.projects(call)).with("x-iam-trace-id", &request)
            }
            Some(operation) => {
                let refused = self.refused(iam, call, &request, true);
                refused
                    .unwrap_or_else(|| self.dispatch(operation, state, iam, call, &request))
                    .with("x-request-id", &request)
            }
            None => {
                let message = "The API does not exist or has not been published in the environment";
                Answer::json(404, &gateway_error("0101", message, &request)).with("x-request-id", &request)
            }
        }
    }

    fn refusal(&self, status: u16) -> Answer {
        let request = self.state.lock().unwrap_or_else(PoisonError::into_inner).0.request_id();
        let (code, message) = match status {
            401 => ("0301", "Incorrect IAM authentication information: decrypt token fail"),
            403 => ("0302", "The policy does not allow this action."),
            404 => ("0101", "The API does not exist or has not been published in the environment"),
            413 | 502 => ("0201", "Backend unavailable"),
            429 => ("0308", "The throttling threshold is reached: policy user over ratelimit,limit:200,time:5 minute"),
            503 => ("0613", "IAM is not available"),
            504 => ("0203", "Backend timeout"),
            400 => return Answer::json(status, &views::error("9900", "Parameter check failed.")),
            _ => return Answer::json(status, &views::error("9910", "Unknown internal error.")),
        };
        Answer::json(status, &gateway_error(code, message, &request))
    }

    fn document(&self, operation: Option<&str>) -> &'static str {
        let of_iam = iam_v3::OPERATIONS.iter().any(|row| Some(row.id) == operation);
        if of_iam { "huawei-iam-v3" } else { "huawei-cbr-v3" }
    }

    fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.jobs(now, most)
    }
}

impl Cbr {
    /// The gateway's answer to a request whose credentials do not do.
    fn refused(&self, iam: &mut Iam, call: &Call, request: &str, for_project: bool) -> Option<Answer> {
        let refused = match iam.check(call, self.clock.clients_wall()) {
            Err(refused) => refused,
            Ok(Scope::Account) if for_project => Refused::new(403, "0302", "The token is not for a project."),
            Ok(_) if !for_project || call.param(0) == iam.project_id => return None,
            Ok(_) => Refused::new(403, "0302", "The credentials are not for this project."),
        };
        Some(Answer::json(refused.status, &gateway_error(refused.code, &refused.message, request)))
    }

    fn dispatch(&self, operation: &str, state: &mut State, iam: &Iam, call: &Call, request: &str) -> Answer {
        let project = Project { id: &iam.project_id, user: &iam.user_id, clock: &self.clock, now: call.now };
        let query = call.pairs();
        let start = Start { now: call.now, usual: self.settings.duration, scripts: &self.scripts, request };
        let answer = match operation {
            "ImportCheckpoint" => import_checkpoint(state, call, start),
            "ImportBackup" => import_backup(state, call, start),
            "ListVault" => list_vaults(state, &project, &query, &self.settings),
            "ListExternalVault" => list_external(state, &project, &query, &self.settings),
            "ShowVault" => match state.vault(call.param(1)) {
                Some(vault) => Ok(Answer::json(200, &t::VaultGetResp { vault: Some(project.vault(vault)) })),
                None => Err(missing("6105", "The vault does not exist.")),
            },
            "ListOpLogs" => list_logs(state, &project, &query),
            "ShowOpLog" => match state.log(call.param(1), call.now) {
                Some(log) => {
                    let operation_log = Some(project.log(log, state.vault_at(log.vault)));
                    Ok(Answer::json(200, &t::OperationLogResp { operation_log }))
                }
                None => Err(missing("6500", "Operation log does not exist.")),
            },
            "ListBackups" => list_backups(state, &project, &query, self.nulls),
            "ShowBackup" => match state.backup(call.param(1), call.now) {
                Some(backup) => {
                    let backup = Some(project.backup(backup, state.vault_at(backup.vault)));
                    Ok(Answer::json_with_nulls(200, &t::BackupGetResp { backup }, &[("/backup", self.nulls)]))
                }
                None => Err(missing("6200", "The backup does not exist.")),
            },
            "ShowCheckpoint" => {
                match state.checkpoint(call.param(1), call.now, |moment| self.clock.at(moment).as_second()) {
                    Some(found) => {
                        Ok(Answer::json(200, &t::CheckpointResp { checkpoint: Some(project.checkpoint(&found)) }))
                    }
                    None => Err(missing("6217", "The checkpoint does not exist.")),
                }
            }
            other => Err(Answer::json(501, &views::error("9910", &format!("The simulator does not know {other}.")))),
        };
        answer.unwrap_or_else(|refused| refused)
    }
}

fn missing(code: &str, message: &str) -> Answer {
    Answer::json(404, &views::error(code, message))
}

fn invalid(why: &str) -> Answer {
    Answer::json(400, &views::error("9900", &format!("Parameter check failed: {why}.")))
}

fn count(number: usize) -> Option<i64> {
    i64::try_from(number).ok()
}

/// The page asked for, or the refusal.
fn paging(query: &Pairs) -> Result<Page, Answer> {
    page(query).map_err(|name| invalid(&name))
}

fn body<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T, Answer> {
    if !call.has_type("application/json") {
        return Err(invalid("the body has to be of the type application/json"));
    }
    call.json().map_err(|why| invalid(&why))
}

fn import_checkpoint(state: &mut State, call: &Call, start: Start<'_>) -> Result<Answer, Answer> {
    let request: t::SyncReq = body(call)?;
    let vault_id = request.sync.vault_id;
    match state.synchronize(&vault_id, start) {
        Ok(id) => {
            let sync = t::SyncRespBody { operation_log_id: Some(id), vault_id: Some(vault_id) };
            Ok(Answer::json(200, &t::SyncResp { sync: Some(sync) }))
        }
        Err(Refusal::Unknown) => Err(missing("6105", "The vault does not exist.")),
        Err(Refusal::NotHybrid) => {
            Err(Answer::json(400, &views::error("7300", "The vault type has no synchronization.")))
        }
        Err(Refusal::Running) => {
            Err(Answer::json(400, &views::error("7302", "A synchronization of this vault is already running.")))
        }
    }
}

fn import_backup(state: &mut State, call: &Call, start: Start<'_>) -> Result<Answer, Answer> {
    let request: t::BackupSyncReq = body(call)?;
    if !(1..=MOST_BACKUPS).contains(&request.sync.len()) {
        return Err(invalid("sync must have 1 to 50 entries"));
    }
    if let Some(why) = request.sync.iter().find_map(fault) {
        return Err(invalid(&why));
    }
    let mut accepted = Vec::with_capacity(request.sync.len());
    for entry in request.sync {
        let backup = Backup {
            id: entry.backup_id.clone(),
            name: entry.backup_name.into(),
            checkpoint: String::new(),
            vault: 0,
            resource: Resource {
                id: entry.resource_id,
                name: entry.resource_name,
                kind: entry.resource_type.to_string(),
            },
            created: entry.created_at,
        };
        let operation_log_id = state.import(backup, &entry.bucket_name, start);
        accepted.push(t::BackupSyncRespBody { backup_id: Some(entry.backup_id), operation_log_id });
    }
    Ok(Answer::json(200, &t::BackupSyncResp { sync: Some(accepted) }))
}

/// What is wrong with an entry; its name has been checked when it was read.
fn fault(entry: &t::BackupSync) -> Option<String> {
    let texts = [
        ("backup_id", &entry.backup_id),
        ("bucket_name", &entry.bucket_name),
        ("image_path", &entry.image_path),
        ("resource_id", &entry.resource_id),
        ("resource_name", &entry.resource_name),
    ];
    if let Some((name, _)) = texts.iter().find(|(_, text)| text.is_empty()) {
        return Some(format!("{name} is empty"));
    }
    if entry.bucket_name.chars().count() > LONGEST_BUCKET {
        return Some("bucket_name is too long".to_owned());
    }
    (!entry.resource_type.is_known()).then(|| "resource_type is not supported".to_owned())
}

/// The page of targets asked for, or the refusal.
fn target_paging(query: &Pairs, settings: &Settings) -> Result<Page, Answer> {
    paging(query).map(|page| Page { limit: settings.cap(page.limit), ..page })
}

fn list_vaults(state: &State, project: &Project<'_>, query: &Pairs, settings: &Settings) -> Result<Answer, Answer> {
    let page = target_paging(query, settings)?;
    let found = lists::vaults(state, query);
    Ok(Answer::json(200, &vault_list(project, &found, page)))
}

fn vault_list(project: &Project<'_>, found: &[&Vault], page: Page) -> t::VaultListResp {
    t::VaultListResp {
        count: count(found.len()),
        limit: count(page.limit),
        offset: count(page.offset),
        vaults: Some(page.cut(found.iter().copied()).into_iter().map(|vault| project.vault(vault)).collect()),
    }
}

/// The simulator has one region, so another project than the own one has no vaults.
fn list_external(state: &State, project: &Project<'_>, query: &Pairs, settings: &Settings) -> Result<Answer, Answer> {
    let page = target_paging(query, settings)?;
    let external = query.get("external_project_id").ok_or_else(|| invalid("external_project_id is missing"))?;
    query.get("region_id").ok_or_else(|| invalid("region_id is missing"))?;
    let found = if external == project.id { lists::vaults(state, query) } else { Vec::new() };
    Ok(Answer::json(200, &vault_list(project, &found, page)))
}

fn list_logs(state: &State, project: &Project<'_>, query: &Pairs) -> Result<Answer, Answer> {
    let page = paging(query)?;
    let found =
        lists::logs(state, query, project.now, |moment| project.clock.at(moment)).map_err(|name| invalid(&name))?;
    let shown = page.cut(found.iter().copied()).into_iter().map(|log| project.log(log, state.vault_at(log.vault)));
    let list = t::OpListResp {
        count: count(found.len()),
        limit: count(page.limit),
        offset: count(page.offset),
        operation_logs: Some(shown.collect()),
    };
    Ok(Answer::json(200, &list))
}

fn list_backups(state: &State, project: &Project<'_>, query: &Pairs, nulls: &[&str]) -> Result<Answer, Answer> {
    let page = paging(query)?;
    let found = lists::backups(state, query, project.now).map_err(|name| invalid(&name))?;
    let shown =
        page.cut(found.iter().copied()).into_iter().map(|backup| project.backup(backup, state.vault_at(backup.vault)));
    let list = t::BackupListResp {
        count: count(found.len()),
        limit: count(page.limit),
        offset: count(page.offset),
        backups: Some(shown.collect()),
    };
    Ok(Answer::json_with_nulls(200, &list, &[("/backups", nulls)]))
}
