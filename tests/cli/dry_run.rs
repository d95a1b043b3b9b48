//! `--dry-run`: what would be done, with the requests from the code that sends them. Nothing is started or written down.

use std::time::Duration;

use serde_json::{Value, json};

use crate::site::Site;
use crate::{Ended, assert_fits};

const QUICK: [&str; 4] = ["--poll", "100ms", "--output", "json"];

fn rehearse(site: &Site, command: &[&str]) -> Ended {
    site.call(&[command, &["--dry-run"], &QUICK[..]].concat())
}

fn planned(ended: &Ended) -> Vec<Value> {
    assert_fits("rehearsal", &ended.json());
    ended.json()["targets"].as_array().unwrap().clone()
}

fn of_kind<'a>(targets: &'a [Value], kind: &str) -> &'a Value {
    let fits = |target: &&Value| target["target"]["kind"] == kind && target["action"] == "start";
    targets.iter().find(fits).unwrap_or_else(|| panic!("{kind}: {targets:?}"))
}

#[test]
fn what_is_shown_is_what_is_sent_then() {
    let site = Site::all();
    let ended = rehearse(&site, &["sync", "--all"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let targets = planned(&ended);
    let body = |kind: &str| of_kind(&targets, kind)["requests"][0]["body"].clone();
    let vault = of_kind(&targets, "vault")["target"]["id"].clone();
    assert_eq!(body("vault"), json!({"sync": {"vault_id": vault, "auto_trigger": false}}));
    assert_eq!(body("repository"), Value::Null);
    for target in &targets {
        let words = ["start", "skip"];
        assert!(words.contains(&target["action"].as_str().unwrap()), "{target}");
        assert_eq!(
            target["requests"].as_array().map(Vec::len),
            Some(usize::from(target["action"] == "start")),
            "{target}"
        );
        let skipped = target["action"] == "skip";
        assert_eq!(target["reason"].is_string(), skipped, "{target}");
    }
    for endpoint in site.simulator.endpoints() {
        assert!(
            !ended.out.contains(&endpoint.password) && !ended.out.to_lowercase().contains("token"),
            "{}",
            ended.out
        );
    }
    let writes = |site: &Site| -> Vec<String> {
        let starts = |path: &str| ["/Sync", "/sync"].iter().any(|ending| path.ends_with(ending));
        let requests = site.simulator.requests();
        requests.iter().filter(|one| one.method == "POST" && starts(&one.path)).map(|one| one.path.clone()).collect()
    };
    assert!(writes(&site).is_empty(), "{:?}", writes(&site));
    assert!(!site.folder.path().join("journal.db").exists());
    assert_eq!(site.call(&[&["sync", "--all", "--progress", "none"], &QUICK[..]].concat()).code, 0);
    let mut sent = writes(&site);
    let path = |request: &Value| request["url"].as_str().unwrap().splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    let requests = targets.iter().flat_map(|target| target["requests"].as_array().unwrap());
    let mut shown: Vec<String> = requests.filter_map(path).collect();
    sent.sort();
    shown.sort();
    assert_eq!(shown, sent);
}

#[test]
fn the_list_of_an_old_version_and_the_other_forms() {
    let site = Site::old();
    let targets = planned(&rehearse(&site, &["sync", "--all"]));
    assert_eq!(of_kind(&targets, "repository")["requests"][0]["body"], json!({"sync": null}));
    let table = site.call(&["sync", "--all", "--dry-run"]);
    assert!(table.out.contains("POST http://127.0.0.1") && table.out.contains("{\"sync\":null}"), "{}", table.out);
    let csv = site.call(&["sync", "--all", "--dry-run", "--output", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.out.as_bytes());
    assert_eq!(
        reader.headers().unwrap().iter().filter(|name| ["action", "method", "url", "body"].contains(name)).count(),
        4
    );
    assert_eq!(reader.records().count(), targets.len());
    let lines = site.call(&["sync", "--all", "--dry-run", "--output", "ndjson"]);
    assert_eq!((lines.code, lines.out.lines().count()), (0, targets.len()));
}

#[test]
fn what_runs_would_be_adopted_or_left_alone() {
    let site = Site::slow();
    let repository = format!("m365/repository/{}", site.first("m365"));
    let detached = site.call(&[&["sync", &repository, "--detach", "--progress", "none"], &QUICK[..]].concat());
    assert_eq!(detached.code, 7, "{}", detached.err);
    let target = planned(&rehearse(&site, &["sync", &repository]))[0].clone();
    assert!(target["action"] == "adopt" && target["job"][0].is_string(), "{target}");
    let target = planned(&rehearse(&site, &["sync", &repository, "--no-adopt"]))[0].clone();
    assert_eq!((&target["action"], &target["reason"]), (&json!("skip"), &json!("it is synchronizing already")));
    // A run that would be resumed stays as it is.
    let target = planned(&rehearse(&site, &["resume"]))[0].clone();
    assert_eq!((&target["action"], target["requests"].as_array().map(Vec::len)), (&json!("watch"), Some(0)));
    let history = site.call(&["history", "--output", "json"]).json();
    assert_eq!((history["runs"].as_array().map(Vec::len), &history["runs"][0]["resumed"]), (Some(1), &json!(0)));
    site.simulator.clock().advance(Duration::from_secs(7200));
    assert_eq!(site.call(&[&["resume", "--progress", "none"], &QUICK[..]].concat()).code, 0);
    assert_eq!(site.count("POST", "/Sync"), 1);
}

#[test]
fn what_would_fail_ends_as_the_failure_would() {
    let site = Site::all();
    let config = std::fs::read_to_string(site.folder.path().join("backup-sync.toml")).unwrap();
    let url = site.endpoint("m365").url.clone();
    std::fs::write(site.folder.path().join("down.toml"), config.replace(&url, "http://127.0.0.1:1")).unwrap();
    let down = rehearse(&site, &["sync", "m365/*/*", "--config", "down.toml"]);
    assert_eq!((down.code, down.out.as_str()), (5, ""), "{}", down.err);
    let missing = rehearse(&site, &["sync", "m365/repository/nothing"]);
    assert_eq!((missing.code, missing.out.as_str()), (2, ""), "{}", missing.err);
    assert_eq!(site.call(&["sync", "--all", "--dry-run", "--detach"]).code, 2);
}
