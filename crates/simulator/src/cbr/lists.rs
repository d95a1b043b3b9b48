//! Filters, order and pages of CBR's lists.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::state::{Backup, Log, State, Vault};
use super::views::status;
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

fn is(query: &Pairs, name: &str, value: &str) -> bool {
    query.get(name).is_none_or(|wanted| wanted == value)
}

fn one_of(query: &Pairs, name: &str, value: &str) -> bool {
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
pub(crate) fn vaults<'a>(state: &'a State, query: &Pairs) -> Vec<&'a Vault> {
    let matches = |vault: &&Vault| {
        let (cloud, object, protect) =
            if vault.hybrid { ("hybrid", "vmware", "hybrid") } else { ("public", "server", "backup") };
        is(query, "cloud_type", cloud)
            && is(query, "object_type", object)
            && is(query, "objcet_type", object)
            && is(query, "protect_type", protect)
            && is(query, "status", "available")
            && is(query, "name", &vault.name)
            && is(query, "vault_id", &vault.id)
            && one_of(query, "id", &vault.id)
            && one_of(query, "resource_ids", &vault.resource.id)
            && query.get("policy_id").is_none()
            && query.get("availability_zone").is_none()
            && enterprise(query)
    };
    state.vaults().iter().filter(matches).collect()
}

/// Everything belongs to the default enterprise project.
fn enterprise(query: &Pairs) -> bool {
    query.get("enterprise_project_id").is_none_or(|wanted| wanted == "0" || wanted == "all_granted_eps")
}

/// The tasks that match, newest first. `at` gives the time of day of a moment.
pub(crate) fn logs<'a>(
    state: &'a State,
    query: &Pairs,
    now: Duration,
    at: impl Fn(Duration) -> Timestamp,
) -> Result<Vec<&'a Log>, String> {
    let mut found = Vec::new();
    for log in state.logs(now) {
        let vault = state.vault_at(log.vault);
        let resource = log.resource.as_ref();
        let matches = is(query, "operation_type", "sync")
            && query.get("status").is_none_or(|wanted| wanted == status(log, now).0.as_str())
            && is(query, "vault_id", vault.map_or("", |vault| vault.id.as_str()))
            && is(query, "vault_name", vault.map_or("", |vault| vault.name.as_str()))
            && is(query, "resource_id", resource.map_or("", |resource| resource.id.as_str()))
            && is(query, "resource_name", resource.map_or("", |resource| resource.name.as_str()))
            && is(query, "provider_id", super::views::HYBRID_PROVIDER)
            && query.get("destination_region").is_none()
            && query.get("destination_project_id").is_none()
            && enterprise(query);
        if matches && between(query, at(log.course.start()))? {
            found.push(log);
        }
    }
    Ok(found)
}

/// The backups that match, in the order asked for.
pub(crate) fn backups<'a>(state: &'a State, query: &Pairs, now: Duration) -> Result<Vec<&'a Backup>, String> {
    let mut found = Vec::new();
    for backup in state.backups(now) {
        let vault = state.vault_at(backup.vault);
        let image = if vault.is_some_and(|vault| vault.hybrid) { "sync" } else { "backup" };
        let matches = is(query, "vault_id", vault.map_or("", |vault| vault.id.as_str()))
            && is(query, "checkpoint_id", &backup.checkpoint)
            && is(query, "name", &backup.name)
            && is(query, "resource_id", &backup.resource.id)
            && is(query, "resource_name", &backup.resource.name)
            && is(query, "resource_type", &backup.resource.kind)
            && is(query, "image_type", image)
            && one_of(query, "status", "available")
            && query.get("parent_id").is_none()
            && query.get("resource_az").is_none()
            && query.get("own_type") != Some("shared")
            && enterprise(query);
        if matches && between(query, Timestamp::from_second(backup.created).unwrap_or_default())? {
            found.push(backup);
        }
    }
    if let Some(keys) = query.get("sort") {
        sort(&mut found, keys)?;
    }
    if let Some(marker) = query.get("marker") {
        let place = found.iter().position(|backup| backup.id == marker);
        found.drain(..place.map_or(0, |place| place + 1));
    }
    Ok(found)
}

/// Sorts by a list of `key`, `key:asc` or `key:desc`; descending where nothing is said.
fn sort(backups: &mut [&Backup], keys: &str) -> Result<(), String> {
    let mut order = Vec::new();
    for part in keys.split(',') {
        let (key, direction) = part.split_once(':').unwrap_or((part, "desc"));
        let compare: fn(&Backup, &Backup) -> Ordering = match key {
            "created_at" | "updated_at" | "protected_at" => |left, right| left.created.cmp(&right.created),
            "name" => |left, right| left.name.cmp(&right.name),
            "id" => |left, right| left.id.cmp(&right.id),
            "status" => |_, _| Ordering::Equal,
            _ => return Err("sort".to_owned()),
        };
        order.push((compare, direction != "asc"));
    }
    backups.sort_by(|left, right| {
        let compared = order.iter().map(|(compare, down)| {
            let order = compare(left, right);
            if *down { order.reverse() } else { order }
        });
        compared.fold(Ordering::Equal, Ordering::then)
    });
    Ok(())
}
