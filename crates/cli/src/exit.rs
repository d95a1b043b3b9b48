//! Exit codes: documented, stable, and decided in one place.

use std::process::ExitCode;

use backup_sync::engine::{Outcome, Report, TargetReport};
use backup_sync::runtime::{Error, Kind};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for is proven, or needed nothing.
    Success,
    /// Targets failed, and none succeeded.
    Failed,
    /// The call or the configuration was wrong; nothing was started.
    Usage,
    /// An endpoint did not accept the credentials or the right is missing.
    Denied,
    /// An endpoint could not be reached or was too busy; the same call may succeed later.
    Transient,
    /// Some targets succeeded, others failed.
    Partial,
    /// Something was started and its end is not known.
    Unconfirmed,
    /// Something was still at work at its deadline.
    StillRunning,
    /// The user broke it off.
    Interrupted,
}

/// What each number means, in the order in which they are decided: the first that fits.
pub const CODES: [(u8, &str); 9] = [
    (130, "broken off by the user; the vendor's work goes on"),
    (
        7,
        "something was started and its end is not confirmed: look before you start again, or resume the run as is printed",
    ),
    (8, "something was still at work at its deadline and goes on; the command that resumes the run is printed"),
    (5, "some targets succeeded, others failed"),
    (1, "targets failed, none succeeded; or a call was refused; or the result could not be printed"),
    (3, "an endpoint refused the credentials, or a right is missing"),
    (4, "an endpoint could not be reached or was too busy: the same call may succeed later"),
    (2, "the call, the configuration or the journal is wrong; nothing was started"),
    (0, "every target is proven to be synchronized, or was skipped with a reason"),
];

/// The part of the help that tells the exit codes.
pub fn help() -> String {
    let lines = CODES.map(|(code, meaning)| format!("\n  {code:>3}  {meaning}"));
    format!("Exit codes (the first that fits):{}", lines.concat())
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::Transient => 4,
            Self::Partial => 5,
            Self::Unconfirmed => 7,
            Self::StillRunning => 8,
            Self::Interrupted => 130,
        }
    }

    /// How a run ends the program. A failure of the infrastructure never hides that of a target.
    pub fn of(report: &Report) -> Self {
        let any = |test: fn(&TargetReport) -> bool| report.targets.iter().any(test);
        let failed = |target: &TargetReport, exits: fn(Self) -> bool| {
            matches!(target.outcome, Outcome::Failed { .. } | Outcome::Stopped)
                && exits(Self::of_error(target.error_kind.as_deref(), target.transient))
        };
        let real = report.targets.iter().any(|target| failed(target, |exit| exit == Self::Failed));
        let denied = report.targets.iter().any(|target| failed(target, |exit| exit == Self::Denied));
        let transient = report.targets.iter().any(|target| failed(target, |exit| exit == Self::Transient));
        let succeeded = any(|target| matches!(target.outcome, Outcome::Succeeded { .. }));
        match () {
            () if report.interrupted => Self::Interrupted,
            () if any(|target| matches!(target.outcome, Outcome::Unknown { .. })) => Self::Unconfirmed,
            () if any(|target| matches!(target.outcome, Outcome::StillRunning { .. })) => Self::StillRunning,
            () if succeeded && (real || denied || transient) => Self::Partial,
            () if real => Self::Failed,
            () if denied => Self::Denied,
            () if transient => Self::Transient,
            () => Self::Success,
        }
    }

    fn of_error(kind: Option<&str>, transient: bool) -> Self {
        match kind {
            Some("unreachable" | "throttled" | "deadline") => Self::Transient,
            Some(_) if transient => Self::Transient,
            Some("auth" | "denied" | "tls") => Self::Denied,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why nothing could be done at all, or the result could not be told.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The call or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// Several things are wrong with the call or the configuration.
    #[error("{}", .0.join("; "))]
    Problems(Vec<String>),
    /// Endpoints could not be used, at least one.
    #[error("{}", told(.0).join("; "))]
    Endpoints(Vec<(String, Error)>),
    /// The journal cannot be used.
    #[error("{0}")]
    Journal(#[from] backup_sync_journal::Error),
    /// A call that changes something may have been carried out; the first part is the endpoint.
    #[error("endpoint {}: {}; it may have been carried out and is not sent again: look before you call again", .0, .1.chain())]
    Unconfirmed(String, Error),
    /// The user broke off while a call was under way that changes something.
    #[error("broken off; whether {0} was carried out is not known: look before you call again")]
    BrokenOffInCall(String),
    /// The user broke off before anything was started.
    #[error("broken off; nothing was started")]
    BrokenOff,
    /// The result could not be printed.
    #[error("{0}")]
    Output(String),
}

fn told(endpoints: &[(String, Error)]) -> Vec<String> {
    endpoints.iter().map(|(name, error)| format!("endpoint {name}: {}", error.chain())).collect()
}

impl Failure {
    /// The call or the configuration is wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into())
    }

    /// What is told of it, each as a line of its own.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Problems(problems) => problems.clone(),
            Self::Endpoints(endpoints) => told(endpoints),
            _ => vec![self.to_string()],
        }
    }

    /// How it ends the program. Of several endpoints, what a person has to change comes first.
    pub fn exit(&self) -> Exit {
        let of = |error: &Error| match error.kind() {
            Kind::Usage => Exit::Usage,
            kind => Exit::of_error(Some(kind.as_str()), error.is_transient()),
        };
        match self {
            // Another process is at work on the run, and will be done some day.
            Self::Journal(backup_sync_journal::Error::Busy { .. }) => Exit::Transient,
            Self::Usage(_) | Self::Problems(_) | Self::Journal(_) => Exit::Usage,
            Self::Unconfirmed(..) => Exit::Unconfirmed,
            Self::BrokenOff | Self::BrokenOffInCall(_) => Exit::Interrupted,
            Self::Output(_) => Exit::Failed,
            Self::Endpoints(endpoints) => {
                let exits: Vec<Exit> = endpoints.iter().map(|(_, error)| of(error)).collect();
                let order = [Exit::Usage, Exit::Denied, Exit::Failed];
                order.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::Transient)
            }
        }
    }
}
