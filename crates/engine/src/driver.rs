//! The one loop: it starts what there is room for, looks at what runs, and knows when to stop watching. Starts, readings and
//! looks are under way at the same time; only the loop changes what is known of a target.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::{BoxFuture, Error};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tracing::Instrument as _;

use crate::event::{Event, millis};
use crate::journal::JournalError;
use crate::look::{Look, Pace, Watched};
use crate::mode::{Mode, Step, step};
use crate::outcome::Outcome;
use crate::past::Past;
use crate::provider::{Baseline, Readiness, Target};
use crate::report::TargetReport;
use crate::room::Wish;
use crate::slot::Slot;
use crate::start::{Hunt, Started};
use crate::stuck;
use crate::watch::{Cut, GRACE, Watch, complete};

/// The states of so many targets are read at a time before they are started: as many as a minute's quota lets pass.
const WAVE: usize = 40;
/// A start is compared with a state that is not older than this when the start is handed over.
const BASELINE_AGE: Duration = Duration::from_secs(60);

/// Something that is under way and has come to its end.
enum Done {
    /// The states of targets, read at this time; nothing when the run was cut short.
    Read(Vec<usize>, Duration, Option<Result<Vec<Baseline>, Error>>),
    Started(usize, Started),
    Hunted(usize, Hunt),
    Looked(Look),
}

type Work<'a> = FuturesUnordered<BoxFuture<'a, Done>>;

/// Drives all targets of one endpoint from where each stands to its end.
pub(crate) struct Driver<'a> {
    pub(crate) watch: &'a Watch<'a>,
    pub(crate) slots: Vec<Slot>,
    /// Nothing is sent for these, and their state before is not known yet.
    pub(crate) fresh: VecDeque<usize>,
    /// The state before was read at that time; they are started next.
    ready: VecDeque<(usize, Duration)>,
    /// An earlier process may have started these.
    lost: VecDeque<usize>,
    /// Starts and searches under way.
    starting: usize,
    /// States are being read.
    reading: bool,
    /// What is in the way of targets has been told before anything was started.
    checked: bool,
    pub(crate) looking: bool,
    pub(crate) pace: Pace,
    /// How many jobs are watched.
    running: usize,
    /// When the next job may be overdue or stuck.
    scan_at: Option<Duration>,
    /// So many were told to wait their turn.
    queued: usize,
}

impl<'a> Driver<'a> {
    /// Targets as an earlier process has left them, or new ones.
    pub(crate) fn new(watch: &'a Watch<'a>, pasts: Vec<Past>) -> Self {
        let (now, wall) = (watch.now(), watch.run.clock.wall());
        let vendor: Arc<str> = watch.provider.vendor().into();
        let slot = |past: Past| {
            let mut slot = Slot::new(past, now, wall);
            // All targets of an endpoint have the same.
            if slot.vendor == vendor {
                slot.vendor = vendor.clone();
            }
            slot
        };
        // Collected in place they would keep the greater room of what they came from.
        let mut slots = Vec::with_capacity(pasts.len());
        slots.extend(pasts.into_iter().map(slot));
        Self {
            watch,
            slots,
            fresh: VecDeque::new(),
            ready: VecDeque::new(),
            lost: VecDeque::new(),
            starting: 0,
            reading: false,
            checked: false,
            looking: false,
            pace: Pace::new(watch.shortest(), now),
            running: 0,
            scan_at: None,
            queued: 0,
        }
    }

    /// Nothing is sent when that cannot be written down.
    pub(crate) async fn refuse(mut self, error: &JournalError) -> Vec<TargetReport> {
        for slot in &mut self.slots {
            let reason = format!("it was not started, because {error}");
            self.watch.finish(slot, Outcome::Failed { reason }, None).await;
        }
        self.reports()
    }

    /// What has ended is handed on, not copied: there may be many targets.
    fn reports(self) -> Vec<TargetReport> {
        self.slots.into_iter().map(Slot::into_report).collect()
    }

