//! Forms of results: each is one thing to read for a program, whatever the names in it hold.

use std::process::Stdio;

use crate::program;
use crate::site::Site;

#[test]
fn targets_come_as_lines_and_as_values() {
    let site = Site::new();
    let lines = site.call(&["targets", "--output", "ndjson"]);
    assert_eq!((lines.code, lines.out.lines().count()), (0, 6), "{}", lines.err);
    for line in lines.out.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap()["target"]["id"].is_string(), "{line}");
    }
    let csv = site.call(&["targets", "--output", "csv"]);
    assert_eq!(csv.code, 0, "{}", csv.err);
    let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["target", "name", "vendor", "labels"]);
    assert_eq!(reader.records().map(Result::unwrap).filter(|record| &record[2] == "vsphere-replication").count(), 3);
}

#[test]
fn a_report_comes_as_lines_and_as_values() {
    let site = Site::new();
    let target = format!("m365/repository/{}", site.first("m365"));
    let sync = ["sync", &target, "--poll", "100ms", "--progress", "none", "--output"];
    let csv = site.call(&[&sync[..], &["csv"]].concat());
    assert_eq!((csv.code, csv.err.as_str()), (0, ""));
    let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((records.len(), &records[0][0], &records[0][3]), (1, target.as_str(), "succeeded"));
    let lines = site.call(&[&sync[..], &["ndjson"]].concat());
    assert_eq!((lines.code, lines.out.lines().count()), (0, 1), "{}", lines.err);
    assert_eq!(lines.json()["outcome"], "skipped");
}

#[test]
fn a_closed_pipe_is_no_error_for_any_form() {
    let site = Site::new();
    for form in ["table", "json", "ndjson", "csv"] {
        let mut command = program();
        command.current_dir(site.folder.path()).args(["api", "--list", "--output", form]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &[][..]), "{form}");
    }
}
