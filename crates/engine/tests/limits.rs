//! Limits, deadlines, pauses between looks, and jobs about which nothing changes: on a clock that moves by waiting only.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared with the other tests of the engine")]
mod fake;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sync_engine::{
    Event, EventRecord, Job, Limits, NoJournal, Options, Phase, Polling, Provider, QueueReason, Readiness, Report, Run,
    Stop,
};
use backup_sync_runtime::clock::{Clock as _, ManualClock};
use backup_sync_runtime::{Delivery, Error, Kind};

use fake::{Fake, Stage, Step, now, run, target};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn limits(jobs: Option<usize>, jobs_per_endpoint: Option<usize>) -> Options {
    let number = |limit: Option<usize>| limit.and_then(NonZeroUsize::new);
    let limits = Limits { jobs: number(jobs), jobs_per_endpoint: number(jobs_per_endpoint), ..Limits::default() };
    Options { limits, ..Options::default() }
}

/// How many jobs were at work at most at the same time, as the events tell.
fn most_at_work(events: &[EventRecord]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    for record in events {
        match record.event {
            Event::Started { .. } => now += 1,
            Event::Finished { .. } => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

fn queued(events: &[EventRecord]) -> Vec<(QueueReason, usize, usize)> {
    let one = |record: &EventRecord| match record.event {
        Event::Queued { reason, limit, targets, .. } => Some((reason, limit, targets)),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

/// A run over several endpoints.
async fn over(fakes: Vec<Fake>, count: usize, options: Options) -> (Report, Vec<EventRecord>, Arc<ManualClock>) {
    let clock = ManualClock::new(now());
    let events: Arc<Mutex<Vec<EventRecord>>> = Arc::default();
    let taken = events.clone();
    let endpoints = fakes.into_iter().map(|fake| {
        let fake: Arc<dyn Provider> = Arc::new(fake.on(clock.clone()));
        let targets = (0..count).map(|number| {
            let mut target = target(number);
            fake.endpoint().clone_into(&mut target.address.endpoint);
            target
        });
        let targets = targets.collect();
        (fake, targets)
    });
    let run = Run {
        options,
        clock: clock.clone(),
        journal: Arc::new(NoJournal),
        sink: Arc::new(move |record: EventRecord| taken.lock().unwrap().push(record)),
        stop: Stop::default(),
    };
    let report = run.execute(endpoints.collect()).await;
    let events = events.lock().unwrap().clone();
    (report, events, clock)
}

#[tokio::test]
async fn no_more_jobs_are_at_work_at_an_endpoint_than_permitted_and_the_others_wait_their_turn() {
    let (report, events, clock) = over(vec![Fake::new(vec![]).lasting(MINUTE)], 10, limits(None, Some(3))).await;
    assert_eq!(report.summary.succeeded, 10);
    assert_eq!(most_at_work(&events), 3);
    assert_eq!(queued(&events).first(), Some(&(QueueReason::Endpoint, 3, 7)), "seven wait at first");
    assert!(clock.monotonic() >= 4 * MINUTE, "ten jobs of a minute, three at a time");
    assert!(queued(&events).len() <= 7, "told once for each number that waits");
}

#[tokio::test]
async fn the_limit_of_the_run_counts_over_all_endpoints() {
    let fakes = ["a", "b", "c"].map(|name| Fake::new(vec![]).named(name).lasting(MINUTE));
    let (report, events, _) = over(fakes.into(), 5, limits(Some(4), None)).await;
    assert_eq!((report.summary.succeeded, most_at_work(&events)), (15, 4));
    assert!(queued(&events).iter().all(|(reason, limit, _)| (*reason, *limit) == (QueueReason::Run, 4)));
}

#[tokio::test]
async fn no_endpoint_takes_all_room_of_the_run() {
    let fakes = ["a", "b"].map(|name| Fake::new(vec![]).named(name).lasting(MINUTE));
    let (report, events, _) = over(fakes.into(), 12, limits(Some(4), None)).await;
    assert_eq!(report.summary.succeeded, 24);
    let started = |record: &EventRecord| match &record.event {
        Event::Started { target, .. } => Some(target.endpoint.clone()),
        _ => None,
    };
    let started: Vec<String> = events.iter().filter_map(started).collect();
    // Two and two from the beginning, and neither gets ahead of the other by more than its own two.
    let of_a = |starts: &[String]| starts.iter().filter(|endpoint| *endpoint == "a").count();
    assert_eq!(of_a(&started[..4]), 2, "{started:?}");
    for many in 4..=started.len() {
        let a = of_a(&started[..many]);
        assert!(a.abs_diff(many - a) <= 2, "{a} of the first {many}: {started:?}");
    }
}

#[tokio::test]
async fn without_limits_everything_is_at_work_at_once() {
    let (report, events, _) = over(vec![Fake::new(vec![]).lasting(MINUTE)], 100, limits(None, None)).await;
    assert_eq!((report.summary.succeeded, most_at_work(&events), queued(&events).len()), (100, 100, 0));
}

#[tokio::test]
async fn what_runs_already_counts_and_is_watched_whether_there_is_room_or_not() {
    let running = |target: &backup_sync_engine::Target| match target.address.id.as_str() {
        "0" | "1" => {
            let job = Job { target: target.clone(), ids: vec!["old".into()], facts: Default::default() };
            Readiness::running(job)
        }
        _ => Readiness::Ready,
    };
    let fake = Fake::new(vec![]).lasting(MINUTE).readiness(running);
    let (report, events, _) = over(vec![fake], 4, limits(None, Some(1))).await;
    assert_eq!((report.summary.succeeded, most_at_work(&events)), (4, 2), "both found ones, and none beside them");
}

#[tokio::test]
async fn no_more_starts_are_under_way_than_permitted() {
    for starts in [1, 3] {
        let starts = NonZeroUsize::new(starts).unwrap();
        let fake = Fake::new(vec![]).lasting(MINUTE).waits("trigger", SECOND);
        let options = Options { limits: Limits { starts, ..Limits::default() }, ..Options::default() };
        let (report, events, _) = over(vec![fake], 12, options).await;
        assert_eq!(report.summary.succeeded, 12);
        let (mut now, mut most) = (0, 0);
        for record in &events {
            match record.event {
                Event::Starting { .. } => now += 1,
                Event::Started { .. } => now -= 1,
                _ => {}
            }
            most = most.max(now);
        }
        assert_eq!(most, starts.get());
    }
}

#[tokio::test]
async fn what_is_in_the_way_of_any_target_is_told_before_the_first_start() {
    let readiness = |target: &backup_sync_engine::Target| match target.address.id.as_str() {
        "299" => Readiness::Skip { reason: "PAUSED".into() },
        _ => Readiness::Ready,
    };
    let stage = run(Fake::new(vec![Step::Claimed]).readiness(readiness), 300, Options::default()).await;
    let first = stage.events.iter().position(|record| matches!(record.event, Event::Starting { .. })).unwrap();
    let skipped = stage.events.iter().position(|record| matches!(record.event, Event::Finished { .. })).unwrap();
    assert!(skipped < first, "the last of 300 targets is skipped before the first is started");
    assert_eq!((stage.report.summary.skipped, stage.fake.count("trigger")), (1, 299));
}

#[tokio::test]
async fn the_state_before_a_start_is_not_older_than_a_minute() {
    let fake = Fake::new(vec![]).lasting(MINUTE).waits("trigger", 30 * SECOND);
    let options = Options { limits: Limits { starts: NonZeroUsize::MIN, ..Limits::default() }, ..Options::default() };
    let stage = run(fake, 12, options).await;
    assert_eq!(stage.report.summary.succeeded, 12);
    // At 0, 30 and 60 s three starts are handed over with the first reading, and so on.
    assert_eq!(stage.fake.count("baseline"), 4);
}

#[tokio::test]
async fn the_deadline_of_the_run_starts_nothing_more_and_leaves_what_runs() {
    let options = Options { run_deadline: Some(90 * SECOND), ..limits(None, Some(2)) };
    let (report, events, clock) = over(vec![Fake::new(vec![]).lasting(HOUR)], 5, options).await;
    let words: Vec<_> = report.targets.iter().map(|target| target.outcome.word()).collect();
    assert_eq!(words, ["still-running", "still-running", "skipped", "skipped", "skipped"]);
    assert_eq!(clock.monotonic(), 90 * SECOND);
    let waiting = &report.targets[4];
    assert!(waiting.outcome.detail().contains("deadline of the run"), "{}", waiting.outcome.detail());
    assert_eq!((waiting.error_kind.as_deref(), waiting.transient), (Some("deadline"), true));
    assert_eq!(most_at_work(&events), 2);
    assert!(!report.interrupted);
}

#[tokio::test]
async fn deadlines_hold_while_a_look_waits_for_the_quota() {
    let options = Options { target_deadline: 2 * SECOND, ..Options::default() };
    let polling = Polling { shortest: SECOND, longest: SECOND };
    let fake = Fake::new(vec![]).lasting(HOUR).waits("observe", 10 * MINUTE).gives_up();
    let (report, _, clock) = over(vec![fake], 2, Options { polling, ..options }).await;
    assert_eq!(report.summary.still_running, 2);
    assert_eq!(clock.monotonic(), 2 * SECOND, "the look that waits holds nobody up");
}

#[tokio::test]
async fn a_target_ends_at_its_deadline_though_looks_and_other_starts_wait_for_the_quota() {
    let (limit, most) = (25 * SECOND, 40 * SECOND);
    let options = Options { target_deadline: limit, ..Options::default() };
    let polling = Polling { shortest: SECOND, longest: SECOND };
    let fake = Fake::new(vec![]).lasting(HOUR).waits("observe", most).waits("trigger", most);
    let (report, events, _) = over(vec![fake], 6, Options { polling, ..options }).await;
    assert_eq!(report.summary.still_running, 6);
    for target in &report.targets {
        assert_eq!(target.duration_ms, 25_000, "{}", target.target);
    }
    // Four starts are under way at a time; each target's deadline counts from its own.
    let ended = |record: &EventRecord| matches!(record.event, Event::Finished { .. }).then_some(record.at_ms / 1000);
    assert_eq!(events.iter().filter_map(ended).collect::<Vec<_>>(), [65, 65, 65, 65, 105, 105]);
}

#[tokio::test]
async fn a_start_that_waits_for_the_quota_at_the_deadline_is_withdrawn_and_one_that_was_sent_is_kept() {
    let options = Options { run_deadline: Some(10 * SECOND), ..Options::default() };
    // The connection gives up waiting calls when it is told to; what is on its way comes back some time.
    let held = Fake::new(vec![]).lasting(HOUR).waits("trigger", HOUR).gives_up();
    let (report, events, _) = over(vec![held], 1, options.clone()).await;
    assert_eq!((report.targets[0].outcome.word(), report.targets[0].job.len()), ("skipped", 0));
    assert!(!events.iter().any(|record| matches!(record.event, Event::Started { .. })));
    let sent = Fake::new(vec![]).lasting(HOUR).waits("trigger", 40 * SECOND);
    let (report, _, clock) = over(vec![sent], 1, options).await;
    assert_eq!((report.targets[0].outcome.word(), report.targets[0].job.len()), ("still-running", 1));
    assert_eq!(clock.monotonic(), 40 * SECOND, "nobody could say what became of it, so it is waited for");
}

#[tokio::test]
async fn a_job_that_is_watched_no_more_keeps_its_place_and_what_waits_for_it_is_not_started() {
    let options = Options { target_deadline: MINUTE, ..limits(None, Some(2)) };
    let fake = Fake::new(vec![]).lasting(HOUR);
    let (report, events, _) = over(vec![fake], 6, options).await;
    let words: Vec<_> = report.targets.iter().map(|target| target.outcome.word()).collect();
    assert_eq!(words, ["still-running", "still-running", "skipped", "skipped", "skipped", "skipped"]);
    let started = events.iter().filter(|record| matches!(record.event, Event::Started { .. })).count();
    assert_eq!(started, 2, "both jobs go on, so there is no room");
    let waiting = &report.targets[5];
    assert!(waiting.outcome.detail().contains("there was no room for it"), "{}", waiting.outcome.detail());
    assert_eq!((waiting.error_kind.as_deref(), waiting.transient), (Some("deadline"), true));
}

#[tokio::test]
async fn the_room_of_the_run_is_not_exceeded_when_another_endpoint_leaves_its_jobs() {
    let left = Options { target_deadline: MINUTE, ..limits(Some(3), None) };
    let detached = Options { mode: backup_sync_engine::Mode::Detach, ..limits(Some(3), None) };
    for (options, all) in [(left, false), (detached, true)] {
        let fakes = [("a", HOUR), ("b", 30 * SECOND)].map(|(name, time)| Fake::new(vec![]).named(name).lasting(time));
        let (report, events, _) = over(fakes.into(), 4, options).await;
        // What has proven its end makes room; what is left at its deadline does not.
        let (mut at_work, mut most) = (0_usize, 0);
        for record in &events {
            match &record.event {
                Event::Started { .. } => at_work += 1,
                Event::Finished { outcome: backup_sync_engine::Outcome::Succeeded { .. }, .. } => at_work -= 1,
                _ => {}
            }
            most = most.max(at_work);
        }
        assert_eq!(most, 3, "{:?}", report.summary);
        let started = events.iter().filter(|record| matches!(record.event, Event::Started { .. })).count();
        assert_eq!(started == 8, all, "{:?}", report.summary);
    }
}

#[tokio::test]
async fn a_job_that_nobody_could_see_at_its_deadline_is_told_with_the_last_look_that_worked() {
    let down = Step::LookFails(Error::new(Kind::Unreachable, Delivery::NeverSent, "no route"));
    let options = Options { target_deadline: 5 * MINUTE, failed_looks: 1000, ..Options::default() };
    let stage = run(Fake::new(vec![Step::Seen(Phase::Running, None), down.clone()]), 1, options.clone()).await;
    let first = stage.fake.looks()[0];
    let ago = (stage.waited() - first).as_secs();
    let why = format!("the last look that worked was {ago} s ago (no route)");
    assert!(stage.detail().contains(&why), "{}", stage.detail());
    let never = run(Fake::new(vec![down]), 1, options).await;
    assert!(never.detail().contains("no look has worked (no route)"), "{}", never.detail());
}

/// The pauses between looks.
fn pauses(stage: &Stage) -> Vec<Duration> {
    let at: Vec<Duration> = stage.fake.looks();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn polling(shortest: u32, longest: u32) -> Options {
    let polling = Polling { shortest: shortest * SECOND, longest: longest * SECOND };
    Options { polling, target_deadline: HOUR, stuck_after: None, ..Options::default() }
}

#[tokio::test]
async fn pauses_grow_while_nothing_changes_and_keep_their_bounds() {
    let stage = run(Fake::new(vec![Step::Seen(Phase::Running, Some(1.0))]), 3, polling(5, 60)).await;
    let pauses = pauses(&stage);
    // After the first look something has changed; from then on each pause is half as long again, and up to a tenth more.
    for (place, pause) in pauses.iter().enumerate() {
        let grown = (0..place).fold(5.0_f64, |grown, _| (grown * 1.5).min(60.0));
        let bounds = grown..=grown * 1.1 + 0.001;
        assert!(bounds.contains(&pause.as_secs_f64()), "pause {place} is {pause:?}, not in {bounds:?}");
    }
    assert!(pauses.len() > 20 && pauses.len() < 80, "{}", pauses.len());
    let same = pauses.iter().skip(10).collect::<std::collections::HashSet<_>>().len();
    assert!(same > 5, "jitter makes pauses differ");
}

#[tokio::test]
async fn a_change_brings_the_shortest_pause_back_but_none_shorter_than_a_part_of_the_age() {
    let steps = (0..60).map(|percent| Step::Seen(Phase::Running, Some(f64::from(percent)))).chain([Step::Claimed]);
    let stage = run(Fake::new(steps.collect()), 1, polling(5, 60)).await;
    assert_eq!(stage.words(), ["succeeded"]);
    let pauses = pauses(&stage);
    assert!(pauses[..10].iter().all(|pause| *pause <= 6 * SECOND), "{:?}", &pauses[..10]);
    let mut age = Duration::ZERO;
    for pause in pauses {
        age += pause;
        assert!(pause <= (age / 16).max(5 * SECOND).mul_f64(1.2), "{pause:?} at the age of {age:?}");
    }
}

#[tokio::test]
async fn the_vendors_pace_is_kept_whatever_was_asked_for() {
    let fast = Polling { shortest: Duration::from_millis(100), longest: Duration::from_millis(100) };
    let options = Options { polling: fast, ..polling(1, 1) };
    let steps = (0..50).map(|percent| Step::Seen(Phase::Running, Some(f64::from(percent)))).chain([Step::Claimed]);
    let stage = run(Fake::new(steps.collect()).pace(15 * SECOND), 1, options).await;
    assert_eq!(stage.words(), ["succeeded"]);
    assert!(pauses(&stage).iter().all(|pause| *pause >= 15 * SECOND && *pause <= 17 * SECOND), "{:?}", pauses(&stage));
}

#[tokio::test]
async fn retry_after_of_a_failed_look_is_kept_in_full() {
    let wait = 10 * MINUTE;
    let busy = Error::new(Kind::Throttled, Delivery::Rejected, "busy").with_retry_after(Some(wait));
    let steps = vec![Step::Seen(Phase::Running, None), Step::LookFails(busy), Step::Claimed];
    let stage = run(Fake::new(steps), 1, polling(5, 60)).await;
    assert_eq!(stage.words(), ["succeeded"]);
    let after = pauses(&stage)[1];
    assert!(after >= wait && after <= wait.mul_f64(1.1), "{after:?}");
}

fn stuck(events: &[EventRecord]) -> Vec<(u64, String)> {
    let one = |record: &EventRecord| match &record.event {
        Event::Stuck { unchanged_ms, reason, .. } => Some((unchanged_ms / 1000, reason.clone())),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

#[tokio::test]
async fn a_job_about_which_nothing_changes_is_told_to_be_stuck_once_for_each_spell() {
    let options = Options { stuck_after: Some(10 * MINUTE), target_deadline: HOUR, ..Options::default() };
    let stage = run(Fake::new(vec![Step::Seen(Phase::Running, Some(37.0))]), 1, options.clone()).await;
    let told = stuck(&stage.events);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, 600);
    assert!(told[0].1.contains("\"state\" at 37 %"), "{}", told[0].1);
    assert_eq!(stage.words(), ["still-running"], "it is only a warning");
    assert!(stage.report.targets[0].stuck.is_some());
    // It moves again after about a quarter of an hour, and stands still again.
    let spells = Fake::new(vec![]).moves_at(15 * MINUTE);
    let (_, events, _) = over(vec![spells], 1, options).await;
    assert_eq!(stuck(&events).len(), 2);
}

#[tokio::test]
async fn a_stuck_job_can_be_left() {
    let options = Options { stuck_after: Some(10 * MINUTE), leave_stuck: true, ..Options::default() };
    let stage = run(Fake::new(vec![Step::Seen(Phase::Running, Some(37.0))]), 1, options).await;
    assert_eq!((stage.words(), stage.waited()), (vec!["still-running"], 10 * MINUTE + stage.fake.looks()[0]));
    assert!(stage.detail().contains("nothing had changed for 600 s"), "{}", stage.detail());
}

#[tokio::test]
async fn the_reason_names_failing_looks_and_what_a_proof_lacks() {
    let options = Options { stuck_after: Some(2 * MINUTE), failed_looks: 1000, ..Options::default() };
    let down = Step::LookFails(Error::new(Kind::Unreachable, Delivery::NeverSent, "no route"));
    let failing = Options { target_deadline: 10 * MINUTE, ..options.clone() };
    let stage = run(Fake::new(vec![Step::Seen(Phase::Running, None), down]), 1, failing).await;
    let reason = &stuck(&stage.events)[0].1;
    assert!(reason.contains("looking has failed for") && reason.contains("no route"), "{reason}");
    let stage = run(Fake::new(vec![Step::Claimed]).not_yet(usize::MAX), 1, options).await;
    let reason = &stuck(&stage.events)[0].1;
    assert!(reason.contains("claimed but not proven: not visible"), "{reason}");
}

#[tokio::test]
async fn events_of_waiting_and_standing_still_fit_their_published_schema() {
    let options = Options { stuck_after: Some(10 * SECOND), ..limits(None, Some(1)) };
    let (_, events, _) = over(vec![Fake::new(vec![]).lasting(5 * MINUTE)], 2, options).await;
    let schema = schemars::schema_for!(EventRecord);
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    assert!(!queued(&events).is_empty() && !stuck(&events).is_empty());
    for event in &events {
        let event = serde_json::to_value(event).unwrap();
        assert!(validator.is_valid(&event), "{event}");
    }
}
