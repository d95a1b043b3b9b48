//! What a client has to know to use a simulated server.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// One simulated server with its credentials.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Endpoint {
    /// Name given to the builder.
    pub name: String,
    /// Name of the vendor crate: `veeam-vb365`, `huawei-cbr` or `vsphere-replication`.
    pub vendor: String,
    /// Version of the API: `v5` to `v8`, `v3`, `v2`.
    pub api_version: String,
    /// Base URL, as the vendor crate's configuration takes it.
    pub url: String,
    /// Base URL of IAM; CBR only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_url: Option<String>,
    /// Region, which is also the name of the project; CBR only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Id of the project; CBR only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Name of the account; CBR only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// User.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Access key (AK) of the same user; CBR only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    /// Secret key (SK) that belongs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
    /// Security token that belongs to them; only if the keys are temporary ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_token: Option<String>,
    /// User at the remote site; vSphere Replication only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_username: Option<String>,
    /// Its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_password: Option<String>,
    /// Certificate to trust, as PEM; only with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// SHA-256 fingerprint of the certificate, 64 hexadecimal digits; only with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What can be synchronized there.
    pub targets: Vec<EndpointTarget>,
}

/// Something that can be synchronized.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EndpointTarget {
    /// `repository`, `vault` or `replication`.
    pub kind: String,
    /// The vendor's id.
    pub id: String,
    /// Its display name.
    pub name: String,
}

impl Endpoint {
    /// An endpoint of which only the place is known.
    pub(crate) fn at(name: &str, vendor: &str, url: String) -> Self {
        Self {
            name: name.to_owned(),
            vendor: vendor.to_owned(),
            api_version: String::new(),
            url,
            iam_url: None,
            region: None,
            project_id: None,
            domain: None,
            username: String::new(),
            password: String::new(),
            access_key: None,
            secret_key: None,
            security_token: None,
            remote_username: None,
            remote_password: None,
            ca_pem: None,
            fingerprint: None,
            targets: Vec::new(),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .field("vendor", &self.vendor)
            .field("api_version", &self.api_version)
            .field("url", &self.url)
            .field("username", &self.username)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}
