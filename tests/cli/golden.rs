//! Golden files in `tests/cli/golden`: what the program says, as its users read it. `BACKUP_SYNC_UPDATE=1` writes them anew;
//! the diff of a change is then what reviewers look at.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex::Regex;

use crate::site::Site;
use crate::{Ended, assert_fits, program, published, root};

/// What differs from call to call, and what stands for it. In this order.
const CHANGING: [(&str, &str); 12] = [
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"\b[0-9a-f]{32}\b", "ID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\b1[5-9]\d{11}\b", "TIME"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r#"("[a-z_]+_ms": ?|"pid": ?)\d+"#, "${1}0"),
    (r"\b\d+\.\d s\b", "0.0 s"),
    // A column is wider when one of its times has more digits.
    (r"0\.0 s +│", "0.0 s │"),
    (r",\d+\n", ",0\n"),
    (r"/(?:tmp|var)/[\w./-]*\.tmp\w+", "FOLDER"),
    (r"─+|═+", "─"),
    (r"(?m) +$", ""),
];

/// A text with everything of one moment replaced.
fn steady(text: &str) -> String {
    let replace =
        |text: String, (pattern, by): &(&str, &str)| Regex::new(pattern).unwrap().replace_all(&text, *by).into_owned();
    let text = CHANGING.iter().fold(text.to_owned(), replace);
    // Widths of the columns of a table depend on what was replaced.
    let wide = Regex::new("  +").unwrap();
    let narrow = |line: &str| match line.starts_with('│') {
        true => wide.replace_all(line, "  ").into_owned() + "\n",
        false => line.to_owned() + "\n",
    };
    text.lines().map(narrow).collect()
}

/// A call at a fixed width, as a reader sees it.
fn call(folder: &Path, arguments: &[&str]) -> Ended {
    Ended::of(program().current_dir(folder).env("COLUMNS", "100").args(arguments).output().unwrap())
}

/// A call and all that came of it.
fn told(folder: &Path, arguments: &[&str]) -> String {
    told_of(arguments, &call(folder, arguments))
}

fn told_of(arguments: &[&str], Ended { code, out, err }: &Ended) -> String {
    let line: Vec<String> = arguments.iter().map(|word| format!(" {}", quoted(word))).collect();
    let err: String = err.lines().map(|line| format!("! {line}\n")).collect();
    steady(&format!("$ backup-sync{}\n{out}{err}exit code {code}\n", line.concat()))
}

fn quoted(word: &str) -> String {
    if word.contains([' ', '*']) { format!("'{word}'") } else { word.to_owned() }
}

/// Every command with its subcommands, as help lists them.
pub fn commands(above: &[String]) -> Vec<Vec<String>> {
    let help = help(above);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let name = |line: &str| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        (!name.is_empty() && name != "help").then(|| name.to_owned())
    };
    let mut found = vec![above.to_vec()];
    for name in listed.filter_map(name) {
        found.extend(commands(&[above, &[name]].concat()));
    }
    found
}

pub fn help(command: &[String]) -> String {
    let words: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    let ended = call(Path::new("."), &words);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{words:?}");
    ended.out
}

#[test]
fn help_of_every_command() {
    let mut files = BTreeSet::new();
    for command in commands(&[]) {
        let name = [&["backup-sync".to_owned()], &command[..]].concat().join("-") + ".txt";
        published(&format!("tests/cli/golden/help/{name}"), &help(&command));
        files.insert(name);
    }
    assert!(files.len() > 10, "{files:?}");
    stale("help", &files);
}

