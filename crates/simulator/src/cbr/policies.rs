//! Policies, and the vaults that they are attached to.

use huawei_cbr::v3::types as t;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::desk::{Answered, Desk, Refusal, nothing, wrong};
use super::lists::is;
use super::things::{Attached, Vault};
use super::views::text;
use crate::message::Answer;
use crate::store::{amend, recast};

/// A policy.
#[derive(Debug)]
pub(crate) struct Policy {
    /// Without its vaults.
    pub(crate) shown: t::Policy,
}

/// `{"policy": …}`.
#[derive(Deserialize)]
struct Of {
    policy: Map<String, Value>,
}

#[derive(Deserialize)]
struct Joined {
    policy_id: Option<String>,
    add_policy_ids: Option<Vec<String>>,
    destination_vault_id: Option<String>,
}

impl Policy {
    pub(crate) fn id(&self) -> &str {
        &self.shown.id
    }

    /// `backup` or `replication`.
    fn kind(&self) -> &str {
        self.shown.operation_type.as_ref().map_or("", |kind| kind.as_str())
    }

    fn region(&self) -> Option<&str> {
        self.shown.operation_definition.as_ref()?.destination_region.as_deref()
    }

    /// Takes over a trigger; a window that is sent as null is switched off, one that is not sent stays.
    fn trigger(&mut self, sent: &Value) -> Result<(), Refusal> {
        let properties = sent.get("properties").cloned().unwrap_or_default();
        let trigger = self.shown.trigger.get_or_insert_default();
        let kept = trigger.properties.get_or_insert_default();
        if properties.get("start_window_minutes").is_some_and(Value::is_null) {
            kept.start_window_minutes = None;
        }
        Ok(amend(kept, &properties)?)
    }
}

/// What a policy has to say of where replicas go.
pub(crate) fn directed(kind: &str, definition: &Value) -> Result<(), Refusal> {
    let lacks = |name: &str| definition.get(name).is_none_or(Value::is_null);
    match kind {
        "backup" => Ok(()),
        "replication" if lacks("destination_region") || lacks("destination_project_id") => {
            wrong("a replication policy needs destination_region and destination_project_id")
        }
        "replication" => Ok(()),
        _ => Err(Refusal::Code("6117")),
    }
}

