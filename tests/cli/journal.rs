//! The journal of `sync`, and `resume` and `history` over it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use backup_sync_simulator::{Behaviour, Scripted, Settings, Simulator, Vb365Version};
use serde_json::Value;

use crate::site::Site;
use crate::{Ended, assert_fits, program};

const QUICK: [&str; 6] = ["--poll", "100ms", "--progress", "none", "--output", "json"];

fn with<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [command, &QUICK[..]].concat()
}

/// One repository that takes its time.
fn slow() -> Site {
    let settings = Settings { duration: Duration::from_secs(3600), ..Settings::default() };
    Site::of(Simulator::builder().vb365("m365", Vb365Version::V8).settings(settings))
}

fn history(site: &Site, more: &[&str]) -> Value {
    let ended = site.call(&[&["history", "--output", "json"], more].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_fits("history", &ended.json());
    ended.json()
}

/// The run and the command that were told.
fn resume_of(err: &str) -> Vec<String> {
    let told = err.lines().find_map(|line| line.strip_prefix("to go on with this run: backup-sync ")).expect(err);
    told.split(' ').map(str::to_owned).collect()
}

fn resume(site: &Site, err: &str) -> Ended {
    let command = resume_of(err);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    site.call(&with(&command))
}

#[test]
fn a_run_is_in_the_history_with_its_evidence() {
    let site = Site::new();
    let ended = site.call(&with(&["sync", "m365/repository/*"]));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let run = ended.json()["run"].as_str().unwrap().to_owned();
    let all = history(&site, &[]);
    let one = &all["runs"][0];
    assert_eq!((one["run"].as_str(), one["state"].as_str()), (Some(run.as_str()), Some("ended")));
    assert_eq!((one["exit_code"].as_i64(), one["arguments"][0].as_str()), (Some(0), Some("sync")));
    let told = history(&site, &["--run", &run]);
    let targets = told["runs"][0]["targets"].as_array().unwrap();
    let done = targets.iter().find(|target| target["outcome"] == "succeeded").unwrap();
    assert_eq!(done["evidence"]["facts"]["isOutOfSyncAfter"], false);
    assert_eq!((done["intents"].as_i64(), done["state"].as_str()), (Some(1), Some("ended")));
    assert!(done["duration_ms"].is_u64() && done["intent_at"].is_string() && done["ended_at"].is_string());
    let table = site.call(&["history"]);
    assert!(table.out.contains(&run) && table.out.contains("succeeded"), "{}", table.out);
    let table = site.call(&["history", "--run", &run]);
    assert!(table.out.contains("isOutOfSync went from true to false"), "{}", table.out);
}

#[test]
fn the_journal_is_for_its_owner_and_holds_no_secret() {
    let site = Site::new();
    let ended = site.call(&with(&["sync", "--all", "--journal", "deep/er/j.db"]));
    assert_eq!(ended.code, 0, "{}", ended.err);
    let file = site.folder.path().join("deep/er/j.db");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    let names: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["j.db"], "neither a log nor a lock is left");
    let bytes = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
    for endpoint in site.simulator.endpoints() {
        assert!(!bytes.contains(&endpoint.password));
    }
}

#[test]
fn a_deadline_has_its_exit_code_and_the_run_can_be_resumed() {
    let site = slow();
    let ended = site.call(&with(&["sync", "m365/repository/*", "--deadline", "300ms"]));
    assert_eq!(ended.code, 8, "{} {}", ended.out, ended.err);
    let command = resume_of(&ended.err);
    assert_eq!(command[..2], ["resume".to_owned(), ended.json()["run"].as_str().unwrap().to_owned()]);
    let again = site.call(&with(&["sync", "--all", "--deadline", "300ms"]));
    assert!(again.err.contains(&format!("run {} of", command[1])), "{}", again.err);
    site.simulator.clock().advance(Duration::from_secs(7200));
    let resumed = resume(&site, &ended.err);
    assert_eq!(resumed.code, 0, "{} {}", resumed.out, resumed.err);
    assert_fits("report", &resumed.json());
    assert_eq!((resumed.json()["run"].as_str(), site.count("POST", "/Sync")), (Some(command[1].as_str()), 2));
    let run = &history(&site, &["--run", &command[1]])["runs"][0];
    assert_eq!((run["state"].as_str(), run["resumed"].as_i64()), (Some("ended"), Some(1)));
    let reported = resume(&site, &ended.err);
    assert_eq!((reported.code, reported.json()["summary"].clone()), (0, resumed.json()["summary"].clone()));
}

