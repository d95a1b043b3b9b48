//! Vaults: listed, read, made, changed, deleted.

use std::collections::HashMap;

use huawei_cbr::v3::types as t;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::billing::Purchase;
use super::desk::{Answered, Desk, Refusal, listed, nothing, wrong};
use super::lists;
use super::seeds;
use super::tasks::{Change, Log, OfVault, Order, Work};
use super::things::{AVAILABLE, Attached, DELETING, ERROR, Member, Vault};
use super::views::View;
use crate::message::Answer;
use crate::store::{amend, recast};

/// Resources of a vault at most.
const MOST_RESOURCES: usize = 256;
/// Megabytes of a gigabyte.
const GIGABYTE: i64 = 1024;

/// `{"vault": …}`.
#[derive(Deserialize)]
struct Of<T> {
    vault: T,
}

/// What matters of a vault that is to be made, bought or not.
#[derive(Deserialize)]
pub(crate) struct Wish {
    name: Option<String>,
    billing: Paid,
    resources: Vec<Wanted>,
    backup_policy_id: Option<String>,
    backup_name_prefix: Option<String>,
    tags: Option<Vec<t::Tag>>,
    /// What is only kept and shown.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Paid {
    cloud_type: Option<String>,
    consistent_level: String,
    object_type: String,
    protect_type: String,
    size: i64,
    charging_mode: Option<String>,
    period_type: Option<String>,
    period_num: Option<i64>,
    is_multi_az: Option<bool>,
}

/// A resource that is to be in a vault.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    extra_info: Option<t::ResourceExtraInfo>,
}

/// What may be changed of a vault.
#[derive(Deserialize)]
struct Changes {
    name: Option<String>,
    billing: Option<Size>,
    locked: Option<bool>,
    auto_expand: Option<bool>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
struct Size {
    consistent_level: Option<String>,
    size: Option<i64>,
}

impl Desk<'_> {
    fn page_of_vaults(&self, found: &[&Vault]) -> Answered {
        let (page, view) = (self.page_of_targets()?, self.view());
        let tallies = self.state.tallies(|_| true);
        let list = listed!(VaultListResp, vaults, found, page, |vault| view.vault(vault, &tallies));
        Ok(Answer::json(200, &list))
    }

    pub(crate) fn list_vaults(&self) -> Answered {
        self.page_of_vaults(&lists::vaults(self.state.vaults.iter(), &self.query))
    }

    /// The vaults of a project: the own one, or that of the other region, where replicas go.
    pub(crate) fn list_external_vaults(&self) -> Answered {
        let Some(external) = self.query.get("external_project_id") else {
            return wrong("external_project_id is missing");
        };
        let Some(region) = self.query.get("region_id") else { return wrong("region_id is missing") };
        if external == self.iam.project_id {
            return self.list_vaults();
        }
        let away = &self.state.away;
        let found = if external == away.project && region == away.region {
            lists::vaults(away.vaults.iter(), &self.query)
        } else {
            Vec::new()
        };
        let (page, view) = (self.page_of_targets()?, View { project: &away.project, ..self.view() });
        let replicas = self.state.replicas(self.call.now);
        let list = listed!(VaultListResp, vaults, found, page, |vault| view.vault(vault, &replicas));
        Ok(Answer::json(200, &list))
    }

    pub(crate) fn show_vault(&self) -> Answered {
        self.shown_vault(self.vault()?)
    }

    fn shown_vault(&self, vault: &Vault) -> Answered {
        Ok(Answer::json(200, &t::VaultGetResp { vault: Some(self.view().one_vault(vault)) }))
    }

    pub(crate) fn create_vault(&mut self) -> Answered {
        let (request, wish) = self.sent::<t::VaultCreateReq, Of<Wish>>()?;
        let prefix = wish.vault.backup_name_prefix.clone();
        let orders = (wish.vault.billing.charging_mode.as_deref() == Some("pre_paid")).then(|| self.state.uuid());
        let id = self.make(wish.vault, orders.clone())?;
        let vault = self.state.vaults.get(&id).ok_or(Refusal::Code("6132"))?;
        let shown: t::VaultCreateResource = recast(&self.view().one_vault(vault))?;
        let vault = t::VaultCreateResource {
            backup_name_prefix: prefix,
            demand_billing: Some(request.vault.demand_billing.unwrap_or_default()),
            cbc_delete_count: Some(0),
            frozen: Some(false),
            ..shown
        };
        let answer = t::VaultCreateResp { vault: Some(vault), ..t::VaultCreateResp::default() };
        let Some(order) = orders else { return Ok(Answer::json(200, &answer)) };
        let answer = t::VaultCreateResp {
            err_text: Some(String::new()),
            error_code: Some("0".to_owned()),
            orders: Some(vec![Purchase::told(&order, &id)]),
            ret_code: Some(0.into()),
            ..answer
        };
        Ok(Answer::json(200, &answer))
    }

