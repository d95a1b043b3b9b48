//! Backups, restore points and the tasks that make them, as they are listed and shown.

use huawei_cbr::v3::types as t;

use super::desk::{Answered, Desk, Refusal, listed};
use super::lists;
use super::things::Backup;
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
        Ok(Answer::json_with_nulls(200, &list, &[("/backups", self.nulls)]))
    }

    /// Answers with one backup.
    pub(crate) fn shown_backup(&self, backup: &Backup) -> Answered {
        let backup = Some(self.view().backup(backup, true));
        Ok(Answer::json_with_nulls(200, &t::BackupGetResp { backup }, &[("/backup", self.nulls)]))
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
                Ok(Answer::json_with_nulls(200, &t::BackupGetResp { backup }, &[("/backup", self.nulls)]))
            }
        }
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
