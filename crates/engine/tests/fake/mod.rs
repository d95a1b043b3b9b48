//! A vendor that does what a script says, and a stage that records what a run did with it.

mod time;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sync_engine::{
    Address, Baseline, Claim, Dark, Ending, Entry, Event, EventRecord, Facts, Job, Journal, JournalError,
    MemoryJournal, Observation, Options, Outcome, Past, Phase, Provider, Readiness, Report, Run, Search, Stop, Target,
    Verdict,
};
use backup_sync_runtime::clock::{Clock as _, ManualClock};
use backup_sync_runtime::{BoxFuture, Delivery, Error, Kind};
use jiff::Timestamp;

use time::Times;

/// What one look shows.
#[derive(Clone, Debug)]
pub enum Step {
    /// This phase and percentage.
    Seen(Phase, Option<f64>),
    /// The vendor claims an end.
    Claimed,
    /// The look itself fails.
    LookFails(Error),
}

type Ready = Box<dyn Fn(&Target) -> Readiness + Send + Sync>;

/// The scripted vendor. The last step of the script repeats.
pub struct Fake {
    steps: Vec<Step>,
    not_yet: usize,
    runs_on: bool,
    searches_fail: usize,
    trigger: Option<Error>,
    baseline: Option<Error>,
    found_after: Option<usize>,
    mute: bool,
    searched: Mutex<Vec<(Baseline, Timestamp)>>,
    readiness: Ready,
    counts: Mutex<HashMap<&'static str, usize>>,
    journal: Mutex<Option<Arc<MemoryJournal>>>,
    at_trigger: Mutex<Option<usize>>,
    stop: Mutex<Option<(Stop, usize)>>,
    stop_at_start: Mutex<Option<Stop>>,
    stoppable: bool,
    stop_error: Option<Error>,
    /// The look from which on a stopped job is seen as ended.
    stops_after: usize,
    times: Times,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl Fake {
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            steps,
            not_yet: 0,
            runs_on: false,
            searches_fail: 0,
            trigger: None,
            baseline: None,
            found_after: None,
            mute: false,
            searched: Mutex::default(),
            readiness: Box::new(|_| Readiness::Ready),
            counts: Mutex::default(),
            journal: Mutex::default(),
            at_trigger: Mutex::default(),
            stop: Mutex::default(),
            stop_at_start: Mutex::default(),
            stoppable: false,
            stop_error: None,
            stops_after: usize::MAX,
            times: Times::default(),
        }
    }

    /// Jobs can be stopped, and are seen as ended from this look on.
    pub fn stops_after(self, look: usize) -> Self {
        Self { stoppable: true, stops_after: look, ..self }
    }

    /// A call to stop a job ends so.
    pub fn stop_fails(self, error: Error) -> Self {
        Self { stop_error: Some(error), ..self }
    }

    /// So many checks of an end say "not yet".
    pub fn not_yet(self, times: usize) -> Self {
        Self { not_yet: times, ..self }
    }

    /// Every check of an end says that the work goes on.
    pub fn runs_on(self) -> Self {
        Self { runs_on: true, ..self }
    }

    /// So many searches for a running job fail.
    pub fn searches_fail(self, times: usize) -> Self {
        Self { searches_fail: times, ..self }
    }

    pub fn trigger_fails(self, error: Error) -> Self {
        Self { trigger: Some(error), ..self }
    }

    pub fn baseline_fails(self, error: Error) -> Self {
        Self { baseline: Some(error), ..self }
    }

    /// A running job is found after so many searches that find nothing.
    pub fn found_after(self, searches: usize) -> Self {
        Self { found_after: Some(searches), ..self }
    }

    /// A search that finds nothing proves nothing.
    pub fn mute(self) -> Self {
        Self { mute: true, ..self }
    }

    /// With which baseline and for which time it was looked.
    pub fn searched(&self) -> Vec<(Baseline, Timestamp)> {
        self.searched.lock().unwrap().clone()
    }

    pub fn readiness(self, readiness: impl Fn(&Target) -> Readiness + Send + Sync + 'static) -> Self {
        Self { readiness: Box::new(readiness), ..self }
    }

    /// How often something was asked.
    pub fn count(&self, what: &'static str) -> usize {
        self.counts.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    /// Number of journal entries when the first start was sent.
    pub fn journal_at_trigger(&self) -> Option<usize> {
        *self.at_trigger.lock().unwrap()
    }

    /// What the script says of a look.
    fn step(&self, look: usize) -> Option<Step> {
        self.steps.get(look - 1).or(self.steps.last()).cloned()
    }

    fn counted(&self, what: &'static str) -> usize {
        let mut counts = self.counts.lock().unwrap();
        let count = counts.entry(what).or_insert(0);
        *count += 1;
        *count
    }

    fn job(target: &Target) -> Job {
        Job { target: target.clone(), ids: vec![format!("job-{}", target.address.id)], facts: Facts::default() }
    }
}

