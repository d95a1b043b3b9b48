//! The program as its users meet it: arguments, output, messages, exit codes.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod api;
mod bad_input;
mod breaking_off;
mod config;
#[path = "../support/conformance.rs"]
#[expect(dead_code, reason = "these tests use a part")]
mod conformance;
mod demo;
mod doctor;
mod dry_run;
mod examples;
mod exit_codes;
mod explain;
mod golden;
mod jobs;
mod journal;
mod kill;
mod live;
mod manuals;
mod metrics;
mod outputs;
mod report;
mod scenarios;
mod schema;
mod secrets;
mod selection;
mod simulate;
mod site;
mod status;
mod stop;
mod sync;
mod telemetry;
mod wait;
#[cfg(target_os = "linux")]
mod watch;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The program, without anything of the caller's environment that could change what it does.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backup-sync"));
    let ours = |name: &str| name.starts_with("BACKUP_SYNC_") || name.starts_with("OTEL_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    // A configuration of whoever runs the tests is none of ours, and the journal of a test is in its folder.
    command.env("XDG_CONFIG_HOME", env!("CARGO_TARGET_TMPDIR")).env("BACKUP_SYNC_JOURNAL", "journal.db");
    command.stdin(Stdio::null());
    command
}

/// What a call printed and how it ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the program was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON document on standard output.
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

fn call(folder: &Path, arguments: &[&str]) -> Ended {
    Ended::of(program().current_dir(folder).args(arguments).output().unwrap())
}

/// Checks a document against the schema that the program itself publishes.
fn assert_fits(document: &str, value: &Value) {
    let schema = call(Path::new("."), &["schema", document]).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{document}: {wrong:?} in {value}");
}

/// The top of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Checks that a file of the repository holds this text; with `BACKUP_SYNC_UPDATE=1` in the environment it is written.
fn published(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("BACKUP_SYNC_UPDATE").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let lines = found.lines().map(Some).chain([None]).zip(text.lines().map(Some).chain([None]));
    let differ = lines.enumerate().find(|(_, (found, text))| found != text);
    let how = "is stale; run the tests once with BACKUP_SYNC_UPDATE=1 and look at the diff; first difference";
    assert!(found == text, "{path} {how} (line, in the file, now): {differ:?}");
}
