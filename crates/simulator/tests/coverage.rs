//! Every operation of every document has an answer of success from the simulator.

mod common;
#[path = "coverage/huawei.rs"]
mod huawei;

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use backup_sync_codegen::document::operations;
use backup_sync_codegen::load;
use backup_sync_simulator::{Settings, Simulator};
use common::{Anything, Checked, http, only, start};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use vsphere_replication::v2;

/// An operation as its table names it: id, method, path.
type Row = (&'static str, &'static str, &'static str);

macro_rules! rows {
    ($($table:expr),+) => { [$($table.iter().map(|row| (row.id, row.method, row.path)).collect::<Vec<Row>>()),+].concat() };
}

#[path = "coverage/veeam.rs"]
mod veeam;

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
}

/// The request with the body or the login that the operation needs.
fn prepared(simulator: &Simulator, id: &str, request: RequestBuilder) -> Result<RequestBuilder, String> {
    let endpoint = only(simulator)?;
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
        "login" => request.basic_auth(&endpoint.username, Some(&endpoint.password)),
        "createRemoteSession" => request
            .basic_auth(endpoint.remote_username.as_deref().unwrap_or_default(), endpoint.remote_password.as_deref()),
        _ => request,
    })
}

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The body that an operation of vSphere Replication needs, about things that are there.
fn vsphere_body(id: &str, simulator: &Simulator, ids: &HashMap<&'static str, String>) -> Result<Option<Value>, String> {
    let endpoint = only(simulator)?;
    let info = json!({"url": "https://vc-c.example.com", "port": 443, "username": endpoint.remote_username,
        "password": endpoint.remote_password});
    let (local, remote) = (&ids["local_vc"], &ids["vcenter_id"]);
    let disk = |vm: &str| {
        json!({"vm_disk": {"vm_id": vm, "device_key": 2000}, "enabled_for_replication": true,
            "destination_datastore_id": ids["datastore_id"], "destination_disk_format": "THIN"})
    };
    let spec = |vm: &str| {
        json!({"rpo": 15, "network_compression_enabled": false, "mpit_enabled": false, "lwd_encryption_enabled": true,
            "auto_replicate_new_disks": "false", "disks": [disk(vm)]})
    };
    Ok(match id {
        "pairVr" => Some(json!({"pair_psc_info": info, "pair_vc_id": "c0ffee00-0000-4000-8000-000000000001"})),
        "reconnectVrPairing" => Some(json!({"pair_psc_info": info, "pair_vc_id": remote})),
        "registerVrServer" => Some(json!({"value": format!("VirtualMachine:vm-9008:{local}")})),
        "registerVrServerInPairing" => Some(json!({"value": format!("VirtualMachine:vm-9008:{remote}")})),
        "configureReplication" => {
            let mut wanted = spec(&format!("VirtualMachine:vm-9001:{local}"));
            wanted["vm_id"] = wanted["disks"][0]["vm_disk"]["vm_id"].clone();
            wanted["target_vc_id"] = json!(remote);
            Some(json!([wanted]))
        }
        "reconfigureReplication" => Some(spec(&ids["replicated_vm"])),
        "browseDatastore" => Some(json!({"query_type": "VM_DISK", "browse_path": "", "sub_folders": true})),
        "getSeedsForDisks" => Some(json!([{"vm_disk": {"vm_id": ids["replicated_vm"], "device_key": 2000}}])),
        "checkStoragePolicyCompliance" => Some(json!([ids["datastore_id"]])),
        _ => None,
    })
}

/// The remote site is down for so long, after as long.
const DOWN: Duration = Duration::from_secs(3600);

