//! What older revisions hold, asked of `git` itself.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::cmd::Failure;

/// Branches that a change is meant for, in the order in which they are looked for.
const MAIN: [&str; 2] = ["main", "origin/main"];

/// A file of a revision.
pub struct Blob {
    /// Path below the root of the repository.
    pub path: String,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
}

fn git(root: &Path, arguments: &[&str]) -> Result<Output, Failure> {
    let mut command = Command::new("git");
    let output = command.arg("-C").arg(root).args(arguments).stdin(Stdio::null()).output();
    output
        .map_err(|error| Failure::Impossible(format!("git cannot be run: {error}; install it, or use --against FILE")))
}

fn line(output: &Output) -> Option<String> {
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The commit that a revision names, or the one at which this branch left main.
pub fn base(root: &Path, revision: Option<&str>) -> Result<String, Failure> {
    if let Some(revision) = revision {
        let commit = format!("{revision}^{{commit}}");
        let found = line(&git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?);
        return found.ok_or_else(|| {
            let what = format!("git knows no revision {revision:?}; `git log --oneline` lists some");
            Failure::Impossible(what)
        });
    }
    for main in MAIN {
        if let Some(commit) = line(&git(root, &["merge-base", main, "HEAD"])?) {
            return Ok(commit);
        }
    }
    Err(Failure::Impossible(format!(
        "there is no branch {} that this one has left, so there is nothing to compare with; name a revision: \
         `cargo xtask diff HEAD~1`",
        MAIN.join(" or ")
    )))
}

/// The documents in the folder `specs` of a commit.
pub fn specs(root: &Path, commit: &str) -> Result<Vec<Blob>, Failure> {
    let listed = git(root, &["ls-tree", "-z", "--full-tree", commit, "specs/"])?;
    if !listed.status.success() {
        let told = String::from_utf8_lossy(&listed.stderr).trim().to_owned();
        return Err(Failure::Impossible(format!("git cannot list specs/ of {commit}: {told}")));
    }
    let listing = String::from_utf8_lossy(&listed.stdout).into_owned();
    // Each entry is: mode, type, object id, tab, path.
    let entries = listing.split('\0').filter_map(|entry| entry.split_once('\t'));
    let files = entries.filter(|(head, path)| head.starts_with("100") && path.ends_with(".yaml"));
    let files: Vec<(&str, &str)> = files.filter_map(|(head, path)| Some((head.rsplit(' ').next()?, path))).collect();
    let ids: Vec<&str> = files.iter().map(|(id, _)| *id).collect();
    let contents = contents(root, &ids)?;
    let blobs = files.iter().zip(contents).map(|((_, path), bytes)| Blob { path: (*path).to_owned(), bytes });
    Ok(blobs.collect())
}

/// The objects of these ids, from one process.
fn contents(root: &Path, ids: &[&str]) -> Result<Vec<Vec<u8>>, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::Impossible(format!("git cannot show older documents: {error}"));
    let mut child = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let asked = ids.join("\n") + "\n";
    let mut input = child.stdin.take();
    // Ids are short and the folder is small, yet git may answer before it has read all of them.
    let writer = std::thread::spawn(move || input.as_mut().map_or(Ok(()), |input| input.write_all(asked.as_bytes())));
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    drop(writer.join());
    let mut rest = output.stdout.as_slice();
    let mut found = Vec::new();
    for _ in ids {
        let (bytes, after) = object(rest).ok_or_else(|| failed(&"its answer is cut off"))?;
        found.push(bytes.to_vec());
        rest = after;
    }
    Ok(found)
}

/// One object of the answer (`ID TYPE SIZE`, line end, bytes, line end), and what follows it.
fn object(answer: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = answer.iter().position(|byte| *byte == b'\n')?;
    let size: usize = std::str::from_utf8(&answer[..end]).ok()?.rsplit(' ').next()?.parse().ok()?;
    let body = answer.get(end + 1..)?;
    Some((body.get(..size)?, body.get(size + 1..)?))
}
