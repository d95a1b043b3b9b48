//! The program as its users meet it: arguments, output, messages, exit codes.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod bad_input;
mod demo;
mod journal;
mod kill;
mod secrets;
mod sync;
mod telemetry;

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
    // The journal of a test is in its folder, never in the home of whoever runs it.
    command.stdin(Stdio::null()).env("BACKUP_SYNC_JOURNAL", "journal.db");
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
