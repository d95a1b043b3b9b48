//! Runs that only start, only watch, only stop or only look, against a scripted vendor.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared with the other tests of the engine")]
mod fake;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use backup_sync_engine::{
    Action, Baseline, Ending, Entry, Event, Facts, Job, MemoryJournal, Mode, Options, Outcome, Past, Phase, Provider,
    Readiness, Run, Stage as Past_, Standing, Stop, Survey, Target,
};
use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::{Delivery, Error, Kind};

use fake::{Fake, Stage, Step, now, run, target};

fn options(mode: Mode) -> Options {
    Options { mode, target_deadline: Duration::from_secs(600), ..Options::default() }
}

fn job(target: &Target) -> Job {
    Job { target: target.clone(), ids: vec![format!("job-{}", target.address.id)], facts: Facts::default() }
}

fn at_work(target: &Target) -> Readiness {
    Readiness::running(job(target))
}

fn started(index: usize) -> Past {
    let (target, baseline) = (target(index), Baseline::default());
    let stage = Past_::Started { job: job(&target), baseline, adopted: false, at: now() };
    Past { target, vendor: "fake-vendor".into(), stage }
}

fn planned(index: usize) -> Past {
    Past::planned(target(index), "fake-vendor")
}

/// What of the entries says that a target has an outcome, and whether it is open.
fn ends(journal: &[Entry]) -> Vec<(&'static str, bool)> {
    let end = |entry: &Entry| match entry {
        Entry::Ended { report, open } => Some((report.outcome.word(), *open)),
        _ => None,
    };
    journal.iter().filter_map(end).collect()
}

#[tokio::test]
async fn detaching_starts_everything_and_looks_at_nothing() {
    let stage = run(Fake::new(vec![Step::Claimed]), 3, options(Mode::Detach)).await;
    assert_eq!(stage.words(), ["still-running"; 3]);
    assert_eq!((stage.fake.count("trigger"), stage.fake.count("observe"), stage.fake.count("close")), (3, 0, 1));
    assert_eq!(ends(&stage.journal), [("still-running", true); 3], "it can be resumed");
    assert!(stage.detail().contains("not proven"), "{}", stage.detail());
}

#[tokio::test]
async fn attaching_watches_what_runs_and_starts_nothing() {
    let fake = Fake::new(vec![Step::Claimed]).readiness(|target| match target.address.id.as_str() {
        "0" => at_work(target),
        "1" => Readiness::Broken { reason: "out of order".into() },
        _ => Readiness::Ready,
    });
    // Whoever attaches wants to watch, also where runs of others would be left alone.
    let stage = run(fake, 3, Options { adopt: false, force: true, ..options(Mode::Attach) }).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["succeeded", "failed", "skipped"], 0));
    assert!(stage.report.targets[0].adopted);
    assert!(stage.report.targets[2].outcome.detail().contains("no synchronization of it runs"));
}

#[tokio::test]
async fn attaching_to_a_run_leaves_what_it_never_sent_for_whoever_resumes_it() {
    let fake = Fake::new(vec![Step::Claimed]);
    let stage = Stage::resumed(fake, vec![started(0), planned(1)], options(Mode::Attach)).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["succeeded", "skipped"], 0));
    assert_eq!(ends(&stage.journal), [("succeeded", false)], "nothing is written of the other");
}

/// A run over the scripted vendor that nobody has broken off.
fn bare(options: Options) -> (Run, Arc<MemoryJournal>, Arc<ManualClock>) {
    let (journal, clock) = (Arc::new(MemoryJournal::default()), ManualClock::new(now()));
    let run =
        Run { options, clock: clock.clone(), journal: journal.clone(), sink: Arc::new(|_| {}), stop: Stop::default() };
    (run, journal, clock)
}

