//! `cargo xtask diff`: what a change of the specs does, and to whom.

use std::path::{Path, PathBuf};

use backup_sync_codegen::{Document, documents, load};
use backup_sync_spec_diff::render::{Format, render};
use backup_sync_spec_diff::{Report, compare_all, compare_two};

use super::{Failure, print};
use crate::surroundings::Workspace;
use crate::{git, workspace};

/// Options of `diff`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    /// Revision to compare with; the commit at which this branch left main when it is not given.
    base: Option<String>,
    /// Compare one spec with this file instead, for example with a vendor's newer document in our form.
    #[arg(long, value_name = "FILE", conflicts_with = "base")]
    against: Option<PathBuf>,
    /// The spec to compare with the file of --against; the one of the same file name when it is not given.
    #[arg(long, value_name = "SPEC", requires = "against")]
    spec: Option<PathBuf>,
    /// Form of the report.
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// Write the report to this file instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Workspace to look at, for tests of this command.
    #[arg(long, hide = true)]
    root: Option<PathBuf>,
}

const HELP: &str = "\
Examples:
  cargo xtask diff                                  what this branch and the files not yet committed change
  cargo xtask diff HEAD~3                           the same since three commits ago
  cargo xtask diff v0.1.0 --format markdown         for the text of a pull request
  cargo xtask diff --format html --out diff.html    a page to read, print or send
  cargo xtask diff --against ~/veeam-vb365-v8.yaml  one spec beside a file of the same name
  cargo xtask diff --against new.yaml --spec specs/huawei-cbr-v3.yaml

Classes:
  breaking    something that worked fails
  risky       something that worked may fail or mean something else
  compatible  whatever worked still works
  wording     only words for readers changed

A breaking change needs a reason: a note in `x-change` of the spec (see specs/README.md). The report prints what to add.

Exit codes:
  0  no changes, or every breaking change has its reason
  1  a breaking change, for callers or for Rust users, has no reason
  2  nothing could be compared: a document that cannot be read, an unknown revision, a wrong option";

/// Forms of the report.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Form {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
    /// A page that needs no network.
    Html,
    /// For programs.
    Json,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let root = arguments.root.clone().unwrap_or_else(workspace::root);
    let report = match &arguments.against {
        Some(file) => against(&root, file, arguments.spec.as_deref())?,
        None => since(&root, arguments.base.as_deref())?,
    };
    let format = match arguments.format {
        Form::Text => Format::Text,
        Form::Markdown => Format::Markdown,
        Form::Html => Format::Html,
        Form::Json => Format::Json,
    };
    let text = render(&report, format).map_err(|error| Failure::Impossible(error.to_string()))?;
    match &arguments.out {
        None => print(&text)?,
        Some(path) => {
            std::fs::write(path, text).map_err(|source| Failure::File {
                path: path.clone(),
                verb: "written",
                source,
            })?;
            eprintln!("{} is written", path.display());
        }
    }
    match report.summary().unexplained {
        0 => Ok(()),
        1 => Err(Failure::Found("1 breaking change has no reason; the report says what to add".to_owned())),
        many => Err(Failure::Found(format!("{many} breaking changes have no reason; the report says what to add"))),
    }
}

/// All specs of a revision beside those of the working tree.
fn since(root: &Path, revision: Option<&str>) -> Result<Report, Failure> {
    let commit = git::base(root, revision)?;
    let short = commit.get(..10).unwrap_or(&commit);
    let mut before = git::specs(root, &commit)?;
    let folder = root.join("specs");
    let paths = documents(&folder).map_err(|source| Failure::File { path: folder, verb: "read", source })?;
    let mut after = Vec::new();
    let mut same = 0;
    for path in paths {
        let shown = format!("specs/{}", path.file_name().unwrap_or_default().to_string_lossy());
        let bytes =
            std::fs::read(&path).map_err(|source| Failure::File { path: path.clone(), verb: "read", source })?;
        match before.iter().position(|blob| blob.path == shown && blob.bytes == bytes) {
            Some(index) => {
                before.remove(index);
                same += 1;
            }
            None => after.push((bytes, shown, String::new())),
        }
    }
    let after = all_loaded(after)?;
    let of = format!(" of {short}");
    let old = all_loaded(before.into_iter().map(|blob| (blob.bytes, blob.path, of.clone())).collect())?;
    let named = revision.map_or_else(|| "merge base with main".to_owned(), str::to_owned);
    let sides = (format!("{named} ({short})"), "working tree");
    let mut report = compare_all((&sides.0, &old), (sides.1, &after), &Workspace::new(root));
    report.compared += same;
    Ok(report)
}

/// One spec beside one file.
fn against(root: &Path, file: &Path, spec: Option<&Path>) -> Result<Report, Failure> {
    let name = spec.unwrap_or(file).file_name().unwrap_or_default();
    let path = root.join("specs").join(name);
    if !path.is_file() {
        let names: Vec<String> = documents(&root.join("specs"))
            .unwrap_or_default()
            .iter()
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        return Err(Failure::Impossible(format!(
            "there is no specs/{}; say with --spec which one is meant: {}",
            name.to_string_lossy(),
            names.join(", ")
        )));
    }
    let read = |path: &Path| {
        std::fs::read(path).map_err(|source| Failure::File { path: path.to_owned(), verb: "read", source })
    };
    let old = loaded(read(file)?, &file.display().to_string(), "")?;
    let new = loaded(read(&path)?, &format!("specs/{}", name.to_string_lossy()), "")?;
    Ok(compare_two(&old, &new, &Workspace::new(root)))
}

/// Reads a document; `of` says of which revision it is.
/// Documents, each from its bytes, its name and the revision that it is of; none waits for another.
fn all_loaded(files: Vec<(Vec<u8>, String, String)>) -> Result<Vec<Document>, Failure> {
    std::thread::scope(|scope| {
        let one = |(bytes, shown, of): (Vec<u8>, String, String)| scope.spawn(move || loaded(bytes, &shown, &of));
        let started: Vec<_> = files.into_iter().map(one).collect();
        let broken = |_| Failure::Impossible("reading broke off, which is a mistake of this program".to_owned());
        started.into_iter().map(|thread| thread.join().map_err(broken)?).collect()
    })
}

fn loaded(bytes: Vec<u8>, shown: &str, of: &str) -> Result<Document, Failure> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let head = &error.as_bytes()[..valid];
        let line = head.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = head.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let what = "the text is not UTF-8 from here on; save the file as UTF-8";
        Failure::Impossible(format!("{shown}:{line}:{column}: {what}{}", old_side(of)))
    })?;
    load::text_named(&text, shown).map_err(|finding| Failure::Impossible(format!("{finding}{}", old_side(of))))
}

fn old_side(of: &str) -> String {
    if of.is_empty() { String::new() } else { format!(" (The document{of}, not the one in the working tree.)") }
}
