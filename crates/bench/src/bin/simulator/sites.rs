//! The requests that are measured: one object by its id at each vendor, with credentials.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use backup_sync::huawei_cbr::Keys;
use backup_sync::huawei_cbr::signing::{ToSign, sign};
use backup_sync_simulator::{Endpoint, Simulator};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Anything;

/// One request to one endpoint, and its answer.
pub struct Site {
    pub what: &'static str,
    pub address: SocketAddr,
    pub request: String,
    pub body: String,
}

impl Site {
    fn new(what: &'static str, endpoint: &Endpoint, path: &str, headers: &str) -> Anything<Self> {
        let address = address(&endpoint.url)?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n");
        let (head, body) = exchange(address, &request)?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("{what}: {head} {body}").into());
        }
        Ok(Self { what, address, request, body })
    }

    /// The same request, to a route at `/`.
    pub fn bare_request(&self) -> String {
        self.request.replacen(self.request.split(' ').nth(1).unwrap_or_default(), "/", 1)
    }
}

/// All of them.
pub fn all(simulator: &Simulator) -> Anything<Vec<Site>> {
    let endpoint = |name| simulator.endpoint(name).ok_or("no such endpoint");
    let (m365, cloud, dr) = (endpoint("m365")?, endpoint("cloud")?, endpoint("dr")?);
    Ok(vec![veeam(m365)?, cbr(cloud)?, signed(cloud)?, replication(dr)?])
}

fn veeam(endpoint: &Endpoint) -> Anything<Site> {
    let form = format!("grant_type=password&username={}&password={}", endpoint.username, endpoint.password);
    let form = form.replace('\\', "%5C");
    let (_, body) = post(endpoint, "/v8/token", "content-type: application/x-www-form-urlencoded\r\n", &form)?;
    let token: Value = serde_json::from_str(&body)?;
    let path = format!("/v8/BackupRepositories/{}", middle(endpoint)?);
    let header = format!("authorization: Bearer {}\r\n", text(&token["access_token"])?);
    Site::new("VB365 v8, BackupRepository_Get", endpoint, &path, &header)
}

fn vault_path(endpoint: &Endpoint) -> Anything<String> {
    Ok(format!("/v3/{}/vaults/{}", endpoint.project_id.as_deref().ok_or("no project")?, middle(endpoint)?))
}

fn cbr(endpoint: &Endpoint) -> Anything<Site> {
    let user = json!({"name": endpoint.username, "password": endpoint.password, "domain": {"name": endpoint.domain}});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    let login = json!({"auth": {"identity": identity, "scope": {"project": {"name": endpoint.region}}}});
    let json = "content-type: application/json\r\n";
    let (head, _) = post(endpoint, "/v3/auth/tokens", json, &login.to_string())?;
    let token = head.lines().find_map(|line| line.strip_prefix("x-subject-token: ")).ok_or("no token")?;
    Site::new("CBR, ShowVault with a token", endpoint, &vault_path(endpoint)?, &format!("x-auth-token: {token}\r\n"))
}

fn signed(endpoint: &Endpoint) -> Anything<Site> {
    let keys = Keys {
        access: endpoint.access_key.clone().ok_or("no access key")?,
        secret: endpoint.secret_key.clone().ok_or("no secret key")?.into(),
        security_token: None,
    };
    let (path, host) = (vault_path(endpoint)?, address(&endpoint.url)?.to_string());
    let to_sign = ToSign { method: "GET", host: &host, path: &path, query: &[], headers: &[], body: b"" };
    let date = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let signed = sign(&to_sign, &keys, &date)?;
    let headers = format!("x-sdk-date: {date}\r\nauthorization: {}\r\n", signed.authorization);
    Site::new("CBR, ShowVault with a signature", endpoint, &path, &headers)
}

fn replication(endpoint: &Endpoint) -> Anything<Site> {
    let basic = STANDARD.encode(format!("{}:{}", endpoint.username, endpoint.password));
    let base = "/api/rest/vr/v2";
    let (_, body) = post(endpoint, &format!("{base}/session"), &format!("authorization: Basic {basic}\r\n"), "")?;
    let session: Value = serde_json::from_str(&body)?;
    let header = format!("x-dr-session: {}\r\n", text(&session["session_id"])?);
    let address = address(&endpoint.url)?;
    let (_, body) = exchange(address, &format!("GET {base}/pairings HTTP/1.1\r\nhost: {address}\r\n{header}\r\n"))?;
    let pairings: Value = serde_json::from_str(&body)?;
    let pairing = text(&pairings["list"][0]["pairing_id"])?;
    let path = format!("{base}/pairings/{pairing}/replications/{}", middle(endpoint)?);
    Site::new("vSphere Replication, getReplicationInfo", endpoint, &path, &header)
}

/// The id of a target in the middle of all.
fn middle(endpoint: &Endpoint) -> Anything<&str> {
    Ok(&endpoint.targets.get(endpoint.targets.len() / 2).ok_or("no target")?.id)
}

fn text(value: &Value) -> Anything<&str> {
    Ok(value.as_str().ok_or("no text")?)
}

fn address(url: &str) -> Anything<SocketAddr> {
    Ok(url.trim_start_matches("http://").split('/').next().unwrap_or_default().parse()?)
}

fn post(endpoint: &Endpoint, path: &str, headers: &str, body: &str) -> Anything<(String, String)> {
    let (address, length) = (address(&endpoint.url)?, body.len());
    exchange(
        address,
        &format!("POST {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n{body}"),
    )
}

/// Sends one request; head and body of the answer.
fn exchange(address: SocketAddr, request: &str) -> Anything<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    Ok((head.to_owned(), body.to_owned()))
}
