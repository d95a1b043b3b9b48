//! Jobs about which nothing changes: since when, and what is known of why.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::event::WaitReason;
use crate::slot::Slot;

/// What requests to an endpoint wait for at the moment, as far as it was told.
#[derive(Debug, Default)]
pub(crate) struct Waits(Mutex<Option<(WaitReason, Duration)>>);

impl Waits {
    /// A request waits until then.
    pub(crate) fn note(&self, reason: WaitReason, until: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((reason, until));
    }

    fn now(&self, now: Duration) -> Option<WaitReason> {
        let noted = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.filter(|(_, until)| now < *until).map(|(reason, _)| reason)
    }
}

/// Since when looks have failed, and the last error.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    pub(crate) since: Duration,
    pub(crate) error: String,
}

/// What has to be said of a job that nobody could see any more in the end.
pub(crate) fn unseen(failing: Option<&Failing>, seen: Option<Duration>, now: Duration) -> String {
    let Some(Failing { error, .. }) = failing else { return String::new() };
    match seen {
        Some(seen) => {
            let ago = now.saturating_sub(seen).as_secs();
            format!(", and that is not certain: the last look that worked was {ago} s ago ({error})")
        }
        None => format!(", and that is not certain: no look has worked ({error})"),
    }
}

/// What is known of why nothing changes: the vendor's word, what is missing for a proof, and what keeps us from seeing more.
pub(crate) fn reason(slot: &Slot, failing: Option<&Failing>, waits: &Waits, now: Duration) -> String {
    let mut known = vec![match &slot.last {
        Some(seen) => match seen.percent {
            Some(percent) => format!("the vendor says {:?} at {percent:.0} %", seen.state),
            None => format!("the vendor says {:?}", seen.state),
        },
        None => "it has not been seen since its start".to_owned(),
    }];
    if let Some(missing) = &slot.missing {
        known.push(format!("its end is claimed but not proven: {missing}"));
    }
    if let Some(Failing { since, error }) = failing {
        known.push(format!("looking has failed for {} s: {error}", now.saturating_sub(*since).as_secs()));
    }
    if let Some(reason) = waits.now(now) {
        known.push(format!("requests wait for {}", reason.words()));
    }
    known.join("; ")
}
