//! Room for jobs: how many are at work, at one endpoint and in the whole run, against what is permitted at a time.
//!
//! The run's room is shared fairly: of the endpoints that wait, the next place is for the one with the fewest jobs at work,
//! and while others are still reading, nobody takes more than an equal share. So the first that comes does not take it all.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::watch;

use crate::event::QueueReason;

/// The room of a run: all of its jobs, counted by endpoint.
#[derive(Debug)]
pub(crate) struct Hall {
    most: Option<usize>,
    guests: watch::Sender<Vec<Guest>>,
}

/// An endpoint in the room of the run.
#[derive(Clone, Copy, Debug)]
struct Guest {
    most: Option<usize>,
    taken: usize,
    /// Of those, so many are never given back: their jobs go on and are watched no more.
    kept: usize,
    wish: Wish,
}

/// What an endpoint wants of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It will want places, but has something else to do at the moment.
    Later,
    /// It waits for a place.
    Now,
    /// It wants no more.
    Nothing,
}

impl Hall {
    pub(crate) fn of_run(most: Option<NonZeroUsize>) -> Arc<Self> {
        Arc::new(Self { most: most.map(NonZeroUsize::get), guests: watch::Sender::default() })
    }

    /// Whether this endpoint may start one more job.
    fn admits(&self, guests: &[Guest], who: usize) -> bool {
        let guest = guests[who];
        if guest.is_full() {
            return false;
        }
        let Some(most) = self.most else { return true };
        let wanting = guests.iter().enumerate().filter(|(place, _)| *place == who || guests[*place].wants());
        let share = most.div_ceil(wanting.clone().count());
        let gives_way = |other: &Guest| match other.wish {
            Wish::Now => other.taken < guest.taken,
            Wish::Later => guest.taken >= share,
            Wish::Nothing => false,
        };
        !self.is_full(guests) && !wanting.filter(|(place, _)| *place != who).any(|(_, other)| gives_way(other))
    }

    /// Whether this endpoint can never start a job again.
    fn is_lost(&self, guests: &[Guest], who: usize) -> bool {
        let kept = guests.iter().map(|guest| guest.kept).sum::<usize>();
        guests[who].most.is_some_and(|most| guests[who].kept >= most) || self.most.is_some_and(|most| kept >= most)
    }

    /// Whether others may wait for places that this endpoint has.
    fn is_wanted(&self, guests: &[Guest], who: usize) -> bool {
        let mut others = guests.iter().enumerate().filter(|(place, _)| *place != who);
        self.most.is_some() && others.any(|(_, other)| other.wish != Wish::Nothing)
    }

    fn is_full(&self, guests: &[Guest]) -> bool {
        self.most.is_some_and(|most| guests.iter().map(|guest| guest.taken).sum::<usize>() >= most)
    }
}

impl Guest {
    fn is_full(&self) -> bool {
        self.most.is_some_and(|most| self.taken >= most)
    }

    /// Whether others have to think of it.
    fn wants(&self) -> bool {
        self.wish != Wish::Nothing && !self.is_full()
    }
}

/// The room of one endpoint within that of the run.
#[derive(Debug)]
pub(crate) struct Room {
    hall: Arc<Hall>,
    /// Its number in the hall.
    who: usize,
}

impl Room {
    pub(crate) fn within(hall: &Arc<Hall>, most: Option<NonZeroUsize>) -> Arc<Self> {
        let guest = Guest { most: most.map(NonZeroUsize::get), taken: 0, kept: 0, wish: Wish::Later };
        hall.guests.send_modify(|guests| guests.push(guest));
        let who = hall.guests.borrow().len() - 1;
        Arc::new(Self { hall: hall.clone(), who })
    }

    /// A place for a job that is at work already, whether there is room or not.
    pub(crate) fn take(self: &Arc<Self>) -> Place {
        self.hall.guests.send_modify(|guests| guests[self.who].taken += 1);
        Place(Some(self.clone()))
    }

    /// A place for a job that is to be started, if there is room.
    pub(crate) fn try_take(self: &Arc<Self>) -> Option<Place> {
        let taken = self.hall.guests.send_if_modified(|guests| {
            let admitted = self.hall.admits(guests, self.who);
            guests[self.who].taken += usize::from(admitted);
            admitted
        });
        taken.then(|| Place(Some(self.clone())))
    }

    /// Tells the other endpoints what this one wants.
    pub(crate) fn wish(&self, wish: Wish) {
        self.hall.guests.send_if_modified(|guests| std::mem::replace(&mut guests[self.who].wish, wish) != wish);
    }

    /// Waits until there is room, or never will be.
    pub(crate) async fn free(&self) {
        let (hall, who) = (&self.hall, self.who);
        self.until(|guests| hall.admits(guests, who) || hall.is_lost(guests, who)).await;
    }

