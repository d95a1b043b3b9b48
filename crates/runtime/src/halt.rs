//! Breaking off: calls that wait to be sent give up, calls that are under way go on.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tokio::sync::Notify;

#[derive(Debug, Default)]
pub(crate) struct Halt {
    halted: AtomicBool,
    /// Somebody goes on all the same. That counts whichever of the two requests comes first.
    over: AtomicBool,
    changed: Notify,
}

impl Halt {
    pub(crate) fn now(&self) {
        self.halted.store(!self.over.load(Ordering::SeqCst), Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    /// From now on calls are sent, whoever asks to break off.
    pub(crate) fn over(&self) {
        self.over.store(true, Ordering::SeqCst);
        self.halted.store(false, Ordering::SeqCst);
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.halted.load(Ordering::SeqCst)
    }

    /// Waits, but not beyond a request to break off; then the answer is `None`.
    pub(crate) async fn unless<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        let mut wait = pin!(wait);
        // Mostly there is nothing to wait for.
        if let Some(done) = wait.as_mut().now_or_never() {
            return (!self.is_asked()).then_some(done);
        }
        let mut changed = pin!(self.changed.notified());
        // Listening begins before the look, so that nothing is missed between the two.
        changed.as_mut().enable();
        if self.is_asked() {
            return None;
        }
        match select(wait, changed).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_end_when_somebody_breaks_off_and_not_before() {
        let halt = Halt::default();
        assert_eq!(halt.unless(async { 1 }).await, Some(1));
        assert_eq!(halt.unless(tokio::task::yield_now()).await, Some(()));
        let waiting = halt.unless(std::future::pending::<()>());
        let breaking = async {
            tokio::task::yield_now().await;
            halt.now();
        };
        assert_eq!(tokio::join!(waiting, breaking).0, None);
        assert_eq!(halt.unless(async { 1 }).await, None);
        halt.over();
        assert_eq!(halt.unless(async { 1 }).await, Some(1));
        halt.now();
        assert_eq!(halt.unless(async { 1 }).await, Some(1));
    }
}
