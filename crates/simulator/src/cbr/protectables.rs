//! What could be backed up, and whether an agent runs in it.

use huawei_cbr::error_code;
use huawei_cbr::v3::types as t;
use serde_json::{Map, Value, json};

use super::desk::{Answered, Desk, Refusal};
use super::lists::{after, is};
use super::things::{Machine, Vault};
use super::vaults::unsound;
use super::views::text;
use crate::message::Answer;
use crate::store::{Page, recast};

/// Resources in a page at most, and where no number is given.
const LARGEST: usize = 50;

impl Desk<'_> {
    /// The types of resources that the path names.
    fn kinds(&self) -> Result<&'static [&'static str], Refusal> {
        Ok(match self.call.param(1) {
            "server" => &["OS::Nova::Server", "OS::Ironic::BareMetalServer"],
            "disk" => &["OS::Cinder::Volume"],
            "turbo" => &["OS::Sfs::Turbo"],
            "workspace" => &["OS::Workspace::DesktopV2"],
            "vmware" => &["OS::VMware::Server"],
            "file" => &["OS::Native::Server"],
            _ => return Err(Refusal::Code("6116")),
        })
    }

    pub(crate) fn list_protectables(&self) -> Answered {
        let (kinds, query) = (self.kinds()?, &self.query);
        let limit = query.number("limit", LARGEST, 1, LARGEST)?;
        let offset = query.number("offset", 0, 0, usize::MAX)?;
        // For servers the vendor counts pages, and its first two are the same.
        let offset =
            if self.call.param(1) == "server" { offset.saturating_sub(1).saturating_mul(limit) } else { offset };
        let matches = |machine: &&Machine| {
            let resource = &machine.resource;
            kinds.contains(&resource.kind.as_str())
                && is(query, "id", &resource.id)
                && is(query, "name", &resource.name)
                && is(query, "server_id", machine.server.as_deref().unwrap_or_default())
                && query.get("status").is_none_or(|wanted| wanted.eq_ignore_ascii_case(self.protection(machine)))
        };
        let mut found: Vec<&Machine> = self.state.machines.iter().filter(matches).collect();
        after(&mut found, query, |machine| &machine.resource.id);
        let page = Page { limit, offset }.cut(found);
        let instances = Some(page.into_iter().map(|machine| self.protectable(machine)).collect());
        Ok(Answer::json(200, &t::ProtectablesListResp { instances }))
    }

    pub(crate) fn show_protectable(&self) -> Answered {
        let kinds = self.kinds()?;
        let machine = self.state.machines.get(self.call.param(2));
        let machine = machine.filter(|machine| kinds.contains(&machine.resource.kind.as_str()));
        let code = super::vaults::missing(kinds.first().copied().unwrap_or_default());
        let instance = Some(self.protectable(machine.ok_or(Refusal::Code(code))?));
        Ok(Answer::json(200, &t::ProtectableGetResp { instance }))
    }

    /// The state of protection of a machine, as the filter calls it.
    fn protection(&self, machine: &Machine) -> &'static str {
        let id = &machine.resource.id;
        let member = self.state.vault_with(id).and_then(|vault| vault.member(id));
        match member {
            _ if !machine.sound => "error",
            Some(member) => member.status,
            None => "available",
        }
    }

    fn protectable(&self, machine: &Machine) -> t::ProtectablesResp {
        let resource = &machine.resource;
        let of_server = |disk: &&Machine| disk.server.as_deref() == Some(resource.id.as_str());
        let children = self.state.machines.iter().filter(of_server).filter_map(|disk| members(&disk.resource));
        t::ProtectablesResp {
            id: resource.id.clone(),
            name: text(&resource.name),
            type_: Some(resource.kind.as_str().into()),
            size: Some(resource.size),
            status: Some(if machine.sound { "active" } else { "error" }.into()),
            children: Some(children.collect()),
            detail: members(resource).map(Value::Object),
            protectable: Some(self.verdict(machine)),
        }
    }

    /// Whether a machine can be backed up.
    fn verdict(&self, machine: &Machine) -> t::ProtectableResult {
        let kind = machine.resource.kind.as_str();
        let vault = self.state.vault_with(&machine.resource.id);
        let code = match (vault, kind) {
            _ if !machine.sound => Some(unsound(kind)),
            (None, _) => None,
            (Some(_), "OS::Nova::Server" | "OS::Ironic::BareMetalServer") => Some("7116"),
            (Some(_), "OS::Cinder::Volume") => Some("7006"),
            (Some(_), _) => Some("6103"),
        };
        let code = code.map(|code| format!("BackupService.{code}")).unwrap_or_default();
        let reason = error_code::find(&code).map_or("", |known| known.meaning);
        t::ProtectableResult {
            result: Some(code.is_empty()),
            reason: text(reason),
            message: None,
            vault: vault.and_then(|vault| self.vault_of_verdict(vault)),
            code: Some(code),
        }
    }

    fn vault_of_verdict(&self, vault: &Vault) -> Option<t::VaultGet> {
        let shown: t::VaultGet = recast(&self.view().one_vault(vault)).ok()?;
        Some(t::VaultGet { updated_at: shown.created_at.clone(), version: text("3"), ..shown })
    }

    /// Whether agents are installed: those that have registered for a host of the server's name.
    pub(crate) fn check_agents(&self) -> Answered {
        let sent: t::ProtectableAgentReq = self.body()?;
        let mut found = Vec::with_capacity(sent.agent_status.len());
        for asked in sent.agent_status {
            let machine = self.state.machines.get(&asked.resource_id).ok_or(Refusal::Code("7100"))?;
            let host = Some(machine.resource.name.as_str());
            let agent = self.state.agents.iter().find(|agent| agent.host_name.as_deref() == host);
            let used = agent.filter(|agent| agent.status.as_ref().is_some_and(|status| status.as_str() == "normal"));
            found.push(t::ProtectableAgentStatus {
                resource_id: Some(asked.resource_id),
                installed: Some(used.is_some()),
                is_old: Some(false),
                version: Some(used.and_then(|agent| agent.agent_version.clone()).unwrap_or_default()),
                code: Some(0),
                message: text(""),
            });
        }
        Ok(Answer::json(200, &t::ProtectableAgentStatusResp { agent_status: Some(found) }))
    }
}

/// A resource as its own service describes it.
fn members(resource: &super::things::Resource) -> Option<Map<String, Value>> {
    let told = json!({"id": resource.id, "name": resource.name, "size": resource.size, "status": "ACTIVE"});
    told.as_object().cloned()
}
