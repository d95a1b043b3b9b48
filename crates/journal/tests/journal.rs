//! The journal as its users meet it: what is written comes back, and what is not ours stays as it is.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use backup_sync_engine::{
    Address, Baseline, Entry, Facts, Job, Journal as _, Outcome, Past, Planned, Readiness, Stage, Target, TargetReport,
};
use backup_sync_journal::{Error, NewRun, RunJournal, RunState, Store, TargetState};
use jiff::Timestamp;
use serde_json::json;
use sqlx::Connection as _;
use tempfile::TempDir;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_442_000 + second).unwrap()
}

fn target(id: &str) -> Target {
    let address = Address { endpoint: "e/1".into(), kind: "thing".into(), id: id.into() };
    Target { address, name: format!("thing '{id}'"), facts: Facts::default().with("pairing", json!({"a": [1, null]})) }
}

fn baseline() -> Baseline {
    Baseline { readiness: Readiness::Ready, facts: Facts::default().with("before", json!(7)) }
}

fn job(id: &str) -> Job {
    Job { target: target(id), ids: vec!["j-1".into(), "j-2".into()], facts: Facts::default().with("n", json!(2)) }
}

fn ended(id: &str, outcome: Outcome, open: bool) -> Entry {
    let report = TargetReport {
        target: target(id).address,
        name: target(id).name,
        vendor: "vendor".into(),
        job: vec!["j-1".into(), "j-2".into()],
        adopted: true,
        outcome,
        error_kind: Some("vendor".into()),
        transient: true,
        duration_ms: 1234,
        stuck: None,
    };
    Entry::Ended { report, open }
}

fn proven() -> Outcome {
    serde_json::from_value(json!({"outcome": "succeeded", "evidence": {"rule": "it is", "facts": {"x": 1}}})).unwrap()
}

fn unknown() -> Outcome {
    Outcome::Unknown { why: "no word".into() }
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("journal.db")
    }

    async fn store(&self) -> Store {
        Store::open(&self.path()).await.unwrap()
    }
}

async fn begin(store: &Store, ids: &[&str]) -> RunJournal {
    let arguments = ["sync".to_owned(), "--all".to_owned()];
    let new = NewRun {
        version: "1.2.3",
        command: "sync",
        arguments: &arguments,
        config: Some(Path::new("/etc/x.toml")),
        options: json!({"force": true}),
    };
    let run = store.begin(&new).await.unwrap();
    let planned = |id: &&str| Planned { vendor: "vendor".into(), target: target(id) };
    write(&run, 0, &Entry::Planned { targets: ids.iter().map(planned).collect() }).await;
    run
}

async fn write(run: &RunJournal, second: i64, entry: &Entry) {
    run.record(at(second), entry).await.unwrap();
}

async fn intent(run: &RunJournal, second: i64, id: &str) {
    write(run, second, &Entry::Intent { target: target(id), baseline: baseline() }).await;
}

async fn start(run: &RunJournal, second: i64, id: &str) {
    write(run, second, &Entry::Job { job: job(id), baseline: baseline(), adopted: true }).await;
}

fn stages(pasts: Vec<Past>) -> Vec<Stage> {
    pasts.into_iter().map(|past| past.stage).collect()
}

/// One target in each stage.
async fn every_stage(store: &Store) -> String {
    let run = begin(store, &["planned", "intended", "started", "ended", "open", "unproven", "silent"]).await;
    intent(&run, 1, "intended").await;
    for id in ["started", "ended", "open", "unproven"] {
        intent(&run, 2, id).await;
        start(&run, 3, id).await;
    }
    write(&run, 4, &ended("ended", proven(), false)).await;
    write(&run, 4, &ended("open", Outcome::StillRunning { why: "deadline".into() }, true)).await;
    write(&run, 4, &ended("unproven", unknown(), false)).await;
    intent(&run, 2, "silent").await;
    write(&run, 4, &ended("silent", unknown(), false)).await;
    run.id().to_owned()
}

fn expected() -> Vec<Stage> {
    let started = || Stage::Started { job: job("started"), baseline: baseline(), adopted: true, at: at(3) };
    let of = |id: &str| match started() {
        Stage::Started { baseline, adopted, at, .. } => Stage::Started { job: job(id), baseline, adopted, at },
        other => other,
    };
    let report = |id: &str, outcome: Outcome, job: bool| match ended(id, outcome, false) {
        Entry::Ended { report, .. } if job => Stage::Ended(report),
        Entry::Ended { report, .. } => Stage::Ended(TargetReport { job: Vec::new(), adopted: false, ..report }),
        _ => Stage::Planned,
    };
    vec![
        Stage::Planned,
        Stage::Intended { baseline: baseline(), at: at(1) },
        of("started"),
        report("ended", proven(), true),
        of("open"),
        of("unproven"),
        report("silent", unknown(), false),
    ]
}

