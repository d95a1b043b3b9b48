//! Filters, order and pages of CBR's lists.

use std::cmp::Ordering;
use std::time::Duration;

use huawei_cbr::v3::types as t;
use jiff::Timestamp;

use super::sharing::Share;
use super::state::State;
use super::tasks::{Log, Work};
use super::things::{Backup, Vault};
use crate::message::Pairs;
use crate::store::Page;

/// Largest page, and the default.
const LARGEST: usize = 1000;

/// `Err` with the name of a parameter whose value does not fit.
pub(crate) fn page(query: &Pairs) -> Result<Page, String> {
    Ok(Page { limit: query.number("limit", LARGEST, 1, LARGEST)?, offset: query.number("offset", 0, 0, usize::MAX)? })
}

/// Values that are given by repeating the name, by commas, or both.
fn several<'a>(query: &'a Pairs, name: &str) -> Vec<&'a str> {
    query.all(name).into_iter().flat_map(|value| value.split(',')).collect()
}

pub(crate) fn is(query: &Pairs, name: &str, value: &str) -> bool {
    query.get(name).is_none_or(|wanted| wanted == value)
}

pub(crate) fn one_of(query: &Pairs, name: &str, value: &str) -> bool {
    let wanted = several(query, name);
    wanted.is_empty() || wanted.contains(&value)
}

/// Whether a moment lies between `start_time` and `end_time`; `Err` with the name of one that is no time.
fn between(query: &Pairs, moment: Timestamp) -> Result<bool, String> {
    let bound = |name: &str| -> Result<Option<Timestamp>, String> {
        query.get(name).map(|text| text.parse::<Timestamp>().map_err(|_| name.to_owned())).transpose()
    };
    let from = bound("start_time")?.is_none_or(|from| from <= moment);
    Ok(from && bound("end_time")?.is_none_or(|to| moment <= to))
}

/// The vaults that match.
pub(crate) fn vaults<'a>(all: impl Iterator<Item = &'a Vault>, query: &Pairs) -> Vec<&'a Vault> {
    let resources = several(query, "resource_ids");
    let matches = |vault: &&Vault| {
        is(query, "cloud_type", vault.cloud_type())
            && is(query, "object_type", &vault.object)
            && is(query, "objcet_type", &vault.object)
            && is(query, "protect_type", vault.protect_type())
            && is(query, "status", vault.status)
            && is(query, "name", &vault.name)
            && is(query, "vault_id", &vault.id)
            && one_of(query, "id", &vault.id)
            && (resources.is_empty() || resources.iter().any(|id| vault.member(id).is_some()))
            && query.get("policy_id").is_none_or(|id| vault.policies.iter().any(|attached| attached.policy == id))
            && is(query, "availability_zone", vault.shown.availability_zone.as_deref().unwrap_or_default())
            && enterprise(query)
    };
    all.filter(matches).collect()
}

/// Everything belongs to the default enterprise project.
fn enterprise(query: &Pairs) -> bool {
    query.get("enterprise_project_id").is_none_or(|wanted| wanted == "0" || wanted == "all_granted_eps")
}

/// The tasks that match, newest first.
pub(crate) fn logs<'a>(state: &'a State, query: &Pairs, now: Duration) -> Result<Vec<&'a Log>, String> {
    let mut found = Vec::new();
    for log in state.logs(now) {
        let vault = log.vault.as_ref();
        let resource = log.resource.as_ref();
        let kind = log.work.kind();
        let target = |named: fn(&t::OpExtendInfoReplication) -> &Option<String>| match &log.work {
            Work::Replication(part) => named(part).as_deref().unwrap_or_default(),
            _ => "",
        };
        let matches = is(query, "operation_type", kind.as_ref().map_or("", |kind| kind.as_str()))
            && query.get("status").is_none_or(|wanted| wanted == log.status(now).0.as_str())
            && is(query, "vault_id", vault.map_or("", |vault| vault.id.as_str()))
            && is(query, "vault_name", vault.map_or("", |vault| vault.name.as_str()))
            && is(query, "resource_id", resource.map_or("", |resource| resource.id.as_str()))
            && is(query, "resource_name", resource.map_or("", |resource| resource.name.as_str()))
            && is(query, "provider_id", vault.map_or("", |vault| vault.provider))
            && is(query, "destination_region", target(|part| &part.destination_region))
            && is(query, "destination_project_id", target(|part| &part.destination_project_id))
            && enterprise(query);
        if matches && between(query, state.clock.at(log.course.start()))? {
            found.push(log);
        }
    }
    Ok(found)
}