    /// Drives all targets to their ends.
    pub(crate) async fn drive(mut self) -> Vec<TargetReport> {
        self.take_up().await;
        let places = |wanted: fn(&Slot) -> bool| -> VecDeque<usize> {
            self.slots.iter().enumerate().filter(|(_, slot)| wanted(slot)).map(|(place, _)| place).collect()
        };
        (self.fresh, self.lost) = (places(Slot::is_fresh), places(Slot::is_lost));
        self.recount();
        self.scan_at = (self.running > 0).then(|| self.watch.now());
        let mut work = Work::new();
        loop {
            if let Some(cut) = self.watch.cut() {
                self.wind_up(&mut work, cut).await;
                break;
            }
            self.fill(&mut work);
            if self.waits_for_room() && self.watch.room.is_lost() {
                for place in std::mem::take(&mut self.fresh) {
                    self.watch.no_room(&mut self.slots[place]).await;
                }
            }
            if self.is_detached() {
                self.watch.detach(&mut self.slots).await;
                self.recount();
            }
            if !self.is_open() {
                break;
            }
            let wake = self.wake_at();
            tokio::select! {
                Some(done) = work.next() => self.take(done).await,
                () = self.watch.room.free(), if self.waits_for_room() => {}
                () = self.watch.room.unwanted(), if self.is_done_starting() => {}
                () = self.sleep_until(wake) => self.scan().await,
                () = self.watch.until_cut() => {}
            }
        }
        self.watch.room.wish(Wish::Nothing);
        self.leave_look(work).await;
        self.reports()
    }

    /// Whether there is anything left to do but a look that nobody needs any more.
    fn is_open(&self) -> bool {
        self.is_starting() || !self.lost.is_empty() || self.running > 0
    }

    /// Whether targets are being started, or wait for that.
    pub(crate) fn is_starting(&self) -> bool {
        self.reading || self.starting > 0 || !self.ready.is_empty() || !self.fresh.is_empty()
    }

    /// Whether nothing more is wanted than what has been started.
    fn is_done_starting(&self) -> bool {
        self.watch.run.options.mode == Mode::Detach && !self.is_starting() && self.lost.is_empty()
    }

    /// The same, and no other endpoint waits for the places of its jobs either.
    fn is_detached(&self) -> bool {
        self.is_done_starting() && !self.watch.room.is_wanted()
    }

    /// Whether anybody wants to know how far jobs are. Who watches nothing has to know when there is room again.
    fn wants_look(&self) -> bool {
        let wanted = self.watch.run.options.mode != Mode::Detach
            || self.waits_for_room()
            || (self.is_done_starting() && self.watch.room.is_wanted());
        wanted && !self.looking && self.running > 0
    }

    /// Begins everything that can be under way now.
    fn fill(&mut self, work: &mut Work<'a>) {
        self.read(work);
        while self.starting < self.watch.run.options.limits.starts.get() {
            if !self.hunt(work) && !self.start(work) {
                break;
            }
        }
        // Baselines that have become too old are read again.
        self.read(work);
        self.watch.room.wish(self.wish());
        if self.wants_look() && self.watch.now() >= self.pace.due {
            self.look(work);
        }
    }

    /// Reads the states of the next targets; at first of all, so that what is in the way is told before any start.
    fn read(&mut self, work: &mut Work<'a>) {
        if self.reading || !self.ready.is_empty() || self.fresh.is_empty() {
            return;
        }
        let places: Vec<usize> =
            if self.checked { self.with_room(WAVE) } else { std::mem::take(&mut self.fresh).into() };
        if places.is_empty() {
            return self.tell_queue();
        }
        let watch = self.watch;
        let targets: Vec<Target> = places.iter().map(|place| self.slots[*place].target().clone()).collect();
        (self.reading, self.queued) = (true, 0);
        work.push(Box::pin(async move {
            let found = watch.unless_cut(watch.provider.baseline(&targets)).await;
            let found = found.map(|found| found.and_then(|found| complete(found, places.len())));
            Done::Read(places, watch.now(), found)
        }));
    }

