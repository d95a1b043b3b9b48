//! Vaults: listed, read, made, changed, deleted.

use huawei_cbr::v3::types as t;

use super::desk::{Answered, Desk, listed, wrong};
use super::lists;
use super::things::Vault;
use crate::message::Answer;

impl Desk<'_> {
    fn page_of_vaults(&self, found: &[&Vault]) -> Answered {
        let (page, view) = (self.page_of_targets()?, self.view());
        let tallies = self.state.tallies(|_| true);
        let list = listed!(VaultListResp, vaults, found, page, |vault| view.vault(vault, &tallies));
        Ok(Answer::json(200, &list))
    }

    pub(crate) fn list_vaults(&self) -> Answered {
        self.page_of_vaults(&lists::vaults(self.state, &self.query))
    }

    /// The simulator has one region, so another project than the own one has no vaults.
    pub(crate) fn list_external_vaults(&self) -> Answered {
        let Some(external) = self.query.get("external_project_id") else {
            return wrong("external_project_id is missing");
        };
        if self.query.get("region_id").is_none() {
            return wrong("region_id is missing");
        }
        let own = external == self.iam.project_id;
        self.page_of_vaults(&if own { lists::vaults(self.state, &self.query) } else { Vec::new() })
    }

    pub(crate) fn show_vault(&self) -> Answered {
        let vault = Some(self.view().one_vault(self.vault()?));
        Ok(Answer::json(200, &t::VaultGetResp { vault }))
    }
}
