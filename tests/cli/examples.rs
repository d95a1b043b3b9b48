//! Every documented command line is run as it stands: the shell blocks of the documents and the examples of every help,
//! against simulated vendors whose endpoints have the names that the documents use.

#![cfg(unix)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::golden::{commands, help};
use crate::simulate::Simulation;
use crate::site::Site;
use crate::{Ended, program, root};

/// What is not simply run and expected to end with 0, by the beginning of the line.
const APART: &[(&str, Apart, &str)] = &[
    ("backup-sync api dr getTaskInfo --param task_id=ID", Apart::Code(4), "an id has to be filled in"),
    ("backup-sync api cloud RestoreBackup --param backup_id=ID", Apart::Code(2), "a body has to be written"),
    ("backup-sync api dr configureReplication --param pairing_id=ID", Apart::Code(2), "a body has to be written"),
    ("backup-sync wait dr/task/ID cloud/operation-log/ID", Apart::Code(4), "ids have to be filled in"),
    ("backup-sync history RUN", Apart::Code(2), "an id has to be filled in"),
    ("backup-sync stop --run RUN", Apart::Code(2), "an id has to be filled in"),
    ("backup-sync watch", Apart::Code(2), "there is no terminal"),
    ("cargo xtask diff", Apart::NotRun, "it would build in the middle of a test; xtask/tests/diff.rs runs it"),
    ("cargo xtask ci", Apart::NotRun, "it runs these tests"),
    ("cargo test", Apart::NotRun, "this is one of these tests"),
];

/// How a line is dealt with.
#[derive(Clone, Copy)]
enum Apart {
    /// It ends with this code.
    Code(i32),
    /// It is left out.
    NotRun,
}

/// Exit codes of what is played by scenarios: a document that sets one up wants to show how it ends.
const ENDS: &[(&str, i32)] = &[("failures", 6), ("stuck", 8)];

/// Documents with shell blocks.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["", "docs", "specs", "examples", "examples/scenarios"] {
        found.extend(markdown(&root().join(folder)));
    }
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        found.extend(markdown(&entry.unwrap().path()));
    }
    found.sort();
    found
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect()
}

/// The shell blocks of a document: their lines, with those that go on joined.
fn blocks(text: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if !["```sh", "```console", "```bash", "```shell"].contains(&line.trim()) {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
        let joined = block.join("\n").replace("\\\n", " ");
        let commands = joined.lines().map(|line| line.trim().trim_start_matches("$ ").to_owned());
        blocks.push(commands.filter(|line| !line.is_empty() && !line.starts_with('#')).collect());
    }
    blocks
}

/// The examples in the help of a command.
fn examples(command: &[String]) -> Vec<String> {
    help(command).lines().filter(|line| line.starts_with("  backup-sync ")).map(|line| line.trim().to_owned()).collect()
}

/// Endpoints, backup lists and files as the documents name them.
struct Stage {
    site: Site,
    /// What a `simulate` of the same block serves, and what its scenario is called.
    simulation: Option<(Simulation, String)>,
}

impl Stage {
    fn new() -> Self {
        let site = Site::all();
        let folder = site.folder.path();
        let vault = site.endpoint("cloud").targets.iter().find(|target| target.kind == "vault").unwrap();
        let body = serde_json::json!({"sync": {"vault_id": vault.id, "auto_trigger": false}});
        fs::write(folder.join("sync.json"), body.to_string()).unwrap();
        fs::copy(root().join("examples/on-premises-backups.json"), folder.join("nightly.json")).unwrap();
        fs::copy(root().join("examples/plans/nightly.toml"), folder.join("nightly.toml")).unwrap();
        let config = fs::read_to_string(folder.join("backup-sync.toml")).unwrap();
        let listed = config.replace("[endpoints.cloud]\n", "[endpoints.cloud]\nbackup_lists = [\"nightly.json\"]\n");
        fs::write(folder.join("backup-sync.toml"), listed).unwrap();
        std::os::unix::fs::symlink(root().join("examples"), folder.join("examples")).unwrap();
        // A run to look back at.
        let first = site.call(&["sync", "m365/repository/*", "--poll", "100ms", "--progress", "none"]);
        assert_eq!(first.code, 0, "{}", first.err);
        Self { site, simulation: None }
    }