    /// A vault that is paid by the month or the year, in spite of the call's name.
    pub(crate) fn order_vault(&mut self) -> Answered {
        let wish: Of<Wish> = self.part::<t::VaultOrderCreateReqs, _>()?;
        let order = self.state.uuid();
        let id = self.make(wish.vault, Some(order.clone()))?;
        let answer = t::VaultOrderCreateRes {
            err_text: Some(String::new()),
            error_code: Some("0".to_owned()),
            orders: Some(vec![Purchase::told(&order, &id)]),
            ret_code: Some(0.into()),
        };
        Ok(Answer::json(200, &answer))
    }

    /// Makes a vault and gives its id.
    fn make(&mut self, wish: Wish, order: Option<String>) -> Result<String, Refusal> {
        let paid = wish.billing;
        let hybrid = paid.cloud_type.as_deref() == Some("hybrid");
        if !hybrid && matches!(paid.object_type.as_str(), "vmware" | "file") {
            return wrong(format!("object_type {} needs the cloud_type hybrid", paid.object_type));
        }
        if order.is_some() && (paid.period_type.is_none() || paid.period_num.is_none()) {
            return wrong("period_type and period_num are needed for pre_paid");
        }
        let id = self.state.uuid();
        let name = wish.name.unwrap_or_else(|| format!("vault-{}", id.get(..4).unwrap_or_default()));
        let mut vault = seeds::vault(id.clone(), name, hybrid, self.view().time(self.call.now));
        (vault.object, vault.protect, vault.consistent) = (paid.object_type, paid.protect_type, paid.consistent_level);
        (vault.size, vault.multi_az, vault.order) = (paid.size, paid.is_multi_az == Some(true), order.clone());
        vault.prefix = wish.backup_name_prefix.unwrap_or_default();
        vault.tags = wish.tags.unwrap_or_default();
        vault.bucket = if hybrid { format!("cbr-hybrid-{}", id.get(..8).unwrap_or_default()) } else { String::new() };
        amend(&mut *vault.shown, &wish.rest)?;
        vault.members = self.members(&vault, &wish.resources)?;
        if let Some(policy) = wish.backup_policy_id {
            self.fitting(&vault, &policy, None)?;
            vault.policies.push(Attached { policy, destination: None });
        }
        if let Some(order) = order {
            self.state.purchases.keep(order, Purchase(vec![id.clone()]));
        }
        self.state.vaults.keep(id.clone(), vault);
        Ok(id)
    }

