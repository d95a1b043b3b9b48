//! What can go wrong with a journal, in sentences.

use std::io;
use std::path::PathBuf;

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Folder or file cannot be made.
    #[error("the journal {} cannot be created: {cause}", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The file belongs to something else. It is left as it is.
    #[error("the file {} is no journal of backup-sync ({what}); it was left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// A newer program has written it. It is left as it is.
    #[error(
        "the journal {} was written by a newer version of backup-sync (schema {found}, this program knows {known}); use \
         that version, or another file",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that is known here.
        known: i64,
    },
    /// The database refuses.
    #[error("the journal {} cannot be {doing}: {cause}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written` or `opened`.
        doing: &'static str,
        /// Why.
        cause: String,
    },
    /// A row is not what this program writes.
    #[error("the journal {} holds something that cannot be understood: {what}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Which row, and what is wrong with it.
        what: String,
    },
    /// There is no such run.
    #[error("the journal {} has no run {id}; `backup-sync history` lists them", path.display())]
    NoRun {
        /// The file.
        path: PathBuf,
        /// The id that was asked for.
        id: String,
    },
    /// Another process is at work on the run.
    #[error("process {pid} is at work on run {id}; wait for its end, or end it, before you resume")]
    Busy {
        /// The run.
        id: String,
        /// The process that was last known to work on it.
        pid: i64,
    },
    /// The lock of a run cannot be used.
    #[error("the lock {} cannot be taken: {cause}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}
