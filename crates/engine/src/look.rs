//! Looking: one look at all running jobs of an endpoint, what it shows, and how long to wait for the next.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::{Error, Kind, retry};

use crate::driver::Driver;
use crate::outcome::Outcome;
use crate::provider::{Baseline, Claim, Ending, Job, Observation, Phase, Verdict};
use crate::run::Polling;
use crate::stuck::Failing;
use crate::watch::{Watch, complete};

/// Pauses are longer by up to this share, so that many runs do not ask in step. Never shorter: a pause may be the vendor's.
const JITTER: f64 = 0.1;
/// A job that has been at work for long need not be seen to the second: a look waits for this part of the time that the
/// youngest has been at work.
const AGE_SHARE: u32 = 16;
/// While targets wait to be started, a look takes at most one part in so many of the time: it uses up their quota.
const LOOK_SHARE: u32 = 4;

/// A job that is looked at.
pub(crate) struct Watched {
    pub(crate) place: usize,
    pub(crate) job: Arc<Job>,
    pub(crate) baseline: Arc<Baseline>,
}

/// One look.
pub(crate) struct Look {
    began: Duration,
    places: Vec<usize>,
    /// Nothing when the run was cut short.
    seen: Option<Result<Seen, Error>>,
}

/// What a look has shown.
struct Seen {
    observations: Vec<Observation>,
    /// The vendor's rule applied to claimed ends, by the number of the observation.
    verdicts: Result<Vec<(usize, Verdict)>, Error>,
}

impl Watch<'_> {
    /// Looks at these jobs once, and applies the vendor's rule where an end is claimed.
    pub(crate) async fn look(&self, jobs: Vec<Watched>) -> Look {
        let began = self.now();
        let seen = self.unless_cut(self.look_closely(&jobs)).await;
        Look { began, places: jobs.into_iter().map(|job| job.place).collect(), seen }
    }

    async fn look_closely(&self, jobs: &[Watched]) -> Result<Seen, Error> {
        let asked: Vec<&Job> = jobs.iter().map(|job| &*job.job).collect();
        let observations = complete(self.provider.observe(&asked).await?, asked.len())?;
        drop(asked);
        // A word that nobody knows says nothing; the vendor's rule may still be fulfilled.
        let (numbers, claims): (Vec<usize>, Vec<Claim<'_>>) = jobs
            .iter()
            .zip(&observations)
            .enumerate()
            .filter(|(_, (_, seen))| wants_proof(&seen.phase))
            .map(|(number, (of, last))| (number, Claim { job: &of.job, baseline: &of.baseline, last }))
            .unzip();
        let verdicts = match claims.is_empty() {
            true => Ok(Vec::new()),
            false => self.provider.verify(&claims).await.and_then(|verdicts| complete(verdicts, numbers.len())),
        };
        let verdicts = verdicts.map(|verdicts| numbers.into_iter().zip(verdicts).collect());
        Ok(Seen { observations, verdicts })
    }
}

/// Whether the vendor's rule says something about this phase. Nobody claims a failure or a stop in error.
fn wants_proof(phase: &Phase) -> bool {
    matches!(phase, Phase::Ended(Ending::Claimed) | Phase::Gone | Phase::Unclear)
}

/// An end that needs no proof.
pub(crate) fn firm(phase: &Phase) -> Option<Outcome> {
    match phase {
        Phase::Ended(Ending::Failed(reason)) => Some(Outcome::Failed { reason: reason.clone() }),
        Phase::Ended(Ending::Stopped) => Some(Outcome::Stopped),
        _ => None,
    }
}

/// When to look next.
#[derive(Debug)]
pub(crate) struct Pace {
    pause: Duration,
    pub(crate) due: Duration,
    not_before: Duration,
    failed_looks: u32,
    pub(crate) failing: Option<Failing>,
    /// When a look worked last.
    pub(crate) seen: Option<Duration>,
}

impl Pace {
    /// The first look is due now.
    pub(crate) fn new(shortest: Duration, now: Duration) -> Self {
        Self { pause: shortest, due: now, not_before: now, failed_looks: 0, failing: None, seen: None }
    }

    /// A job has begun: that is a change.
    pub(crate) fn begun(&mut self, only: bool, shortest: Duration, now: Duration) {
        let soon = now.saturating_add(shortest);
        self.due = if only { soon } else { self.due.min(soon) }.max(self.not_before);
    }

    fn after(&mut self, pause: Duration, now: Duration) {
        self.pause = pause;
        self.due = now.saturating_add(pause.mul_f64(1.0 + JITTER * retry::jitter()));
    }
}

