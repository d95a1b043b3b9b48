//! `stop`, and Ctrl-C with `--stop-on-interrupt`: work is stopped where the vendor can, and never told to be when it cannot.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use backup_sync_simulator::{Behaviour, OnStop, Scripted};
use serde_json::Value;

use crate::site::Site;
use crate::{Ended, assert_fits, program};

const QUICK: [&str; 6] = ["--poll", "100ms", "--progress", "none", "--output", "json"];

fn stop(site: &Site, arguments: &[&str]) -> Ended {
    site.call(&[&["stop"], arguments, &QUICK[..]].concat())
}

/// Starts these targets and leaves them; gives the run.
fn detached(site: &Site, targets: &[&str]) -> String {
    let ended = site.call(&[&["sync", "--detach"], targets, &QUICK[..]].concat());
    assert_eq!(ended.code, 7, "{}", ended.err);
    ended.json()["run"].as_str().unwrap().to_owned()
}

fn repository(site: &Site) -> String {
    format!("m365/repository/{}", site.first("m365"))
}

fn only(ended: &Ended) -> (String, String) {
    let targets = ended.json()["targets"].as_array().unwrap().clone();
    assert_eq!(targets.len(), 1, "{}", ended.out);
    let text = |name: &str| targets[0][name].as_str().unwrap_or_default().to_owned();
    (text("outcome"), [text("reason"), text("why")].concat())
}

#[test]
fn a_run_is_stopped_and_its_journal_knows_it() {
    let site = Site::slow();
    let run = detached(&site, &[&repository(&site)]);
    let planned = stop(&site, &["--run", &run, "--dry-run"]);
    assert_eq!((planned.code, planned.json()["targets"][0]["action"].as_str()), (0, Some("stop")), "{}", planned.err);
    assert_fits("rehearsal", &planned.json());
    let url = planned.json()["targets"][0]["requests"][0]["url"].as_str().unwrap().to_owned();
    assert!(url.ends_with("/StopSynchronize"), "{url}");
    assert_eq!(site.count("POST", "/StopSynchronize"), 0, "a dry run stops nothing");
    let stopped = stop(&site, &["--run", &run]);
    assert_eq!((stopped.code, only(&stopped).0.as_str()), (0, "stopped"), "{}", stopped.err);
    assert_fits("report", &stopped.json());
    assert_eq!(site.count("POST", "/StopSynchronize"), 1);
    let history = site.call(&["history", "--run", &run, "--output", "json"]).json();
    assert_eq!(history["runs"][0]["targets"][0]["outcome"], "stopped");
    assert_eq!(history["runs"][0]["exit_code"], 4, "a run of which everything was stopped is no success");
    let again = stop(&site, &["--run", &run]);
    assert_eq!((again.code, again.json()["targets"].as_array().map(Vec::len)), (0, Some(0)), "{}", again.err);
}

#[test]
fn stopping_what_has_ended_changes_nothing_about_how_the_run_has_ended() {
    let site = Site::new();
    site.simulator
        .script("m365", site.first("m365"), Behaviour::new(Scripted::Fail("the proxy is gone".to_owned())))
        .unwrap();
    let failed = site.call(&[&["sync", &repository(&site), "--force"], &QUICK[..]].concat());
    assert_eq!(failed.code, 4, "{}", failed.err);
    let run = failed.json()["run"].as_str().unwrap().to_owned();
    let read = || site.call(&["history", "--run", &run, "--output", "json"]).json();
    let before = read();
    assert_eq!(stop(&site, &["--run", &run]).code, 0);
    assert_eq!((before["runs"][0]["exit_code"].as_i64(), read()), (Some(4), before.clone()));
}

#[test]
fn targets_are_stopped_whoever_started_them_and_the_rest_is_skipped() {
    let site = Site::slow();
    let id = format!("repositoryId={}", site.first("m365"));
    let started = site.call(&["api", "m365", "BackupRepository_StartSynchronizeAction", "-p", &id]);
    assert_eq!(started.code, 0, "{}", started.err);
    let stopped = stop(&site, &["m365/repository/*"]);
    assert_eq!(stopped.code, 0, "{}", stopped.out);
    let summary = &stopped.json()["summary"];
    assert_eq!((summary["stopped"].as_u64(), summary["failed"].as_u64()), (Some(1), Some(0)), "{summary}");
    assert!(summary["skipped"].as_u64() > Some(0), "{summary}");
    let nothing = stop(&site, &["m365/repository/*"]);
    assert_eq!((nothing.code, nothing.json()["summary"]["stopped"].as_u64()), (0, Some(0)));
    assert_eq!(site.count("POST", "/StopSynchronize"), 1);
}

