//! Replicating backups to the other region.

use huawei_cbr::v3::types as t;
use serde::Deserialize;

use super::desk::{Answered, Desk, Refusal};
use super::tasks::{OfVault, Order, Work};
use super::things::{AVAILABLE, Backup, Replica};
use super::views::text;
use crate::message::Answer;

/// Only backups of cloud servers are replicated.
const SERVER: &str = "OS::Nova::Server";

/// `{"replicate": …}`.
#[derive(Deserialize)]
struct Of {
    replicate: Wish,
}

#[derive(Deserialize)]
struct Wish {
    /// The vault whose backups are meant; only for whole vaults.
    #[serde(default)]
    vault_id: String,
    destination_project_id: String,
    destination_region: String,
    destination_vault_id: String,
    name: Option<String>,
    auto_trigger: Option<bool>,
}

impl Desk<'_> {
    /// Whether there is such a vault in the other region.
    fn destination(&self, wish: &Wish) -> Result<(), Refusal> {
        let away = &self.state.away;
        let refusal = match away.vaults.get(&wish.destination_vault_id) {
            _ if wish.destination_region != away.region => "1005",
            _ if wish.destination_project_id != away.project => "1011",
            None => "6120",
            Some(vault) if vault.protect != "replication" => "6119",
            Some(_) => return Ok(()),
        };
        Err(Refusal::Code(refusal))
    }

    pub(crate) fn copy_backup(&mut self) -> Answered {
        let wish: Of = self.part::<t::BackupReplicateReq, _>()?;
        let wish = wish.replicate;
        let backup = self.one_backup()?;
        if backup.status != AVAILABLE {
            return Err(Refusal::Code("1002"));
        }
        if backup.resource.kind != SERVER {
            return Err(Refusal::Code("1003"));
        }
        self.destination(&wish)?;
        if self.has_replica(backup, &wish.destination_region) {
            return Err(Refusal::Code("1009"));
        }
        let (id, provider) = (backup.id.clone(), self.provider(backup));
        let record = self.replicate(&id, &wish).ok_or(Refusal::Code("6200"))?;
        let replication = t::BackupReplicateRespBody {
            backup_id: Some(id),
            destination_project_id: Some(wish.destination_project_id),
            destination_region: Some(wish.destination_region),
            destination_vault_id: Some(wish.destination_vault_id),
            project_id: text(&self.iam.project_id),
            provider_id: provider,
            replication_record_id: Some(record),
            source_region: text(&self.iam.region),
        };
        Ok(Answer::json(200, &t::BackupReplicateResp { replication: Some(replication) }))
    }

    fn provider(&self, backup: &Backup) -> Option<t::ProviderId> {
        self.state.vaults.get(&backup.vault).map(|vault| t::ProviderId(vault.provider().to_owned()))
    }

    /// Replicates what a vault has and the other region lacks.
    pub(crate) fn copy_checkpoint(&mut self) -> Answered {
        let wish: Of = self.part::<t::CheckpointReplicateReq, _>()?;
        let wish = wish.replicate;
        let vault = self.state.vaults.get(&wish.vault_id).ok_or(Refusal::Code("6105"))?;
        if vault.hybrid || vault.object != "server" || vault.protect == "replication" {
            return Err(Refusal::Code("6128"));
        }
        self.destination(&wish)?;
        if self.state.is_busy(&vault.id, self.call.now, |log| matches!(log.work, Work::Replication(_))) {
            return Err(Refusal::Code("6130"));
        }
        let provider = Some(t::ProviderId(vault.provider().to_owned()));
        let lacks = |backup: &&Backup| {
            let ready = backup.status == AVAILABLE && backup.resource.kind == SERVER;
            ready && backup.vault == vault.id && !self.has_replica(backup, &wish.destination_region)
        };
        let ids: Vec<String> = self.state.backups.iter().filter(lacks).map(|backup| backup.id.clone()).collect();
        let mut backups = Vec::with_capacity(ids.len());
        for id in ids {
            let replication_record_id = self.replicate(&id, &wish);
            backups.push(t::CheckpointReplicateRespbackups { backup_id: Some(id), replication_record_id });
        }
        let replication = t::CheckpointReplicateRespBody {
            backups: Some(backups),
            destination_project_id: Some(wish.destination_project_id),
            destination_region: Some(wish.destination_region),
            destination_vault_id: Some(wish.destination_vault_id),
            project_id: text(&self.iam.project_id),
            provider_id: provider,
            source_region: text(&self.iam.region),
            vault_id: Some(wish.vault_id),
        };
        Ok(Answer::json(200, &t::CheckpointReplicateResp { replication: Some(replication) }))
    }

    /// Begins to replicate one backup and gives the id of the record.
    fn replicate(&mut self, id: &str, wish: &Wish) -> Option<String> {
        let [record, copy, restore_point] = [(); 3].map(|()| self.state.uuid());
        let created_at = Some(self.view().time(self.call.now));
        let backup = self.state.backups.get(id)?;
        let vault = self.state.vaults.get(&backup.vault).map(OfVault::from)?;
        let (project, region) = (text(&self.iam.project_id), text(&self.iam.region));
        let part = t::OpExtendInfoReplication {
            destination_backup_id: text(&copy),
            destination_backup_name: Some(wish.name.clone().unwrap_or_else(|| backup.name.clone())),
            destination_checkpoint_id: text(&restore_point),
            destination_project_id: text(&wish.destination_project_id),
            destination_region: text(&wish.destination_region),
            source_backup_id: text(id),
            source_backup_name: text(&backup.name),
            source_checkpoint_id: text(&backup.checkpoint),
            source_project_id: project.clone(),
            source_region: region.clone(),
        };
        let shown = t::ReplicationRecordGet {
            created_at,
            destination_backup_id: Some(copy),
            destination_checkpoint_id: Some(restore_point),
            destination_project_id: text(&wish.destination_project_id),
            destination_region: text(&wish.destination_region),
            destination_vault_id: text(&wish.destination_vault_id),
            extra_info: Some(t::ReplicationRecordsExtraInfo {
                auto_trigger: Some(wish.auto_trigger == Some(true)),
                destination_vault_id: text(&wish.destination_vault_id),
                fail_code: text(""),
                fail_reason: text(""),
                progress: None,
            }),
            id: text(&record),
            source_backup_id: text(id),
            source_checkpoint_id: text(&backup.checkpoint),
            source_project_id: project,
            source_region: region,
            status: None,
            vault_id: text(&vault.id),
        };
        let order = Order {
            operation: self.operation,
            about: vec![id.to_owned(), vault.id.clone()],
            resource: Some(backup.resource.clone()),
            checkpoint: text(&backup.checkpoint),
            policy: None,
            work: Work::Replication(Box::new(part)),
            // The record shows where the task stands.
            change: None,
            vault: Some(vault),
        };
        let task = self.start(order);
        self.state.backups.get_mut(id)?.replicas.push(Replica { shown, task });
        Some(record)
    }

    /// Whether a backup has arrived in a region, or is on its way there.
    fn has_replica(&self, backup: &Backup, region: &str) -> bool {
        let there = |replica: &&Replica| replica.shown.destination_region.as_deref() == Some(region);
        let counts = |replica: &Replica| !matches!(self.state.standing(replica, self.call.now), "fail" | "skip");
        backup.replicas.iter().filter(there).any(counts)
    }

    pub(crate) fn replication_capabilities(&self) -> Answered {
        let region = |name: &str, to: &str| t::ProtectableReplicationCapabilitiesRespRegion {
            name: text(name),
            replication_destinations: Some(vec![to.to_owned()]),
        };
        let (here, there) = (&self.iam.region, &self.state.away.region);
        let regions = Some(vec![region(here, there), region(there, here)]);
        Ok(Answer::json(200, &t::ProtectableReplicationCapabilitiesResp { regions }))
    }
}
