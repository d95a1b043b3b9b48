//! Tags of vaults.

use std::collections::BTreeMap;

use huawei_cbr::v3::types as t;
use serde::Deserialize;

use super::desk::{Answered, Desk, Refusal, nothing, wrong};
use super::things::Vault;
use super::views::text;
use crate::message::Answer;
use crate::store::Page;

/// Tags of a vault at most.
const MOST: usize = 10;
/// Vaults in a page at most, and where no number is given.
const LARGEST: usize = 1000;

#[derive(Deserialize)]
struct Pair {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct Many {
    tags: Option<Vec<Pair>>,
    action: String,
}

/// What vaults are looked for by.
#[derive(Deserialize)]
struct Asked {
    without_any_tag: Option<bool>,
    tags: Option<Vec<Wanted>>,
    tags_any: Option<Vec<Wanted>>,
    not_tags: Option<Vec<Wanted>>,
    not_tags_any: Option<Vec<Wanted>>,
    sys_tags: Option<Vec<Wanted>>,
    limit: Option<String>,
    offset: Option<String>,
    action: String,
    matches: Option<Vec<Match>>,
    cloud_type: Option<String>,
    object_type: Option<String>,
}

#[derive(Deserialize)]
struct Wanted {
    key: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
struct Match {
    value: String,
}

impl Wanted {
    /// Whether a vault has the key, with one of the values if there are any.
    fn is_on(&self, vault: &Vault) -> bool {
        let value = |tag: &t::Tag| tag.value.clone().unwrap_or_default();
        let mut mine = vault.tags.iter().filter(|tag| tag.key.as_deref() == Some(&self.key));
        mine.any(|tag| self.values.is_empty() || self.values.contains(&value(tag)))
    }
}

impl Asked {
    fn means(&self, vault: &Vault) -> bool {
        let all = |wanted: &Option<Vec<Wanted>>| wanted.iter().flatten().all(|tag| tag.is_on(vault));
        let any = |wanted: &[Wanted]| wanted.iter().any(|tag| tag.is_on(vault));
        let given = |wanted: &Option<Vec<Wanted>>| wanted.as_ref().is_some_and(|tags| !tags.is_empty());
        let some = |wanted: &Option<Vec<Wanted>>| wanted.as_deref().is_some_and(any);
        let tagged = if self.without_any_tag == Some(true) {
            vault.tags.is_empty()
        } else {
            all(&self.tags) && (!given(&self.tags_any) || some(&self.tags_any))
        };
        let excluded = (given(&self.not_tags) && all(&self.not_tags)) || some(&self.not_tags_any);
        // No vault has tags of the service itself.
        let known = !given(&self.sys_tags);
        tagged
            && known
            && !excluded
            && self.cloud_type.as_deref().is_none_or(|cloud| cloud == vault.cloud_type())
            && self.object_type.as_deref().is_none_or(|object| object == vault.object)
            && self.matches.iter().flatten().all(|one| vault.name.contains(&one.value))
    }

    fn page(&self) -> Result<Page, Refusal> {
        let number = |name: &str, text: &Option<String>, usual: usize| match text.as_deref().map(str::parse) {
            None => Ok(usual),
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => wrong(format!("{name} has to be a number")),
        };
        let limit = number("limit", &self.limit, LARGEST)?;
        if !(1..=LARGEST).contains(&limit) {
            return wrong("limit has to be 1 to 1000");
        }
        Ok(Page { limit, offset: number("offset", &self.offset, 0)? })
    }
}

impl Desk<'_> {
    /// Sets tags of the vault that the path names: what has the key already gets the new value.
    fn set_tags(&mut self, pairs: Vec<Pair>) -> Answered {
        let vault = self.vault()?;
        let id = vault.id.clone();
        let mut tags = vault.tags.clone();
        for Pair { key, value } in pairs {
            let key = key.trim().to_owned();
            tags.retain(|tag| tag.key.as_deref() != Some(&key));
            tags.push(t::Tag { key: Some(key), value: Some(value.unwrap_or_default().trim().to_owned()) });
        }
        if tags.len() > MOST {
            return Err(Refusal::Code("6600"));
        }
        if let Some(vault) = self.state.vaults.get_mut(&id) {
            vault.tags = tags;
        }
        nothing(204)
    }

    fn unset_tags(&mut self, keys: &[&str]) -> Answered {
        let vault = self.vault()?;
        let id = vault.id.clone();
        let has = |key: &&str| vault.tags.iter().any(|tag| tag.key.as_deref() == Some(key));
        if !keys.iter().all(has) {
            return Err(Refusal::Code("6601"));
        }
        if let Some(vault) = self.state.vaults.get_mut(&id) {
            vault.tags.retain(|tag| tag.key.as_deref().is_none_or(|key| !keys.contains(&key)));
        }
        nothing(204)
    }

    pub(crate) fn create_tag(&mut self) -> Answered {
        #[derive(Deserialize)]
        struct Of {
            tag: Pair,
        }
        self.vault()?;
        let sent: Of = self.part::<t::VaultTagsCreateReq, _>()?;
        self.set_tags(vec![sent.tag])
    }

    pub(crate) fn change_tags(&mut self) -> Answered {
        self.vault()?;
        let sent: Many = self.part::<t::BulkCreateAndDeleteVaultTagsReq, _>()?;
        let tags = sent.tags.unwrap_or_default();
        let mut keys: Vec<&str> = tags.iter().map(|pair| pair.key.trim()).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return wrong("a key is there twice");
        }
        if sent.action == "create" {
            return self.set_tags(tags);
        }
        self.unset_tags(&keys)
    }

    pub(crate) fn delete_tag(&mut self) -> Answered {
        let key = self.call.param(2);
        self.unset_tags(&[key])
    }

    pub(crate) fn show_tags(&self) -> Answered {
        let tags = Some(self.vault()?.tags.clone());
        Ok(Answer::json(200, &t::VaultTagGetResp { sys_tags: Some(Vec::new()), tags }))
    }

    /// The tags of all vaults of the project.
    pub(crate) fn project_tags(&self) -> Answered {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for tag in self.state.vaults.iter().flat_map(|vault| &vault.tags) {
            let values = all.entry(tag.key.clone().unwrap_or_default()).or_default();
            let value = tag.value.clone().unwrap_or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let told = |(key, values): (String, Vec<String>)| t::TagsResp { key: Some(key), values: Some(values.into()) };
        Ok(Answer::json(200, &t::VaultProjectTagGetResp { tags: Some(all.into_iter().map(told).collect()) }))
    }

    /// Looks for vaults by their tags, or counts them.
    pub(crate) fn find_by_tags(&self) -> Answered {
        let asked: Asked = self.part::<t::VaultResourceInstancesReq, _>()?;
        let page = asked.page()?;
        let found: Vec<&Vault> = self.state.vaults.iter().filter(|vault| asked.means(vault)).collect();
        let total_count = super::desk::count(found.len());
        if asked.action == "count" {
            return Ok(Answer::json(200, &t::VaultResourceIntancesResp { resources: None, total_count }));
        }
        let view = self.view();
        let tallies = self.state.tallies(|_| true);
        let told = |vault: &Vault| t::TagResource {
            resource_id: text(&vault.id),
            resource_name: text(&vault.name),
            resource_detail: Some(t::InstancesResourceDetail { vault: Some(view.vault(vault, &tallies)) }),
            tags: Some(vault.tags.clone()),
            sys_tags: Some(Vec::new()),
        };
        let resources = Some(page.cut(found).into_iter().map(told).collect());
        Ok(Answer::json(200, &t::VaultResourceIntancesResp { resources, total_count }))
    }
}
