//! A simulated VB365 server over bare HTTP: each call gives status and body.

use backup_sync_simulator::{Settings, Simulator, Vb365Version};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::{Anything, Checked, http, only, start};

pub type Answer = Result<(u16, Value), Box<dyn std::error::Error>>;

/// A server, and a login at it.
pub struct Server {
    pub simulator: Checked,
    pub version: Vb365Version,
    http: Client,
    base: String,
    bearer: String,
}

impl Server {
    pub async fn new(version: Vb365Version) -> Result<Self, Box<dyn std::error::Error>> {
        Self::with(version, Settings::default()).await
    }

    /// Tokens are good for a month here: time flies in these tests.
    pub async fn with(version: Vb365Version, settings: Settings) -> Result<Self, Box<dyn std::error::Error>> {
        let settings = Settings { vb365_token_lifetime: std::time::Duration::from_secs(31 * 86_400), ..settings };
        let simulator = start(Simulator::builder().vb365("m365", version).settings(settings)).await?;
        Self::at(simulator, version).await
    }

    pub async fn at(simulator: Checked, version: Vb365Version) -> Result<Self, Box<dyn std::error::Error>> {
        let endpoint = only(&simulator)?.clone();
        let (http, base) = (http()?, format!("{}/{version}", endpoint.url));
        let login = [("grant_type", "password"), ("username", &endpoint.username), ("password", &endpoint.password)];
        let token: Value = http.post(format!("{base}/token")).form(&login).send().await?.json().await?;
        let bearer = token["access_token"].as_str().ok_or("no token")?.to_owned();
        Ok(Self { simulator, version, http, base, bearer })
    }

    pub fn is_v8(&self) -> bool {
        self.version == Vb365Version::V8
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method = Method::from_bytes(method.as_bytes())?;
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.bearer);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        Ok((status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? }))
    }

    /// The body of a call that has to succeed.
    pub async fn good(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Box<dyn std::error::Error>> {
        let (status, answer) = self.call(method, path, body).await?;
        if StatusCode::from_u16(status)?.is_success() {
            return Ok(answer);
        }
        Err(format!("{} {method} {path}: {status} {answer}", self.version).into())
    }

    pub async fn get(&self, path: &str) -> Result<Value, Box<dyn std::error::Error>> {
        self.good("GET", path, None).await
    }

    /// The items of a list, in a page or not.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
        let answer = self.get(path).await?;
        let items = answer.as_array().or_else(|| answer["results"].as_array());
        Ok(items.ok_or_else(|| format!("{path} gives no list: {answer}"))?.clone())
    }

    /// A member of the first item of a list whose `name` is the one wanted.
    pub async fn id_of(&self, path: &str, name: &str, value: &str) -> Result<String, Box<dyn std::error::Error>> {
        let items = self.list(path).await?;
        let item = items.iter().find(|item| item[name] == value).ok_or_else(|| format!("{path} has no {value}"))?;
        Ok(item["id"].as_str().ok_or("no id")?.to_owned())
    }

    pub async fn job(&self) -> Result<String, Box<dyn std::error::Error>> {
        self.id_of("/Jobs", "name", "Mailboxes nightly").await
    }

    pub async fn copy_job(&self) -> Result<String, Box<dyn std::error::Error>> {
        self.id_of("/CopyJobs", "name", "Mailboxes nightly copy").await
    }

    pub async fn organization(&self) -> Result<String, Box<dyn std::error::Error>> {
        self.id_of("/Organizations", "name", "example.org").await
    }

    pub async fn proxy(&self, host: &str) -> Result<String, Box<dyn std::error::Error>> {
        self.id_of("/Proxies", "hostName", host).await
    }

    pub fn repository(&self) -> Result<String, Box<dyn std::error::Error>> {
        Ok(only(&self.simulator)?.targets.first().ok_or("no repository")?.id.clone())
    }

    pub fn pass(&self, seconds: u64) {
        self.simulator.clock().advance(std::time::Duration::from_secs(seconds));
    }

    /// Makes a repository on disk that nothing uses, and gives its id.
    pub async fn disk(&self, name: &str, proxy: &str) -> Result<String, Box<dyn std::error::Error>> {
        let body = json!({"name": name, "proxyId": proxy, "retentionType": "ItemLevel", "path": "D:\\Backups"});
        let made = self.good("POST", "/BackupRepositories", Some(&body)).await?;
        Ok(made["id"].as_str().ok_or("no id")?.to_owned())
    }

    /// A call that has to be refused in this way.
    pub async fn refused(
        &self,
        (method, path, body): (&str, &str, Option<Value>),
        (status, code): (u16, &str),
    ) -> Anything {
        let (came, answer) = self.call(method, path, body.as_ref()).await?;
        let code = match self.version {
            Vb365Version::V8 => json!(code),
            Vb365Version::V7 if code == "ProxyOffline" => json!(code),
            _ => Value::Null,
        };
        if came != status || answer["errorCode"] != code || !answer["message"].is_string() {
            return Err(format!("{} {method} {path}: {came} {answer}, not {status} {code}", self.version).into());
        }
        Ok(())
    }
}
