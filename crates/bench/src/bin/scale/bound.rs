//! The least that a run can take: from the vendors' quotas, the sizes of their pages and the lengths of the jobs.

use std::time::Duration;

/// What a vendor gives and takes.
#[derive(Clone, Copy)]
pub struct Vendor {
    pub name: &'static str,
    /// The simulated course: data arrive after the vendor's task has ended, by this part of its length. Until then nobody
    /// can prove anything, however often he asks, so it is part of the job.
    pub lag: Option<u32>,
    /// Requests in any minute, where the vendor documents a limit.
    pub quota: Option<u32>,
    /// Requests before the first start: logins, lists of targets, their states.
    pub before: u32,
    /// Requests for one look at all targets of an endpoint.
    pub look: u32,
    /// Requests to renew a session, and how often that is.
    pub renewal: Option<(u32, Duration)>,
}

/// The longest pause between two looks while nothing changes, as `--poll` has it by default.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);

/// What one endpoint takes at least.
pub struct Bound {
    pub time: Duration,
    pub requests: u32,
}

impl Vendor {
    /// `lengths`: how long the job of each target takes, in the order of the starts.
    pub fn bound(&self, lengths: &[Duration]) -> Bound {
        // The k-th request of a quota of q a minute cannot be sent before minute (k - 1) / q.
        let start = |place: u32| self.quota.map_or(Duration::ZERO, |quota| MINUTE * ((self.before + place) / quota));
        let lag = |length: Duration| self.lag.map_or(Duration::ZERO, |share| length / share);
        let ends = (0..).zip(lengths).map(|(place, length)| start(place) + *length + lag(*length));
        let time = ends.max().unwrap_or_default();
        let every = |pause: Duration| u32::try_from(time.as_secs().div_ceil(pause.as_secs())).unwrap_or(u32::MAX);
        let renewals = self.renewal.map_or(0, |(requests, age)| requests * every(age));
        let starts = u32::try_from(lengths.len()).unwrap_or(u32::MAX);
        Bound { time, requests: self.before + renewals + starts + self.look * every(LOOK_EVERY) }
    }

    /// The same in words.
    pub fn formula(&self, targets: usize) -> String {
        let Self { name, lag, quota, before, look, renewal } = self;
        let lag = lag.map(|share| format!(" x (1 + 1/{share}): in the simulated course data arrive so much later than the task ends, and before that no end can be proven")).unwrap_or_default();
        let start = quota
            .map_or_else(|| "0".to_owned(), |quota| format!("60 s x floor(({before} + place of its start) / {quota})"));
        let renewals = renewal
            .map(|(requests, age)| format!(" + {requests} x ceil(time / {} s) renewals", age.as_secs()))
            .unwrap_or_default();
        format!(
            "  {name}: time = longest of ({start} + length of its job{lag}); requests = {before} logins and lists + {targets} \
             starts + {look} x ceil(time / 60 s) looks by pages{renewals}"
        )
    }
}
