//! Stopping: find what runs, ask the vendor to stop it, and look until it has really stopped.

use std::sync::Arc;

use backup_sync_runtime::{Delivery, Error};
use futures_util::stream::{self, StreamExt as _};

use crate::event::Event;
use crate::look::firm;
use crate::mode::nothing_runs;
use crate::outcome::Outcome;
use crate::past::Past;
use crate::provider::{Claim, Phase, Provider, Readiness, Target, Verdict};
use crate::report::{Report, TargetReport};
use crate::run::{Dark, Run, Task};
use crate::slot::Slot;
use crate::watch::{Watch, complete};

impl Run {
    /// Stops the synchronizations of these targets, whoever started them, and says what became of each, in the order given.
    ///
    /// A target whose job is known is stopped by that, for the others the running job is looked for. The report says
    /// `stopped` of what is no longer at work, `succeeded` of what ended by itself in the same moment, `skipped` where
    /// nothing runs, `failed` where the vendor cannot stop it or refuses to, and `still-running` of what was at work at the
    /// deadline of [`Options::target_deadline`](crate::Options::target_deadline) all the same. The journal learns of what has
    /// ended, and of the rest that it is open still.
    ///
    /// Targets of `dark` endpoints are put aside as in [`Run::resume`].
    pub async fn stop_jobs(&self, pasts: Vec<Past>, providers: Vec<Arc<dyn Provider>>, dark: &[Dark]) -> Report {
        self.take_on(pasts, providers, dark, Task::Stop).await
    }
}