async fn stop(fake: Fake, pasts: Vec<Past>) -> (Vec<&'static str>, Vec<(&'static str, bool)>, Arc<Fake>, Vec<Outcome>) {
    let (run, journal, _) = bare(options(Mode::Synchronize));
    let fake = Arc::new(fake);
    let report = run.stop_jobs(pasts, vec![fake.clone() as Arc<dyn Provider>], &[]).await;
    let outcomes: Vec<Outcome> = report.targets.into_iter().map(|target| target.outcome).collect();
    (outcomes.iter().map(Outcome::word).collect(), ends(&journal.entries()), fake, outcomes)
}

#[tokio::test]
async fn a_job_has_stopped_when_it_is_no_longer_at_work() {
    let fake = Fake::new(vec![Step::Seen(Phase::Running, None)]).stops_after(3).not_yet(usize::MAX);
    let (words, ends, fake, _) = stop(fake.readiness(at_work), vec![started(0), planned(1)]).await;
    assert_eq!((words, ends), (vec!["stopped"; 2], vec![("stopped", false); 2]));
    assert_eq!((fake.count("stop"), fake.count("trigger"), fake.count("close")), (2, 0, 1));
    assert!(fake.count("observe") >= 3, "an accepted call is no stopped job");
}

#[tokio::test]
async fn what_ends_by_itself_in_the_moment_of_the_stop_has_succeeded() {
    let fake = Fake::new(vec![Step::Seen(Phase::Running, None)]).stops_after(1);
    assert_eq!(stop(fake, vec![started(0)]).await.0, ["succeeded"]);
}

#[tokio::test]
async fn what_fails_by_itself_in_the_moment_of_the_stop_has_failed() {
    let failed = Phase::Ended(Ending::Failed("the proxy is gone".into()));
    let steps = vec![Step::Seen(Phase::Running, None), Step::Seen(failed, None)];
    let (words, _, _, outcomes) = stop(Fake::new(steps).stops_after(99), vec![started(0)]).await;
    assert_eq!((words, outcomes[0].detail()), (vec!["failed"], "the proxy is gone"));
}

#[tokio::test]
async fn nothing_is_asked_of_the_vendor_where_nothing_runs() {
    let (words, ends, fake, _) = stop(Fake::new(vec![Step::Claimed]), vec![started(0), planned(1)]).await;
    assert_eq!((words, fake.count("stop")), (vec!["skipped"; 2], 0));
    assert_eq!(ends, [], "how it ended is for whoever resumes the run to find out");
}

#[tokio::test]
async fn a_vendor_that_cannot_stop_is_a_failure_and_the_job_stays_open() {
    let (words, ends, _, outcomes) = stop(Fake::new(vec![Step::Seen(Phase::Running, None)]), vec![started(0)]).await;
    assert_eq!((words, ends), (vec!["failed"], vec![]));
    assert!(outcomes[0].detail().contains("fake-vendor offers no call that stops this job; it goes on"));
    let refusal = Error::new(Kind::Denied, Delivery::Rejected, "not you");
    let refused = Fake::new(vec![Step::Seen(Phase::Running, None)]).stop_fails(refusal);
    assert_eq!(stop(refused, vec![started(0)]).await.0, ["failed"]);
    // Nobody knows whether this call has arrived, but that it stopped can be seen.
    let lost = Error::new(Kind::Unreachable, Delivery::MaybeApplied, "the connection broke");
    let lost = Fake::new(vec![Step::Seen(Phase::Running, None)]).stop_fails(lost).stops_after(2).not_yet(usize::MAX);
    assert_eq!(stop(lost, vec![started(0)]).await.0, ["stopped"]);
}

#[tokio::test]
async fn what_goes_on_after_the_stop_is_still_running_at_the_deadline() {
    let fake = Fake::new(vec![Step::Seen(Phase::Running, None)]).stops_after(usize::MAX);
    let (words, ends, ..) = stop(fake, vec![started(0)]).await;
    assert_eq!((words, ends), (vec!["still-running"], vec![("still-running", true)]));
}

