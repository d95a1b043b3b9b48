//! What a run does with its targets, and what it leaves behind when it is over or broken off.

use std::time::Duration;

use crate::address::Address;
use crate::outcome::Outcome;
use crate::provider::{Job, Readiness};
use crate::run::Options;
use crate::slot::Slot;
use crate::watch::Watch;

/// What a run does with its targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Starts them, watches them, and proves each end.
    #[default]
    Synchronize,
    /// Starts them, and watches nothing. Each is left [`Outcome::StillRunning`] and open in the journal, because nothing is
    /// proven: [`Run::resume`](crate::Run::resume) goes on with them.
    Detach,
    /// Starts nothing: what runs already, whoever started it, is watched to its proven end, the rest is skipped.
    Attach,
}

impl Mode {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Synchronize => "synchronize",
            Self::Detach => "detach",
            Self::Attach => "attach",
        }
    }

    /// What a word stands for.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Synchronize, Self::Detach, Self::Attach].into_iter().find(|mode| mode.word() == word)
    }
}

/// What is done with a target, from its state before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// It is started.
    Start,
    /// What runs is watched.
    Adopt(Job),
    /// Nothing, on purpose.
    Skip(String),
    /// Nothing, because something is wrong with it.
    Fail(String),
}

/// What these options do with a target that is so. In one place, so that a rehearsal says what a run does.
pub(crate) fn step(options: &Options, target: &Address, readiness: &Readiness) -> Step {
    let attach = options.mode == Mode::Attach;
    match readiness.clone() {
        Readiness::Running { job } if options.adopts(target) || attach => Step::Adopt(*job),
        Readiness::Running { .. } => Step::Skip("it is synchronizing already".to_owned()),
        Readiness::Broken { reason } => Step::Fail(reason),
        readiness if attach => Step::Skip(nothing_runs(&readiness)),
        Readiness::Ready => Step::Start,
        Readiness::Needless { .. } if options.forces(target) => Step::Start,
        Readiness::Needless { reason } | Readiness::Skip { reason } => Step::Skip(reason),
    }
}

/// Why there is nothing to watch or to stop.
pub(crate) fn nothing_runs(readiness: &Readiness) -> String {
    match readiness {
        Readiness::Needless { reason } | Readiness::Skip { reason } | Readiness::Broken { reason } => {
            format!("no synchronization of it runs: {reason}")
        }
        Readiness::Ready | Readiness::Running { .. } => "no synchronization of it runs".to_owned(),
    }
}

impl Watch<'_> {
    /// What was started is not watched.
    pub(crate) async fn detach(&self, slots: &mut [Slot]) {
        for slot in slots.iter_mut().filter(|slot| slot.is_running()) {
            let begun = if slot.adopted { "it was at work already" } else { "it was started" };
            let why = format!("{begun} and is not watched, so its end is not proven; it goes on");
            self.leave_open(slot, Outcome::StillRunning { why }, None).await;
        }
    }

    /// The run was broken off: what it started is stopped if that was wanted.
    pub(crate) async fn broken_off(&self, slots: &mut [Slot]) {
        if let Some(limit) = self.run.options.stop_on_break {
            self.stop_own(slots, limit).await;
        }
    }

    /// Stops what this run started, in spite of its being broken off. What it found at work belongs to somebody else.
    async fn stop_own(&self, slots: &mut [Slot], limit: Duration) {
        let mut run = self.run.clone();
        (run.stop, run.options.target_deadline, run.options.run_deadline) = (crate::Stop::default(), limit, None);
        // What single targets may take does not count while somebody waits for them to stop.
        run.options.own.clear();
        self.provider.go_on();
        let (room, holders, waits) = (self.room.clone(), self.holders.clone(), self.waits.clone());
        let watch = Watch { run: &run, room, holders, waits, ..*self };
        let mut own: Vec<&mut Slot> = slots.iter_mut().filter(|slot| slot.is_running() && !slot.adopted).collect();
        watch.stop_running(&mut own).await;
    }

    /// The target has an outcome for people, and its place in the journal stays as it is.
    pub(crate) fn put_aside(&self, slot: &mut Slot, outcome: Outcome, error: Option<&backup_sync_runtime::Error>) {
        let event = slot.finish(outcome, error, self.now());
        self.tell(event);
    }
}
