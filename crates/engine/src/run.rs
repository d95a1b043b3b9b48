//! A run over targets of one or more endpoints: its options, its way in and its way out.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::Error;
use backup_sync_runtime::clock::Clock;
use backup_sync_runtime::notice::Notice;
use futures_util::future::join_all;
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::address::Address;
use crate::driver::Driver;
use crate::event::{Event, EventRecord, Sink, millis};
use crate::holders::Holders;
use crate::journal::{Entry, Journal, JournalError, Planned};
use crate::mode::Mode;
use crate::own::Own;
use crate::past::{Past, Stage};
use crate::provider::{Provider, Target};
use crate::report::{Report, TargetReport};
use crate::room::{Hall, Room};
use crate::slot::Slot;
use crate::stuck::Waits;
use crate::watch::Watch;

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

/// How much may be under way at a time. A target that finds no room waits its turn, which is told by
/// [`Event::Queued`](crate::Event::Queued). No vendor documents how many synchronizations may be at work at a time, so
/// there is no limit to jobs unless somebody sets one; request quotas are kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many starts are under way in one session, with the search for those whose answer was lost.
    pub starts: NonZeroUsize,
    /// How many jobs are at work at one endpoint, found ones included.
    pub jobs_per_endpoint: Option<NonZeroUsize>,
    /// How many jobs are at work at all endpoints together, found ones included.
    pub jobs: Option<NonZeroUsize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { starts: const { NonZeroUsize::new(4).unwrap() }, jobs_per_endpoint: None, jobs: None }
    }
}