impl<'a> Driver<'a> {
    /// What a look has shown is taken over, and the next one is planned.
    pub(crate) async fn looked(&mut self, look: Look) {
        self.looking = false;
        let Some(seen) = look.seen else { return };
        let outcome = match seen {
            Ok(seen) => self.saw(&look.places, seen).await,
            Err(error) => Err(error),
        };
        let now = self.watch.now();
        match outcome {
            Ok(changed) => self.plan_look(changed, now),
            Err(error) => self.look_failed(&error, now).await,
        }
        let took = now.saturating_sub(look.began);
        self.pace.not_before = if self.is_starting() { now.saturating_add(took * (LOOK_SHARE - 1)) } else { now };
        self.pace.due = self.pace.due.max(self.pace.not_before);
        self.recount();
    }

    /// `true`: something has changed.
    async fn saw(&mut self, places: &[usize], seen: Seen) -> Result<bool, Error> {
        let watch = self.watch;
        let now = watch.now();
        let mut changed = false;
        let mut revived = Vec::new();
        for (place, seen) in places.iter().zip(seen.observations) {
            let slot = &mut self.slots[*place];
            // Its deadline may have come during the look.
            if !slot.is_running() {
                continue;
            }
            let ended = firm(&seen.phase);
            let stuck = slot.stuck.is_some();
            changed |= slot.observe(seen, now);
            watch.tell(slot.progress(now));
            if stuck && slot.stuck.is_none() {
                revived.push(*place);
            }
            if let Some(outcome) = ended {
                watch.finish(slot, outcome, None).await;
            }
        }
        for place in revived {
            self.scan_by(place);
        }
        for (number, verdict) in seen.verdicts? {
            let Some(place) = places.get(number) else { continue };
            changed |= self.judge(*place, verdict).await;
        }
        Ok(changed)
    }

    /// Takes over what the vendor's rule says. `true`: the target has ended.
    async fn judge(&mut self, place: usize, verdict: Verdict) -> bool {
        let watch = self.watch;
        let slot = &mut self.slots[place];
        if !slot.is_running() {
            return false;
        }
        let waited = watch.now().saturating_sub(slot.claimed.unwrap_or_default());
        let outcome = match verdict {
            Verdict::Decided(outcome @ Outcome::Succeeded { .. }) => outcome,
            _ if slot.claimed.is_none() => return false,
            Verdict::Decided(outcome) => outcome,
            Verdict::NotYet { otherwise, .. } if waited >= watch.run.options.settle => otherwise,
            Verdict::NotYet { why, .. } => {
                tracing::debug!(target = %slot.target().address, why, "the end is claimed but not proven yet");
                slot.missing = Some(why);
                return false;
            }
            Verdict::Running => {
                (slot.claimed, slot.missing) = (None, None);
                return false;
            }
        };
        watch.finish(slot, outcome, None).await;
        true
    }

    fn plan_look(&mut self, changed: bool, now: Duration) {
        (self.pace.failed_looks, self.pace.failing, self.pace.seen) = (0, None, Some(now));
        let Polling { longest, .. } = self.watch.run.options.polling;
        let shortest = self.watch.shortest();
        let longest = longest.max(shortest);
        let youngest = self.slots.iter().filter(|slot| slot.is_running()).map(|slot| match slot.claimed {
            // Its proof may come at any moment.
            Some(_) => Duration::ZERO,
            None => now.saturating_sub(slot.started),
        });
        let shortest = shortest.max(youngest.min().unwrap_or_default() / AGE_SHARE).min(longest);
        let pause = if changed { shortest } else { (self.pace.pause * 3 / 2).clamp(shortest, longest) };
        self.pace.after(pause, now);
    }

    /// A failed look is not a failed job; but there is an end to looking in vain.
    async fn look_failed(&mut self, error: &Error, now: Duration) {
        self.watch.look_failed(error);
        self.pace.failed_looks += 1;
        let since = self.pace.failing.as_ref().map_or(now, |failing| failing.since);
        self.pace.failing = Some(Failing { since, error: error.chain() });
        // Once may be a limiter or a restart; twice in a row is an answer.
        let refused = matches!(error.kind(), Kind::Auth | Kind::Denied | Kind::Tls) && !error.is_transient();
        let hopeless = refused && self.pace.failed_looks >= 2;
        if hopeless || self.pace.failed_looks >= self.watch.run.options.failed_looks {
            return self.lose_sight(error).await;
        }
        let shortest = self.watch.shortest();
        let longest = self.watch.run.options.polling.longest.max(shortest);
        let wanted = error.retry_after().unwrap_or_default();
        self.pace.after((self.pace.pause * 2).clamp(shortest, longest).max(wanted), now);
    }

    async fn lose_sight(&mut self, error: &Error) {
        let watch = self.watch;
        let why = format!("it was started, but can no longer be watched: {}", error.chain());
        for slot in self.slots.iter_mut().filter(|slot| slot.is_running()) {
            watch.leave_open(slot, Outcome::Unknown { why: why.clone() }, Some(error)).await;
        }
    }
}
