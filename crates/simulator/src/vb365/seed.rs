//! What a new VB365 server has: repositories as the settings want them, and around them one organization with its
//! proxies, jobs, users and last backup.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::jobs::Job;
use super::proxies;
use super::repositories::spare_storage;
use super::runs::Made;
use super::shape::{Object, members_of};
use super::state::State;
use super::sync::Repository;
use crate::clock::SimClock;
use crate::settings::{Settings, Words};

const WORDS: Words = Words {
    usual: &[("Archive to S3", true), ("Mail cache", false), ("Sites on Azure", true)],
    ready: "repository",
    other: "in-sync",
};
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The backup of last night.
const LAST_NIGHT: i64 = 11;

impl State {
    /// The server with the repositories that the settings want.
    pub(crate) fn new(name: &str, settings: &Settings, clock: Arc<SimClock>) -> Self {
        let mut state = Self::bare(name, clock);
        let proxy = state.sync_id();
        let names = settings.names(&WORDS, |number| format!("Repository {number:05}"));
        for (name, out_of_sync) in names {
            let (id, storage) = (state.sync_id(), state.sync_id());
            let repository = Repository {
                id: id.clone(),
                name,
                proxy: Some(proxy.clone()),
                object_storage: Some(storage),
                out_of_sync,
                ..Repository::default()
            };
            state.repositories.all.keep(id, repository);
        }
        state.add_proxies(&proxy);
        let storage = state.uuid();
        state.storages.keep(storage.clone(), spare_storage(&storage));
        let organization = state.add_organization();
        state.add_jobs(&organization);
        state.license = members_of(json!({
            "licenseID": state.uuid(), "email": "backup@example.org", "status": "Valid", "contactPerson": "Robin Example",
            "type": "Subscription", "package": "Suite", "licensedTo": "Example Org", "totalNumber": 100,
            "supportID": "01234567", "supportId": "01234567",
        }));
        let dates = state.license_until(Duration::ZERO);
        state.license.extend(dates);
        state
    }

    /// The dates of a license that was bought or renewed at this moment.
    pub(super) fn license_until(&self, now: Duration) -> Object {
        let (year, month) = (self.time(now + 365 * DAY), self.time(now + 395 * DAY));
        members_of(json!({
            "expirationDate": year, "supportExpirationDate": year, "licenseExpires": year, "gracePeriodExpires": month,
        }))
    }

    /// One that works for all repositories, one that does not answer, and one in a pool.
    fn add_proxies(&mut self, first: &str) {
        let (second, third, pool) = (self.uuid(), self.uuid(), self.uuid());
        let mut local = proxies::usual(first, "vb365.example.org", "Local");
        local.insert("role".to_owned(), json!(["Orchestrator", "Processor"]));
        let mut lost = proxies::usual(&second, "proxy-2.example.org", "Domain");
        lost.insert("status".to_owned(), "Offline".into());
        let mut pooled = proxies::usual(&third, "proxy-3.example.org", "Workgroup");
        pooled.extend(members_of(json!({"operatingSystem": "Linux", "proxyPoolId": pool})));
        for (id, proxy) in [(first, local), (&second, lost), (&third, pooled)] {
            self.proxies.keep(id, proxy);
        }
        let shown = json!({"id": pool, "name": "Pool 1", "description": "Proxies on Linux"});
        self.pools.keep(pool, members_of(shown));
    }

    fn add_organization(&mut self) -> String {
        let (id, msid) = (self.uuid(), self.uuid());
        let cloud = json!({"useApplicationOnlyAuth": true, "officeOrganizationName": "example.onmicrosoft.com",
            "applicationId": self.uuid(), "sharePointSaveAllWebParts": false});
        let backed_up = msid.replace('-', "");
        let organization = json!({
            "id": id, "type": "Office365", "region": "Worldwide", "name": "example.org", "description": null,
            "officeName": "example.onmicrosoft.com", "isTeamsOnline": true, "isTeamsChatsOnline": false,
            "isExchangeOnline": true, "isSharePointOnline": true, "exchangeOnlineSettings": cloud,
            "sharePointOnlineSettings": cloud, "msid": msid, "backedUpOrganizationId": backed_up,
        });
        let last = self.before(LAST_NIGHT);
        for (name, state) in [("Alex Archer", "Licensed"), ("Kim Keeper", "Licensed"), ("Robin Reader", "New")] {
            let user = self.uuid();
            let shown = json!({
                "id": user, "name": name, "isBackedUp": state == "Licensed", "lastBackupDate": last,
                "licenseState": state, "organizationId": id, "backedUpOrganizationId": backed_up,
                "organizationName": "example.org",
            });
            self.users.keep(user, members_of(shown));
        }
        self.organizations.keep(id.clone(), members_of(organization));
        id
    }

    /// A backup job with the backup of last night, and a job that copies it.
    fn add_jobs(&mut self, organization: &str) {
        let repositories = &self.repositories.all;
        let Some(first) = repositories.iter().next().map(|found| found.id.clone()) else { return };
        let last = repositories.iter().next_back().map_or_else(|| first.clone(), |found| found.id.clone());
        let (backup, copy, time) = (self.uuid(), self.uuid(), self.before(LAST_NIGHT));
        let job = |id: &str, name: &str, repository: &str, more: Value| {
            let mut members = members_of(json!({
                "name": name, "organizationId": organization, "repositoryId": repository, "isEnabled": true, "eTag": 1,
                "lastBackup": time,
            }));
            members.extend(members_of(more));
            Job { id: id.to_owned(), members, ..Job::default() }
        };
        let schedule = json!({"scheduleEnabled": false, "type": "ManualOnly", "retryEnabled": false, "retryNumber": 3,
            "retryWaitInterval": 10});
        let more = json!({"description": "All of example.org", "backupType": "EntireOrganization",
            "schedulePolicy": schedule});
        let source = job(&backup, "Mailboxes nightly", &first, more);
        let more = json!({"schedulePolicy": {"type": "Immediate", "backupCopyWindowEnabled": false}});
        let copied = Job { copy_of: Some(backup.clone()), ..job(&copy, "Mailboxes nightly copy", &last, more) };
        let things = self.things(&source);
        for (job, repository) in [(&backup, &first), (&copy, &last)] {
            let point = self.ids.hex();
            let made = Made {
                id: &point,
                job,
                repository,
                organization,
                time: &time,
                things: &things,
                copy: *job == copy,
                archive: false,
                tags: (1, 1),
            };
            self.points.keep(point.clone(), made.point());
        }
        self.jobs.keep(backup, source);
        self.jobs.keep(copy, copied);
    }
}
