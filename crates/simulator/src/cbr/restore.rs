//! Restoring a backup to where it came from, or to another disk.

use huawei_cbr::v3::types as t;
use serde::Deserialize;

use super::desk::{Answered, Desk, Refusal, nothing, wrong};
use super::tasks::{Change, OfVault, Order, Work};
use super::things::{AVAILABLE, Backup, PROTECTING, RESTORING, Resource};
use super::vaults::missing;

/// `{"restore": …}`.
#[derive(Deserialize)]
struct Of {
    restore: Wish,
}

#[derive(Deserialize)]
struct Wish {
    mappings: Option<Vec<Mapping>>,
    server_id: Option<String>,
    volume_id: Option<String>,
    resource_id: Option<String>,
}

#[derive(Deserialize)]
struct Mapping {
    backup_id: String,
    volume_id: String,
}

impl Desk<'_> {
    pub(crate) fn restore_backup(&mut self) -> Answered {
        let wish: Of = self.part::<t::BackupRestoreReq, _>()?;
        let backup = self.one_backup()?;
        if backup.status != AVAILABLE {
            return Err(Refusal::Code(if backup.status == RESTORING { "2010" } else { "2005" }));
        }
        let vault = self.state.vaults.get(&backup.vault).filter(|vault| vault.status == AVAILABLE);
        let vault = vault.ok_or(Refusal::Code("6202"))?;
        match vault.member(&backup.resource.id).map(|member| member.status) {
            Some(PROTECTING) => return Err(Refusal::Code("2002")),
            Some(RESTORING) => return Err(Refusal::Code("2010")),
            _ => {}
        }
        let target = self.target(backup, &wish.restore)?;
        let (id, of, own) = (backup.id.clone(), OfVault::from(vault), backup.resource.id.clone());
        let part = t::OpExtendInfoRestore {
            backup_id: Some(id.clone()),
            backup_name: Some(backup.name.clone()),
            target_resource_id: Some(target.id.clone()),
            target_resource_name: Some(target.name.clone()),
        };
        let checkpoint = Some(backup.checkpoint.clone());
        self.state.mark_backup(&id, RESTORING);
        self.state.mark(&of.id, &own, RESTORING);
        self.start(Order {
            operation: self.operation,
            about: vec![id.clone(), of.id.clone()],
            vault: Some(of),
            resource: Some(target),
            checkpoint,
            policy: None,
            work: Work::Restore(Box::new(part)),
            change: Some(Change::Restored { backup: id, resource: own }),
        });
        nothing(202)
    }

    /// Where a backup goes.
    fn target(&self, backup: &Backup, wish: &Wish) -> Result<Resource, Refusal> {
        for mapping in wish.mappings.iter().flatten() {
            let disk = backup.disks.iter().find(|(id, _)| *id == mapping.backup_id);
            if disk.is_none() && mapping.backup_id != backup.id {
                return Err(Refusal::Code("6200"));
            }
            self.large_enough(&mapping.volume_id, disk.map_or(backup.resource.size, |(_, disk)| disk.size))?;
        }
        match (&wish.server_id, &wish.volume_id, &wish.resource_id) {
            (Some(server), ..) | (None, None, Some(server)) => {
                let machine = self.state.machines.get(server).map(|machine| machine.resource.clone());
                // What was taken over from on-premises is known by its backups only.
                let own = (*server == backup.resource.id).then(|| backup.resource.clone());
                let found = machine.or(own).ok_or(Refusal::Code(missing(&backup.resource.kind)))?;
                if found.id == backup.resource.id { Ok(found) } else { Err(Refusal::Code("2003")) }
            }
            (None, Some(disk), _) => self.large_enough(disk, backup.resource.size),
            (None, None, None) => wrong("one of server_id, volume_id and resource_id is needed"),
        }
    }

    /// A disk that takes so many GB.
    fn large_enough(&self, id: &str, size: i64) -> Result<Resource, Refusal> {
        let disk = self.state.machines.get(id).map(|machine| &machine.resource);
        let disk = disk.filter(|disk| disk.kind == "OS::Cinder::Volume").ok_or(Refusal::Code("7000"))?;
        if disk.size < size { Err(Refusal::Code("2001")) } else { Ok(disk.clone()) }
    }
}
