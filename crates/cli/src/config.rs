//! The configuration file: endpoints, and where their secrets are. It never holds a secret itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backup_sync::runtime::tls::{Fingerprint, Trust};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod parse;

use crate::exit::Failure;
pub use crate::secret::Secret;
use crate::selection::label::Labels;

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

impl Endpoint {
    /// Labels by which its targets can be chosen.
    pub fn labels(&self) -> &Labels {
        match self {
            Self::VeeamVb365(endpoint) => &endpoint.labels,
            Self::HuaweiCbr(endpoint) => &endpoint.labels,
            Self::VsphereReplication(endpoint) => &endpoint.labels,
        }
    }

    /// The same, to change them.
    pub fn labels_mut(&mut self) -> &mut Labels {
        match self {
            Self::VeeamVb365(endpoint) => &mut endpoint.labels,
            Self::HuaweiCbr(endpoint) => &mut endpoint.labels,
            Self::VsphereReplication(endpoint) => &mut endpoint.labels,
        }
    }

    /// Its secrets, or rather where they are.
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::VeeamVb365(server) => vec![&server.password],
            Self::HuaweiCbr(cloud) => {
                [&cloud.password, &cloud.secret_key, &cloud.security_token].into_iter().flatten().collect()
            }
            Self::VsphereReplication(appliance) => {
                let remote = appliance.remote.as_ref().map(|user| &user.password);
                std::iter::once(&appliance.password).chain(remote).collect()
            }
        }
    }

    /// Whether the vendor gives targets labels of their own.
    pub fn gives_labels(&self) -> bool {
        matches!(self, Self::HuaweiCbr(_))
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
    /// Labels by which its targets can be chosen, for example `{ site = "berlin", tier = "gold" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
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
    /// Files with on-premises backups: `.json`, `.ndjson` or `.jsonl`, `.csv`; paths are relative to this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backup_lists: Vec<PathBuf>,
    /// Labels by which its targets can be chosen, for example `{ site = "berlin", tier = "gold" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
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
    /// Labels by which its targets can be chosen, for example `{ site = "berlin", tier = "gold" }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Labels,
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

/// A configuration to begin with.
pub const EXAMPLE: &str = include_str!("../examples/backup-sync.toml");

/// The variable that names the configuration.
pub const VARIABLE: &str = "BACKUP_SYNC_CONFIG";
/// Name of the configuration of a project.
const PROJECT: &str = "backup-sync.toml";

/// The configuration that counts where none is named: that of the folder, else that of the user.
pub fn default_path() -> PathBuf {
    let project = PathBuf::from(PROJECT);
    let user = user_path().filter(|path| path.exists() && !project.exists());
    user.unwrap_or(project)
}

/// The one that counts where no flag names one: that of the environment, else [`default_path`].
pub fn usual_path() -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(default_path, PathBuf::from)
}

/// Where the configuration of the user is.
fn user_path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    };
    Some(folder?.join("backup-sync").join("config.toml"))
}

/// The text of a configuration.
pub fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|cause| {
        let how = "name another one with --config, or write one with `backup-sync config init`";
        Failure::usage(format!("the configuration {} cannot be read: {cause}; {how}", path.display()))
    })
}

impl File {
    /// Reads the file. All problems are told at once.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::parse(&text(path)?, &path.display().to_string())
    }

    fn parse(text: &str, shown: &str) -> Result<Self, Failure> {
        let parsed = parse::parse(text, shown);
        let mut problems = parsed.problems;
        let mut endpoints = BTreeMap::new();
        for (name, endpoint) in parsed.endpoints {
            match endpoint {
                Ok(endpoint) => drop(endpoints.insert(name, endpoint)),
                Err(wrong) => problems.extend(wrong),
            }
        }
        if endpoints.is_empty() && problems.is_empty() {
            problems.push(format!("{shown}: no endpoint is configured"));
        }
        if problems.is_empty() { Ok(Self { endpoints }) } else { Err(Failure::Problems(problems)) }
    }
}

