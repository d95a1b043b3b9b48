//! `doctor`: what works is good, what does not is told with what to do, and what depends on it is skipped.

use std::fs;

use backup_sync_simulator::{Builder, Certificate, Fault, FaultKind, Settings, Simulator, Targets, Vb365Version};
use serde_json::Value;

use crate::site::Site;
use crate::{Ended, assert_fits, call};

const SECRETS: [&str; 1] = ["planted-secret"];

fn m365() -> Builder {
    Simulator::builder().vb365("m365", Vb365Version::V8)
}

fn doctor(site: &Site) -> (Ended, Value) {
    let ended = site.call(&["doctor", "--output", "json"]);
    let diagnosis = ended.json();
    assert_fits("doctor", &diagnosis);
    assert_eq!(diagnosis["exit_code"], ended.code, "{diagnosis}");
    for secret in SECRETS {
        assert!(!ended.out.contains(secret) && !ended.err.contains(secret), "{} {}", ended.out, ended.err);
    }
    for row in diagnosis["checks"].as_array().unwrap() {
        let wants_fix = row["state"] == "failed" || row["state"] == "warning";
        assert_eq!(row["fix"].is_string(), wants_fix, "{row}");
    }
    (ended, diagnosis)
}

/// The rows of a check of an endpoint.
fn rows<'a>(diagnosis: &'a Value, endpoint: &str, check: &str) -> Vec<&'a Value> {
    let all = diagnosis["checks"].as_array().unwrap().iter();
    all.filter(|row| row["endpoint"] == endpoint && row["check"] == check).collect()
}

/// The states of these checks of an endpoint.
fn states(diagnosis: &Value, endpoint: &str, checks: &[&str]) -> Vec<String> {
    let state = |check: &&str| rows(diagnosis, endpoint, check)[0]["state"].as_str().unwrap().to_owned();
    checks.iter().map(state).collect()
}

#[test]
fn what_works_is_good_everywhere_and_sessions_are_ended() {
    let site = Site::all();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 0, "{}", ended.out);
    for endpoint in ["m365", "cloud", "dr"] {
        let checks = ["configuration", "secrets", "name", "reach", "clock", "version", "login", "rights", "data"];
        for (check, state) in checks.iter().zip(states(&diagnosis, endpoint, &checks)) {
            assert_eq!(state, "good", "{endpoint} {check}: {diagnosis}");
        }
        assert_eq!(states(&diagnosis, endpoint, &["tls"]), ["skipped"], "plain HTTP on this machine");
    }
    assert_eq!(states(&diagnosis, "dr", &["remote-session"]), ["good"], "{diagnosis}");
    assert_eq!(states(&diagnosis, "", &["journal"]), ["good"]);
    assert!(rows(&diagnosis, "m365", "secrets")[0]["found"].as_str().unwrap().contains("m365.password"));
    let (logins, logouts) = (site.count("POST", "/session"), site.count("DELETE", "/session"));
    assert_eq!((logins > 0, logins), (true, logouts), "a session was left behind");
    assert_eq!(site.count("POST", "/synchronize") + site.count("POST", "/sync"), 0, "something was started");
    let one = site.call(&["doctor", "m365", "--output", "csv"]);
    assert!(one.out.starts_with("endpoint,check,at,state,found,fix\n") && !one.out.contains("\ndr,"), "{}", one.out);
    let table = site.call(&["doctor"]);
    assert!(table.out.contains("ENDPOINT") && table.out.contains(" failed, "), "{}", table.out);
    let unknown = site.call(&["doctor", "m366"]);
    assert!(unknown.code == 2 && unknown.err.contains("did you mean `m365`?"), "{}", unknown.err);
}

#[test]
fn a_wrong_password_is_a_failed_login_and_other_endpoints_are_looked_at() {
    let site = Site::all();
    fs::write(site.folder.path().join("m365.password"), SECRETS[0]).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 3, "{}", ended.out);
    let after = states(&diagnosis, "m365", &["reach", "login", "rights", "data"]);
    assert_eq!(after, ["good", "failed", "skipped", "skipped"]);
    let fix = rows(&diagnosis, "m365", "login")[0]["fix"].as_str().unwrap();
    assert!(fix.contains("user name and the secret"), "{fix}");
    assert_eq!(states(&diagnosis, "cloud", &["data"]), ["good"]);
}

#[test]
fn the_login_at_the_other_site_is_a_check_of_its_own() {
    let site = Site::of(Simulator::builder().vsphere_replication("dr"));
    fs::write(site.folder.path().join("remote.password"), SECRETS[0]).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 3, "{}", ended.out);
    assert_eq!(states(&diagnosis, "dr", &["login", "remote-session"]), ["good", "failed"]);
    let fix = rows(&diagnosis, "dr", "remote-session")[0]["fix"].as_str().unwrap();
    assert!(fix.contains("`remote`"), "{fix}");
}

#[test]
fn where_nothing_listens_all_that_needs_it_is_skipped() {
    let site = Site::of(m365());
    let path = site.folder.path().join("backup-sync.toml");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let text = fs::read_to_string(&path).unwrap().replace(&site.endpoint("m365").url, &closed);
    fs::write(&path, text).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 5, "{}", ended.out);
    let checks = ["name", "reach", "tls", "clock", "version", "login", "rights", "data"];
    let wanted = ["good", "failed", "skipped", "skipped", "skipped", "skipped", "skipped", "skipped"];
    assert_eq!(states(&diagnosis, "m365", &checks), wanted);
}

