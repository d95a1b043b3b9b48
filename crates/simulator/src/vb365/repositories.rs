//! Backup repositories.

use serde_json::{Value, json};

use super::desk::{Answered, Desk, Refusal, conflict, invalid, other};
use super::shape::{ALL, Object, V8, amend, is_true, members_of, string};
use super::sync::Repository;
use super::tables::{REPOSITORY, USAGE_OF_REPOSITORY};
use crate::builder::Vb365Version;
use crate::store::Page;

/// Space of a repository on disk.
const CAPACITY: i64 = 549_755_813_888;
const FREE: i64 = 412_316_860_416;
/// Space used in an object storage.
const STORED: i64 = 734_003_200_000;

/// What a repository has of which no request has said anything.
fn usual(repository: &Repository, version: Vb365Version) -> Object {
    let path = format!("C:\\Repositories\\{}", repository.name.replace(' ', ""));
    let on_disk = version != Vb365Version::V8 || repository.object_storage.is_none();
    let mut usual = members_of(json!({
        "description": if repository.object_storage.is_some() { "Kept in object storage" } else { "Kept on disk" },
        "path": path, "retentionType": "ItemLevel", "retentionPeriodType": "Yearly", "dailyRetentionPeriod": null,
        "monthlyRetentionPeriod": null, "yearlyRetentionPeriod": "Years7", "retentionFrequencyType": "Daily",
        "dailyTime": "08:00:00", "dailyType": "Everyday", "monthlyTime": "00:00:00", "monthlyDaynumber": null,
        "monthlyDayofweek": null, "capacityBytes": on_disk.then_some(CAPACITY), "freeSpaceBytes": on_disk.then_some(FREE),
        "objectStorageEncryptionEnabled": false, "encryptionKeyId": null,
        "isLongTerm": false, "isOutdated": false, "isIndexed": true, "isMigrationLocked": false, "isOutOfOrder": false,
        "outOfOrderReason": null, "organizationId": null,
    }));
    if repository.object_storage.is_some() {
        usual.insert("objectStorageCachePath".to_owned(), path.into());
    }
    usual
}

/// The object storage with this id, as long as nobody has said more about it.
fn storage(id: &str, name: &str) -> Object {
    members_of(json!({
        "id": id, "name": name, "description": "Bucket for backups", "type": "AmazonS3Compatible",
        "sizeLimitEnabled": false, "usedSpaceBytes": STORED, "enableImmutability": false, "s3Folder": "vb365",
        "amazonBucketS3Compatible": {"servicePoint": "https://s3.example.org", "customRegionId": "eu-central-1",
            "name": "vb365-backups"},
    }))
}

/// A storage that no repository uses.
pub(super) fn spare_storage(id: &str) -> Object {
    storage(id, "Spare bucket")
}

