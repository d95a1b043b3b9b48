//! Object storage as a resource of its own, before v8.

use serde_json::json;

use super::desk::{Answered, Desk, Refusal, conflict, invalid};
use super::repositories::storage_of;
use super::shape::{Object, amend, members_of, string};
use super::sync::Repository;
use super::tables::STORAGE;

impl Desk<'_> {
    /// The repository that uses a storage.
    fn user_of(&self, storage: &str) -> Option<&Repository> {
        self.state.repositories.all.iter().find(|found| found.object_storage.as_deref() == Some(storage))
    }

    /// A storage of which something was said, or which a repository brought along.
    fn storage(&self) -> Result<Object, Refusal> {
        let id = self.id(0);
        let said = self.state.storages.get(&id).cloned();
        said.or_else(|| self.user_of(&id).map(storage_of)).ok_or(Refusal::Unknown("object storage"))
    }

    fn storage_view(&self, mut storage: Object) -> Object {
        let own = format!("objectstoragerepositories/{}", string(&storage, "id"));
        storage.insert("_links".to_owned(), self.links([("self", own)]));
        storage
    }

    pub(super) fn storages(&self) -> Answered {
        let said = |storage: &str| self.state.storages.has(storage);
        let unsaid = |found: &&Repository| found.object_storage.as_deref().is_some_and(|id| !said(id));
        let brought = self.state.repositories.all.iter().filter(unsaid).map(storage_of);
        let all = brought.chain(self.state.storages.iter().cloned());
        self.list(0, STORAGE, all, |storage| self.storage_view(storage))
    }

    pub(super) fn one_storage(&self) -> Answered {
        self.one(STORAGE, self.storage_view(self.storage()?))
    }

    /// Checks that the bucket or container fits the type, and that no other storage has the name.
    fn check_storage_members(&self, storage: &Object) -> Result<(), Refusal> {
        let kind = string(storage, "type");
        let place = match kind {
            "AmazonS3" | "AmazonS3Glacier" => "amazonBucketS3Aws",
            "AzureBlob" | "AzureBlobArchive" => "azureContainer",
            "" => return Err(invalid("type is missing")),
            _ => "amazonBucketS3Compatible",
        };
        if !storage.contains_key(place) {
            return Err(invalid(format!("{place} is missing, which a storage of type {kind} needs")));
        }
        let (id, name) = (string(storage, "id"), string(storage, "name"));
        if name.is_empty() {
            return Err(invalid("name is missing"));
        }
        let same = |found: &Object| string(found, "id") != id && string(found, "name").eq_ignore_ascii_case(name);
        if self.state.storages.iter().any(same) {
            return Err(conflict("another object storage has this name"));
        }
        Ok(())
    }

    pub(super) fn create_storage(&mut self) -> Answered {
        let taken = self.body(STORAGE, true)?;
        let id = self.state.uuid();
        let mut storage = members_of(json!({"id": id, "usedSpaceBytes": 0, "sizeLimitEnabled": false}));
        amend(&mut storage, taken);
        self.check_storage_members(&storage)?;
        let shown = self.storage_view(storage.clone());
        self.state.storages.keep(id, storage);
        self.made(STORAGE, shown)
    }

    pub(super) fn change_storage(&mut self) -> Answered {
        let mut storage = self.storage()?;
        let taken = self.body(STORAGE, false)?;
        amend(&mut storage, taken);
        self.check_storage_members(&storage)?;
        self.state.storages.keep(self.id(0), storage);
        self.done()
    }

    pub(super) fn delete_storage(&mut self) -> Answered {
        self.storage()?;
        if self.user_of(&self.id(0)).is_some() {
            return Err(conflict("a repository uses the object storage"));
        }
        self.state.storages.remove(&self.id(0));
        self.gone()
    }
}
