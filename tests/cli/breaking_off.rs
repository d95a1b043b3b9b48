//! Ctrl-C and its kin: no session is left behind, and a second request ends the program whatever it is doing.

#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::program;
use crate::simulate::Simulation;

/// Two simulated vendors with the faults of `dr` and `m365`, and a configuration for them.
fn play(folder: &Path, dr: &str, m365: &str) -> Simulation {
    let scenario = format!(
        "description = \"x\"\n[endpoints.m365]\nvendor = \"veeam-vb365\"\nfaults = [{m365}]\n\
         [endpoints.dr]\nvendor = \"vsphere-replication\"\nfaults = [{dr}]\n"
    );
    fs::write(folder.join("scenario.toml"), scenario).unwrap();
    Simulation::start(folder, &["--scenario", "scenario.toml", "--write-config", "simulated.toml"])
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = program();
    command.current_dir(folder).args(arguments).args(["--config", "simulated.toml"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until every fault was met, which is when the request that it holds up has arrived.
fn met(simulation: &Simulation, child: &mut Child) {
    let left = |state: &Value| state["endpoints"].as_array().unwrap().iter().any(|one| one["faults"] != 0);
    while left(&simulation.http("GET", "/_simulator/state", "").1) {
        assert!(child.try_wait().unwrap().is_none(), "it has ended before");
        std::thread::yield_now();
    }
}

/// Reads standard error up to a line that holds `part`.
pub fn until(child: &mut Child, part: &str) -> BufReader<ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended before {part:?}");
    }
    lines
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Logins and logouts at both vendors.
fn sessions(simulation: &Simulation) -> [(usize, usize); 2] {
    let count = |method, ending| simulation.count(method, ending);
    [
        (count("POST", "/token"), count("POST", "/token/logout")),
        (count("POST", "/session"), count("DELETE", "/session")),
    ]
}

#[test]
fn sessions_that_wait_for_a_slower_endpoint_are_ended() {
    for (command, name) in [(&["targets"][..], "INT"), (&["sync", "--all"], "TERM"), (&["targets"], "HUP")] {
        let folder = tempfile::tempdir().unwrap();
        let simulation =
            play(folder.path(), "{ operation = \"getAllReplications\", effect = { delay = \"600s\" } }", "");
        let mut child = start(folder.path(), command);
        met(&simulation, &mut child);
        while simulation.count("GET", "/BackupRepositories") == 0 {
            std::thread::yield_now();
        }
        signal(&child, name);
        let rest = until(&mut child, "broken off; nothing was started");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{command:?}");
        assert_eq!(rest.lines().count(), 0);
        assert_eq!(sessions(&simulation), [(1, 1), (1, 1)], "{command:?}");
        assert_eq!(simulation.count("POST", "/Sync"), 0);
    }
}

#[test]
fn a_login_under_way_is_waited_for_and_its_session_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = play(folder.path(), "", "{ operation = \"Auth_Token\", effect = { delay = \"500ms\" } }");
    let mut child = start(folder.path(), &["sync", "--all"]);
    met(&simulation, &mut child);
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let [m365, dr] = sessions(&simulation);
    assert_eq!(m365, (1, 1));
    assert_eq!(dr.0, dr.1);
}

#[test]
fn asking_twice_ends_a_logout_that_hangs() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = play(folder.path(), "", "{ operation = \"Auth_Logout\", effect = { delay = \"600s\" } }");
    let mut child = start(folder.path(), &["targets"]);
    met(&simulation, &mut child);
    signal(&child, "INT");
    let rest = until(&mut child, "once more to quit at once");
    signal(&child, "INT");
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(130), &[][..]));
    // Had it gone on until its own limit, it would have said so.
    let told: Vec<String> = rest.lines().map(Result::unwrap).collect();
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_program_that_does_not_print_its_secret_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[endpoints.m365]\nvendor = \"veeam-vb365\"\nurl = \"http://127.0.0.1:1\"\nusername = \"sync\"\n\
                  password = { command = [\"sh\", \"-c\", \"echo $$ > started; exec sleep 86400\"] }\n";
    fs::write(folder.path().join("simulated.toml"), config).unwrap();
    let mut child = start(folder.path(), &["targets"]);
    let id = loop {
        let id = fs::read_to_string(folder.path().join("started")).unwrap_or_default();
        assert!(child.try_wait().unwrap().is_none(), "it has ended before");
        if id.ends_with('\n') {
            break id;
        }
        std::thread::yield_now();
    };
    signal(&child, "TERM");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.ends_with("error: broken off; nothing was started\n"), "{told}");
    let alive = Command::new("kill").args(["-0", id.trim()]).stderr(Stdio::null()).status().unwrap();
    assert!(!alive.success(), "the program goes on");
}
