//! The life of one target within a run.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::Error;
use jiff::Timestamp;

use crate::event::{Event, millis};
use crate::facts::Facts;
use crate::outcome::Outcome;
use crate::past::{Past, Stage};
use crate::provider::{Baseline, Claim, Job, Observation, Phase, Target};
use crate::report::TargetReport;
use crate::room::Place;

/// One target: what is known of it and where it stands.
#[derive(Debug)]
pub(crate) struct Slot {
    matter: Matter,
    pub(crate) vendor: Arc<str>,
    pub(crate) baseline: Arc<Baseline>,
    pub(crate) adopted: bool,
    /// Since when it is at work, as far as this process knows.
    pub(crate) started: Duration,
    /// Its place among the jobs that are permitted at a time.
    pub(crate) room: Option<Place>,
    /// When a start was about to be sent, by the time of day.
    pub(crate) intended: Option<Timestamp>,
    /// An earlier process was about to send a start, and nobody knows what became of it.
    pub(crate) lost: bool,
    /// How long it was at work before this process.
    earlier: Duration,
    pub(crate) last: Option<Observation>,
    /// Since when the vendor claims an end that is not proven yet.
    pub(crate) claimed: Option<Duration>,
    /// What is missing for a proof of the claimed end.
    pub(crate) missing: Option<String>,
    changed: Duration,
    /// Why nothing changes, once that has been told.
    pub(crate) stuck: Option<String>,
    percent: Option<u8>,
    end: Option<Box<End>>,
}

/// A target, or its job, which holds it too: many of them are watched at the same time.
#[derive(Debug)]
enum Matter {
    Target(Arc<Target>),
    Job(Arc<Job>),
}

/// How a target ended.
#[derive(Clone, Debug)]
struct End {
    outcome: Outcome,
    error_kind: Option<String>,
    transient: bool,
    duration: Duration,
}

impl Slot {
    /// A target as it was left, at `now` by the clock for waiting and `wall` by the time of day.
    pub(crate) fn new(past: Past, now: Duration, wall: Timestamp) -> Self {
        let since = |at: Timestamp| Duration::try_from(wall.duration_since(at)).unwrap_or_default();
        let mut slot = Self::fresh(past.target, past.vendor.into(), now);
        match past.stage {
            Stage::Planned => {}
            Stage::Intended { baseline, at } => {
                (slot.baseline, slot.intended, slot.lost, slot.earlier) = (baseline.into(), Some(at), true, since(at));
            }
            Stage::Started { job, baseline, adopted, at } => {
                (slot.baseline, slot.matter) = (baseline.into(), Matter::Job(job.into()));
                (slot.adopted, slot.earlier) = (adopted, since(at));
            }
            Stage::Ended(report) => {
                (slot.end, slot.adopted, slot.stuck) = (Some(End::of(&report).into()), report.adopted, report.stuck);
                let target = slot.target().clone();
                slot.matter = Matter::Job(Job { target, ids: report.job, facts: Facts::default() }.into());
            }
        }
        slot
    }

    /// What is to be synchronized.
    pub(crate) fn target(&self) -> &Target {
        match &self.matter {
            Matter::Target(target) => target,
            Matter::Job(job) => &job.target,
        }
    }

    /// The same, to be held while something is under way for it.
    pub(crate) fn share_target(&self) -> Arc<Target> {
        match &self.matter {
            Matter::Target(target) => target.clone(),
            Matter::Job(job) => Arc::new(job.target.clone()),
        }
    }

    /// The vendor's job, if there is one.
    pub(crate) fn job(&self) -> Option<&Arc<Job>> {
        match &self.matter {
            Matter::Target(_) => None,
            Matter::Job(job) => Some(job),
        }
    }

    fn fresh(target: Target, vendor: Arc<str>, now: Duration) -> Self {
        Self {
            matter: Matter::Target(target.into()),
            vendor,
            baseline: Arc::default(),
            adopted: false,
            started: now,
            room: None,
            intended: None,
            lost: false,
            earlier: Duration::ZERO,
            last: None,
            claimed: None,
            missing: None,
            changed: now,
            stuck: None,
            percent: None,
            end: None,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether nothing has been sent for it, or nothing that arrived.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_open() && self.job().is_none() && !self.lost
    }

    /// Whether it has to be looked for.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_open() && self.lost
    }

    /// It is certain that no start of it has arrived.
    pub(crate) fn never_arrived(&mut self) {
        (self.lost, self.intended, self.earlier) = (false, None, Duration::ZERO);
    }

    /// Whether there is a job to look at.
    pub(crate) fn is_running(&self) -> bool {
        self.is_open() && self.job().is_some()
    }

    /// When anything about the job changed last.
    pub(crate) fn changed(&self) -> Duration {
        self.changed
    }

    /// The vendor's own word for its state.
    pub(crate) fn state(&self) -> String {
        self.last.as_ref().map(|seen| seen.state.clone()).unwrap_or_default()
    }

    pub(crate) fn unchanged(&self, now: Duration) -> Duration {
        now.saturating_sub(self.changed)
    }

    /// There is a job, at work since `started`.
    pub(crate) fn begin(&mut self, job: Arc<Job>, adopted: bool, started: Duration, now: Duration) -> Event {
        self.matter = Matter::Job(job);
        self.adopted = adopted;
        self.lost = false;
        (self.started, self.changed) = (started, now);
        self.taken_up()
    }

