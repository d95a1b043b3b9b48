//! Starting: the intent, one request, and the search when its fate is not known. Each start is work of its own beside the
//! looks; what it has come to is told by [`Started`].

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::{Delivery, Error, Kind};
use jiff::Timestamp;

use crate::event::Event;
use crate::journal::Entry;
use crate::mode::{Step, step};
use crate::outcome::Outcome;
use crate::provider::{Baseline, Job, Readiness, Search, Target};
use crate::slot::Slot;
use crate::watch::{Cut, Watch};

/// So many looks that find nothing are needed to believe it.
const SEARCHES: u32 = 3;

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
    /// The run was cut short before enough was seen.
    BrokenOff,
}

/// What has become of a target that was to be started.
pub(crate) enum Started {
    /// There is a job, and it is written down.
    Job {
        job: Arc<Job>,
        /// It was found, not started.
        adopted: bool,
        /// Since when it is at work.
        since: Duration,
    },
    /// Nothing was sent, because the run was cut short.
    NotSent(Cut),
    /// It has ended, or nothing more is done about it now.
    Ended {
        outcome: Outcome,
        error: Option<Error>,
        /// It can be resumed.
        open: bool,
    },
}

/// Whether a refusal may mean that a synchronization runs already; vendors say that with different statuses.
fn may_run(error: &Error) -> bool {
    matches!(error.kind(), Kind::Conflict | Kind::Vendor)
}

impl Watch<'_> {
    /// Starts one target, at most once.
    pub(crate) async fn start(&self, target: Arc<Target>, baseline: Arc<Baseline>) -> Started {
        if let Some(cut) = self.cut() {
            return Started::NotSent(cut);
        }
        let since = self.now();
        if let Readiness::Running { job } = &baseline.readiness {
            return self.begun(Job::clone(job), &baseline, true, since).await;
        }
        let intent = Entry::Intent { target: Target::clone(&target), baseline: Baseline::clone(&baseline) };
        if let Err(error) = self.record(&intent).await {
            let outcome = Outcome::Failed { reason: format!("it was not started, because {error}") };
            return Started::Ended { outcome, error: None, open: false };
        }
        let intended = self.run.clock.wall();
        self.tell(Event::Starting { target: target.address.clone() });
        match self.provider.trigger(&target, &baseline).await {
            // Its request may have waited for the vendor's quota until now.
            Ok(job) => self.begun(job, &baseline, false, self.now()).await,
            Err(error) => match error.delivery() {
                Delivery::NeverSent if error.kind() == Kind::BrokenOff => self.withdraw(&target).await,
                Delivery::Rejected if may_run(&error) => self.refused(&target, &baseline, error).await,
                Delivery::NeverSent | Delivery::Rejected => {
                    let outcome = Outcome::Failed { reason: error.chain() };
                    Started::Ended { outcome, error: Some(error), open: false }
                }
                Delivery::MaybeApplied | Delivery::Accepted => {
                    self.search(&target, &baseline, intended, since, error).await
                }
            },
        }
    }

    /// The intent is written down already, but nothing was sent.
    async fn withdraw(&self, target: &Target) -> Started {
        if let Err(error) = self.record(&Entry::Withdrawn { target: target.address.clone() }).await {
            // Who resumes the run looks for a start that was never sent, which is safe.
            tracing::warn!(target = %target.address, %error, "the journal still says that it was about to be started");
        }
        Started::NotSent(self.cut().unwrap_or(Cut::BrokenOff))
    }

    /// The vendor refused the start. Where that is because a synchronization runs since the state was read, that one counts
    /// like one that was seen before.
    async fn refused(&self, target: &Target, baseline: &Baseline, error: Error) -> Started {
        let targets = std::slice::from_ref(target);
        let now = match self.unless_cut(self.provider.baseline(targets)).await {
            Some(Ok(now)) => now.into_iter().next().map(|now| now.readiness),
            Some(Err(look)) => {
                self.look_failed(&look);
                None
            }
            None => None,
        };
        let running = now.filter(|now| matches!(now, Readiness::Running { .. }));
        match running.map(|running| step(&self.run.options, &target.address, &running)) {
            Some(Step::Adopt(job)) => self.begun(job, baseline, true, self.now()).await,
            Some(Step::Skip(reason)) => {
                Started::Ended { outcome: Outcome::Skipped { reason }, error: None, open: false }
            }
            _ => Started::Ended { outcome: Outcome::Failed { reason: error.chain() }, error: Some(error), open: false },
        }
    }

    /// The start was sent, but what became of it is not known: look, never send again.
    async fn search(
        &self,
        target: &Target,
        baseline: &Baseline,
        intended: Timestamp,
        since: Duration,
        error: Error,
    ) -> Started {
        let hunt = self.hunt(target, baseline, intended).await;
        // Where the vendor's silence proves nothing, a later search would say no more.
        let open = !matches!(hunt, Hunt::CannotTell(_));
        let found = match hunt {
            Hunt::Found(job) => return self.begun(job, baseline, true, since).await,
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
        Started::Ended { outcome: Outcome::Unknown { why }, error: Some(error), open }
    }

    /// Looks for a start of unknown fate until it is found, or not found often enough.
    pub(crate) async fn hunt(&self, target: &Target, baseline: &Baseline, since: Timestamp) -> Hunt {
        let mut seen = Hunt::BrokenOff;
        let (mut absent, mut mute) = (0, 0);
        for look in 0..self.run.options.failed_looks.max(SEARCHES) {
            if look > 0 {
                self.pause(self.shortest()).await;
            }
            let Some(found) = self.find(target, baseline, since).await else { break };
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
            if absent >= SEARCHES || mute >= SEARCHES || self.cut().is_some() {
                break;
            }
        }
        seen
    }

    /// Looks once for a start of unknown fate. `None`: the run was cut short.
    pub(crate) async fn find(
        &self,
        target: &Target,
        baseline: &Baseline,
        since: Timestamp,
    ) -> Option<Result<Search, Error>> {
        let found = self.unless_cut(self.provider.find_running(target, baseline, since)).await?;
        Some(found.map(|found| self.holders.check(found)))
    }

    /// There is a job of this target: it is written down and told.
    pub(crate) async fn begin(&self, slot: &mut Slot, job: Job, adopted: bool) {
        self.note(&job, &slot.baseline, adopted).await;
        let now = self.now();
        self.tell(slot.begin(Arc::new(job), adopted, now, now));
    }

    /// The same, to be told by the loop.
    pub(crate) async fn begun(&self, job: Job, baseline: &Baseline, adopted: bool, since: Duration) -> Started {
        self.note(&job, baseline, adopted).await;
        Started::Job { job: Arc::new(job), adopted, since }
    }

    async fn note(&self, job: &Job, baseline: &Baseline, adopted: bool) {
        self.holders.hold(job);
        let entry = Entry::Job { job: job.clone(), baseline: baseline.clone(), adopted };
        if let Err(error) = self.record(&entry).await {
            tracing::error!(target = %job.target.address, %error, "the job is running but not in the journal");
        }
    }
}
