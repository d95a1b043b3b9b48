//! The course of one synchronization through simulated time; the same machine for all vendors.
//!
//! Nothing runs in the background: where a course stands is computed from the time of the question.

use std::time::Duration;

use crate::control::{JobState, JobWord};
use crate::script::{Behaviour, Curve, OnStop, Scripted};

/// The first tenth of a course is spent waiting, where a vendor has such a state.
const WAITING_SHARE: u32 = 10;

/// One synchronization from its start to its end, if it has one.
#[derive(Debug)]
pub(crate) struct Course {
    start: Duration,
    duration: Duration,
    curve: Curve,
    outcome: Scripted,
    on_stop: OnStop,
    /// When it stops or has stopped because of a call.
    stopped: Option<Duration>,
}

/// Where a course stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stage<'a> {
    /// Accepted, not begun.
    Waiting,
    /// At work.
    Running,
    /// In a state with a word that no document has.
    Odd(&'a str),
    /// Over.
    Ended(End<'a>),
}

/// How a course has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End<'a> {
    /// Well.
    Success,
    /// Well, and told with as few members as possible.
    Bare,
    /// Well, and forgotten.
    Vanished,
    /// Seemingly well.
    NoEffect,
    /// Badly.
    Failed(&'a str),
    /// By somebody's wish.
    Stopped,
}

impl End<'_> {
    /// Whether the synchronization has done what it should.
    pub(crate) fn has_effect(self) -> bool {
        matches!(self, Self::Success | Self::Bare | Self::Vanished)
    }
}

impl Course {
    pub(crate) fn new(start: Duration, behaviour: Behaviour, usual: Duration) -> Self {
        let duration = behaviour.duration.unwrap_or(usual);
        let Behaviour { curve, outcome, on_stop, .. } = behaviour;
        Self { start, duration, curve, outcome, on_stop, stopped: None }
    }

    pub(crate) fn start(&self) -> Duration {
        self.start
    }

    /// When the work begins, where a vendor tells that apart from the start.
    pub(crate) fn begin(&self) -> Duration {
        self.start.saturating_add(self.duration / WAITING_SHARE)
    }

    /// How long it takes.
    pub(crate) fn duration(&self) -> Duration {
        self.duration
    }

    /// When it ends or has ended; `None` for one that never does.
    pub(crate) fn end(&self) -> Option<Duration> {
        match (self.stopped, self.scripted_end()) {
            (Some(stopped), Some(scripted)) => Some(stopped.min(scripted)),
            (stopped, scripted) => stopped.or(scripted),
        }
    }

    /// When it would end if nobody stopped it.
    fn scripted_end(&self) -> Option<Duration> {
        match self.outcome {
            Scripted::StuckAt(_) | Scripted::UnknownState(_) => None,
            _ => Some(self.start.saturating_add(self.duration)),
        }
    }

