//! What can be turned on a simulator.

use std::ops::Range;
use std::time::Duration;

/// Knobs; the defaults are what the vendors document, or what is usual where they are silent.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Simulated time that a synchronization, or another task that moves data, takes when no script says otherwise. 6 s.
    pub duration: Duration,
    /// So many more targets are at each endpoint beside the usual ones, ready to be synchronized. 0.
    pub more_targets: usize,
    /// Exactly these targets are there, and neither the usual ones nor more. `None`.
    pub targets: Option<Targets>,
    /// So many backups lie in the bucket of each hybrid vault of CBR and are not known to the vault yet. 3.
    pub backups_per_vault: usize,
    /// Lists of targets give so many at most in one page, whatever a request asks for; 0 leaves that to the vendor. 0.
    pub largest_page: usize,
    /// VB365 and CBR: requests a minute from one client address; 0 permits all. 0.
    pub address_limit: usize,
    /// VB365 and CBR: a refusal for too many requests says when to come again (`Retry-After`). Off.
    pub retry_after: bool,
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
            targets: None,
            backups_per_vault: 3,
            largest_page: 0,
            address_limit: 0,
            retry_after: false,
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

/// How many targets there are. They are numbered from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Ready to be synchronized: repositories out of sync (`repository-1`), hybrid vaults (`hybrid-1`), replications
    /// (`vm-1`).
    pub ready: usize,
    /// Not ready: repositories in sync (`in-sync-1`), vaults without synchronization (`vault-1`), paused replications
    /// (`paused-1`).
    pub other: usize,
}

/// The words for names of targets of one vendor.
pub(crate) struct Words {
    /// The usual targets, and whether they are ready.
    pub(crate) usual: &'static [(&'static str, bool)],
    pub(crate) ready: &'static str,
    pub(crate) other: &'static str,
}

impl Settings {
    /// The size of a page of targets of which `asked` were asked for.
    pub(crate) fn cap(&self, asked: usize) -> usize {
        if self.largest_page == 0 { asked } else { asked.min(self.largest_page) }
    }

    /// Names of the targets and whether they are ready; `more` names those beside the usual ones.
    pub(crate) fn names(&self, words: &Words, more: impl Fn(usize) -> String) -> Vec<(String, bool)> {
        let Some(Targets { ready, other }) = self.targets else {
            let usual = words.usual.iter().map(|(name, ready)| ((*name).to_owned(), *ready));
            return usual.chain((1..=self.more_targets).map(|number| (more(number), true))).collect();
        };
        let numbered = |word: &'static str, count: usize, ready: bool| {
            (1..=count).map(move |number| (format!("{word}-{number}"), ready))
        };
        numbered(words.ready, ready, true).chain(numbered(words.other, other, false)).collect()
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