#[test]
fn the_fix_for_a_certificate_works() {
    let site = Site::of(m365().certificate(Certificate::Good));
    let path = site.folder.path().join("backup-sync.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 3, "{}", ended.out);
    assert_eq!(
        states(&diagnosis, "m365", &["reach", "tls", "clock", "login"]),
        ["good", "failed", "skipped", "skipped"]
    );
    let fix = rows(&diagnosis, "m365", "tls")[0]["fix"].as_str().unwrap().to_owned();
    let (_, pin) = fix.split_once("tls = ").unwrap();
    let pin = &pin[..=pin.find('}').unwrap()];
    fs::write(&path, format!("{text}tls = {pin}\n")).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!((ended.code, states(&diagnosis, "m365", &["tls", "data"])), (0, vec!["good".into(), "good".into()]));
    fs::write(&path, format!("{text}tls = {{ fingerprint = \"{}\" }}\n", "ab".repeat(32))).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!((ended.code, states(&diagnosis, "m365", &["tls"])), (3, vec!["failed".to_owned()]), "{}", ended.out);
}

#[test]
fn pages_of_proxies_missing_rights_and_empty_lists_are_told() {
    let fault = |operation: &str, kind| Fault { operation: Some(operation.to_owned()), times: 99, kind };
    let denied = FaultKind::Status { status: 403, retry_after: None, body: None };
    for (operation, kind, code, wanted) in [
        ("Auth_Token", FaultKind::Html(502), 5, ["failed", "skipped", "skipped"]),
        ("BackupRepository_List", denied.clone(), 3, ["good", "failed", "skipped"]),
    ] {
        let site = Site::of(m365());
        site.simulator.fault("m365", fault(operation, kind)).unwrap();
        let (ended, diagnosis) = doctor(&site);
        let mut found = states(&diagnosis, "m365", &["login", "rights", "data"]);
        // What was allowed before counts too.
        found[1] = rows(&diagnosis, "m365", "rights").last().unwrap()["state"].as_str().unwrap().to_owned();
        assert_eq!((ended.code, found), (code, wanted.map(str::to_owned).to_vec()), "{operation}: {}", ended.out);
        assert!(!ended.out.contains("<html"), "{}", ended.out);
    }
    let none = Settings { targets: Some(Targets { ready: 0, other: 0 }), ..Settings::default() };
    let site = Site::of(m365().settings(none));
    let (ended, diagnosis) = doctor(&site);
    assert_eq!((ended.code, states(&diagnosis, "m365", &["data"])), (0, vec!["warning".to_owned()]), "{}", ended.out);
}

#[test]
fn a_configuration_that_is_wrong_hides_no_other_endpoint_and_open_files_are_told() {
    let site = Site::of(m365());
    let path = site.folder.path().join("backup-sync.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n[endpoints.other]\nvendor = \"veeam-vb365\"\nurl = \"http://127.0.0.1:1\"\n"))
        .unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let secret = site.folder.path().join("m365.password");
        fs::set_permissions(secret, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 2, "{}", ended.out);
    assert_eq!(states(&diagnosis, "other", &["configuration", "login"]), ["failed", "skipped"]);
    assert_eq!(states(&diagnosis, "m365", &["data"]), ["good"]);
    #[cfg(unix)]
    assert!(rows(&diagnosis, "m365", "secrets").iter().any(|row| row["state"] == "warning"), "{diagnosis}");
}

#[test]
fn a_journal_that_cannot_be_written_is_told() {
    let site = Site::of(m365());
    fs::write(site.folder.path().join("file"), "").unwrap();
    let ended = site.call(&["doctor", "--journal", "file/journal.db", "--output", "json"]);
    let diagnosis = ended.json();
    assert_eq!((ended.code, states(&diagnosis, "", &["journal"])), (2, vec!["failed".to_owned()]), "{}", ended.out);
    let simulated = call(site.folder.path(), &["doctor", "--simulated"]);
    assert_eq!(simulated.code, 0, "{}", simulated.out);
}

#[test]
fn what_a_site_cannot_tell_without_the_other_one_is_a_warning() {
    let site = Site::of(Simulator::builder().vsphere_replication("dr"));
    let path = site.folder.path().join("backup-sync.toml");
    let text = fs::read_to_string(&path).unwrap();
    let alone: String =
        text.lines().filter(|line| !line.starts_with("remote")).map(|line| line.to_owned() + "\n").collect();
    assert_ne!(text, alone);
    fs::write(&path, alone).unwrap();
    let (ended, diagnosis) = doctor(&site);
    assert_eq!(ended.code, 0, "{}", ended.out);
    assert_eq!(states(&diagnosis, "dr", &["login", "remote-session", "data"]), ["good", "warning", "warning"]);
    let data = rows(&diagnosis, "dr", "data")[0];
    assert!(data["found"].as_str().unwrap().contains("could not tell everything"), "{data}");
    assert!(data["fix"].as_str().unwrap().contains("`remote`"), "{data}");
}

/// How long it waits then is tested beside the code, with a clock of its own.
#[cfg(unix)]
#[test]
fn breaking_off_ends_it_although_a_server_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = silent.local_addr().unwrap();
    let config = format!(
        "[endpoints.m365]\nvendor = \"veeam-vb365\"\nurl = \"http://{at}\"\nusername = \"sync\"\npassword = {{ file = \"secret\" }}\n"
    );
    fs::write(folder.path().join("backup-sync.toml"), config).unwrap();
    fs::write(folder.path().join("secret"), SECRETS[0]).unwrap();
    let mut command = crate::program();
    command.current_dir(folder.path()).arg("doctor");
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    // The first connection shows that it is reached, the second has a request.
    let connections: Vec<_> = (0..2).map(|_| silent.accept().unwrap().0).collect();
    crate::breaking_off::signal(&child, "INT");
    crate::breaking_off::until(&mut child, "broken off; nothing was started");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // They were open all the time.
    drop(connections);
}
