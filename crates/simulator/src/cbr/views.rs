//! The objects of CBR, made of the types that `huawei-cbr` generates from its spec.

use std::time::Duration;

use huawei_cbr::v3::types as t;
use jiff::Timestamp;

use super::state::{State, Tallies, Tally};
use super::tasks::Log;
use super::things::{Backup, Checkpoint, Member, Resource, Vault};
use crate::course::{End, Stage};

/// Members of a backup that the vendor shows as null.
pub(crate) const NULLS: [&str; 6] =
    ["description", "expired_at", "parent_id", "protected_at", "resource_az", "updated_at"];

/// What a call may see.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    /// Id of the project and of its user.
    pub(crate) project: &'a str,
    pub(crate) user: &'a str,
    pub(crate) now: Duration,
}

pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A time as CBR writes it: microseconds, no zone.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

fn seconds(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(time)
}

fn provider(id: &str) -> t::ProviderId {
    t::ProviderId(id.to_owned())
}

impl View<'_> {
    /// A moment as CBR writes it.
    pub(crate) fn time(&self, moment: Duration) -> String {
        time(self.state.clock.at(moment))
    }

    pub(crate) fn one_vault(&self, vault: &Vault) -> t::Vault {
        self.vault(vault, &self.state.tallies(|backup| backup.vault == vault.id))
    }

    /// A vault; `tallies` count its backups.
    pub(crate) fn vault(&self, vault: &Vault, tallies: &Tallies<'_>) -> t::Vault {
        let shown = |member: &Member| resource(member, tallies.of(&vault.id, &member.resource.id));
        t::Vault {
            id: vault.id.clone(),
            name: text(&vault.name),
            billing: Some(billing(vault, tallies.used(&vault.id))),
            project_id: text(self.project),
            provider_id: Some(provider(vault.provider())),
            resources: Some(vault.members.iter().map(shown).collect()),
            tags: Some(vault.tags.clone()),
            user_id: text(self.user),
            ..(*vault.shown).clone()
        }
    }

    pub(crate) fn log(&self, log: &Log) -> t::OperationLog {
        let (status, code, message) = log.status(self.now);
        let over = log.course.end().filter(|end| *end <= self.now);
        let at = |moment| Some(self.time(moment));
        let bare = matches!(log.course.stage(self.now), Stage::Ended(End::Bare));
        let error = |text: &str| (!bare).then(|| text.to_owned());
        let vault = log.vault.as_ref().filter(|_| !bare);
        // A synchronization makes its restore point at the end.
        let has_checkpoint = log.operation != "ImportCheckpoint" || log.course.has_effect(self.now);
        t::OperationLog {
            id: log.id.clone(),
            operation_type: log.work.kind(),
            status: Some(status),
            project_id: text(self.project),
            provider_id: vault.map(|vault| provider(vault.provider)),
            vault_id: vault.map(|vault| vault.id.clone()),
            vault_name: vault.map(|vault| vault.name.clone()),
            checkpoint_id: log.checkpoint.clone().filter(|_| has_checkpoint && !bare),
            policy_id: log.policy.clone().filter(|_| !bare),
            created_at: at(log.course.start()),
            started_at: at(if self.now < log.course.begin() { log.course.start() } else { log.course.begin() }),
            ended_at: over.filter(|_| !bare).and_then(at),
            updated_at: at(over.unwrap_or(self.now)),
            error_info: Some(t::OpErrorInfo { code: error(code), message: error(message) }),
            extra_info: (!bare).then(|| log.extra(self.now)),
        }
    }

    pub(crate) fn backup(&self, backup: &Backup, with_replicas: bool) -> t::BackupResp {
        let vault = self.state.vaults.get(&backup.vault);
        let hybrid = vault.is_some_and(|vault| vault.hybrid);
        t::BackupResp {
            id: backup.id.clone(),
            name: text(&backup.name),
            checkpoint_id: text(&backup.checkpoint),
            created_at: seconds(backup.created),
            description: backup.description.clone(),
            expired_at: backup.expires.map(time),
            extend_info: Some(t::BackupExtendInfo {
                auto_trigger: Some(backup.automatic),
                contain_system_disk: Some(true),
                encrypted: Some(false),
                system_disk: Some(false),
                is_multi_az: Some(vault.is_some_and(|vault| vault.multi_az)),
                ..t::BackupExtendInfo::default()
            }),
            image_type: Some(if hybrid { "sync" } else { "backup" }.into()),
            parent_id: None,
            project_id: text(self.project),
            protected_at: None,
            resource_az: None,
            resource_id: text(&backup.resource.id),
            resource_name: text(&backup.resource.name),
            resource_size: Some(backup.resource.size),
            resource_type: Some(backup.resource.kind.as_str().into()),
            scheduled_operation_id: backup.policy.clone(),
            status: Some(backup.status.into()),
            updated_at: seconds(backup.created),
            vault_id: vault.map(|vault| vault.id.clone()),
            replication_records: with_replicas
                .then(|| backup.replicas.iter().map(|replica| self.state.replica(replica, self.now)).collect()),
            enterprise_project_id: Some("0".into()),
            provider_id: vault.map(|vault| provider(vault.provider())),
            children: Some(self.children(backup)),
            incremental: Some(backup.incremental),
            version: Some(3),
        }
    }

    /// The backups of the disks of a server.
    pub(crate) fn children(&self, backup: &Backup) -> Vec<t::BackupResp> {
        let child = |(id, disk): &(String, Resource)| {
            let alone = Backup { id: id.clone(), resource: disk.clone(), disks: Vec::new(), ..backup.clone() };
            t::BackupResp { parent_id: text(&backup.id), ..self.backup(&alone, false) }
        };
        backup.disks.iter().map(child).collect()
    }

    /// The state of a restore point: that of the tasks that make it.
    fn standing(&self, checkpoint: &str) -> &'static str {
        let mut standing = "available";
        for log in self.state.logs.iter().filter(|log| log.checkpoint.as_deref() == Some(checkpoint)) {
            match log.course.stage(self.now) {
                Stage::Ended(end) if end.has_effect() => {}
                Stage::Ended(_) => standing = "error",
                _ => return "protecting",
            }
        }
        standing
    }

    pub(crate) fn checkpoint(&self, checkpoint: &Checkpoint) -> t::CheckpointCreate {
        let tallies = self.state.tallies(|backup| backup.vault == checkpoint.vault);
        let machine = |resource: &Resource| {
            let found = tallies.of(&checkpoint.vault, &resource.id);
            let member = self.state.vaults.get(&checkpoint.vault).and_then(|vault| vault.member(&resource.id));
            t::CheckpointResourceResp {
                id: text(&resource.id),
                name: text(&resource.name),
                type_: Some(resource.kind.as_str().into()),
                protect_status: Some(member.map_or("available", |member| member.status).into()),
                resource_size: Some(resource.size.to_string().as_str().into()),
                backup_size: Some(found.1.to_string().as_str().into()),
                backup_count: Some(found.0.to_string().as_str().into()),
                extra_info: None,
            }
        };
        let vault = self.state.vaults.get(&checkpoint.vault);
        t::CheckpointCreate {
            id: text(&checkpoint.id),
            created_at: seconds(checkpoint.created),
            project_id: text(self.project),
            status: Some(self.standing(&checkpoint.id).into()),
            vault: vault.map(|vault| t::CheckpointPlanCreate {
                id: text(&vault.id),
                name: text(&vault.name),
                provider_id: Some(provider(vault.provider())),
                resources: Some(checkpoint.resources.iter().map(machine).collect()),
                skipped_resources: Some(checkpoint.skipped.clone()),
            }),
            extra_info: checkpoint.extra.clone(),
        }
    }
}

fn billing(vault: &Vault, used: i64) -> t::Billing {
    t::Billing {
        allocated: Some(vault.allocated()),
        charging_mode: Some(vault.charging_mode().into()),
        cloud_type: Some(vault.cloud_type().into()),
        consistent_level: Some(vault.consistent.as_str().into()),
        object_type: Some(vault.object.as_str().into()),
        order_id: vault.order.clone(),
        protect_type: Some(vault.protect_type().into()),
        size: Some(vault.size),
        spec_code: Some(vault.spec_code().into()),
        status: Some(vault.status.into()),
        storage_unit: vault.hybrid.then(|| vault.bucket.clone()),
        used: Some(used),
        is_multi_az: Some(vault.multi_az),
        ..t::Billing::default()
    }
}

fn resource(member: &Member, (count, size): Tally) -> t::ResourceResp {
    let resource = &member.resource;
    t::ResourceResp {
        id: text(&resource.id),
        name: text(&resource.name),
        type_: Some(resource.kind.as_str().into()),
        protect_status: Some(member.status.into()),
        size: Some(resource.size),
        backup_size: Some(size),
        backup_count: Some(count),
        extra_info: member.extra.clone(),
        auto_protect: Some(!member.suspended),
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