/// How a run behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How often the vendor is asked.
    pub polling: Polling,
    /// How much may be under way at a time.
    pub limits: Limits,
    /// After this long a target that still runs is left alone.
    pub target_deadline: Duration,
    /// After this long the run ends: nothing more is started, and what still runs is left alone. A start that is on its
    /// way is waited for, because nobody could say what became of it.
    pub run_deadline: Option<Duration>,
    /// A job about which nothing changes for this long is told to be stuck, by
    /// [`Event::Stuck`](crate::Event::Stuck).
    pub stuck_after: Option<Duration>,
    /// A job that is stuck is watched no longer.
    pub leave_stuck: bool,
    /// For this long a claimed end that is not visible yet is looked at again.
    pub settle: Duration,
    /// So many failed looks in a row end the watch over an endpoint.
    pub failed_looks: u32,
    /// What is done with the targets.
    pub mode: Mode,
    /// When the run is broken off, what it started is stopped too, and so long is waited for that. What it found at work
    /// goes on.
    pub stop_on_break: Option<Duration>,
    /// A target that is synchronizing already is watched instead of started again.
    pub adopt: bool,
    /// A target of which the vendor says that there is nothing to do is started all the same.
    pub force: bool,
    /// What single targets want otherwise.
    pub own: BTreeMap<Address, Own>,
    /// A start that an earlier process may have sent is looked for during this time before its absence is believed,
    /// because the request may still be under way. Longer than any request takes.
    pub resend_after: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            polling: Polling::default(),
            limits: Limits::default(),
            target_deadline: Duration::from_secs(24 * 3600),
            run_deadline: None,
            // Longer than vendors take between two percent of a large synchronization, shorter than a night.
            stuck_after: Some(Duration::from_secs(30 * 60)),
            leave_stuck: false,
            settle: Duration::from_secs(300),
            failed_looks: 20,
            mode: Mode::default(),
            stop_on_break: None,
            adopt: true,
            force: false,
            own: BTreeMap::new(),
            // The time for one request, and a quarter of it for a machine under load.
            resend_after: Duration::from_secs(75),
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

    pub(crate) fn asked(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) async fn wait(&self) {
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

/// An endpoint that could not be connected to, and why.
pub type Dark = (String, Error);

/// The targets of one endpoint with their places in the report.
pub(crate) type Group = (Arc<dyn Provider>, Vec<(usize, Past)>);

/// What is done over an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task<'a> {
    /// Fresh targets are dealt with; none, where the journal has refused them.
    Begin { refused: Option<&'a JournalError> },
    /// Targets go on where an earlier process left them.
    TakeUp,
    /// What runs is stopped.
    Stop,
}

impl Run {
    /// Synchronizes all targets and says how each ended, in the order given.
    ///
    /// Each endpoint is dealt with on its own: trouble with one delays no other. Sessions are closed before it returns.
    pub async fn execute(&self, endpoints: Vec<(Arc<dyn Provider>, Vec<Target>)>) -> Report {
        let mut places = 0..;
        let groups: Vec<Group> = endpoints
            .into_iter()
            .map(|(provider, targets)| {
                let pasts = targets.into_iter().map(|target| Past::planned(target, provider.vendor()));
                let pasts = places.by_ref().zip(pasts).collect();
                (provider, pasts)
            })
            .collect();
        let pasts = groups.iter().flat_map(|(_, pasts)| pasts);
        let planned = pasts.map(|(_, past)| Planned { vendor: past.vendor.clone(), target: past.target.clone() });
        let planned = Entry::Planned { targets: planned.collect() };
        let refused = self.journal.record(self.clock.wall(), &planned).await.err();
        self.play(groups, Vec::new(), Task::Begin { refused: refused.as_ref() }).await
    }

    /// Goes on with a run whose process has ended, and says how each target ended, in the order given.
    ///
    /// What has ended is reported and not asked about. What has a job is watched on. What was perhaps started is looked
    /// for, and started only when the vendor shows that it was not. What was never sent is dealt with as in
    /// [`Run::execute`]. Everything is compared with the state before the first start, so that nothing is taken for
    /// the effect of another synchronization.
    ///
    /// `providers` has one connection for each endpoint with a target that has not ended. Nobody else may be at work on
    /// the same run.
    ///
    /// An endpoint of `dark` could not be connected to. Its targets are put aside with that reason and stay in the journal as
    /// they are, so that they can be resumed; the others go on.
    pub async fn resume(&self, pasts: Vec<Past>, providers: Vec<Arc<dyn Provider>>, dark: &[Dark]) -> Report {
        self.take_on(pasts, providers, dark, Task::TakeUp).await
    }

    pub(crate) async fn take_on(
        &self,
        pasts: Vec<Past>,
        providers: Vec<Arc<dyn Provider>>,
        dark: &[Dark],
        task: Task<'_>,
    ) -> Report {
        for provider in &providers {
            let here = |past: &&Past| past.target.address.endpoint == provider.endpoint();
            provider.remember(&pasts.iter().filter(here).collect::<Vec<_>>());
        }
        let (groups, settled) = self.groups(pasts, providers);
        let (now, wall) = (self.clock.monotonic(), self.clock.wall());
        let slot = |(place, past): (usize, Past)| {
            let mut slot = Slot::new(past, now, wall);
            let named = |(name, _): &&Dark| *name == slot.target().address.endpoint;
            if let Some((_, error)) = dark.iter().find(named).filter(|_| slot.is_open()) {
                slot.unseen(error, now);
            }
            (place, slot)
        };
        let settled = settled.into_iter().map(slot).collect();
        self.play(groups, settled, task).await
    }

    /// Targets by endpoint, and those about which nobody has to be asked.
    pub(crate) fn groups(
        &self,
        pasts: Vec<Past>,
        providers: Vec<Arc<dyn Provider>>,
    ) -> (Vec<Group>, Vec<(usize, Past)>) {
        let mut groups: Vec<Group> = providers.into_iter().map(|provider| (provider, Vec::new())).collect();
        let mut settled = Vec::new();
        for (place, past) in pasts.into_iter().enumerate() {
            let ended = matches!(past.stage, Stage::Ended(_));
            match groups.iter_mut().find(|(provider, _)| !ended && provider.endpoint() == past.target.address.endpoint)
            {
                Some((_, pasts)) => pasts.push((place, past)),
                None => settled.push((place, past)),
            }
        }
        (groups, settled)
    }

    async fn play(&self, groups: Vec<Group>, settled: Vec<(usize, Slot)>, task: Task<'_>) -> Report {
        let begun = self.clock.monotonic();
        let all = groups.iter().flat_map(|(_, pasts)| pasts).map(|(place, past)| (*place, &past.target));
        let mut all: Vec<_> = all.chain(settled.iter().map(|(place, slot)| (*place, slot.target()))).collect();
        all.sort_by_key(|(place, _)| *place);
        let planned: Vec<_> =
            all.into_iter().map(|(_, target)| (target.address.clone(), target.name.clone())).collect();
        let span = tracing::info_span!("run", targets = planned.len());
        self.sink.take(EventRecord::new(Duration::ZERO, Event::Planned { targets: planned }));
        for event in settled.iter().filter_map(|(_, slot)| slot.finished()) {
            self.sink.take(EventRecord::new(Duration::ZERO, event));
        }
        let hall = Hall::of_run(self.options.limits.jobs);
        // Each endpoint has its place in the room before any takes one.
        let watches = groups.into_iter().map(|(provider, pasts)| {
            let room = Room::within(&hall, self.options.limits.jobs_per_endpoint);
            let here = |slot: &&Slot| slot.target().address.endpoint == provider.endpoint();
            let earlier = settled.iter().map(|(_, slot)| slot).filter(here).filter_map(Slot::job).map(AsRef::as_ref);
            let holders = Holders::of(earlier.chain(pasts.iter().filter_map(|(_, past)| past.job())));
            self.over(provider, pasts, begun, room, holders, task)
        });
        let mut reports: Vec<(usize, TargetReport)> =
            join_all(watches).instrument(span).await.into_iter().flatten().collect();
        reports.extend(settled.into_iter().map(|(place, slot)| (place, slot.into_report())));
        reports.sort_unstable_by_key(|(place, _)| *place);
        let reports = reports.into_iter().map(|(_, report)| report).collect();
        let duration = self.clock.monotonic().saturating_sub(begun);
        Report::of(reports, millis(duration), self.stop.asked())
    }

    /// Deals with the targets of one endpoint.
    async fn over(
        &self,
        provider: Arc<dyn Provider>,
        pasts: Vec<(usize, Past)>,
        begun: Duration,
        room: Arc<Room>,
        holders: Arc<Holders>,
        task: Task<'_>,
    ) -> Vec<(usize, TargetReport)> {
        let waits = Arc::<Waits>::default();
        self.listen(&*provider, begun, waits.clone());
        let resumed = matches!(task, Task::TakeUp);
        let watch = Watch { run: self, provider: &*provider, begun, resumed, room, holders, waits };
        let (places, pasts): (Vec<usize>, Vec<Past>) = pasts.into_iter().unzip();
        let work = async {
            match task {
                Task::Begin { refused: Some(error) } => Driver::new(&watch, pasts).refuse(error).await,
                Task::Begin { refused: None } | Task::TakeUp => Driver::new(&watch, pasts).drive().await,
                Task::Stop => watch.stop_all(pasts).await,
            }
        };
        let reports = self.before_close(&*provider, watch.until_cut(), work).await;
        if let Some(notices) = provider.notices() {
            notices.leave();
        }
        places.into_iter().zip(reports).collect()
    }

    /// Does `work` over an endpoint and logs out. When it is `cut` short, the connection is told to send nothing more.
    pub(crate) async fn before_close<T>(
        &self,
        provider: &dyn Provider,
        cut: impl Future<Output = ()>,
        work: impl Future<Output = T>,
    ) -> T {
        let breaking_off = async {
            cut.await;
            provider.break_off();
            std::future::pending().await
        };
        let done = tokio::select! {
            done = work => done,
            never = breaking_off => never,
        };
        match tokio::time::timeout(CLOSE_LIMIT, provider.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(endpoint = provider.endpoint(), %error, "logging out failed"),
            Err(_) => tracing::warn!(endpoint = provider.endpoint(), "logging out took too long and was left"),
        }
        done
    }

    /// Turns what the endpoint's connection has to say into events.
    fn listen(&self, provider: &dyn Provider, begun: Duration, waits: Arc<Waits>) {
        let Some(notices) = provider.notices() else { return };
        let (sink, clock, endpoint) = (self.sink.clone(), self.clock.clone(), provider.endpoint().to_owned());
        notices.listen(move |notice| {
            if let Notice::Waiting { operation, reason, pause } = notice
                && pause >= TOLD
            {
                let (endpoint, operation) = (endpoint.clone(), operation.to_owned());
                let (now, reason) = (clock.monotonic(), reason.into());
                waits.note(reason, now.saturating_add(pause));
                let event = Event::Waiting { endpoint, operation, reason, pause_ms: millis(pause) };
                sink.take(EventRecord::new(now.saturating_sub(begun), event));
            }
        });
    }
}

/// Shorter pauses are not worth telling.
const TOLD: Duration = Duration::from_secs(1);
/// Longest time for logging out of an endpoint: that may not hold up the end of a run.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(10);
