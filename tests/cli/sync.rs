//! `backup-sync sync` and `targets` against simulated vendors in this process.

use std::fs;

use backup_sync_simulator::{Behaviour, Fault, FaultKind};

use crate::site::Site;
use crate::{Ended, assert_fits, call, program};

const QUICK: [&str; 4] = ["--poll", "100ms", "--progress", "none"];

fn sync<'a>(target: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["sync", target, "--output", "json"], &QUICK[..], more].concat()
}

#[test]
fn a_repository_is_synchronized_and_proven() {
    let site = Site::new();
    let id = &site.endpoint("m365").targets[0].id;
    let ended = site.call(&sync(&format!("m365/repository/{id}"), &[]));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{}", ended.out);
    let report = ended.json();
    assert_fits("report", &report);
    assert_eq!(report["targets"][0]["outcome"], "succeeded");
    assert_eq!(site.count("POST", "/Sync"), 1);
    assert_eq!(site.count("POST", "/token/logout"), 1, "the session is closed");
}

#[test]
fn what_is_in_sync_needs_nothing_and_a_paused_replication_is_skipped() {
    let site = Site::new();
    let id = &site.endpoint("m365").targets[0].id;
    let address = format!("m365/repository/{id}");
    assert_eq!(site.call(&sync(&address, &[])).code, 0);
    let again = site.call(&sync(&address, &[]));
    assert_eq!((again.code, again.json()["targets"][0]["outcome"].as_str()), (0, Some("skipped")));
    assert_eq!(site.count("POST", "/Sync"), 1, "nothing was started the second time");
    let forced = site.call(&sync(&address, &["--force"]));
    assert_eq!((forced.code, forced.json()["targets"][0]["outcome"].as_str()), (7, Some("unknown")));
    let replications = site.call(&sync("dr/replication/*", &[])).json();
    let outcomes: Vec<&str> =
        replications["targets"].as_array().unwrap().iter().filter_map(|t| t["outcome"].as_str()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "skipped").count(), 1, "{replications}");
}

#[test]
fn a_failing_synchronization_is_told_with_the_vendors_reason() {
    let site = Site::new();
    let id = site.endpoint("m365").targets[0].id.clone();
    site.simulator.script("m365", &id, Behaviour::fail("The object storage is not reachable")).unwrap();
    let ended = site.call(&sync(&format!("m365/repository/{id}"), &[]));
    assert_eq!(ended.code, 4);
    assert_eq!(ended.json()["targets"][0]["reason"], "The object storage is not reachable");
}

#[test]
fn a_start_whose_answer_is_lost_is_found_and_never_sent_again() {
    let site = Site::new();
    let id = site.endpoint("m365").targets[0].id.clone();
    let fault = Fault {
        operation: Some("BackupRepository_StartSynchronizeAction".into()),
        times: 1,
        kind: FaultKind::ApplyThenReset,
    };
    site.simulator.fault("m365", fault).unwrap();
    let ended = site.call(&sync(&format!("m365/repository/{id}"), &[]));
    assert_eq!(ended.code, 0, "{} {}", ended.out, ended.err);
    let report = ended.json();
    assert_eq!(report["targets"][0]["adopted"], true);
    assert_eq!(site.count("POST", "/Sync"), 1);
}

#[test]
fn a_target_that_does_not_exist_starts_nothing() {
    let site = Site::new();
    let ended = site.call(&["sync", "m365/repository/no-such", "m365/repository/*"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("m365/repository/no-such: there is no such target"), "{}", ended.err);
    assert_eq!(site.count("POST", "/Sync"), 0);
}

#[test]
fn a_wrong_password_and_an_endpoint_that_is_down_have_their_own_exit_codes() {
    let site = Site::new();
    fs::write(site.folder.path().join("m365.password"), "planted-wrong").unwrap();
    let ended = site.call(&["sync", "m365/repository/*"]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{}", ended.err);
    assert!(ended.err.contains("endpoint m365") && !ended.err.contains("planted"), "{}", ended.err);
    let config = fs::read_to_string(site.folder.path().join("backup-sync.toml")).unwrap();
    let url = &site.endpoint("m365").url;
    fs::write(site.folder.path().join("down.toml"), config.replace(url, "http://127.0.0.1:1")).unwrap();
    let mut quick = program();
    quick.current_dir(site.folder.path()).args(["targets", "m365/repository/*", "--config", "down.toml"]);
    let ended = Ended::of(quick.output().unwrap());
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert!(ended.err.contains("refused") && ended.err.contains("127.0.0.1:1"), "{}", ended.err);
}

#[test]
fn targets_are_listed_with_their_addresses() {
    let site = Site::new();
    let ended = site.call(&["targets", "--output", "json"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let list = ended.json();
    assert_fits("targets", &list);
    assert_eq!(list["targets"].as_array().unwrap().len(), 6);
    let table = site.call(&["targets"]);
    assert!(table.out.contains("dr/replication/"), "{}", table.out);
}

#[test]
fn no_output_holds_a_secret() {
    let site = Site::new();
    let ended =
        call(site.folder.path(), &["-vv", "sync", "m365/repository/*", "--poll", "100ms", "--progress", "plain"]);
    assert!(site.folder.path().exists());
    for endpoint in site.simulator.endpoints() {
        assert!(!ended.out.contains(&endpoint.password) && !ended.err.contains(&endpoint.password), "{}", ended.err);
    }
    assert!(!ended.err.to_lowercase().contains("bearer "), "{}", ended.err);
}

/// What could clear a terminal, and a line that looks like ours.
const FORGED: &str = "X\u{1b}[2J\u{9b}1A\u{202e}\r\nerror: forged";

/// No line of ours holds anything but text, and none begins as the vendor wants it.
fn assert_printable(text: &str) {
    let moves = |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
    assert!(!text.contains(moves), "{text:?}");
    assert!(text.contains("error: forged") && !text.lines().any(|line| line.starts_with("error: forged")), "{text}");
}

#[test]
fn nothing_that_a_vendor_says_moves_the_cursor_or_forges_a_line() {
    let site = Site::new();
    let body = serde_json::json!({ "errorCode": FORGED, "message": FORGED });
    let kind = FaultKind::Status { status: 400, retry_after: None, body: Some(body) };
    let fault = Fault { operation: Some("BackupRepository_List".into()), times: 2, kind };
    site.simulator.fault("m365", fault).unwrap();
    let refused = site.call(&["targets", "m365/repository/*"]);
    assert_eq!((refused.code, refused.err.lines().count()), (4, 1), "{}", refused.err);
    assert_printable(&refused.err);
    assert_printable(&site.call(&["-vvv", "targets", "m365/repository/*"]).err);
    let id = site.endpoint("m365").targets[0].id.clone();
    site.simulator.script("m365", &id, Behaviour::fail(FORGED)).unwrap();
    let failed = site.call(&["sync", &format!("m365/repository/{id}"), "--poll", "100ms"]);
    assert_eq!(failed.code, 4, "{}", failed.err);
    assert_printable(&failed.err);
    assert!(!failed.out.contains('\u{1b}'), "{}", failed.out);
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new();
    let file = site.folder.path().join("m365.password");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let ended = site.call(&["targets", "m365/repository/*"]);
    assert_eq!(ended.code, 0);
    assert!(ended.err.contains("others can read the file") && ended.err.contains("m365.password"), "{}", ended.err);
    assert_eq!(site.call(&["targets", "m365/repository/*", "--quiet"]).err, "");
}