impl Desk<'_> {
    fn repository(&self) -> Result<&Repository, Refusal> {
        self.state.repositories.all.get(&self.id(0)).ok_or(Refusal::Unknown("backup repository"))
    }

    fn repository_view(&self, repository: &Repository) -> Object {
        let mut shown = usual(repository, self.version);
        amend(&mut shown, repository.own.clone());
        for (name, value) in [
            ("id", json!(repository.id)),
            ("name", json!(repository.name)),
            ("proxyId", json!(repository.proxy)),
            ("proxyPoolId", json!(repository.pool)),
            ("objectStorageId", json!(repository.object_storage)),
            ("isOutOfSync", self.state.repositories.out_of_sync(repository, self.now()).into()),
        ] {
            shown.insert(name.to_owned(), value);
        }
        if repository.object_storage.is_some() {
            shown.insert("objectStorage".to_owned(), Value::Object(storage_of(repository)));
        }
        let own = if self.version == Vb365Version::V5 { "backuprepositories" } else { "BackupRepositories" };
        let mut links = self.links([("self", format!("{own}/{}", repository.id))]);
        if let Some(proxy) = &repository.proxy {
            links["proxy"] = self.links([("proxy", format!("Proxies/{proxy}"))])["proxy"].take();
        }
        if let Some(pool) = &repository.pool {
            links["proxyPool"] = self.links([("pool", format!("ProxyPools/{pool}"))])["pool"].take();
        }
        shown.insert("_links".to_owned(), links);
        shown
    }

    pub(super) fn repositories(&self) -> Answered {
        let query = self.query();
        let proxy = query.text("proxyId");
        let (pool, organization) = match self.is(V8) {
            true => (query.uuid("proxyPoolId")?, query.uuid("organizationId")?),
            false => (None, None),
        };
        let archive = self.version != Vb365Version::V5 && query.truth("longTerm")? == Some(true);
        let of_organization = |repository: &Repository| string(&repository.own, "organizationId").to_owned();
        let wanted = |repository: &&Repository| {
            !other(proxy, repository.proxy.as_deref().unwrap_or_default())
                && !other(pool.as_deref(), repository.pool.as_deref().unwrap_or_default())
                && !other(organization.as_deref(), &of_organization(repository))
                && (!archive || is_true(&repository.own, "isLongTerm"))
        };
        let found = self.state.repositories.all.iter().filter(wanted);
        if !self.is(V8) {
            return self.list(0, REPOSITORY, found, |repository| self.repository_view(repository));
        }
        let page = self.page()?;
        let page = Page { limit: self.settings.cap(page.limit), ..page };
        Ok(self.paged(page, REPOSITORY, found, |repository| self.repository_view(repository)))
    }

    pub(super) fn one_repository(&self) -> Answered {
        self.one(REPOSITORY, self.repository_view(self.repository()?))
    }

    /// Checks what a repository refers to, and puts that down in it.
    fn settle_repository(&mut self, repository: &mut Repository, mut taken: Object) -> Result<(), Refusal> {
        let mut text = |name: &str| match taken.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        if let Some(name) = text("name") {
            repository.name = name;
        }
        match (text("proxyId"), text("proxyPoolId")) {
            (Some(_), Some(_)) => return Err(invalid("only one of proxyId and proxyPoolId can own the repository")),
            (Some(proxy), None) => (repository.proxy, repository.pool) = (Some(proxy), None),
            (None, Some(pool)) => (repository.proxy, repository.pool) = (None, Some(pool)),
            (None, None) => {}
        }
        if repository.owner().is_empty() {
            return Err(invalid("proxyId is missing"));
        }
        self.check_owner(repository.owner(), repository.pool.is_some())?;
        self.state.owner_works(repository)?;
        if let Some(organization) = taken.get("organizationId").and_then(Value::as_str) {
            self.state.organizations.get(organization).ok_or(Refusal::Unknown("organization"))?;
        }
        if let Some(Value::String(id)) = taken.remove("objectStorageId") {
            self.check_storage(&id, repository)?;
            repository.object_storage = Some(id);
        }
        if taken.get("objectStorage").is_some_and(Value::is_object) && repository.object_storage.is_none() {
            repository.object_storage = Some(self.state.uuid());
        }
        let attaches = is_true(&taken, "attachUsedRepository");
        // Of a bucket that is in use already, the cache knows nothing yet.
        repository.out_of_sync |= attaches && repository.object_storage.is_some();
        taken.retain(|name, _| {
            !matches!(name.as_str(), "attachUsedRepository" | "ignoreProxyPoolApplianceAccessValidation")
        });
        amend(&mut repository.own, taken);
        let name = &repository.name;
        let same = |found: &&Repository| found.id != repository.id && found.name.eq_ignore_ascii_case(name);
        match self.state.repositories.all.iter().find(same) {
            Some(_) => Err(conflict("another repository has this name")),
            None => Ok(()),
        }
    }

    /// A storage belongs to one repository.
    fn check_storage(&self, id: &str, repository: &Repository) -> Result<(), Refusal> {
        let mut all = self.state.repositories.all.iter();
        match all.find(|found| found.object_storage.as_deref() == Some(id)) {
            Some(found) if found.id == repository.id => Ok(()),
            Some(_) => Err(conflict("another repository uses the object storage")),
            None => self.state.storages.get(id).map(|_| ()).ok_or(Refusal::Unknown("object storage")),
        }
    }

    pub(super) fn create_repository(&mut self) -> Answered {
        let taken = self.body(REPOSITORY, true)?;
        let mut repository = Repository { id: self.state.uuid(), ..Repository::default() };
        self.settle_repository(&mut repository, taken)?;
        let shown = self.repository_view(&repository);
        self.state.repositories.all.keep(repository.id.clone(), repository);
        self.made(REPOSITORY, shown)
    }

    pub(super) fn change_repository(&mut self) -> Answered {
        let id = self.repository()?.id.clone();
        self.state.not_moving(&id, self.now())?;
        let taken = self.body(REPOSITORY, false)?;
        let found = self.repository()?;
        let mut changed = Repository {
            id: id.clone(),
            name: found.name.clone(),
            proxy: found.proxy.clone(),
            pool: found.pool.clone(),
            object_storage: found.object_storage.clone(),
            own: found.own.clone(),
            out_of_sync: found.out_of_sync,
            ..Repository::default()
        };
        self.settle_repository(&mut changed, taken)?;
        if let Some(kept) = self.state.repositories.all.get_mut(&id) {
            kept.become_like(changed);
        }
        self.done()
    }

    pub(super) fn delete_repository(&mut self) -> Answered {
        let (id, now) = (self.repository()?.id.clone(), self.now());
        if self.state.jobs.iter().any(|job| job.repository() == id) {
            return Err(conflict("jobs use the repository"));
        }
        self.state.not_moving(&id, now)?;
        if self.state.busy_until(&id, now).is_some() {
            return Err(conflict("something runs on the repository"));
        }
        self.drop_points(&id);
        let storage = self.state.repositories.all.remove(&id).and_then(|gone| gone.object_storage);
        if let Some(storage) = storage.filter(|storage| !self.state.storages.has(storage)) {
            self.state.storages.keep(storage.clone(), spare_storage(&storage));
        }
        self.gone()
    }

    /// The organizations with data in a repository.
    pub(super) fn backedup_organizations(&self) -> Answered {
        let repository = self.repository()?;
        let points = self.state.points.iter().filter(|point| string(point, "repositoryId") == repository.id);
        let mut rows: Vec<(&str, i64)> = Vec::new();
        for point in points {
            let (organization, bytes) = (string(point, "organizationId"), bytes_of(point));
            match rows.iter_mut().find(|(id, _)| *id == organization) {
                Some((_, sum)) => *sum += bytes,
                None => rows.push((organization, bytes)),
            }
        }
        self.list(ALL, USAGE_OF_REPOSITORY, rows, |(id, bytes)| {
            let name = self.state.organizations.get(id).map_or("", |found| string(found, "name"));
            let mut row = space(repository, bytes);
            row.insert("id".to_owned(), id.into());
            row.insert("name".to_owned(), name.into());
            row
        })
    }
}