#[tokio::test]
async fn an_intent_that_was_withdrawn_is_a_plan_again() {
    let place = Place::new();
    let store = place.store().await;
    let run = begin(&store, &["a"]).await;
    intent(&run, 1, "a").await;
    write(&run, 2, &Entry::Withdrawn { target: target("a").address }).await;
    write(&run, 2, &ended("a", Outcome::Skipped { reason: "broken off".into() }, true)).await;
    let id = run.id().to_owned();
    assert!(run.end(130).await.unwrap(), "there is something to resume");
    drop(run);
    let (run, pasts) = store.take_up(&id).await.unwrap();
    assert_eq!(stages(pasts), [Stage::Planned]);
    drop(run);
    let targets = store.run(&id).await.unwrap().targets.unwrap();
    assert_eq!((targets[0].intents, targets[0].intent_at.as_deref()), (0, None));
}

#[tokio::test]
async fn what_is_written_comes_back() {
    let place = Place::new();
    let store = place.store().await;
    let id = every_stage(&store).await;
    let (run, pasts) = store.take_up(&id).await.unwrap();
    assert_eq!(pasts[0].target, target("planned"));
    assert_eq!(stages(pasts), expected());
    assert!(run.end(8).await.unwrap(), "there is something to resume");
    drop(run);
    let record = store.run(&id).await.unwrap();
    assert_eq!((record.state, record.exit_code, record.resumed), (RunState::Unfinished, Some(8), 1));
    assert_eq!((record.version.as_str(), record.command.as_str()), ("1.2.3", "sync"));
    assert_eq!((record.arguments.len(), record.config.as_deref()), (2, Some("/etc/x.toml")));
    assert_eq!((record.target_count, record.open_count, record.options), (7, 4, json!({"force": true})));
    assert_eq!((record.summary.succeeded, record.summary.unknown, record.summary.still_running), (1, 2, 1));
    let told = record.targets.unwrap();
    assert_eq!((told[3].state, told[3].outcome.clone()), (TargetState::Ended, Some(proven())));
    assert_eq!(told[3].started_at.as_deref(), Some("2026-03-02T09:00:03.000Z"));
    assert_eq!(
        (told[4].state, told[4].outcome.as_ref().map(Outcome::word)),
        (TargetState::Started, Some("still-running"))
    );
}

#[tokio::test]
async fn history_fits_its_schema() {
    let place = Place::new();
    let store = place.store().await;
    let id = every_stage(&store).await;
    let schema = schemars::schema_for!(backup_sync_journal::RunRecord);
    let record = serde_json::to_value(store.run(&id).await.unwrap()).unwrap();
    let wrong: Vec<String> = jsonschema::validator_for(schema.as_value())
        .unwrap()
        .iter_errors(&record)
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} in {record}");
}

#[tokio::test]
async fn an_entry_outlives_a_crash_as_soon_as_it_is_recorded() {
    let place = Place::new();
    let store = place.store().await;
    let run = begin(&store, &["a", "b"]).await;
    intent(&run, 1, "a").await;
    // What is on the disk at this moment is what a crash would leave.
    let crashed = Place::new();
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(place.folder.path().join(name), crashed.folder.path().join(name)).unwrap();
    }
    let (_, pasts) = crashed.store().await.take_up(run.id()).await.unwrap();
    assert_eq!(stages(pasts), [Stage::Intended { baseline: baseline(), at: at(1) }, Stage::Planned]);
}

#[tokio::test]
async fn a_new_intent_forgets_what_belonged_to_the_old_one_and_is_counted() {
    let place = Place::new();
    let store = place.store().await;
    let run = begin(&store, &["a"]).await;
    intent(&run, 1, "a").await;
    write(&run, 2, &ended("a", unknown(), true)).await;
    intent(&run, 9, "a").await;
    let told = store.run(run.id()).await.unwrap().targets.unwrap().remove(0);
    assert_eq!((told.intents, told.outcome, told.state), (2, None, TargetState::Intended));
    assert_eq!(told.intent_at.as_deref(), Some("2026-03-02T09:00:09.000Z"));
}

