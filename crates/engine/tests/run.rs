//! The run loop against a scripted vendor, on a clock that is moved by waiting only.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[expect(dead_code, reason = "shared with the other tests of the engine")]
mod fake;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backup_sync_engine::{Address, Entry, Event, Facts, Job, Options, Own, Phase, Polling, Readiness, Target};
use backup_sync_runtime::{Delivery, Error, Kind};

use fake::{Fake, Stage, Step, run};

fn options() -> Options {
    let polling = Polling { shortest: Duration::from_secs(5), longest: Duration::from_secs(60) };
    Options {
        polling,
        settle: Duration::from_secs(60),
        target_deadline: Duration::from_secs(3600),
        ..Options::default()
    }
}

fn running(percent: f64) -> Step {
    Step::Seen(Phase::Running, Some(percent))
}

#[tokio::test]
async fn a_claimed_end_is_success_only_when_it_is_proven() {
    let fake = Fake::new(vec![running(10.0), running(100.0), Step::Claimed, Step::Claimed]).not_yet(1);
    let stage = run(fake, 1, options()).await;
    assert_eq!(stage.words(), ["succeeded"]);
    assert_eq!(stage.fake.count("verify"), 2, "the first check said not yet");
    assert_eq!(stage.percents(), [10, 99, 99, 99], "100 is never shown before the end is proven");
    assert!(matches!(stage.events.last().map(|record| &record.event), Some(Event::Finished { .. })));
}

#[tokio::test]
async fn a_claim_that_is_never_proven_takes_the_outcome_of_the_vendors_rule() {
    let fake = Fake::new(vec![Step::Claimed]).not_yet(usize::MAX);
    let stage = run(fake, 1, options()).await;
    assert_eq!(stage.words(), ["unknown"]);
    assert!(stage.waited() >= Duration::from_secs(60), "it is looked at again for as long as `settle` says");
}

#[tokio::test]
async fn looks_do_not_grow_with_targets() {
    let one = run(Fake::new(vec![running(1.0), Step::Claimed]), 1, options()).await;
    let many = run(Fake::new(vec![running(1.0), Step::Claimed]), 300, options()).await;
    assert_eq!(many.report.summary.succeeded, 300);
    assert_eq!(many.fake.count("observe"), one.fake.count("observe"));
    assert_eq!(many.fake.count("verify"), one.fake.count("verify"));
    // The state before is read once for all, and again for each further wave of starts.
    let waves = 300_usize.div_ceil(40);
    assert_eq!((many.fake.count("baseline"), many.fake.count("trigger")), (waves, 300));
}

#[tokio::test]
async fn a_refused_start_fails_and_is_not_repeated() {
    let refusal = Error::new(Kind::Conflict, Delivery::Rejected, "busy");
    let stage = run(Fake::new(vec![]).trigger_fails(refusal), 1, options()).await;
    assert_eq!(stage.words(), ["failed"]);
    assert_eq!(stage.fake.count("trigger"), 1);
    assert_eq!(stage.report.targets[0].error_kind.as_deref(), Some("conflict"));
}

#[tokio::test]
async fn an_ambiguous_start_is_looked_for_and_adopted_never_sent_again() {
    for delivery in [Delivery::MaybeApplied, Delivery::Accepted] {
        let lost = Error::new(Kind::Unreachable, delivery, "the connection broke");
        let fake = Fake::new(vec![Step::Claimed]).trigger_fails(lost).found_after(1);
        let stage = run(fake, 1, options()).await;
        assert_eq!(stage.words(), ["succeeded"]);
        assert_eq!((stage.fake.count("trigger"), stage.fake.count("find")), (1, 2));
        assert!(stage.report.targets[0].adopted);
    }
}

#[tokio::test]
async fn an_ambiguous_start_that_is_not_found_is_unknown_not_failed() {
    let lost = Error::new(Kind::Decode, Delivery::Accepted, "no JSON");
    let stage = run(Fake::new(vec![]).trigger_fails(lost), 1, options()).await;
    assert_eq!(stage.words(), ["unknown"]);
    assert_eq!(stage.fake.count("trigger"), 1);
    assert!(stage.detail().contains("accepted the start"), "{}", stage.detail());
}