    /// The next fresh targets for which there is room, at most so many.
    fn with_room(&mut self, most: usize) -> Vec<usize> {
        let mut places = Vec::new();
        while places.len() < most
            && let Some(place) = self.fresh.front().copied()
        {
            let slot = &mut self.slots[place];
            if slot.room.is_none() {
                slot.room = self.watch.room.try_take();
            }
            if slot.room.is_none() {
                break;
            }
            places.push(place);
            self.fresh.pop_front();
        }
        places
    }

    fn waits_for_room(&self) -> bool {
        self.checked && !self.reading && self.ready.is_empty() && !self.fresh.is_empty()
    }

    /// What the other endpoints of the run have to know of this one.
    fn wish(&self) -> Wish {
        match () {
            () if self.waits_for_room() => Wish::Now,
            () if !self.fresh.is_empty() || !self.lost.is_empty() => Wish::Later,
            // The first reading takes all of them; what has no room yet comes back.
            () if self.reading && !self.checked => Wish::Later,
            () => Wish::Nothing,
        }
    }

    /// Says once for each new number of targets that they wait their turn.
    fn tell_queue(&mut self) {
        if self.queued == self.fresh.len() {
            return;
        }
        self.queued = self.fresh.len();
        if let Some((reason, limit)) = self.watch.room.full() {
            let endpoint = self.watch.provider.endpoint().to_owned();
            self.watch.tell(Event::Queued { endpoint, reason, limit, targets: self.fresh.len() });
        }
    }

    /// Looks for the next lost start, when its request can no longer be under way. `false`: there is none.
    ///
    /// The earlier process may have ended a moment ago, with its request still on the way. So the time that a request
    /// may take counts from the beginning of this process, not from the intent.
    fn hunt(&mut self, work: &mut Work<'a>) -> bool {
        if self.watch.now() < self.hunts_begin() {
            return false;
        }
        let Some(place) = self.lost.pop_front() else { return false };
        let (watch, slot) = (self.watch, &self.slots[place]);
        let (target, baseline, since) = (slot.share_target(), slot.baseline.clone(), slot.intended);
        self.starting += 1;
        work.push(Box::pin(async move {
            let since = since.unwrap_or_else(|| watch.run.clock.wall());
            Done::Hunted(place, watch.hunt(&target, &baseline, since).await)
        }));
        true
    }

    fn hunts_begin(&self) -> Duration {
        self.watch.begun.saturating_add(self.watch.run.options.resend_after)
    }

    /// Starts the next target whose state before is known. `false`: there is none.
    fn start(&mut self, work: &mut Work<'a>) -> bool {
        let Some((place, read)) = self.ready.pop_front() else { return false };
        if self.watch.now().saturating_sub(read) > BASELINE_AGE {
            self.fresh.push_front(place);
            return true;
        }
        let (watch, slot) = (self.watch, &mut self.slots[place]);
        let (target, baseline) = (slot.share_target(), slot.baseline.clone());
        let span = tracing::info_span!("start", target = %target.address);
        self.starting += 1;
        let start = async move { Done::Started(place, watch.start(target, baseline).await) };
        work.push(Box::pin(start.instrument(span)));
        true
    }

    fn look(&mut self, work: &mut Work<'a>) {
        let watched = |(place, slot): (usize, &Slot)| {
            let job = slot.job().cloned().filter(|_| slot.is_running())?;
            Some(Watched { place, job, baseline: slot.baseline.clone() })
        };
        let jobs: Vec<Watched> = self.slots.iter().enumerate().filter_map(watched).collect();
        let watch = self.watch;
        self.looking = true;
        work.push(Box::pin(async move { Done::Looked(watch.look(jobs).await) }));
    }

    async fn take(&mut self, done: Done) {
        match done {
            Done::Read(places, at, found) => self.was_read(places, at, found).await,
            Done::Started(place, started) => {
                self.starting -= 1;
                self.started(place, started).await;
            }
            Done::Hunted(place, hunt) => {
                self.starting -= 1;
                self.hunted(place, hunt).await;
            }
            Done::Looked(look) => self.looked(look).await,
        }
    }

