//! Organizations, the space that they use and the licenses that their users take.

use serde_json::{Value, json};

use super::desk::{Answered, Desk, Refusal, conflict, invalid, other};
use super::repositories::{bytes_of, space};
use super::shape::{ALL, FROM_V6, Object, V6, V8, amend, members_of, string};
use super::sync::Repository;
use super::tables::{LICENSED_USER, ORGANIZATION, OWN_ORGANIZATION, USAGE_OF_ORGANIZATION};
use crate::builder::Vb365Version;
use crate::message::Answer;

impl Desk<'_> {
    /// Id of the organization of the path.
    pub(super) fn organization(&self) -> Result<String, Refusal> {
        let id = self.id(0);
        self.state.organizations.get(&id).ok_or(Refusal::Unknown("organization"))?;
        Ok(id)
    }

    fn organization_view(&self, organization: &Object, extended: bool) -> Object {
        let id = string(organization, "id");
        let mut shown = organization.clone();
        if extended {
            let points = self.state.points.iter().filter(|point| string(point, "organizationId") == id);
            let mut times: Vec<&str> = points.map(|point| string(point, "backupTime")).collect();
            times.sort_unstable();
            shown.extend(members_of(json!({
                "isBackedup": !times.is_empty(), "firstBackuptime": times.first(), "lastBackuptime": times.last(),
            })));
        }
        let links = match self.version {
            Vb365Version::V5 => self.links([("self", "Organization".to_owned())]),
            _ => self.links([
                ("self", format!("Organizations/{id}")),
                (
                    "jobs",
                    if self.is(V8) { format!("Jobs?organizationId={id}") } else { format!("Organizations/{id}/Jobs") },
                ),
                ("usedRepositories", format!("Organizations/{id}/usedRepositories")),
            ]),
        };
        shown.insert("_links".to_owned(), links);
        shown
    }

    /// Whether what costs time is to be shown as well.
    fn extended_view(&self) -> Result<bool, Refusal> {
        Ok(self.query().truth("extendedView")?.unwrap_or(self.is(V6)))
    }

    pub(super) fn organizations(&self) -> Answered {
        let (query, extended) = (self.query(), self.extended_view()?);
        let (msid, backed_up) = match self.is(V8) {
            true => (query.uuid("msid")?, query.text("backedUpOrganizationId")),
            false => (None, None),
        };
        let wanted = |organization: &&Object| {
            !other(msid.as_deref(), string(organization, "msid"))
                && !other(backed_up, string(organization, "backedUpOrganizationId"))
        };
        let found = self.state.organizations.iter().filter(wanted);
        self.list(V8, ORGANIZATION, found, |organization| self.organization_view(organization, extended))
    }

    pub(super) fn one_organization(&self) -> Answered {
        let organization = self.state.organizations.get(&self.id(0)).ok_or(Refusal::Unknown("organization"))?;
        self.one(ORGANIZATION, self.organization_view(organization, self.extended_view()?))
    }

    /// The organization of whoever is logged in (v5).
    pub(super) fn own_organization(&self) -> Answered {
        let organization = self.state.organizations.iter().next().ok_or(Refusal::Unknown("organization"))?;
        self.one(OWN_ORGANIZATION, self.organization_view(organization, true))
    }

    /// What an organization needs, by its type.
    fn check_organization(&self, id: &str, organization: &Object) -> Result<(), Refusal> {
        let has = |name: &str| organization.get(name).is_some_and(Value::is_object);
        let cloud = has("exchangeOnlineSettings") || has("sharePointOnlineSettings");
        let local = has("exchangeSettings") || has("sharepointSettings");
        let kind = string(organization, "type");
        if (kind != "OnPremises" && !cloud) || (kind != "Office365" && !local) {
            return Err(invalid(format!("the connection settings for an organization of type {kind} are missing")));
        }
        let name = string(organization, "name");
        if name.is_empty() {
            return Err(invalid("name is missing"));
        }
        let same = |found: &&Object| string(found, "id") != id && string(found, "name").eq_ignore_ascii_case(name);
        match self.state.organizations.iter().find(same) {
            Some(_) => Err(conflict("this organization has been added already")),
            None => Ok(()),
        }
    }

    pub(super) fn create_organization(&mut self) -> Answered {
        let taken = self.body(ORGANIZATION, true)?;
        let mut organization = Object::new();
        amend(&mut organization, without_wishes(taken));
        if string(&organization, "name").is_empty() {
            let settings = ["exchangeOnlineSettings", "sharePointOnlineSettings"].map(|name| organization.get(name));
            let named = settings.into_iter().flatten().find_map(|settings| settings["officeOrganizationName"].as_str());
            let named = named.unwrap_or_default().to_owned();
            organization.insert("name".to_owned(), named.into());
        }
        self.check_organization("", &organization)?;
        let (id, msid) = (self.state.uuid(), self.state.uuid());
        let cloud = string(&organization, "type") != "OnPremises";
        organization.insert("id".to_owned(), id.clone().into());
        organization.insert("backedUpOrganizationId".to_owned(), msid.replace('-', "").into());
        if cloud {
            organization.entry("officeName").or_insert_with(|| organization_name(&id));
            organization.entry("region").or_insert_with(|| "Worldwide".into());
            organization.insert("msid".to_owned(), msid.into());
        }
        let shown = self.organization_view(&organization, true);
        self.state.organizations.keep(id, organization);
        self.made(ORGANIZATION, shown)
    }

    pub(super) fn change_organization(&mut self) -> Answered {
        let id = self.organization()?;
        let mut taken = without_wishes(self.body(ORGANIZATION, false)?);
        taken.retain(|name, value| !(value.is_null() && matches!(name.as_str(), "name" | "type")));
        let mut organization = self.state.organizations.get(&id).cloned().unwrap_or_default();
        amend(&mut organization, taken);
        self.check_organization(&id, &organization)?;
        self.state.organizations.keep(id, organization);
        Ok(Answer::empty(204))
    }

    pub(super) fn delete_organization(&mut self) -> Answered {
        let id = self.organization()?;
        if self.state.jobs.iter().any(|job| job.organization() == id) {
            return Err(conflict("jobs back the organization up"));
        }
        self.state.organizations.remove(&id);
        self.state.users.retain(|user| string(user, "organizationId") != id);
        self.state.refreshes.retain(|refresh| refresh.organization != id);
        self.gone()
    }

    /// The repositories with data of an organization.
    pub(super) fn used_repositories(&self) -> Answered {
        let id = self.organization()?;
        let mine = self.state.points.iter().filter(|point| string(point, "organizationId") == id);
        let mine: Vec<&Object> = mine.collect();
        let used = |repository: &Repository| -> Vec<&Object> {
            mine.iter().filter(|point| string(point, "repositoryId") == repository.id).copied().collect()
        };
        let repositories = self.state.repositories.all.iter().filter(|found| !used(found).is_empty());
        self.list(FROM_V6, USAGE_OF_ORGANIZATION, repositories, |repository| {
            let mut row = space(repository, used(repository).into_iter().map(bytes_of).sum());
            let objects = |point: &Object| point.get("objects").and_then(Value::as_array).map_or(0, Vec::len);
            let own = if self.version == Vb365Version::V5 { "backuprepositories" } else { "BackupRepositories" };
            let links = self.links([("backupRepository", format!("{own}/{}", repository.id))]);
            row.extend(members_of(json!({
                "repositoryId": repository.id, "isAvailable": self.state.owner_works(repository).is_ok(), "details": "",
                "protectedObjectsCount": used(repository).into_iter().map(objects).max(), "_links": links,
            })));
            row
        })
    }

    /// Users with a license, and how many of them are new.
    pub(super) fn licensing(&self) -> Answered {
        let id = self.organization()?;
        let users = || self.state.users.iter().filter(|user| string(user, "organizationId") == id);
        let new = users().filter(|user| string(user, "licenseState") == "New").count();
        Ok(Answer::json(200, &json!({"licensedUsers": users().count(), "newUsers": new})))
    }

    pub(super) fn users(&self) -> Answered {
        let query = self.query();
        let organization = query.text("organizationId");
        let backed_up = if self.is(V8) { query.text("backedUpOrganizationId") } else { None };
        let name = query.text("name").map(str::to_lowercase);
        let wanted = |user: &&Object| {
            !other(organization, string(user, "organizationId"))
                && !other(backed_up, string(user, "backedUpOrganizationId"))
                && name.as_ref().is_none_or(|name| string(user, "name").to_lowercase().contains(name))
        };
        self.list(ALL, LICENSED_USER, self.state.users.iter().filter(wanted), |user| {
            let mut shown = user.clone();
            let organization = format!("Organizations/{}", string(user, "organizationId"));
            shown.insert("_links".to_owned(), self.links([("organization", organization)]));
            shown
        })
    }

    pub(super) fn delete_user(&mut self) -> Answered {
        self.state.users.remove(&self.id(0)).ok_or(Refusal::Unknown("licensed user"))?;
        self.gone()
    }
}

/// What is kept of a request: the rest says only how the application is to be made.
fn without_wishes(mut taken: Object) -> Object {
    taken.retain(|name, _| !matches!(name.as_str(), "configureApplication" | "userCode" | "newApplicationName"));
    taken
}

/// The name that Microsoft gives an organization.
fn organization_name(id: &str) -> Value {
    format!("tenant{}.onmicrosoft.com", id.get(..8).unwrap_or(id)).into()
}