    /// Whether it is over at `now`.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        self.end().is_some_and(|end| now >= end)
    }

    /// Whether it is over at `now` and has done what it should.
    pub(crate) fn has_effect(&self, now: Duration) -> bool {
        matches!(self.stage(now), Stage::Ended(end) if end.has_effect())
    }

    /// Does what its script says for a call to stop it, if it is not over yet. Only the first such call counts.
    pub(crate) fn stop(&mut self, now: Duration) {
        if self.is_over(now) || self.stopped.is_some() {
            return;
        }
        self.stopped = match self.on_stop {
            OnStop::Stops => Some(now),
            OnStop::StopsAfter(lag) => Some(now.saturating_add(lag)),
            OnStop::GoesOn => None,
        };
    }

    pub(crate) fn stage(&self, now: Duration) -> Stage<'_> {
        if self.is_over(now) {
            return Stage::Ended(self.ending());
        }
        match &self.outcome {
            Scripted::UnknownState(word) if self.elapsed(now) * 2 >= self.duration => Stage::Odd(word),
            _ if now < self.begin() => Stage::Waiting,
            _ => Stage::Running,
        }
    }

    fn ending(&self) -> End<'_> {
        if self.stopped.is_some_and(|stopped| self.scripted_end().is_none_or(|end| stopped < end)) {
            return End::Stopped;
        }
        match &self.outcome {
            Scripted::Fail(reason) => End::Failed(reason),
            Scripted::VanishAfterEnd => End::Vanished,
            Scripted::StaysOutOfSync => End::NoEffect,
            Scripted::NullFields => End::Bare,
            Scripted::Stopped => End::Stopped,
            // The last two never end by themselves.
            Scripted::Success | Scripted::StuckAt(_) | Scripted::UnknownState(_) => End::Success,
        }
    }

    /// Percent at `now`: 0 to 99 on the way, 100 after an end without failure.
    pub(crate) fn percent(&self, now: Duration) -> u8 {
        let end = self.end().filter(|end| now >= *end);
        let shown = self.shown(end.unwrap_or(now));
        match end.map(|_| self.ending()) {
            None => shown,
            Some(End::Failed(_) | End::Stopped) => shown,
            Some(_) => 100,
        }
    }

    /// What the control paths show of it.
    pub(crate) fn job(&self, now: Duration, id: &str, target: &str, operation: &str) -> JobState {
        let state = match self.stage(now) {
            Stage::Waiting => JobWord::Waiting,
            Stage::Running | Stage::Odd(_) => JobWord::Running,
            Stage::Ended(End::Success | End::Bare | End::Vanished) => JobWord::Succeeded,
            Stage::Ended(End::NoEffect) => JobWord::WithoutEffect,
            Stage::Ended(End::Failed(_)) => JobWord::Failed,
            Stage::Ended(End::Stopped) => JobWord::Stopped,
        };
        JobState {
            id: id.to_owned(),
            target: target.to_owned(),
            operation: operation.to_owned(),
            state,
            percent: self.percent(now),
            started_seconds: self.start.as_secs_f64(),
            ends_seconds: self.end().map(|end| end.as_secs_f64()),
        }
    }

    fn shown(&self, now: Duration) -> u8 {
        let passed = self.passed(now).min(99);
        let shown = match &self.curve {
            Curve::Even => passed,
            Curve::Steps(steps) => steps.get(usize::from(passed) * steps.len() / 100).copied().unwrap_or(passed),
        };
        match self.outcome {
            Scripted::StuckAt(most) => shown.min(most),
            Scripted::UnknownState(_) => shown.min(50),
            _ => shown.min(99),
        }
    }

    /// Percent of the time that has passed.
    fn passed(&self, now: Duration) -> u8 {
        if self.duration.is_zero() {
            return 100;
        }
        let percent = self.elapsed(now).as_micros().saturating_mul(100) / self.duration.as_micros().max(1);
        u8::try_from(percent.min(100)).unwrap_or(100)
    }

    fn elapsed(&self, now: Duration) -> Duration {
        now.saturating_sub(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn course(outcome: Scripted) -> Course {
        Course::new(10 * SECOND, Behaviour::new(outcome), 10 * SECOND)
    }

    #[test]
    fn a_success_waits_runs_and_ends() {
        let course = course(Scripted::Success);
        assert_eq!(course.stage(10 * SECOND), Stage::Waiting);
        assert_eq!((course.stage(15 * SECOND), course.percent(15 * SECOND)), (Stage::Running, 50));
        assert_eq!(course.percent(Duration::from_millis(19_999)), 99);
        assert_eq!((course.stage(20 * SECOND), course.percent(20 * SECOND)), (Stage::Ended(End::Success), 100));
        assert!(course.has_effect(20 * SECOND) && !course.has_effect(19 * SECOND));
    }

    #[test]
    fn what_is_stuck_or_odd_never_ends_by_itself() {
        let year = 365 * 24 * 3600 * SECOND;
        assert_eq!(course(Scripted::StuckAt(37)).percent(year), 37);
        assert_eq!(course(Scripted::UnknownState("Pausing".into())).stage(15 * SECOND), Stage::Odd("Pausing"));
        let mut stuck = course(Scripted::StuckAt(37));
        stuck.stop(year);
        assert_eq!((stuck.stage(year), stuck.percent(year)), (Stage::Ended(End::Stopped), 37));
    }

    #[test]
    fn steps_are_shown_one_after_the_other() {
        let behaviour = Behaviour { curve: Curve::Steps(vec![0, 80, 20]), ..Behaviour::fail("full") };
        let course = Course::new(Duration::ZERO, behaviour, 9 * SECOND);
        let shown: Vec<u8> = [0, 4, 8, 20].map(|second| course.percent(second * SECOND)).to_vec();
        assert_eq!(shown, [0, 80, 20, 20]);
        assert_eq!(course.stage(9 * SECOND), Stage::Ended(End::Failed("full")));
    }

    #[test]
    fn a_stop_does_what_its_script_says() {
        let stopped = |on_stop| {
            let behaviour = Behaviour { on_stop, ..Behaviour::success() };
            let mut course = Course::new(Duration::ZERO, behaviour, 10 * SECOND);
            course.stop(2 * SECOND);
            // A second call does not put it off.
            course.stop(4 * SECOND);
            [3, 6, 10].map(|second| match course.stage(second * SECOND) {
                Stage::Ended(End::Stopped) => "stopped",
                Stage::Ended(_) => "ended",
                _ => "running",
            })
        };
        assert_eq!(stopped(OnStop::Stops), ["stopped", "stopped", "stopped"]);
        assert_eq!(stopped(OnStop::StopsAfter(3 * SECOND)), ["running", "stopped", "stopped"]);
        assert_eq!(stopped(OnStop::StopsAfter(9 * SECOND)), ["running", "running", "ended"]);
        assert_eq!(stopped(OnStop::GoesOn), ["running", "running", "ended"]);
    }

    #[test]
    fn a_stop_after_the_end_changes_nothing() {
        let mut course = course(Scripted::Success);
        course.stop(30 * SECOND);
        assert_eq!(course.stage(30 * SECOND), Stage::Ended(End::Success));
    }
}
