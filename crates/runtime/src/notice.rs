//! What a connection has to say while calls are under way, for whoever shows progress.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Something worth knowing that is neither an answer nor an error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A call waits before it is sent.
    Waiting {
        /// The operation.
        operation: &'static str,
        /// Why.
        reason: Reason,
        /// For how long.
        pause: Duration,
    },
}

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The vendor's request quota is used up for now.
    Quota,
    /// The vendor has said that there are too many requests.
    Throttled,
    /// The attempt before has failed in a way that may pass.
    Retry,
}

impl Reason {
    /// The word for it in machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Throttled => "throttled",
            Self::Retry => "retry",
        }
    }
}

type Listener = Arc<dyn Fn(Notice) + Send + Sync>;

/// Where connections leave notices and one listener takes them. Cheap to clone; nobody has to listen.
#[derive(Clone, Default)]
pub struct Notices(Arc<Mutex<Option<Listener>>>);

impl Notices {
    /// From now on `listener` is told. Called from the calls themselves, so it must be quick.
    pub fn listen(&self, listener: impl Fn(Notice) + Send + Sync + 'static) {
        *self.lock() = Some(Arc::new(listener));
    }

    /// From now on nobody is told.
    pub fn leave(&self) {
        *self.lock() = None;
    }

    pub(crate) fn tell(&self, notice: Notice) {
        // Told without the lock, so that a listener may listen or leave.
        let listener = self.lock().clone();
        if let Some(listener) = listener {
            listener(notice);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Listener>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notices").field("heard", &self.lock().is_some()).finish()
    }
}
