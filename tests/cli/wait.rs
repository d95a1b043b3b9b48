//! `sync --detach` and `wait`: starting and watching as separate commands.

use std::time::Duration;

use serde_json::Value;

use crate::site::Site;
use crate::{Ended, assert_fits};

const QUICK: [&str; 6] = ["--poll", "100ms", "--progress", "none", "--output", "json"];

fn call(site: &Site, arguments: &[&str]) -> Ended {
    site.call(&[arguments, &QUICK[..]].concat())
}

fn outcomes(ended: &Ended) -> Vec<String> {
    let targets = ended.json()["targets"].as_array().unwrap().clone();
    targets.iter().map(|target| target["outcome"].as_str().unwrap().to_owned()).collect()
}

/// Starts one target of each vendor and leaves them; gives the report and the command that watches them.
fn detached(site: &Site) -> (Value, Vec<String>) {
    let vault = site.endpoint("cloud").targets.iter().find(|target| target.kind == "vault").unwrap();
    let (m365, dr) =
        (format!("m365/repository/{}", site.first("m365")), format!("dr/replication/{}", site.first("dr")));
    let cloud = format!("cloud/vault/{}", vault.id);
    let ended = call(site, &["sync", &m365, &cloud, &dr, "--detach"]);
    assert_eq!(ended.code, 7, "what is not proven is no success: {}", ended.err);
    assert_eq!(outcomes(&ended), ["still-running"; 3]);
    let told = "to watch what was started to its proven end: backup-sync ";
    let command = ended.err.lines().find_map(|line| line.strip_prefix(told)).unwrap_or_else(|| panic!("{}", ended.err));
    assert!(ended.err.contains("to go on with this run: backup-sync resume"), "{}", ended.err);
    (ended.json(), command.split(' ').map(str::to_owned).collect())
}

fn starts(site: &Site) -> [usize; 3] {
    ["/Sync", "/checkpoints/sync", "/actions/sync"].map(|ending| site.count("POST", ending))
}

#[test]
fn what_was_only_started_is_watched_by_the_printed_command_and_started_once() {
    let site = Site::slow();
    let (report, command) = detached(&site);
    assert!(report["targets"].as_array().unwrap().iter().all(|target| target["job"].is_array()), "{report}");
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    assert_eq!(command[..3], ["wait", "--run", report["run"].as_str().unwrap()]);
    let late = call(&site, &[&command[..], &["--deadline", "300ms"]].concat());
    assert_eq!((late.code, outcomes(&late)), (8, vec!["still-running".to_owned(); 3]), "{}", late.err);
    site.simulator.clock().advance(Duration::from_secs(7200));
    let proven = call(&site, &command);
    assert_eq!((proven.code, outcomes(&proven)), (0, vec!["succeeded".to_owned(); 3]), "{}", proven.err);
    assert_eq!(starts(&site), [1, 1, 1]);
    let nothing = call(&site, &["wait"]);
    assert_eq!((nothing.code, outcomes(&nothing).len()), (0, 0), "{}", nothing.err);
}