impl Provider for Fake {
    fn endpoint(&self) -> &str {
        self.times.name.as_deref().unwrap_or("fake")
    }

    fn pace(&self) -> Duration {
        self.times.pace
    }

    fn break_off(&self) {
        self.times.halt();
    }

    fn vendor(&self) -> &'static str {
        "fake-vendor"
    }

    fn go_on(&self) {
        self.counted("go on");
    }

    fn targets(&self) -> BoxFuture<'_, Result<Vec<Target>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn baseline<'a>(&'a self, targets: &'a [Target]) -> BoxFuture<'a, Result<Vec<Baseline>, Error>> {
        self.counted("baseline");
        let outcome = match &self.baseline {
            Some(error) => Err(error.clone()),
            None => Ok(targets
                .iter()
                .map(|target| Baseline { readiness: (self.readiness)(target), facts: Facts::default() })
                .collect()),
        };
        Box::pin(async { outcome })
    }

    fn trigger<'a>(&'a self, target: &'a Target, _: &'a Baseline) -> BoxFuture<'a, Result<Job, Error>> {
        self.counted("trigger");
        if let Some(journal) = &*self.journal.lock().unwrap() {
            self.at_trigger.lock().unwrap().get_or_insert(journal.entries().len());
        }
        Box::pin(async {
            self.times.wait("trigger").await?;
            if let Some(stop) = &*self.stop_at_start.lock().unwrap() {
                stop.now();
            }
            let job = self.trigger.clone().map_or_else(|| Ok(Self::job(target)), Err)?;
            self.times.begin(&job);
            Ok(job)
        })
    }

    fn find_running<'a>(
        &'a self,
        target: &'a Target,
        baseline: &'a Baseline,
        since: Timestamp,
    ) -> BoxFuture<'a, Result<Search, Error>> {
        self.searched.lock().unwrap().push((baseline.clone(), since));
        let search = self.counted("find");
        if search <= self.searches_fail {
            return Box::pin(async { Err(Error::new(Kind::Unreachable, Delivery::NeverSent, "down")) });
        }
        let found = match self.found_after {
            Some(after) if search > after => Search::Found(Self::job(target)),
            _ if self.mute => Search::cannot_tell("this vendor lists nothing"),
            _ => Search::Absent,
        };
        Box::pin(async { Ok(found) })
    }

    fn observe<'a>(&'a self, jobs: &'a [&'a Job]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        let look = self.counted("observe");
        if let Some((stop, at)) = &*self.stop.lock().unwrap()
            && look >= *at
        {
            stop.now();
        }
        if let Some(seen) = self.times.observe(jobs) {
            return Box::pin(async {
                self.times.wait("observe").await?;
                Ok(seen)
            });
        }
        let stopped = self.count("stop") > 0 && look >= self.stops_after;
        let step = if stopped { Some(Step::Claimed) } else { self.step(look) };
        let (phase, percent) = match step {
            Some(Step::LookFails(error)) => return Box::pin(async { Err(error) }),
            Some(Step::Seen(phase, percent)) => (phase, percent),
            Some(Step::Claimed) => (Phase::Ended(Ending::Claimed), Some(100.0)),
            None => (Phase::Running, None),
        };
        let seen = Observation { phase, percent, state: "state".into(), facts: Facts::default() };
        let seen = vec![seen; jobs.len()];
        Box::pin(async { Ok(seen) })
    }

    fn verify<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let check = self.counted("verify");
        let verdict = if self.runs_on {
            Verdict::Running
        } else if check <= self.not_yet {
            Verdict::NotYet { why: "not visible".into(), otherwise: Outcome::Unknown { why: "never visible".into() } }
        } else {
            Verdict::proven("the script says so", Facts::default())
        };
        let verdicts = vec![verdict; claims.len()];
        Box::pin(async { Ok(verdicts) })
    }

    fn stop<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<bool, Error>> {
        self.counted("stop");
        let outcome = self.stop_error.clone().map_or(Ok(self.stoppable), Err);
        Box::pin(async { outcome })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.counted("close");
        Box::pin(async { Ok(()) })
    }
}

/// What a run did.
pub struct Stage {
    pub fake: Arc<Fake>,
    pub report: Report,
    pub events: Vec<EventRecord>,
    pub journal: Vec<Entry>,
    clock: Arc<ManualClock>,
}