    /// Whether there will never be room again: the jobs that have it go on, and nobody will see their ends.
    pub(crate) fn is_lost(&self) -> bool {
        self.hall.is_lost(&self.hall.guests.borrow(), self.who)
    }

    /// Whether other endpoints may wait for the places of this one.
    pub(crate) fn is_wanted(&self) -> bool {
        self.hall.is_wanted(&self.hall.guests.borrow(), self.who)
    }

    /// Waits until none does.
    pub(crate) async fn unwanted(&self) {
        self.until(|guests| !self.hall.is_wanted(guests, self.who)).await;
    }

    async fn until(&self, enough: impl Fn(&[Guest]) -> bool) {
        let mut guests = self.hall.guests.subscribe();
        // The sender is in the hall, so waiting cannot fail.
        let _ = guests.wait_for(|guests| enough(guests)).await;
    }

    /// The limit that is reached.
    pub(crate) fn full(&self) -> Option<(QueueReason, usize)> {
        let guests = self.hall.guests.borrow();
        let guest = guests[self.who];
        match (guest.most.filter(|_| guest.is_full()), self.hall.most) {
            (Some(most), _) => Some((QueueReason::Endpoint, most)),
            // Full, or kept for others that wait too.
            (None, Some(most)) if !self.hall.admits(&guests, self.who) => Some((QueueReason::Run, most)),
            _ => None,
        }
    }

    fn leave(&self) {
        self.hall.guests.send_modify(|guests| guests[self.who].taken -= 1);
    }

    fn keep(&self) {
        self.hall.guests.send_modify(|guests| guests[self.who].kept += 1);
    }
}

/// A place in a room, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Option<Arc<Room>>);

impl Place {
    /// The job goes on and is watched no more: its place is not given back.
    pub(crate) fn keep(mut self) {
        if let Some(room) = self.0.take() {
            room.keep();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(room) = &self.0 {
            room.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn rooms<const N: usize>(most: usize, own: [Option<usize>; N]) -> [Arc<Room>; N] {
        let hall = Hall::of_run(NonZeroUsize::new(most));
        own.map(|most| Room::within(&hall, most.and_then(NonZeroUsize::new)))
    }

    /// Takes as many places as it can get, at most so many.
    fn take(room: &Arc<Room>, most: usize) -> Vec<Place> {
        std::iter::from_fn(|| room.try_take()).take(most).collect()
    }

    #[test]
    fn the_narrower_limit_counts_and_what_runs_already_counts_beyond_it() {
        let [a, b] = rooms(3, [Some(2), None]);
        a.wish(Wish::Nothing);
        b.wish(Wish::Nothing);
        let held = [take(&a, 9), take(&b, 9)];
        assert_eq!((held[0].len(), held[1].len()), (2, 1));
        assert_eq!((a.full(), b.full()), (Some((QueueReason::Endpoint, 2)), Some((QueueReason::Run, 3))));
        assert!(a.try_take().is_none() && b.try_take().is_none() && b.free().now_or_never().is_none());
        let found = b.take();
        drop(held);
        assert_eq!(take(&b, 9).len(), 2, "the found job has one of the three places");
        drop(found);
        assert!(b.free().now_or_never().is_some() && b.try_take().is_some());
    }

    #[test]
    fn while_others_still_read_nobody_takes_more_than_an_equal_share() {
        let [a, b, c] = rooms(7, [None, None, None]);
        let first = take(&a, 40);
        assert_eq!(first.len(), 3, "a third of seven, rounded up");
        b.wish(Wish::Nothing);
        let second = take(&a, 40);
        assert_eq!(second.len(), 1, "a half of seven, rounded up: one of the three has nothing to start");
        c.wish(Wish::Nothing);
        assert_eq!(take(&a, 40).len(), 3, "nobody else wants any");
    }

    #[test]
    fn of_those_that_wait_the_one_with_the_fewest_jobs_is_next() {
        let [a, b, c] = rooms(6, [None, None, Some(1)]);
        b.wish(Wish::Nothing);
        c.wish(Wish::Nothing);
        let mut held = take(&a, 40);
        assert_eq!(held.len(), 6);
        [&a, &b, &c].into_iter().for_each(|room| room.wish(Wish::Now));
        held.truncate(4);
        assert!(a.try_take().is_none() && a.free().now_or_never().is_none(), "two others have none yet");
        let (one, other) = (c.try_take(), b.try_take());
        assert!(one.is_some() && other.is_some());
        held.truncate(2);
        assert!(a.try_take().is_none(), "b has one");
        let more = take(&b, 40);
        assert_eq!(more.len(), 2, "until it has more than the others; its own limit keeps c out of the way");
        assert_eq!(b.full(), Some((QueueReason::Run, 6)), "all six are taken");
    }
}
