//! One file per command.

pub mod changelog;
pub mod ci;
pub mod coverage;
pub mod diff;
pub mod docs;
pub mod explain;
pub mod live;
pub mod new_vendor;
pub mod owners;
pub mod regenerate;
pub mod tidy;
pub mod validate;

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Why a command failed; the text is the whole message.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Findings have been printed; this is the closing line.
    #[error("{0}")]
    Found(String),
    /// The command could not do its work at all.
    #[error("{0}")]
    Impossible(String),
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

impl Failure {
    /// 1 when something was found, 2 when nothing could be done.
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Found(_) | Self::Workspace(_) => ExitCode::from(1),
            Self::Impossible(_) | Self::File { .. } => ExitCode::from(2),
        }
    }
}

/// Writes a file, and the folder for it.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |source| Failure::File { path: path.to_owned(), verb: "written", source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
