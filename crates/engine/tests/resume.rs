//! Going on with a run whose process has ended: one test for each stage that a target may have reached.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared with the other tests of the engine")]
mod fake;

use std::time::Duration;

use backup_sync_engine::{
    Baseline, Entry, Event, Facts, Job, Options, Outcome, Past, Phase, Readiness, Stage as Came, Stop, TargetReport,
};
use backup_sync_runtime::{Delivery, Error, Kind};

use fake::{Fake, Stage, Step, now, run, target};

const HOUR: Duration = Duration::from_secs(3600);

fn old() -> Baseline {
    Baseline { readiness: Readiness::Ready, facts: Facts::default().with("old", serde_json::Value::from(true)) }
}

fn past(stage: Came) -> Vec<Past> {
    vec![Past { target: target(0), vendor: "fake-vendor".into(), stage }]
}

/// A start was about to be sent `ago`.
fn intended(ago: Duration) -> Vec<Past> {
    past(Came::Intended { baseline: old(), at: now() - ago })
}

fn started() -> Vec<Past> {
    let job = Job { target: target(0), ids: vec!["job-0".into()], facts: Facts::default() };
    past(Came::Started { job, baseline: old(), adopted: false, at: now() - HOUR })
}

/// Kinds of the entries, and whether an end is open.
fn entries(stage: &Stage) -> Vec<&'static str> {
    let kind = |entry: &Entry| match entry {
        Entry::Planned { .. } => "planned",
        Entry::Intent { .. } => "intent",
        Entry::Job { adopted: true, .. } => "adopted",
        Entry::Job { .. } => "job",
        Entry::Ended { open: true, .. } => "open",
        Entry::Ended { .. } => "ended",
        _ => "other",
    };
    stage.journal.iter().map(kind).collect()
}

fn counts(stage: &Stage) -> (usize, usize) {
    (stage.fake.count("trigger"), stage.fake.count("find"))
}

#[tokio::test]
async fn what_was_only_planned_is_started_like_a_new_target() {
    let stage = Stage::resumed(Fake::new(vec![Step::Claimed]), past(Came::Planned), Options::default()).await;
    assert_eq!((stage.words(), counts(&stage)), (vec!["succeeded"], (1, 0)));
    assert_eq!(entries(&stage), ["intent", "job", "ended"]);
    assert_eq!(stage.fake.count("close"), 1);
}

#[tokio::test]
async fn what_was_perhaps_started_and_is_found_is_adopted_with_the_old_baseline() {
    let fake = Fake::new(vec![Step::Claimed]).found_after(0);
    let stage = Stage::resumed(fake, intended(HOUR), Options::default()).await;
    assert_eq!((stage.words(), counts(&stage)), (vec!["succeeded"], (0, 1)));
    assert_eq!(stage.fake.searched(), [(old(), now() - HOUR)]);
    assert_eq!(stage.fake.count("baseline"), 0, "the end is compared with the state before the first start");
    assert_eq!(entries(&stage), ["adopted", "ended"]);
    assert!(matches!(&stage.journal[0], Entry::Job { baseline, .. } if *baseline == old()));
    assert!(stage.report.targets[0].duration_ms >= 3_600_000, "it was at work before this process");
}

#[tokio::test]
async fn what_is_proven_absent_is_started_with_a_new_intent_after_the_time_of_a_request() {
    let options = Options { resend_after: Duration::from_secs(75), ..Options::default() };
    // The last look before the start is the one that would find it.
    let stage = Stage::resumed(Fake::new(vec![Step::Claimed]), intended(HOUR), options).await;
    assert_eq!((stage.words(), counts(&stage)), (vec!["succeeded"], (1, 4)));
    assert_eq!(entries(&stage), ["intent", "job", "ended"]);
    assert!(matches!(&stage.journal[0], Entry::Intent { baseline, .. } if *baseline != old()));
    let starting = stage.events.iter().find(|record| matches!(record.event, Event::Starting { .. })).unwrap();
    assert!(starting.at_ms >= 75_000, "the request of the earlier process may be under way until then");
}

#[tokio::test]
async fn a_request_that_arrives_late_is_found_before_anything_is_sent_again() {
    let stage = Stage::resumed(Fake::new(vec![Step::Claimed]).found_after(3), intended(HOUR), Options::default()).await;
    assert_eq!((stage.words(), counts(&stage)), (vec!["succeeded"], (0, 4)));
}

#[tokio::test]
async fn where_silence_proves_nothing_it_is_never_sent_again() {
    let stage = Stage::resumed(Fake::new(vec![]).mute(), intended(HOUR), Options::default()).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["unknown"], 0));
    assert!(stage.detail().contains("this vendor lists nothing"), "{}", stage.detail());
    assert_eq!(entries(&stage), ["ended"], "a later search would say no more");
}

#[tokio::test]
async fn absence_proves_nothing_when_the_vendor_may_have_forgotten() {
    for age in [25 * HOUR, Duration::ZERO] {
        let stage = Stage::resumed(Fake::new(vec![Step::Claimed]), intended(age), Options::default()).await;
        let old = age > Duration::ZERO;
        assert_eq!(
            (stage.words(), counts(&stage).0),
            (vec![if old { "unknown" } else { "succeeded" }], usize::from(!old))
        );
    }
}

#[tokio::test]
async fn a_search_that_fails_leaves_the_target_open() {
    let stage = Stage::resumed(Fake::new(vec![]).searches_fail(99), intended(HOUR), Options::default()).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["unknown"], 0));
    assert_eq!(entries(&stage), ["open"]);
}