/// A session at a simulated appliance and its remote site, and the ids of what is there.
async fn vsphere(version: &str) -> Result<Site, Box<dyn std::error::Error>> {
    let settings = Settings {
        vr_remote_down: Some(DOWN..DOWN * 2),
        vr_session_limit: 0,
        vr_address_limit: 0,
        more_targets: 4,
        vr_nulls: version == "v2",
        ..Settings::default()
    };
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
    let remote = site.request("POST", "/pairings/{pairing_id}/remote-session")?;
    prepared(&site.simulator, "createRemoteSession", remote)?.send().await?.error_for_status()?;
    let pairings = site.json("GET", "/pairings", None).await?;
    let pairing = &pairings["list"][0];
    let (vcenter, vrms) = (id(&pairing["remote_vc_server"]["id"]), id(&pairing["remote_vrms"]["id"]));
    site.ids.extend(["home", "pairing_id"].map(|name| (name, id(&pairing["pairing_id"]))));
    site.ids.insert("local_vc", id(&pairing["local_vc_server"]["id"]));
    site.ids.insert("datastore_id", format!("Datastore:datastore-15:{vcenter}"));
    site.ids.insert("vm_id", format!("VirtualMachine:vm-9002:{vcenter}"));
    site.ids.extend([("vcenter_id", vcenter), ("vr_id", vrms)]);
    let paths = [
        ("local_server", "/replication-servers"),
        ("remote_server", "/pairings/{pairing_id}/vrs/{vr_id}/replication-servers"),
    ];
    for (name, path) in paths {
        let servers = site.json("GET", path, None).await?;
        site.ids.insert(name, id(&servers["list"][0]["id"]));
    }
    let policies = site.json("GET", "/pairings/{pairing_id}/vcenters/{vcenter_id}/storage-policies", None).await?;
    site.ids.insert("storage_policy_id", id(&policies["list"][0]["storage_policy_id"]));
    Ok(site)
}

impl Site {
    /// Takes another session, without a login at the remote site.
    async fn log_in_anew(&mut self) -> Anything {
        let login = prepared(&self.simulator, "login", self.http.post(format!("{}/session", self.base)))?;
        let session: Value = login.send().await?.json().await?;
        self.header.1 = id(&session["session_id"]);
        Ok(())
    }

