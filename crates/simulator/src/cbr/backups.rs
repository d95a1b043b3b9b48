//! Backups: listed, shown, renamed, deleted; restore points and tasks as they are shown.

use huawei_cbr::v3::types as t;
use serde::Deserialize;
use serde_json::json;

use super::desk::{Answered, Desk, Refusal, listed, nothing};
use super::lists;
use super::sharing::Share;
use super::things::{AVAILABLE, Backup, ERROR, RESTORING, Resource, Vault};
use crate::message::Answer;

impl Desk<'_> {
    /// The backup that the path names.
    pub(crate) fn one_backup(&self) -> Result<&Backup, Refusal> {
        self.state.backups.get(self.call.param(1)).ok_or(Refusal::Code("6200"))
    }

    pub(crate) fn list_backups(&self) -> Answered {
        let (page, view) = (self.page()?, self.view());
        let replicas = self.query.truth("show_replication") == Some(true);
        let list = match self.query.get("parent_id") {
            Some(parent) => {
                let children = self.state.backups.get(parent).map_or_else(Vec::new, |parent| view.children(parent));
                listed!(BackupListResp, backups, children, page, |child| child)
            }
            None => {
                let found = lists::backups(self.state, &self.query)?;
                listed!(BackupListResp, backups, found, page, |backup| view.backup(backup, replicas))
            }
        };
        Ok(Answer::json_with_nulls(200, &list, &[("/backups", self.nulls), ("/backups/*/children", self.nulls)]))
    }

    /// Answers with one backup.
    pub(crate) fn shown_backup(&self, backup: &Backup) -> Answered {
        let backup = Some(self.view().backup(backup, true));
        Ok(Answer::json_with_nulls(
            200,
            &t::BackupGetResp { backup },
            &[("/backup", self.nulls), ("/backup/children", self.nulls)],
        ))
    }

    pub(crate) fn show_backup(&self) -> Answered {
        let view = self.view();
        let id = self.call.param(1);
        let child = || {
            let mut all = self.state.backups.iter().filter(|backup| backup.disks.iter().any(|(disk, _)| disk == id));
            view.children(all.next()?).into_iter().find(|child| child.id == id)
        };
        match (self.state.backups.get(id), child) {
            (Some(backup), _) => self.shown_backup(backup),
            (None, child) => {
                let backup = Some(child().ok_or(Refusal::Code("6200"))?);
                Ok(Answer::json_with_nulls(
                    200,
                    &t::BackupGetResp { backup },
                    &[("/backup", self.nulls), ("/backup/children", self.nulls)],
                ))
            }
        }
    }

    pub(crate) fn rename_backup(&mut self) -> Answered {
        #[derive(Default, Deserialize)]
        struct Named {
            name: Option<String>,
        }
        #[derive(Deserialize)]
        struct Of {
            backup: Option<Named>,
        }
        let id = self.one_backup()?.id.clone();
        // The vendor declares the body as optional.
        let sent: Of =
            if self.call.body.is_empty() { Of { backup: None } } else { self.part::<t::BackupUpdateReq, _>()? };
        if let (Some(name), Some(backup)) = (sent.backup.unwrap_or_default().name, self.state.backups.get_mut(&id)) {
            backup.name = name;
        }
        self.show_backup()
    }

    /// Begins to delete a backup.
    pub(crate) fn delete_backup(&mut self) -> Answered {
        let backup = self.one_backup()?;
        let vault = self.state.vaults.get(&backup.vault);
        if backup.automatic && vault.is_some_and(Vault::locked) {
            return Err(Refusal::Code("6220"));
        }
        match backup.status {
            AVAILABLE | ERROR => {}
            RESTORING => return Err(Refusal::Code("6216")),
            _ => return Err(Refusal::Code("6201")),
        }
        if self.is_in_use(backup) {
            return Err(Refusal::Code("6216"));
        }
        let id = backup.id.clone();
        self.state.delete(&id, self.operation, self.how);
        nothing(204)
    }

    /// Somebody has accepted it, or it is being replicated.
    fn is_in_use(&self, backup: &Backup) -> bool {
        let accepted = |share: &Share| share.backup == backup.id && share.is_accepted();
        let moving =
            |replica| matches!(self.state.standing(replica, self.call.now), "waiting_replicate" | "replicating");
        self.state.shares.iter().any(accepted) || backup.replicas.iter().any(moving)
    }

    /// What the vendor keeps of the server beside its data: JSON as text.
    pub(crate) fn backup_metadata(&self) -> Answered {
        let backup = self.one_backup()?;
        if backup.status != AVAILABLE || !backup.resource.kind.ends_with("::Server") {
            return Err(Refusal::Code("6206"));
        }
        let text = |value: serde_json::Value| Some(value.to_string());
        let Resource { id, name, size, .. } = &backup.resource;
        let children: Vec<serde_json::Value> =
            backup.disks.iter().map(|(id, disk)| json!({"id": id, "resource_id": disk.id})).collect();
        let volume = |disk: &Resource| json!({"id": disk.id, "name": disk.name, "size": disk.size}).to_string();
        let metadata = t::BackupMetadata {
            backup_id: Some(backup.id.clone()),
            backups: text(json!(children)),
            flavor: text(json!({"name": "s6.large.2", "vcpus": 2, "ram": 4096, "disk": size})),
            floatingips: Some(Vec::new()),
            interface: text(json!([{"port_state": "ACTIVE"}])),
            ports: Some(Vec::new()),
            server: text(json!({"id": id, "name": name, "status": "ACTIVE"})),
            volumes: Some(backup.disks.iter().map(|(_, disk)| volume(disk)).collect()),
            workspace: None,
        };
        Ok(Answer::json(200, &metadata))
    }

    pub(crate) fn show_checkpoint(&self) -> Answered {
        let checkpoint = self.state.checkpoint(self.call.param(1)).ok_or(Refusal::Code("6217"))?;
        Ok(Answer::json(200, &t::CheckpointResp { checkpoint: Some(self.view().checkpoint(&checkpoint)) }))
    }

    pub(crate) fn list_logs(&self) -> Answered {
        let (page, view) = (self.page()?, self.view());
        let found = lists::logs(self.state, &self.query, self.call.now)?;
        Ok(Answer::json(200, &listed!(OpListResp, operation_logs, found, page, |log| view.log(log))))
    }

    pub(crate) fn show_log(&self) -> Answered {
        let log = self.state.log(self.call.param(1), self.call.now).ok_or(Refusal::Code("6500"))?;
        Ok(Answer::json(200, &t::OperationLogResp { operation_log: Some(self.view().log(log)) }))
    }
}