#[tokio::test]
async fn breaking_off_stops_what_the_run_has_started_if_that_is_wanted() {
    let wanted = Options { stop_on_break: Some(Duration::from_secs(60)), ..options(Mode::Synchronize) };
    let fake = || Fake::new(vec![Step::Seen(Phase::Running, None)]).stops_after(4).not_yet(usize::MAX);
    let own = Stage::stopped_at_look(fake(), wanted.clone(), 2).await;
    assert_eq!((own.words(), own.fake.count("stop"), own.fake.count("go on")), (vec!["stopped"], 1, 1));
    assert!(own.report.interrupted);
    let found = Stage::stopped_at_look(fake().readiness(at_work), wanted.clone(), 2).await;
    assert_eq!((found.words(), found.fake.count("stop")), (vec!["still-running"], 0), "it belongs to somebody else");
    let unable = Stage::stopped_at_look(Fake::new(vec![Step::Seen(Phase::Running, None)]), wanted, 2).await;
    assert_eq!(unable.words(), ["still-running"], "work that goes on has not failed");
    let unwanted = Stage::stopped_at_look(fake(), options(Mode::Synchronize), 2).await;
    assert_eq!((unwanted.words(), unwanted.fake.count("stop")), (vec!["still-running"], 0));
    assert!(!unwanted.events.iter().any(|record| matches!(record.event, Event::Stopping { .. })));
}

#[tokio::test]
async fn breaking_off_after_the_deadline_of_the_run_stops_what_it_has_started_too() {
    let wanted = Options {
        stop_on_break: Some(Duration::from_secs(60)),
        run_deadline: Some(Duration::from_secs(60)),
        ..options(Mode::Synchronize)
    };
    // The start is on its way at the deadline, and somebody breaks off before it comes back.
    let fake = Fake::new(vec![Step::Seen(Phase::Running, None)]).stops_after(4).not_yet(usize::MAX);
    let stage = Stage::stopped_at_start(fake.waits("trigger", Duration::from_secs(90)), wanted).await;
    assert_eq!((stage.words(), stage.fake.count("stop")), (vec!["stopped"], 1));
    assert!(stage.report.interrupted);
}

#[tokio::test]
async fn a_rehearsal_says_what_a_run_does_and_does_nothing() {
    let readiness = |target: &Target| match target.address.id.as_str() {
        "0" => at_work(target),
        "1" => Readiness::Skip { reason: "paused".into() },
        "2" => Readiness::Broken { reason: "out of order".into() },
        "3" => Readiness::Needless { reason: "in sync".into() },
        _ => Readiness::Ready,
    };
    for options in [options(Mode::Synchronize), Options { adopt: false, force: true, ..options(Mode::Synchronize) }] {
        let (rehearsing, journal, _) = bare(options.clone());
        let fake = Arc::new(Fake::new(vec![Step::Claimed]).readiness(readiness));
        let rehearsal = rehearsing.rehearse((0..5).map(planned).collect(), vec![fake.clone()]).await;
        assert_eq!((fake.count("baseline"), fake.count("close"), journal.entries().len()), (1, 1, 0));
        let stage = run(Fake::new(vec![Step::Claimed]).readiness(readiness), 5, options).await;
        for (planned, done) in rehearsal.targets.iter().zip(&stage.report.targets) {
            let fits = match (&planned.action, &done.outcome) {
                (Action::Start, Outcome::Succeeded { .. }) => !done.adopted,
                (Action::Adopt, Outcome::Succeeded { .. }) => done.adopted && planned.job == done.job,
                (Action::Skip { reason: would }, Outcome::Skipped { reason: did })
                | (Action::Fail { reason: would }, Outcome::Failed { reason: did }) => would == did,
                _ => false,
            };
            assert!(fits, "{planned:?} {done:?}");
        }
    }
    let (rehearsing, ..) = bare(options(Mode::Synchronize));
    let fake = Arc::new(Fake::new(vec![]).baseline_fails(Error::new(Kind::Unreachable, Delivery::NeverSent, "down")));
    let down = rehearsing.rehearse(vec![planned(0), started(1)], vec![fake]).await;
    assert!(matches!(&down.targets[0].action, Action::Fail { reason } if reason.contains("could not be read")));
    assert_eq!((down.targets[0].error_kind.as_deref(), &down.targets[1].action), (Some("unreachable"), &Action::Watch));
}

