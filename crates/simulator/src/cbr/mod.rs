//! Huawei Cloud CBR and its IAM as a server.

mod agents;
mod aksk;
mod backups;
mod billing;
mod bounds;
mod checkpoints;
mod desk;
mod domains;
mod effects;
mod iam;
mod lists;
mod organization;
mod policies;
mod protectables;
mod replication;
mod resources;
mod restore;
mod seeds;
mod sharing;
mod state;
mod sync;
mod tags;
mod tasks;
mod things;
mod vaults;
mod views;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use huawei_cbr::{iam_v3, v3};

use self::aksk::{AccessKey, Refused};
use self::desk::{Answered, Desk};
use self::iam::{Iam, Scope};
use self::state::State;
use self::tasks::Start;
use self::things::Vault;
use self::views::gateway_error;
use crate::builder::StartError;
use crate::clock::SimClock;
use crate::control::JobState;
use crate::endpoint::{Endpoint, EndpointTarget};
use crate::http::Vendor;
use crate::ids::Ids;
use crate::message::{Answer, Call};
use crate::routes::{Found, Routes, routes};
use crate::script::Scripts;
use crate::settings::Settings;
use crate::simulator::Setup;

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
    let mut more = Ids::new(&format!("{} and more", setup.name));
    let state = State::new(ids, &mut more, setup.settings, setup.clock.clone());
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
        targets: state.vaults.iter().filter(|vault| vault.hybrid).map(target).collect(),
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
        let request = state.hex();
        state.settle(self.how(call, &request));
        match call.operation() {
            Some(
                operation @ ("KeystoneCreateUserTokenByPassword"
                | "CreateTemporaryAccessKeyByToken"
                | "KeystoneListProjects"
                | "KeystoneListAuthProjects"
                | "KeystoneListAuthDomains"),
            ) => self.identity(operation, state, iam, call, &request).with("x-iam-trace-id", &request),
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
        let request = self.state.lock().unwrap_or_else(PoisonError::into_inner).0.hex();
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
            Ok(_) if !for_project || !names_project(call) || call.param(0) == iam.project_id => return None,
            Ok(_) => Refused::new(403, "0302", "The credentials are not for this project."),
        };
        Some(Answer::json(refused.status, &gateway_error(refused.code, &refused.message, request)))
    }

    /// How a call starts a task.
    fn how<'a>(&'a self, call: &Call, request: &'a str) -> Start<'a> {
        Start { now: call.now, usual: self.settings.duration, scripts: &self.scripts, request }
    }

    /// A call of IAM.
    fn identity(&self, operation: &str, state: &State, iam: &mut Iam, call: &Call, request: &str) -> Answer {
        let at = |moment| self.clock.at(moment).strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        match operation {
            "KeystoneCreateUserTokenByPassword" => return iam.token(call, at),
            "CreateTemporaryAccessKeyByToken" => return iam.temporary_key(call, self.clock.clients_wall(), at),
            _ => {}
        }
        if let Some(refused) = self.refused(iam, call, request, false) {
            return refused;
        }
        let away = (state.away.region.as_str(), state.away.project.as_str());
        match operation {
            "KeystoneListAuthProjects" => iam.all_projects(call, away),
            "KeystoneListAuthDomains" => iam.domains(call),
            _ => iam.projects(call, away),
        }
    }

    fn dispatch(&self, operation: &'static str, state: &mut State, iam: &Iam, call: &Call, request: &str) -> Answer {
        let mut desk = Desk {
            state,
            iam,
            call,
            query: call.pairs(),
            operation,
            settings: &self.settings,
            how: self.how(call, request),
            nulls: self.nulls,
        };
        desk.dispatch().unwrap_or_else(|refusal| refusal.answer())
    }
}

/// Whether the first parameter of the path is the project.
fn names_project(call: &Call) -> bool {
    !matches!(
        call.operation(),
        Some("ListProjects" | "ListDomainProjects" | "ShowDomain" | "MigrateDomain" | "ShowMigrateStatus")
    )
}

