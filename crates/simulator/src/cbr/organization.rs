//! Policies of an organization, which make a policy in the project of each of its accounts.

use huawei_cbr::v3::types as t;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::desk::{Answered, Desk, Refusal, listed, nothing, wrong};
use super::policies::directed;
use super::views::text;
use crate::message::Answer;
use crate::store::{amend, recast};

/// A policy of the organization.
#[derive(Debug)]
pub(crate) struct Organized {
    pub(crate) shown: t::OrganizationPolicy,
    /// The policy of each account.
    deployed: Vec<Deployed>,
}

#[derive(Debug)]
struct Deployed {
    domain: String,
    project: String,
    policy: String,
}

/// `{"policy": …}`.
#[derive(Deserialize)]
struct Of {
    policy: Map<String, Value>,
}

/// What the policy of an account takes over, with the names that it has there.
fn inherited(sent: &Map<String, Value>) -> Map<String, Value> {
    let names = [
        ("policy_name", "name"),
        ("policy_enabled", "enabled"),
        ("operation_type", "operation_type"),
        ("policy_operation_definition", "operation_definition"),
        ("policy_trigger", "trigger"),
    ];
    let taken = |(theirs, own): (&str, &str)| Some((own.to_owned(), sent.get(theirs)?.clone()));
    names.into_iter().filter_map(taken).collect()
}

impl Desk<'_> {
    /// The policy that the path names.
    fn organized(&self) -> Result<&Organized, Refusal> {
        self.state.organization.get(self.call.param(1)).ok_or(Refusal::Code("6000"))
    }

    fn answer_organized(&self, id: &str) -> Answered {
        let policy = self.state.organization.get(id).ok_or(Refusal::Code("6000"))?.shown.clone();
        Ok(Answer::json(200, &t::OrganizationPolicyResp { policy: Some(policy) }))
    }

    pub(crate) fn create_organization_policy(&mut self) -> Answered {
        let sent: Of = self.part::<t::OrganizationPolicyCreateReq, _>()?;
        let mut sent = sent.policy;
        let kind = sent.get("operation_type").and_then(Value::as_str).unwrap_or_default();
        directed(kind, sent.get("policy_operation_definition").unwrap_or(&Value::Null))?;
        let policy = self.new_policy(inherited(&sent), "organization_policy_v1")?;
        let own = Deployed { domain: self.iam.domain_id.clone(), project: self.iam.project_id.clone(), policy };
        let mut deployed = vec![own];
        for number in 0..self.state.accounts.len() {
            let policy = self.state.uuid();
            if let Some(account) = self.state.accounts.get(number) {
                deployed.push(Deployed { domain: account.id.clone(), project: account.project.clone(), policy });
            }
        }
        let id = self.state.uuid();
        let more = json!({"id": id, "domain_id": self.iam.domain_id, "domain_name": self.iam.domain,
            "status": "syncing"});
        sent.extend(more.as_object().cloned().unwrap_or_default());
        let shown: t::OrganizationPolicy = recast(&sent)?;
        self.state.organization.keep(id.clone(), Organized { shown, deployed });
        self.answer_organized(&id)
    }

    pub(crate) fn list_organization_policies(&self) -> Answered {
        let Some(kind) = self.query.get("operation_type") else { return wrong("operation_type is missing") };
        let page = self.page()?;
        let mine = |policy: &&Organized| {
            policy.shown.operation_type.as_ref().is_some_and(|operation| operation.as_str() == kind)
        };
        let found: Vec<&Organized> = self.state.organization.iter().filter(mine).collect();
        let list = listed!(OrganizationPoliciesListResp, policies, found, page, |policy| policy.shown.clone());
        Ok(Answer::json(200, &list))
    }

    pub(crate) fn show_organization_policy(&self) -> Answered {
        self.answer_organized(&self.organized()?.shown.id)
    }

    pub(crate) fn update_organization_policy(&mut self) -> Answered {
        let policy = self.organized()?;
        let (id, own) = (policy.shown.id.clone(), policy.deployed.first().map(|own| own.policy.clone()));
        let sent: Of = self.part::<t::OrganizationPolicyUpdateReq, _>()?;
        if let Some(own) = own.filter(|own| self.state.policies.has(own)) {
            self.change_policy(&own, inherited(&sent.policy))?;
        }
        let policy = self.state.organization.get_mut(&id).ok_or(Refusal::Code("6000"))?;
        amend(&mut policy.shown, &sent.policy)?;
        self.answer_organized(&id)
    }

    /// Deletes it. The policy of an account goes with it, unless a vault has it.
    pub(crate) fn delete_organization_policy(&mut self) -> Answered {
        let id = self.organized()?.shown.id.clone();
        let policy = self.state.organization.remove(&id);
        let own = policy.and_then(|policy| policy.deployed.into_iter().next()).map(|own| own.policy);
        let own = own.unwrap_or_default();
        if self.state.vaults.iter().any(|vault| vault.policies.iter().any(|attached| attached.policy == own)) {
            if let Some(policy) = self.state.policies.get_mut(&own) {
                policy.shown.policy_type = Some("organization_policy_removed".into());
            }
        } else {
            self.state.policies.remove(&own);
        }
        nothing(204)
    }

    /// How far the policy is in each account.
    pub(crate) fn organization_policy_detail(&self) -> Answered {
        let policy = self.organized()?;
        let told = |deployed: &Deployed| t::OrganizationPolicyStatus {
            policy_id: text(&deployed.policy),
            domain_id: text(&deployed.domain),
            project_id: text(&deployed.project),
            status: policy.shown.status.clone(),
        };
        let list = listed!(OrganizationPolicyStatusListResp, policies, &policy.deployed, self.page()?, told);
        Ok(Answer::json(200, &list))
    }
}
