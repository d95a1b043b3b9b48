//! `api … --wait` and `wait ENDPOINT/KIND/ID`: any long operation of any vendor, from its start to its proven end.

use std::time::Duration;

use backup_sync_simulator::{Behaviour, Fault, FaultKind, Settings, Simulator, Vb365Version};
use serde_json::{Value, json};

use crate::site::Site;
use crate::{Ended, assert_fits};

const QUICK: [&str; 6] = ["--poll", "100ms", "--progress", "none", "--output", "json"];

fn call(site: &Site, arguments: &[&str]) -> Ended {
    site.call(&[arguments, &QUICK[..]].concat())
}

fn answered(site: &Site, arguments: &[&str]) -> Value {
    let ended = site.call(&[&["api"], arguments].concat());
    assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.err);
    ended.json()
}

fn id(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no id: {value}")).to_owned()
}

/// Writes a body and gives its file.
fn body(site: &Site, name: &str, value: &Value) -> String {
    std::fs::write(site.folder.path().join(name), value.to_string()).unwrap();
    name.to_owned()
}

/// Starts with `api … --wait` what has to succeed; gives the targets of the report.
fn done(site: &Site, arguments: &[&str]) -> Vec<Value> {
    let ended = call(site, &[&["api"], arguments, &["--wait"]].concat());
    assert_eq!(ended.code, 0, "{arguments:?}: {} {}", ended.out, ended.err);
    let report = ended.json();
    assert_fits("report", &report);
    let targets = report["targets"].as_array().unwrap().clone();
    assert!(!targets.is_empty());
    for target in &targets {
        assert_eq!((&target["outcome"], &target["adopted"]), (&json!("succeeded"), &json!(false)), "{target}");
    }
    targets
}

fn address(target: &Value) -> String {
    let part = |name: &str| id(&target["target"][name]);
    format!("{}/{}/{}", part("endpoint"), part("kind"), part("id"))
}

/// The parameters of a synchronization of the first replication.
fn replication(site: &Site) -> [String; 2] {
    let pairing = id(&answered(site, &["dr", "getVrPairings"])["list"][0]["pairing_id"]);
    [format!("pairing_id={pairing}"), format!("replication_id={}", site.first("dr"))]
}

#[test]
fn tasks_of_vsphere_replication_are_started_and_waited_for() {
    let site = Site::new();
    let [pairing, replication] = replication(&site);
    let start = ["dr", "syncReplication", "-p", &pairing, "-p", &replication];
    let targets = done(&site, &start);
    assert_eq!((targets.len(), id(&targets[0]["target"]["kind"])), (1, "task".to_owned()));
    assert_eq!(targets[0]["evidence"]["rule"], "the task ended in SUCCESS");
    assert_eq!(site.count("POST", "/actions/sync"), 1);
    // Whoever has its address can wait for it once more.
    let again = call(&site, &["wait", &address(&targets[0])]);
    assert_eq!((again.code, again.json()["targets"][0]["outcome"].clone()), (0, json!("succeeded")), "{}", again.err);
    let unknown = call(&site, &["wait", "dr/task/no-such-task"]);
    let report = unknown.json();
    assert_eq!((unknown.code, &report["targets"][0]["outcome"]), (4, &json!("failed")), "{}", unknown.err);
    assert!(report["targets"][0]["reason"].as_str().unwrap().contains("knows no task no-such-task"), "{report}");
}

