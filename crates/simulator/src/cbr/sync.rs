//! The calls of a synchronization: what is taken over from the bucket of a hybrid vault.

use huawei_cbr::v3::types as t;

use super::desk::{Answered, Desk, Refusal, wrong};
use super::state;
use super::things::{Backup, Resource};
use crate::message::Answer;

/// `ImportBackup` takes so many backups.
const MOST_BACKUPS: usize = 50;
/// Longest name of a bucket.
const LONGEST_BUCKET: usize = 255;
/// GB of a machine that is known by its backup only.
const MACHINE_SIZE: i64 = 40;

impl Desk<'_> {
    pub(crate) fn import_checkpoint(&mut self) -> Answered {
        let request: t::SyncReq = self.body()?;
        let vault_id = request.sync.vault_id;
        let started = self.state.synchronize(&vault_id, self.how);
        let id = started.map_err(|refusal| {
            Refusal::Code(match refusal {
                state::Refusal::Unknown => "6105",
                state::Refusal::NotHybrid => "7300",
                state::Refusal::Running => "7302",
            })
        })?;
        let sync = t::SyncRespBody { operation_log_id: Some(id), vault_id: Some(vault_id) };
        Ok(Answer::json(200, &t::SyncResp { sync: Some(sync) }))
    }

    pub(crate) fn import_backups(&mut self) -> Answered {
        let request: t::BackupSyncReq = self.body()?;
        if !(1..=MOST_BACKUPS).contains(&request.sync.len()) {
            return wrong("sync must have 1 to 50 entries");
        }
        if let Some(why) = request.sync.iter().find_map(fault) {
            return wrong(why);
        }
        let mut accepted = Vec::with_capacity(request.sync.len());
        for entry in request.sync {
            let resource = Resource {
                id: entry.resource_id,
                name: entry.resource_name,
                kind: entry.resource_type.to_string(),
                size: MACHINE_SIZE,
            };
            let id = entry.backup_id.clone();
            let backup = Backup::new(id, entry.backup_name.into(), String::new(), resource, entry.created_at);
            let operation_log_id = self.state.import(backup, &entry.bucket_name, self.how);
            accepted.push(t::BackupSyncRespBody { backup_id: Some(entry.backup_id), operation_log_id });
        }
        Ok(Answer::json(200, &t::BackupSyncResp { sync: Some(accepted) }))
    }
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
