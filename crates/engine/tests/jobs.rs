//! Waiting for jobs that run already, against a vendor that does what a script says.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sync_engine::{
    Claim, Ending, Facts, JobWatch, Jobs, Mode, NoJournal, Observation, Options, Past, Phase, Provider, Report, Run,
    Stage, Stop, Target, Verdict,
};
use backup_sync_runtime::clock::{Clock as _, ManualClock};
use backup_sync_runtime::{BoxFuture, Connection, Delivery, Error, Kind};
use jiff::Timestamp;

/// What each look shows of a job, by its id; the last phase repeats.
type Script = HashMap<&'static str, Vec<Phase>>;

#[derive(Debug)]
struct Scripted {
    connection: Connection,
    script: Script,
    looks: Arc<Mutex<Vec<Vec<String>>>>,
    judged: Arc<Mutex<Vec<String>>>,
    fails: Option<usize>,
    stopped: Arc<Mutex<Vec<String>>>,
    short: bool,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = (&'static str, Vec<Phase>)>) -> Self {
        let connection = Connection::builder(&[]).to("http://127.0.0.1:9").build().unwrap();
        let (looks, judged, stopped) = Default::default();
        Self { connection, script: script.into_iter().collect(), looks, judged, fails: None, stopped, short: false }
    }
}

impl Jobs for Scripted {
    fn endpoint(&self) -> &str {
        "site"
    }

    fn vendor(&self) -> &'static str {
        "fake-vendor"
    }

    fn kind(&self) -> &'static str {
        "chore"
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, Error>> {
        Box::pin(async { Ok(vec![("1".into(), "sweep the floor".into()), ("2".into(), String::new())]) })
    }

    fn look<'a>(&'a self, ids: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Observation>, Error>> {
        let number = {
            let mut looks = self.looks.lock().unwrap();
            looks.push(ids.iter().map(|id| (*id).to_owned()).collect());
            looks.len()
        };
        let seen = |id: &&str| {
            let phases = self.script.get(*id);
            let phase = phases.and_then(|phases| phases.get(number - 1).or(phases.last())).cloned();
            Observation::unseen(phase.unwrap_or(Phase::Gone), "state")
        };
        let seen: Vec<Observation> = ids.iter().skip(usize::from(self.short)).map(seen).collect();
        let fails = self.fails == Some(number);
        Box::pin(async move {
            if fails { Err(Error::new(Kind::Unreachable, Delivery::NeverSent, "down")) } else { Ok(seen) }
        })
    }

    fn judge<'a>(&'a self, claims: &'a [Claim<'a>]) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let ids = claims.iter().map(|claim| claim.job.ids.join(","));
        self.judged.lock().unwrap().extend(ids);
        let verdict = |_: &Claim<'_>| Verdict::proven("the chore is done", Facts::default());
        Box::pin(async move { Ok(claims.iter().map(verdict).collect()) })
    }

    fn stop<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<bool, Error>> {
        self.stopped.lock().unwrap().push(id.to_owned());
        Box::pin(async { Ok(true) })
    }
}

fn run() -> (Run, Arc<ManualClock>) {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let options = Options { mode: Mode::Attach, target_deadline: Duration::from_secs(3600), ..Options::default() };
    let run = Run {
        options,
        clock: clock.clone(),
        journal: Arc::new(NoJournal),
        sink: Arc::new(|_| {}),
        stop: Stop::default(),
    };
    (run, clock)
}

type Over = (Arc<dyn Provider>, Vec<Target>);

fn over(watch: JobWatch<Scripted>, ids: &[&str]) -> Over {
    watch.over(ids.iter().map(|id| ((*id).to_owned(), String::new())))
}

fn ended(report: &Report) -> Vec<(&'static str, &str)> {
    report.targets.iter().map(|target| (target.outcome.word(), target.outcome.detail())).collect()
}

fn ok() -> Phase {
    Phase::Ended(Ending::Claimed)
}

#[tokio::test]
async fn each_of_several_jobs_has_its_own_end_and_all_are_looked_at_together() {
    let failed = Phase::Ended(Ending::Failed("the broom broke".into()));
    let jobs = Scripted::new([
        ("1", vec![Phase::Running, ok()]),
        ("2", vec![Phase::Waiting, Phase::Running, failed]),
        ("3", vec![Phase::Running, Phase::Ended(Ending::Stopped)]),
        ("4", vec![Phase::Running, Phase::Unclear, ok()]),
    ]);
    let (looks, judged) = (jobs.looks.clone(), jobs.judged.clone());
    let (run, _) = run();
    let report = run.execute(vec![over(JobWatch::started(jobs), &["1", "2", "3", "4"])]).await;
    let ends = ended(&report);
    assert_eq!(
        ends,
        [
            ("succeeded", "the chore is done"),
            ("failed", "the broom broke"),
            ("stopped", "stopped before it was finished"),
            ("succeeded", "the chore is done")
        ]
    );
    assert_eq!(report.targets[1].target.to_string(), "site/chore/2");
    assert_eq!(report.targets[1].job, ["2"]);
    let looks = looks.lock().unwrap().clone();
    assert_eq!(looks.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2], "one call for all that still run");
    assert_eq!(*judged.lock().unwrap(), ["1", "4"], "a firm end and an unclear state are nobody's claim");
}

