//! Requests to end: Ctrl-C, the signal of service managers, and a terminal that goes away.
//!
//! One task hears them all from the start of the program to its end, because a signal that was listened to once never
//! ends a program by itself again.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::exit::Exit;
use crate::{progress, telemetry};

/// Whether somebody has asked to end.
static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// What is told at the first request, before anything else.
static FIRST: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// From now on `tell` says at the first request what goes on without this program. It is called once at most.
pub fn tell_first(tell: impl FnOnce() + Send + 'static) {
    first(Some(Box::new(tell)));
}

/// There is nothing more to tell first.
pub fn tell_nothing_first() {
    first(None);
}

fn first(tell: Option<Box<dyn FnOnce() + Send>>) -> Option<Box<dyn FnOnce() + Send>> {
    std::mem::replace(&mut *FIRST.lock().unwrap_or_else(PoisonError::into_inner), tell)
}

/// Listens from now on. The first request is for [`asked_to_end`], and `told` says what comes of it; the second ends the
/// program, whatever it is doing.
pub fn listen(told: &'static str) {
    // Before anything else can wait: a request that comes early must not get lost.
    let requests = Requests::new();
    tokio::spawn(heed(requests, told));
}

async fn heed(mut requests: Requests, told: &'static str) {
    requests.next().await;
    let note = spawn_blocking(move || {
        if let Some(tell) = first(None) {
            tell();
        }
        progress::note(format_args!("{told} (once more to quit at once)"));
    });
    // First told, then done; but where nobody reads standard error, that holds up neither this nor the second request.
    let _ = tokio::time::timeout(Duration::from_millis(100), note).await;
    ASKED.send_replace(true);
    requests.next().await;
    // It may wait for a collector; the other threads have to go on meanwhile.
    let sent = spawn_blocking(telemetry::end);
    let _ = tokio::time::timeout(telemetry::LIMIT + Duration::from_secs(1), sent).await;
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Whether somebody has asked to end.
pub fn is_asked_to_end() -> bool {
    *ASKED.borrow()
}

/// Waits until somebody asks to end; at once when that was so already.
pub async fn asked_to_end() {
    let mut asked = ASKED.subscribe();
    // The other side is never dropped.
    let _ = asked.wait_for(|asked| *asked).await;
}

/// Work that goes on until somebody asks to end; `None` when that was so.
pub async fn until_asked_to_end<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = asked_to_end() => None,
        outcome = work => Some(outcome),
    }
}

/// Requests to end as they come.
#[cfg(unix)]
struct Requests(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Requests {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // Where a signal cannot be listened to, it ends the program as if nobody had asked.
        Self(kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        let waits: Vec<_> = self.0.iter_mut().map(|signal| Box::pin(signal.recv())).collect();
        if waits.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(waits).await;
    }
}

/// Requests to end as they come.
#[cfg(windows)]
struct Requests(Option<tokio::signal::windows::CtrlC>);

#[cfg(windows)]
impl Requests {
    fn new() -> Self {
        Self(tokio::signal::windows::ctrl_c().ok())
    }

    async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    }
}
