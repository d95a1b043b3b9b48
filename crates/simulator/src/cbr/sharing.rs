//! Sharing backups with other projects.

use std::cmp::Ordering;

use huawei_cbr::v3::types as t;
use serde::Deserialize;

use super::desk::{Answered, Desk, Refusal, nothing, wrong};
use super::lists::{after, is, sort};
use super::things::{AVAILABLE, Backup};
use super::views::text;
use crate::message::Answer;

/// Only backups of cloud servers are shared.
const SERVER: &str = "OS::Nova::Server";

/// A backup and a project that it is shared with.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) backup: String,
    pub(crate) shown: t::Member,
}

impl Share {
    pub(crate) fn status(&self) -> &str {
        self.shown.status.as_ref().map_or("", |status| status.as_str())
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.status() == "accepted"
    }

    /// Whether an id is that of the project or of the share; the vendor's name does not tell them apart.
    fn is_meant_by(&self, id: &str) -> bool {
        [&self.shown.dest_project_id, &self.shown.id].into_iter().any(|own| own.as_deref() == Some(id))
    }

    fn id(&self) -> &str {
        self.shown.id.as_deref().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Invited {
    members: Option<Vec<String>>,
    domains: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Decision {
    status: String,
    vault_id: Option<String>,
}

/// Whether a text has the form of a project's id.
fn is_project(id: &str) -> bool {
    (32..=64).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Desk<'_> {
    fn may_share(&self, backup: &Backup) -> Result<(), Refusal> {
        let vault = self.state.vaults.get(&backup.vault);
        let code = match backup.status {
            _ if backup.resource.kind != SERVER => "6700",
            AVAILABLE if vault.is_none_or(|vault| vault.status != AVAILABLE) => "6712",
            AVAILABLE => return Ok(()),
            _ => "6702",
        };
        Err(Refusal::Code(code))
    }

    /// The projects that are meant: by their ids, or as the project of an account.
    fn invited(&self, invited: Invited) -> Result<Vec<String>, Refusal> {
        let mut projects = invited.members.unwrap_or_default();
        for domain in invited.domains.unwrap_or_default() {
            let account = self.state.accounts.iter().find(|account| account.name == domain || account.id == domain);
            projects.push(account.ok_or(Refusal::Code("6704"))?.project.clone());
        }
        if projects.is_empty() {
            return wrong("members or domains has to name somebody");
        }
        let usable = |project: &String| is_project(project) && *project != self.iam.project_id;
        if projects.iter().all(usable) { Ok(projects) } else { Err(Refusal::Code("6704")) }
    }

    pub(crate) fn add_members(&mut self) -> Answered {
        let invited: Invited = self.part::<t::AddMembersReq, _>()?;
        let backup = self.one_backup()?;
        self.may_share(backup)?;
        let (backup, projects) = (backup.id.clone(), self.invited(invited)?);
        let earlier = |project: &String| {
            let mut shares = self.state.shares.iter();
            shares.find(|share| share.backup == backup && share.is_meant_by(project)).map(Share::status)
        };
        match projects.iter().find_map(earlier) {
            None => {}
            Some("rejected") => return Err(Refusal::Code("6714")),
            Some(_) => return Err(Refusal::Code("6703")),
        }
        let now = self.view().time(self.call.now);
        let mut members = Vec::with_capacity(projects.len());
        for project in projects {
            let id = self.state.uuid();
            let shown = t::Member {
                id: text(&id),
                backup_id: text(&backup),
                dest_project_id: Some(project),
                status: Some("pending".into()),
                image_id: text(""),
                vault_id: text(""),
                created_at: text(&now),
                updated_at: text(&now),
            };
            members.push(shown.clone());
            self.state.shares.keep(id, Share { backup: backup.clone(), shown });
        }
        let count = super::desk::count(members.len());
        Ok(Answer::json(200, &t::AddMembersResp { members: Some(members), count }))
    }

    pub(crate) fn list_members(&self) -> Answered {
        let (backup, page, query) = (self.one_backup()?, self.page()?, &self.query);
        let own = |text: &Option<String>| text.clone().unwrap_or_default();
        let matches = |share: &&Share| {
            let shown = &share.shown;
            share.backup == backup.id
                && is(query, "dest_project_id", &own(&shown.dest_project_id))
                && is(query, "image_id", &own(&shown.image_id))
                && is(query, "vault_id", &own(&shown.vault_id))
                && is(query, "status", share.status())
        };
        let mut found: Vec<&Share> = self.state.shares.iter().filter(matches).collect();
        sort(&mut found, query, |key| {
            let compare: fn(&Share, &Share) -> Ordering = match key {
                "created_at" => |left, right| left.shown.created_at.cmp(&right.shown.created_at),
                "updated_at" => |left, right| left.shown.updated_at.cmp(&right.shown.updated_at),
                "status" => |left, right| left.status().cmp(right.status()),
                "id" => |left, right| left.id().cmp(right.id()),
                "name" | "protected_at" => |_, _| Ordering::Equal,
                _ => return None,
            };
            Some(compare)
        })?;
        after(&mut found, query, Share::id);
        let count = super::desk::count(found.len());
        let members = page.cut(found).into_iter().map(|share| share.shown.clone()).collect();
        Ok(Answer::json(200, &t::MembersList { count, members: Some(members) }))
    }

    /// The share that the path names.
    fn share(&self) -> Result<&Share, Refusal> {
        let backup = self.one_backup()?;
        let mut shares = self.state.shares.iter().filter(|share| share.backup == backup.id);
        shares.find(|share| share.is_meant_by(self.call.param(2))).ok_or(Refusal::Code("6705"))
    }

    pub(crate) fn show_member(&self) -> Answered {
        let member = Some(self.share()?.shown.clone());
        Ok(Answer::json(200, &t::MemberResp { member }))
    }

    /// The other project takes a share, or does not.
    pub(crate) fn update_member(&mut self) -> Answered {
        let id = self.share()?.id().to_owned();
        let decision: Decision = self.part::<t::UpdateMember, _>()?;
        let vault = match decision.status.as_str() {
            "accepted" => Some(self.taking(decision.vault_id)?),
            "pending" | "rejected" => None,
            _ => return Err(Refusal::Code("6706")),
        };
        let now = self.view().time(self.call.now);
        let share = self.state.shares.get_mut(&id).ok_or(Refusal::Code("6705"))?;
        share.shown.status = Some(decision.status.as_str().into());
        share.shown.vault_id = Some(vault.unwrap_or_default());
        share.shown.updated_at = Some(now);
        self.show_member()
    }

    /// The vault that takes a share in.
    fn taking(&self, vault: Option<String>) -> Result<String, Refusal> {
        let Some(id) = vault else { return wrong("vault_id is needed to accept") };
        let vault = self.state.vaults.get(&id).ok_or(Refusal::Code("6105"))?;
        if vault.hybrid || !vault.takes(SERVER) || vault.protect != "backup" {
            return Err(Refusal::Code("6713"));
        }
        if vault.status == AVAILABLE { Ok(id) } else { Err(Refusal::Code("6712")) }
    }

    pub(crate) fn delete_member(&mut self) -> Answered {
        let share = self.share()?;
        if share.shown.image_id.as_deref().is_some_and(|image| !image.is_empty()) {
            return Err(Refusal::Code("6710"));
        }
        let id = share.id().to_owned();
        self.state.shares.remove(&id);
        nothing(204)
    }
}