#[tokio::test]
async fn a_job_that_is_not_shown_yet_is_waited_for_and_a_forgotten_one_is_not_called_done() {
    let jobs =
        Scripted::new([("late", vec![Phase::Gone, Phase::Gone, Phase::Running, ok()]), ("lost", vec![Phase::Gone])]);
    let (run, clock) = run();
    let report = run.execute(vec![over(JobWatch::started(jobs), &["late", "lost"])]).await;
    let ends = ended(&report);
    assert_eq!((ends[0].0, ends[1].0), ("succeeded", "unknown"));
    assert!(ends[1].1.contains("does not know the chore any more"), "{}", ends[1].1);
    assert!(clock.monotonic() >= run.options.settle, "it had the time to become visible");
}

#[tokio::test]
async fn a_named_job_that_is_not_there_is_told_at_once() {
    let jobs = Scripted::new([("1", vec![Phase::Running, ok()])]);
    let (run, clock) = run();
    let report = run.execute(vec![over(JobWatch::named(jobs), &["1", "typo"])]).await;
    let ends = ended(&report);
    assert_eq!((ends[0].0, ends[1].0), ("succeeded", "failed"));
    assert!(ends[1].1.contains("knows no chore typo"), "{}", ends[1].1);
    assert!(report.targets[0].adopted && clock.monotonic() < Duration::from_secs(60));
}

#[tokio::test]
async fn an_undocumented_state_ends_at_the_deadline_and_not_in_a_claim() {
    let jobs = Scripted::new([("1", vec![Phase::Unclear])]);
    let (run, _) = run();
    let report = run.execute(vec![over(JobWatch::started(jobs), &["1"])]).await;
    assert_eq!(ended(&report)[0].0, "still-running");
}

#[tokio::test]
async fn a_failed_look_is_no_failed_job() {
    let jobs = Scripted { fails: Some(2), ..Scripted::new([("1", vec![Phase::Running, Phase::Running, ok()])]) };
    let (run, _) = run();
    assert_eq!(ended(&run.execute(vec![over(JobWatch::started(jobs), &["1"])]).await)[0].0, "succeeded");
    // An answer that leaves jobs out counts as failed too, and never moves one job's end to another.
    let jobs = Scripted { short: true, ..Scripted::new([("1", vec![Phase::Running]), ("2", vec![ok()])]) };
    let report = run.execute(vec![over(JobWatch::started(jobs), &["1", "2"])]).await;
    assert_eq!(ended(&report).iter().map(|end| end.0).collect::<Vec<_>>(), ["unknown", "unknown"]);
}

#[tokio::test]
async fn a_job_is_stopped_where_the_vendor_can_and_never_started() {
    let jobs = Scripted::new([("1", vec![Phase::Running, Phase::Running, Phase::Ended(Ending::Stopped)])]);
    let stopped = jobs.stopped.clone();
    let (run, _) = run();
    let (watch, targets) = over(JobWatch::named(jobs), &["1"]);
    let refused = watch.trigger(&targets[0], &Default::default()).await.unwrap_err();
    assert!(refused.to_string().contains("cannot be started again"), "{refused}");
    let pasts = vec![Past::planned(targets[0].clone(), watch.vendor())];
    let report = run.stop_jobs(pasts, vec![watch], &[]).await;
    assert_eq!((ended(&report)[0].0, stopped.lock().unwrap().clone()), ("stopped", vec!["1".to_owned()]));
}

#[tokio::test]
async fn the_list_gives_names_and_a_job_of_an_earlier_process_is_watched_on() {
    let jobs = Scripted::new([("1", vec![Phase::Running, ok()])]);
    let watch: Arc<dyn Provider> = Arc::new(JobWatch::named(jobs));
    let listed = watch.targets().await.unwrap();
    assert_eq!(listed.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["sweep the floor", "2"]);
    let job = backup_sync_engine::Job::known(listed[0].clone(), "1".into());
    let stage = Stage::Started { job, baseline: Default::default(), adopted: false, at: Timestamp::UNIX_EPOCH };
    let past = Past { target: listed[0].clone(), vendor: "fake-vendor".into(), stage };
    let (run, _) = run();
    let report = run.resume(vec![past], vec![watch], &[]).await;
    assert_eq!((ended(&report)[0].0, report.targets[0].adopted), ("succeeded", false));
}
