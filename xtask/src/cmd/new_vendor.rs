//! `cargo xtask new-vendor`: lays out all that a new vendor needs, from the files in `templates/new-vendor/`.
//!
//! Everything is worked out before anything is written: a name that is taken, or a file of the workspace that does not look
//! as expected, leaves the workspace as it was.

use std::fs;
use std::path::{Path, PathBuf};

use backup_sync_workshop::suppressions;

use super::{Failure, print, regenerate, write};
use crate::wiring::{self, Wired};
use crate::workspace;

const EXAMPLES: &str = "\
Examples:
  cargo xtask new-vendor acme-vault --title \"Acme Vault\"
  cargo xtask new-vendor acme-vault --dry-run

What is laid out is a small but whole vendor that compiles and has green tests: one list, one start, one
status. Replace the example by what the vendor does, beginning with the document in specs/.";

/// Options of `new-vendor`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Name of the crate: small letters, digits and single hyphens.
    name: String,
    /// Name of the product, for people [default: the name in capitals]
    #[arg(long)]
    title: Option<String>,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Workspace to work on, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

/// Template and the file it becomes below the root.
const FILES: [(&str, &str); 11] = [
    (include_str!("../../templates/new-vendor/spec.yaml"), "specs/@NAME@-v1.yaml"),
    (include_str!("../../templates/new-vendor/Cargo.toml"), "crates/@NAME@/Cargo.toml"),
    (include_str!("../../templates/new-vendor/build.rs"), "crates/@NAME@/build.rs"),
    (include_str!("../../templates/new-vendor/README.md"), "crates/@NAME@/README.md"),
    (include_str!("../../templates/new-vendor/src/lib.rs"), "crates/@NAME@/src/lib.rs"),
    (include_str!("../../templates/new-vendor/src/auth.rs"), "crates/@NAME@/src/auth.rs"),
    (include_str!("../../templates/new-vendor/src/config.rs"), "crates/@NAME@/src/config.rs"),
    (include_str!("../../templates/new-vendor/src/hooks.rs"), "crates/@NAME@/src/hooks.rs"),
    (include_str!("../../templates/new-vendor/src/provider.rs"), "crates/@NAME@/src/provider.rs"),
    (include_str!("../../templates/new-vendor/tests/contract.rs"), "crates/@NAME@/tests/contract.rs"),
    (include_str!("../../templates/new-vendor/tests/simulated/mod.rs"), "crates/@NAME@/tests/simulated/mod.rs"),
];

/// What nobody but a person can do, told at the end.
const LEFT: &str = "\
Left to do by hand:
  1. specs/@NAME@-v1.yaml: describe the vendor's API in place of the example, with its sources and doubts.
  2. crates/@NAME@/src/{config,auth,provider}.rs: how it logs in, and its rule for \"finished\".
  3. specs/OWNERS.toml: name the real owners in place of @backup-sync/maintainers.
  4. The program, where a match names every vendor and the compiler says so: crates/cli/src/config.rs (a variant),
     config/parse.rs, prepare.rs, endpoints.rs, complete.rs, tables.rs (operation table), progress/log.rs (log lines).
  5. tests/support/calls.rs and tests/Cargo.toml: the document and the crate, so that every operation is tested.
  6. crates/simulator: move crates/@NAME@/tests/simulated there when it needs scenarios and faults.
  7. README.md and ARCHITECTURE.md: a row in their tables; specs/README.md: a row for the document; .ci/run: two lists.
Then: cargo fmt --all, cargo xtask validate, cargo xtask owners, cargo xtask coverage, cargo test -p @NAME@
";

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let name = arguments.name.as_str();
    wiring::usable(&root, name).map_err(Failure::Impossible)?;
    let title = arguments.title.clone().unwrap_or_else(|| capitals(name, " "));
    let filled = |text: &str| {
        let text = text.replace("@NAME@", name).replace("@SNAKE@", &name.replace('-', "_"));
        let text = text.replace("@TYPE@", &capitals(name, "")).replace("@TITLE@", &title);
        text.replace("@DATE@", &suppressions::today().to_string())
    };
    let files = FILES.iter().map(|(text, path)| (filled(path), filled(text)));
    let wired = wiring::all(&root, name, &title).map_err(Failure::Impossible)?;
    if arguments.dry_run {
        let new: String = files.map(|(path, _)| format!("would write {path}\n")).collect();
        let changed: String =
            wired.iter().map(|Wired { path, what, .. }| format!("would change {path}: {what}\n")).collect();
        return print(&(new + &changed + &filled(LEFT)));
    }
    for (path, text) in files {
        write(&root.join(&path), &text)?;
        print(&format!("wrote {path}\n"))?;
    }
    for Wired { path, text, what } in wired {
        write(&root.join(path), &text)?;
        print(&format!("changed {path}: {what}\n"))?;
    }
    link(&root, name)?;
    regenerate::refresh(&root)?;
    print(&filled(LEFT))
}

/// `acme-vault` as `AcmeVault`, or with blanks between the words.
fn capitals(name: &str, between: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-').map(word).collect::<Vec<_>>().join(between)
}

/// The crate's own `specs` folder leads to the reviewed document, so that a package carries it.
fn link(root: &Path, name: &str) -> Result<(), Failure> {
    let path = root.join(format!("crates/{name}/specs/{name}-v1.yaml"));
    let failed = |source| Failure::File { path: path.clone(), verb: "written", source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let target = format!("../../../specs/{name}-v1.yaml");
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, &path).map_err(failed);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(target, &path).map_err(failed);
}
