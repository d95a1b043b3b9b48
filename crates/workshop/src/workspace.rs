//! Where things are in the workspace, and the errors of reading and writing them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backup_sync_codegen::{Document, Finding, documents, load};

/// Why something in the workspace could not be read, written or understood; the text is the whole message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("{path} cannot be {verb}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        verb: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something is wrong with what stands in a file.
    #[error("{0}")]
    Wrong(String),
}

/// All documents in the folder `specs` below `root`, each loaded or with the reason why it could not be.
///
/// # Errors
///
/// When the folder cannot be read or holds no document.
pub fn specs(root: &Path) -> Result<Vec<Result<Document, Finding>>, Error> {
    let folder = root.join("specs");
    let paths = documents(&folder).map_err(|source| Error::File { path: folder.clone(), verb: "read", source })?;
    if paths.is_empty() {
        return Err(Error::Wrong(format!("{} holds no document", folder.display())));
    }
    // Large documents take time to read, and none waits for another.
    let read = std::thread::scope(|scope| {
        let started: Vec<_> = paths.iter().map(|path| scope.spawn(|| load_one(path))).collect();
        started.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>()
    });
    read.map_err(|_| Error::Wrong("reading broke off, which is a mistake of this program; see above".to_owned()))
}

fn load_one(path: &Path) -> Result<Document, Finding> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    load::file(path, &format!("specs/{name}"))
}

/// The text of the file at `path` below `root`, with line feeds only.
///
/// # Errors
///
/// When it cannot be read.
pub fn read(root: &Path, path: &str) -> Result<String, Error> {
    let path = root.join(path);
    let text = fs::read_to_string(&path).map_err(|source| Error::File { path, verb: "read", source })?;
    Ok(text.replace("\r\n", "\n"))
}

/// Writes `text` to the file at `path` below `root`, with its folder.
///
/// # Errors
///
/// When it cannot be written.
pub fn write(root: &Path, path: &str, text: &str) -> Result<(), Error> {
    let path = root.join(path);
    let failed = |source| Error::File { path: path.clone(), verb: "written", source };
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
    fs::write(&path, text).map_err(failed)
}

/// All documents in the folder `specs` below `root`; one that cannot be read is an error.
///
/// # Errors
///
/// As [`specs`], and the first finding of a document that cannot be read.
pub fn loaded(root: &Path) -> Result<Vec<Document>, Error> {
    specs(root)?.into_iter().map(|document| document.map_err(|finding| Error::Wrong(finding.to_string()))).collect()
}

/// Writes `text` to the file at `path`, or with `check` only wants it to be there already.
///
/// # Errors
///
/// When it cannot be written, or is stale; the message names the command, `cargo xtask` with `command`, that helps.
pub fn fresh(root: &Path, path: &str, text: &str, check: bool, command: &str) -> Result<(), Error> {
    if !check {
        return write(root, path, text);
    }
    let found = if root.join(path).exists() { read(root, path)? } else { String::new() };
    if found == text {
        return Ok(());
    }
    let differs = found.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
    Err(Error::Wrong(format!("{path}:{differs}: stale from here; run `cargo xtask {command}` and commit the file")))
}

/// What git prints for `arguments` in the repository at `root`.
pub(crate) fn git(root: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    let output = output.map_err(|error| Error::Wrong(format!("git cannot be started: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::Wrong(format!("git {} failed: {}", arguments[0], said.trim())))
}