    /// The resources that are to join a vault, or why they cannot.
    pub(crate) fn members(&self, vault: &Vault, wanted: &[Wanted]) -> Result<Vec<Member>, Refusal> {
        if !wanted.is_empty() && vault.protect == "replication" {
            return Err(Refusal::Code("6108"));
        }
        if vault.members.len() + wanted.len() > MOST_RESOURCES {
            return Err(Refusal::Code("6100"));
        }
        let mut members: Vec<Member> = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            if members.iter().any(|member| member.resource.id == wanted.id) {
                return Err(Refusal::Code("6104"));
            }
            let machine = self.state.machines.get(&wanted.id).ok_or(Refusal::Code(missing(&wanted.kind)))?;
            if machine.resource.kind != wanted.kind {
                return Err(Refusal::Code("6300"));
            }
            if !vault.takes(&wanted.kind) {
                return Err(Refusal::Code("6102"));
            }
            if let Some(owner) = self.state.vault_with(&wanted.id) {
                let leaving = owner.member(&wanted.id).is_some_and(|member| member.status == super::things::REMOVING);
                return Err(Refusal::Code(if leaving { "6134" } else { "6103" }));
            }
            if !machine.sound {
                return Err(Refusal::Code(unsound(&wanted.kind)));
            }
            let mut member = Member::new(machine.resource.clone());
            if let Some(name) = &wanted.name {
                member.resource.name.clone_from(name);
            }
            member.extra.clone_from(&wanted.extra_info);
            members.push(member);
        }
        Ok(members)
    }

    pub(crate) fn update_vault(&mut self) -> Answered {
        let used: i64 = self.used(&self.vault()?.id);
        let changes: Of<Changes> = self.part::<t::VaultUpdateReq, _>()?;
        let changes = changes.vault;
        let vault = self.vault()?;
        if vault.status != AVAILABLE {
            return Err(Refusal::Code("6110"));
        }
        if vault.locked() && changes.locked == Some(false) {
            return wrong("a locked vault stays locked");
        }
        if vault.order.is_some() && changes.auto_expand == Some(true) {
            return wrong("auto_expand is for vaults that are paid by use");
        }
        let size = changes.billing.as_ref().and_then(|billing| billing.size);
        if size.is_some_and(|size| size * GIGABYTE < used) {
            return Err(Refusal::Code("6101"));
        }
        let id = vault.id.clone();
        let vault = self.state.vaults.get_mut(&id).ok_or(Refusal::Code("6105"))?;
        amend(&mut *vault.shown, &changes.rest)?;
        vault.shown.locked = changes.locked.or(vault.shown.locked);
        vault.shown.auto_expand = changes.auto_expand.or(vault.shown.auto_expand);
        vault.size = size.unwrap_or(vault.size);
        if let Some(name) = changes.name {
            vault.name = name;
        }
        if let Some(level) = changes.billing.and_then(|billing| billing.consistent_level) {
            vault.consistent = level;
        }
        self.show_vault()
    }

    /// Megabytes of the backups of a vault.
    pub(crate) fn used(&self, vault: &str) -> i64 {
        self.state.tallies(|backup| backup.vault == vault).total()
    }

    pub(crate) fn update_all_vaults(&mut self) -> Answered {
        let changes: Of<HashMap<String, Value>> = self.part::<t::BatchUpdateVaultRequestBody, _>()?;
        let mut changed = Vec::new();
        for vault in self.state.vaults.iter_mut().filter(|vault| vault.status == AVAILABLE) {
            amend(&mut *vault.shown, &changes.vault)?;
            changed.push(vault.id.clone());
        }
        Ok(Answer::json(200, &t::VaultBatchUpdateResp { updated_vaults_id: Some(changed) }))
    }

    /// Begins to delete a vault with all its backups.
    pub(crate) fn delete_vault(&mut self) -> Answered {
        let vault = self.vault()?;
        let (id, of, now) = (vault.id.clone(), OfVault::from(vault), self.call.now);
        if vault.status != AVAILABLE && vault.status != ERROR {
            return Err(Refusal::Code("6112"));
        }
        let busy = |counts: fn(&Log) -> bool| self.state.is_busy(&id, now, counts);
        if busy(|log| matches!(log.work, Work::Backup { .. })) {
            return Err(Refusal::Code("6125"));
        }
        if busy(|log| matches!(log.work, Work::Replication(_))) {
            return Err(Refusal::Code("6130"));
        }
        if busy(|_| true) {
            return Err(Refusal::Code("6111"));
        }
        let backups = self.state.backups.iter().filter(|backup| backup.vault == id).count();
        if let Some(vault) = self.state.vaults.get_mut(&id) {
            vault.status = DELETING;
        }
        self.start(Order {
            operation: self.operation,
            about: vec![id.clone()],
            vault: Some(of),
            resource: None,
            checkpoint: None,
            policy: None,
            work: Work::VaultDeletion(backups),
            change: Some(Change::NoVault(id)),
        });
        nothing(204)
    }
}

/// What is told of a resource that is not there.
pub(crate) fn missing(kind: &str) -> &'static str {
    match kind {
        "OS::Nova::Server" | "OS::Ironic::BareMetalServer" => "7100",
        "OS::Cinder::Volume" => "7000",
        _ => "6302",
    }
}

/// What is told of one whose state permits no backup.
pub(crate) fn unsound(kind: &str) -> &'static str {
    match kind {
        "OS::Nova::Server" | "OS::Ironic::BareMetalServer" => "7101",
        "OS::Cinder::Volume" => "7003",
        _ => "6215",
    }
}