    /// The states of targets are known: what is in the way ends them, the others are started.
    async fn was_read(&mut self, places: Vec<usize>, at: Duration, found: Option<Result<Vec<Baseline>, Error>>) {
        self.reading = false;
        let found = match found {
            Some(Ok(found)) => found,
            Some(Err(error)) => return self.fail(&places, &error).await,
            // Cut short: they are dealt with like all that were not started.
            None => return self.fresh.extend(places),
        };
        self.checked = true;
        for (place, baseline) in places.into_iter().zip(found) {
            self.check(place, baseline, at).await;
        }
    }

    /// Decides about one target from its state before.
    async fn check(&mut self, place: usize, baseline: Baseline, at: Duration) {
        let (watch, slot) = (self.watch, &mut self.slots[place]);
        let not_started = match step(&watch.run.options, &slot.target().address, &baseline.readiness) {
            Step::Start | Step::Adopt(_) => None,
            Step::Skip(reason) => Some(Outcome::Skipped { reason }),
            Step::Fail(reason) => Some(Outcome::Failed { reason }),
        };
        match not_started {
            None => {}
            // Nothing has ended, and whoever resumes the run may start it.
            Some(outcome) if watch.resumed && watch.run.options.mode == Mode::Attach => {
                return watch.put_aside(slot, outcome, None);
            }
            Some(outcome) => return watch.finish(slot, outcome, None).await,
        }
        // What runs already takes its place whether there is room or not.
        if matches!(baseline.readiness, Readiness::Running { .. }) {
            slot.room = slot.room.take().or_else(|| Some(watch.room.take()));
        } else if slot.room.is_none() && self.ready.len() < WAVE {
            slot.room = watch.room.try_take();
        }
        if slot.room.is_some() {
            slot.baseline = Arc::new(baseline);
            self.ready.push_back((place, at));
        } else {
            self.fresh.push_back(place);
        }
    }

    /// Nothing has been sent that starts work, so this is a plain failure.
    async fn fail(&mut self, places: &[usize], error: &Error) {
        for place in places {
            let reason = format!("its state could not be read, so nothing was started: {}", error.chain());
            self.watch.finish(&mut self.slots[*place], Outcome::Failed { reason }, Some(error)).await;
        }
    }

    /// What has become of a target that was to be started.
    pub(crate) async fn started(&mut self, place: usize, started: Started) {
        let (watch, slot) = (self.watch, &mut self.slots[place]);
        match started {
            Started::Job { job, adopted, since } => {
                let now = watch.now();
                slot.room = slot.room.take().or_else(|| Some(watch.room.take()));
                let event = slot.begin(job, adopted, since, now);
                watch.tell(event);
                self.pace.begun(self.running == 0, watch.shortest(), now);
                self.running += 1;
                self.scan_by(place);
            }
            Started::NotSent(cut) => watch.not_started(slot, cut).await,
            Started::Ended { outcome, error, open: true } => watch.leave_open(slot, outcome, error.as_ref()).await,
            Started::Ended { outcome, error, open: false } => watch.finish(slot, outcome, error.as_ref()).await,
        }
    }

    pub(crate) fn recount(&mut self) {
        self.running = self.slots.iter().filter(|slot| slot.is_running()).count();
    }

    /// The next moment at which something has to be done without anybody saying so.
    fn wake_at(&self) -> Option<Duration> {
        let look = self.wants_look().then_some(self.pace.due);
        let scan = self.scan_at.filter(|_| self.running > 0);
        let hunts = (!self.lost.is_empty() && self.watch.now() < self.hunts_begin()).then(|| self.hunts_begin());
        [look, scan, hunts].into_iter().flatten().min()
    }

    async fn sleep_until(&self, moment: Option<Duration>) {
        match moment {
            Some(moment) => self.watch.run.clock.sleep(moment.saturating_sub(self.watch.now())).await,
            None => std::future::pending().await,
        }
    }