/// Runs `count` targets.
pub async fn run(fake: Fake, count: usize, options: Options) -> Stage {
    let journal = Arc::new(MemoryJournal::default());
    *fake.journal.lock().unwrap() = Some(journal.clone());
    let mut stage = Stage::play(fake, count, options, journal.clone(), Stop::default()).await;
    stage.journal = journal.entries();
    stage
}

struct BrokenJournal;

impl Journal for BrokenJournal {
    fn record<'a>(&'a self, _: Timestamp, _: &'a Entry) -> BoxFuture<'a, Result<(), JournalError>> {
        Box::pin(async { Err(JournalError("disk full".into())) })
    }
}

impl Stage {
    pub async fn with_broken_journal(fake: Fake, options: Options) -> Self {
        Self::play(fake, 1, options, Arc::new(BrokenJournal), Stop::default()).await
    }

    /// Breaks off at this look; at look 0 before anything.
    pub async fn stopped_at_look(fake: Fake, options: Options, look: usize) -> Self {
        let stop = Stop::default();
        if look == 0 {
            stop.now();
        }
        *fake.stop.lock().unwrap() = Some((stop.clone(), look));
        Self::play(fake, 1, options, Arc::new(MemoryJournal::default()), stop).await
    }

    /// Breaks off when the first start comes back.
    pub async fn stopped_at_start(fake: Fake, options: Options) -> Self {
        let stop = Stop::default();
        *fake.stop_at_start.lock().unwrap() = Some(stop.clone());
        Self::play(fake, 1, options, Arc::new(MemoryJournal::default()), stop).await
    }

    /// Goes on with a run of these targets.
    pub async fn resumed(fake: Fake, pasts: Vec<Past>, options: Options) -> Self {
        Self::resumed_until(fake, pasts, options, Stop::default()).await
    }

    /// The same, beside endpoints that cannot be used.
    pub async fn resumed_beside(fake: Fake, pasts: Vec<Past>, dark: &[Dark]) -> Self {
        Self::take_up(fake, pasts, Options::default(), Stop::default(), dark).await
    }

    /// The same, with something to break it off.
    pub async fn resumed_until(fake: Fake, pasts: Vec<Past>, options: Options, stop: Stop) -> Self {
        Self::take_up(fake, pasts, options, stop, &[]).await
    }

    async fn take_up(fake: Fake, pasts: Vec<Past>, options: Options, stop: Stop, dark: &[Dark]) -> Self {
        let journal = Arc::new(MemoryJournal::default());
        let play = Self::stage(fake, options, journal.clone(), stop);
        let report = play.run.resume(pasts, vec![play.fake.clone() as Arc<dyn Provider>], dark).await;
        Self { journal: journal.entries(), ..play.done(report) }
    }

    async fn play(fake: Fake, count: usize, options: Options, journal: Arc<dyn Journal>, stop: Stop) -> Self {
        let play = Self::stage(fake, options, journal, stop);
        let targets = (0..count).map(target).collect();
        let report = play.run.execute(vec![(play.fake.clone() as Arc<dyn Provider>, targets)]).await;
        play.done(report)
    }

    fn stage(fake: Fake, options: Options, journal: Arc<dyn Journal>, stop: Stop) -> Play {
        let clock = ManualClock::new(now());
        let fake = fake.on(clock.clone());
        let events: Arc<Mutex<Vec<EventRecord>>> = Arc::default();
        let taken = events.clone();
        let sink = Arc::new(move |record: EventRecord| taken.lock().unwrap().push(record));
        let run = Run { options, clock: clock.clone(), journal, sink, stop };
        Play { fake: Arc::new(fake), run, events, clock }
    }

    pub fn words(&self) -> Vec<&'static str> {
        self.report.targets.iter().map(|target| target.outcome.word()).collect()
    }

    pub fn detail(&self) -> &str {
        self.report.targets[0].outcome.detail()
    }

    pub fn percents(&self) -> Vec<u8> {
        let percent = |record: &EventRecord| match record.event {
            Event::Progress { percent, .. } => percent,
            _ => None,
        };
        self.events.iter().filter_map(percent).collect()
    }

    pub fn waited(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// A run before it is played.
struct Play {
    fake: Arc<Fake>,
    run: Run,
    events: Arc<Mutex<Vec<EventRecord>>>,
    clock: Arc<ManualClock>,
}

impl Play {
    fn done(self, report: Report) -> Stage {
        let events = self.events.lock().unwrap().clone();
        Stage { fake: self.fake, report, events, journal: Vec::new(), clock: self.clock }
    }
}

/// The time of day at which every run begins.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_772_442_000).unwrap()
}

/// A target of the scripted vendor.
pub fn target(index: usize) -> Target {
    Target {
        address: Address { endpoint: "fake".into(), kind: "thing".into(), id: index.to_string() },
        name: format!("thing {index}"),
        facts: Facts::default(),
    }
}
