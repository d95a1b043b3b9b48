//! What can be turned on a simulator.

use std::ops::Range;
use std::time::Duration;

/// Knobs; the defaults are what the vendors document, or what is usual where they are silent.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Simulated time that a synchronization takes when no script says otherwise. 6 s.
    pub duration: Duration,
    /// So many more targets are at each endpoint beside the usual ones, ready to be synchronized. 0.
    pub more_targets: usize,
    /// So many requests are kept in the log; older ones are dropped. 10,000.
    pub request_log: usize,
    /// VB365: lifetime of an access token. 3600 s.
    pub vb365_token_lifetime: Duration,
    /// VB365: page size where a request names none. 30.
    pub vb365_page_size: usize,
    /// VB365 v7 and v8: a token that was asked for without `disable_antiforgery_token` is not accepted anywhere. Off.
    pub vb365_strict_antiforgery: bool,
    /// IAM: lifetime of a token. 24 h.
    pub iam_token_lifetime: Duration,
    /// CBR: the access key is a temporary one that comes with a security token and ends after this time; `None` gives one
    /// that does not end. `None`.
    pub cbr_temporary_keys: Option<Duration>,
    /// CBR: members of a backup that have no value are null; otherwise they are left out, as in another edition of the
    /// service. On.
    pub cbr_nulls: bool,
    /// vSphere Replication: a session that nobody uses ends after this time. 600 s.
    pub vr_session_idle: Duration,
    /// vSphere Replication: requests a minute from one client address; 0 permits all. 100.
    pub vr_address_limit: usize,
    /// vSphere Replication: requests a minute in one session; 0 permits all. 50.
    pub vr_session_limit: usize,
    /// vSphere Replication: a refusal for too many requests says when to come again (`Retry-After`). Off.
    pub vr_retry_after: bool,
    /// vSphere Replication: members that may be null and have no value are null; otherwise they are left out. Links to
    /// pages that are not there are null in any case. Off.
    pub vr_nulls: bool,
    /// vSphere Replication: what a session sees of a pairing whose remote site it is not logged in to.
    pub vr_without_remote: WithoutRemote,
    /// vSphere Replication: the remote site does not answer in this span of simulated time since the start. `None`.
    pub vr_remote_down: Option<Range<Duration>>,
    /// vSphere Replication: status of a call that needs the login at the remote site and does not have it; 401 comes
    /// without a body. 403.
    pub vr_without_remote_status: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            duration: Duration::from_secs(6),
            more_targets: 0,
            request_log: 10_000,
            vb365_token_lifetime: Duration::from_secs(3600),
            vb365_page_size: 30,
            vb365_strict_antiforgery: false,
            iam_token_lifetime: Duration::from_secs(24 * 3600),
            cbr_temporary_keys: None,
            cbr_nulls: true,
            vr_session_idle: Duration::from_secs(600),
            vr_address_limit: 100,
            vr_session_limit: 50,
            vr_retry_after: false,
            vr_nulls: false,
            vr_without_remote: WithoutRemote::Contract,
            vr_remote_down: None,
            vr_without_remote_status: 403,
        }
    }
}

/// What vSphere Replication answers without a login at the remote site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutRemote {
    /// What the connectivity contract of the vendor says: some calls are refused, lists are partial.
    #[default]
    Contract,
    /// Everything, as if the remote site were logged in to.
    Everything,
}