/// Puts something else for this in the configuration.
fn configure(site: &Site, old: &str, new: &str) {
    let path = site.folder.path().join("backup-sync.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{text}");
    std::fs::write(&path, text.replace(old, new)).unwrap();
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn an_endpoint_that_is_not_reached_holds_up_no_other_and_can_be_resumed() {
    let site = Site::slow();
    let (_, command) = detached(&site);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    site.simulator.clock().advance(Duration::from_secs(7200));
    let (there, gone) = (site.endpoint("m365").url.clone(), nobody());
    configure(&site, &there, &gone);
    for command in [&command[..], &["resume"]] {
        let ended = call(&site, command);
        let report = ended.json();
        assert_fits("report", &report);
        assert_eq!((ended.code, report["summary"]["succeeded"].as_u64()), (7, Some(2)), "{report}");
        let dark = report["targets"].as_array().unwrap().iter().find(|target| target["outcome"] == "unknown").unwrap();
        assert_eq!(dark["target"]["endpoint"], "m365");
        assert!(dark["why"].as_str().unwrap().contains("its endpoint cannot be used"), "{dark}");
        assert_eq!((dark["error_kind"].as_str(), dark["job"].is_array()), (Some("unreachable"), true), "{dark}");
        assert!(ended.err.contains("to go on with this run: backup-sync resume"), "{}", ended.err);
    }
    configure(&site, &gone, &there);
    let proven = call(&site, &["resume"]);
    assert_eq!((proven.code, outcomes(&proven)), (0, vec!["succeeded".to_owned(); 3]), "{}", proven.err);
    assert_eq!(starts(&site), [1, 1, 1]);
}

#[test]
fn what_was_started_and_cannot_be_looked_at_is_not_confirmed_whatever_is_in_the_way() {
    let site = Site::slow();
    let (_, command) = detached(&site);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    let config = site.folder.path().join("backup-sync.toml");
    std::fs::rename(&config, site.folder.path().join("elsewhere.toml")).unwrap();
    for command in [&command[..], &["resume"]] {
        let ended = call(&site, command);
        assert_eq!((ended.code, ended.out.as_str()), (7, ""), "{}", ended.err);
        assert!(ended.err.contains("what the run has started goes on"), "{}", ended.err);
    }
    let history = site.call(&["history", "--output", "json"]).json();
    assert_eq!(
        (history["runs"][0]["exit_code"].as_i64(), history["runs"][0]["state"].as_str()),
        (Some(7), Some("unfinished"))
    );
}

#[test]
fn a_plan_of_which_nothing_has_to_be_there_leaves_nothing_of_yesterday() {
    let site = Site::new();
    let path = |name: &str| site.folder.path().join(name);
    std::fs::write(path("plan.toml"), "[[targets]]\nselect = 'dr/vault/*'\noptional = true\n").unwrap();
    for command in ["wait", "sync"] {
        std::fs::write(path("page.html"), "yesterday").unwrap();
        let arguments = [command, "--plan", "plan.toml", "--report", "page.html", "--metrics-file", "run.prom"];
        let ended = call(&site, &arguments);
        assert_eq!((ended.code, outcomes(&ended).len()), (0, 0), "{command}: {}", ended.err);
        let page = std::fs::read_to_string(path("page.html")).unwrap();
        assert!(!page.contains("yesterday"), "{command}: {page}");
        let metrics = std::fs::read_to_string(path("run.prom")).unwrap();
        for series in ["backup_sync_run_duration_seconds", "backup_sync_run_targets{"] {
            assert!(metrics.contains(series), "{command}: {metrics}");
        }
        std::fs::remove_file(path("run.prom")).unwrap();
    }
}

#[test]
fn resume_watches_a_detached_run_too() {
    let site = Site::slow();
    detached(&site);
    site.simulator.clock().advance(Duration::from_secs(7200));
    let proven = call(&site, &["resume"]);
    assert_eq!((proven.code, outcomes(&proven)), (0, vec!["succeeded".to_owned(); 3]), "{}", proven.err);
    assert_eq!(starts(&site), [1, 1, 1]);
}

#[test]
fn waiting_for_targets_watches_what_somebody_else_has_started_and_starts_nothing() {
    let site = Site::slow();
    let repository = format!("repositoryId={}", site.first("m365"));
    let started = site.call(&["api", "m365", "BackupRepository_StartSynchronizeAction", "-p", &repository]);
    assert_eq!(started.code, 0, "{}", started.err);
    let late = call(&site, &["attach", "m365/repository/*", "--deadline", "300ms"]);
    assert_eq!(late.code, 8, "{}", late.err);
    let report = late.json();
    let of =
        |word: &str| report["targets"].as_array().unwrap().iter().find(|target| target["outcome"] == word).cloned();
    assert_eq!(of("still-running").unwrap()["adopted"], true);
    let skipped = of("skipped").unwrap();
    assert!(skipped["reason"].as_str().unwrap().contains("no synchronization of it runs"), "{skipped}");
    // The run that watched is resumed as one that watches.
    site.simulator.clock().advance(Duration::from_secs(7200));
    let proven = call(&site, &["resume"]);
    assert_eq!((proven.code, proven.json()["summary"]["succeeded"].as_u64()), (0, Some(1)), "{}", proven.out);
    assert_eq!(starts(&site), [1, 0, 0]);
}

#[test]
fn what_cannot_be_waited_for_is_told() {
    let site = Site::new();
    for (arguments, part) in [
        (&["wait"][..], "there is no journal"),
        (&["wait", "--run", "R"], "there is no journal"),
        (&["wait", "m365/repository/nothing"], "there is no such target"),
        (&["wait", "elsewhere/*/*"], "no endpoint of that name is configured"),
        (&["wait", "m365/*/*", "--run", "R"], "cannot be used with"),
        (&["sync", "m365/repository/*", "--detach", "--no-journal"], "cannot be used with"),
        (&["sync", "m365/repository/*", "--detach", "--journal", "none"], "--detach needs a journal"),
    ] {
        let ended = site.call(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ended.err.contains(part), "{arguments:?}: {}", ended.err);
    }
    assert_eq!(call(&site, &["sync", "m365/repository/*"]).code, 0);
    let unknown = site.call(&["wait", "--run", "no-such-run"]);
    assert!(unknown.code == 2 && unknown.err.contains("has no run no-such-run"), "{}", unknown.err);
}