impl Endpoint {
    /// The vendor crate that deals with it.
    pub fn vendor(&self) -> &'static str {
        match self {
            Self::VeeamVb365(_) => "veeam-vb365",
            Self::HuaweiCbr(_) => "huawei-cbr",
            Self::VsphereReplication(_) => "vsphere-replication",
        }
    }
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

    #[test]
    fn a_good_file_is_read() {
        let file = File::parse(GOOD, "x.toml");
        assert!(file.is_ok_and(|file| file.endpoints.contains_key("m365")));
    }

    /// `(from, to)` in the good file, and all messages about it.
    const WRONG: [(&str, &str, &[&str]); 13] = [
        (
            "username",
            "usrname",
            &[
                "x.toml:2:1: endpoint \"m365\": missing field `username`",
                "x.toml:5:1: endpoint \"m365\": unknown field `usrname`; did you mean `username`? (known are url, version, \
                 username, password, labels, tls)",
            ],
        ),
        (
            "{ env = \"M365_PASSWORD\" }",
            "\"plain\"",
            &[
                "x.toml:6:12: endpoint \"m365\", password: the secret itself must not stand here; write { env = \"NAME\" }, \
               { file = \"PATH\" }, { command = [\"PROGRAM\"] } or { keyring = { user = \"NAME\" } }",
            ],
        ),
        (
            "veeam-vb365",
            "veeam-vbr",
            &[
                "x.toml:3:10: endpoint \"m365\": unknown value `veeam-vbr` for vendor; did you mean `veeam-vb365`? (known are \
               veeam-vb365, huawei-cbr, vsphere-replication)",
            ],
        ),
        (
            "vendor = \"veeam-vb365\"\n",
            "",
            &[
                "x.toml:2:1: endpoint \"m365\": missing field `vendor`: one of veeam-vb365, huawei-cbr, vsphere-replication",
            ],
        ),
        ("username = \"sync\"\n", "", &["x.toml:2:1: endpoint \"m365\": missing field `username`"]),
        ("\"sync\"", "sync", &["x.toml:5:12: string values must be quoted, expected literal string"]),
        ("\"sync\"", "5", &["x.toml:5:12: endpoint \"m365\", username: invalid type: integer `5`, expected a string"]),
        (
            "[endpoints.m365]",
            "[endpoint.m365]",
            &["x.toml:2:2: unknown field `endpoint`; did you mean `endpoints`? (known are endpoints)"],
        ),
        ("m365]", "\"a/b\"]", &["x.toml:2:12: the endpoint name \"a/b\" cannot be part of an address"]),
        (
            "username",
            "tls = { fingrprint = \"ab\" }\nusername",
            &[
                "x.toml:5:9: endpoint \"m365\", tls: unknown field `fingrprint`; did you mean `fingerprint`? (known are ca_file, \
               fingerprint, insecure)",
            ],
        ),
        (
            "{ env = \"M365_PASSWORD\" }",
            "{ evn = \"M365_PASSWORD\" }",
            &[
                "x.toml:6:12: endpoint \"m365\", password: unknown value `evn`; did you mean `env`? (known are env, file, command, \
               keyring)",
            ],
        ),
        (
            "username = \"sync\"",
            "username = 5\ntls = { insecure = 1 }\nxyz = 1",
            &[
                "x.toml:6:20: endpoint \"m365\", tls: invalid type: integer `1`, expected a boolean",
                "x.toml:5:12: endpoint \"m365\", username: invalid type: integer `5`, expected a string",
                "x.toml:7:1: endpoint \"m365\": unknown field `xyz` (known are url, version, username, password, labels, tls)",
            ],
        ),
        (
            "[endpoints.m365]",
            "[endpoints]\nm365 = 5\n[x]",
            &[
                "x.toml:4:2: unknown field `x` (known are endpoints)",
                "x.toml:3:8: endpoint \"m365\" is no table; write [endpoints.m365]",
            ],
        ),
    ];

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line_and_column() {
        for (from, to, told) in WRONG {
            let mut wanted: Vec<&str> = told.to_vec();
            let text = GOOD.replacen(from, to, 1);
            let mut got = File::parse(&text, "x.toml").err().map(|failure| failure.lines()).unwrap_or_default();
            wanted.sort_unstable();
            got.sort_unstable();
            assert_eq!(got, wanted, "{text}");
        }
        let empty = File::parse("", "x.toml").err().map(|failure| failure.to_string());
        assert_eq!(empty.as_deref(), Some("x.toml: no endpoint is configured"));
    }

    #[test]
    fn the_example_is_read() {
        assert_eq!(File::parse(EXAMPLE, "x.toml").map(|file| file.endpoints.len()).ok(), Some(3));
    }
}
