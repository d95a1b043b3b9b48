//! What is needed to connect to an appliance.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::clock::{Clock, SystemClock};
use backup_sync_runtime::quota::{Quota, Window};
use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::tls::Trust;
use backup_sync_runtime::{SecretString, Timeouts};

/// A user of a vCenter single sign-on domain.
#[derive(Clone, Debug)]
pub struct Login {
    /// User name, for example `administrator@vsphere.local`.
    pub username: String,
    /// Its password.
    pub password: SecretString,
}

/// The appliance counts 50 requests a minute for one session where they arrive; some of the way is left as margin.
pub(crate) const SESSION_QUOTA: Window = Window { requests: 40, per: Duration::from_secs(60) };
/// The appliance counts 100 requests a minute for one client address.
pub(crate) const ADDRESS_QUOTA: Window = Window { requests: 80, per: Duration::from_secs(60) };
/// A refusal lasts until the appliance's window of a minute has passed.
const THROTTLED: Duration = Duration::from_secs(60);

/// What is needed to connect to one appliance.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the endpoint in addresses and messages.
    pub name: String,
    /// Base URL with the path, for example `https://vrms.example.org/api/rest/vr/v2`.
    pub url: String,
    /// User at the local site.
    pub local: Login,
    /// User at the remote site of each pairing; needed to see both sides, not to synchronize.
    pub remote: Option<Login>,
    /// A session is renewed when it is this old; the appliance's own limit is not documented.
    pub renew_after: Duration,
    /// The shortest pause between two looks; a look costs several requests of the quota.
    pub pace: Duration,
    /// Limit for requests in one session, a little below the appliance's default.
    pub session_quota: Window,
    /// Limit for all requests from this machine to the appliance; to be shared by connections to the same one.
    pub address_quota: Quota,
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
    /// A configuration with usual settings.
    pub fn new(name: impl Into<String>, url: impl Into<String>, local: Login) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            local,
            remote: None,
            renew_after: Duration::from_secs(300),
            pace: Duration::from_secs(15),
            session_quota: SESSION_QUOTA,
            address_quota: Quota::new(ADDRESS_QUOTA),
            trust: Trust::default(),
            timeouts: Timeouts::default(),
            retry: Policy { throttled_base: THROTTLED, throttled_cap: THROTTLED * 2, ..Policy::default() },
            clock: Arc::new(SystemClock),
        }
    }
}
