//! A vendor that `cargo xtask new-vendor` lays out compiles, has green tests and a valid document.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Copies what git knows of, with links as links.
fn copy_of_the_workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = Command::new("git").args(list).current_dir(root()).output().unwrap();
    for file in String::from_utf8(listed.stdout).unwrap().split_terminator('\0') {
        let (from, to) = (root().join(file), folder.path().join(file));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        match std::fs::read_link(&from) {
            #[cfg(unix)]
            Ok(target) => std::os::unix::fs::symlink(target, to).unwrap(),
            _ if from.exists() => drop(std::fs::copy(&from, &to).unwrap()),
            _ => {}
        }
    }
    folder
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let Output { status, stdout, stderr } = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{program} {}:\n{told}", arguments.join(" "));
    told
}

#[test]
#[ignore = "builds a workspace copy"]
fn a_new_vendor_compiles_and_its_tests_are_green() {
    let copy = copy_of_the_workspace();
    let at = copy.path().to_str().unwrap();
    let told = run(XTASK, &["new-vendor", "acme-vault", "--title", "Acme Vault", "--root", at], copy.path());
    assert!(told.contains("Left to do by hand:"), "{told}");
    let told = run(XTASK, &["validate", "--root", at], copy.path());
    assert!(told.contains("specs/acme-vault-v1.yaml: good"), "{told}");
    // What was compiled for this workspace need not be compiled again.
    let target = Path::new(XTASK).ancestors().nth(2).unwrap().to_str().unwrap();
    let cargo = env!("CARGO");
    let told = run(cargo, &["test", "-p", "acme-vault", "--offline", "--target-dir", target], copy.path());
    assert!(told.contains("2 passed"), "{told}");
    run(
        cargo,
        &["check", "-p", "backup-sync", "--features", "acme-vault", "--offline", "--target-dir", target],
        copy.path(),
    );
    let again = Command::new(XTASK).args(["new-vendor", "acme-vault", "--root", at]).output().unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
}

#[test]
fn a_dry_run_writes_nothing() {
    let told = run(XTASK, &["new-vendor", "acme-vault", "--dry-run"], &root());
    assert!(told.contains("would write crates/acme-vault/src/provider.rs"), "{told}");
    assert!(told.contains("would change Cargo.toml"), "{told}");
    assert!(!root().join("crates/acme-vault").exists());
}
