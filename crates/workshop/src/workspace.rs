//! Where things are in the workspace, and the errors of reading and writing them.

use std::fs;
use std::path::{Path, PathBuf};

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
    Ok(paths.iter().map(|path| load_one(path)).collect())
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
