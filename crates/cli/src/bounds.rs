//! What bounds a run: how much is under way at a time, how long it may take, and what counts as stuck.

use std::num::NonZeroUsize;
use std::time::Duration;

use backup_sync::engine::{Limits, Options};
use clap::Args;

use crate::args::duration;

/// Arguments of `sync` and `resume` that bound a run.
#[derive(Clone, Copy, Debug, Args)]
pub struct Bounds {
    /// So many synchronizations are at work at a time at all endpoints together, found ones included; the other targets
    /// wait their turn. No limit when left out.
    #[arg(long, value_name = "N")]
    pub max_jobs: Option<NonZeroUsize>,
    /// The same for each endpoint. No limit when left out.
    #[arg(long, value_name = "N")]
    pub max_jobs_per_endpoint: Option<NonZeroUsize>,
    /// So many starts are under way in one session.
    #[arg(long, value_name = "N", default_value_t = Limits::default().starts)]
    pub max_starts: NonZeroUsize,
    /// End the run after this long: nothing more is started, and the vendors' work goes on. No limit when left out.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub run_deadline: Option<Duration>,
    /// Warn of a synchronization about which nothing changes for this long, with what is known of why.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = duration)]
    pub stuck_after: Duration,
    /// Watch a synchronization no longer when it is stuck; the vendor's work goes on.
    #[arg(long)]
    pub leave_stuck: bool,
}

impl Bounds {
    /// The options with these bounds.
    pub fn of(self, options: Options) -> Options {
        let limits =
            Limits { starts: self.max_starts, jobs_per_endpoint: self.max_jobs_per_endpoint, jobs: self.max_jobs };
        Options {
            limits,
            run_deadline: self.run_deadline,
            stuck_after: Some(self.stuck_after),
            leave_stuck: self.leave_stuck,
            ..options
        }
    }
}