#[tokio::test]
async fn what_has_a_job_is_watched_on_and_nothing_is_sent() {
    let running = Step::Seen(Phase::Running, Some(40.0));
    let stage = Stage::resumed(Fake::new(vec![running, Step::Claimed]), started(), Options::default()).await;
    assert_eq!((stage.words(), counts(&stage), stage.fake.count("baseline")), (vec!["succeeded"], (0, 0), 0));
    let target = &stage.report.targets[0];
    assert_eq!((target.job.as_slice(), target.adopted), (&["job-0".to_owned()][..], false));
    assert_eq!(entries(&stage), ["ended"]);
}

#[tokio::test]
async fn what_has_ended_is_reported_and_not_asked_about() {
    let report = TargetReport {
        target: target(0).address,
        name: "thing 0".into(),
        vendor: "fake-vendor".into(),
        job: vec!["job-0".into()],
        adopted: true,
        outcome: Outcome::Failed { reason: "full".into() },
        error_kind: Some("vendor".into()),
        transient: true,
        duration_ms: 7,
        stuck: None,
    };
    let mut pasts = past(Came::Ended(report.clone()));
    pasts.push(Past::planned(target(1), "fake-vendor"));
    let stage = Stage::resumed(Fake::new(vec![Step::Claimed]), pasts, Options::default()).await;
    assert_eq!(stage.words(), ["failed", "succeeded"]);
    assert_eq!((&stage.report.targets[0], stage.fake.count("trigger")), (&report, 1));
    assert_eq!(stage.events.iter().filter(|record| matches!(record.event, Event::Finished { .. })).count(), 2);
}

#[tokio::test]
async fn a_resumed_run_that_is_broken_off_can_be_resumed_again() {
    let stop = Stop::default();
    stop.now();
    let mut pasts = intended(HOUR);
    pasts.push(Past::planned(target(1), "fake-vendor"));
    let stage = Stage::resumed_until(Fake::new(vec![]), pasts, Options::default(), stop).await;
    assert_eq!((stage.words(), counts(&stage)), (vec!["unknown", "skipped"], (0, 0)));
    assert_eq!(entries(&stage), ["open", "open"]);
}

#[tokio::test]
async fn an_ambiguous_start_is_never_sent_again_within_the_run_and_stays_open() {
    let lost = || Error::new(Kind::Unreachable, Delivery::MaybeApplied, "the connection broke");
    let stage = run(Fake::new(vec![]).trigger_fails(lost()), 1, Options::default()).await;
    assert_eq!(
        (stage.words(), counts(&stage).0, entries(&stage)),
        (vec!["unknown"], 1, vec!["planned", "intent", "open"])
    );
    let stage = run(Fake::new(vec![]).trigger_fails(lost()).mute(), 1, Options::default()).await;
    assert_eq!((stage.words(), entries(&stage)), (vec!["unknown"], vec!["planned", "intent", "ended"]));
}

#[tokio::test]
async fn a_deadline_leaves_the_target_open() {
    let options = Options { target_deadline: HOUR, ..Options::default() };
    let stage = run(Fake::new(vec![Step::Seen(Phase::Running, None)]), 1, options).await;
    assert_eq!((stage.words(), entries(&stage)), (vec!["still-running"], vec!["planned", "intent", "job", "open"]));
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_holds_up_no_other_and_its_targets_stay_as_they_are() {
    let at = |endpoint: &str, mut past: Past| {
        endpoint.clone_into(&mut past.target.address.endpoint);
        if let Came::Started { job, .. } = &mut past.stage {
            job.target = past.target.clone();
        }
        past
    };
    let of = |endpoint: &'static str| {
        [started(), intended(HOUR), past(Came::Planned)].map(|past| at(endpoint, past[0].clone()))
    };
    let pasts = [at("fake", started()[0].clone())].into_iter().chain(of("dark")).collect();
    let dark = ("dark".to_owned(), Error::new(Kind::Unreachable, Delivery::NeverSent, "no route"));
    let stage = Stage::resumed_beside(Fake::new(vec![Step::Claimed]), pasts, &[dark]).await;
    assert_eq!(stage.words(), ["succeeded", "unknown", "unknown", "failed"]);
    assert_eq!(entries(&stage), ["ended"], "nothing is written of the others");
    for target in &stage.report.targets[1..] {
        assert!(target.outcome.detail().contains("its endpoint cannot be used: no route"), "{target:?}");
        assert_eq!((target.error_kind.as_deref(), target.transient), (Some("unreachable"), true));
    }
}

#[tokio::test]
async fn a_job_of_another_target_of_the_run_is_not_found_for_a_second_one() {
    // The vendor shows the second target's job for the first, whether that has ended or not.
    let job = Job { target: target(1), ids: vec!["job-0".into()], facts: Facts::default() };
    let running = Came::Started { job, baseline: old(), adopted: false, at: now() - HOUR };
    let ended = Came::Ended(TargetReport {
        target: target(1).address,
        name: "thing 1".into(),
        vendor: "fake-vendor".into(),
        job: vec!["job-0".into()],
        adopted: false,
        outcome: Outcome::Failed { reason: "full".into() },
        error_kind: None,
        transient: false,
        duration_ms: 7,
        stuck: None,
    });
    for (stage, word) in [(running, "succeeded"), (ended, "failed")] {
        let mut pasts = intended(HOUR);
        pasts.push(Past { target: target(1), vendor: "fake-vendor".into(), stage });
        let fake = Fake::new(vec![Step::Claimed]).found_after(0);
        let stage = Stage::resumed(fake, pasts, Options::default()).await;
        assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["unknown", word], 0));
        assert!(stage.detail().contains("fake/thing/1"), "{}", stage.detail());
    }
}