    /// What is known of its end, for the vendor's rule.
    pub(crate) fn claim(&self) -> Option<Claim<'_>> {
        Some(Claim { job: self.job()?, baseline: &self.baseline, last: self.last.as_ref()? })
    }

    /// The event for a job that is known.
    pub(crate) fn taken_up(&self) -> Event {
        let job = self.job().map(|job| job.ids.clone()).unwrap_or_default();
        Event::Started { target: self.target().address.clone(), job, adopted: self.adopted }
    }

    /// Takes an observation. `true`: something about the job has changed.
    pub(crate) fn observe(&mut self, seen: Observation, now: Duration) -> bool {
        let changed = self.last.as_ref() != Some(&seen);
        if changed {
            (self.changed, self.stuck) = (now, None);
        }
        if let Some(percent) = seen.percent.and_then(shown_percent) {
            self.percent = Some(self.percent.unwrap_or(0).max(percent));
        }
        match seen.phase {
            Phase::Ended(_) | Phase::Gone => self.claimed = self.claimed.or(Some(now)),
            Phase::Waiting | Phase::Running | Phase::Unclear => (self.claimed, self.missing) = (None, None),
        }
        self.last = Some(seen);
        changed
    }

    pub(crate) fn progress(&self, now: Duration) -> Event {
        Event::Progress {
            target: self.target().address.clone(),
            state: self.state(),
            percent: self.percent,
            unchanged_ms: millis(self.unchanged(now)),
        }
    }

    pub(crate) fn finish(&mut self, outcome: Outcome, error: Option<&Error>, now: Duration) -> Event {
        let duration = self.earlier.saturating_add(now.saturating_sub(self.started));
        let end = End {
            outcome: outcome.clone(),
            error_kind: error.map(|error| error.kind().to_string()),
            transient: error.is_some_and(Error::is_transient),
            duration,
        };
        (self.end, self.room, self.last) = (Some(Box::new(end)), None, None);
        Event::Finished { target: self.target().address.clone(), outcome, duration_ms: millis(duration) }
    }

    /// Its endpoint cannot be connected to, so nothing is found out about it now.
    pub(crate) fn unseen(&mut self, error: &Error, now: Duration) {
        let why = format!("its endpoint cannot be used: {}", error.chain());
        let outcome = match (self.job(), self.lost) {
            (Some(_), _) => {
                Outcome::Unknown { why: format!("it was started and could not be looked at, because {why}") }
            }
            (None, true) => {
                Outcome::Unknown { why: format!("it was perhaps started and could not be looked for, because {why}") }
            }
            (None, false) => Outcome::Failed { reason: format!("it was not started, because {why}") },
        };
        self.finish(outcome, Some(error), now);
    }

    /// The event for an end that is known already.
    pub(crate) fn finished(&self) -> Option<Event> {
        let end = self.end.as_ref()?;
        let (target, outcome) = (self.target().address.clone(), end.outcome.clone());
        Some(Event::Finished { target, outcome, duration_ms: millis(end.duration) })
    }

    pub(crate) fn report(&self) -> TargetReport {
        let ids = self.job().map(|job| job.ids.clone()).unwrap_or_default();
        let end = self.end.as_deref().cloned();
        report(self.target().clone(), ids, &self.vendor, self.adopted, end, self.stuck.clone())
    }

    /// The same, of a target with which nobody deals any more.
    pub(crate) fn into_report(self) -> TargetReport {
        let (target, ids) = match self.matter {
            Matter::Target(target) => (Arc::unwrap_or_clone(target), Vec::new()),
            Matter::Job(job) => {
                let Job { target, ids, .. } = Arc::unwrap_or_clone(job);
                (target, ids)
            }
        };
        report(target, ids, &self.vendor, self.adopted, self.end.map(|end| *end), self.stuck)
    }
}

fn report(
    target: Target,
    job: Vec<String>,
    vendor: &str,
    adopted: bool,
    end: Option<End>,
    stuck: Option<String>,
) -> TargetReport {
    let End { outcome, error_kind, transient, duration } = end.unwrap_or_else(End::missing);
    let (vendor, duration_ms) = (vendor.to_owned(), millis(duration));
    let Target { address: target, name, .. } = target;
    TargetReport { target, name, vendor, job, adopted, outcome, error_kind, transient, duration_ms, stuck }
}

impl End {
    fn of(report: &TargetReport) -> Self {
        Self {
            outcome: report.outcome.clone(),
            error_kind: report.error_kind.clone(),
            transient: report.transient,
            duration: Duration::from_millis(report.duration_ms),
        }
    }

    fn missing() -> Self {
        let why = "the run ended without a word about it".to_owned();
        Self { outcome: Outcome::Unknown { why }, error_kind: None, transient: false, duration: Duration::ZERO }
    }
}

/// A vendor's percentage as it may be shown before the end is proven: 0 to 99.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is clamped to 0..=99 first")]
pub(crate) fn shown_percent(percent: f64) -> Option<u8> {
    percent.is_finite().then(|| percent.clamp(0.0, 99.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    fn slot() -> Slot {
        let address = Address { endpoint: "e".into(), kind: "k".into(), id: "i".into() };
        let target = Target { address, name: "n".into(), facts: Facts::default() };
        Slot::new(Past::planned(target, "v"), Duration::ZERO, Timestamp::UNIX_EPOCH)
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
