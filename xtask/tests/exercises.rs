//! Does each exercise of CONTRIBUTING.md: the edit, the command, the message.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The rows of the table of exercises, each cell without its quotation marks.
fn exercises() -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    let part = text.split("## Exercises").nth(1).unwrap();
    let rows = part.lines().filter(|line| line.starts_with("| `"));
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    rows.map(|row| row.trim_matches('|').split(" | ").map(cell).collect()).collect()
}

/// The parts of the workspace that the commands look at, to be broken; of the documents only this one where one is enough.
fn copy(only: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let take = |path: &Path| {
        let to = folder.path().join(path.strip_prefix(root()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    };
    let files = |path: &str| fs::read_dir(root().join(path)).unwrap().map(|entry| entry.unwrap().path());
    if let Some(only) = only {
        take(&root().join(only));
        return folder;
    }
    files("specs").for_each(|path| take(&path));
    let surfaces = files("crates").map(|path| path.join("surface.txt")).filter(|path| path.exists());
    surfaces.for_each(|path| take(&path));
    folder
}

fn run(command: &str, at: &Path) -> (bool, String) {
    let arguments = command.strip_prefix("cargo xtask ").unwrap_or_else(|| panic!("{command} is no command of xtask"));
    let xtask = Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments.split(' ')).arg("--root").arg(at).output();
    let output = xtask.unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), told)
}

#[test]
fn each_exercise_gives_the_message_that_it_promises() {
    let exercises = exercises();
    assert!(exercises.len() >= 8, "the table is not found: {exercises:?}");
    let mut wrong = Vec::new();
    for row in exercises {
        let [file, from, to, command, expected] = &row[..] else { panic!("five cells, not {row:?}") };
        let copy = copy((command == "cargo xtask validate").then_some(file));
        let (path, text) = (copy.path().join(file), fs::read_to_string(root().join(file)).unwrap());
        if !text.contains(from.as_str()) {
            wrong.push(format!("{file} does not hold {from:?}"));
            continue;
        }
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        let (fine, told) = run(command, copy.path());
        if fine || !told.contains(expected.as_str()) {
            let begin: String = told.chars().take(600).collect();
            wrong.push(format!("{file}: {from:?} by {to:?}, {command}: expected {expected:?}, told {begin}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What an exercise breaks was whole before.
#[test]
fn the_unbroken_workspace_is_fine() {
    let copy = copy(None);
    for command in
        ["cargo xtask validate", "cargo xtask regenerate --check", "cargo xtask docs", "cargo xtask docs --check"]
    {
        let (fine, told) = run(command, copy.path());
        assert!(fine, "{command}: {told}");
    }
}
