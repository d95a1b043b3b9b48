//! The store: one file with many runs.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqlitePool;
use tracing::Dispatch;
use tracing::instrument::{WithDispatch, WithSubscriber as _};
use uuid::Uuid;

use crate::error::Error;
use crate::file;
use crate::lock::Lock;
use crate::record::RunJournal;

/// A journal file.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: SqlitePool,
    pub(crate) path: PathBuf,
}

/// What is written down of a run when it begins. Nothing of it may be secret.
#[derive(Clone, Debug, Default)]
pub struct NewRun<'a> {
    /// Version of the program.
    pub version: &'a str,
    /// The command.
    pub command: &'a str,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Its configuration.
    pub config: Option<&'a Path>,
    /// What is in force, for history and for whoever resumes.
    pub options: Value,
}

impl Store {
    /// Opens the file; makes it, and its folder, when it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be made, belongs to something else, is newer than this program, or cannot be used.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        file::create(path)?;
        Ok(Self { pool: apart(file::open(path)).await?, path: path.to_owned() })
    }

    /// Opens the file if it is there.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub async fn open_existing(path: &Path) -> Result<Option<Self>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { pool: apart(file::open(path)).await?, path: path.to_owned() }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a run. From now on it belongs to this process, until the journal of the run is dropped.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub async fn begin(&self, new: &NewRun<'_>) -> Result<RunJournal, Error> {
        let id = Uuid::now_v7().to_string();
        let pid = i64::from(std::process::id());
        let Some(lock) = Lock::take(&self.path, &id)? else { return Err(Error::Busy { id, pid }) };
        let insert = "INSERT INTO runs (id, version, command, arguments, config, options, pid, started_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let written = sqlx::query(insert)
            .bind(&id)
            .bind(new.version)
            .bind(new.command)
            .bind(Value::from(new.arguments).to_string())
            .bind(new.config.map(|path| path.display().to_string()))
            .bind(new.options.to_string())
            .bind(pid)
            .bind(text(Timestamp::now()))
            .execute(&self.pool)
            .await;
        if let Err(cause) = written {
            lock.remove();
            return Err(self.wrong("written", &cause));
        }
        Ok(RunJournal::new(self.clone(), id, lock))
    }

    /// Closes the file, so that nothing of it stays in the write-ahead log.
    pub async fn close(&self) {
        apart(self.pool.close()).await;
    }

    pub(crate) fn wrong(&self, doing: &'static str, cause: &sqlx::Error) -> Error {
        Error::Database { path: self.path.clone(), doing, cause: file::told(cause) }
    }
}

/// Does it outside of the caller's span. The thread of the database keeps the span of what it was asked for a moment longer
/// than the answer takes, and a span that is still open when a program ends is never exported.
pub(crate) fn apart<F: Future>(work: F) -> WithDispatch<F> {
    work.with_subscriber(Dispatch::none())
}

/// A time as the file holds it.
pub(crate) fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
