//! One process at a time works on a run: a lock on a file beside the journal.
//!
//! The system releases the lock when the process ends, also by SIGKILL, so no stale lock has to be told from a real one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;

/// A lock that is taken is tried again so often, so much later.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// The lock of one run, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of a run; `None` when another process has it.
    pub(crate) fn take(journal: &Path, run: &str) -> Result<Option<Self>, Error> {
        let path = place(journal, run);
        let wrong = |cause| Error::Lock { path: path.clone(), cause };
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(wrong)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { path, _file: file })),
                // Somebody who only looks whether the lock is taken has it for a moment.
                Err(TryLockError::WouldBlock) if tries < TRIES => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(cause)) => return Err(wrong(cause)),
            }
        }
    }

    /// Whether a process holds the lock of a run. Makes no file, and holds up nobody else who looks.
    pub(crate) fn is_taken(journal: &Path, run: &str) -> bool {
        let file = OpenOptions::new().write(true).open(place(journal, run));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The run is over for good, so nobody will want its lock again.
    pub(crate) fn remove(&self) {
        // What is left over does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn place(journal: &Path, run: &str) -> PathBuf {
    let mut name: OsString = journal.as_os_str().to_owned();
    name.push(format!(".{run}.lock"));
    name.into()
}
