//! What is needed to connect to a region.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::clock::{Clock, SystemClock};
use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::tls::Trust;
use backup_sync_runtime::{SecretString, Timeouts};

use crate::backup_list::BackupList;
use crate::signing::Keys;

/// How requests are authenticated.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// With a token that IAM gives for a password.
    Password {
        /// Name of the account (domain).
        domain: String,
        /// User within the account.
        username: String,
        /// Its password.
        password: SecretString,
    },
    /// With a signature over every request, made from an access key.
    Keys(Keys),
}

impl Credentials {
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::Password { password, .. } => vec![password.clone()],
            Self::Keys(keys) => {
                let both = [SecretString::from(keys.access.as_str()), keys.secret.clone()];
                both.into_iter().chain(keys.security_token.clone()).collect()
            }
        }
    }
}

/// What is needed to connect to CBR in one region.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the endpoint in addresses and messages.
    pub name: String,
    /// Region, for example `ap-southeast-3`; the project that belongs to it has the same name.
    pub region: String,
    /// Base URL of CBR; that of the region by default.
    pub url: String,
    /// Base URL of IAM; that of the region by default.
    pub iam_url: String,
    /// How requests are authenticated.
    pub credentials: Credentials,
    /// Project id; found by the region's name when it is not given.
    pub project_id: Option<String>,
    /// Lists of on-premises backups that can be synchronized.
    pub backup_lists: Vec<BackupList>,
    /// Which certificates are accepted.
    pub trust: Trust,
    /// Deadlines of a single request.
    pub timeouts: Timeouts,
    /// When requests are sent again.
    pub retry: Policy,
    /// The clock for all waiting.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// A configuration for `region` with usual settings.
    pub fn new(name: impl Into<String>, region: impl Into<String>, credentials: Credentials) -> Self {
        let region = region.into();
        Self {
            name: name.into(),
            url: format!("https://cbr.{region}.myhuaweicloud.com"),
            iam_url: iam_url(&region),
            region,
            credentials,
            project_id: None,
            backup_lists: Vec::new(),
            trust: Trust::default(),
            timeouts: Timeouts::default(),
            retry: Policy {
                // The vendor's advice for throttled calls is a minute and more.
                throttled_base: Duration::from_secs(60),
                throttled_cap: Duration::from_secs(16 * 60),
                overall: Duration::from_secs(40 * 60),
                ..Policy::default()
            },
            clock: Arc::new(SystemClock),
        }
    }
}

/// Regions whose IAM is the central one.
const CENTRAL_IAM: [&str; 7] =
    ["af-north-1", "ap-southeast-5", "cn-north-11", "cn-south-4", "cn-southwest-3", "eu-west-101", "ru-northwest-2"];

fn iam_url(region: &str) -> String {
    if CENTRAL_IAM.contains(&region) {
        "https://iam.myhuaweicloud.com".to_owned()
    } else {
        format!("https://iam.{region}.myhuaweicloud.com")
    }
}
