//! Resources of vaults: attached, detached, moved, suspended; and how long their backups are kept.

use huawei_cbr::v3::types as t;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;

use super::bounds;
use super::desk::{Answered, Desk, Refusal, wrong};
use super::tasks::{Change, OfVault, Order, Work};
use super::things::{AVAILABLE, REMOVING, Resource, Vault};
use super::vaults::Wanted;
use crate::message::Answer;

#[derive(Deserialize)]
struct Attached {
    resources: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Named {
    resource_ids: Vec<String>,
    #[serde(default)]
    destination_vault_id: String,
    #[serde(default)]
    action: String,
}

#[derive(Deserialize)]
struct LastDay {
    expect_expiration_date: String,
    time_zone: String,
}

impl Desk<'_> {
    /// The vault that the path names, when it is in a state for a change.
    fn steady_vault(&self) -> Result<&Vault, Refusal> {
        self.vault().and_then(|vault| if vault.status == AVAILABLE { Ok(vault) } else { Err(Refusal::Code("6112")) })
    }

    pub(crate) fn add_resources(&mut self) -> Answered {
        let vault = self.steady_vault()?;
        let id = vault.id.clone();
        let wanted: Attached = self.part::<t::VaultAddResourceReq, _>()?;
        let mut members = self.members(vault, &wanted.resources)?;
        let ids = members.iter().map(|member| member.resource.id.clone()).collect();
        if let Some(vault) = self.state.vaults.get_mut(&id) {
            vault.members.append(&mut members);
        }
        Ok(Answer::json(200, &t::VaultAddResourceResp { add_resource_ids: Some(ids) }))
    }

    /// The resources of a vault that a call names, when nothing is done to them at the moment.
    fn idle(&self, vault: &Vault, ids: &[String]) -> Result<Vec<Resource>, Refusal> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let member = vault.member(id).ok_or(Refusal::Code("6135"))?;
            match member.status {
                AVAILABLE => found.push(member.resource.clone()),
                REMOVING => return Err(Refusal::Code("6134")),
                _ => return Err(Refusal::Code("6125")),
            }
        }
        Ok(found)
    }

    fn backups_of(&self, vault: &str, resources: &[String]) -> usize {
        let of = |backup: &&super::things::Backup| backup.vault == vault && resources.contains(&backup.resource.id);
        self.state.backups.iter().filter(of).count()
    }

    /// Begins to detach resources; their backups go with them.
    pub(crate) fn remove_resources(&mut self) -> Answered {
        let vault = self.steady_vault()?;
        let (id, of) = (vault.id.clone(), OfVault::from(vault));
        let named: Named = self.part::<t::VaultRemoveResourceReq, _>()?;
        let resources = self.idle(vault, &named.resource_ids)?;
        let backups = self.backups_of(&id, &named.resource_ids);
        let ids = named.resource_ids;
        ids.iter().for_each(|resource| self.state.mark(&id, resource, REMOVING));
        self.start(Order {
            operation: self.operation,
            about: vec![id.clone()],
            vault: Some(of),
            resource: resources.first().cloned(),
            checkpoint: None,
            policy: None,
            work: Work::Removal(resources, backups),
            change: Some(Change::Removed { vault: id, resources: ids.clone() }),
        });
        Ok(Answer::json(200, &t::VaultRemoveResourceResp { remove_resource_ids: Some(ids) }))
    }

    /// Begins to move resources and their backups to another vault.
    pub(crate) fn move_resources(&mut self) -> Answered {
        let vault = self.steady_vault()?;
        let (id, of) = (vault.id.clone(), OfVault::from(vault));
        let named: Named = self.part::<t::VaultMigrateResourceReq, _>()?;
        let resources = self.idle(vault, &named.resource_ids)?;
        let to = self.state.vaults.get(&named.destination_vault_id).ok_or(Refusal::Code("6120"))?;
        if to.id == id || to.status != AVAILABLE {
            return Err(Refusal::Code("6118"));
        }
        if to.protect == "replication" {
            return Err(Refusal::Code("6108"));
        }
        if !resources.iter().all(|resource| to.takes(&resource.kind)) {
            return Err(Refusal::Code("6102"));
        }
        let (to, ids) = (to.id.clone(), named.resource_ids);
        self.start(Order {
            operation: self.operation,
            about: vec![id.clone()],
            vault: Some(of),
            resource: resources.into_iter().next(),
            checkpoint: None,
            policy: None,
            work: Work::Move,
            change: Some(Change::Moved { from: id, to, resources: ids.clone() }),
        });
        Ok(Answer::json(200, &t::VaultMigrateResourceResp { migrated_resources: Some(ids) }))
    }

    /// Lets the policies of the vault leave resources out, or not.
    pub(crate) fn set_resources(&mut self) -> Answered {
        let vault = self.steady_vault()?;
        let id = vault.id.clone();
        let named: Named = self.part::<t::VaultSetResourceReq, _>()?;
        if named.resource_ids.iter().any(|resource| vault.member(resource).is_none()) {
            return Err(Refusal::Code("6135"));
        }
        for resource in &named.resource_ids {
            if let Some(member) = self.state.vaults.get_mut(&id).and_then(|vault| vault.member_mut(resource)) {
                member.suspended = named.action == "suspend";
            }
        }
        Ok(Answer::json(200, &t::VaultSetResourceResp { set_resource_ids: Some(named.resource_ids) }))
    }

    /// Begins to give all backups of the vault another last day.
    pub(crate) fn set_expiration(&mut self) -> Answered {
        let vault = self.steady_vault()?;
        let (id, of) = (vault.id.clone(), OfVault::from(vault));
        let sent: LastDay = self.part::<t::UpdateExpirationTimeReq, _>()?;
        let Some(at) = end_of_day(&sent.expect_expiration_date, &sent.time_zone) else {
            return wrong("expect_expiration_date has to be a day, YYYY-MM-DD");
        };
        if at <= self.state.clock.at(self.call.now) {
            return wrong("expect_expiration_date is over");
        }
        let ids: Vec<String> =
            self.state.backups.iter().filter(|backup| backup.vault == id).map(|backup| backup.id.clone()).collect();
        let (count, day) = (ids.len(), sent.expect_expiration_date);
        let task = self.start(Order {
            operation: self.operation,
            about: vec![id],
            vault: Some(of),
            resource: None,
            checkpoint: None,
            policy: None,
            work: Work::Expiration(count, day.clone()),
            change: Some(Change::Expires { backups: ids, at }),
        });
        let answer = t::UpdateExpirationTimeResp {
            affected_backups_count: super::desk::count(count),
            new_expiration_day: Some(day),
            operation_log_id: Some(task),
        };
        Ok(Answer::json(200, &answer))
    }
}

/// When a day is over in a zone.
fn end_of_day(day: &str, zone: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    let minutes = i32::try_from(bounds::zone(zone)?).ok()?;
    let zone = TimeZone::fixed(Offset::from_seconds(minutes * 60).ok()?);
    Some(day.tomorrow().ok()?.to_zoned(zone).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_zone_says() {
        let end = |day: &str, zone: &str| end_of_day(day, zone).map(|at| at.to_string());
        assert_eq!(end("2026-03-31", "UTC+08:00").as_deref(), Some("2026-03-31T16:00:00Z"));
        assert_eq!(end("2026-03-31", "UTC-01:30").as_deref(), Some("2026-04-01T01:30:00Z"));
        assert_eq!((end("31.3.2026", "UTC+08:00"), end("2026-02-30", "UTC+08:00")), (None, None));
    }
}
