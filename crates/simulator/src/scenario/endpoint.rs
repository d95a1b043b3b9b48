//! One simulated server of a scenario.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;

use super::fault::Fault;
use super::run::Script;
use super::values::{Count, Length, PositiveCount};
use crate::builder::Vb365Version;
use crate::settings::{Settings, Targets};

/// One simulated server or region.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// What it is.
    pub vendor: Vendor,
    /// Version of the API; `veeam-vb365` only. `v8` when left out.
    pub version: Option<Version>,
    /// How many targets it has; a few usual ones when left out.
    pub targets: Option<TargetCounts>,
    /// How long a synchronization takes when no script says otherwise. `6s` when left out.
    pub duration: Option<Length>,
    /// Lifetime of an access token; `vsphere-replication`: idle time after which a session ends. As the vendor has it
    /// when left out: an hour, 24 hours for `huawei-cbr`, 10 minutes for `vsphere-replication`.
    pub token_lifetime: Option<Length>,
    /// Lists of targets give so many at most in one page, whatever a request asks for. VB365 has pages from v8 on.
    pub page_size: Option<PositiveCount>,
    /// How many requests a minute are accepted. As the vendor documents it when left out: 100 for each address and 50
    /// in each session for `vsphere-replication`, no limit for the others.
    pub rate_limit: Option<RateLimit>,
    /// How the synchronizations of its targets go.
    #[serde(default)]
    pub scripts: Vec<Script>,
    /// Which requests go wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// The vendor of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    /// Veeam Backup for Microsoft 365.
    VeeamVb365,
    /// Huawei Cloud Backup and Recovery.
    HuaweiCbr,
    /// VMware vSphere Replication.
    VsphereReplication,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::VeeamVb365, Self::HuaweiCbr, Self::VsphereReplication];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VeeamVb365 => "veeam-vb365",
            Self::HuaweiCbr => "huawei-cbr",
            Self::VsphereReplication => "vsphere-replication",
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Vendor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|vendor| vendor.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no vendor {text:?}; known are {known}")
        })
    }
}

/// Version of the VB365 REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Version {
    /// `/v5`
    V5,
    /// `/v6`
    V6,
    /// `/v7`
    V7,
    /// `/v8`
    V8,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Vb365Version::from(*self).fmt(f)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::V5, Self::V6, Self::V7, Self::V8];
        all.into_iter().find(|version| version.to_string() == text).ok_or_else(|| {
            let known = all.map(|version| version.to_string()).join(", ");
            format!("there is no version {text:?} of this API; known are {known}")
        })
    }
}

impl From<Version> for Vb365Version {
    fn from(version: Version) -> Self {
        match version {
            Version::V5 => Self::V5,
            Version::V6 => Self::V6,
            Version::V7 => Self::V7,
            Version::V8 => Self::V8,
        }
    }
}

/// How many targets a server has, numbered from 1. When one kind is given, other kinds that are left out count as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetCounts {
    /// `veeam-vb365`: repositories that are out of sync, `repository-1` and so on.
    pub repositories: Option<Count>,
    /// `veeam-vb365`: repositories that are in sync, `in-sync-1` and so on.
    pub in_sync_repositories: Option<Count>,
    /// `huawei-cbr`: hybrid vaults, `hybrid-1` and so on.
    pub vaults: Option<Count>,
    /// `huawei-cbr`: vaults without synchronization, `vault-1` and so on; they are no targets.
    pub other_vaults: Option<Count>,
    /// `huawei-cbr`: backups in the bucket of each hybrid vault that the vault does not know yet. 3 when left out.
    pub backups_per_vault: Option<Count>,
    /// `vsphere-replication`: replications, `vm-1` and so on.
    pub replications: Option<Count>,
    /// `vsphere-replication`: paused replications, `paused-1` and so on.
    pub paused_replications: Option<Count>,
}

impl TargetCounts {
    /// Each key that is given, and the vendor that it is for.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, Vendor)> {
        use Vendor::{HuaweiCbr, VeeamVb365, VsphereReplication};
        [
            ("repositories", VeeamVb365, self.repositories),
            ("in_sync_repositories", VeeamVb365, self.in_sync_repositories),
            ("vaults", HuaweiCbr, self.vaults),
            ("other_vaults", HuaweiCbr, self.other_vaults),
            ("backups_per_vault", HuaweiCbr, self.backups_per_vault),
            ("replications", VsphereReplication, self.replications),
            ("paused_replications", VsphereReplication, self.paused_replications),
        ]
        .into_iter()
        .filter_map(|(key, vendor, count)| count.map(|_| (key, vendor)))
    }
}

/// How many requests a minute are accepted; 0 permits all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// From one client address.
    pub requests: Option<Count>,
    /// In one session; `vsphere-replication` only.
    pub per_session: Option<Count>,
    /// Whether a refusal says when to come again (`Retry-After`). No when left out.
    #[serde(default)]
    pub retry_after: bool,
}

impl Endpoint {
    /// As the simulator knows it.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(duration) = self.duration {
            settings.duration = duration.get();
        }
        if let Some(lifetime) = self.token_lifetime.map(Length::get) {
            settings.vb365_token_lifetime = lifetime;
            settings.iam_token_lifetime = lifetime;
            settings.vr_session_idle = lifetime;
        }
        settings.largest_page = self.page_size.map_or(0, PositiveCount::get);
        if let Some(limit) = self.rate_limit {
            limit.apply(&mut settings);
        }
        if let Some(targets) = self.targets {
            targets.apply(self.vendor, &mut settings);
        }
        settings
    }
}

impl RateLimit {
    fn apply(self, settings: &mut Settings) {
        if let Some(requests) = self.requests {
            settings.address_limit = requests.get();
            settings.vr_address_limit = requests.get();
        }
        if let Some(requests) = self.per_session {
            settings.vr_session_limit = requests.get();
        }
        settings.retry_after = self.retry_after;
        settings.vr_retry_after = self.retry_after;
    }
}

impl TargetCounts {
    fn apply(self, vendor: Vendor, settings: &mut Settings) {
        let (ready, other) = match vendor {
            Vendor::VeeamVb365 => (self.repositories, self.in_sync_repositories),
            Vendor::HuaweiCbr => (self.vaults, self.other_vaults),
            Vendor::VsphereReplication => (self.replications, self.paused_replications),
        };
        if ready.is_some() || other.is_some() {
            let count = |count: Option<Count>| count.map_or(0, Count::get);
            settings.targets = Some(Targets { ready: count(ready), other: count(other) });
        }
        if let Some(backups) = self.backups_per_vault {
            settings.backups_per_vault = backups.get();
        }
    }
}
