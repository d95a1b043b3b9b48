//! Tasks, which CBR calls operation logs: what they do, and what they change when they end.

use std::time::Duration;

use huawei_cbr::v3::open::{OperationLogStatus, OperationType};
use huawei_cbr::v3::types as t;
use jiff::Timestamp;

use super::things::{Backup, Resource, Vault};
use crate::course::{Course, End, Stage};
use crate::script::Scripts;

/// What a task does.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    /// Takes over so many backups from a bucket.
    Synchronization(usize),
    Backup {
        id: String,
        name: String,
        incremental: bool,
    },
    Replication(Box<t::OpExtendInfoReplication>),
    Restore(Box<t::OpExtendInfoRestore>),
    Deletion {
        id: String,
        name: String,
    },
    /// Deletes a vault with so many backups.
    VaultDeletion(usize),
    /// Detaches resources, and deletes so many backups of them.
    Removal(Vec<Resource>, usize),
    /// Moves resources to another vault.
    Move,
    /// Gives so many backups another last day.
    Expiration(usize, String),
}

impl Work {
    /// Its type; the vendor documents none for a change of the expiry.
    pub(crate) fn kind(&self) -> Option<OperationType> {
        Some(match self {
            Self::Synchronization(_) => OperationType::Sync,
            Self::Backup { .. } => "backup".into(),
            Self::Replication(_) => "replication".into(),
            Self::Restore(_) => "restore".into(),
            Self::Deletion { .. } => "delete".into(),
            Self::VaultDeletion(_) => "vault_delete".into(),
            Self::Removal(..) => "remove_resource".into(),
            Self::Move => "migrate_resources".into(),
            Self::Expiration(..) => return None,
        })
    }

    /// What a failure is told as when its reason names no code.
    fn usual_trouble(&self) -> &'static str {
        match self {
            Self::Synchronization(_) => "BackupService.6406",
            Self::Backup { .. } => "BackupService.6215",
            Self::Replication(_) => "BackupService.1006",
            Self::Restore(_) => "BackupService.2008",
            Self::Deletion { .. } | Self::Removal(..) => "BackupService.6115",
            Self::VaultDeletion(_) => "BackupService.6121",
            Self::Move => "BackupService.4006",
            Self::Expiration(..) => "BackupService.6110",
        }
    }
}

/// The vault of a task, as it was at the start.
#[derive(Clone, Debug)]
pub(crate) struct OfVault {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provider: &'static str,
}

impl From<&Vault> for OfVault {
    fn from(vault: &Vault) -> Self {
        Self { id: vault.id.clone(), name: vault.name.clone(), provider: vault.provider() }
    }
}

/// What is different after a task.
#[derive(Debug)]
pub(crate) enum Change {
    /// Backups of a bucket are known; after a synchronization of a whole vault there is a restore point, too.
    Imported {
        vault: String,
        backups: Vec<Backup>,
        checkpoint: Option<String>,
    },
    Made(Box<Backup>),
    Restored {
        backup: String,
        resource: String,
    },
    NoBackup(String),
    NoVault(String),
    Removed {
        vault: String,
        resources: Vec<String>,
    },
    Moved {
        from: String,
        to: String,
        resources: Vec<String>,
    },
    Expires {
        backups: Vec<String>,
        at: Timestamp,
    },
}

/// A task that is to be started.
pub(crate) struct Order {
    pub(crate) operation: &'static str,
    /// The ids whose scripts say how it goes, the first first; it is about the first.
    pub(crate) about: Vec<String>,
    pub(crate) vault: Option<OfVault>,
    pub(crate) resource: Option<Resource>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) work: Work,
    pub(crate) change: Option<Change>,
}

/// What starts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) now: Duration,
    pub(crate) usual: Duration,
    pub(crate) scripts: &'a Scripts,
    pub(crate) request: &'a str,
}

/// A task.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: String,
    pub(crate) request: String,
    pub(crate) operation: &'static str,
    /// What it is about.
    pub(crate) target: String,
    pub(crate) vault: Option<OfVault>,
    pub(crate) resource: Option<Resource>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) course: Course,
    pub(crate) work: Work,
}

impl Log {
    /// Whether the service has not forgotten it.
    pub(crate) fn is_known(&self, now: Duration) -> bool {
        !matches!(self.course.stage(now), Stage::Ended(End::Vanished))
    }

    pub(crate) fn is_of(&self, vault: &str) -> bool {
        self.vault.as_ref().is_some_and(|of| of.id == vault)
    }

