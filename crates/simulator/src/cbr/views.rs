//! The objects of CBR, made of the types that `huawei-cbr` generates from its spec.

use std::time::Duration;

use huawei_cbr::v3::open::{BackupStatus, CheckpointStatus, OperationLogStatus, OperationType};
use huawei_cbr::v3::types as t;
use jiff::Timestamp;

use super::state::{Backup, Checkpoint, Log, Resource, Vault};
use crate::clock::SimClock;
use crate::course::{End, Stage};

/// Provider of hybrid VMware backups, and of servers.
pub(crate) const HYBRID_PROVIDER: &str = "a13639de-00be-4e94-af30-26912d75e4a2";
const SERVER_PROVIDER: &str = "0daac4c5-6707-4851-97ba-169e36266b66";

/// Members of a backup that the vendor shows as null.
pub(crate) const NULLS: [&str; 6] =
    ["description", "expired_at", "parent_id", "protected_at", "resource_az", "updated_at"];

/// What all objects of a project share.
pub(crate) struct Project<'a> {
    pub(crate) id: &'a str,
    pub(crate) user: &'a str,
    pub(crate) clock: &'a SimClock,
    pub(crate) now: Duration,
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn provider(vault: &Vault) -> t::ProviderId {
    let id = if vault.hybrid { HYBRID_PROVIDER } else { SERVER_PROVIDER };
    t::ProviderId(id.to_owned())
}

/// A time as CBR writes it: microseconds, no zone.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

fn seconds(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(time)
}

/// The status of a task, and what has gone wrong: code and message.
pub(crate) fn status(log: &Log, now: Duration) -> (OperationLogStatus, &str, &str) {
    match log.course.stage(now) {
        Stage::Waiting => (OperationLogStatus::Waiting, "", ""),
        Stage::Running => (OperationLogStatus::Running, "", ""),
        Stage::Odd(word) => (OperationLogStatus::from(word), "", ""),
        Stage::Ended(End::Failed(reason)) => {
            let (code, message) = match reason.split_once(": ") {
                Some((code, message)) if code.starts_with("BackupService.") => (code, message),
                _ => ("BackupService.6406", reason),
            };
            (OperationLogStatus::Failed, code, message)
        }
        Stage::Ended(End::Stopped) => {
            (OperationLogStatus::Skipped, "BackupService.6112", "The vault status does not fit the call.")
        }
        Stage::Ended(End::Success | End::Bare | End::Vanished | End::NoEffect) => (OperationLogStatus::Success, "", ""),
    }
}

