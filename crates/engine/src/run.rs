//! The one loop: baseline, start, watch, prove.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::clock::Clock;
use backup_sync_runtime::notice::Notice;
use backup_sync_runtime::{Delivery, Error, Kind, retry};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::event::{Event, EventRecord, Sink, millis};
use crate::journal::{Entry, Journal, JournalError};
use crate::outcome::Outcome;
use crate::provider::{Claim, Ending, Observation, Phase, Provider, Readiness, Target, Verdict};
use crate::report::{Report, TargetReport};
use crate::slot::Slot;

/// How often the vendor is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// Pause after something has changed.
    pub shortest: Duration,
    /// Longest pause while nothing changes.
    pub longest: Duration,
}

impl Default for Polling {
    fn default() -> Self {
        Self { shortest: Duration::from_secs(5), longest: Duration::from_secs(60) }
    }
}

/// How a run behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How often the vendor is asked.
    pub polling: Polling,
    /// How many starts are sent to one endpoint at a time.
    pub starts_at_once: usize,
    /// After this long a target that still runs is left alone.
    pub target_deadline: Duration,
    /// For this long a claimed end that is not visible yet is looked at again.
    pub settle: Duration,
    /// So many failed looks in a row end the watch over an endpoint.
    pub failed_looks: u32,
    /// A target that is synchronizing already is watched instead of started again.
    pub adopt: bool,
    /// A target of which the vendor says that there is nothing to do is started all the same.
    pub force: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            polling: Polling::default(),
            starts_at_once: 4,
            target_deadline: Duration::from_secs(24 * 3600),
            settle: Duration::from_secs(300),
            failed_looks: 20,
            adopt: true,
            force: false,
        }
    }
}

/// Lets somebody else break off a run. The vendors' work goes on.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Breaks the run off.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    fn asked(&self) -> bool {
        *self.0.borrow()
    }

    async fn wait(&self) {
        let mut receiver = self.0.subscribe();
        // The sender is in `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|asked| *asked).await;
    }
}

/// A run over targets of one or more endpoints.
#[derive(Clone)]
pub struct Run {
    /// How it behaves.
    pub options: Options,
    /// The clock for all waiting.
    pub clock: Arc<dyn Clock>,
    /// Where it is written down.
    pub journal: Arc<dyn Journal>,
    /// Where events go.
    pub sink: Arc<dyn Sink>,
    /// Breaks it off.
    pub stop: Stop,
}

impl Run {
    /// Synchronizes all targets and says how each ended, in the order given.
    ///
    /// Each endpoint is dealt with on its own: trouble with one delays no other. Sessions are closed before it returns.
    pub async fn execute(&self, endpoints: Vec<(Arc<dyn Provider>, Vec<Target>)>) -> Report {
        let begun = self.clock.monotonic();
        let planned = endpoints.iter().flat_map(|(_, targets)| targets);
        let planned: Vec<_> = planned.map(|target| (target.address.clone(), target.name.clone())).collect();
        let span = tracing::info_span!("run", targets = planned.len());
        let watches = endpoints.into_iter().map(|(provider, targets)| async move {
            let watch = Watch { run: self, provider: &*provider, begun };
            self.listen(&*provider, begun);
            let breaking_off = async {
                self.stop.wait().await;
                provider.break_off();
                std::future::pending().await
            };
            let reports = tokio::select! {
                reports = watch.all(targets) => reports,
                never = breaking_off => never,
            };
            match tokio::time::timeout(CLOSE_LIMIT, provider.close()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(endpoint = provider.endpoint(), %error, "logging out failed"),
                Err(_) => tracing::warn!(endpoint = provider.endpoint(), "logging out took too long and was left"),
            }
            if let Some(notices) = provider.notices() {
                notices.leave();
            }
            reports
        });
        self.sink.take(EventRecord::new(Duration::ZERO, Event::Planned { targets: planned }));
        let reports: Vec<TargetReport> = join_all(watches).instrument(span).await.into_iter().flatten().collect();
        let duration = self.clock.monotonic().saturating_sub(begun);
        Report::of(reports, millis(duration), self.stop.asked())
    }
}

/// Shorter pauses are not worth telling.
const TOLD: Duration = Duration::from_secs(1);

impl Run {
    /// Turns what the endpoint's connection has to say into events.
    fn listen(&self, provider: &dyn Provider, begun: Duration) {
        let Some(notices) = provider.notices() else { return };
        let (sink, clock, endpoint) = (self.sink.clone(), self.clock.clone(), provider.endpoint().to_owned());
        notices.listen(move |notice| {
            if let Notice::Waiting { operation, reason, pause } = notice
                && pause >= TOLD
            {
                let (endpoint, operation) = (endpoint.clone(), operation.to_owned());
                let event = Event::Waiting { endpoint, operation, reason: reason.into(), pause_ms: millis(pause) };
                sink.take(EventRecord::new(clock.monotonic().saturating_sub(begun), event));
            }
        });
    }
}

