//! Requests to end: Ctrl-C, the signal of service managers, and a terminal that goes away.

use backup_sync::engine::Stop;

use crate::exit::{Exit, Failure};
use crate::{progress, telemetry};

/// Breaks a run off at the first request to end, and the program at the second. `tell` says what goes on without us.
pub async fn break_off(stop: Stop, tell: impl FnOnce()) {
    asked_to_end().await;
    tell();
    stop.now();
    progress::note(format_args!("breaking off; the vendors' work goes on (once more to quit at once)"));
    asked_to_end().await;
    // It may wait for a collector; the other threads have to go on meanwhile.
    let _ = tokio::task::spawn_blocking(telemetry::end).await;
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

/// Work that starts nothing, unless somebody asks to end first.
pub async fn or_broken_off<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        outcome = work => outcome,
        () = asked_to_end() => Err(Failure::BrokenOff),
    }
}

/// Waits for a request to end.
#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    // Where a signal cannot be listened to, it ends the program as if nobody had asked.
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    let waits = signals.iter_mut().map(|signal| Box::pin(signal.recv())).collect::<Vec<_>>();
    if waits.is_empty() {
        return std::future::pending().await;
    }
    futures_util::future::select_all(waits).await;
}

/// Waits for a request to end.
#[cfg(not(unix))]
async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