/// The storage of a repository that has one.
pub(super) fn storage_of(repository: &Repository) -> Object {
    let id = repository.object_storage.as_deref().unwrap_or_default();
    match repository.own.get("objectStorage") {
        Some(Value::Object(said)) => {
            let mut storage = said.clone();
            storage.insert("id".to_owned(), id.into());
            storage.insert("usedSpaceBytes".to_owned(), 0.into());
            storage
        }
        _ => storage(id, &format!("Bucket of {}", repository.name)),
    }
}

pub(super) fn bytes_of(point: &Object) -> i64 {
    point.get("bytes").and_then(Value::as_i64).unwrap_or_default()
}

/// How so many bytes are spread over cache and object storage.
pub(super) fn space(repository: &Repository, bytes: i64) -> Object {
    let stored = if repository.object_storage.is_some() { bytes } else { 0 };
    members_of(json!({
        "usedSpaceBytes": bytes, "localCacheUsedSpaceBytes": stored / 100, "objectStorageUsedSpaceBytes": stored,
    }))
}

impl Repository {
    /// Takes the settings of another, and keeps its synchronization.
    fn become_like(&mut self, other: Self) {
        let Self { name, proxy, pool, object_storage, own, .. } = other;
        self.out_of_sync |= other.out_of_sync;
        (self.name, self.proxy, self.pool, self.object_storage, self.own) = (name, proxy, pool, object_storage, own);
    }
}