#[test]
fn what_a_vendor_cannot_stop_goes_on_and_is_no_success() {
    let site = Site::slow();
    let vault = site.endpoint("cloud").targets.iter().find(|target| target.kind == "vault").unwrap().id.clone();
    let (cloud, dr) = (format!("cloud/vault/{vault}"), format!("dr/replication/{}", site.first("dr")));
    let run = detached(&site, &[&cloud, &dr]);
    // The appliance shows a replication as moving some time after its task has begun.
    site.simulator.clock().advance(Duration::from_secs(600));
    for arguments in [&["--run", run.as_str()][..], &[cloud.as_str()], &[dr.as_str()]] {
        let ended = stop(&site, arguments);
        assert_eq!(ended.code, 4, "{arguments:?}: {}", ended.out);
        for target in ended.json()["targets"].as_array().unwrap() {
            assert!(
                target["reason"].as_str().unwrap().contains("offers no call that stops this job; it goes on"),
                "{target}"
            );
        }
        let planned = stop(&site, &[arguments, &["--dry-run"]].concat());
        assert_eq!(
            (planned.code, planned.json()["targets"][0]["action"].as_str()),
            (4, Some("fail")),
            "{}",
            planned.out
        );
    }
    // Some stopped, others not.
    detached(&site, &[&repository(&site)]);
    assert_eq!(stop(&site, &["--all"]).code, 6);
    // The journal still knows what goes on.
    let history = site.call(&["history", "--run", &run, "--output", "json"]).json();
    assert_eq!(history["runs"][0]["state"], "unfinished", "{history}");
}

#[test]
fn what_goes_on_in_spite_of_the_stop_is_told_at_the_deadline() {
    let site = Site::slow();
    let stubborn = Behaviour { on_stop: OnStop::GoesOn, ..Behaviour::success() };
    site.simulator.script("m365", site.first("m365"), stubborn).unwrap();
    detached(&site, &[&repository(&site)]);
    let ended = stop(&site, &[&repository(&site), "--deadline", "500ms"]);
    let (outcome, why) = only(&ended);
    assert_eq!((ended.code, outcome.as_str()), (8, "still-running"), "{}", ended.err);
    assert!(why.contains("the vendor was asked to stop it"), "{why}");
}

#[test]
fn what_is_to_be_stopped_has_to_be_named() {
    let site = Site::new();
    for (arguments, part) in [
        (&["stop"][..], "nothing to stop is named"),
        (&["stop", "--run", "R"], "there is no journal"),
        (&["stop", "m365/repository/nothing"], "there is no such target"),
        (&["stop", "elsewhere/*/*"], "no endpoint of that name is configured"),
        (&["stop", "--all", "--run", "R"], "cannot be used with"),
    ] {
        let ended = site.call(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ended.err.contains(part), "{arguments:?}: {}", ended.err);
    }
    assert_eq!(site.call(&[&["sync", "m365/repository/*"], &QUICK[..]].concat()).code, 0);
    let unknown = site.call(&["stop", "--run", "no-such-run"]);
    assert!(unknown.code == 2 && unknown.err.contains("has no run no-such-run"), "{}", unknown.err);
}

/// What a call tells and how it ends that gets Ctrl-C when it has started this target.
#[cfg(unix)]
fn interrupted(site: &Site, arguments: &[&str]) -> (Vec<String>, Value) {
    let mut command = program();
    command.current_dir(site.folder.path()).args(arguments).args(["--poll", "100ms", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !(line.contains("started as") || line.contains("already running")) {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended");
    }
    crate::breaking_off::signal(&child, "INT");
    let lines: Vec<String> = err.lines().map(Result::unwrap).collect();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{lines:?}");
    (lines, serde_json::from_slice(&ended.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_what_the_run_has_started_where_that_is_wanted() {
    let site = Site::slow();
    let (lines, report) = interrupted(&site, &["sync", &repository(&site), "--stop-on-interrupt"]);
    assert_eq!(report["targets"][0]["outcome"], "stopped", "{report}");
    assert_eq!(site.count("POST", "/StopSynchronize"), 1);
    assert!(lines.iter().any(|line| line.contains("is to be stopped: job")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("what this run has started is stopped")), "{lines:?}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_what_others_have_started_and_what_cannot_be_stopped() {
    let site = Site::slow();
    detached(&site, &[&repository(&site)]);
    let (lines, report) = interrupted(&site, &["sync", &repository(&site), "--stop-on-interrupt"]);
    assert_eq!(report["targets"][0]["outcome"], "still-running", "{report}");
    assert!(lines.iter().any(|line| line.contains("goes on as job")), "{lines:?}");
    let dr = format!("dr/replication/{}", site.first("dr"));
    let (_, report) = interrupted(&site, &["sync", &dr, "--stop-on-interrupt"]);
    let why = report["targets"][0]["why"].as_str().unwrap_or_default().to_owned();
    assert!(report["targets"][0]["outcome"] == "still-running" && why.contains("offers no call"), "{report}");
    assert_eq!(site.count("POST", "/StopSynchronize"), 0);
}