impl Desk<'_> {
    /// The policy that the path names.
    fn policy(&self) -> Result<&Policy, Refusal> {
        self.state.policies.get(self.call.param(1)).ok_or(Refusal::Code("6000"))
    }

    fn shown_policy(&self, policy: &Policy) -> t::Policy {
        let attached = |vault: &Vault| {
            let mut all = vault.policies.iter();
            let found = all.find(|attached| attached.policy == policy.id())?;
            let destination_vault_id = found.destination.clone();
            Some(t::PolicyAssociateVault { destination_vault_id, vault_id: text(&vault.id) })
        };
        let vaults = self.state.vaults.iter().filter_map(attached).collect();
        t::Policy { associated_vaults: Some(vaults), ..policy.shown.clone() }
    }

    pub(crate) fn create_policy(&mut self) -> Answered {
        let sent: Of = self.part::<t::PolicyCreateReq, _>()?;
        let kind = sent.policy.get("operation_type").and_then(Value::as_str).unwrap_or_default();
        directed(kind, sent.policy.get("operation_definition").unwrap_or(&Value::Null))?;
        let id = self.new_policy(sent.policy, "custom_policy")?;
        self.answer_policy(&id)
    }

    /// Makes a policy of this type and gives its id.
    pub(crate) fn new_policy(&mut self, mut sent: Map<String, Value>, of: &str) -> Result<String, Refusal> {
        let (id, trigger_id) = (self.state.uuid(), self.state.uuid());
        let start_time = Some(self.view().time(self.call.now));
        let trigger = sent.remove("trigger").unwrap_or_default();
        sent.insert("id".to_owned(), id.as_str().into());
        let shown: t::Policy = recast(&sent)?;
        let mut policy = Policy { shown };
        policy.shown.enabled = policy.shown.enabled.or(Some(true));
        policy.shown.policy_type = Some(of.into());
        policy.shown.trigger = Some(t::PolicyTriggerResp {
            id: Some(trigger_id),
            name: text("default"),
            type_: Some("time".into()),
            properties: Some(t::PolicyTriggerPropertiesResp { start_time, ..Default::default() }),
        });
        policy.trigger(&trigger)?;
        self.state.policies.keep(id.clone(), policy);
        Ok(id)
    }

    fn answer_policy(&self, id: &str) -> Answered {
        let policy = self.state.policies.get(id).ok_or(Refusal::Code("6000"))?;
        Ok(Answer::json(200, &t::PolicyCreateResp { policy: Some(self.shown_policy(policy)) }))
    }

    pub(crate) fn list_policies(&self) -> Answered {
        let vault = self.query.get("vault_id").map(|id| self.state.vaults.get(id));
        let attached = |policy: &Policy| match vault {
            None => true,
            Some(None) => false,
            Some(Some(vault)) => vault.policies.iter().any(|attached| attached.policy == policy.id()),
        };
        let found = self.state.policies.iter().filter(|policy| is(&self.query, "operation_type", policy.kind()));
        let policies: Vec<t::Policy> =
            found.filter(|policy| attached(policy)).map(|policy| self.shown_policy(policy)).collect();
        let count = super::desk::count(policies.len());
        Ok(Answer::json(200, &t::PolicyListResp { count, policies: Some(policies) }))
    }

    pub(crate) fn show_policy(&self) -> Answered {
        self.answer_policy(self.policy()?.id())
    }

    pub(crate) fn update_policy(&mut self) -> Answered {
        let id = self.policy()?.id().to_owned();
        let sent: Of = self.part::<t::PolicyUpdateReq, _>()?;
        self.change_policy(&id, sent.policy)?;
        self.answer_policy(&id)
    }

    pub(crate) fn change_policy(&mut self, id: &str, mut sent: Map<String, Value>) -> Result<(), Refusal> {
        let region = sent.get("operation_definition").and_then(|to| to.get("destination_region"));
        let region = region.and_then(Value::as_str);
        let policy = self.state.policies.get(id).ok_or(Refusal::Code("6000"))?;
        let used = self.state.vaults.iter().any(|vault| vault.policies.iter().any(|attached| attached.policy == id));
        if used && region.is_some() && region != policy.region() {
            return Err(Refusal::Code("6003"));
        }
        let trigger = sent.remove("trigger");
        let policy = self.state.policies.get_mut(id).ok_or(Refusal::Code("6000"))?;
        amend(&mut policy.shown, &sent)?;
        trigger.map_or(Ok(()), |trigger| policy.trigger(&trigger))
    }

    /// Deletes a policy; vaults lose it.
    pub(crate) fn delete_policy(&mut self) -> Answered {
        let id = self.policy()?.id().to_owned();
        self.state.policies.remove(&id);
        self.state.vaults.iter_mut().for_each(|vault| vault.policies.retain(|attached| attached.policy != id));
        nothing(204)
    }

    /// Whether a policy may be attached to a vault.
    pub(crate) fn fitting(&self, vault: &Vault, policy: &str, to: Option<&str>) -> Result<(), Refusal> {
        let policy = self.state.policies.get(policy).ok_or(Refusal::Code("6000"))?;
        let code = match (policy.kind(), to) {
            ("backup", _) if vault.hybrid => "6136",
            ("backup", _) if vault.protect == "replication" => "6127",
            ("backup", _) => return Ok(()),
            _ if vault.hybrid || vault.protect == "replication" || vault.object != "server" => "6127",
            (_, None) => return wrong("destination_vault_id is needed for a replication policy"),
            (_, Some(to)) if !self.state.away.vaults.has(to) => "6120",
            _ => return Ok(()),
        };
        Err(Refusal::Code(code))
    }

    pub(crate) fn attach_policy(&mut self) -> Answered {
        let sent: Joined = self.part::<t::VaultAssociate, _>()?;
        let vault = self.vault()?;
        let id = vault.id.clone();
        let policies = match (sent.policy_id, sent.add_policy_ids.unwrap_or_default()) {
            (Some(policy), more) if more.is_empty() => vec![policy],
            (None, policies) if !policies.is_empty() => policies,
            _ => return wrong("exactly one of policy_id and add_policy_ids is needed"),
        };
        let destination = sent.destination_vault_id;
        policies.iter().try_for_each(|policy| self.fitting(vault, policy, destination.as_deref()))?;
        for policy in &policies {
            let kind = |id: &str| self.state.policies.get(id).map(|policy| policy.kind().to_owned());
            let (mine, kinds) = (kind(policy), kind);
            // A vault has one policy of a kind.
            let replaced: Vec<String> = self.state.vaults.get(&id).map_or_else(Vec::new, |vault| {
                let same = vault.policies.iter().filter(|attached| kinds(&attached.policy) == mine);
                same.map(|attached| attached.policy.clone()).collect()
            });
            let destination = destination.clone().filter(|_| mine.as_deref() == Some("replication"));
            if let Some(vault) = self.state.vaults.get_mut(&id) {
                vault.policies.retain(|attached| !replaced.contains(&attached.policy));
                vault.policies.push(Attached { policy: policy.clone(), destination });
            }
        }
        let associate_policy = Some(t::VaultPolicyResp {
            destination_vault_id: destination,
            policy_id: policies.into_iter().next(),
            vault_id: Some(id),
        });
        Ok(Answer::json(200, &t::VaultAssociateResp { associate_policy }))
    }

    pub(crate) fn detach_policy(&mut self) -> Answered {
        let sent: t::VaultDissociate = self.body()?;
        let vault = self.vault()?;
        let id = vault.id.clone();
        if !self.state.policies.has(&sent.policy_id) {
            return Err(Refusal::Code("6000"));
        }
        let found = vault.policies.iter().find(|attached| attached.policy == sent.policy_id);
        let destination_vault_id = found.ok_or(Refusal::Code("6002"))?.destination.clone();
        if let Some(vault) = self.state.vaults.get_mut(&id) {
            vault.policies.retain(|attached| attached.policy != sent.policy_id);
        }
        let dissociate_policy =
            Some(t::VaultPolicyResp { destination_vault_id, policy_id: Some(sent.policy_id), vault_id: Some(id) });
        Ok(Answer::json(200, &t::VaultDissociateResp { dissociate_policy }))
    }
}
