//! Exit codes: what the README promises, and the codes that no other test of the program meets. Those of targets are in
//! `scenarios`, of wrong calls in `bad_input`, of endpoints in `sync`, of breaking off in `breaking_off`.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::Stdio;

use backup_sync_simulator::{Behaviour, Scripted};

use crate::site::Site;
use crate::{Ended, call, program, root};

#[test]
fn the_readme_has_every_code_in_its_order() {
    let list = call(Path::new("."), &["explain", "--output", "json"]).json();
    let exits = list["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "exit code");
    let row = |(code, meaning): (&str, &str)| format!("| {code} | {meaning} |\n");
    let rows: String =
        exits.map(|entry| row((entry["code"].as_str().unwrap(), entry["meaning"].as_str().unwrap()))).collect();
    assert!(fs::read_to_string(root().join("README.md")).unwrap().contains(&rows), "README.md lacks:\n{rows}");
}

/// Calls with a standard output that takes nothing.
#[cfg(target_os = "linux")]
fn unheard(site: &Site, arguments: &[&str]) -> Ended {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = program();
    command.current_dir(site.folder.path()).args(arguments).stdout(Stdio::from(full)).stderr(Stdio::piped());
    Ended::of(command.spawn().unwrap().wait_with_output().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_told_but_hides_nothing_worse() {
    let site = Site::new();
    let listed = unheard(&site, &["targets"]);
    assert_eq!(listed.code, 1, "{}", listed.err);
    assert!(listed.err.contains("error: standard output cannot be written"), "{}", listed.err);
    let proven = unheard(&site, &["sync", "m365/repository/*", "--poll", "100ms", "--progress", "none"]);
    assert_eq!(proven.code, 1, "{}", proven.err);
    site.simulator.script("m365", site.first("m365"), Behaviour::new(Scripted::StuckAt(40))).unwrap();
    let address = format!("m365/repository/{}", site.first("m365"));
    let stuck = ["sync", &address, "--force", "--deadline", "300ms", "--poll", "100ms", "--progress", "none"];
    let stuck = unheard(&site, &stuck);
    assert_eq!(stuck.code, 8, "{}", stuck.err);
    assert!(stuck.err.contains("error: standard output cannot be written"), "{}", stuck.err);
}
