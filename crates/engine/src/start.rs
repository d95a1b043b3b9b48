//! Starting: the state before, the intent, one request, and the search when its fate is not known.

use backup_sync_runtime::{Delivery, Error, Kind};
use futures_util::stream::{self, StreamExt as _};
use tracing::Instrument as _;

use crate::event::Event;
use crate::journal::{Entry, JournalError};
use crate::mode::{Mode, Step, step};
use crate::outcome::Outcome;
use crate::provider::{Job, Readiness, Search, Target};
use crate::slot::Slot;
use crate::watch::{Watch, complete};

/// A start is compared with a baseline that is not older than so many other starts take.
const WAVE: usize = 25;
/// So many looks that find nothing are needed to believe it.
const SEARCHES: u32 = 3;
/// Why a target was not started when the run was broken off.
const BROKEN_OFF: &str = "the run was broken off before it was started";

/// What looking for a start of unknown fate has shown.
pub(crate) enum Hunt {
    /// It was found.
    Found(Job),
    /// The vendor has shown often enough that it is not there.
    Absent,
    /// It was not found, and that proves nothing.
    CannotTell(String),
    /// Nobody could look.
    Failed(Error),
    /// The run was broken off before enough was seen.
    BrokenOff,
}

impl Watch<'_> {
    /// Nothing is sent when that cannot be written down.
    pub(crate) async fn refuse(&self, slots: &mut [Slot], error: &JournalError) {
        for slot in slots {
            let reason = format!("it was not started, because {error}");
            self.finish(slot, Outcome::Failed { reason }, None).await;
        }
    }

    /// Starts what has neither a job nor an end, in waves.
    pub(crate) async fn start_fresh(&self, slots: &mut [Slot]) {
        loop {
            let mut wave: Vec<&mut Slot> = slots.iter_mut().filter(|slot| slot.is_fresh()).take(WAVE).collect();
            if wave.is_empty() {
                return;
            }
            self.baselines(&mut wave).await;
            stream::iter(wave.into_iter().filter(|slot| slot.is_open()))
                .for_each_concurrent(self.run.options.limits.starts.get(), |slot| {
                    let span = tracing::info_span!("start", target = %slot.target.address);
                    self.start(slot).instrument(span)
                })
                .await;
            // With many targets the first have ended before the last are started.
            if slots.iter().any(Slot::is_fresh)
                && let Err(error) = self.look(slots).await
            {
                self.look_failed(&error);
            }
        }
    }

    async fn baselines(&self, slots: &mut [&mut Slot]) {
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
            let not_started = match step(&self.run.options, &slot.baseline.readiness) {
                Step::Start | Step::Adopt(_) => continue,
                Step::Skip(reason) => Outcome::Skipped { reason },
                Step::Fail(reason) => Outcome::Failed { reason },
            };
            if self.run.options.mode == Mode::Attach && self.resumed {
                // Nothing has ended, and whoever resumes the run may start it.
                self.put_aside(slot, not_started, None);
            } else {
                self.finish(slot, not_started, None).await;
            }
        }
    }

    /// The run was broken off before anything was sent.
    async fn not_started(&self, slot: &mut Slot) {
        self.leave_open(slot, Outcome::Skipped { reason: BROKEN_OFF.to_owned() }, None).await;
    }

    /// The same where the intent is written down already.
    async fn withdraw(&self, slot: &mut Slot) {
        let entry = Entry::Withdrawn { target: slot.target.address.clone() };
        if let Err(error) = self.record(&entry).await {
            // Who resumes the run looks for a start that was never sent, which is safe.
            tracing::warn!(target = %slot.target.address, %error, "the journal still says that it was about to be started");
        }
        slot.intended = None;
        self.not_started(slot).await;
    }

    /// Nothing has been sent that starts work, so this is a plain failure.
    async fn fail_all(&self, slots: &mut [&mut Slot], error: &Error) {
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
        if let Err(error) = self.record(&intent).await {
            return self.refuse(std::slice::from_mut(slot), &error).await;
        }
        slot.intended = Some(self.run.clock.wall());
        self.tell(Event::Starting { target: slot.target.address.clone() });
        match self.provider.trigger(&slot.target, &slot.baseline).await {
            Ok(job) => self.begin(slot, job, false).await,
            Err(error) => match error.delivery() {
                Delivery::NeverSent if error.kind() == Kind::BrokenOff => self.withdraw(slot).await,
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
        let hunt = self.hunt(slot).await;
        // Where the vendor's silence proves nothing, a later search would say no more.
        let open = !matches!(hunt, Hunt::CannotTell(_));
        let found = match hunt {
            Hunt::Found(job) => return self.begin(slot, job, true).await,
            Hunt::Failed(look) => format!("it could not be looked for ({})", look.chain()),
            Hunt::CannotTell(why) => format!("no running synchronization of it was found: {why}"),
            Hunt::Absent | Hunt::BrokenOff => "no running synchronization of it was found".to_owned(),
        };
        let sent = if error.delivery() == Delivery::Accepted {
            "the vendor accepted the start, but its answer could not be read"
        } else {
            "the start was sent, but no answer came"
        };
        let why = format!("{sent}, and {found}; it was not sent again ({})", error.chain());
        let outcome = Outcome::Unknown { why };
        if open {
            self.leave_open(slot, outcome, Some(error)).await;
        } else {
            self.finish(slot, outcome, Some(error)).await;
        }
    }

    /// Looks for a start of unknown fate until it is found, or not found often enough.
    pub(crate) async fn hunt(&self, slot: &Slot) -> Hunt {
        let since = slot.intended.unwrap_or_else(|| self.run.clock.wall());
        let mut seen = Hunt::BrokenOff;
        let (mut absent, mut mute) = (0, 0);
        for look in 0..self.run.options.failed_looks.max(SEARCHES) {
            if look > 0 {
                self.pause(self.shortest()).await;
            }
            let found = self.provider.find_running(&slot.target, &slot.baseline, since);
            let Some(found) = self.unless_stopped(found).await else { break };
            match found {
                Ok(Search::Found(job)) => return Hunt::Found(job),
                Ok(Search::Absent) => {
                    absent += 1;
                    seen = if absent < SEARCHES { Hunt::BrokenOff } else { Hunt::Absent };
                }
                Ok(Search::CannotTell { why }) => {
                    (absent, mute) = (0, mute + 1);
                    seen = Hunt::CannotTell(why);
                }
                // Nobody could look, so nothing can be said about what is there.
                Err(error) => {
                    self.look_failed(&error);
                    seen = Hunt::Failed(error);
                }
            }
            if absent >= SEARCHES || mute >= SEARCHES || self.run.stop.asked() {
                break;
            }
        }
        seen
    }

    /// There is a job: it is written down and told.
    pub(crate) async fn begin(&self, slot: &mut Slot, job: Job, adopted: bool) {
        let entry = Entry::Job { job: job.clone(), baseline: slot.baseline.clone(), adopted };
        if let Err(error) = self.record(&entry).await {
            tracing::error!(target = %slot.target.address, %error, "the job is running but not in the journal");
        }
        let event = slot.begin(job, adopted, self.now());
        self.tell(event);
    }
}
