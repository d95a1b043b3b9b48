//! Every operation of every document has an answer of success from the simulator.

mod common;

use std::collections::HashMap;

use backup_sync_simulator::{Settings, Simulator, Vb365Version, WithoutRemote};
use common::{Anything, Checked, http, only, start};
use huawei_cbr::{iam_v3, v3};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use veeam_vb365::{v5, v7, v8};
use vsphere_replication::v2;

/// An operation as its table names it: id, method, path.
type Row = (&'static str, &'static str, &'static str);

macro_rules! rows {
    ($($table:expr),+) => { [$($table.iter().map(|row| (row.id, row.method, row.path)).collect::<Vec<Row>>()),+].concat() };
}

/// A server, what every request to it carries, and what its ids are.
struct Site {
    simulator: Checked,
    http: Client,
    base: String,
    header: (&'static str, String),
    ids: HashMap<&'static str, String>,
}

impl Site {
    fn request(&self, method: &str, path: &str) -> Result<RequestBuilder, Box<dyn std::error::Error>> {
        let mut filled = path.to_owned();
        for (name, id) in &self.ids {
            filled = filled.replace(&format!("{{{name}}}"), id);
        }
        let request = self.http.request(Method::from_bytes(method.as_bytes())?, format!("{}{filled}", self.base));
        Ok(request.header(self.header.0, &self.header.1))
    }

    async fn json(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Box<dyn std::error::Error>> {
        let mut request = self.request(method, path)?;
        if let Some(body) = body {
            request = request.json(&body);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Calls all operations, those that end a session last; each has to be answered with success.
    async fn call_all(&self, mut rows: Vec<Row>, without: &[&str]) -> Anything {
        rows.sort_by_key(|(id, _, _)| matches!(*id, "Auth_Logout" | "logout"));
        let mut failed = Vec::new();
        for (id, method, path) in rows {
            let request = self.request(method, path)?;
            let status = prepared(&self.simulator, id, request)?.send().await?.status();
            if status.is_success() == without.contains(&id) {
                failed.push(format!("{id} ({method} {path}) is answered {status}"));
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
    }
}

/// The request with the body or the login that the operation needs.
fn prepared(simulator: &Simulator, id: &str, request: RequestBuilder) -> Result<RequestBuilder, String> {
    let endpoint = only(simulator)?;
    let entry = json!({"backup_id": "b", "backup_name": "n", "bucket_name": "k", "image_path": "p", "resource_id": "r",
        "resource_name": "n", "resource_type": "OS::Native::Server", "created_at": 1});
    Ok(match id {
        "Auth_Token" => request.form(&[
            ("grant_type", "password"),
            ("username", endpoint.username.as_str()),
            ("password", endpoint.password.as_str()),
        ]),
        "BackupRepository_StartSynchronizeAction" if endpoint.api_version == "v5" => {
            request.json(&json!({"sync": null}))
        }
        "RepositorySynchronizeSession_StopSynchronizeAction" if endpoint.api_version == "v5" => {
            request.json(&json!({"stop": {}}))
        }
        "KeystoneCreateUserTokenByPassword" => request.json(&iam_login(simulator)?),
        "ImportCheckpoint" => {
            let vault = endpoint.targets.last().map(|target| target.id.clone());
            request.json(&json!({"sync": {"vault_id": vault, "auto_trigger": false}}))
        }
        "ImportBackup" => request.json(&json!({"sync": [entry]})),
        "ListExternalVault" => request.query(&[
            ("external_project_id", endpoint.project_id.as_deref()),
            ("region_id", endpoint.region.as_deref()),
        ]),
        "login" => request.basic_auth(&endpoint.username, Some(&endpoint.password)),
        "createRemoteSession" => request
            .basic_auth(endpoint.remote_username.as_deref().unwrap_or_default(), endpoint.remote_password.as_deref()),
        _ => request,
    })
}

fn iam_login(simulator: &Simulator) -> Result<Value, String> {
    let endpoint = only(simulator)?;
    let user = json!({"name": endpoint.username, "password": endpoint.password, "domain": {"name": endpoint.domain}});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    Ok(json!({"auth": {"identity": identity, "scope": {"project": {"name": endpoint.region}}}}))
}

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

async fn veeam(version: Vb365Version) -> Result<Site, Box<dyn std::error::Error>> {
    let simulator = start(Simulator::builder().vb365("m365", version)).await?;
    let endpoint = only(&simulator)?.clone();
    let base = format!("{}/{version}", endpoint.url);
    let login = [("grant_type", "password"), ("username", &endpoint.username), ("password", &endpoint.password)];
    let http = http()?;
    let token: Value = http.post(format!("{base}/token")).form(&login).send().await?.json().await?;
    let header = ("authorization", format!("Bearer {}", id(&token["access_token"])));
    let repository = endpoint.targets.first().map(|target| target.id.clone()).unwrap_or_default();
    let ids = HashMap::from([("repositoryId", repository)]);
    let mut site = Site { simulator, http, base, header, ids };
    let (path, body) = match version {
        Vb365Version::V5 => ("/BackupRepositories/{repositoryId}/action", Some(json!({"sync": null}))),
        _ => ("/BackupRepositories/{repositoryId}/Sync", None),
    };
    let session = site.json("POST", path, body).await?;
    site.ids.insert("sessionId", id(&session["id"]));
    Ok(site)
}

#[tokio::test]
async fn every_operation_of_veeam_is_answered() -> Anything {
    veeam(Vb365Version::V5).await?.call_all(rows!(v5::OPERATIONS), &[]).await?;
    // v6 shares the document of v7, but has no logout.
    veeam(Vb365Version::V6).await?.call_all(rows!(v7::OPERATIONS), &["Auth_Logout"]).await?;
    veeam(Vb365Version::V7).await?.call_all(rows!(v7::OPERATIONS), &[]).await?;
    veeam(Vb365Version::V8).await?.call_all(rows!(v8::OPERATIONS), &[]).await
}

#[tokio::test]
async fn every_operation_of_huawei_is_answered() -> Anything {
    let settings = Settings { more_targets: 1, ..Settings::default() };
    let simulator = start(Simulator::builder().cbr("cloud").settings(settings)).await?;
    let endpoint = only(&simulator)?.clone();
    let http = http()?;
    let login = http.post(format!("{}/v3/auth/tokens", endpoint.url)).json(&iam_login(&simulator)?).send().await?;
    let token = login.headers().get("x-subject-token").ok_or("no token")?.to_str()?.to_owned();
    let vault = endpoint.targets.first().map(|target| target.id.clone()).unwrap_or_default();
    let ids = HashMap::from([("project_id", endpoint.project_id.unwrap_or_default()), ("vault_id", vault.clone())]);
    let mut site = Site { simulator, http, base: endpoint.url, header: ("x-auth-token", token), ids };
    let sync = Some(json!({"sync": {"vault_id": vault, "auto_trigger": false}}));
    let started = site.json("POST", "/v3/{project_id}/checkpoints/sync", sync).await?;
    site.ids.insert("operation_log_id", id(&started["sync"]["operation_log_id"]));
    let backups = site.json("GET", "/v3/{project_id}/backups", None).await?;
    site.ids.insert("backup_id", id(&backups["backups"][0]["id"]));
    site.ids.insert("checkpoint_id", id(&backups["backups"][0]["checkpoint_id"]));
    site.call_all(rows!(v3::OPERATIONS, iam_v3::OPERATIONS), &[]).await
}

#[tokio::test]
async fn every_operation_of_vsphere_replication_is_answered() -> Anything {
    for version in ["v1", "v2"] {
        let settings =
            Settings { vr_without_remote: WithoutRemote::Everything, more_targets: 1, ..Settings::default() };
        let simulator = start(Simulator::builder().vsphere_replication("site").settings(settings)).await?;
        let endpoint = only(&simulator)?.clone();
        let http = http()?;
        let base = endpoint.url.replace("/v2", &format!("/{version}"));
        let login = http.post(format!("{base}/session")).basic_auth(&endpoint.username, Some(&endpoint.password));
        let session: Value = login.send().await?.json().await?;
        let header = ("x-dr-session", id(&session["session_id"]));
        let mut site = Site { simulator, http, base, header, ids: HashMap::new() };
        let pairings = site.json("GET", "/pairings", None).await?;
        site.ids.insert("pairing_id", id(&pairings["list"][0]["pairing_id"]));
        let sync = format!("/pairings/{{pairing_id}}/replications/{}/actions/sync", endpoint.targets[3].id);
        let task = site.json("POST", &sync, None).await?;
        site.ids.insert("task_id", id(&task["id"]));
        // One replication for each action: what was started keeps the others from starting.
        let mut actions = HashMap::from([("syncReplication", 0), ("pauseReplication", 1), ("resumeReplication", 2)]);
        let mut rows = rows!(v2::OPERATIONS);
        // The remote login is needed before the question who is logged in there.
        rows.sort_by_key(|(id, _, _)| *id != "createRemoteSession");
        for row in rows.iter().copied().filter(|(id, _, _)| *id != "logout") {
            let target = actions.remove(row.0).unwrap_or(0);
            site.ids.insert("replication_id", endpoint.targets[target].id.clone());
            site.call_all(vec![row], &[]).await?;
        }
        site.call_all(rows.into_iter().filter(|(id, _, _)| *id == "logout").collect(), &[]).await?;
    }
    Ok(())
}
