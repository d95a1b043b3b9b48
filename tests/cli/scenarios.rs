//! The ready scenarios, played by the program against the program: how each target ends, and the exit code.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::simulate::Simulation;
use crate::{Ended, call, published, root};

/// One scenario and what has to come out of it.
struct Case {
    scenario: &'static str,
    speed: &'static str,
    /// More arguments of `sync`.
    arguments: &'static [&'static str],
    code: i32,
    /// Endpoint and name of targets (`*` at the end stands for the rest), the outcome, a part of its sentence. The first
    /// line that fits counts.
    targets: &'static [(&'static str, &'static str, &'static str)],
}

const PROVEN_M365: &str = "isOutOfSync went from true to false";
const PROVEN_CLOUD: &str = "task success, err_sync_backup_num 0, sync_backup_num 3";
const PROVEN_DR: &str = "last_sync_time moved on";
const LIST: (&str, &str, &str) = ("cloud/on-premises-backups", "succeeded", PROVEN_CLOUD);

const CASES: &[Case] = &[
    Case {
        scenario: "calm-morning",
        speed: "100",
        arguments: &[],
        code: 0,
        targets: &[
            ("m365/repository-1", "succeeded", PROVEN_M365),
            ("m365/repository-2", "succeeded", PROVEN_M365),
            ("m365/in-sync-1", "skipped", "isOutOfSync is false"),
            ("cloud/hybrid-1", "succeeded", PROVEN_CLOUD),
            LIST,
            ("dr/vm-1", "succeeded", PROVEN_DR),
            ("dr/vm-2", "succeeded", PROVEN_DR),
            ("dr/paused-1", "skipped", "PAUSED"),
        ],
    },
    Case {
        scenario: "slow-estate",
        speed: "20000",
        arguments: &[],
        code: 0,
        targets: &[("m365/repository-*", "succeeded", PROVEN_M365)],
    },
    Case {
        scenario: "stuck",
        speed: "100",
        arguments: &["--deadline", "2s"],
        code: 8,
        targets: &[
            ("m365/repository-1", "still-running", "it goes on"),
            ("m365/repository-2", "succeeded", PROVEN_M365),
            ("cloud/hybrid-1", "still-running", "it goes on"),
            LIST,
            ("dr/vm-1", "still-running", "it goes on"),
        ],
    },
    Case {
        scenario: "failures",
        speed: "100",
        arguments: &[],
        code: 6,
        targets: &[
            ("m365/repository-1", "succeeded", PROVEN_M365),
            ("m365/repository-2", "failed", "The object storage cannot be reached"),
            ("cloud/hybrid-1", "failed", "The bucket does not exist"),
            ("cloud/on-premises-backups", "failed", "The image is damaged"),
            ("dr/vm-1", "succeeded", PROVEN_DR),
            ("dr/vm-2", "failed", "The target datastore is full"),
        ],
    },
    Case {
        scenario: "somebody-stops-it",
        speed: "100",
        arguments: &["--settle", "500ms"],
        code: 6,
        targets: &[
            ("m365/repository-1", "failed", "it was stopped or had no effect"),
            ("m365/repository-2", "succeeded", PROVEN_M365),
            ("m365/repository-3", "succeeded", PROVEN_M365),
            ("cloud/hybrid-1", "failed", "nothing was done"),
            LIST,
            ("dr/vm-1", "stopped", ""),
        ],
    },
    Case {
        scenario: "odd-answers",
        speed: "100",
        arguments: &["--deadline", "2s", "--settle", "500ms"],
        code: 7,
        targets: &[
            ("m365/repository-1", "still-running", "it goes on"),
            ("m365/repository-2", "succeeded", PROVEN_M365),
            ("cloud/hybrid-1", "still-running", "it goes on"),
            ("cloud/hybrid-2", "unknown", "err_sync_backup_num) is missing"),
            LIST,
            ("dr/vm-1", "still-running", "it goes on"),
            ("dr/vm-2", "succeeded", PROVEN_DR),
        ],
    },
    Case {
        scenario: "false-ends",
        speed: "100",
        arguments: &["--settle", "500ms"],
        code: 7,
        targets: &[
            ("m365/repository-1", "failed", "still out of sync"),
            ("m365/repository-2", "succeeded", PROVEN_M365),
            ("cloud/hybrid-1", "failed", "3 backups could not be synchronized"),
            ("cloud/hybrid-2", "unknown", "no longer knows the task"),
            LIST,
            ("dr/vm-1", "unknown", "last_sync_time of the replication has not moved"),
            ("dr/vm-2", "succeeded", PROVEN_DR),
        ],
    },
    Case {
        scenario: "flaky-network",
        speed: "100",
        arguments: &[],
        code: 0,
        targets: &[
            ("m365/repository-*", "succeeded", PROVEN_M365),
            ("cloud/hybrid-1", "succeeded", PROVEN_CLOUD),
            LIST,
            ("dr/vm-1", "succeeded", PROVEN_DR),
        ],
    },
    Case {
        scenario: "lost-answers",
        speed: "50",
        arguments: &["--settle", "500ms"],
        code: 7,
        targets: &[
            ("m365/repository-1", "succeeded", PROVEN_M365),
            ("cloud/hybrid-1", "succeeded", PROVEN_CLOUD),
            LIST,
            ("dr/vm-1", "unknown", "it was not sent again"),
        ],
    },
    Case {
        scenario: "self-signed",
        speed: "100",
        arguments: &[],
        code: 0,
        targets: &[("m365-v*", "succeeded", PROVEN_M365), ("dr/vm-1", "succeeded", PROVEN_DR)],
    },
];

