//! The configuration file: endpoints, and where their secrets are. It never holds a secret itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backup_sync::runtime::tls::{Fingerprint, Trust};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::secret::NOT_HERE;
pub use crate::secret::Secret;

/// The whole file.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Endpoints by name; the name is the first part of a target's address.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// One server or region with credentials.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "vendor", rename_all = "kebab-case")]
pub enum Endpoint {
    /// Veeam Backup for Microsoft 365.
    VeeamVb365(Vb365),
    /// Huawei Cloud Backup and Recovery.
    HuaweiCbr(Cbr),
    /// VMware vSphere Replication.
    VsphereReplication(Replication),
}

impl Endpoint {
    /// Which certificates are accepted.
    pub fn tls_mut(&mut self) -> &mut Tls {
        match self {
            Self::VeeamVb365(endpoint) => &mut endpoint.tls,
            Self::HuaweiCbr(endpoint) => &mut endpoint.tls,
            Self::VsphereReplication(endpoint) => &mut endpoint.tls,
        }
    }
}

/// A Veeam Backup for Microsoft 365 server.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vb365 {
    /// Scheme, host and port, for example `https://vbm.example.org:4443`.
    pub url: String,
    /// `v5`, `v6`, `v7` or `v8`; found out when left out.
    pub version: Option<String>,
    /// User name.
    pub username: String,
    /// Where the password is.
    pub password: Secret,
    /// Which certificates are accepted.
    #[serde(default, skip_serializing_if = "Tls::is_default")]
    pub tls: Tls,
}

/// CBR in one region.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cbr {
    /// Region, for example `ap-southeast-3`.
    pub region: String,
    /// Name of the account (domain), for a login by password.
    pub domain: Option<String>,
    /// User within the account.
    pub username: Option<String>,
    /// Where the password is.
    pub password: Option<Secret>,
    /// Access key id (AK), for signed requests instead of a login.
    pub access_key: Option<String>,
    /// Where the secret key (SK) is.
    pub secret_key: Option<Secret>,
    /// Where the security token of temporary keys is.
    pub security_token: Option<Secret>,
    /// Project id; found by the region's name when left out.
    pub project_id: Option<String>,
    /// Base URL of CBR, where it is not that of the region.
    pub url: Option<String>,
    /// Base URL of IAM, where it is not that of the region.
    pub iam_url: Option<String>,
    /// JSON files with on-premises backups; paths are relative to this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backup_lists: Vec<PathBuf>,
    /// Which certificates are accepted.
    #[serde(default, skip_serializing_if = "Tls::is_default")]
    pub tls: Tls,
}

/// A vSphere Replication appliance.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replication {
    /// Base URL with the path, for example `https://vrms.example.org/api/rest/vr/v2`.
    pub url: String,
    /// User at the local site.
    pub username: String,
    /// Where its password is.
    pub password: Secret,
    /// User at the remote site, for full information about both sides.
    pub remote: Option<User>,
    /// Which certificates are accepted.
    #[serde(default, skip_serializing_if = "Tls::is_default")]
    pub tls: Tls,
}

/// A user.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// User name.
    pub username: String,
    /// Where the password is.
    pub password: Secret,
}

/// Which certificates are accepted. Verified against the system's authorities by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with further certificate authorities; the path is relative to the configuration. Not together with
    /// `fingerprint`.
    pub ca_file: Option<PathBuf>,
    /// SHA-256 fingerprint of the server's certificate, for self-signed ones.
    pub fingerprint: Option<String>,
    /// Accept any certificate. Anybody in between can then read the password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
}

impl File {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Failure::usage(format!(
                "the configuration {shown} cannot be read: {cause}; name another one with --config, or see README.md for an example"
            ))
        })?;
        Self::parse(&text, &shown.to_string())
    }

    fn parse(text: &str, shown: &str) -> Result<Self, Failure> {
        let wrong = |cause: &toml::de::Error| {
            let at = cause.span().map(|span| place(text, span.start)).unwrap_or_default();
            Failure::usage(format!("{shown}{at}: {}", cause.message()))
        };
        // Endpoints are read one by one, because an error inside a tagged value would come without its place.
        let mut whole: Whole = toml::from_str(text).map_err(|cause| wrong(&cause))?;
        let mut endpoints = BTreeMap::new();
        for (name, table) in std::mem::take(&mut whole.endpoints) {
            let at = place(text, table.span().start);
            if let Some(field) = plain_secret(table.get_ref(), "") {
                return Err(Failure::usage(format!("{shown}{at}: endpoint {name:?}, {field}: {NOT_HERE}")));
            }
            let endpoint = table.into_inner().try_into::<Endpoint>().map_err(|cause| {
                Failure::usage(format!("{shown}{at}: endpoint {name:?}: {}", words(cause.message())))
            })?;
            if name.is_empty() || name.contains(['/', '*', '?']) {
                return Err(Failure::usage(format!(
                    "{shown}{at}: the endpoint name {name:?} cannot be part of an address"
                )));
            }
            endpoints.insert(name, endpoint);
        }
        if endpoints.is_empty() {
            return Err(Failure::usage(format!("{shown}: no endpoint is configured")));
        }
        Ok(Self { endpoints })
    }
}