#[tokio::test]
async fn what_runs_already_is_watched() {
    let stage =
        run(Fake::new(vec![Step::Claimed]).readiness(|target| Readiness::running(job(target))), 1, options()).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["succeeded"], 0));
    let options = Options { adopt: false, ..options() };
    let stage = run(Fake::new(vec![]).readiness(|target| Readiness::running(job(target))), 1, options).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["skipped"], 0));
}

fn job(target: &Target) -> Job {
    Job { target: target.clone(), ids: vec!["old".into()], facts: Default::default() }
}

#[tokio::test]
async fn readiness_decides_before_anything_is_sent() {
    let reason = || "because".to_owned();
    for (readiness, word, force) in [
        (Readiness::Skip { reason: reason() }, "skipped", true),
        (Readiness::Broken { reason: reason() }, "failed", true),
        (Readiness::Needless { reason: reason() }, "skipped", false),
    ] {
        let options = Options { force, ..options() };
        let stage = run(Fake::new(vec![]).readiness(move |_| readiness.clone()), 1, options).await;
        assert_eq!((stage.words(), stage.fake.count("trigger")), (vec![word], 0));
        assert_eq!(stage.detail(), "because");
    }
    let options = Options { force: true, ..options() };
    let needless = Fake::new(vec![Step::Claimed]).readiness(move |_| Readiness::Needless { reason: reason() });
    assert_eq!(run(needless, 1, options).await.words(), ["succeeded"]);
}

/// The first of two targets with options of its own, under those of the run.
async fn first_of_two(fake: Fake, own: Own, options: Options) -> Vec<&'static str> {
    let first = Address { endpoint: "fake".into(), kind: "thing".into(), id: "0".into() };
    run(fake, 2, Options { own: [(first, own)].into(), ..options }).await.words()
}

#[tokio::test]
async fn what_one_target_wants_otherwise_counts_for_it_alone() {
    let needless = || Fake::new(vec![Step::Claimed]).readiness(|_| Readiness::Needless { reason: "because".into() });
    let force = Own { force: Some(true), ..Own::default() };
    assert_eq!(first_of_two(needless(), force, options()).await, ["succeeded", "skipped"]);
    let no_force = Own { force: Some(false), ..Own::default() };
    let forced = Options { force: true, ..options() };
    assert_eq!(first_of_two(needless(), no_force, forced).await, ["skipped", "succeeded"]);
    let at_work = Fake::new(vec![Step::Claimed]).readiness(|target| Readiness::running(job(target)));
    let no_adopt = Own { adopt: Some(false), ..Own::default() };
    assert_eq!(first_of_two(at_work, no_adopt, options()).await, ["skipped", "succeeded"]);
    let slow = Fake::new(vec![running(1.0), running(2.0), running(3.0), running(4.0), Step::Claimed]);
    let short = Own { deadline: Some(Duration::from_secs(1)), ..Own::default() };
    assert_eq!(first_of_two(slow, short, options()).await, ["still-running", "succeeded"]);
}

#[tokio::test]
async fn a_failed_look_is_not_a_failed_job() {
    let blip = || Step::LookFails(Error::new(Kind::Unreachable, Delivery::NeverSent, "blip"));
    let stage = run(Fake::new(vec![running(5.0), blip(), blip(), running(9.0), Step::Claimed]), 2, options()).await;
    assert_eq!(stage.words(), ["succeeded", "succeeded"]);
    assert_eq!(stage.events.iter().filter(|record| matches!(record.event, Event::LookFailed { .. })).count(), 2);
}

