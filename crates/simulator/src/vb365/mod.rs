//! Veeam Backup for Microsoft 365, REST API v5 to v8, as a server.

mod desk;
mod dialect;
mod events;
mod jobs;
mod login;
mod organizations;
mod owners;
mod points;
mod pools;
mod proxies;
mod refresh;
mod repositories;
mod runs;
mod seed;
mod service;
mod sessions;
mod shape;
mod state;
mod storages;
mod sync;
mod tables;
mod tokens;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use veeam_vb365::{v5, v7, v8};

use self::desk::{Answered, Desk, invalid};
use self::state::{Going, State};
use self::sync::Repository;
use self::tokens::Tokens;
use crate::builder::Vb365Version;
use crate::clock::SimClock;
use crate::control::JobState;
use crate::endpoint::{Endpoint, EndpointTarget};
use crate::http::Vendor;
use crate::message::{Answer, Call};
use crate::routes::{Found, Routes, routes};
use crate::script::Scripts;
use crate::settings::Settings;
use crate::simulator::Setup;

const USERNAME: &str = "EXAMPLE\\backup-operator";
/// v6 shares the document of v7, but has none of these.
const NOT_IN_V6: &[&str] = &[
    "Auth_Logout",
    "Auth_AuthCode",
    "BackupRepository_Explore",
    "JobSessionObjects_List",
    "OrganizationSync_Start",
    "OrganizationSync_GetState",
    "RestorePoint_GetChanges",
    "RestorePoint_ListForLoggedInUser",
];
/// The same the other way round.
const ONLY_IN_V6: &[&str] = &["JobSession_ListByJob"];

/// One server.
struct Vb365 {
    version: Vb365Version,
    routes: Routes,
    clock: Arc<SimClock>,
    scripts: Arc<Scripts>,
    settings: Settings,
    password: String,
    state: Mutex<(State, Tokens)>,
}

/// Makes a server and says how to reach it.
pub(crate) fn open(setup: Setup<'_>, version: Vb365Version) -> (Box<dyn Vendor>, Endpoint) {
    let state = State::new(setup.name, setup.settings, setup.clock.clone());
    let target = |repository: &Repository| EndpointTarget {
        kind: "repository".to_owned(),
        id: repository.id.clone(),
        name: repository.name.clone(),
    };
    let targets = state.repositories.all.iter().map(target).collect();
    let endpoint = Endpoint {
        api_version: version.to_string(),
        username: USERNAME.to_owned(),
        password: setup.password.clone(),
        targets,
        ..Endpoint::at(setup.name, "veeam-vb365", setup.origin)
    };
    let routes = match version {
        Vb365Version::V5 => routes!(true, v5::OPERATIONS),
        Vb365Version::V6 | Vb365Version::V7 => routes!(true, v7::OPERATIONS),
        Vb365Version::V8 => routes!(true, v8::OPERATIONS),
    };
    let vendor = Vb365 {
        version,
        routes,
        clock: setup.clock,
        scripts: setup.scripts,
        settings: setup.settings.clone(),
        password: setup.password,
        state: Mutex::new((state, Tokens::default())),
    };
    (Box::new(vendor), endpoint)
}

impl Vendor for Vb365 {
    fn find(&self, method: &Method, path: &str) -> Found {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (prefix, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
        if !prefix.eq_ignore_ascii_case(&self.version.to_string()) {
            return Found::Nothing;
        }
        match self.routes.find(method, rest) {
            Found::Operation(id, _) if self.version == Vb365Version::V6 && NOT_IN_V6.contains(&id) => Found::Nothing,
            Found::Operation(id, _) if self.version == Vb365Version::V7 && ONLY_IN_V6.contains(&id) => Found::Nothing,
            found => found,
        }
    }

    fn answer(&self, call: &Call) -> Answer {
        let answer = self.dispatch(call);
        if answer.body.is_empty() {
            return answer;
        }
        let body = answer.body.clone();
        answer.typed("application/json; charset=utf-8", body)
    }

    fn refusal(&self, status: u16) -> Answer {
        let code = match status {
            400 => Some("ParameterValidationFailure"),
            403 => Some("ResourceAccessDenied"),
            404 => Some("ResourceNotFound"),
            409 => Some("OperationConflict"),
            500 => Some("HttpError"),
            503 => Some("ProxyOffline"),
            504 => Some("Timeout"),
            _ => None,
        };
        self.error(status, &format!("The request cannot be answered (status {status})."), code)
    }

    fn document(&self, _: Option<&str>) -> &'static str {
        match self.version {
            Vb365Version::V5 => "veeam-vb365-v5",
            Vb365Version::V6 | Vb365Version::V7 => "veeam-vb365-v7",
            Vb365Version::V8 => "veeam-vb365-v8",
        }
    }

    fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.work(now, most)
    }

    fn others(&self) -> Vec<EndpointTarget> {
        let locked = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let job = |job: &jobs::Job| EndpointTarget {
            kind: if job.copy_of.is_some() { "copy-job" } else { "job" }.to_owned(),
            id: job.id.clone(),
            name: job.name().to_owned(),
        };
        let organization = |organization: &shape::Object| EndpointTarget {
            kind: "organization".to_owned(),
            id: shape::string(organization, "id").to_owned(),
            name: shape::string(organization, "name").to_owned(),
        };
        let organizations = locked.0.organizations.iter().map(organization);
        locked.0.jobs.iter().map(job).chain(organizations).collect()
    }
}

impl Vb365 {
    fn dispatch(&self, call: &Call) -> Answer {
        let operation = match &call.found {
            Found::Operation(operation, _) => *operation,
            Found::OtherMethod => return self.error(405, "The method is not allowed for this path.", None),
            Found::Nothing => return self.error(404, "The path was not found.", Some("ResourceNotFound")),
        };
        let mut locked = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, tokens) = &mut *locked;
        if operation == "Auth_Token" {
            return self.token(call, tokens);
        }
        if !matches!(operation, "RestorePortalSettings_Get" | "Health_Get") {
            let access = match self.authorize(call, tokens) {
                Ok(access) => access,
                Err(answer) => return answer,
            };
            if operation == "Auth_Logout" {
                tokens.revoke(&access);
                return Answer::empty(if self.version == Vb365Version::V8 { 204 } else { 200 });
            }
        }
        state.settle(call.now, Going { scripts: &self.scripts, usual: self.settings.duration });
        state.events.forget(call.now);
        let mut desk = Desk { state, call, version: self.version, scripts: &self.scripts, settings: &self.settings };
        desk.answer(operation).unwrap_or_else(|refusal| refusal.answer(self.version))
    }

    fn error(&self, status: u16, message: &str, code: Option<&str>) -> Answer {
        dialect::error(self.version, status, message, code)
    }

    fn invalid(&self, message: &str) -> Answer {
        self.error(400, message, Some("ParameterValidationFailure"))
    }
}

