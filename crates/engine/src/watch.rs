//! The one loop: watch, prove, and know when to stop watching.

use std::time::Duration;

use backup_sync_runtime::{Delivery, Error, Kind, retry};

use crate::event::{Event, EventRecord};
use crate::journal::{Entry, JournalError};
use crate::mode::Mode;
use crate::outcome::Outcome;
use crate::past::Past;
use crate::provider::{Claim, Ending, Observation, Phase, Provider, Verdict};
use crate::report::TargetReport;
use crate::run::{Polling, Run};
use crate::slot::Slot;

/// What is under way when the run is broken off may take so long to end.
const GRACE: Duration = Duration::from_secs(2);

/// The watch over one endpoint.
pub(crate) struct Watch<'a> {
    pub(crate) run: &'a Run,
    pub(crate) provider: &'a dyn Provider,
    pub(crate) begun: Duration,
    /// An earlier process was at work on the run.
    pub(crate) resumed: bool,
}

impl Watch<'_> {
    pub(crate) fn now(&self) -> Duration {
        self.run.clock.monotonic()
    }

    pub(crate) fn tell(&self, event: Event) {
        let at = self.now().saturating_sub(self.begun);
        self.run.sink.take(EventRecord::new(at, event));
    }

    /// Deals with all targets of the endpoint, from where each stands to its end.
    pub(crate) async fn all(&self, pasts: Vec<Past>, refused: Option<&JournalError>) -> Vec<TargetReport> {
        let wall = self.run.clock.wall();
        let mut slots: Vec<Slot> = pasts.into_iter().map(|past| Slot::new(past, self.now(), wall)).collect();
        if let Some(error) = refused {
            self.refuse(&mut slots, error).await;
        }
        self.take_up(&mut slots).await;
        self.start_fresh(&mut slots).await;
        if self.settle_lost(&mut slots).await {
            self.start_fresh(&mut slots).await;
        }
        if self.run.options.mode == Mode::Detach {
            self.detach(&mut slots).await;
        }
        self.watch(&mut slots).await;
        slots.iter().map(Slot::report).collect()
    }

    async fn watch(&self, slots: &mut [Slot]) {
        let mut failed_looks = 0;
        let mut pause = self.shortest();
        while slots.iter().any(Slot::is_running) {
            if self.run.stop.asked() {
                return self.broken_off(slots).await;
            }
            match self.look(slots).await {
                Ok(changed) => {
                    failed_looks = 0;
                    let longest = self.run.options.polling.longest.max(self.shortest());
                    pause = if changed { self.shortest() } else { (pause * 3 / 2).min(longest) };
                }
                Err(error) => {
                    failed_looks += 1;
                    self.look_failed(&error);
                    // Once may be a limiter or a restart; twice in a row is an answer.
                    let refused =
                        matches!(error.kind(), Kind::Auth | Kind::Denied | Kind::Tls) && !error.is_transient();
                    let hopeless = refused && failed_looks >= 2;
                    if hopeless || failed_looks >= self.run.options.failed_looks {
                        return self.lose_sight(slots, &error).await;
                    }
                    pause = error.retry_after().unwrap_or(self.run.options.polling.longest.min(pause * 2));
                }
            }
            self.overdue(slots).await;
            if slots.iter().any(Slot::is_running) {
                // Jitter keeps many runs from asking in step.
                let jittered = pause.mul_f64(0.9 + 0.2 * retry::jitter());
                self.pause(jittered.min(self.until_deadline(slots))).await;
            }
        }
    }

    /// Looks at every running job once. `true`: something has changed.
    pub(crate) async fn look(&self, slots: &mut [Slot]) -> Result<bool, Error> {
        let mut running: Vec<&mut Slot> = slots.iter_mut().filter(|slot| slot.is_running()).collect();
        if running.is_empty() {
            return Ok(false);
        }
        let jobs: Vec<crate::Job> = running.iter().filter_map(|slot| slot.job.clone()).collect();
        let jobs: Vec<&crate::Job> = jobs.iter().collect();
        let Some(seen) = self.unless_stopped(self.provider.observe(&jobs)).await else { return Ok(false) };
        let seen = complete(seen?, jobs.len())?;
        let now = self.now();
        let mut changed = false;
        for (slot, seen) in running.iter_mut().zip(seen) {
            changed |= slot.observe(seen, now);
            self.tell(slot.progress(now));
        }
        // A word that nobody knows says nothing; the vendor's rule may still be fulfilled.
        let mut claimed: Vec<&mut Slot> =
            running.into_iter().filter(|slot| slot.claimed.is_some() || slot.is_unclear()).collect();
        for slot in &mut claimed {
            if let Some(outcome) = firm(slot.last.as_ref()) {
                self.finish(slot, outcome, None).await;
            }
        }
        claimed.retain(|slot| slot.is_open());
        changed |= self.prove(claimed).await?;
        Ok(changed)
    }

    async fn prove(&self, mut claimed: Vec<&mut Slot>) -> Result<bool, Error> {
        if claimed.is_empty() {
            return Ok(false);
        }
        let claims: Vec<Claim<'_>> = claimed.iter().filter_map(|slot| slot.claim()).collect();
        let Some(verdicts) = self.unless_stopped(self.provider.verify(&claims)).await else { return Ok(false) };
        let verdicts = complete(verdicts?, claims.len())?;
        let mut changed = false;
        for (slot, verdict) in claimed.iter_mut().zip(verdicts) {
            let waited = self.now().saturating_sub(slot.claimed.unwrap_or_default());
            let outcome = match verdict {
                Verdict::Decided(outcome @ Outcome::Succeeded { .. }) => outcome,
                _ if slot.claimed.is_none() => continue,
                Verdict::Decided(outcome) => outcome,
                Verdict::NotYet { otherwise, .. } if waited >= self.run.options.settle => otherwise,
                Verdict::NotYet { why, .. } => {
                    tracing::debug!(target = %slot.target.address, why, "the end is claimed but not proven yet");
                    continue;
                }
                Verdict::Running => {
                    slot.claimed = None;
                    continue;
                }
            };
            self.finish(slot, outcome, None).await;
            changed = true;
        }
        Ok(changed)
    }

    async fn overdue(&self, slots: &mut [Slot]) {
        let limit = self.run.options.target_deadline;
        let now = self.now();
        for slot in slots.iter_mut().filter(|slot| slot.is_running() && now.saturating_sub(slot.started) >= limit) {
            let why = format!(
                "it was still at work after {} s, nothing had changed for {} s; it goes on",
                limit.as_secs(),
                slot.unchanged(now).as_secs()
            );
            self.leave_open(slot, Outcome::StillRunning { why }, None).await;
        }
    }

    async fn lose_sight(&self, slots: &mut [Slot], error: &Error) {
        let why = format!("it was started, but can no longer be watched: {}", error.chain());
        for slot in slots.iter_mut().filter(|slot| slot.is_running()) {
            self.leave_open(slot, Outcome::Unknown { why: why.clone() }, Some(error)).await;
        }
    }

    /// The target has ended.
    pub(crate) async fn finish(&self, slot: &mut Slot, outcome: Outcome, error: Option<&Error>) {
        self.end(slot, outcome, error, false).await;
    }

    /// Nothing more is done about the target now, but it can be resumed where it stands.
    pub(crate) async fn leave_open(&self, slot: &mut Slot, outcome: Outcome, error: Option<&Error>) {
        self.end(slot, outcome, error, true).await;
    }

    async fn end(&self, slot: &mut Slot, outcome: Outcome, error: Option<&Error>, open: bool) {
        let event = slot.finish(outcome, error, self.now());
        if let Err(JournalError(why)) = self.record(&Entry::Ended { report: slot.report(), open }).await {
            tracing::error!(target = %slot.target.address, why, "the outcome is not in the journal");
        }
        self.tell(event);
    }

    pub(crate) async fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        self.run.journal.record(self.run.clock.wall(), entry).await
    }

    /// The shortest pause that the options and the vendor's quota allow.
    pub(crate) fn shortest(&self) -> Duration {
        let Polling { shortest, longest } = self.run.options.polling;
        shortest.max(self.provider.pace()).min(longest)
    }

    /// Time until the first target that still runs is overdue.
    fn until_deadline(&self, slots: &[Slot]) -> Duration {
        let limit = self.run.options.target_deadline;
        let now = self.now();
        let left = |slot: &Slot| (slot.started + limit).saturating_sub(now);
        slots.iter().filter(|slot| slot.is_running()).map(left).min().unwrap_or(limit).max(Duration::from_millis(1))
    }

    /// Waits for a read, but not much beyond a request to break off. Never used around a start.
    pub(crate) async fn unless_stopped<T>(
        &self,
        read: impl Future<Output = Result<T, Error>>,
    ) -> Option<Result<T, Error>> {
        let mut read = std::pin::pin!(read);
        let read = tokio::select! {
            read = &mut read => Some(read),
            // A session that is being opened just now should still be closed properly.
            () = self.run.stop.wait() => tokio::time::timeout(GRACE, read).await.ok(),
        };
        // A read that was not sent any more says nothing.
        read.filter(|read| !matches!(read, Err(error) if error.kind() == Kind::BrokenOff))
    }

    pub(crate) fn look_failed(&self, error: &Error) {
        let endpoint = self.provider.endpoint().to_owned();
        self.tell(Event::LookFailed { endpoint, error: error.chain() });
    }

    /// Waits, but not beyond a request to break off.
    pub(crate) async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = self.run.clock.sleep(pause) => {}
            () = self.run.stop.wait() => {}
        }
    }
}

/// An answer with one entry for each thing asked; less would leave targets unwatched without a word.
pub(crate) fn complete<T>(answers: Vec<T>, asked: usize) -> Result<Vec<T>, Error> {
    if answers.len() == asked {
        return Ok(answers);
    }
    let what = format!("the endpoint told of {} of {asked} targets", answers.len());
    Err(Error::new(Kind::Vendor, Delivery::Rejected, what))
}

/// Ends that need no proof: nobody claims a failure or a stop in error.
fn firm(last: Option<&Observation>) -> Option<Outcome> {
    match &last?.phase {
        Phase::Ended(Ending::Failed(reason)) => Some(Outcome::Failed { reason: reason.clone() }),
        Phase::Ended(Ending::Stopped) => Some(Outcome::Stopped),
        _ => None,
    }
}