#[tokio::test]
async fn one_at_a_time_works_on_a_run() {
    let place = Place::new();
    let store = place.store().await;
    let run = begin(&store, &["a"]).await;
    let id = run.id().to_owned();
    let error = store.take_up(&id).await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert_eq!(store.run(&id).await.unwrap().state, RunState::Running);
    assert!(store.unfinished().await.unwrap().is_empty(), "nobody can resume it now");
    drop(run);
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
    let (run, _) = store.take_up(&id).await.unwrap();
    write(&run, 5, &ended("a", proven(), false)).await;
    assert!(!run.end(0).await.unwrap());
    assert!(fs::read_dir(place.folder.path()).unwrap().all(|entry| {
        let name = entry.unwrap().file_name();
        !name.to_string_lossy().ends_with(".lock")
    }));
    assert!(matches!(store.take_up("none").await.unwrap_err(), Error::NoRun { .. }));
}

#[tokio::test]
async fn many_open_a_new_journal_at_once() {
    let place = Place::new();
    let opened = (0..8).map(|_| {
        tokio::spawn({
            let path = place.path();
            async move { Store::open(&path).await.map(|_| ()).map_err(|error| error.to_string()) }
        })
    });
    for opened in opened.collect::<Vec<_>>() {
        assert_eq!(opened.await.unwrap(), Ok(()));
    }
}

/// The loop of a run waits for its own entry while the starts beside it, which write too, are not polled.
#[tokio::test]
async fn a_write_that_nobody_polls_holds_up_no_other() {
    let place = Place::new();
    let store = place.store().await;
    let run = begin(&store, &["a", "b"]).await;
    let [first, second] = ["a", "b"].map(|id| Entry::Intent { target: target(id), baseline: baseline() });
    let mut unpolled = run.record(at(1), &first);
    let begun = tokio::time::timeout(Duration::ZERO, &mut unpolled).await;
    assert!(begun.is_err(), "it is under way");
    run.record(at(2), &second).await.unwrap();
    unpolled.await.unwrap();
}

#[tokio::test]
async fn an_entry_that_cannot_be_written_is_told() {
    let place = Place::new();
    let store = place.store().await;
    let run = begin(&store, &["a"]).await;
    let mut other = sqlx::SqliteConnection::connect(&format!("sqlite://{}", place.path().display())).await.unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE ON targets BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    sqlx::query(full).execute(&mut other).await.unwrap();
    let told = run.record(at(1), &Entry::Intent { target: target("a"), baseline: baseline() }).await.unwrap_err();
    assert_eq!(told.to_string(), "the journal cannot be written: the disk is full");
    let told = run.record(at(1), &Entry::Intent { target: target("b"), baseline: baseline() }).await.unwrap_err();
    assert!(told.to_string().contains("not part of the run"), "{told}");
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let path = place.path();
    fs::write(&path, "no database at all, but quite long enough to be looked at as one ".repeat(20)).unwrap();
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("is no journal of backup-sync (no SQLite database)"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::remove_file(&path).unwrap();
    {
        let url = format!("sqlite://{}?mode=rwc", path.display());
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query("CREATE TABLE addresses (name TEXT)").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
    }
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("a database of another program"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let place = Place::new();
    place.store().await.close().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99, 'from the future', TRUE, x'00', 0)";
    {
        let url = format!("sqlite://{}", place.path().display());
        let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(newer).execute(&mut other).await.unwrap();
        other.close().await.unwrap();
    }
    let error = Store::open(&place.path()).await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 99, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("written by a newer version of backup-sync"), "{error}");
}

/// The file was written by the first version; `UPDATE_JOURNAL_SAMPLE=1` writes that of the newest schema anew.
#[tokio::test]
async fn a_file_of_the_first_schema_is_read() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema-1.db");
    if std::env::var_os("UPDATE_JOURNAL_SAMPLE").is_some() {
        let place = Place::new();
        let store = place.store().await;
        every_stage(&store).await;
        store.close().await;
        fs::copy(place.path(), &sample).unwrap();
    }
    let place = Place::new();
    fs::copy(&sample, place.path()).unwrap();
    let store = place.store().await;
    let unfinished = store.unfinished().await.unwrap();
    let (_, pasts) = store.take_up(&unfinished[0].run).await.unwrap();
    assert_eq!(stages(pasts), expected());
}