    /// Its status, and what has gone wrong: code and message.
    pub(crate) fn status(&self, now: Duration) -> (OperationLogStatus, &str, &str) {
        match self.course.stage(now) {
            Stage::Waiting => (OperationLogStatus::Waiting, "", ""),
            Stage::Running => (OperationLogStatus::Running, "", ""),
            Stage::Odd(word) => (OperationLogStatus::from(word), "", ""),
            Stage::Ended(End::Failed(reason)) => {
                let (code, message) = match reason.split_once(": ") {
                    Some((code, message)) if code.starts_with("BackupService.") => (code, message),
                    _ => (self.work.usual_trouble(), reason),
                };
                (OperationLogStatus::Failed, code, message)
            }
            Stage::Ended(End::Stopped) => {
                (OperationLogStatus::Skipped, "BackupService.6112", "The vault status does not fit the call.")
            }
            Stage::Ended(End::Success | End::Bare | End::Vanished | End::NoEffect) => {
                (OperationLogStatus::Success, "", "")
            }
        }
    }

    /// What it tells of its work.
    pub(crate) fn extra(&self, now: Duration) -> t::OpExtraInfo {
        let common = t::OpExtendInfoCommon {
            progress: Some(self.course.percent(now).into()),
            request_id: Some(self.request.clone()),
            task_id: None,
        };
        let resource = self.resource.as_ref().map(|resource| t::Resource {
            id: Some(resource.id.clone()),
            name: Some(resource.name.clone()),
            type_: Some(resource.kind.as_str().into()),
            extra_info: None,
        });
        let mut extra = t::OpExtraInfo { common: Some(common), resource, ..t::OpExtraInfo::default() };
        self.part(now, &mut extra);
        extra
    }

    /// What was done and what was not, of so many; nothing before the end.
    fn counters(&self, now: Duration, all: usize) -> Option<(i64, i64)> {
        let all = i64::try_from(all).unwrap_or(i64::MAX);
        match self.course.stage(now) {
            Stage::Ended(End::Failed(_)) => Some((0, all)),
            // What ends without effect has failed for one at least.
            Stage::Ended(End::NoEffect) => Some((0, all.max(1))),
            Stage::Ended(End::Stopped) | Stage::Waiting | Stage::Running | Stage::Odd(_) => None,
            Stage::Ended(_) => Some((all, 0)),
        }
    }

    /// Fills the part of the type.
    fn part(&self, now: Duration, extra: &mut t::OpExtraInfo) {
        match &self.work {
            Work::Synchronization(all) => {
                extra.sync = self.counters(now, *all).map(|(done, failed)| t::OpExtendInfoSync {
                    sync_backup_num: Some(done),
                    delete_backup_num: Some(0),
                    err_sync_backup_num: Some(failed),
                });
            }
            Work::Backup { id, name, incremental } => {
                extra.backup = Some(t::OpExtendInfoBckup {
                    app_consistency_error_code: Some(String::new()),
                    app_consistency_error_message: Some(String::new()),
                    app_consistency_status: Some("0".into()),
                    backup_id: Some(id.clone()),
                    backup_name: Some(name.clone()),
                    incremental: Some(if *incremental { "true" } else { "false" }.into()),
                });
            }
            Work::Replication(part) => extra.replication = Some((**part).clone()),
            Work::Restore(part) => extra.restore = Some((**part).clone()),
            Work::Deletion { id, name } => {
                let (backup_id, backup_name) = (Some(id.clone()), Some(name.clone()));
                extra.delete = Some(t::OpExtendInfoDelete { backup_id, backup_name });
            }
            Work::VaultDeletion(all) => {
                extra.vault_delete = self.counters(now, *all).map(|(done, failed)| t::OpExtendInfoVaultDelete {
                    fail_count: Some(failed),
                    total_count: Some(done),
                    ..t::OpExtendInfoVaultDelete::default()
                });
            }
            Work::Removal(resources, all) => {
                let counters = self.counters(now, *all);
                let failed = matches!(self.course.stage(now), Stage::Ended(end) if !end.has_effect());
                let failed = if failed { resources.len() } else { 0 };
                extra.remove_resources = Some(t::OpExtendInfoRemoveResources {
                    fail_count: counters.and(i64::try_from(failed).ok()),
                    total_count: counters.map(|(done, _)| done),
                    resources: Some(resources.iter().map(told).collect()),
                });
            }
            Work::Move => {}
            Work::Expiration(all, day) => {
                extra.update_expiration_time =
                    self.counters(now, *all).map(|(done, _)| t::OpExtendInfoUpdateExpirationTime {
                        affected_backups_count: Some(done),
                        expiration_day: Some(day.clone()),
                    });
            }
        }
    }
}

fn told(resource: &Resource) -> t::OpResourceResp {
    t::OpResourceResp {
        id: Some(resource.id.clone()),
        name: Some(resource.name.clone()),
        type_: Some(resource.kind.as_str().into()),
        extra_info: None,
    }
}