#[tokio::test]
async fn losing_sight_for_good_is_unknown() {
    let denied = Step::LookFails(Error::new(Kind::Auth, Delivery::Rejected, "locked"));
    let stage = run(Fake::new(vec![running(5.0), denied]), 1, options()).await;
    assert_eq!(stage.words(), ["unknown"]);
    assert_eq!(stage.report.targets[0].error_kind.as_deref(), Some("auth"));
    let blip = || Step::LookFails(Error::new(Kind::Unreachable, Delivery::NeverSent, "blip"));
    let options = Options { failed_looks: 4, ..options() };
    let stage = run(Fake::new(vec![running(5.0), blip(), blip(), blip(), blip()]), 1, options).await;
    assert_eq!((stage.words(), stage.fake.count("observe")), (vec!["unknown"], 5));
}

#[tokio::test]
async fn the_deadline_leaves_the_work_running() {
    let stage = run(Fake::new(vec![running(30.0)]), 1, options()).await;
    assert_eq!(stage.words(), ["still-running"]);
    assert!(stage.detail().contains("it goes on"), "{}", stage.detail());
    assert!(stage.waited() >= Duration::from_secs(3600) && stage.waited() < Duration::from_secs(3700));
}

#[tokio::test]
async fn a_job_that_moves_on_after_a_claim_is_watched_to_its_deadline() {
    let stage = run(Fake::new(vec![Step::Claimed]).runs_on(), 1, options()).await;
    assert_eq!(stage.words(), ["still-running"]);
    assert!(stage.waited() >= Duration::from_secs(3600), "`settle` is for ends that do not show, not for work");
}

#[tokio::test]
async fn a_word_that_nobody_documented_is_success_when_the_rule_is_fulfilled() {
    let stage = run(Fake::new(vec![Step::Seen(Phase::Unclear, None)]), 1, options()).await;
    assert_eq!(stage.words(), ["succeeded"]);
    let stage = run(Fake::new(vec![Step::Seen(Phase::Unclear, None)]).not_yet(usize::MAX), 1, options()).await;
    assert_eq!(stage.words(), ["still-running"], "and nothing else is concluded from it");
}

#[tokio::test]
async fn searches_that_fail_do_not_count_as_not_found() {
    let lost = Error::new(Kind::Unreachable, Delivery::MaybeApplied, "the connection broke");
    let fake = Fake::new(vec![Step::Claimed]).trigger_fails(lost).searches_fail(5).found_after(5);
    let stage = run(fake, 1, options()).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["succeeded"], 1));
}

#[tokio::test]
async fn one_refusal_while_watching_may_be_a_limiter() {
    let denied = Step::LookFails(Error::new(Kind::Denied, Delivery::Rejected, "slow down"));
    let stage = run(Fake::new(vec![running(5.0), denied, Step::Claimed]), 1, options()).await;
    assert_eq!(stage.words(), ["succeeded"]);
}

#[tokio::test]
async fn words_that_nobody_documented_keep_the_watch_going() {
    let unclear = || Step::Seen(Phase::Unclear, None);
    let stage = run(Fake::new(vec![unclear(), unclear(), Step::Claimed]).not_yet(2), 1, options()).await;
    assert_eq!(stage.words(), ["succeeded"]);
}

#[tokio::test]
async fn the_intent_is_in_the_journal_before_the_start_is_sent() {
    let stage = run(Fake::new(vec![Step::Claimed]), 1, options()).await;
    let kinds: Vec<&str> = stage
        .journal
        .iter()
        .map(|entry| match entry {
            Entry::Planned { .. } => "planned",
            Entry::Intent { .. } => "intent",
            Entry::Job { .. } => "job",
            Entry::Ended { .. } => "ended",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["planned", "intent", "job", "ended"]);
    assert_eq!(stage.fake.journal_at_trigger(), Some(2), "plan and intent were there when the start was sent");
}

#[tokio::test]
async fn nothing_is_started_when_the_journal_cannot_be_written() {
    let stage = Stage::with_broken_journal(Fake::new(vec![]), options()).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["failed"], 0));
    assert!(stage.detail().contains("the journal cannot be written: disk full"), "{}", stage.detail());
}

