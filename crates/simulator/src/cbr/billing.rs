//! What vaults hold and cost: usage, totals, orders.

use std::collections::BTreeMap;

use huawei_cbr::v3::types as t;
use serde::Deserialize;
use serde_json::Value;

use super::desk::{Answered, Desk, Refusal, wrong};
use super::lists::is;
use super::things::{AVAILABLE, Resource};
use super::views::text;
use crate::message::Answer;

/// Megabytes of a gigabyte.
const GIGABYTE: i64 = 1024;

/// What was bought: vaults that are paid by the month or the year, by their ids.
#[derive(Debug)]
pub(crate) struct Purchase(pub(crate) Vec<String>);

impl Purchase {
    /// How billing tells of a vault that was bought.
    pub(crate) fn told(order: &str, vault: &str) -> t::CbcOrderResult {
        t::CbcOrderResult {
            cloud_service_id: text("hws.service.type.cbr"),
            order_id: text(order),
            resource_id: text(vault),
            subscribe_result: Some(1),
        }
    }
}

#[derive(Deserialize)]
struct Period {
    vault_ids: Vec<String>,
}

/// A name as this API writes it, of one that billing writes in camel case.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for one in name.chars() {
        if one.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(one.to_ascii_lowercase());
    }
    out
}

/// The same for all names of a body: the vendor's example of `ChangeOrder` has other names than its definition.
pub(crate) fn snakes(body: Value) -> Value {
    match body {
        Value::Object(members) => members.into_iter().map(|(name, value)| (snake(&name), snakes(value))).collect(),
        other => other,
    }
}

impl Desk<'_> {
    pub(crate) fn summary(&self) -> Answered {
        let size = self.state.vaults.iter().map(|vault| vault.size).sum();
        let used = self.state.tallies(|_| true).total();
        Ok(Answer::json(200, &t::ResSummary { size: Some(size), used_size: Some(used) }))
    }

    /// Backups of each resource that has some.
    pub(crate) fn storage_usage(&self) -> Answered {
        let page = self.page()?;
        let mut usage: BTreeMap<&str, (&Resource, i64, i64, i64)> = BTreeMap::new();
        for backup in self.state.backups.iter() {
            let resource = &backup.resource;
            if !is(&self.query, "resource_id", &resource.id) || !is(&self.query, "resource_type", &resource.kind) {
                continue;
            }
            let wide = self.state.vaults.get(&backup.vault).is_some_and(|vault| vault.multi_az);
            let (_, count, size, wide_size) = usage.entry(&resource.id).or_insert((resource, 0, 0, 0));
            *count += 1;
            *size += super::things::BACKUP_SIZE;
            *wide_size += if wide { super::things::BACKUP_SIZE } else { 0 };
        }
        let resource_count = super::desk::count(usage.len());
        let told = |(resource, count, size, wide): (&Resource, i64, i64, i64)| t::StorageUsage {
            resource_id: text(&resource.id),
            resource_name: text(&resource.name),
            resource_type: Some(resource.kind.as_str().into()),
            backup_count: Some(count),
            backup_size: Some(size),
            backup_size_multiaz: Some(wide),
        };
        let storage_usage = Some(page.cut(usage.into_values()).into_iter().map(told).collect());
        Ok(Answer::json(200, &t::StorageUsageResp { resource_count, storage_usage }))
    }

    /// Gives a vault that was bought another size.
    fn resize(&mut self, vault: &str, size: i64) -> Result<String, Refusal> {
        let used = self.used(vault);
        let id = self.state.uuid();
        let vault = self.state.vaults.get_mut(vault).ok_or(Refusal::Code("6109"))?;
        if vault.order.is_none() {
            return Err(Refusal::Code("6109"));
        }
        if size * GIGABYTE < used {
            return Err(Refusal::Code("6101"));
        }
        vault.size = size;
        let purchase = Purchase(vec![vault.id.clone()]);
        self.state.purchases.keep(id.clone(), purchase);
        Ok(id)
    }

    pub(crate) fn change_order(&mut self) -> Answered {
        let sent: t::CbcOrderChange = self.body()?;
        let order = self.resize(&sent.resource_id, sent.product_info.resource_size)?;
        Ok(Answer::json(200, &accepted(order)))
    }

    /// The older form, by the order that is changed.
    pub(crate) fn update_order(&mut self) -> Answered {
        let sent: t::CbcUpdate = self.body()?;
        let purchase = self.state.purchases.get(self.call.param(1)).ok_or(Refusal::Code("6109"))?;
        if !purchase.0.contains(&sent.resource_id) {
            return Err(Refusal::Code("6109"));
        }
        let order_id = Some(self.resize(&sent.resource_id, sent.product_info.resource_size)?);
        let answer = t::UpdateOrderResponseBody { order_id, ret_code: Some("0".into()), ret_msg: text("") };
        Ok(Answer::json(200, &answer))
    }

    /// Vaults that are paid by use are bought for a time.
    pub(crate) fn change_charge_mode(&mut self) -> Answered {
        let sent: Period = self.part::<t::ChangeToPeriod, _>()?;
        for id in &sent.vault_ids {
            let vault = self.state.vaults.get(id).ok_or(Refusal::Code("6105"))?;
            if vault.status != AVAILABLE || vault.order.is_some() {
                return Err(Refusal::Code("6110"));
            }
            if vault.shown.auto_expand == Some(true) {
                return wrong("auto_expand is for vaults that are paid by use");
            }
        }
        let order = self.state.uuid();
        for id in &sent.vault_ids {
            if let Some(vault) = self.state.vaults.get_mut(id) {
                vault.order = Some(order.clone());
            }
        }
        self.state.purchases.keep(order.clone(), Purchase(sent.vault_ids));
        Ok(Answer::json(200, &accepted(order)))
    }
}

fn accepted(order: String) -> t::OrderResponseBody {
    t::OrderResponseBody { order_id: Some(order), ret_code: Some(0.0.into()), ret_msg: text("") }
}
