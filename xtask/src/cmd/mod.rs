//! One file per command.

pub mod explain;
pub mod regenerate;
pub mod validate;

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

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
    /// A library of ours says it all.
    #[error(transparent)]
    Workspace(#[from] backup_sync_workshop::workspace::Error),
}

/// Writes data to standard output; a reader that has seen enough is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::File { path: "standard output".into(), verb: "written", source })
        }
        _ => Ok(()),
    }
}
