//! Going on where an earlier process of the same run stood.

use std::time::Duration;

use crate::driver::Driver;
use crate::outcome::Outcome;
use crate::provider::Search;
use crate::slot::Slot;
use crate::start::Hunt;

/// Ended jobs leave the vendors' lists some day, and no vendor says when. What is absent after this long may be
/// forgotten.
const ABSENCE_COUNTS: Duration = Duration::from_secs(24 * 3600);
/// What the outcome of a lost start begins with.
const BEGUN: &str = "a start was about to be sent when the earlier process ended";

impl Driver<'_> {
    /// Tells of what has a job already, and looks once for what was perhaps started: most of it is found.
    pub(crate) async fn take_up(&mut self) {
        for slot in self.slots.iter_mut().filter(|slot| slot.is_running()) {
            slot.room = Some(self.watch.room.take());
            self.watch.tell(slot.taken_up());
        }
        for place in 0..self.slots.len() {
            let slot = &self.slots[place];
            if !slot.is_lost() {
                continue;
            }
            if self.watch.cut().is_some() {
                return;
            }
            let since = slot.intended.unwrap_or_else(|| self.watch.run.clock.wall());
            let (target, baseline) = (slot.share_target(), slot.baseline.clone());
            let Some(found) = self.watch.find(&target, &baseline, since).await else { return };
            match found {
                Ok(Search::Found(job)) => {
                    let started = self.watch.begun(job, &baseline, true, self.watch.now()).await;
                    self.started(place, started).await;
                }
                Ok(Search::Absent | Search::CannotTell { .. }) => {}
                Err(error) => self.watch.look_failed(&error),
            }
        }
    }

    /// Decides about a start that was perhaps sent and has been looked for.
    pub(crate) async fn hunted(&mut self, place: usize, hunt: Hunt) {
        let watch = self.watch;
        let counts = self.counts(place);
        let slot = &mut self.slots[place];
        let unknown = |why: String| Outcome::Unknown { why };
        match hunt {
            Hunt::Found(job) => {
                let started = watch.begun(job, &slot.baseline.clone(), true, slot.started).await;
                self.started(place, started).await;
            }
            Hunt::Absent if counts => {
                slot.never_arrived();
                self.fresh.push_back(place);
            }
            Hunt::Absent => {
                let why = "more than a day has passed, so the vendor may have forgotten it";
                let why = format!("{BEGUN}; no synchronization of it was found, but {why}; it was not sent again");
                watch.finish(slot, unknown(why), None).await;
            }
            Hunt::CannotTell(why) => {
                let why = format!("{BEGUN}; no synchronization of it was found: {why}; it was not sent again");
                watch.finish(slot, unknown(why), None).await;
            }
            Hunt::Failed(error) => {
                let why = format!("{BEGUN}, and it could not be looked for ({}); it was not sent again", error.chain());
                watch.leave_open(slot, unknown(why), Some(&error)).await;
            }
            Hunt::BrokenOff => {
                let why = format!("{BEGUN}, and the run ended before it was certain that none arrived");
                watch.leave_open(slot, unknown(why), None).await;
            }
        }
    }

    /// The run is cut short before a lost start was looked for.
    pub(crate) async fn not_hunted(&mut self, place: usize) {
        let why = format!("{BEGUN}, and this run ended before it could be looked for");
        self.watch.leave_open(&mut self.slots[place], Outcome::Unknown { why }, None).await;
    }

    /// Whether the intent is so young that its absence proves something. A clock that was set back proves nothing.
    fn counts(&self, place: usize) -> bool {
        let slot: &Slot = &self.slots[place];
        let age = slot.intended.map(|at| self.watch.run.clock.wall().duration_since(at));
        age.and_then(|age| Duration::try_from(age).ok()).is_some_and(|age| age <= ABSENCE_COUNTS)
    }
}
