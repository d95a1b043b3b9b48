//! Going on where an earlier process of the same run stood.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use crate::outcome::Outcome;
use crate::provider::Search;
use crate::slot::Slot;
use crate::start::Hunt;
use crate::watch::Watch;

/// Ended jobs leave the vendors' lists some day, and no vendor says when. What is absent after this long may be
/// forgotten.
const ABSENCE_COUNTS: Duration = Duration::from_secs(24 * 3600);

impl Watch<'_> {
    /// Tells of what has a job or an end already, and looks once for what was perhaps started: most of it is found.
    pub(crate) async fn take_up(&self, slots: &mut [Slot]) {
        for slot in slots.iter_mut() {
            if slot.is_running() {
                self.tell(slot.taken_up());
            }
        }
        for slot in slots.iter_mut().filter(|slot| slot.is_lost()) {
            if self.run.stop.asked() {
                return;
            }
            let since = slot.intended.unwrap_or_else(|| self.run.clock.wall());
            let found = self.provider.find_running(&slot.target, &slot.baseline, since);
            let Some(found) = self.unless_stopped(found).await else { return };
            match found {
                Ok(Search::Found(job)) => self.begin(slot, job, true).await,
                Ok(Search::Absent | Search::CannotTell { .. }) => {}
                Err(error) => self.look_failed(&error),
            }
        }
    }

    /// Decides about starts that were perhaps sent and have not been found. `true`: some have to be started.
    ///
    /// The earlier process may have ended a moment ago, with its request still on the way. So the time that a request
    /// may take counts from the beginning of this process, not from the intent.
    pub(crate) async fn settle_lost(&self, slots: &mut [Slot]) -> bool {
        if !slots.iter().any(Slot::is_lost) {
            return false;
        }
        let due = self.begun.saturating_add(self.run.options.resend_after);
        self.pause(due.saturating_sub(self.now())).await;
        stream::iter(slots.iter_mut().filter(|slot| slot.is_lost()))
            .for_each_concurrent(self.run.options.limits.starts.get(), |slot| self.settle(slot))
            .await;
        slots.iter().any(Slot::is_fresh)
    }

    async fn settle(&self, slot: &mut Slot) {
        let begun = "a start was about to be sent when the earlier process ended";
        let unknown = |why: String| Outcome::Unknown { why };
        if self.run.stop.asked() {
            let why = format!("{begun}, and the run was broken off before it could be looked for");
            return self.leave_open(slot, unknown(why), None).await;
        }
        match self.hunt(slot).await {
            Hunt::Found(job) => self.begin(slot, job, true).await,
            Hunt::Absent if self.counts(slot) => slot.never_arrived(),
            Hunt::Absent => {
                let why = "more than a day has passed, so the vendor may have forgotten it";
                let why = format!("{begun}; no synchronization of it was found, but {why}; it was not sent again");
                self.finish(slot, unknown(why), None).await;
            }
            Hunt::CannotTell(why) => {
                let why = format!("{begun}; no synchronization of it was found: {why}; it was not sent again");
                self.finish(slot, unknown(why), None).await;
            }
            Hunt::Failed(error) => {
                let why = format!("{begun}, and it could not be looked for ({}); it was not sent again", error.chain());
                self.leave_open(slot, unknown(why), Some(&error)).await;
            }
            Hunt::BrokenOff => {
                let why = format!("{begun}, and the run was broken off before it was certain that none arrived");
                self.leave_open(slot, unknown(why), None).await;
            }
        }
    }

    /// Whether the intent is so young that its absence proves something. A clock that was set back proves nothing.
    fn counts(&self, slot: &Slot) -> bool {
        let age = slot.intended.map(|at| self.run.clock.wall().duration_since(at));
        age.and_then(|age| Duration::try_from(age).ok()).is_some_and(|age| age <= ABSENCE_COUNTS)
    }
}
