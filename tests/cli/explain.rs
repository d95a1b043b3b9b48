//! `backup-sync explain`: every word that the program tells has a meaning.

use std::path::Path;

use serde_json::Value;

use crate::{Ended, assert_fits, call};

fn explain(arguments: &[&str]) -> Ended {
    call(Path::new("."), &[&["explain"], arguments].concat())
}

fn entries(code: &str) -> Vec<Value> {
    let ended = explain(&[code, "--output", "json"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let list = ended.json();
    assert_fits("explanations", &list);
    list["entries"].as_array().unwrap().clone()
}

#[test]
fn codes_words_and_vendors_codes_are_explained() {
    for (code, what, part) in [
        ("7", "exit code", "look before you start again"),
        ("130", "exit code", "broken off"),
        ("still-running", "outcome", "still at work"),
        ("Throttled", "kind of error", "too many requests"),
        ("look-failed", "event", "Looking failed"),
        ("BackupService.7302", "huawei-cbr", "already running"),
        ("backupservice.6105", "huawei-cbr", "vault not found"),
        ("7300", "huawei-cbr", "no synchronization"),
        ("APIG.0301", "huawei-cbr", "signature"),
        ("IAM.0066", "huawei-cbr", "token"),
        ("ProxyOffline", "veeam-vb365", "proxy"),
    ] {
        let found = entries(code);
        let fits = |entry: &&Value| entry["what"] == what && entry["meaning"].as_str().unwrap().contains(part);
        assert_eq!(found.iter().filter(fits).count(), 1, "{code}: {found:?}");
    }
    assert_eq!(entries("BackupService.1005")[0]["statuses"], serde_json::json!([400, 500]));
}

#[test]
fn everything_that_the_program_can_tell_is_listed() {
    let ended = explain(&["--output", "json"]);
    let list = ended.json();
    let entries = list["entries"].as_array().unwrap();
    let count = |what: &str| entries.iter().filter(|entry| entry["what"] == what).count();
    assert_eq!([count("exit code"), count("outcome"), count("kind of error"), count("veeam-vb365")], [10, 6, 12, 10]);
    // 164 codes of CBR, 44 of the gateway, 23 of IAM.
    assert_eq!(count("huawei-cbr"), 231);
    let schema = call(Path::new("."), &["schema", "event"]).json();
    let events = schema["oneOf"].as_array().unwrap();
    assert_eq!(count("event"), events.len());
    let help = call(Path::new("."), &["--help"]).out;
    for entry in entries.iter().filter(|entry| entry["what"] == "exit code") {
        let meaning = entry["meaning"].as_str().unwrap();
        assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(meaning), "{meaning}");
    }
}

#[test]
fn what_is_not_known_is_refused_with_the_nearest() {
    let ended = explain(&["BackupService.73O2"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(
        ended.err.contains("\"BackupService.73O2\" is not known; did you mean `BackupService.7302`?"),
        "{}",
        ended.err
    );
    let far = explain(&["ééééé"]);
    assert!(far.code == 2 && far.err.contains("\"ééééé\" is not known ("), "{}", far.err);
}