impl Watch<'_> {
    /// Stops what runs of these targets.
    pub(crate) async fn stop_all(&self, pasts: Vec<Past>) -> Vec<TargetReport> {
        let wall = self.run.clock.wall();
        let mut slots: Vec<Slot> = pasts.into_iter().map(|past| Slot::new(past, self.now(), wall)).collect();
        self.find_jobs(&mut slots).await;
        self.drop_ended(&mut slots).await;
        self.stop_running(&mut slots.iter_mut().filter(|slot| slot.is_running()).collect::<Vec<_>>()).await;
        slots.iter().map(Slot::report).collect()
    }

    /// Looks for the running jobs of targets without one.
    async fn find_jobs(&self, slots: &mut [Slot]) {
        for slot in slots.iter().filter(|slot| slot.is_running()) {
            self.tell(slot.taken_up());
        }
        let mut without: Vec<&mut Slot> =
            slots.iter_mut().filter(|slot| slot.is_open() && !slot.is_running()).collect();
        if without.is_empty() {
            return;
        }
        let targets: Vec<Target> = without.iter().map(|slot| slot.target().clone()).collect();
        let Some(found) = self.unless_cut(self.provider.baseline(&targets)).await else {
            return self.not_asked(&mut without).await;
        };
        let found = match found.and_then(|found| complete(found, targets.len())) {
            Ok(found) => found,
            Err(error) => {
                let reason = format!("its state could not be read, so nothing was stopped: {}", error.chain());
                return without.into_iter().for_each(|slot| {
                    self.put_aside(slot, Outcome::Failed { reason: reason.clone() }, Some(&error));
                });
            }
        };
        for (slot, found) in without.into_iter().zip(found) {
            match found.readiness.clone() {
                Readiness::Running { job } => {
                    // Where a start was sent before, its end is compared with the state before that.
                    if slot.intended.is_none() {
                        slot.baseline = found.into();
                    }
                    self.begin(slot, *job, true).await;
                }
                readiness => self.put_aside(slot, Outcome::Skipped { reason: nothing_runs(&readiness) }, None),
            }
        }
    }

    /// A job of the journal may have ended meanwhile. What its end was is not for whoever stops jobs to say.
    async fn drop_ended(&self, slots: &mut [Slot]) {
        if let Err(error) = self.see(&mut slots.iter_mut().filter(|slot| slot.is_running()).collect::<Vec<_>>()).await {
            self.look_failed(&error);
        }
        for slot in slots.iter_mut().filter(|slot| slot.is_running() && has_ended(slot)) {
            let reason = "no synchronization of it runs: its job has ended".to_owned();
            self.put_aside(slot, Outcome::Skipped { reason }, None);
        }
    }

    /// Asks the vendor to stop these jobs, and looks until they have stopped.
    pub(crate) async fn stop_running(&self, slots: &mut [&mut Slot]) {
        if self.run.stop.asked() {
            return self.not_asked(slots).await;
        }
        stream::iter(slots.iter_mut())
            .for_each_concurrent(self.run.options.limits.starts.get(), |slot| self.ask_to_stop(slot))
            .await;
        let asked = self.now();
        let mut failed_looks = 0;
        while slots.iter().any(|slot| slot.is_running()) && !self.run.stop.asked() {
            match self.look_for_stops(slots).await {
                Ok(()) => failed_looks = 0,
                Err(error) => {
                    self.look_failed(&error);
                    failed_looks += 1;
                    if failed_looks >= self.run.options.failed_looks {
                        return self.lost(slots, &error).await;
                    }
                }
            }
            let left = self.run.options.target_deadline.saturating_sub(self.now().saturating_sub(asked));
            if left.is_zero() {
                break;
            }
            if slots.iter().any(|slot| slot.is_running()) {
                self.pause(self.shortest().min(left)).await;
            }
        }
        self.not_stopped(slots).await;
    }

    async fn ask_to_stop(&self, slot: &mut Slot) {
        let Some(job) = slot.job().cloned() else { return };
        self.tell(Event::Stopping { target: slot.target().address.clone(), job: job.ids.clone() });
        match self.provider.stop(&job).await {
            Ok(true) => {}
            Ok(false) => {
                let why = format!("it was not stopped: {} offers no call that stops this job; it goes on", slot.vendor);
                self.goes_on(slot, why, None).await;
            }
            Err(error) if matches!(error.delivery(), Delivery::NeverSent | Delivery::Rejected) => {
                let why = format!("it was not stopped: {}", error.chain());
                self.goes_on(slot, why, Some(&error)).await;
            }
            // It may be stopping. Whether it is can be seen.
            Err(error) => self.look_failed(&error),
        }
    }

    /// It is not stopped. Who asked for nothing else has failed; a run that was broken off leaves it at work.
    async fn goes_on(&self, slot: &mut Slot, why: String, error: Option<&Error>) {
        match self.run.options.stop_on_break {
            Some(_) => self.leave_open(slot, Outcome::StillRunning { why }, error).await,
            None => self.put_aside(slot, Outcome::Failed { reason: why }, error),
        }
    }

    /// Looks at jobs that should stop. What has ended by itself all the same, well or badly, has ended so.
    async fn look_for_stops(&self, slots: &mut [&mut Slot]) -> Result<(), Error> {
        let mut running: Vec<&mut Slot> =
            slots.iter_mut().filter(|slot| slot.is_running()).map(|slot| &mut **slot).collect();
        self.see(&mut running).await?;
        let mut over: Vec<&mut Slot> = running.into_iter().filter(|slot| has_ended(slot)).collect();
        let claims: Vec<Claim<'_>> = over.iter().filter_map(|slot| slot.claim()).collect();
        if claims.is_empty() {
            return Ok(());
        }
        let Some(verdicts) = self.unless_cut(self.provider.verify(&claims)).await else { return Ok(()) };
        let verdicts = complete(verdicts?, claims.len())?;
        for (slot, verdict) in over.iter_mut().zip(verdicts) {
            let outcome = match (slot.last.as_ref().and_then(|seen| firm(&seen.phase)), verdict) {
                (Some(outcome), _) => outcome,
                (None, Verdict::Decided(outcome @ (Outcome::Succeeded { .. } | Outcome::Failed { .. }))) => outcome,
                (None, Verdict::Running) => continue,
                (None, _) => Outcome::Stopped,
            };
            self.finish(slot, outcome, None).await;
        }
        Ok(())
    }

    /// Takes one look at these jobs.
    async fn see(&self, running: &mut [&mut Slot]) -> Result<(), Error> {
        let jobs: Vec<_> = running.iter().filter_map(|slot| slot.job().cloned()).collect();
        if jobs.is_empty() {
            return Ok(());
        }
        let asked: Vec<&crate::Job> = jobs.iter().map(|job| &**job).collect();
        let Some(seen) = self.unless_cut(self.provider.observe(&asked)).await else { return Ok(()) };
        let now = self.now();
        for (slot, seen) in running.iter_mut().zip(complete(seen?, jobs.len())?) {
            slot.observe(seen, now);
            self.tell(slot.progress(now));
        }
        Ok(())
    }

    /// The call was broken off before the vendor was asked.
    async fn not_asked(&self, slots: &mut [&mut Slot]) {
        let why = "it was broken off before the vendor was asked to stop it; it goes on if it runs";
        for slot in slots.iter_mut().filter(|slot| slot.is_open()) {
            self.leave_open(slot, Outcome::StillRunning { why: why.to_owned() }, None).await;
        }
    }

    /// What was asked to stop and is still at work.
    async fn not_stopped(&self, slots: &mut [&mut Slot]) {
        let limit = self.run.options.target_deadline.as_secs_f64();
        let why = match self.run.stop.asked() {
            true => "the vendor was asked to stop it, and nobody has waited for that".to_owned(),
            false => format!("the vendor was asked to stop it, and it was still at work after {limit} s"),
        };
        for slot in slots.iter_mut().filter(|slot| slot.is_running()) {
            self.leave_open(slot, Outcome::StillRunning { why: why.clone() }, None).await;
        }
    }

    async fn lost(&self, slots: &mut [&mut Slot], error: &Error) {
        let why = format!("the vendor was asked to stop it, but it can no longer be watched: {}", error.chain());
        for slot in slots.iter_mut().filter(|slot| slot.is_running()) {
            self.leave_open(slot, Outcome::Unknown { why: why.clone() }, Some(error)).await;
        }
    }
}

fn has_ended(slot: &Slot) -> bool {
    slot.last.as_ref().is_some_and(|seen| matches!(seen.phase, Phase::Ended(_) | Phase::Gone))
}
