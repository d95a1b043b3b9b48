//! What statuses, retries and warnings mean, without a server.

use super::*;

fn session(status: &str) -> JobSession {
    JobSession { id: "s".into(), status: Some(status.into()), details: Some("why".into()), ..JobSession::default() }
}

fn ended(status: &str) -> JobSession {
    JobSession { has_ended: true, ..session(status) }
}

fn phase(session: &JobSession) -> Phase {
    observation(session).phase
}

#[test]
fn each_status_means_what_it_says_and_no_other_is_guessed() {
    assert_eq!(phase(&session("Running")), Phase::Running);
    assert_eq!(phase(&session("Queued")), Phase::Waiting);
    assert_eq!(phase(&ended("Stopped")), Phase::Ended(Ending::Stopped));
    assert_eq!(phase(&ended("Success")), Phase::Ended(Ending::Claimed));
    assert_eq!(phase(&ended("Warning")), Phase::Ended(Ending::Claimed));
    assert_eq!(phase(&ended("Failed")), Phase::Ended(Ending::Failed("the job session failed: why".into())));
    for unexplained in ["Disconnected", "NotConfigured"] {
        assert_eq!(phase(&session(unexplained)), Phase::Unclear, "it may go on");
        assert!(matches!(phase(&ended(unexplained)), Phase::Ended(Ending::Failed(why)) if why.contains(unexplained)));
    }
    assert_eq!(phase(&session("Paused")), Phase::Unclear);
    assert_eq!(phase(&JobSession::default()), Phase::Unclear);
    assert_eq!(phase(&ended("Paused")), Phase::Ended(Ending::Claimed), "over, but nobody says how");
    assert_eq!(observation(&JobSession { processed: Some(90), ..session("Running") }).percent, None);
}

#[test]
fn a_failed_attempt_that_is_retried_is_not_the_end() {
    let first = JobSession { will_be_retried: true, ..ended("Failed") };
    assert_eq!(phase(&first), Phase::Waiting);
    assert_eq!(observation(&first).state, "Failed, will be retried");
    let retry = |number: i64, status: &str, main: &str| JobSession {
        id: format!("r{number}"),
        main_session: Some(main.into()),
        retry: number,
        ..ended(status)
    };
    let second = JobSession { will_be_retried: true, ..retry(1, "Failed", "S") };
    let listed = [first.clone(), retry(2, "Success", "S"), second.clone(), retry(3, "Failed", "other")];
    assert_eq!(newest(&first, &listed[..1]).id, "s", "the retry has not begun");
    assert_eq!(newest(&first, &listed).id, "r2");
    assert_eq!(newest(&second, &listed).id, "r2", "a retry leads to the next one of the same run");
    let last = retry(2, "Failed", "S");
    assert_eq!(newest(&last, &listed).id, "r2");
    assert!(matches!(phase(&last), Phase::Ended(Ending::Failed(_))));
    let facts = observation(&listed[1]).facts;
    assert_eq!((facts.get::<String>(SESSION).as_deref(), facts.get::<i64>(RETRY)), (Some("r2"), Some(2)));
}

#[test]
fn a_warning_is_a_success_only_when_no_object_failed() {
    let judged = |statuses: &[&str]| {
        let statuses: Vec<String> = statuses.iter().map(|status| (*status).to_owned()).collect();
        match judged(&statuses, "no license", Facts::default()) {
            Verdict::Decided(outcome) => (outcome.word(), outcome.detail().to_owned()),
            other => panic!("{other:?}"),
        }
    };
    let (word, rule) = judged(&["Success", "Warning", "Success"]);
    assert_eq!(word, "succeeded");
    assert_eq!(rule, "the job session ended in Warning, no object failed, 1 of 3 with a warning: no license");
    let (word, why) = judged(&["Success", "Failed"]);
    assert_eq!(
        (word, why.as_str()),
        ("failed", "the job session ended in Warning, and 1 of 2 objects failed: no license")
    );
    assert_eq!(judged(&["Success", "Skipped"]).0, "unknown");
    assert_eq!(judged(&["Success", ""]).0, "unknown");
}

#[test]
fn the_lines_that_matter_are_taken_from_a_log() {
    let line = |of: &str, text: &str| LogLine { of: of.into(), text: text.into() };
    let log = [line("Success", "a"), line("error", "b"), line("Error", ""), line("Warning", "c"), line("Error", "d")];
    assert_eq!(lines(&log, &["Error"]), ["b", "d"]);
}