#[test]
fn tasks_of_cbr_are_named_by_the_answer_or_found_in_the_operation_logs() {
    let settings = Settings { duration: Duration::from_secs(1), ..Settings::default() };
    let site = Site::of(Simulator::builder().cbr("cloud").settings(settings).speed(5.0));
    let vaults = answered(&site, &["cloud", "ListVault"]);
    let vault = |name: &str| {
        let all = vaults["vaults"].as_array().unwrap();
        all.iter().find(|vault| vault["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let (hybrid, web) = (id(&vault("hybrid-1")["id"]), vault("vault-web"));
    let sync = body(&site, "sync.json", &json!({"sync": {"vault_id": hybrid, "auto_trigger": false}}));
    let targets = done(&site, &["cloud", "ImportCheckpoint", "--body", &sync]);
    assert!(targets[0]["evidence"]["rule"].as_str().unwrap().contains("err_sync_backup_num 0"), "{targets:?}");

    let point = body(&site, "point.json", &json!({"checkpoint": {"vault_id": web["id"]}}));
    let targets = done(&site, &["cloud", "CreateCheckpoint", "--body", &point]);
    assert_eq!(targets.len(), web["resources"].as_array().unwrap().len(), "one task for each resource");
    let facts = &targets[0]["evidence"]["facts"];
    assert_eq!(facts["operation_type"], "backup");
    let (backup, server) = (id(&facts["backup_id"]), id(&facts["resource_id"]));
    assert!(address(&targets[0]).starts_with("cloud/operation-log/"), "{targets:?}");

    let to = body(&site, "restore.json", &json!({"restore": {"server_id": server}}));
    let parameter = format!("backup_id={backup}");
    let targets = done(&site, &["cloud", "RestoreBackup", "-p", &parameter, "--body", &to]);
    let facts = &targets[0]["evidence"]["facts"];
    assert_eq!((&facts["operation_type"], &facts["backup_id"]), (&json!("restore"), &json!(backup)));
    assert_eq!(site.count("POST", "/restore"), 1);

    let targets = done(&site, &["cloud", "DeleteBackup", "-p", &parameter]);
    assert_eq!(targets[0]["evidence"]["facts"]["operation_type"], "delete");
    let gone = site.call(&["api", "cloud", "ShowBackup", "-p", &parameter]);
    assert_eq!(gone.code, 4, "{}", gone.err);
}

/// A VB365 server whose runs take an hour of its clock, or a moment.
fn veeam(version: Vb365Version, speed: f64) -> Site {
    let settings = Settings { duration: Duration::from_secs(60), ..Settings::default() };
    Site::of(Simulator::builder().vb365("m365", version).settings(settings).speed(speed))
}

fn job(site: &Site) -> String {
    let jobs = answered(site, &["m365", "Job_List"]);
    let jobs = jobs.as_array().or_else(|| jobs["results"].as_array()).unwrap_or_else(|| panic!("no list: {jobs}"));
    id(&jobs[0]["id"])
}

#[test]
fn runs_of_veeam_jobs_are_waited_for_in_every_version_that_has_them() {
    for version in [Vb365Version::V6, Vb365Version::V7, Vb365Version::V8] {
        let site = veeam(version, 100.0);
        let (parameter, none) = (format!("jobId={}", job(&site)), body(&site, "none.json", &json!({})));
        let targets = done(&site, &["m365", "Job_Start", "-p", &parameter, "--body", &none]);
        assert_eq!(targets.len(), 1, "{version}");
        assert!(address(&targets[0]).starts_with("m365/job-session/"), "{targets:?}");
        assert_eq!(targets[0]["evidence"]["rule"], "the job session ended in Success", "{version}");
        assert_eq!(site.count("POST", "/start"), 1, "{version}");
    }
}

#[test]
fn a_run_that_fails_says_why_and_a_running_one_can_be_stopped() {
    let site = veeam(Vb365Version::V8, 100.0);
    let job = job(&site);
    let (parameter, none) = (format!("jobId={job}"), body(&site, "none.json", &json!({})));
    site.simulator.script("m365", &job, Behaviour::fail("the mailbox is locked")).unwrap();
    let failed = call(&site, &["api", "m365", "Job_Start", "-p", &parameter, "--body", &none, "--wait"]);
    let report = failed.json();
    assert_eq!((failed.code, &report["targets"][0]["outcome"]), (4, &json!("failed")), "{report}");
    assert!(report["targets"][0]["reason"].as_str().unwrap().contains("the mailbox is locked"), "{report}");

    let site = veeam(Vb365Version::V8, 0.01);
    let parameter = format!("jobId={}", self::job(&site));
    body(&site, "none.json", &json!({}));
    let session = id(&answered(&site, &["m365", "Job_Start", "-p", &parameter, "--body", "none.json"])["id"]);
    let stopped = call(&site, &["stop", &format!("m365/job-session/{session}")]);
    assert_eq!(
        (stopped.code, stopped.json()["targets"][0]["outcome"].clone()),
        (0, json!("stopped")),
        "{}",
        stopped.err
    );
    let all = call(&site, &["wait", "m365/job-session/*"]);
    assert_eq!((all.code, all.json()["targets"].as_array().map(Vec::len)), (0, Some(0)), "{}", all.err);
}

#[test]
fn what_takes_longer_than_anybody_waits_goes_on_and_is_attached_to() {
    let site = Site::slow();
    let [pairing, replication] = replication(&site);
    let start = ["api", "dr", "syncReplication", "-p", &pairing, "-p", &replication, "--wait", "--deadline", "300ms"];
    let late = site.call(&[&start[..], &["--poll", "100ms", "-o", "json"]].concat());
    assert_eq!(late.code, 8, "{}", late.err);
    let target = late.json()["targets"][0].clone();
    assert_eq!(target["outcome"], "still-running");
    let told = format!("to wait for it from elsewhere: backup-sync wait {}", address(&target));
    assert!(late.err.contains(&told), "{}", late.err);
    let all = call(&site, &["wait", "dr/task/*", "--deadline", "300ms"]);
    assert_eq!((all.code, all.json()["targets"][0]["adopted"].clone()), (8, json!(true)), "{}", all.err);
    let cannot = call(&site, &["stop", &address(&target)]);
    assert_eq!(cannot.code, 4, "no call cancels a task: {}", cannot.out);
    site.simulator.clock().advance(Duration::from_secs(7200));
    let proven = call(&site, &["attach", &address(&target)]);
    assert_eq!((proven.code, proven.json()["summary"]["succeeded"].clone()), (0, json!(1)), "{}", proven.err);
    assert_eq!(site.count("POST", "/actions/sync"), 1);
}

#[test]
fn a_start_whose_answer_is_lost_is_not_sent_again_and_ends_with_7() {
    let site = Site::new();
    let [pairing, replication] = replication(&site);
    let lost = Fault { operation: Some("syncReplication".into()), times: 1, kind: FaultKind::ApplyThenReset };
    site.simulator.fault("dr", lost).unwrap();
    let ended = call(&site, &["api", "dr", "syncReplication", "-p", &pairing, "-p", &replication, "--wait"]);
    assert_eq!(ended.code, 7, "{}", ended.err);
    let report = ended.json();
    assert_fits("report", &report);
    let target = &report["targets"][0];
    assert_eq!((&target["outcome"], &target["target"]["kind"]), (&json!("unknown"), &json!("syncReplication")));
    assert!(target["why"].as_str().unwrap().contains("it was not sent again"), "{target}");
    assert_eq!(site.count("POST", "/actions/sync"), 1);
    // A refusal has started nothing, so there is nothing to report.
    let none = call(&site, &["api", "dr", "syncReplication", "-p", &pairing, "-p", "replication_id=gone", "--wait"]);
    assert_eq!((none.code, none.out.as_str()), (4, ""), "{}", none.err);
}

#[test]
fn what_cannot_be_waited_for_is_told_before_anything_is_sent() {
    let site = Site::all();
    let repository = format!("repositoryId={}", site.first("m365"));
    let proven = format!("`backup-sync sync m365/repository/{}` starts it and proves its end", site.first("m365"));
    for (arguments, part) in [
        (&["api", "dr", "getVrPairings", "--wait"][..], "getVrPairings starts no work that could be waited for"),
        (&["api", "m365", "BackupRepository_StartSynchronizeAction", "-p", &repository, "--wait"], proven.as_str()),
        (&["api", "m365", "Proxy_Rescan", "-p", "proxyId=p", "--wait"], "Nothing shows that a rescan has ended"),
        (&["api", "dr", "syncReplication", "--wait"], "needs the parameter pairing_id"),
        (&["api", "dr", "syncReplication", "--deadline", "1h"], "--wait"),
        (&["api", "dr", "getVrPairings", "--wait", "--paginate"], "cannot be used with"),
        (&["wait", "dr/task/1", "m365/repository/*"], "name them in two calls"),
        (&["wait", "dr/task/1", "--label", "site=berlin"], "only targets have labels"),
        (&["wait", "m365/task/1"], "there is no such target"),
    ] {
        let ended = site.call(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(part), "{arguments:?}: {}", ended.err);
    }
    assert!(site.simulator.requests().iter().all(|request| !request.path.ends_with("/Rescan")), "nothing was started");
}