/// A simulation of a scenario with a configuration for it, and the folder where that is.
fn play(scenario: &str, speed: &str) -> (Simulation, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = root().join(format!("examples/scenarios/{scenario}.toml"));
    let arguments = ["--scenario", file.to_str().unwrap(), "--speed", speed, "--write-config", "simulated.toml"];
    (Simulation::start(folder.path(), &arguments), folder)
}

/// Looks not so often that an appliance's quota of requests would be used up.
fn sync(folder: &tempfile::TempDir, more: &[&str]) -> Ended {
    let usual =
        ["sync", "--all", "--config", "simulated.toml", "--poll", "250ms", "--progress", "none", "--output=json"];
    call(folder.path(), &[&usual[..], more].concat())
}

/// Endpoint and name of each target, its outcome and its sentence.
fn outcomes(report: &Value) -> BTreeMap<String, (String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let one = |target: &Value| {
        let key = format!("{}/{}", text(&target["target"]["endpoint"]), text(&target["name"]));
        let detail = [&target["reason"], &target["why"], &target["evidence"]["rule"]].map(text).concat();
        (key, (text(&target["outcome"]), detail))
    };
    report["targets"].as_array().unwrap().iter().map(one).collect()
}

fn check(case: &Case) {
    let (simulation, folder) = play(case.scenario, case.speed);
    let ended = sync(&folder, case.arguments);
    let name = case.scenario;
    assert_eq!(ended.code, case.code, "{name}: {}{}", ended.err, ended.out);
    let outcomes = outcomes(&ended.json());
    let fits = |pattern: &str, target: &str| match pattern.strip_suffix('*') {
        Some(beginning) => target.starts_with(beginning),
        None => target == pattern,
    };
    for (target, (outcome, detail)) in &outcomes {
        let wanted = case.targets.iter().find(|(pattern, ..)| fits(pattern, target));
        let (_, word, part) = wanted.unwrap_or_else(|| panic!("{name}: {target} is not expected"));
        assert!(outcome == word && detail.contains(part), "{name}: {target}: {outcome}: {detail}");
    }
    for (pattern, ..) in case.targets {
        assert!(outcomes.keys().any(|target| fits(pattern, target)), "{name}: {pattern} is missing");
    }
    if simulation.is_plain() {
        let (_, state) = simulation.http("GET", "/_simulator/state", "");
        let left: Vec<&Value> = state["endpoints"].as_array().unwrap().iter().map(|one| &one["faults"]).collect();
        assert!(left.iter().all(|faults| **faults == 0), "{name}: faults that nothing has met: {left:?}");
    }
    assert_eq!(simulation.end("-INT").code, 0, "{name}");
}

