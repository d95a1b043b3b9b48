//! At most one start: a real process is killed at random moments, and what it has sent is compared with its journal.
//!
//! 24 kills; as many as the environment variable `BACKUP_SYNC_KILLS` says when it is set. The seed is printed; the
//! variable `BACKUP_SYNC_KILL_SEED` sets it.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backup_sync_simulator::{Fault, FaultKind, LoggedRequest, Settings, Simulator, Vb365Version};
use serde_json::Value;

use crate::program;
use crate::site::Site;

const QUICK: [&str; 6] = ["--poll", "50ms", "--progress", "none", "--output", "json"];
/// A whole `sync --all` takes less than this, so that kills fall into every part of it and some after its end.
const LONGEST_MS: u64 = 900;
/// No request to the simulated vendors is on its way for longer.
const RESEND: &str = "800ms";
/// So many kills go on at a time; a killed process mostly waits.
const AT_ONCE: usize = 6;

#[test]
fn killed_at_any_moment_and_resumed_nothing_is_lost_and_nothing_is_started_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let kills = number("BACKUP_SYNC_KILLS").unwrap_or(24);
    let seed = number("BACKUP_SYNC_KILL_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("{kills} kills with BACKUP_SYNC_KILL_SEED={seed}");
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let work = || {
            let mut seen = Vec::new();
            while done.load(Ordering::Relaxed) < kills {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let killed = kill_and_resume(number, &mut Random(seed ^ (number << 32)));
                done.fetch_add(killed.len() as u64, Ordering::Relaxed);
                seen.extend(killed);
            }
            seen
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            seen.extend(worker.join().expect("a worker found something wrong, see above"));
        }
    });
    // Where the kills fell, as the journals told right after them.
    let count = seen.len();
    let mut stages: BTreeMap<String, usize> = BTreeMap::new();
    for stage in seen.into_iter().flatten() {
        *stages.entry(stage).or_default() += 1;
    }
    println!("{count} processes were killed at work; states of their targets: {stages:?}");
    assert!(stages.len() > 1, "kills that all fall into one state prove nothing: {stages:?}");
}

/// A small generator of numbers that a seed repeats (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// One site, one run, one to three kills; gives the states of the targets after each process that was killed at work.
fn kill_and_resume(number: u64, random: &mut Random) -> Vec<Vec<String>> {
    let settings =
        Settings { duration: Duration::from_secs(4), vr_session_limit: 0, vr_address_limit: 0, ..Settings::default() };
    let builder = Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud").vsphere_replication("dr");
    let site = Site::of(builder.speed(10.0).settings(settings));
    let mut killed = Vec::new();
    if number.is_multiple_of(2) {
        slow_starts(&site);
    }
    killed.extend(kill(&site, &["sync", "--all"], random.below(LONGEST_MS)));
    // Resuming may be killed too.
    for _ in 0..random.below(3) {
        killed.extend(kill(&site, &["resume", "--resend-after", RESEND], random.below(LONGEST_MS / 2)));
    }
    for _ in 0..5 {
        let unfinished = unfinished(&site);
        if unfinished.is_empty() {
            break;
        }
        let resumed = site.call(&[&["resume", &unfinished[0], "--resend-after", RESEND], &QUICK[..]].concat());
        assert_eq!(resumed.code, 0, "kill {number}: {} {}", resumed.out, resumed.err);
    }
    compare(&site, number);
    killed
}

/// Starts are carried out and answered only after a while: more kills fall between the intent and the job, and what a
/// killed process has sent takes effect after its death.
fn slow_starts(site: &Site) {
    for (endpoint, operation) in
        [("m365", "BackupRepository_StartSynchronizeAction"), ("cloud", "ImportCheckpoint"), ("dr", "syncReplication")]
    {
        let kind = FaultKind::Delay(Duration::from_millis(100));
        site.simulator.fault(endpoint, Fault { operation: Some(operation.to_owned()), times: 9, kind }).unwrap();
    }
}

/// Starts the program and kills it after so many milliseconds. The states of the targets, unless it had ended before.
fn kill(site: &Site, arguments: &[&str], after: u64) -> Option<Vec<String>> {
    let mut command = program();
    command.current_dir(site.folder.path()).args(arguments).args(QUICK).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(after));
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    (!ended).then(|| stages(site))
}

fn history(site: &Site, more: &[&str]) -> Vec<Value> {
    if !site.folder.path().join("journal.db").exists() {
        return Vec::new();
    }
    let ended = site.call(&[&["history", "--output", "json"], more].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    ended.json()["runs"].as_array().unwrap().clone()
}

fn unfinished(site: &Site) -> Vec<String> {
    let runs = history(site, &[]).into_iter().filter(|run| run["state"] == "unfinished");
    runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect()
}

/// The targets of the run, if it came so far.
fn targets(site: &Site) -> Vec<Value> {
    let Some(run) = history(site, &[]).pop() else { return Vec::new() };
    let run = history(site, &["--run", run["run"].as_str().unwrap()]).remove(0);
    run["targets"].as_array().unwrap().clone()
}

fn stages(site: &Site) -> Vec<String> {
    targets(site).iter().map(|target| target["state"].as_str().unwrap().to_owned()).collect()
}

/// Every target has one outcome, and what the simulated vendors were asked agrees with what was written down.
fn compare(site: &Site, number: u64) {
    let targets = targets(site);
    let requests = site.simulator.requests();
    if targets.is_empty() {
        let starts = requests.iter().filter(|request| is_start(request)).count();
        assert_eq!(starts, 0, "kill {number}: something was started before it was planned");
        return;
    }
    let known: usize = site.simulator.endpoints().iter().map(|endpoint| endpoint.targets.len()).sum();
    assert_eq!(targets.len(), known, "kill {number}: a target was lost");
    for target in &targets {
        let id = target["target"]["id"].as_str().unwrap();
        let starts = starts_of(site, &requests, target);
        let intents = target["intents"].as_i64().unwrap();
        let outcome = target["outcome"].as_str().unwrap_or("none");
        let told = format!("kill {number}: {id}: {outcome}, {starts} starts, {intents} intents: {target}");
        assert_eq!(target["state"], "ended", "{told}");
        match outcome {
            "succeeded" => assert_eq!(starts, 1, "{told}"),
            "skipped" => assert!(starts <= 1, "{told}"),
            _ => panic!("{told}"),
        }
        assert!(i64::try_from(starts).unwrap() <= intents, "a start without an intent: {told}");
    }
}

fn is_start(request: &LoggedRequest) -> bool {
    let start = ["/Sync", "/checkpoints/sync", "/actions/sync"];
    request.method == "POST" && start.iter().any(|ending| request.path.ends_with(ending))
}

/// How often the target was started. A vault is named in a body, which the log does not keep, so its tasks are counted.
fn starts_of(site: &Site, requests: &[LoggedRequest], target: &Value) -> usize {
    let endpoint = target["target"]["endpoint"].as_str().unwrap();
    let id = target["target"]["id"].as_str().unwrap();
    let vaults = site.endpoint(endpoint).targets.iter().filter(|target| target.kind == "vault").count();
    let starts = requests.iter().filter(|request| is_start(request) && request.endpoint == endpoint);
    match target["target"]["kind"].as_str() {
        Some("vault") => {
            assert_eq!(vaults, 1, "starts of several vaults cannot be told apart in the log");
            starts.count()
        }
        _ => starts.filter(|request| decoded(&request.path).contains(id)).count(),
    }
}

fn decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8().unwrap().into_owned()
}
