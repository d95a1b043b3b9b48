//! Keeps the direction of dependencies between the crates of this workspace.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which crates of the workspace each crate may depend on: for itself, and for its build script.
const ALLOWED: &[(&str, &[&str], &[&str])] = &[
    ("backup-sync-codegen", &[], &[]),
    ("backup-sync-spec-diff", &["backup-sync-codegen"], &[]),
    ("backup-sync-runtime", &[], &[]),
    ("backup-sync-engine", &["backup-sync-runtime"], &[]),
    ("backup-sync-conformance", &["backup-sync-runtime"], &[]),
    ("backup-sync-journal", &["backup-sync-runtime", "backup-sync-engine"], &[]),
    ("veeam-vb365", &["backup-sync-runtime", "backup-sync-engine"], &["backup-sync-codegen"]),
    ("huawei-cbr", &["backup-sync-runtime", "backup-sync-engine"], &["backup-sync-codegen"]),
    ("vsphere-replication", &["backup-sync-runtime", "backup-sync-engine"], &["backup-sync-codegen"]),
    (
        "backup-sync",
        &["backup-sync-runtime", "backup-sync-engine", "veeam-vb365", "huawei-cbr", "vsphere-replication"],
        &[],
    ),
    ("backup-sync-simulator", &["veeam-vb365", "huawei-cbr", "vsphere-replication"], &[]),
    (
        "backup-sync-cli",
        &["backup-sync", "backup-sync-conformance", "backup-sync-journal", "backup-sync-simulator"],
        &[],
    ),
    ("backup-sync-workshop", &["backup-sync-codegen"], &[]),
    ("backup-sync-spec-docs", &["backup-sync-codegen"], &[]),
    ("xtask", &["backup-sync-codegen", "backup-sync-spec-diff", "backup-sync-spec-docs", "backup-sync-workshop"], &[]),
];

/// Crates that may depend on anything: they test or measure the others and are never published.
const FREE: &[&str] = &["backup-sync-tests", "backup-sync-bench"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node[key].as_str().unwrap_or_default()
}

#[test]
fn nothing_points_back() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let members: BTreeSet<&str> = packages.iter().map(|package| text(package, "name")).collect();
    let allowed: BTreeMap<&str, (&[&str], &[&str])> =
        ALLOWED.iter().map(|(name, own, build)| (*name, (*own, *build))).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = text(package, "name");
        if FREE.contains(&name) {
            continue;
        }
        let Some((own, build)) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the list of this test; add it with what it may depend on"));
            continue;
        };
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = text(dependency, "name");
            let list = match dependency["kind"].as_str() {
                // Tests may use anything.
                Some("dev") => continue,
                Some("build") => build,
                _ => own,
            };
            if members.contains(on) && !list.contains(&on) {
                wrong.push(format!("{name} must not depend on {on}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Nobody loses operations who does not ask for less, and the documents decide what the rest is.
#[test]
fn whoever_generates_has_everything_by_default() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let generates = package["dependencies"].as_array().unwrap().iter().any(|dependency| {
            text(dependency, "name") == "backup-sync-codegen" && dependency["kind"].as_str() == Some("build")
        });
        let published = package["publish"].is_null();
        let default = package["features"]["default"].as_array();
        if generates && published && !default.is_some_and(|list| list.iter().any(|name| name == "full")) {
            wrong.push(format!("{} has no feature `full` that is on by default", text(package, "name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words that would tie the neutral crates to a vendor.
const VENDOR_WORDS: &[&str] = &["veeam", "vb365", "huawei", "vsphere", "vmware"];

/// The files in a folder and in the folders within it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn neutral_crates_name_no_vendor() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let mut wrong = Vec::new();
    for name in ["runtime", "engine", "journal"] {
        for path in files(&root.join("crates").join(name).join("src")) {
            let source = std::fs::read_to_string(&path).unwrap().to_lowercase();
            let found = VENDOR_WORDS.iter().filter(|word| source.contains(**word));
            wrong.extend(found.map(|word| format!("{} names {word}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
