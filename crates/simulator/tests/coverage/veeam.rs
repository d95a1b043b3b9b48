//! Every operation of VB365, with the ids and the body that it needs.

use std::collections::HashMap;
use std::time::Duration;

use backup_sync_simulator::{Settings, Simulator, Vb365Version};
use serde_json::{Value, json};
use veeam_vb365::{v5, v7, v8};

use crate::common::{Anything, http, only, start};
use crate::{Row, Site, id, prepared};

/// What v6 does not have of the document that it shares with v7.
const NOT_IN_V6: &[&str] = &[
    "Auth_Logout",
    "Auth_AuthCode",
    "BackupRepository_Explore",
    "JobSessionObjects_List",
    "OrganizationSync_Start",
    "OrganizationSync_GetState",
    "RestorePoint_GetChanges",
    "RestorePoint_ListForLoggedInUser",
];
const NOT_IN_V7: &[&str] = &["JobSession_ListByJob"];

async fn veeam(version: Vb365Version) -> Result<Site, Box<dyn std::error::Error>> {
    let settings = Settings { vb365_token_lifetime: Duration::from_secs(86_400), ..Settings::default() };
    let simulator = start(Simulator::builder().vb365("m365", version).settings(settings)).await?;
    let endpoint = only(&simulator)?.clone();
    let base = format!("{}/{version}", endpoint.url);
    let login = [("grant_type", "password"), ("username", &endpoint.username), ("password", &endpoint.password)];
    let http = http()?;
    let token: Value = http.post(format!("{base}/token")).form(&login).send().await?.json().await?;
    let header = ("authorization", format!("Bearer {}", id(&token["access_token"])));
    let repository = endpoint.targets.first().map(|target| target.id.clone()).unwrap_or_default();
    let ids = HashMap::from([("repositoryId", repository)]);
    let mut site = Site { simulator, http, base, header, ids };
    match version {
        Vb365Version::V5 => {
            let sync = Some(json!({"sync": null}));
            let session = site.json("POST", "/BackupRepositories/{repositoryId}/action", sync).await?;
            site.ids.insert("sync", id(&session["id"]));
            let repository = site.json("GET", "/BackupRepositories/{repositoryId}", None).await?;
            site.ids.insert("proxyId", id(&repository["proxyId"]));
            let organization = site.json("GET", "/Organization", None).await?;
            site.ids.insert("organizationId", id(&organization["id"]));
            let jobs = site.json("GET", "/Organizations/{organizationId}/Jobs", None).await?;
            site.ids.insert("jobId", id(&jobs[0]["id"]));
        }
        _ => site.look_around(version).await?,
    }
    Ok(site)
}

impl Site {
    /// Finds and makes the things that the calls are about.
    async fn look_around(&mut self, version: Vb365Version) -> Anything {
        let lists = [
            ("organizationId", "/Organizations"),
            ("jobId", "/Jobs"),
            ("id", "/CopyJobs"),
            ("proxyId", "/Proxies"),
            ("restorePointId", "/RestorePoints"),
            ("licensedUserId", "/LicensedUsers"),
            ("poolId", "/ProxyPools"),
            ("storage", "/objectstoragerepositories"),
        ];
        let is_v8 = version == Vb365Version::V8;
        for (name, path) in lists {
            if (name == "poolId" && !is_v8) || (name == "storage" && is_v8) {
                continue;
            }
            let list = self.json("GET", path, None).await?;
            let first = if list.is_array() { &list[0] } else { &list["results"][0] };
            self.ids.insert(name, id(&first["id"]));
        }
        let session = self.json("POST", "/BackupRepositories/{repositoryId}/Sync", None).await?;
        self.ids.insert("sync", id(&session["id"]));
        let start = self.request("POST", "/Jobs/{jobId}/start")?.json(&json!({}));
        start.send().await?.error_for_status()?;
        self.simulator.clock().advance(Duration::from_secs(60));
        let sessions = self.json("GET", "/JobSessions", None).await?;
        self.ids.insert("run", id(&sessions["results"][0]["id"]));
        self.ids.insert("sessionId", id(&sessions["results"][0]["id"]));
        let log = self.json("GET", "/JobSessions/{sessionId}/LogItems", None).await?;
        self.ids.insert("logItemId", id(&log["results"][0]["id"]));
        // What may be deleted.
        let jobs = if is_v8 { "/Jobs" } else { "/Organizations/{organizationId}/Jobs" };
        let mut spare = vec![
            ("spare_repository", "/BackupRepositories", "BackupRepository_Create"),
            ("spare_proxy", "/Proxies", "Proxy_Create"),
            ("spare_organization", "/Organizations", "Organization_Create"),
            ("spare_job", jobs, "Job_Create"),
        ];
        spare.push(if is_v8 {
            ("spare_pool", "/ProxyPools", "ProxyPool_Create")
        } else {
            ("spare_storage", "/objectstoragerepositories", "ObjectStorageRepository_Create")
        });
        for (name, path, operation) in spare {
            let body = body(operation, "Spare", &self.ids);
            let made = self.json("POST", path, body).await?;
            self.ids.insert(name, id(&made["id"]));
        }
        if is_v8 {
            let session = self.json("POST", &change(&self.ids), None).await?;
            self.ids.insert("move", id(&session["id"]));
            self.simulator.clock().advance(Duration::from_secs(60));
        }
        Ok(())
    }