    /// Names the replication and the replication server that an operation of vSphere Replication is to be about.
    async fn about(&mut self, operation: &str, path: &str, number: usize) -> Anything {
        let server = if path.contains("/vrs/") { "remote_server" } else { "local_server" };
        self.ids.insert("replication_server_id", self.ids[server].clone());
        self.ids.insert("pairing_id", self.ids["home"].clone());
        self.ids.insert("replication_id", only(&self.simulator)?.targets[number].id.clone());
        let replication = self.json("GET", "/pairings/{pairing_id}/replications/{replication_id}", None).await?;
        self.ids.insert("replicated_vm", id(&replication["vm_id"]));
        if operation == "deleteVrPairing" {
            let pairings = self.json("GET", "/pairings", None).await?;
            self.ids.insert("pairing_id", id(&pairings["list"][1]["pairing_id"]));
            let remote = self.request("POST", "/pairings/{pairing_id}/remote-session")?;
            prepared(&self.simulator, "createRemoteSession", remote)?.send().await?.error_for_status()?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn every_operation_of_vsphere_replication_is_answered() -> Anything {
    for version in ["v1", "v2"] {
        let mut site = vsphere(version).await?;
        site.about("pairVr", "", 3).await?;
        let sync = "/pairings/{pairing_id}/replications/{replication_id}/actions/sync";
        let task = site.json("POST", sync, None).await?;
        site.ids.insert("task_id", id(&task["id"]));
        // A second pairing, to be broken again.
        let body = vsphere_body("pairVr", &site.simulator, &site.ids)?;
        site.json("POST", "/pairings", body).await?;
        site.simulator.clock().advance(Duration::from_secs(60));
        // One replication for each action: what was started keeps the others from starting.
        let mut actions = HashMap::from([
            ("syncReplication", 0),
            ("pauseReplication", 1),
            ("resumeReplication", 2),
            ("reconfigureReplication", 4),
            ("unconfigureReplication", 5),
            ("destroyReplication", 6),
        ]);
        let mut rows = rows!(v2::OPERATIONS);
        // The remote login is needed before the question who is logged in there; what breaks something comes last.
        rows.sort_by_key(|(id, _, _)| match *id {
            "createRemoteSession" => 0,
            "deleteVrPairing" => 2,
            "logout" => 3,
            _ => 1,
        });
        let mut failed = Vec::new();
        for (id, method, path) in rows {
            if id == "pairVr" {
                continue;
            }
            site.about(id, path, actions.remove(id).unwrap_or(0)).await?;
            let mut request = prepared(&site.simulator, id, site.request(method, path)?)?;
            if let Some(body) = vsphere_body(id, &site.simulator, &site.ids)? {
                request = request.json(&body);
            }
            let answer = request.send().await?;
            if !answer.status().is_success() {
                failed.push(format!("{id} ({method} {path}): {} {}", answer.status(), answer.text().await?));
            }
        }
        assert!(failed.is_empty(), "{version}: {failed:#?}");
    }
    Ok(())
}

/// An id in a path that nothing has is answered with 404, before anything else is looked at.
#[tokio::test]
async fn what_is_not_there_is_not_found() -> Anything {
    let mut site = vsphere("v2").await?;
    site.about("", "/vrs/", 0).await?;
    site.ids.insert("task_id", "HmsTask:HTID-1:2".to_owned());
    site.simulator.allow("getAllVrDetailsInPairing", 404, "the document forgets it");
    let mut found = Vec::new();
    for row in v2::OPERATIONS.iter().filter(|row| row.path.contains('{')) {
        let server = if row.path.contains("/vrs/") { "remote_server" } else { "local_server" };
        site.ids.insert("replication_server_id", site.ids[server].clone());
        for part in row.path.split('{').skip(1) {
            let name = part.split('}').next().unwrap_or_default();
            let path = row.path.replace(&format!("{{{name}}}"), "nothing");
            let request = site.request(row.method, &path)?;
            let status = request.send().await?.status();
            if status != 404 {
                found.push(format!("{} without {name}: {status}", row.id));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    Ok(())
}

/// What the vendor's connectivity contract says in the document is what the simulator does: with ids of the remote site,
/// `ERROR` and `DEPENDS_ON_PROVIDED_PARAMS` refuse, and nothing else does.
#[tokio::test]
async fn the_connectivity_contract_is_kept() -> Anything {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/vsphere-replication-v2.yaml");
    let document = load::file(&path, "vsphere-replication-v2").map_err(|finding| finding.to_string())?;
    let mut wrong = Vec::new();
    for (condition, refusal) in [("not-authenticated", 403), ("server-down", 500)] {
        let mut site = vsphere("v2").await?;
        site.about("", "/vrs/", 0).await?;
        site.ids.insert("task_id", "HmsTask:HTID-1:2".to_owned());
        if condition == "server-down" {
            site.simulator.clock().advance(DOWN);
        }
        site.log_in_anew().await?;
        for node in operations(&document.value).into_iter().filter(|node| node.id() != "logout") {
            let contract = &node.node["x-dr-remote-site-connectivity-contract"][condition];
            let refused = contract == "ERROR" || contract == "DEPENDS_ON_PROVIDED_PARAMS";
            let server = if node.path.contains("/vrs/") { "remote_server" } else { "local_server" };
            site.ids.insert("replication_server_id", site.ids[server].clone());
            let mut request =
                prepared(&site.simulator, node.id(), site.request(&node.method.to_uppercase(), node.path)?)?;
            if node.id() == "getReplicationsIssues" {
                request = request.query(&[("source_vc_guid", &site.ids["vcenter_id"])]);
            }
            if node.id() == "createRemoteSession" && condition == "not-authenticated" {
                continue;
            }
            if let Some(body) = vsphere_body(node.id(), &site.simulator, &site.ids)? {
                request = request.json(&body);
            }
            let status = request.send().await?.status().as_u16();
            if (status == refusal) != refused {
                wrong.push(format!("{}: {contract} on {condition}, and {status}", node.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
