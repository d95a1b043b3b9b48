//! One file per command.

pub mod docs;
pub mod regenerate;
pub mod validate;

use std::fs;
use std::path::{Path, PathBuf};

/// Why a command failed; the text is the whole message.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Findings have been printed; this is the closing line.
    #[error("{0}")]
    Found(String),
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
}

/// Writes a file, and the folder for it.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: path.to_owned(), verb: "written", source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
