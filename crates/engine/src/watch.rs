//! What all work at one endpoint shares: the clock, the journal, the events, and what cuts the work short.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::{Delivery, Error, Kind};

use crate::event::{Event, EventRecord};
use crate::holders::Holders;
use crate::journal::{Entry, JournalError};
use crate::outcome::Outcome;
use crate::provider::Provider;
use crate::room::Room;
use crate::run::Run;
use crate::slot::Slot;
use crate::stuck::Waits;

/// What is under way when the run is cut short may take so long to end.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// Why the work at an endpoint ends before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Somebody has broken the run off.
    BrokenOff,
    /// The time for the run is over.
    Deadline,
}

impl Cut {
    /// Why a target was not started.
    pub(crate) fn not_started(self) -> &'static str {
        match self {
            Self::BrokenOff => "the run was broken off before it was started",
            Self::Deadline => "the deadline of the run had passed before it was started",
        }
    }

    /// Why a job is not watched any more.
    pub(crate) fn left(self) -> &'static str {
        match self {
            Self::BrokenOff => "the run was broken off; the vendor's work goes on",
            Self::Deadline => "the deadline of the run has passed; the vendor's work goes on",
        }
    }

    /// What stood in the way, if that is no wish of the user.
    fn error(self) -> Option<Error> {
        (self == Self::Deadline).then(|| Error::new(Kind::Deadline, Delivery::NeverSent, self.not_started()))
    }
}

/// The watch over one endpoint.
pub(crate) struct Watch<'a> {
    pub(crate) run: &'a Run,
    pub(crate) provider: &'a dyn Provider,
    pub(crate) begun: Duration,
    /// An earlier process was at work on the run.
    pub(crate) resumed: bool,
    /// Room for jobs at this endpoint.
    pub(crate) room: Arc<Room>,
    /// Which target has which job.
    pub(crate) holders: Arc<Holders>,
    /// What requests to the endpoint wait for.
    pub(crate) waits: Arc<Waits>,
}

impl Watch<'_> {
    pub(crate) fn now(&self) -> Duration {
        self.run.clock.monotonic()
    }

    pub(crate) fn tell(&self, event: Event) {
        let at = self.now().saturating_sub(self.begun);
        self.run.sink.take(EventRecord::new(at, event));
    }

    /// Whether the work has to end now.
    pub(crate) fn cut(&self) -> Option<Cut> {
        let over = |limit: Duration| self.now().saturating_sub(self.begun) >= limit;
        match () {
            () if self.run.stop.asked() => Some(Cut::BrokenOff),
            () if self.run.options.run_deadline.is_some_and(over) => Some(Cut::Deadline),
            () => None,
        }
    }

    /// Waits until the work has to end.
    pub(crate) async fn until_cut(&self) {
        let deadline = async {
            match self.run.options.run_deadline {
                Some(limit) => {
                    let left = (self.begun.saturating_add(limit)).saturating_sub(self.now());
                    self.run.clock.sleep(left).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.run.stop.wait() => {}
            () = deadline => {}
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

    /// The work was cut short before anything was sent.
    pub(crate) async fn not_started(&self, slot: &mut Slot, cut: Cut) {
        let outcome = Outcome::Skipped { reason: cut.not_started().to_owned() };
        self.leave_open(slot, outcome, cut.error().as_ref()).await;
    }

    /// All jobs that are permitted at a time go on unwatched, so that it can never be started in this run.
    pub(crate) async fn no_room(&self, slot: &mut Slot) {
        let reason = "it was not started: there was no room for it, because jobs that are watched no more go on";
        let error = Error::new(Kind::Deadline, Delivery::NeverSent, reason);
        self.leave_open(slot, Outcome::Skipped { reason: reason.to_owned() }, Some(&error)).await;
    }

    async fn end(&self, slot: &mut Slot, outcome: Outcome, error: Option<&Error>, open: bool) {
        // What may be at work still has its place, for the rest of the run.
        if open
            && !matches!(outcome, Outcome::Skipped { .. })
            && let Some(place) = slot.room.take()
        {
            place.keep();
        }
        let event = slot.finish(outcome, error, self.now());
        if let Err(JournalError(why)) = self.record(&Entry::Ended { report: slot.report(), open }).await {
            tracing::error!(target = %slot.target().address, why, "the outcome is not in the journal");
        }
        self.tell(event);
    }

    pub(crate) async fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        self.run.journal.record(self.run.clock.wall(), entry).await
    }

    /// The shortest pause that the options and the vendor's quota allow.
    pub(crate) fn shortest(&self) -> Duration {
        self.run.options.polling.shortest.max(self.provider.pace())
    }

    /// Waits for a read, but not much beyond a cut. Never used around a start.
    pub(crate) async fn unless_cut<T>(&self, read: impl Future<Output = Result<T, Error>>) -> Option<Result<T, Error>> {
        let mut read = std::pin::pin!(read);
        let read = tokio::select! {
            read = &mut read => Some(read),
            // A session that is being opened just now should still be closed properly.
            () = self.until_cut() => tokio::time::timeout(GRACE, read).await.ok(),
        };
        // A read that was not sent any more says nothing.
        read.filter(|read| !matches!(read, Err(error) if error.kind() == Kind::BrokenOff))
    }

    pub(crate) fn look_failed(&self, error: &Error) {
        let endpoint = self.provider.endpoint().to_owned();
        self.tell(Event::LookFailed { endpoint, error: error.chain() });
    }

    /// Waits, but not beyond a cut.
    pub(crate) async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = self.run.clock.sleep(pause) => {}
            () = self.until_cut() => {}
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
