//! Vaults and backups, page by page.

use backup_sync_runtime::call;
use backup_sync_runtime::page::{Page, Pager};

use crate::Cbr;
use crate::v3::open::VaultCloudType;
use crate::v3::types::{BackupResp, Vault};

/// Page size asked for, the largest that the service takes.
const PAGE: i64 = 1000;

impl Cbr {
    /// Vaults of hybrid cloud backup, the only ones that can be synchronized.
    pub fn vaults(&self) -> Pager<'_, Vault> {
        let pager = Pager::new(usize::try_from(PAGE).unwrap_or(1), move |cursor| async move {
            let list = self.client.list_vault().project_id(&self.project_id).cloud_type(VaultCloudType::Hybrid);
            let answer = call("ListVault", list.limit(PAGE).offset(cursor.offset_i64()).send()).await?.into_inner();
            Ok(Page::new(answer.vaults.unwrap_or_default()).total(answer.count))
        });
        pager.unique(|vault| vault.id.clone())
    }

    /// The project's own backups. They come and go while the list is read, so it is walked by the last id of a page
    /// and not by numbers.
    pub fn backups(&self) -> Pager<'_, BackupResp> {
        let pager = Pager::new(usize::try_from(PAGE).unwrap_or(1), move |cursor| async move {
            let list = self.client.list_backups().project_id(&self.project_id).limit(PAGE);
            let list = match cursor.marker {
                Some(marker) => list.marker(marker),
                None => list,
            };
            let answer = call("ListBackups", list.send()).await?.into_inner();
            let backups = answer.backups.unwrap_or_default();
            let marker = backups.last().map(|backup| backup.id.clone());
            Ok(Page::new(backups).total(answer.count).marker(marker))
        });
        pager.unique(|backup| backup.id.clone())
    }
}