    /// Names the things that an operation is to be about.
    fn choose(&mut self, operation: &str, originals: &HashMap<&'static str, String>) {
        self.ids.extend(originals.clone());
        let choices: &[(&'static str, &'static str)] = match operation {
            "BackupRepository_Delete" | "BackupRepository_Update" => &[("repositoryId", "spare_repository")],
            "Proxy_Remove" | "Proxy_EnableMaintenance" | "Proxy_DisableMaintenance" | "Proxy_Update" => {
                &[("proxyId", "spare_proxy")]
            }
            "Organization_Delete" | "Organization_Update" => &[("organizationId", "spare_organization")],
            "Job_Delete" | "Job_Update" => &[("jobId", "spare_job")],
            "ProxyPool_Delete" | "ProxyPool_Update" | "ProxyPool_AddProxies" | "ProxyPool_RemoveProxies" => {
                &[("poolId", "spare_pool")]
            }
            "ObjectStorageRepository_Get" => &[("repositoryId", "storage")],
            "ObjectStorageRepository_Delete" | "ObjectStorageRepository_Update" => &[("repositoryId", "spare_storage")],
            "JobSession_Get" => &[("jobSessionsId", "run")],
            operation if operation.starts_with("RepositorySynchronizeSession") => &[("sessionId", "sync")],
            operation if operation.starts_with("RepositoryOwnerChangeSession") => &[("sessionId", "move")],
            operation if operation.starts_with("JobSession") => &[("sessionId", "run")],
            _ => &[],
        };
        for (name, of) in choices {
            self.ids.insert(name, originals[of].clone());
        }
    }

    async fn call_each(&mut self, mut rows: Vec<Row>, without: &[&str]) -> Anything {
        let originals = self.ids.clone();
        rows.sort_by_key(|(id, _, _)| rank(id));
        let mut failed = Vec::new();
        for (operation, method, path) in rows {
            self.choose(operation, &originals);
            let path = format!("{path}{}", query(operation, &self.ids));
            let mut request = prepared(&self.simulator, operation, self.request(method, &path)?)?;
            if let Some(body) = body(operation, "New", &self.ids) {
                request = request.json(&body);
            }
            let answer = request.send().await?;
            if answer.status().is_success() == without.contains(&operation) {
                failed.push(format!("{operation} ({method} {path}): {} {}", answer.status(), answer.text().await?));
            }
            self.simulator.clock().advance(Duration::from_secs(60));
        }
        if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
    }
}

/// What makes a thing comes before what changes it, and what removes it after everything else.
fn rank(operation: &str) -> u8 {
    match operation {
        "ProxyPool_AddProxies" => 1,
        "ProxyPool_RemoveProxies" => 2,
        "Proxy_Remove" | "ProxyPool_Delete" => 4,
        "Auth_Logout" => 9,
        _ if operation.ends_with("_Delete") => 3,
        _ => 0,
    }
}