#[tokio::test]
async fn a_survey_looks_once_at_each_endpoint_and_hides_none_that_can_be_asked() {
    let (looking, journal, _) = bare(options(Mode::Synchronize));
    let readiness = |target: &Target| match target.address.id.as_str() {
        "0" => at_work(target),
        "1" => Readiness::Needless { reason: "in sync".into() },
        _ => Readiness::Ready,
    };
    let fake = Arc::new(Fake::new(vec![Step::Seen(Phase::Running, Some(100.0))]).readiness(readiness));
    let down = Fake::new(vec![]).baseline_fails(Error::new(Kind::Unreachable, Delivery::NeverSent, "down"));
    let endpoints: Vec<(Arc<dyn Provider>, Vec<Target>)> =
        vec![(fake.clone(), (0..300).map(target).collect()), (Arc::new(down), vec![target(0)])];
    let survey = looking.survey(&endpoints).await;
    let standing = |index: usize| survey.targets[index].standing;
    assert_eq!([0, 1, 2, 300].map(standing), [Standing::Running, Standing::InSync, Standing::Ready, Standing::Unread]);
    assert_eq!((survey.targets[0].percent, survey.targets[0].job.len()), (Some(99), 1), "100 would claim a proven end");
    assert_eq!(survey.targets[300].error_kind.as_deref(), Some("unreachable"));
    assert_eq!(["baseline", "observe", "trigger", "close"].map(|what| fake.count(what)), [1, 1, 0, 0]);
    assert!(journal.entries().is_empty());
}

#[tokio::test]
async fn surveys_come_at_the_pace_that_was_asked_for_until_somebody_has_enough() {
    let (looking, _, clock) = bare(options(Mode::Synchronize));
    let endpoints: Vec<(Arc<dyn Provider>, Vec<Target>)> = vec![(Arc::new(Fake::new(vec![])), vec![target(0)])];
    let mut seen = 0;
    looking
        .survey_until(&endpoints, Duration::from_secs(10), |survey| {
            seen += survey.targets.len();
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await;
    let waits = clock.waits();
    assert_eq!((seen, waits.len()), (3, 2));
    assert!(waits.iter().all(|wait| (9.0..=11.0).contains(&wait.as_secs_f64())), "{waits:?}");
    looking.stop.now();
    looking.survey_until(&endpoints, Duration::ZERO, |_| panic!("it was broken off")).await;
}

#[tokio::test]
async fn an_endpoint_that_wants_a_slow_pace_holds_up_no_other() {
    let (looking, _, _) = bare(options(Mode::Synchronize));
    let (quick, slow) = (Arc::new(Fake::new(vec![])), Arc::new(Fake::new(vec![]).pace(Duration::from_secs(100))));
    let endpoints: Vec<(Arc<dyn Provider>, Vec<Target>)> =
        vec![(quick.clone(), vec![target(0)]), (slow.clone(), vec![target(1)])];
    let mut all = Vec::new();
    looking
        .survey_until(&endpoints, Duration::from_secs(10), |survey| {
            all.push(survey.targets.len());
            if slow.count("baseline") == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await;
    // Two pauses of 90 to 110 seconds, in which the other is looked at each 9 to 11 seconds.
    let quick = quick.count("baseline");
    assert!((16..=26).contains(&quick), "{quick}");
    assert_eq!(all.iter().max(), Some(&2), "each survey has what is known of all");
    assert!(all.iter().skip(2).all(|count| *count == 2), "{all:?}");
}

#[tokio::test]
async fn a_look_at_no_endpoint_lasts_until_it_is_broken_off() {
    let (looking, _, _) = bare(options(Mode::Synchronize));
    let stop = looking.stop.clone();
    let mut shown = 0;
    let show = |survey: &Survey| {
        assert!(survey.targets.is_empty());
        shown += 1;
        stop.now();
        ControlFlow::Continue(())
    };
    looking.survey_until(&[], Duration::from_secs(10), show).await;
    assert_eq!(shown, 1);
}