/// One test for each scenario, so that they run side by side and a failure names itself.
macro_rules! scenarios {
    ($($test:ident: $name:literal),+ $(,)?) => {
        $(#[test]
        fn $test() {
            check(CASES.iter().find(|case| case.scenario == $name).unwrap());
        })+

        const TESTED: &[&str] = &[$($name),+];
    };
}

scenarios! {
    calm_morning: "calm-morning",
    slow_estate: "slow-estate",
    stuck: "stuck",
    failures: "failures",
    somebody_stops_it: "somebody-stops-it",
    odd_answers: "odd-answers",
    false_ends: "false-ends",
    flaky_network: "flaky-network",
    lost_answers: "lost-answers",
    self_signed: "self-signed",
}

/// Names of the scenario files and their descriptions.
fn files() -> BTreeMap<String, String> {
    let folder = fs::read_dir(root().join("examples/scenarios")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "toml"));
    let described = |path: std::path::PathBuf| {
        let text: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        (path.file_stem().unwrap().to_string_lossy().into_owned(), text["description"].as_str().unwrap().to_owned())
    };
    paths.map(described).collect()
}

#[test]
fn every_scenario_is_tested_and_taught_in_two_sentences() {
    let mut tested: Vec<&str> = TESTED.to_vec();
    tested.sort_unstable();
    assert_eq!(files().keys().collect::<Vec<_>>(), tested);
    for (name, description) in files() {
        let ends = description.matches(". ").count() + usize::from(description.ends_with('.'));
        assert_eq!(ends, 2, "{name}: {description}");
    }
}

/// What stands between these lines of the overview is made from the files.
const MARKS: [&str; 2] = ["<!-- begin of the table -->\n", "<!-- end of the table -->\n"];

#[test]
fn the_overview_is_fresh() {
    let path = "examples/scenarios/README.md";
    let text = fs::read_to_string(root().join(path)).unwrap();
    let (before, rest) = text.split_once(MARKS[0]).unwrap();
    let (_, after) = rest.split_once(MARKS[1]).unwrap();
    let row = |(name, description): (String, String)| format!("| [{name}]({name}.toml) | {description} |\n");
    let rows: String = files().into_iter().map(row).collect();
    let table = format!("| scenario | what it teaches |\n|---|---|\n{rows}");
    published(path, &format!("{before}{}{table}{}{after}", MARKS[0], MARKS[1]));
}

#[test]
fn what_has_failed_succeeds_in_a_second_run() {
    let (_simulation, folder) = play("failures", "100");
    assert_eq!(sync(&folder, &[]).code, 6);
    let second = sync(&folder, &[]);
    assert_eq!(second.code, 0, "{}{}", second.err, second.out);
    assert_eq!(outcomes(&second.json())["m365/repository-2"].0, "succeeded");
}

#[test]
fn a_start_whose_answer_is_lost_is_sent_once() {
    let (simulation, folder) = play("lost-answers", "50");
    let report = sync(&folder, &["--settle", "500ms"]).json();
    let adopted: Vec<&Value> =
        report["targets"].as_array().unwrap().iter().filter(|target| target["adopted"] == true).collect();
    assert_eq!(adopted.len(), 2, "{report}");
    for ending in ["/Sync", "/checkpoints/sync", "/actions/sync"] {
        assert_eq!(simulation.count("POST", ending), 1, "{ending}");
    }
    assert!(simulation.count("POST", "/token") > 1, "a login lasts for seconds only");
}

#[test]
fn nothing_is_sent_to_servers_that_are_not_trusted() {
    let (_simulation, folder) = play("self-signed", "100");
    let config = folder.path().join("simulated.toml");
    let text = fs::read_to_string(&config).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("ca_file")).collect();
    fs::write(&config, without.join("\n")).unwrap();
    let ended = sync(&folder, &[]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{}", ended.err);
    assert!(ended.err.contains("certificate"), "{}", ended.err);
}