fn change(ids: &HashMap<&'static str, String>) -> String {
    format!("/BackupRepositories/{}/changeOwner?poolId={}", ids["spare_repository"], ids["poolId"])
}

fn query(operation: &str, ids: &HashMap<&'static str, String>) -> String {
    match operation {
        "BackupRepository_Explore" => format!("?organizationId={}", ids["organizationId"]),
        "BackupRepository_ChangeOwner" => format!("?poolId={}", ids["poolId"]),
        "Proxy_CheckSshConnectionConfig" => "?host=proxy.example.org".to_owned(),
        "Events_Get" | "RestorePoint_GetChanges" => "?from=2026-03-02T09:00:00Z".to_owned(),
        _ => String::new(),
    }
}

/// The body that an operation needs, about things that are there; new things have this name.
fn body(operation: &str, name: &str, ids: &HashMap<&'static str, String>) -> Option<Value> {
    let at = |name: &str| ids.get(name).cloned();
    Some(match operation {
        "BackupRepository_Create" | "BackupRepository_Update" => {
            let name = if operation.ends_with("_Update") { "Changed" } else { name };
            json!({"name": name, "retentionType": "ItemLevel", "proxyId": at("proxyId")})
        }
        "Proxy_Create" => json!({"hostName": format!("{name}.example.org")}),
        "Proxy_Update" => json!({"description": name}),
        "Proxy_RescanAll" => json!({"proxies": [{"id": at("proxyId")}]}),
        "Proxy_Remove" | "Proxy_EnableMaintenance" | "Proxy_DisableMaintenance" | "Proxy_CheckSshConnectionConfig" => {
            json!({})
        }
        "ProxyPool_Create" => json!({"name": name, "description": "", "proxyIds": []}),
        "ProxyPool_Update" => json!({"name": "Changed", "description": "", "proxyIds": []}),
        "ProxyPool_AddProxies" | "ProxyPool_RemoveProxies" => json!([{"proxyId": at("spare_proxy")}]),
        "Organization_Create" => {
            json!({"type": "OnPremises", "name": name, "exchangeSettings": {"serverName": "mail.example.org"}})
        }
        "Organization_Update" => json!({"type": "OnPremises", "description": "Changed"}),
        "OrganizationSync_Start" => json!({"type": "Incremental"}),
        "Job_Create" | "Job_CreateInOrganization" => {
            json!({"name": name, "backupType": "EntireOrganization", "organizationId": at("organizationId"),
                "repositoryId": at("repositoryId")})
        }
        "Job_Update" => json!({"description": "Changed"}),
        "Job_Start" | "CopyJob_Start" => json!({}),
        "Job_RunAction" => json!({"start": null}),
        "Job_Explore" | "BackupRepository_Explore" => json!({"type": "Vex"}),
        "ObjectStorageRepository_Create" | "ObjectStorageRepository_Update" => {
            let name = if operation.ends_with("_Update") { "Changed" } else { name };
            json!({"name": name, "type": "AzureBlob", "azureContainer": {"name": "backups", "regionType": "Global"}})
        }
        "License_Install" => json!({"licenseFile": "PGxpY2Vuc2UvPg=="}),
        "License_UpdateAutoUpdate" => json!({"isEnabled": true}),
        "ManagementMode_Update" => json!({"isManaged": false}),
        "Configuration_UpdateUpdates" => json!({"enableCheckForUpdates": true}),
        _ => return None,
    })
}

#[tokio::test]
async fn every_operation_of_veeam_is_answered() -> Anything {
    veeam(Vb365Version::V5).await?.call_each(rows!(v5::OPERATIONS), &[]).await?;
    veeam(Vb365Version::V6).await?.call_each(rows!(v7::OPERATIONS), NOT_IN_V6).await?;
    veeam(Vb365Version::V7).await?.call_each(rows!(v7::OPERATIONS), NOT_IN_V7).await?;
    veeam(Vb365Version::V8).await?.call_each(rows!(v8::OPERATIONS), &[]).await
}