    /// Runs one line; says what was wrong with it.
    fn run(&mut self, line: &str, apart: Option<Apart>) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["backup-sync", "simulate", rest @ ..] = words.as_slice() {
            let rest: Vec<&str> = rest.iter().copied().take_while(|word| *word != "#").collect();
            self.simulate(&rest);
            return None;
        }
        let wanted = match (apart, &self.simulation) {
            (Some(Apart::Code(code)), _) => code,
            (_, Some((_, scenario))) => ENDS.iter().find(|(name, _)| name == scenario).map_or(0, |(_, code)| *code),
            _ => 0,
        };
        let ended = self.shell(&quick(line));
        (ended.code != wanted).then(|| format!("{line}: exit code {} instead of {wanted}: {}", ended.code, ended.err))
    }

    /// A server that would run until Ctrl-C runs until the end of the block, a hundred times as fast.
    fn simulate(&mut self, arguments: &[&str]) {
        let scenario =
            arguments.iter().find_map(|word| Path::new(word).file_stem().filter(|_| word.ends_with(".toml")));
        let scenario = scenario.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let arguments = [arguments, &["--speed", "100"]].concat();
        self.simulation = Some((Simulation::start(self.site.folder.path(), &arguments), scenario));
    }

    /// The line as a shell takes it, where `backup-sync` is the program.
    fn shell(&self, line: &str) -> Ended {
        // It would write over the configuration that all others need.
        let elsewhere = tempfile::tempdir().unwrap();
        let first = line.starts_with("backup-sync config init");
        let folder = if first { elsewhere.path() } else { self.site.folder.path() };
        let program = program();
        let binary = Path::new(program.get_program()).parent().unwrap().to_owned();
        let mut shell = std::process::Command::new("timeout");
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        Ended::of(shell.current_dir(folder).env("PATH", path).args(["60", "sh", "-c", line]).output().unwrap())
    }
}

/// The line with lengths of time that fit simulated vendors; what `cargo run` would build is built already.
fn quick(line: &str) -> String {
    let line =
        line.strip_prefix("cargo run --release -- ").map_or(line.to_owned(), |rest| format!("backup-sync {rest}"));
    let mut words: Vec<&str> = line.split(' ').collect();
    for place in 1..words.len() {
        match words[place - 1] {
            "--poll" => words[place] = "500ms",
            "--deadline" => words[place] = "3s",
            _ => {}
        }
    }
    // What is simulated inside the program has a pace of its own, and ends.
    let watches =
        !words.contains(&"--simulated") && ["sync", "resume", "wait"].iter().any(|name| words.get(1) == Some(name));
    for bound in ["--poll 500ms", "--deadline 3s"] {
        let name = bound.split(' ').next();
        if watches && !words.iter().any(|word| Some(*word) == name) {
            words.insert(2, bound);
        }
    }
    words.join(" ")
}

#[test]
fn every_documented_command_does_what_it_says() {
    let used = RefCell::new(BTreeSet::new());
    let apart = |line: &str| {
        let place = APART.iter().position(|(start, ..)| line.starts_with(start))?;
        used.borrow_mut().insert(place);
        Some(APART[place].1)
    };
    let (mut count, mut wrong) = (0, Vec::new());
    let mut play = |from: String, lines: Vec<String>| {
        let mut stage = Stage::new();
        for line in lines {
            let apart = apart(&line);
            let ours = ["backup-sync ", "cargo run ", "cargo xtask "].iter().any(|start| line.starts_with(start));
            assert!(ours || apart.is_some(), "{from}: {line}: run it here, or name it in APART with the reason");
            if !matches!(apart, Some(Apart::NotRun)) {
                count += 1;
                wrong.extend(stage.run(&line, apart).map(|what| format!("{from}: {what}")));
            }
        }
    };
    for path in documents() {
        let from = path.strip_prefix(root()).unwrap().display().to_string();
        for block in blocks(&fs::read_to_string(&path).unwrap()) {
            play(from.clone(), block);
        }
    }
    for command in commands(&[]) {
        play(format!("{} --help", command.join(" ")), examples(&command));
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 40, "only {count} lines were found");
    let stale: Vec<&str> =
        (0..APART.len()).filter(|place| !used.borrow().contains(place)).map(|at| APART[at].0).collect();
    assert!(stale.is_empty(), "no document has these any more: {stale:?}");
}

#[test]
fn every_command_that_does_something_has_examples() {
    let all = commands(&[]);
    let leaf =
        |command: &Vec<String>| !all.iter().any(|other| other.len() > command.len() && other.starts_with(command));
    let without: Vec<String> =
        all.iter().filter(|one| leaf(one) && examples(one).is_empty()).map(|one| one.join(" ")).collect();
    assert_eq!(without, Vec::<String>::new());
}
