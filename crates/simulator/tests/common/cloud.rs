//! A region of CBR and a bare client for it that calls operations by their names.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backup_sync_simulator::{Settings, Simulator};
use huawei_cbr::{iam_v3, v3};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Anything, Checked, http, only, start};

type Failure = Box<dyn std::error::Error>;

/// Names and values of parameters.
pub type Query<'a> = &'a [(&'a str, &'a str)];

/// A region, a token for it, and what was answered with success so far.
pub struct Cloud {
    pub simulator: Checked,
    http: Client,
    token: String,
    pub url: String,
    pub project: String,
    answered: Mutex<BTreeSet<&'static str>>,
}

/// A request for a token; `None` asks for one of the whole account.
pub fn login(simulator: &Simulator, project: Option<&str>) -> Result<Value, String> {
    let endpoint = only(simulator)?;
    let user = json!({"name": endpoint.username, "password": endpoint.password, "domain": {"name": endpoint.domain}});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    let scope = match project {
        Some(project) => json!({"project": {"name": project}}),
        None => json!({"domain": {"name": endpoint.domain}}),
    };
    Ok(json!({"auth": {"identity": identity, "scope": scope}}))
}

impl Cloud {
    /// The usual one, with a token that outlasts every test.
    pub async fn new() -> Result<Self, Failure> {
        let month = Duration::from_secs(30 * 24 * 3600);
        Self::with(Settings { iam_token_lifetime: month, ..Settings::default() }).await
    }

    pub async fn with(settings: Settings) -> Result<Self, Failure> {
        let simulator = start(Simulator::builder().cbr("cloud").settings(settings)).await?;
        let endpoint = only(&simulator)?.clone();
        let http = http()?;
        let body = login(&simulator, endpoint.region.as_deref())?;
        let answer = http.post(format!("{}/v3/auth/tokens", endpoint.url)).json(&body).send().await?;
        let token = answer.headers().get("x-subject-token").ok_or("no token")?.to_str()?.to_owned();
        let project = endpoint.project_id.unwrap_or_default();
        let answered = Mutex::new(BTreeSet::from(["KeystoneCreateUserTokenByPassword"]));
        Ok(Self { simulator, http, token, url: endpoint.url, project, answered })
    }

    /// Calls an operation. Parameters that its path does not have go into the query.
    pub async fn call(
        &self,
        operation: &str,
        parameters: Query<'_>,
        body: Option<Value>,
    ) -> Result<(u16, Value), Failure> {
        let mut rows = v3::OPERATIONS.iter().chain(iam_v3::OPERATIONS);
        let row = rows.find(|row| row.id == operation).ok_or_else(|| format!("no operation {operation}"))?;
        let mut path = row.path.replace("{project_id}", &self.project);
        let mut query = Vec::new();
        for (name, value) in parameters {
            let place = format!("{{{name}}}");
            if path.contains(&place) { path = path.replace(&place, value) } else { query.push((*name, *value)) }
        }
        let method = Method::from_bytes(row.method.as_bytes())?;
        let request = self.http.request(method, format!("{}{path}", self.url)).query(&query);
        let request = request.header("x-auth-token", &self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await?;
        let status = answer.status();
        if status.is_success() {
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(row.id);
        }
        let text = answer.text().await?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        Ok((status.as_u16(), body))
    }

    /// Calls an operation that has to succeed.
    pub async fn ok(&self, operation: &str, parameters: Query<'_>, body: Option<Value>) -> Result<Value, Failure> {
        let (status, answer) = self.call(operation, parameters, body).await?;
        if status < 300 { Ok(answer) } else { Err(format!("{operation} {parameters:?}: {status} {answer}").into()) }
    }

    /// Calls an operation that has to be refused with a code of CBR.
    pub async fn refused(
        &self,
        operation: &str,
        parameters: Query<'_>,
        body: Option<Value>,
        (status, code): (u16, &str),
    ) -> Anything {
        let what = format!("{operation} {parameters:?} {}", body.clone().unwrap_or_default());
        let (found, answer) = self.call(operation, parameters, body).await?;
        let expected = json!(format!("BackupService.{code}"));
        if (found, &answer["error_code"]) == (status, &expected) {
            return Ok(());
        }
        Err(format!("{what}: {found} {answer}, not {status} {code}").into())
    }

    /// Lets so many simulated seconds pass.
    pub fn pass(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    /// The operations that were answered with success.
    pub fn answered(&self) -> BTreeSet<&'static str> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The id of a resource that can be backed up.
    pub async fn resource(&self, kind: &str, name: &str) -> Result<String, Failure> {
        let found = self.ok("ListProtectable", &[("protectable_type", kind), ("name", name)], None).await?;
        Ok(id(&found["instances"][0]["id"]))
    }

    /// The vault with this name.
    pub async fn vault(&self, name: &str) -> Result<String, Failure> {
        Ok(id(&self.ok("ListVault", &[("name", name)], None).await?["vaults"][0]["id"]))
    }

    /// The newest task of a type.
    pub async fn newest(&self, kind: &str) -> Result<Value, Failure> {
        let found = self.ok("ListOpLogs", &[("operation_type", kind), ("limit", "1")], None).await?;
        Ok(found["operation_logs"][0].clone())
    }

    /// The newest backup of a vault that is a server's, made now.
    pub async fn back_up(&self, vault: &str) -> Result<String, Failure> {
        self.ok("CreateCheckpoint", &[], Some(json!({"checkpoint": {"vault_id": vault}}))).await?;
        self.pass(10);
        let found = self.ok("ListBackups", &[("vault_id", vault), ("sort", "created_at:desc")], None).await?;
        Ok(id(&found["backups"][0]["id"]))
    }

    /// The other region: its name, the project there, and the vault for replicas.
    pub async fn away(&self) -> Result<[String; 3], Failure> {
        let regions = self.ok("ShowReplicationCapabilities", &[], None).await?;
        let region = id(&regions["regions"][0]["replication_destinations"][0]);
        let projects = self.ok("KeystoneListProjects", &[("name", &region)], None).await?;
        let project = id(&projects["projects"][0]["id"]);
        let query = [("region_id", region.as_str()), ("external_project_id", project.as_str())];
        let vaults = self.ok("ListExternalVault", &query, None).await?;
        Ok([region, project, id(&vaults["vaults"][0]["id"])])
    }
}

/// An id in an answer.
pub fn id(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A vault to be made.
pub fn wish(name: &str, object: &str, resources: &[(&str, &str)]) -> Value {
    let resources: Vec<Value> = resources.iter().map(|(id, kind)| json!({"id": id, "type": kind})).collect();
    json!({"vault": {"name": name, "resources": resources, "billing": {"consistent_level": "crash_consistent",
        "object_type": object, "protect_type": "backup", "size": 100}}})
}

/// A policy to be made.
pub fn policy(name: &str, kind: &str, definition: Value) -> Value {
    json!({"policy": {"name": name, "operation_type": kind, "operation_definition": definition,
        "trigger": {"properties": {"pattern": ["FREQ=DAILY;INTERVAL=1;BYHOUR=2;BYMINUTE=0"]}}}})
}