impl Desk<'_> {
    fn dispatch(&mut self) -> Answered {
        match self.operation {
            "ListOpLogs" => self.list_logs(),
            "ShowOpLog" => self.show_log(),
            "CreateCheckpoint" => self.create_checkpoint(),
            "CopyCheckpoint" => self.copy_checkpoint(),
            "ImportCheckpoint" => self.import_checkpoint(),
            "ShowCheckpoint" => self.show_checkpoint(),
            "ListBackups" => self.list_backups(),
            "ImportBackup" => self.import_backups(),
            "DeleteBackup" => self.delete_backup(),
            "ShowBackup" => self.show_backup(),
            "UpdateBackup" => self.rename_backup(),
            "ShowMetadata" => self.backup_metadata(),
            "CopyBackup" => self.copy_backup(),
            "RestoreBackup" => self.restore_backup(),
            "AddMember" => self.add_members(),
            "ShowMembersDetail" => self.list_members(),
            "DeleteMember" => self.delete_member(),
            "ShowMemberDetail" => self.show_member(),
            "UpdateMemberStatus" => self.update_member(),
            "ListVault" => self.list_vaults(),
            "ListExternalVault" => self.list_external_vaults(),
            "CreateVault" => self.create_vault(),
            "CreatePostPaidVault" => self.order_vault(),
            "BatchUpdateVault" => self.update_all_vaults(),
            "ShowSummary" => self.summary(),
            "ShowStorageUsage" => self.storage_usage(),
            "DeleteVault" => self.delete_vault(),
            "ShowVault" => self.show_vault(),
            "UpdateVault" => self.update_vault(),
            "AddVaultResource" => self.add_resources(),
            "RemoveVaultResource" => self.remove_resources(),
            "MigrateVaultResource" => self.move_resources(),
            "SetVaultResource" => self.set_resources(),
            "UpdateExpirationTime" => self.set_expiration(),
            "AssociateVaultPolicy" => self.attach_policy(),
            "DisassociateVaultPolicy" => self.detach_policy(),
            other => self.dispatch_others(other),
        }
    }

    fn dispatch_others(&mut self, operation: &str) -> Answered {
        match operation {
            "CreatePolicy" => self.create_policy(),
            "ListPolicies" => self.list_policies(),
            "DeletePolicy" => self.delete_policy(),
            "ShowPolicy" => self.show_policy(),
            "UpdatePolicy" => self.update_policy(),
            "CreateOrganizationPolicy" => self.create_organization_policy(),
            "ListOrganizationPolicies" => self.list_organization_policies(),
            "DeleteOrganizationPolicy" => self.delete_organization_policy(),
            "ShowOrganizationPolicy" => self.show_organization_policy(),
            "UpdateOrganizationPolicy" => self.update_organization_policy(),
            "ListOrganizationPolicyDetail" => self.organization_policy_detail(),
            "ListAgent" => self.list_agents(),
            "RegisterAgent" => self.register_agent(),
            "ShowAgent" => self.show_agent(),
            "UnregisterAgent" => self.unregister_agent(),
            "UpdateAgent" => self.update_agent(),
            "AddAgentPath" => self.add_paths(),
            "RemoveAgentPath" => self.remove_paths(),
            "CheckAgent" => self.check_agents(),
            "ListProtectable" => self.list_protectables(),
            "ShowProtectable" => self.show_protectable(),
            "ShowReplicationCapabilities" => self.replication_capabilities(),
            "ShowVaultResourceInstances" => self.find_by_tags(),
            "ShowVaultProjectTag" => self.project_tags(),
            "CreateVaultTags" => self.create_tag(),
            "ShowVaultTag" => self.show_tags(),
            "BatchCreateAndDeleteVaultTags" => self.change_tags(),
            "DeleteVaultTag" => self.delete_tag(),
            "ChangeOrder" => self.change_order(),
            "UpdateOrder" => self.update_order(),
            "ChangeVaultChargeMode" => self.change_charge_mode(),
            "ListFeatures" => self.list_features(),
            "ShowFeature" => self.show_feature(),
            "ListProjects" => self.list_projects(),
            "ListDomainProjects" => self.list_domain_projects(),
            "ShowDomain" => self.show_domain(),
            "MigrateDomain" => self.migrate_domain(),
            "ShowMigrateStatus" => self.migration(),
            other => Ok(Answer::json(501, &views::error("9910", &format!("The simulator does not know {other}.")))),
        }
    }
}