#[test]
fn what_cannot_be_confirmed_has_its_exit_code_and_the_command() {
    let site = Site::new();
    let id = site.endpoint("m365").targets[0].id.clone();
    site.simulator.script("m365", &id, Behaviour::new(Scripted::StuckAt(40))).unwrap();
    let unknown = site.call(&with(&["sync", "m365/repository/Mail cache", "--force"]));
    assert_eq!(unknown.code, 7, "{}", unknown.out);
    assert_eq!(resume_of(&unknown.err)[1], unknown.json()["run"].as_str().unwrap());
}

/// Starts the program and waits until it tells that something was started.
fn begun(site: &Site, arguments: &[&str]) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut command = program();
    command.current_dir(site.folder.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("started as") {
        line.clear();
        assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended");
    }
    (child, err)
}

#[cfg(unix)]
#[test]
fn ctrl_c_names_the_jobs_and_the_command_and_leaves_the_work_alone() {
    let site = slow();
    let (mut child, err) = begun(&site, &["sync", "m365/repository/Archive to S3", "--poll", "100ms"]);
    let running = history(&site, &[]);
    assert_eq!(running["runs"][0]["state"], "running");
    let run = running["runs"][0]["run"].as_str().unwrap();
    let second = site.call(&["resume", run]);
    assert_eq!(second.code, 5, "{}", second.err);
    assert!(second.err.contains(&format!("process {} is at work on run {run}", child.id())), "{}", second.err);
    interrupt(&child);
    let lines: Vec<String> = err.lines().map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let place = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{lines:?}"));
    assert!(place("goes on as job") < place("breaking off"), "{lines:?}");
    assert!(place(&format!("backup-sync resume {run}")) < place("breaking off"), "{lines:?}");
    assert_eq!(site.count("POST", "/Stop"), 0);
    site.simulator.clock().advance(Duration::from_secs(7200));
    let resumed = site.call(&with(&["resume"]));
    assert_eq!((resumed.code, site.count("POST", "/Sync")), (0, 1), "{}", resumed.err);
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn nothing_to_resume_is_no_error() {
    let site = Site::new();
    let missing = site.call(&["resume"]);
    assert_eq!(missing.code, 2);
    assert!(missing.err.contains("there is no journal journal.db"), "{}", missing.err);
    assert_eq!(site.call(&with(&["sync", "m365/repository/*"])).code, 0);
    let ended = site.call(&with(&["resume"]));
    assert_eq!((ended.code, ended.json()["targets"].as_array().map(Vec::len)), (0, Some(0)), "{}", ended.err);
    assert_eq!(history(&site, &["--limit", "1"])["runs"].as_array().map(Vec::len), Some(1));
    let list = site.call(&with(&["resume", "--list"]));
    assert_eq!(list.json()["runs"].as_array().map(Vec::len), Some(0));
    let unknown = site.call(&["resume", "no-such-run"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("has no run no-such-run"), "{}", unknown.err);
}

#[test]
fn a_journal_that_cannot_be_used_starts_nothing() {
    let site = Site::new();
    let place = |name: &str| site.folder.path().join(name);
    fs::write(place("foreign.db"), "SQLite? No, a diary.").unwrap();
    fs::write(place("file"), "").unwrap();
    for (journal, part) in [
        ("foreign.db", "foreign.db is no journal of backup-sync"),
        ("file/j.db", "file/j.db cannot be created"),
        (".", "cannot be opened"),
    ] {
        let ended = site.call(&["sync", "--all", "--journal", journal]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{journal}: {}", ended.err);
        assert!(ended.err.contains(part), "{journal}: {}", ended.err);
    }
    assert_eq!(fs::read_to_string(place("foreign.db")).unwrap(), "SQLite? No, a diary.");
    assert_eq!(site.simulator.requests().len(), 0, "nobody was asked anything");
}

/// No file may grow beyond so many blocks of 512 bytes, as on a disk that is full.
#[cfg(target_os = "linux")]
fn on_a_full_disk(site: &Site, blocks: u32) -> Ended {
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    let program = program();
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(site.folder.path()).args(["-c", &limited, "sh"]).arg(program.get_program());
    shell.args(with(&["sync", "m365/repository/*", "--journal", "full.db"]));
    Ended::of(shell.output().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_nothing_is_started_that_is_not_written_down() {
    // Full while the file is opened, while the run is planned, at an intent, at a job, at an end, and never.
    let limits = [4, 64, 68, 72, 80, 96, 112, 130, 100_000];
    let mut codes = Vec::new();
    for blocks in limits {
        let site = Site::new();
        let made = site.call(&with(&["sync", "m365/repository/Mail cache", "--journal", "full.db"]));
        assert_eq!(made.code, 0, "{}", made.err);
        let ended = on_a_full_disk(&site, blocks);
        codes.push((blocks, ended.code));
        let starts = site.count("POST", "/Sync");
        let told = format!("{blocks} blocks: {starts} starts: {} {}", ended.out, ended.err);
        if starts == 0 {
            assert!(ended.err.contains("the journal") || ended.out.contains("the journal cannot be written"), "{told}");
            continue;
        }
        let runs = history(&site, &["--journal", "full.db"]);
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(2), "{told}");
        let run = history(&site, &["--journal", "full.db", "--run", runs["runs"][0]["run"].as_str().unwrap()]);
        let targets = run["runs"][0]["targets"].as_array().unwrap().iter();
        let intents: i64 = targets.map(|target| target["intents"].as_i64().unwrap()).sum();
        assert!(usize::try_from(intents).unwrap() >= starts, "{told} {run}");
        let resumed = site.call(&with(&["resume", "--resend-after", "250ms", "--journal", "full.db"]));
        assert_eq!((resumed.code, site.count("POST", "/Sync")), (0, 2), "{told} {}", resumed.err);
    }
    let ends = |code: i32| codes.iter().filter(|(_, ended)| *ended == code).count();
    assert!(ends(2) > 0 && ends(4) > 0 && ends(0) > 0, "{codes:?}");
}

#[test]
fn without_a_journal_nothing_is_written_down() {
    let site = Site::new();
    for none in [&["--no-journal"][..], &["--journal", "none"]] {
        let ended = site.call(&[&with(&["sync", "m365/repository/*"])[..], none].concat());
        assert_eq!((ended.code, ended.json().get("run")), (0, None));
    }
    assert!(!site.folder.path().join("journal.db").exists());
}

#[test]
fn an_endpoint_that_left_the_configuration_is_named() {
    let site = slow();
    let ended = site.call(&with(&["sync", "m365/repository/*", "--deadline", "300ms"]));
    let config = site.folder.path().join("backup-sync.toml");
    let changed = fs::read_to_string(&config).unwrap().replace("endpoints.m365", "endpoints.other");
    fs::write(&config, changed).unwrap();
    let resumed = resume(&site, &ended.err);
    assert_eq!(resumed.code, 7, "what was started there is not confirmed");
    assert!(resumed.err.contains("targets of the endpoint m365, which is not in"), "{}", resumed.err);
}