/// The field that holds a secret as plain text, if there is one.
fn plain_secret(value: &toml::Value, prefix: &str) -> Option<String> {
    value.as_table()?.iter().find_map(|(key, value)| {
        let field = format!("{prefix}{key}");
        let secret = matches!(key.as_str(), "password" | "secret_key" | "security_token");
        if secret && !value.is_table() { Some(field) } else { plain_secret(value, &format!("{field}.")) }
    })
}

/// The words of the parser as an operator knows them.
fn words(message: &str) -> String {
    message.replace("unknown variant", "unknown value")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[serde(default)]
    endpoints: BTreeMap<String, toml::Spanned<toml::Value>>,
}

/// `:LINE:COLUMN` of a byte offset.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// A path as written, relative to the folder of the configuration.
pub fn beside(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path)
}

impl Tls {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// As the runtime wants it.
    pub fn trust(&self, folder: &Path, what: &str) -> Result<Trust, Failure> {
        if self.insecure && (self.fingerprint.is_some() || self.ca_file.is_some()) {
            let why = "insecure accepts any certificate, so ca_file and fingerprint would do nothing; remove one or the other";
            return Err(Failure::usage(format!("{what}: {why}")));
        }
        if self.fingerprint.is_some() && self.ca_file.is_some() {
            let why = "fingerprint accepts exactly one certificate, whoever signed it, so ca_file would do nothing; remove one or the other";
            return Err(Failure::usage(format!("{what}: {why}")));
        }
        let fingerprint = self.fingerprint.as_deref().map(Fingerprint::parse).transpose();
        Ok(Trust {
            ca_file: self.ca_file.as_deref().map(|path| beside(folder, path)),
            fingerprint: fingerprint.map_err(|error| Failure::usage(format!("{what}: {error}")))?,
            insecure: self.insecure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
[endpoints.m365]
vendor = \"veeam-vb365\"
url = \"https://vbm.example.org:4443\"
username = \"sync\"
password = { env = \"M365_PASSWORD\" }
";

    fn told(text: &str) -> String {
        File::parse(text, "backup-sync.toml").err().map(|failure| failure.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_good_file_is_read() {
        let file = File::parse(GOOD, "x.toml");
        assert!(file.is_ok_and(|file| file.endpoints.contains_key("m365")));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_field() {
        for (text, parts) in [
            (GOOD.replace("username", "usrname"), ["backup-sync.toml:2:1", "m365", "unknown field `usrname`"]),
            (
                GOOD.replace("{ env = \"M365_PASSWORD\" }", "\"plain\""),
                ["backup-sync.toml:2:1", "\"m365\", password", "the secret itself must not stand here"],
            ),
            (GOOD.replace("veeam-vb365", "veem"), ["backup-sync.toml:2:1", "m365", "unknown value `veem`"]),
            (GOOD.replace("username = \"sync\"\n", ""), ["backup-sync.toml:2:1", "m365", "missing field `username`"]),
            (GOOD.replace("\"sync\"", "sync"), ["backup-sync.toml:5:12", "", ""]),
            ("[endpoint.x]\n".to_owned(), ["backup-sync.toml:1:2", "unknown field `endpoint`", "endpoints"]),
            (String::new(), ["backup-sync.toml", "no endpoint is configured", ""]),
            (GOOD.replace("m365]", "\"a/b\"]"), ["backup-sync.toml:2:1", "a/b", "cannot be part of an address"]),
        ] {
            let told = told(&text);
            for part in parts {
                assert!(told.contains(part), "{text}\n=> {told}\nlacks {part}");
            }
        }
    }
}
