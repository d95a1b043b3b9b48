//! Agents of file backups, and the directories that they back up.

use huawei_cbr::v3::types as t;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::desk::{Answered, Desk, Refusal, listed, nothing};
use super::lists::{is, one_of};
use super::views::text;
use crate::message::Answer;
use crate::store::{amend, recast};

/// `{"agent": …}`.
#[derive(Deserialize)]
struct Of {
    agent: Map<String, Value>,
}

#[derive(Deserialize)]
struct Added {
    add_path: Vec<String>,
    exclude_path: Option<Vec<Excluded>>,
}

#[derive(Deserialize)]
struct Excluded {
    path_name: Option<String>,
    exclude_path_name: Option<Vec<String>>,
}

fn status(agent: &t::Agent) -> &str {
    agent.status.as_ref().map_or("", |status| status.as_str())
}

fn is_used(path: &t::Path) -> bool {
    path.status.as_ref().is_some_and(|status| status.as_str() == "available")
}

impl Desk<'_> {
    /// The agent that the path names. CBR has no code of its own for one that is not there.
    fn agent(&self) -> Result<&t::Agent, Refusal> {
        self.state.agents.get(self.call.param(1)).ok_or(Refusal::Code("6302"))
    }

    fn agent_mut(&mut self) -> Result<&mut t::Agent, Refusal> {
        self.state.agents.get_mut(self.call.param(1)).ok_or(Refusal::Code("6302"))
    }

    pub(crate) fn list_agents(&self) -> Answered {
        let page = self.page()?;
        let matches = |agent: &&t::Agent| {
            is(&self.query, "status", status(agent)) && one_of(&self.query, "agent_id", &agent.agent_id)
        };
        let found: Vec<&t::Agent> = self.state.agents.iter().filter(matches).collect();
        Ok(Answer::json(200, &listed!(AgentListResp, agents, found, page, |agent| agent.clone())))
    }

    pub(crate) fn show_agent(&self) -> Answered {
        Ok(Answer::json(200, &t::AgentGetResp { agent: Some(self.agent()?.clone()) }))
    }

    /// Registers an agent; one that does so again is the same.
    pub(crate) fn register_agent(&mut self) -> Answered {
        let sent: Of = self.part::<t::AgentRegisterReq, _>()?;
        let fresh: t::Agent = recast(&sent.agent)?;
        let (id, now) = (fresh.agent_id.clone(), self.view().time(self.call.now));
        let mut agent = match self.state.agents.get(&id) {
            Some(known) => t::Agent { updated_at: text(&now), ..known.clone() },
            None => {
                t::Agent { agent_type: Some("native".into()), created_at: text(&now), paths: Some(Vec::new()), ..fresh }
            }
        };
        amend(&mut agent, &sent.agent)?;
        agent.status = Some("normal".into());
        agent.last_active_time = Some(now);
        self.state.agents.keep(id, agent.clone());
        Ok(Answer::json(200, &t::AgentGetResp { agent: Some(agent) }))
    }

    pub(crate) fn update_agent(&mut self) -> Answered {
        self.agent()?;
        let sent: Of = self.part::<t::AgentUpdateReq, _>()?;
        let now = self.view().time(self.call.now);
        let agent = self.agent_mut()?;
        amend(agent, &sent.agent)?;
        agent.updated_at = Some(now);
        self.show_agent()
    }

    pub(crate) fn unregister_agent(&mut self) -> Answered {
        self.state.agents.remove(self.call.param(1)).ok_or(Refusal::Code("6302"))?;
        // Other deletions answer 204.
        nothing(200)
    }

    pub(crate) fn add_paths(&mut self) -> Answered {
        let id = self.agent()?.agent_id.clone();
        let sent: Added = self.part::<t::AgentAddPathReq, _>()?;
        let excluded = sent.exclude_path.unwrap_or_default();
        let left_out = |directory: &str| {
            let mut mine = excluded.iter().filter(|one| one.path_name.as_deref() == Some(directory));
            mine.next().and_then(|one| one.exclude_path_name.as_ref()).map(|names| names.join(",")).unwrap_or_default()
        };
        let (mut added, mut existed) = (Vec::new(), Vec::new());
        for directory in sent.add_path {
            let path = t::Path {
                id: Some(self.state.uuid()),
                agent_id: text(&id),
                status: Some("available".into()),
                exclude_paths: Some(left_out(&directory)),
                dir_path: text(&directory),
            };
            let paths = self.agent_mut()?.paths.get_or_insert_default();
            match paths.iter_mut().find(|path| path.dir_path.as_deref() == Some(&directory)) {
                Some(known) if is_used(known) => {
                    existed.push(directory);
                    continue;
                }
                Some(removed) => *removed = path,
                None => paths.push(path),
            }
            added.push(directory);
        }
        Ok(Answer::json(200, &t::AgentAddPathResp { added: Some(added), existed: Some(existed) }))
    }

    pub(crate) fn remove_paths(&mut self) -> Answered {
        self.agent()?;
        let sent: t::AgentRemovePathReq = self.body()?;
        let (mut removed, mut not_existed) = (Vec::new(), Vec::new());
        for directory in sent.remove_path {
            let paths = self.agent_mut()?.paths.get_or_insert_default();
            let named = |path: &&mut t::Path| is_used(path) && path.dir_path.as_deref() == Some(&directory);
            match paths.iter_mut().find(named) {
                Some(path) => {
                    path.status = Some("remove".into());
                    removed.push(directory);
                }
                None => not_existed.push(directory),
            }
        }
        Ok(Answer::json(200, &t::AgentRemovePathResp { removed: Some(removed), not_existed: Some(not_existed) }))
    }
}
