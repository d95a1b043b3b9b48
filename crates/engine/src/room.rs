//! Room for jobs: how many are at work, at one endpoint and in the whole run, against what is permitted at a time.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::watch;

use crate::event::QueueReason;

/// Counts jobs at work against a limit, here and in the room around it.
#[derive(Debug)]
pub(crate) struct Room {
    most: Option<usize>,
    taken: watch::Sender<usize>,
    /// The room of the run around that of an endpoint.
    around: Option<Arc<Room>>,
}

impl Room {
    /// The room of a run.
    pub(crate) fn of_run(most: Option<NonZeroUsize>) -> Arc<Self> {
        Self::new(most, None)
    }

    /// The room of an endpoint.
    pub(crate) fn within(around: &Arc<Self>, most: Option<NonZeroUsize>) -> Arc<Self> {
        Self::new(most, Some(around.clone()))
    }

    fn new(most: Option<NonZeroUsize>, around: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self { most: most.map(NonZeroUsize::get), taken: watch::Sender::new(0), around })
    }

    /// A place for a job that is at work already, whether there is room or not.
    pub(crate) fn take(self: &Arc<Self>) -> Place {
        self.enter();
        Place(self.clone())
    }

    /// A place for a job that is to be started, if there is room.
    pub(crate) fn try_take(self: &Arc<Self>) -> Option<Place> {
        self.try_enter().then(|| Place(self.clone()))
    }

    fn try_enter(&self) -> bool {
        let entered = self.taken.send_if_modified(|taken| {
            let free = self.has_room(*taken);
            *taken += usize::from(free);
            free
        });
        if entered && self.around.as_ref().is_some_and(|around| !around.try_enter()) {
            self.taken.send_modify(|taken| *taken -= 1);
            return false;
        }
        entered
    }

    /// Waits until there may be room.
    pub(crate) async fn free(&self) {
        for room in [Some(self), self.around.as_deref()].into_iter().flatten() {
            // The sender is in `room`, so waiting cannot fail.
            let _ = room.taken.subscribe().wait_for(|taken| room.has_room(*taken)).await;
        }
    }

    /// The limit that is reached.
    pub(crate) fn full(&self) -> Option<(QueueReason, usize)> {
        let full = |room: &Self| room.most.filter(|_| !room.has_room(*room.taken.borrow()));
        let here = full(self).map(|most| (QueueReason::Endpoint, most));
        here.or_else(|| Some((QueueReason::Run, full(self.around.as_deref()?)?)))
    }

    fn has_room(&self, taken: usize) -> bool {
        self.most.is_none_or(|most| taken < most)
    }

    fn enter(&self) {
        self.taken.send_modify(|taken| *taken += 1);
        if let Some(around) = &self.around {
            around.enter();
        }
    }

    fn leave(&self) {
        self.taken.send_modify(|taken| *taken -= 1);
        if let Some(around) = &self.around {
            around.leave();
        }
    }
}

/// A place in a room, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Room>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_narrower_limit_counts_and_what_runs_already_counts_beyond_it() {
        let run = Room::of_run(NonZeroUsize::new(3));
        let (a, b) = (Room::within(&run, NonZeroUsize::new(2)), Room::within(&run, None));
        let held: Vec<Place> = [a.try_take(), a.try_take(), b.try_take()].into_iter().flatten().collect();
        assert_eq!(held.len(), 3);
        assert_eq!((a.full(), b.full()), (Some((QueueReason::Endpoint, 2)), Some((QueueReason::Run, 3))));
        assert!(a.try_take().is_none() && b.try_take().is_none() && b.free().now_or_never().is_none());
        let found = b.take();
        drop(held);
        let again: Vec<Place> = [b.try_take(), b.try_take(), b.try_take()].into_iter().flatten().collect();
        assert_eq!(again.len(), 2, "the found job has one of the three places");
        drop(found);
        assert!(b.free().now_or_never().is_some() && b.try_take().is_some());
    }
}