    /// When this job may be overdue or stuck.
    fn next_scan(&self, place: usize) -> Duration {
        let (options, slot) = (&self.watch.run.options, &self.slots[place]);
        let overdue = slot.started.saturating_add(options.deadline(&slot.target().address));
        let stuck = options.stuck_after.filter(|_| slot.stuck.is_none());
        stuck.map_or(overdue, |after| overdue.min(slot.changed().saturating_add(after)))
    }

    /// The next scan comes in time for this job.
    pub(crate) fn scan_by(&mut self, place: usize) {
        let at = self.next_scan(place);
        self.scan_at = Some(self.scan_at.map_or(at, |planned| planned.min(at)));
    }

    /// Finds overdue and stuck jobs, if it is time for that.
    async fn scan(&mut self) {
        let now = self.watch.now();
        if self.scan_at.is_none_or(|at| now < at) {
            return;
        }
        let mut next = None;
        for place in 0..self.slots.len() {
            if !self.slots[place].is_running() {
                continue;
            }
            self.scan_one(place, now).await;
            if self.slots[place].is_running() {
                let at = self.next_scan(place);
                next = Some(next.map_or(at, |next: Duration| next.min(at)));
            }
        }
        self.scan_at = next;
        self.recount();
    }

    async fn scan_one(&mut self, place: usize, now: Duration) {
        let (watch, options) = (self.watch, &self.watch.run.options);
        let slot = &mut self.slots[place];
        let unchanged = slot.unchanged(now);
        let limit = options.deadline(&slot.target().address);
        if now.saturating_sub(slot.started) >= limit {
            let limit = limit.as_secs();
            let why = format!(
                "it was still at work after {limit} s, nothing had changed for {} s{}; it goes on",
                unchanged.as_secs(),
                stuck::unseen(self.pace.failing.as_ref(), self.pace.seen, now),
            );
            return watch.leave_open(slot, Outcome::StillRunning { why }, None).await;
        }
        if slot.stuck.is_some() || options.stuck_after.is_none_or(|after| unchanged < after) {
            return;
        }
        let reason = stuck::reason(slot, self.pace.failing.as_ref(), &watch.waits, now);
        tracing::warn!(target = %slot.target().address, unchanged_s = unchanged.as_secs(), reason, "nothing changes");
        let (target, state) = (slot.target().address.clone(), slot.state());
        watch.tell(Event::Stuck { target, state, unchanged_ms: millis(unchanged), reason: reason.clone() });
        slot.stuck = Some(reason.clone());
        if options.leave_stuck {
            let why = format!(
                "nothing had changed for {} s, so it is watched no longer ({reason}); it goes on",
                unchanged.as_secs()
            );
            watch.leave_open(slot, Outcome::StillRunning { why }, None).await;
        }
    }

    /// The run is cut short: nothing more is begun, what is on its way to the vendor is waited for, the rest is left.
    async fn wind_up(&mut self, work: &mut Work<'a>, cut: Cut) {
        while let Some(done) = work.next().await {
            self.take(done).await;
        }
        for place in std::mem::take(&mut self.lost) {
            self.not_hunted(place).await;
        }
        // Somebody may have broken the run off after its deadline.
        let cut = self.watch.cut().unwrap_or(cut);
        if cut == Cut::BrokenOff {
            self.watch.broken_off(&mut self.slots).await;
        }
        for slot in &mut self.slots {
            if slot.is_running() {
                let why = cut.left().to_owned();
                self.watch.leave_open(slot, Outcome::StillRunning { why }, None).await;
            } else if slot.is_open() {
                self.watch.not_started(slot, cut).await;
            }
        }
    }

    /// All targets have ended, so a look that is under way is of no use; but a session that it opens should be closed.
    async fn leave_look(&self, mut work: Work<'a>) {
        if !work.is_empty() {
            self.watch.provider.break_off();
            let _ = tokio::time::timeout(GRACE, async { while work.next().await.is_some() {} }).await;
        }
    }
}