/// The backups that match, in the order asked for.
pub(crate) fn backups<'a>(state: &'a State, query: &Pairs) -> Result<Vec<&'a Backup>, String> {
    let filled = query.number("used_percent", 0, 1, 100)?;
    let mut found = Vec::new();
    for backup in state.backups.iter() {
        let vault = state.vaults.get(&backup.vault);
        let image = if vault.is_some_and(|vault| vault.hybrid) { "sync" } else { "backup" };
        let matches = is(query, "vault_id", &backup.vault)
            && is(query, "checkpoint_id", &backup.checkpoint)
            && is(query, "name", &backup.name)
            && is(query, "resource_id", &backup.resource.id)
            && is(query, "resource_name", &backup.resource.name)
            && is(query, "resource_type", &backup.resource.kind)
            && is(query, "image_type", image)
            && one_of(query, "status", backup.status)
            && query.get("resource_az").is_none()
            && query.truth("dec") != Some(true)
            && query.truth("incremental").is_none_or(|wanted| !wanted || backup.incremental)
            && shared(state, query, backup)
            && enterprise(query);
        if matches && between(query, Timestamp::from_second(backup.created).unwrap_or_default())? {
            found.push(backup);
        }
    }
    if filled > 0 {
        let tallies = state.tallies(|_| true);
        let full: Vec<&str> = state
            .vaults
            .iter()
            .filter(|vault| percent(tallies.used(&vault.id), vault.size) >= filled)
            .map(|vault| vault.id.as_str())
            .collect();
        found.retain(|backup| full.contains(&backup.vault.as_str()));
    }
    sort(&mut found, query, |key| {
        let compare: fn(&Backup, &Backup) -> Ordering = match key {
            "created_at" | "updated_at" | "protected_at" => |left, right| left.created.cmp(&right.created),
            "name" => |left, right| left.name.cmp(&right.name),
            "id" => |left, right| left.id.cmp(&right.id),
            "status" => |left, right| left.status.cmp(right.status),
            _ => return None,
        };
        Some(compare)
    })?;
    after(&mut found, query, |backup| &backup.id);
    Ok(found)
}

/// How full a vault is: megabytes of gigabytes.
fn percent(used: i64, size: i64) -> usize {
    usize::try_from(used.saturating_mul(100) / (size.max(1) * 1024)).unwrap_or(100)
}

/// Whether the owner of a backup and the state of its shares are those asked for. All backups belong to the project.
fn shared(state: &State, query: &Pairs, backup: &Backup) -> bool {
    let mine = |status: &str| {
        let has = |share: &&Share| share.backup == backup.id && share.status() == status;
        state.shares.iter().any(|share| has(&share))
    };
    query.get("own_type") != Some("shared") && query.get("member_status").is_none_or(mine)
}

/// Leaves out what is before the marker, and the marker itself.
pub(crate) fn after<T>(found: &mut Vec<&T>, query: &Pairs, id: impl Fn(&T) -> &str) {
    if let Some(marker) = query.get("marker") {
        let place = found.iter().position(|item| id(item) == marker);
        found.drain(..place.map_or(0, |place| place + 1));
    }
}

/// Sorts by a list of `key`, `key:asc` or `key:desc`; descending where nothing is said. `compare` knows the keys.
pub(crate) fn sort<T>(
    found: &mut [&T],
    query: &Pairs,
    compare: impl Fn(&str) -> Option<fn(&T, &T) -> Ordering>,
) -> Result<(), String> {
    let mut order = Vec::new();
    for part in query.get("sort").into_iter().flat_map(|keys| keys.split(',')) {
        let (key, direction) = part.split_once(':').unwrap_or((part, "desc"));
        order.push((compare(key).ok_or("sort")?, direction != "asc"));
    }
    found.sort_by(|left, right| {
        let compared = order.iter().map(|(compare, down)| {
            let order = compare(left, right);
            if *down { order.reverse() } else { order }
        });
        compared.fold(Ordering::Equal, Ordering::then)
    });
    Ok(())
}
