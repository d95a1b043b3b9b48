//! What is different when a task has ended: the effect of one that ended well, and the state that others leave.

use std::time::Duration;

use super::state::State;
use super::tasks::{Change, Log, Start};
use super::things::{AVAILABLE, Backup, Checkpoint, ERROR};
use crate::course::{End, Stage};
use crate::store::Due;

impl State {
    /// Does what tasks that have ended by now were to change, and lets backups go whose time is over.
    pub(crate) fn settle(&mut self, how: Start<'_>) {
        self.settle_tasks(how.now);
        if self.expire(how) {
            self.settle_tasks(how.now);
        }
    }

    fn settle_tasks(&mut self, now: Duration) {
        let logs = &self.logs;
        for due in self.pending.due(now, |id| logs.get(id).map(|log| &log.course)) {
            self.apply(due);
        }
    }

    /// Begins to delete what has expired, at the moment when it did; says whether there was something.
    fn expire(&mut self, how: Start<'_>) -> bool {
        if !self.expiring {
            return false;
        }
        let epoch = self.clock.epoch();
        let over = |backup: &Backup| {
            let passed = backup.expires.filter(|_| backup.status == AVAILABLE)?.duration_since(epoch);
            // What had expired in the beginning goes at once.
            let at = passed.unsigned_abs();
            if passed.is_negative() { Some(Duration::ZERO) } else { Some(at).filter(|at| *at <= how.now) }
        };
        let gone: Vec<(String, Duration)> =
            self.backups.iter().filter_map(|backup| Some((backup.id.clone(), over(backup)?))).collect();
        for (id, at) in &gone {
            let request = self.hex();
            self.delete(id, "DeleteBackup", Start { now: *at, request: &request, ..how });
        }
        !gone.is_empty()
    }

    fn apply(&mut self, due: Due<Change>) {
        let (at, done) = (self.seconds(due.at), due.done);
        match due.change {
            Change::Imported { vault, backups, checkpoint } if done => self.imported(&vault, backups, checkpoint, at),
            Change::Imported { .. } => {}
            Change::Made(mut backup) => {
                self.mark(&backup.vault, &backup.resource.id, AVAILABLE);
                if done {
                    self.expiring |= backup.expires.is_some();
                    backup.created = at;
                    self.backups.keep(backup.id.clone(), *backup);
                }
            }
            Change::Restored { backup, resource } => {
                let vault = self.backups.get(&backup).map(|backup| backup.vault.clone()).unwrap_or_default();
                self.mark(&vault, &resource, AVAILABLE);
                self.mark_backup(&backup, AVAILABLE);
            }
            Change::NoBackup(id) if done => self.forget(|backup| backup.id != id),
            Change::NoBackup(id) => self.mark_backup(&id, if self.has_failed(&due.task) { ERROR } else { AVAILABLE }),
            Change::NoVault(id) if done => {
                self.forget(|backup| backup.vault != id);
                self.checkpoints.retain(|checkpoint| checkpoint.vault != id);
                self.vaults.remove(&id);
            }
            Change::NoVault(id) => {
                let status = if self.has_failed(&due.task) { ERROR } else { AVAILABLE };
                if let Some(vault) = self.vaults.get_mut(&id) {
                    vault.status = status;
                }
            }
            Change::Removed { vault, resources } if done => {
                self.forget(|backup| backup.vault != vault || !resources.contains(&backup.resource.id));
                if let Some(vault) = self.vaults.get_mut(&vault) {
                    vault.members.retain(|member| !resources.contains(&member.resource.id));
                }
            }
            Change::Removed { vault, resources } => {
                resources.iter().for_each(|resource| self.mark(&vault, resource, AVAILABLE));
            }
            Change::Moved { .. } | Change::Expires { .. } if !done => {}
            Change::Moved { from, to, resources } => self.moved(&from, &to, &resources),
            Change::Expires { backups, at } => {
                self.expiring = true;
                self.backups.iter_mut().filter(|backup| backups.contains(&backup.id)).for_each(|backup| {
                    backup.expires = Some(at);
                });
            }
        }
    }

    fn has_failed(&self, task: &str) -> bool {
        let stage = |log: &Log| {
            let end = log.course.end().unwrap_or_default();
            matches!(log.course.stage(end), Stage::Ended(End::Failed(_)))
        };
        self.logs.get(task).is_some_and(stage)
    }

    /// What a bucket had is known now.
    fn imported(&mut self, vault: &str, backups: Vec<Backup>, checkpoint: Option<String>, at: i64) {
        if let (Some(id), Some(vault)) = (checkpoint, self.vaults.get_mut(vault)) {
            vault.unknown.clear();
            let checkpoint = Checkpoint {
                id: id.clone(),
                created: at,
                vault: vault.id.clone(),
                resources: vault.members.iter().map(|member| member.resource.clone()).collect(),
                skipped: Vec::new(),
                extra: None,
            };
            self.checkpoints.keep(id, checkpoint);
        }
        for backup in backups {
            self.backups.keep(backup.id.clone(), backup);
        }
    }

    fn moved(&mut self, from: &str, to: &str, resources: &[String]) {
        // The other vault may have been deleted meanwhile.
        if !self.vaults.has(to) {
            return;
        }
        let mut members = Vec::new();
        if let Some(vault) = self.vaults.get_mut(from) {
            members = vault.members.extract_if(.., |member| resources.contains(&member.resource.id)).collect();
        }
        members.iter_mut().for_each(|member| member.status = AVAILABLE);
        if let Some(vault) = self.vaults.get_mut(to) {
            vault.members.append(&mut members);
        }
        for backup in self.backups.iter_mut() {
            if backup.vault == from && resources.contains(&backup.resource.id) {
                to.clone_into(&mut backup.vault);
            }
        }
    }

    /// Keeps the backups that `stays` says, and the restore points and shares that they belong to.
    fn forget(&mut self, stays: impl Fn(&Backup) -> bool) {
        let gone: Vec<String> =
            self.backups.iter().filter(|backup| !stays(backup)).map(|backup| backup.checkpoint.clone()).collect();
        self.backups.retain(stays);
        let left = |id: &String| self.backups.iter().any(|backup| backup.checkpoint == *id);
        let gone: Vec<String> = gone.into_iter().filter(|id| !left(id)).collect();
        self.checkpoints.retain(|checkpoint| !gone.contains(&checkpoint.id));
        self.shares.retain(|share| self.backups.has(&share.backup));
    }
}