/// The watch over one endpoint.
struct Watch<'a> {
    run: &'a Run,
    provider: &'a dyn Provider,
    begun: Duration,
}

/// Looks for a running synchronization after a start whose fate is not known.
const SEARCHES: u32 = 3;

/// A start is compared with a baseline that is not older than so many other starts take.
const WAVE: usize = 25;
/// What is under way when the run is broken off may take so long to end.
const GRACE: Duration = Duration::from_secs(2);
/// Logging out may not hold up the end of a run.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

impl Watch<'_> {
    fn now(&self) -> Duration {
        self.run.clock.monotonic()
    }

    fn tell(&self, event: Event) {
        let at = self.now().saturating_sub(self.begun);
        self.run.sink.take(EventRecord::new(at, event));
    }

    async fn all(&self, targets: Vec<Target>) -> Vec<TargetReport> {
        let mut slots: Vec<Slot> =
            targets.into_iter().map(|target| Slot::new(target, self.provider.vendor(), self.now())).collect();
        let at_once = self.run.options.starts_at_once.max(1);
        for begin in (0..slots.len()).step_by(WAVE) {
            let end = (begin + WAVE).min(slots.len());
            let wave = &mut slots[begin..end];
            self.baselines(wave).await;
            stream::iter(wave.iter_mut().filter(|slot| slot.is_open()))
                .for_each_concurrent(at_once, |slot| {
                    let span = tracing::info_span!("start", target = %slot.target.address);
                    self.start(slot).instrument(span)
                })
                .await;
            // With many targets the first have ended before the last are started.
            if end < slots.len()
                && let Err(error) = self.look(&mut slots).await
            {
                self.look_failed(&error);
            }
        }
        self.watch(&mut slots).await;
        slots.into_iter().map(Slot::report).collect()
    }

    async fn baselines(&self, slots: &mut [Slot]) {
        let targets: Vec<Target> = slots.iter().map(|slot| slot.target.clone()).collect();
        let Some(found) = self.unless_stopped(self.provider.baseline(&targets)).await else {
            for slot in slots {
                self.not_started(slot).await;
            }
            return;
        };
        let baselines = match found.and_then(|found| complete(found, slots.len())) {
            Ok(baselines) => baselines,
            Err(error) => return self.fail_all(slots, &error).await,
        };
        for (slot, baseline) in slots.iter_mut().zip(baselines) {
            slot.baseline = baseline;
            let not_started = match slot.baseline.readiness.clone() {
                Readiness::Ready => None,
                Readiness::Running { .. } if self.run.options.adopt => None,
                Readiness::Running { .. } => {
                    Some(Outcome::Skipped { reason: "it is synchronizing already".to_owned() })
                }
                Readiness::Needless { .. } if self.run.options.force => None,
                Readiness::Needless { reason } | Readiness::Skip { reason } => Some(Outcome::Skipped { reason }),
                Readiness::Broken { reason } => Some(Outcome::Failed { reason }),
            };
            if let Some(outcome) = not_started {
                self.finish(slot, outcome, None).await;
            }
        }
    }

    async fn not_started(&self, slot: &mut Slot) {
        let reason = "the run was broken off before it was started".to_owned();
        self.finish(slot, Outcome::Skipped { reason }, None).await;
    }

    /// Nothing has been sent that starts work, so this is a plain failure.
    async fn fail_all(&self, slots: &mut [Slot], error: &Error) {
        for slot in slots {
            let reason = format!("its state could not be read, so nothing was started: {}", error.chain());
            self.finish(slot, Outcome::Failed { reason }, Some(error)).await;
        }
    }

    /// Starts one target, at most once.
    async fn start(&self, slot: &mut Slot) {
        if self.run.stop.asked() {
            return self.not_started(slot).await;
        }
        slot.started = self.now();
        if let Readiness::Running { job } = slot.baseline.readiness.clone() {
            return self.begin(slot, job, true).await;
        }
        let intent = Entry::Intent { target: slot.target.clone(), baseline: slot.baseline.clone() };
        if let Err(error) = self.run.journal.record(&intent).await {
            let reason = format!("it was not started, because {error}");
            return self.finish(slot, Outcome::Failed { reason }, None).await;
        }
        self.tell(Event::Starting { target: slot.target.address.clone() });
        match self.provider.trigger(&slot.target, &slot.baseline).await {
            Ok(job) => self.begin(slot, job, false).await,
            Err(error) if error.kind() == Kind::BrokenOff => self.not_started(slot).await,
            Err(error) => match error.delivery() {
                Delivery::NeverSent | Delivery::Rejected => {
                    let reason = error.chain();
                    self.finish(slot, Outcome::Failed { reason }, Some(&error)).await;
                }
                Delivery::MaybeApplied | Delivery::Accepted => self.search(slot, &error).await,
            },
        }
    }

    /// The start was sent, but what became of it is not known: look, never send again.
    async fn search(&self, slot: &mut Slot, error: &Error) {
        let mut searches = 0;
        let mut failed = None;
        for look in 0..self.run.options.failed_looks.max(SEARCHES) {
            if look > 0 {
                self.pause(self.shortest()).await;
            }
            let found = self.provider.find_running(&slot.target, &slot.baseline);
            let Some(found) = self.unless_stopped(found).await else { break };
            match found {
                Ok(Some(job)) => return self.begin(slot, job, true).await,
                Ok(None) => {
                    failed = None;
                    searches += 1;
                }
                // Nobody could look, so nothing can be said about what is there.
                Err(error) => {
                    self.look_failed(&error);
                    failed = Some(error);
                }
            }
            if searches >= SEARCHES || self.run.stop.asked() {
                break;
            }
        }
        let sent = if error.delivery() == Delivery::Accepted {
            "the vendor accepted the start, but its answer could not be read"
        } else {
            "the start was sent, but no answer came"
        };
        let found = match failed {
            Some(look) => format!("it could not be looked for ({})", look.chain()),
            None => "no running synchronization of it was found".to_owned(),
        };
        let why = format!("{sent}, and {found}; it was not sent again ({})", error.chain());
        self.finish(slot, Outcome::Unknown { why }, Some(error)).await;
    }

    async fn begin(&self, slot: &mut Slot, job: crate::Job, adopted: bool) {
        let entry = Entry::Job { job: job.clone(), adopted };
        if let Err(error) = self.run.journal.record(&entry).await {
            tracing::error!(target = %slot.target.address, %error, "the job is running but not in the journal");
        }
        let event = slot.begin(job, adopted, self.now());
        self.tell(event);
    }

    async fn watch(&self, slots: &mut [Slot]) {
        let mut failed_looks = 0;
        let mut pause = self.shortest();
        while slots.iter().any(Slot::is_running) {
            if self.run.stop.asked() {
                return self.leave(slots, "the run was broken off; the vendor's work goes on").await;
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
    async fn look(&self, slots: &mut [Slot]) -> Result<bool, Error> {
        let mut running: Vec<&mut Slot> = slots.iter_mut().filter(|slot| slot.is_running()).collect();
        if running.is_empty() {
            return Ok(false);
        }
        let jobs: Vec<crate::Job> = running.iter().filter_map(|slot| slot.job.clone()).collect();
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
        let claims: Vec<Claim<'_>> = claimed
            .iter()
            .filter_map(|slot| {
                Some(Claim { job: slot.job.as_ref()?, baseline: &slot.baseline, last: slot.last.as_ref()? })
            })
            .collect();
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
            self.finish(slot, Outcome::StillRunning { why }, None).await;
        }
    }

    async fn leave(&self, slots: &mut [Slot], why: &str) {
        for slot in slots.iter_mut().filter(|slot| slot.is_running()) {
            self.finish(slot, Outcome::StillRunning { why: why.to_owned() }, None).await;
        }
    }

    async fn lose_sight(&self, slots: &mut [Slot], error: &Error) {
        let why = format!("it was started, but can no longer be watched: {}", error.chain());
        for slot in slots.iter_mut().filter(|slot| slot.is_running()) {
            self.finish(slot, Outcome::Unknown { why: why.clone() }, Some(error)).await;
        }
    }

    async fn finish(&self, slot: &mut Slot, outcome: Outcome, error: Option<&Error>) {
        let entry = Entry::Ended { target: slot.target.clone(), outcome: outcome.clone() };
        if let Err(JournalError(why)) = self.run.journal.record(&entry).await {
            tracing::error!(target = %slot.target.address, why, "the outcome is not in the journal");
        }
        let event = slot.finish(outcome, error, self.now());
        self.tell(event);
    }

    /// The shortest pause that the options and the vendor's quota allow.
    fn shortest(&self) -> Duration {
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
    async fn unless_stopped<T>(&self, read: impl Future<Output = T>) -> Option<T> {
        let mut read = std::pin::pin!(read);
        tokio::select! {
            read = &mut read => Some(read),
            // A session that is being opened just now should still be closed properly.
            () = self.run.stop.wait() => tokio::time::timeout(GRACE, read).await.ok(),
        }
    }

    fn look_failed(&self, error: &Error) {
        let endpoint = self.provider.endpoint().to_owned();
        self.tell(Event::LookFailed { endpoint, error: error.chain() });
    }

    /// Waits, but not beyond a request to break off.
    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = self.run.clock.sleep(pause) => {}
            () = self.run.stop.wait() => {}
        }
    }
}

/// An answer with one entry for each thing asked; less would leave targets unwatched without a word.
fn complete<T>(answers: Vec<T>, asked: usize) -> Result<Vec<T>, Error> {
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