impl Desk<'_> {
    fn answer(&mut self, operation: &str) -> Answered {
        match operation {
            "Auth_AuthCode" => login::code(),
            "BackupRepository_List" => self.repositories(),
            "BackupRepository_Get" => self.one_repository(),
            "BackupRepository_Create" => self.create_repository(),
            "BackupRepository_Update" => self.change_repository(),
            "BackupRepository_Delete" => self.delete_repository(),
            "BackupRepository_ListBackedupOrganizations" => self.backedup_organizations(),
            "BackupRepository_StartSynchronizeAction" => self.synchronize(),
            "BackupRepository_Explore" => self.explore_repository(),
            "BackupRepository_ChangeOwner" => self.change_owner(),
            "RepositorySynchronizeSession_List" => self.sync_sessions(),
            "RepositorySynchronizeSession_Get" => self.sync_session(),
            "RepositorySynchronizeSession_StopSynchronizeAction" => self.stop_sync(),
            "RepositoryOwnerChangeSession_List" => self.moves(),
            "RepositoryOwnerChangeSession_Get" => self.one_move(),
            "RepositoryOwnerChangeSession_Stop" => self.stop_move(),
            "ObjectStorageRepository_List" => self.storages(),
            "ObjectStorageRepository_Get" => self.one_storage(),
            "ObjectStorageRepository_Create" => self.create_storage(),
            "ObjectStorageRepository_Update" => self.change_storage(),
            "ObjectStorageRepository_Delete" => self.delete_storage(),
            "Proxy_List" => self.proxies(),
            "Proxy_Get" => self.one_proxy(),
            "Proxy_Create" => self.create_proxy(),
            "Proxy_Update" => self.change_proxy(),
            "Proxy_Rescan" => self.rescan(),
            "Proxy_RescanAll" => self.rescan_all(),
            "Proxy_Remove" => self.remove_proxy(),
            "Proxy_EnableMaintenance" => self.maintain(true),
            "Proxy_DisableMaintenance" => self.maintain(false),
            "Proxy_CheckSshConnectionConfig" => self.check_ssh(),
            "ProxyPool_List" => self.pools(),
            "ProxyPool_Get" => self.one_pool(),
            "ProxyPool_Create" => self.create_pool(),
            "ProxyPool_Update" => self.change_pool(),
            "ProxyPool_Delete" => self.delete_pool(),
            "ProxyPool_ListProxies" => self.proxies_of_pool(),
            "ProxyPool_AddProxies" => self.add_to_pool(),
            "ProxyPool_RemoveProxies" => self.remove_from_pool(),
            "Organization_List" => self.organizations(),
            "Organization_Get" => self.one_organization(),
            "Organization_GetOwn" => self.own_organization(),
            "Organization_Create" => self.create_organization(),
            "Organization_Update" => self.change_organization(),
            "Organization_Delete" => self.delete_organization(),
            "Organization_ListUsedRepositories" => self.used_repositories(),
            "OrganizationLicensingInformation_Get" => self.licensing(),
            "OrganizationSync_Start" => self.refresh(),
            "OrganizationSync_GetState" => self.one_refresh_state(),
            "OrganizationSync_ListStates" => self.refresh_states(),
            _ => self.answer_about_jobs(operation),
        }
    }

    fn answer_about_jobs(&mut self, operation: &str) -> Answered {
        match operation {
            "Job_List" => self.jobs(),
            "Job_ListByOrganization" => self.jobs_of_organization(),
            "Job_Get" => self.one_job(),
            "Job_Create" | "Job_CreateInOrganization" => self.create_job(),
            "Job_Update" => self.change_job(),
            "Job_Delete" => self.delete_job(),
            "Job_Start" => self.start_job(false),
            "Job_Stop" => self.stop_job(false),
            "Job_Enable" => self.switch_job(true),
            "Job_Disable" => self.switch_job(false),
            "Job_Explore" => self.explore_job(),
            "Job_RunAction" => self.job_action(),
            "CopyJob_List" => self.copies(),
            "CopyJob_Get" => self.one_copy(),
            "CopyJob_GetByJob" => self.copy_of_job(),
            "CopyJob_Start" => self.start_job(true),
            "CopyJob_Stop" => self.stop_job(true),
            "JobSession_List" => self.runs(),
            "JobSession_ListByJob" => self.runs_of_job(),
            "JobSession_Get" => self.one_run(),
            "JobSessionObjects_List" => self.processed(),
            "JobSessionLog_List" => self.log(),
            "JobSessionLog_Get" => self.log_line(),
            "RestorePoint_List" => self.points(),
            "RestorePoint_Get" => self.point(),
            "RestorePoint_GetChanges" => self.changed_points(),
            "RestorePoint_ListForLoggedInUser" => self.own_points(),
            "Events_Get" => self.changes(),
            "ServiceInstance_Get" => self.instance(),
            "Health_Get" => self.health(),
            "RestorePortalSettings_Get" => self.portal(),
            "ManagementMode_Get" => self.management(),
            "ManagementMode_Update" => self.manage(),
            "Configuration_GetUpdates" => self.updates(),
            "Configuration_UpdateUpdates" => self.change_updates(),
            "License_Get" => self.license(),
            "License_Install" => self.install_license(),
            "License_Update" => self.renew(),
            "License_GetAutoUpdate" => self.auto_update(),
            "License_UpdateAutoUpdate" => self.change_auto_update(),
            "LicensedUser_List" => self.users(),
            "LicensedUser_Delete" => self.delete_user(),
            other => Err(invalid(format!("the simulator does not know {other}"))),
        }
    }
}
