//! `backup-sync demo`: the main job, from its arguments to its exit code.

use std::path::Path;

use serde_json::Value;

use crate::{Ended, assert_fits, call};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn six_targets_of_three_vendors_are_proven() {
    let ended: Ended = call(root(), &["demo", "--output", "json", "--progress", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let report = ended.json();
    assert_fits("report", &report);
    assert_eq!(report["version"], 1);
    assert_eq!(report["summary"]["succeeded"], 6);
    let targets = report["targets"].as_array().unwrap();
    let of = |vendor: &str, kind: &str| -> Vec<&Value> {
        targets.iter().filter(|t| t["vendor"] == vendor && t["target"]["kind"] == kind).collect()
    };
    assert_eq!(of("veeam-vb365", "repository").len(), 2);
    assert_eq!(of("huawei-cbr", "vault").len(), 1);
    assert_eq!(of("vsphere-replication", "replication").len(), 2);
    // One task for each of the three backups of the list, each vendor's rule in the evidence.
    let list = of("huawei-cbr", "backups");
    assert_eq!(list[0]["job"].as_array().unwrap().len(), 3);
    assert_eq!(list[0]["evidence"]["facts"]["err_sync_backup_num"], 0);
    for repository in of("veeam-vb365", "repository") {
        assert_eq!(repository["evidence"]["facts"]["isOutOfSyncBefore"], true);
        assert_eq!(repository["evidence"]["facts"]["isOutOfSyncAfter"], false);
    }
    for replication in of("vsphere-replication", "replication") {
        let facts = &replication["evidence"]["facts"];
        assert!(facts["lastSyncTimeAfter"].as_i64() > facts["lastSyncTimeBefore"].as_i64(), "{replication}");
    }
    events(&ended.err);
}

/// Progress as JSON is one event in each line, starts with the plan, never runs back and never reaches 100.
fn events(lines: &str) {
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "planned");
    let mut last = std::collections::HashMap::new();
    for event in &events {
        assert_fits_once(event);
        if event["event"] == "progress" {
            let target = event["target"].to_string();
            let percent = event["percent"].as_u64().unwrap_or(0);
            assert!(percent < 100, "{event}");
            assert!(percent >= *last.get(&target).unwrap_or(&0), "{event}");
            last.insert(target, percent);
        }
    }
    assert_eq!(events.iter().filter(|event| event["event"] == "finished").count(), 6);
}

fn assert_fits_once(event: &Value) {
    assert_eq!(event["version"], 1, "{event}");
    assert!(event["at_ms"].is_u64(), "{event}");
}

#[test]
fn plain_progress_and_a_table_are_for_people() {
    let ended = call(root(), &["demo"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("OUTCOME") && ended.out.contains("6 succeeded"), "{}", ended.out);
    assert!(ended.out.contains("isOutOfSync went from true to false"), "{}", ended.out);
    assert!(ended.err.contains("6 targets"), "{}", ended.err);
    assert!(!ended.err.contains('\u{1b}'), "no control sequences where no terminal is");
}

#[test]
fn the_demo_works_outside_of_the_repository() {
    let empty = tempfile::tempdir().unwrap();
    let ended = call(empty.path(), &["demo", "--output", "json", "--quiet"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(ended.json()["summary"]["succeeded"], 6);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = crate::program()
        .args(["schema", "report"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &[][..]));
}
