//! One file per command.

pub mod regenerate;
pub mod validate;

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
}