#[tokio::test]
async fn breaking_off_leaves_running_work_and_starts_nothing_more() {
    let stage = Stage::stopped_at_look(Fake::new(vec![running(10.0)]), options(), 2).await;
    assert!(stage.report.interrupted);
    assert_eq!(stage.words(), ["still-running"]);
    let stage = Stage::stopped_at_look(Fake::new(vec![]), options(), 0).await;
    assert_eq!((stage.words(), stage.fake.count("trigger")), (vec!["skipped"], 0));
}

#[tokio::test]
async fn a_start_that_was_held_back_when_the_run_was_broken_off_can_be_resumed_as_planned() {
    let held = Error::new(Kind::BrokenOff, Delivery::NeverSent, "broken off");
    let stage = run(Fake::new(vec![]).trigger_fails(held), 1, options()).await;
    assert_eq!((stage.words(), stage.fake.count("find")), (vec!["skipped"], 0));
    let last: Vec<&Entry> = stage.journal.iter().skip(1).collect();
    assert!(matches!(last[..], [Entry::Intent { .. }, Entry::Withdrawn { .. }, Entry::Ended { open: true, .. }]));
}

#[tokio::test]
async fn sessions_are_closed_on_every_way_out() {
    for fake in [
        Fake::new(vec![Step::Claimed]),
        Fake::new(vec![]).baseline_fails(Error::new(Kind::Unreachable, Delivery::NeverSent, "down")),
        Fake::new(vec![running(1.0)]),
    ] {
        assert_eq!(run(fake, 1, options()).await.fake.count("close"), 1);
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_read_or_refuses_the_rights_starts_nothing() {
    let down = Error::new(Kind::Unreachable, Delivery::NeverSent, "down");
    let denied = Error::new(Kind::Denied, Delivery::Rejected, "403: the user may not read replications");
    for (error, kind) in [(down, "unreachable"), (denied, "denied")] {
        let stage = run(Fake::new(vec![]).baseline_fails(error), 3, options()).await;
        assert_eq!((stage.report.summary.failed, stage.fake.count("trigger")), (3, 0));
        for target in &stage.report.targets {
            assert_eq!(target.error_kind.as_deref(), Some(kind));
            assert!(target.outcome.detail().contains("nothing was started"), "{}", target.outcome.detail());
        }
    }
}

#[tokio::test]
async fn the_report_fits_its_published_schema() {
    let stage = run(Fake::new(vec![Step::Claimed]), 2, options()).await;
    let schema = schemars::schema_for!(backup_sync_engine::Report);
    let validator = jsonschema::validator_for(schema.as_value()).unwrap();
    let report = serde_json::to_value(&stage.report).unwrap();
    assert!(validator.is_valid(&report), "{report}");
    let events = schemars::schema_for!(backup_sync_engine::EventRecord);
    let validator = jsonschema::validator_for(events.as_value()).unwrap();
    for event in &stage.events {
        let event = serde_json::to_value(event).unwrap();
        assert!(validator.is_valid(&event), "{event}");
    }
}

#[tokio::test]
async fn a_start_that_is_refused_because_one_runs_is_like_one_that_was_seen_before() {
    let refused = || Error::new(Kind::Vendor, Delivery::Rejected, "INVALID_STATE");
    for (adopt, runs, word) in [(true, true, "succeeded"), (false, true, "skipped"), (true, false, "failed")] {
        let reads = AtomicUsize::new(0);
        let readiness = move |target: &Target| match reads.fetch_add(1, Ordering::Relaxed) {
            1.. if runs => {
                Readiness::running(Job { target: target.clone(), ids: vec!["theirs".into()], facts: Facts::default() })
            }
            _ => Readiness::Ready,
        };
        let fake = Fake::new(vec![Step::Claimed]).trigger_fails(refused()).readiness(readiness);
        let stage = run(fake, 1, Options { adopt, ..Options::default() }).await;
        assert_eq!((stage.words(), stage.fake.count("trigger"), stage.fake.count("baseline")), (vec![word], 1, 2));
        assert_eq!(stage.report.targets[0].adopted, word == "succeeded");
    }
}