/// Files that no test writes any more are an error, or go away.
fn stale(folder: &str, files: &BTreeSet<String>) {
    for entry in fs::read_dir(root().join("tests/cli/golden").join(folder)).unwrap() {
        let entry = entry.unwrap();
        if !files.contains(entry.file_name().to_str().unwrap()) {
            let updated = std::env::var_os("BACKUP_SYNC_UPDATE").is_some_and(|value| value == "1");
            assert!(updated, "nothing writes {} any more", entry.path().display());
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

#[test]
fn wrong_calls_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let told: Vec<String> = commands(&[])
        .iter()
        .map(|command| {
            let words: Vec<&str> = command.iter().map(String::as_str).chain(["--no-such-option"]).collect();
            told(folder.path(), &words)
        })
        .collect();
    published("tests/cli/golden/wrong-options.txt", &told.join("\n"));
}

/// Calls that fail, and what is said of it.
const ERRORS: &[&[&str]] = &[
    &["sync"],
    &["sync", "m365"],
    &["sync", "m356/repository/*"],
    &["sync", "m365/repository/No such"],
    &["sync", "m365/repos/*"],
    &["sync", "--all", "m365/repository/*"],
    &["sync", "--all", "--deadline", "soon"],
    &["sync", "--all", "--deadline", "0s"],
    &["sync", "--all", "--output", "xml"],
    &["sync", "--all", "--report", "missing/page.html"],
    &["sync", "--all", "--config", "missing.toml"],
    &["sync", "--all", "--journal", "backup-sync.toml"],
    &["resume"],
    &["resume", "no-such-run"],
    &["history", "--run", "no-such-run"],
    &["history", "--report", "page.html"],
    &["targets", "m356/*/*"],
    &["api", "m356", "--list"],
    &["api", "m365", "NoSuchOperation"],
    &["explain", "1234"],
    &["schema", "reports"],
    &["config", "check", "--config", "missing.toml"],
    &["config", "init", "backup-sync.toml"],
    &["simulate", "--vendor", "veeam-vb365:v9"],
    &["simulate", "--scenario", "backup-sync.toml"],
    &["demo", "--backups", "missing.json"],
    &["watch"],
    &["sync", "--all", "--simulated", "--config", "backup-sync.toml.other"],
    &["resume", "--run", "one", "another"],
    &["history", "one", "--limit", "3"],
];

#[test]
fn errors() {
    let site = Site::new();
    let told: Vec<String> = ERRORS.iter().map(|call| told(site.folder.path(), call)).collect();
    published("tests/cli/golden/errors.txt", &told.join("\n"));
}

/// A result: the name of its file, the call, and the document whose schema its JSON has to fit.
/// `RUN` stands for the id of the newest run.
const RESULTS: &[(&str, &[&str], &str)] = &[
    ("targets", &["targets"], "targets"),
    ("report", &["sync", "m365/repository/*", "dr/replication/*", "--poll", "100ms", "--progress", "none"], "report"),
    ("report-skipped", &["sync", "m365/repository/*", "--poll", "100ms", "--progress", "none"], "report"),
    ("unfinished", &["resume", "--list"], "history"),
    ("history", &["history"], "history"),
    ("history-run", &["history", "--run", "RUN"], "history"),
    ("explanation", &["explain", "still-running"], "explanations"),
    ("operations", &["api", "m365", "--list"], "operations"),
];

/// All forms of a result, one after the other; each from a site of its own, because a run changes the vendors' state.
fn forms(call: &[&str], document: &str) -> String {
    let mut all = Vec::new();
    for form in ["table", "json", "ndjson", "csv"] {
        let site = Site::new();
        // Makes a journal, which some of the calls read, and puts one repository in order.
        let first = ["sync", "m365/repository/Mail cache", "--poll", "100ms", "--progress", "none"];
        assert_eq!(site.call(&first).code, 0);
        if call.first() == Some(&"sync") && !call.contains(&"dr/replication/*") {
            assert_eq!(site.call(&["sync", "m365/repository/*", "--poll", "100ms", "--progress", "none"]).code, 0);
        }
        if call.contains(&"RUN") {
            let sync = ["sync", "m365/repository/Archive to S3", "--poll", "100ms", "--progress", "none"];
            assert_eq!(site.call(&sync).code, 0);
        }
        let runs = site.call(&["history", "--output", "json"]).json();
        let newest = runs["runs"][0]["run"].as_str().unwrap();
        let call: Vec<&str> = call.iter().map(|word| if *word == "RUN" { newest } else { word }).collect();
        let call = [&call[..], &["--output", form]].concat();
        if form == "json" {
            assert_fits(document, &site.call(&call).json());
        }
        all.push(told(site.folder.path(), &call));
    }
    all.join("\n")
}

#[test]
fn results_in_every_form() {
    let mut files = BTreeSet::new();
    for (name, call, document) in RESULTS {
        let name = format!("{name}.txt");
        published(&format!("tests/cli/golden/results/{name}"), &forms(call, document));
        files.insert(name);
    }
    files.extend(["demo.txt", "simulate.txt", "events.txt"].map(str::to_owned));
    stale("results", &files);
}

#[test]
fn the_demo_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let form = |form: &&str| {
        let call = ["demo", "--progress", "none", "--output", form];
        let ended = self::call(folder.path(), &call);
        if *form == "json" {
            assert_fits("report", &ended.json());
        }
        told_of(&call, &ended)
    };
    let all: Vec<String> = ["table", "json", "ndjson", "csv"].iter().map(form).collect();
    published("tests/cli/golden/results/demo.txt", &all.join("\n"));
}

/// One run as events. How often is looked depends on the machine: lines that differ in nothing else stand once.
#[test]
fn events_of_a_run() {
    let site = Site::new();
    let call = ["sync", "m365/repository/Archive to S3", "--poll", "100ms", "--progress", "json", "--output", "csv"];
    let ended = site.call(&call);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let percent = Regex::new("\"percent\":\\d+").unwrap();
    let mut seen = BTreeSet::new();
    let mut told = String::new();
    for line in ended.err.lines() {
        let event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_fits("event", &event);
        let line = steady(&percent.replace(line, "\"percent\":0"));
        if seen.insert(line.clone()) {
            told += &line;
        }
    }
    published("tests/cli/golden/results/events.txt", &told);
}

#[cfg(unix)]
#[test]
fn what_simulate_prints_when_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let simulation = crate::simulate::Simulation::start(folder.path(), &[]);
    assert_fits("simulate", &simulation.ready);
    let secret = Regex::new(r#"("\w*(?:password|secret|key)\w*": )"[^"]+""#).unwrap();
    let text = serde_json::to_string_pretty(&simulation.ready).unwrap();
    published("tests/cli/golden/results/simulate.txt", &steady(&secret.replace_all(&text, "${1}\"SECRET\"")));
    assert_eq!(simulation.end("-INT").code, 0);
}

#[test]
fn what_changes_from_call_to_call_is_replaced_and_nothing_else() {
    let text = "run 01a1fd67-efb5-751e-bc23-fc466c23d3be took 4.3 s until 2026-11-21T09:15:57.123Z: \"duration_ms\": 17, 8 of 9";
    assert_eq!(steady(text), "run ID took 0.0 s until TIME: \"duration_ms\": 0, 8 of 9\n");
}
