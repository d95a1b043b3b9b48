//! The life of one target within a run.

use std::time::Duration;

use backup_sync_runtime::Error;

use crate::event::{Event, millis};
use crate::outcome::Outcome;
use crate::provider::{Baseline, Job, Observation, Phase, Target};
use crate::report::TargetReport;

/// One target: what is known of it and where it stands.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) target: Target,
    pub(crate) vendor: &'static str,
    pub(crate) baseline: Baseline,
    pub(crate) job: Option<Job>,
    pub(crate) adopted: bool,
    pub(crate) started: Duration,
    pub(crate) last: Option<Observation>,
    /// Since when the vendor claims an end that is not proven yet.
    pub(crate) claimed: Option<Duration>,
    changed: Duration,
    percent: Option<u8>,
    end: Option<End>,
}

/// How a target ended.
#[derive(Debug)]
struct End {
    outcome: Outcome,
    error_kind: Option<String>,
    transient: bool,
    duration: Duration,
}

impl Slot {
    pub(crate) fn new(target: Target, vendor: &'static str, now: Duration) -> Self {
        Self {
            target,
            vendor,
            baseline: Baseline::default(),
            job: None,
            adopted: false,
            started: now,
            last: None,
            claimed: None,
            changed: now,
            percent: None,
            end: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether the vendor's last word says neither that it runs nor that it is over.
    pub(crate) fn is_unclear(&self) -> bool {
        self.last.as_ref().is_some_and(|seen| seen.phase == Phase::Unclear)
    }

    /// Whether there is a job to look at.
    pub(crate) fn is_running(&self) -> bool {
        self.is_open() && self.job.is_some()
    }

    pub(crate) fn unchanged(&self, now: Duration) -> Duration {
        now.saturating_sub(self.changed)
    }

    pub(crate) fn begin(&mut self, job: Job, adopted: bool, now: Duration) -> Event {
        let ids = job.ids.clone();
        self.job = Some(job);
        self.adopted = adopted;
        self.changed = now;
        Event::Started { target: self.target.address.clone(), job: ids, adopted }
    }

    /// Takes an observation. `true`: something about the job has changed.
    pub(crate) fn observe(&mut self, seen: Observation, now: Duration) -> bool {
        let changed = self.last.as_ref() != Some(&seen);
        if changed {
            self.changed = now;
        }
        if let Some(percent) = seen.percent.and_then(shown_percent) {
            self.percent = Some(self.percent.unwrap_or(0).max(percent));
        }
        match seen.phase {
            Phase::Ended(_) | Phase::Gone => self.claimed = self.claimed.or(Some(now)),
            Phase::Waiting | Phase::Running | Phase::Unclear => self.claimed = None,
        }
        self.last = Some(seen);
        changed
    }

    pub(crate) fn progress(&self, now: Duration) -> Event {
        Event::Progress {
            target: self.target.address.clone(),
            state: self.last.as_ref().map(|seen| seen.state.clone()).unwrap_or_default(),
            percent: self.percent,
            unchanged_ms: millis(self.unchanged(now)),
        }
    }

    pub(crate) fn finish(&mut self, outcome: Outcome, error: Option<&Error>, now: Duration) -> Event {
        let duration = now.saturating_sub(self.started);
        self.end = Some(End {
            outcome: outcome.clone(),
            error_kind: error.map(|error| error.kind().to_string()),
            transient: error.is_some_and(Error::is_transient),
            duration,
        });
        Event::Finished { target: self.target.address.clone(), outcome, duration_ms: millis(duration) }
    }

    pub(crate) fn report(self) -> TargetReport {
        let nothing = || End {
            outcome: Outcome::Unknown { why: "the run ended without a word about it".to_owned() },
            error_kind: None,
            transient: false,
            duration: Duration::ZERO,
        };
        let end = self.end.unwrap_or_else(nothing);
        TargetReport {
            target: self.target.address,
            name: self.target.name,
            vendor: self.vendor.to_owned(),
            job: self.job.map(|job| job.ids).unwrap_or_default(),
            adopted: self.adopted,
            outcome: end.outcome,
            error_kind: end.error_kind,
            transient: end.transient,
            duration_ms: millis(end.duration),
        }
    }
}

/// A vendor's percentage as it may be shown before the end is proven: 0 to 99.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is clamped to 0..=99 first")]
fn shown_percent(percent: f64) -> Option<u8> {
    percent.is_finite().then(|| percent.clamp(0.0, 99.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::provider::Facts;

    fn slot() -> Slot {
        let address = Address { endpoint: "e".into(), kind: "k".into(), id: "i".into() };
        Slot::new(Target { address, name: "n".into(), facts: Facts::default() }, "v", Duration::ZERO)
    }

    fn running(percent: f64) -> Observation {
        Observation { phase: Phase::Running, percent: Some(percent), state: "Running".into(), facts: Facts::default() }
    }

    fn percent(slot: &Slot) -> Option<u8> {
        match slot.progress(Duration::ZERO) {
            Event::Progress { percent, .. } => percent,
            _ => None,
        }
    }

    #[test]
    fn percent_never_runs_back_and_never_shows_a_hundred() {
        let mut slot = slot();
        assert_eq!(percent(&slot), None);
        let shown: Vec<_> = [0.0, 55.5, 20.0, f64::NAN, 100.0, 250.0, -3.0]
            .into_iter()
            .map(|value| {
                slot.observe(running(value), Duration::ZERO);
                percent(&slot)
            })
            .collect();
        assert_eq!(shown, [Some(0), Some(55), Some(55), Some(55), Some(99), Some(99), Some(99)]);
    }

    #[test]
    fn time_without_change_is_measured_from_the_last_change() {
        let mut slot = slot();
        assert!(slot.observe(running(1.0), Duration::from_secs(10)));
        assert!(!slot.observe(running(1.0), Duration::from_secs(70)));
        assert_eq!(slot.unchanged(Duration::from_secs(70)), Duration::from_secs(60));
    }
}
