//! Backing up a vault now: one restore point, and a task for each resource.

use huawei_cbr::error_code;
use huawei_cbr::v3::types as t;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::desk::{Answered, Desk, Refusal, wrong};
use super::tasks::{Change, OfVault, Order, Work};
use super::things::{AVAILABLE, Backup, Checkpoint, Member, PROTECTING, Resource, Vault};
use crate::message::Answer;

/// `{"checkpoint": …}`.
#[derive(Deserialize)]
struct Of {
    checkpoint: Wish,
}

#[derive(Deserialize)]
struct Wish {
    vault_id: String,
    parameters: Option<Parameters>,
}

#[derive(Default, Deserialize)]
struct Parameters {
    auto_trigger: Option<bool>,
    description: Option<String>,
    incremental: Option<bool>,
    name: Option<String>,
    resources: Option<Vec<String>>,
    resource_details: Option<Vec<Named>>,
    policy_id: Option<String>,
    retention_duration_days: Option<i64>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Parameters {
    /// The resources that are named; `None` means all.
    fn named(&self) -> Option<Vec<&str>> {
        let details = self.resource_details.iter().flatten().map(|named| named.id.as_str());
        let all: Vec<&str> = self.resources.iter().flatten().map(String::as_str).chain(details).collect();
        (!all.is_empty()).then_some(all)
    }
}

impl Desk<'_> {
    pub(crate) fn create_checkpoint(&mut self) -> Answered {
        let wish: Of = self.part::<t::VaultBackupReq, _>()?;
        let Wish { vault_id, parameters } = wish.checkpoint;
        let parameters = parameters.unwrap_or_default();
        let automatic = parameters.auto_trigger == Some(true);
        if automatic && parameters.retention_duration_days.is_some() {
            return wrong("retention_duration_days is for backups that are started by hand");
        }
        if let Some(policy) = &parameters.policy_id {
            self.state.policies.get(policy).ok_or(Refusal::Code("6000"))?;
        }
        let vault = self.state.vaults.get(&vault_id).ok_or(Refusal::Code("6105"))?;
        self.may_back_up(vault)?;
        let (resources, skipped) = chosen(vault, &parameters)?;
        if resources.is_empty() {
            return Err(Refusal::Code(if skipped.is_empty() { "0001" } else { "0002" }));
        }
        let (of, prefix) = (OfVault::from(vault), vault.prefix.clone());
        let checkpoint = Checkpoint {
            id: self.state.uuid(),
            created: self.state.seconds(self.call.now),
            vault: vault_id,
            resources: resources.clone(),
            skipped,
            extra: Some(t::CheckpointExtraInfoResp {
                name: parameters.name.clone(),
                description: parameters.description.clone(),
                retention_duration: Some(parameters.retention_duration_days.unwrap_or(-1)),
            }),
        };
        let id = checkpoint.id.clone();
        for resource in resources {
            self.back_up(&of, resource, &checkpoint, &parameters, &prefix);
        }
        self.state.checkpoints.keep(id, checkpoint.clone());
        Ok(Answer::json(200, &t::CheckpointResp { checkpoint: Some(self.view().checkpoint(&checkpoint)) }))
    }

    fn may_back_up(&self, vault: &Vault) -> Result<(), Refusal> {
        if vault.hybrid || vault.protect == "replication" {
            return Err(Refusal::Code("6124"));
        }
        if vault.status != AVAILABLE {
            return Err(Refusal::Code("6113"));
        }
        if self.used(&vault.id) > vault.size * 1024 && vault.shown.auto_expand != Some(true) {
            return Err(Refusal::Code("6114"));
        }
        Ok(())
    }

    /// Begins to back up one resource.
    fn back_up(&mut self, of: &OfVault, resource: Resource, to: &Checkpoint, wish: &Parameters, prefix: &str) {
        let id = self.state.uuid();
        let usual = || {
            let kind = if wish.auto_trigger == Some(true) { "autobk" } else { "manualbk" };
            format!("{prefix}{kind}_{}", id.get(..4).unwrap_or_default())
        };
        let name = wish.name.clone().unwrap_or_else(usual);
        // The first backup of a resource has nothing to build on.
        let before = self.state.backups.iter().any(|backup| backup.resource.id == resource.id);
        let incremental = before && wish.incremental != Some(false);
        let disks = self.disks(&resource);
        let mut backup = Backup::new(id.clone(), name.clone(), of.id.clone(), resource.clone(), to.created);
        backup.checkpoint.clone_from(&to.id);
        backup.description.clone_from(&wish.description);
        backup.policy.clone_from(&wish.policy_id);
        (backup.automatic, backup.incremental) = (wish.auto_trigger == Some(true), incremental);
        backup.expires = wish.retention_duration_days.and_then(|days| later(to.created, days));
        backup.disks = disks;
        self.state.mark(&of.id, &resource.id, PROTECTING);
        self.start(Order {
            operation: self.operation,
            about: vec![resource.id.clone(), of.id.clone()],
            vault: Some(of.clone()),
            resource: Some(resource),
            checkpoint: Some(to.id.clone()),
            policy: wish.policy_id.clone(),
            work: Work::Backup { id, name, incremental },
            change: Some(Change::Made(Box::new(backup))),
        });
    }

    /// The disks of a server, each with the id of its backup.
    fn disks(&mut self, server: &Resource) -> Vec<(String, Resource)> {
        let of = |machine: &&super::things::Machine| machine.server.as_deref() == Some(server.id.as_str());
        let disks: Vec<Resource> =
            self.state.machines.iter().filter(of).map(|machine| machine.resource.clone()).collect();
        disks.into_iter().map(|disk| (self.state.uuid(), disk)).collect()
    }
}

/// So many days after a time; `None` for ever.
fn later(seconds: i64, days: i64) -> Option<Timestamp> {
    let from = Timestamp::from_second(seconds).ok()?;
    (days > 0).then(|| from.saturating_add(SignedDuration::from_hours(days.saturating_mul(24))).ok()).flatten()
}

/// The resources to back up, and those that are left out.
fn chosen(
    vault: &Vault,
    wish: &Parameters,
) -> Result<(Vec<Resource>, Vec<t::CheckpointCreateSkippedResource>), Refusal> {
    let members: Vec<&Member> = match wish.named() {
        Some(ids) => {
            let found: Option<Vec<&Member>> = ids.into_iter().map(|id| vault.member(id)).collect();
            found.ok_or(Refusal::Code("6135"))?
        }
        None => vault.members.iter().filter(|member| wish.auto_trigger != Some(true) || !member.suspended).collect(),
    };
    let (mut resources, mut skipped) = (Vec::new(), Vec::new());
    for Member { resource, status, .. } in members {
        let code = match *status {
            AVAILABLE => {
                resources.push(resource.clone());
                continue;
            }
            PROTECTING => "BackupService.0002",
            _ => "BackupService.6215",
        };
        skipped.push(t::CheckpointCreateSkippedResource {
            id: Some(resource.id.clone()),
            name: Some(resource.name.clone()),
            type_: Some(resource.kind.as_str().into()),
            code: Some(code.to_owned()),
            reason: error_code::find(code).map(|known| known.meaning.to_owned()),
        });
    }
    Ok((resources, skipped))
}