impl Project<'_> {
    pub(crate) fn vault(&self, vault: &Vault) -> t::Vault {
        let hybrid = vault.hybrid;
        let billing = t::Billing {
            allocated: Some(40),
            charging_mode: Some("post_paid".into()),
            cloud_type: Some(if hybrid { "hybrid" } else { "public" }.into()),
            consistent_level: Some("crash_consistent".into()),
            object_type: Some(if hybrid { "vmware" } else { "server" }.into()),
            protect_type: Some(if hybrid { "hybrid" } else { "backup" }.into()),
            size: Some(200),
            spec_code: Some(if hybrid { "vault.hybrid.server.normal" } else { "vault.backup.server.normal" }.into()),
            status: Some("available".into()),
            storage_unit: hybrid.then(|| vault.bucket.clone()),
            used: Some(10_240),
            is_multi_az: Some(false),
            ..t::Billing::default()
        };
        t::Vault {
            id: vault.id.clone(),
            name: text(&vault.name),
            billing: Some(billing),
            description: text(""),
            project_id: text(self.id),
            provider_id: Some(provider(vault)),
            resources: Some(vec![resource(&vault.resource)]),
            tags: Some(Vec::new()),
            enterprise_project_id: Some("0".into()),
            auto_bind: Some(false),
            bind_rules: Some(t::VaultBindRules { tags: Some(Vec::new()) }),
            user_id: text(self.user),
            created_at: Some(time(self.clock.epoch())),
            auto_expand: Some(false),
            smn_notify: Some(true),
            threshold: Some(80),
            sys_lock_source_service: Some("".into()),
            locked: Some(false),
            availability_zone: None,
        }
    }

    pub(crate) fn log(&self, log: &Log, vault: Option<&Vault>) -> t::OperationLog {
        let (status, code, message) = status(log, self.now);
        let over = log.course.end().filter(|end| *end <= self.now);
        let at = |moment| Some(time(self.clock.at(moment)));
        let bare = matches!(log.course.stage(self.now), Stage::Ended(End::Bare));
        let error = |text: &str| (!bare).then(|| text.to_owned());
        let vault = vault.filter(|_| !bare);
        let has_effect = log.course.has_effect(self.now);
        t::OperationLog {
            id: log.id.clone(),
            operation_type: Some(OperationType::Sync),
            status: Some(status),
            project_id: text(self.id),
            provider_id: vault.map(provider),
            vault_id: vault.map(|vault| vault.id.clone()),
            vault_name: vault.map(|vault| vault.name.clone()),
            checkpoint_id: log.checkpoint.clone().filter(|_| has_effect && !bare),
            policy_id: None,
            created_at: at(log.course.start()),
            started_at: at(if self.now < log.course.begin() { log.course.start() } else { log.course.begin() }),
            ended_at: over.filter(|_| !bare).and_then(at),
            updated_at: at(over.unwrap_or(self.now)),
            error_info: Some(t::OpErrorInfo { code: error(code), message: error(message) }),
            extra_info: (!bare).then(|| self.extra(log)),
        }
    }

    fn extra(&self, log: &Log) -> t::OpExtraInfo {
        let common = t::OpExtendInfoCommon {
            progress: Some(log.course.percent(self.now).into()),
            request_id: Some(log.request.clone()),
            task_id: None,
        };
        let all = i64::try_from(log.imports.len()).unwrap_or(i64::MAX);
        let counters = match log.course.stage(self.now) {
            Stage::Ended(End::Failed(_)) => Some((0, all)),
            // A synchronization without effect has failed for one backup at least.
            Stage::Ended(End::NoEffect) => Some((0, all.max(1))),
            Stage::Ended(End::Stopped) | Stage::Waiting | Stage::Running | Stage::Odd(_) => None,
            Stage::Ended(_) => Some((all, 0)),
        };
        let sync = counters.map(|(taken, failed)| t::OpExtendInfoSync {
            sync_backup_num: Some(taken),
            delete_backup_num: Some(0),
            err_sync_backup_num: Some(failed),
        });
        let resource = log.resource.as_ref().map(|resource| t::Resource {
            id: text(&resource.id),
            name: text(&resource.name),
            type_: Some(resource.kind.as_str().into()),
            extra_info: None,
        });
        t::OpExtraInfo { common: Some(common), sync, resource, ..t::OpExtraInfo::default() }
    }

    pub(crate) fn backup(&self, backup: &Backup, vault: Option<&Vault>) -> t::BackupResp {
        let hybrid = vault.is_some_and(|vault| vault.hybrid);
        t::BackupResp {
            id: backup.id.clone(),
            name: text(&backup.name),
            checkpoint_id: text(&backup.checkpoint),
            created_at: seconds(backup.created),
            description: None,
            expired_at: None,
            extend_info: Some(t::BackupExtendInfo {
                auto_trigger: Some(false),
                contain_system_disk: Some(true),
                encrypted: Some(false),
                system_disk: Some(false),
                is_multi_az: Some(false),
                ..t::BackupExtendInfo::default()
            }),
            image_type: Some(if hybrid { "sync" } else { "backup" }.into()),
            parent_id: None,
            project_id: text(self.id),
            protected_at: None,
            resource_az: None,
            resource_id: text(&backup.resource.id),
            resource_name: text(&backup.resource.name),
            resource_size: Some(40),
            resource_type: Some(backup.resource.kind.as_str().into()),
            scheduled_operation_id: None,
            status: Some(BackupStatus::Available),
            updated_at: seconds(backup.created),
            vault_id: vault.map(|vault| vault.id.clone()),
            replication_records: None,
            enterprise_project_id: Some("0".into()),
            provider_id: vault.map(provider),
            children: Some(Vec::new()),
            incremental: Some(false),
            version: Some(3),
        }
    }

    pub(crate) fn checkpoint(&self, checkpoint: &Checkpoint<'_>) -> t::CheckpointCreate {
        let vault = checkpoint.vault;
        let machine = t::CheckpointResourceResp {
            id: text(&vault.resource.id),
            name: text(&vault.resource.name),
            type_: Some(vault.resource.kind.as_str().into()),
            protect_status: Some("available".into()),
            resource_size: Some("40".into()),
            backup_size: Some("10240".into()),
            backup_count: Some("1".into()),
            extra_info: None,
        };
        t::CheckpointCreate {
            id: text(checkpoint.id),
            created_at: seconds(checkpoint.created),
            project_id: text(self.id),
            status: Some(CheckpointStatus::Available),
            vault: Some(t::CheckpointPlanCreate {
                id: text(&vault.id),
                name: text(&vault.name),
                provider_id: Some(provider(vault)),
                resources: Some(vec![machine]),
                skipped_resources: Some(Vec::new()),
            }),
            extra_info: None,
        }
    }
}

fn resource(resource: &Resource) -> t::ResourceResp {
    t::ResourceResp {
        id: text(&resource.id),
        name: text(&resource.name),
        type_: Some(resource.kind.as_str().into()),
        protect_status: Some("available".into()),
        size: Some(40),
        backup_size: Some(10_240),
        backup_count: Some(1),
        extra_info: None,
        auto_protect: Some(false),
    }
}

/// An error in CBR's own form.
pub(crate) fn error(code: &str, message: &str) -> t::ErrorResponse {
    t::ErrorResponse { error_code: Some(format!("BackupService.{code}")), error_msg: text(message), request_id: None }
}

/// An error in the form of the gateway.
pub(crate) fn gateway_error(code: &str, message: &str, request: &str) -> t::ErrorResponse {
    t::ErrorResponse { error_code: Some(format!("APIGW.{code}")), error_msg: text(message), request_id: text(request) }
}
