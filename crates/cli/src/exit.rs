//! Exit codes: documented, stable, and decided in one place.

use std::process::ExitCode;

use backup_sync::engine::{
    Action, Outcome, Past, PlannedTarget, Rehearsal, Report, Stage, Standing, Survey, TargetReport,
};
use backup_sync::runtime::{Error, Kind};

use crate::progress;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user broke it off.
    Interrupted,
    /// Something was started and its end is not known.
    Unconfirmed,
    /// Something was still at work at its deadline.
    StillRunning,
    /// Some targets succeeded, others failed.
    Partial,
    /// Targets failed, and trying again does not help by itself.
    Failed,
    /// An endpoint did not accept the credentials, a right is missing, or the endpoint is not trusted.
    Denied,
    /// The call or the configuration was wrong; nothing was started.
    Usage,
    /// An endpoint could not be reached or was too busy; the same call may succeed later.
    Transient,
    /// The result could not be written, and nothing else was wrong.
    Unwritten,
    /// Everything that was asked for is proven, or needed nothing.
    Success,
}

/// How the program ends and what that means, from the worst to the best: of several the first counts.
///
/// What has to be looked after comes first, then what a person has to change, then what passes by itself.
pub const CODES: [(Exit, &str); 10] = [
    (Exit::Interrupted, "broken off by the user; the vendor's work goes on"),
    (
        Exit::Unconfirmed,
        "something was started and its end is not confirmed: look before you start again, or resume the run as is printed",
    ),
    (
        Exit::StillRunning,
        "something was still at work at its deadline and goes on, or was not started before the deadline of the run; the \
         command that resumes the run is printed",
    ),
    (Exit::Partial, "some targets succeeded, others failed"),
    (Exit::Failed, "permanent failure: targets failed or a call was refused, and the same call would fail again"),
    (
        Exit::Denied,
        "an endpoint refused the credentials, a right is missing, or the certificate of the endpoint is not trusted",
    ),
    (Exit::Usage, "the call, the configuration or the journal is wrong; nothing was started"),
    (
        Exit::Transient,
        "transient failure: an endpoint could not be reached or was too busy; the same call may succeed later",
    ),
    (Exit::Unwritten, "the result could not be written to standard output; what was to be done is done"),
    (Exit::Success, "every target is proven to be synchronized, or was skipped with a reason"),
];

/// The part of the help that tells the exit codes.
pub fn help() -> String {
    let lines = CODES.map(|(exit, meaning)| format!("\n  {:>3}  {}", exit.code(), hanging(meaning)));
    format!("Exit codes (of several the first counts):{}", lines.concat())
}

/// The text in lines that fit beside a code in a terminal of 80 columns.
fn hanging(text: &str) -> String {
    let mut told = String::new();
    let mut room = 72;
    for word in text.split(' ') {
        let long = word.chars().count() + 1;
        match (told.is_empty(), long <= room) {
            (true, _) => {}
            (false, true) => told.push(' '),
            (false, false) => {
                told.push_str("\n       ");
                room = 72;
            }
        }
        told.push_str(word);
        room = room.saturating_sub(long);
    }
    told
}

/// The same below the examples of a command.
pub fn below(examples: &str) -> String {
    format!("{examples}\n\n{}", help())
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Unwritten => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::Failed => 4,
            Self::Transient => 5,
            Self::Partial => 6,
            Self::Unconfirmed => 7,
            Self::StillRunning => 8,
            Self::Interrupted => 130,
        }
    }

    /// The end that has this number.
    pub fn of_code(code: i64) -> Option<Self> {
        CODES.iter().map(|(exit, _)| *exit).find(|exit| i64::from(exit.code()) == code)
    }

    /// How a run stands, by its journal.
    pub fn of_pasts(pasts: &[Past]) -> Self {
        let exit = |past: &Past| match &past.stage {
            Stage::Ended(report) => Self::of_target(report),
            Stage::Started { .. } | Stage::Intended { .. } => Self::Unconfirmed,
            Stage::Planned => Self::StillRunning,
        };
        let proven = |past: &Past| matches!(&past.stage, Stage::Ended(report) if matches!(report.outcome, Outcome::Succeeded { .. }));
        Self::worst(&pasts.iter().map(exit).collect::<Vec<_>>()).beside(pasts.iter().any(proven))
    }

    /// The first of [`CODES`] that is among these.
    pub fn worst(exits: &[Self]) -> Self {
        let among = CODES.iter().find(|(exit, _)| exits.contains(exit));
        among.map_or(Self::Success, |(exit, _)| *exit)
    }

    /// How a run ends the program.
    pub fn of(report: &Report) -> Self {
        let mut exits: Vec<Self> = report.targets.iter().map(Self::of_target).collect();
        if report.interrupted {
            exits.push(Self::Interrupted);
        }
        let succeeded = report.targets.iter().any(|target| matches!(target.outcome, Outcome::Succeeded { .. }));
        Self::worst(&exits).beside(succeeded)
    }

    /// How stopping ends the program: what has stopped is what was asked for.
    pub fn of_stop(report: &Report) -> Self {
        let stopped = |target: &TargetReport| matches!(target.outcome, Outcome::Stopped);
        let exit = |target: &TargetReport| if stopped(target) { Self::Success } else { Self::of_target(target) };
        let mut exits: Vec<Self> = report.targets.iter().map(exit).collect();
        exits.extend(report.interrupted.then_some(Self::Interrupted));
        Self::worst(&exits).beside(report.targets.iter().any(stopped))
    }

    /// How the run that was rehearsed would begin.
    pub fn of_rehearsal(rehearsal: &Rehearsal) -> Self {
        let exit = |target: &PlannedTarget| match target.action {
            Action::Fail { .. } => Self::of_error(target.error_kind.as_deref(), target.transient),
            _ => Self::Success,
        };
        let mut exits: Vec<Self> = rehearsal.targets.iter().map(exit).collect();
        exits.extend(rehearsal.interrupted.then_some(Self::Interrupted));
        Self::worst(&exits)
    }

    /// How a look ends the program: what a target is doing is no failure, but not to know it is one.
    pub fn of_survey(survey: &Survey) -> Self {
        let unread = survey.targets.iter().filter(|target| target.standing == Standing::Unread);
        let exits: Vec<Self> =
            unread.map(|target| Self::of_error(target.error_kind.as_deref(), target.transient)).collect();
        Self::worst(&exits).beside(exits.len() < survey.targets.len())
    }

    /// A failure beside a success is one of a part.
    fn beside(self, succeeded: bool) -> Self {
        match self {
            Self::Failed | Self::Denied | Self::Usage | Self::Transient if succeeded => Self::Partial,
            worst => worst,
        }
    }

    /// A result that cannot be written hides nothing worse.
    pub fn after(self, written: Result<(), Failure>) -> Result<Self, Failure> {
        match written {
            Err(failure) if self != Self::Success => {
                progress::say(format_args!("error: {failure}"));
                Ok(self)
            }
            written => written.map(|()| self),
        }
    }

    fn of_target(target: &TargetReport) -> Self {
        match target.outcome {
            // It was not reached before the deadline of the run, and can be resumed.
            Outcome::Skipped { .. } if target.error_kind.as_deref() == Some("deadline") => Self::StillRunning,
            Outcome::Succeeded { .. } | Outcome::Skipped { .. } => Self::Success,
            Outcome::StillRunning { .. } => Self::StillRunning,
            Outcome::Failed { .. } | Outcome::Stopped => Self::of_error(target.error_kind.as_deref(), target.transient),
            // Also what a newer engine may say: nothing is known of it.
            _ => Self::Unconfirmed,
        }
    }

    /// How a call that failed ends the program.
    pub fn of_call(error: &Error) -> Self {
        match error.kind() {
            Kind::Usage => Self::Usage,
            kind => Self::of_error(Some(kind.as_str()), error.is_transient()),
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
    /// Nothing could be found out about a run of which something was started.
    #[error("{0}; {GOES_ON}")]
    Unseen(Box<Failure>),
    /// The user broke off before anything was started.
    #[error("broken off; nothing was started")]
    BrokenOff,
    /// The result could not be printed.
    #[error("{0}")]
    Output(String),
}

/// What is told beside the reason why nobody could look.
const GOES_ON: &str = "what the run has started goes on, and its end is not confirmed";

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
            Self::Unseen(failure) => failure.lines().into_iter().chain([GOES_ON.to_owned()]).collect(),
            _ => vec![self.to_string()],
        }
    }

    /// How it ends the program.
    pub fn exit(&self) -> Exit {
        match self {
            // Another process is at work on the run, and will be done some day.
            Self::Journal(backup_sync_journal::Error::Busy { .. }) => Exit::Transient,
            Self::Usage(_) | Self::Problems(_) | Self::Journal(_) => Exit::Usage,
            Self::Unconfirmed(..) => Exit::Unconfirmed,
            Self::Unseen(failure) => Exit::worst(&[failure.exit(), Exit::Unconfirmed]),
            Self::BrokenOff | Self::BrokenOffInCall(_) => Exit::Interrupted,
            Self::Output(_) => Exit::Unwritten,
            Self::Endpoints(endpoints) => {
                Exit::worst(&endpoints.iter().map(|(_, error)| Exit::of_call(error)).collect::<Vec<Exit>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that scripts rely on.
    #[test]
    fn every_code_has_one_number_and_the_order_is_documented() {
        let order: Vec<u8> = CODES.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(order, [130, 7, 8, 6, 4, 3, 2, 5, 1, 0]);
    }

    /// Outcome, kind of error and whether it is transient.
    type Target<'a> = (&'a str, Option<&'a str>, bool);

    fn exit(targets: &[Target<'_>], interrupted: bool) -> u8 {
        let target = |(outcome, error_kind, transient): &Target<'_>| {
            serde_json::json!({
                "target": {"endpoint": "e", "kind": "k", "id": "i"}, "name": "n", "vendor": "v", "job": [], "adopted": false,
                "outcome": outcome, "reason": "", "why": "", "evidence": {"rule": "", "facts": {}},
                "error_kind": error_kind, "transient": transient, "duration_ms": 0,
            })
        };
        let summary = serde_json::to_value(backup_sync::engine::Summary::default()).unwrap();
        let report = serde_json::json!({
            "version": 1, "interrupted": interrupted, "duration_ms": 0, "summary": summary,
            "targets": targets.iter().map(target).collect::<Vec<_>>(),
        });
        Exit::of(&serde_json::from_value(report).unwrap()).code()
    }

    const PROVEN: Target<'_> = ("succeeded", None, false);
    const SKIPPED: Target<'_> = ("skipped", None, false);
    const STOPPED: Target<'_> = ("stopped", None, false);
    const FAILED: Target<'_> = ("failed", None, false);
    const DENIED: Target<'_> = ("failed", Some("denied"), false);
    const UNTRUSTED: Target<'_> = ("failed", Some("tls"), false);
    const DOWN: Target<'_> = ("failed", Some("unreachable"), true);
    const BUSY: Target<'_> = ("failed", Some("vendor"), true);
    const UNKNOWN: Target<'_> = ("unknown", None, false);
    const RUNNING: Target<'_> = ("still-running", None, false);

    #[test]
    fn the_worst_end_of_a_target_decides() {
        for (code, targets) in [
            (0, &[][..]),
            (0, &[PROVEN, SKIPPED]),
            (0, &[SKIPPED]),
            (3, &[DENIED, SKIPPED]),
            (3, &[UNTRUSTED]),
            (3, &[DOWN, DENIED]),
            (4, &[FAILED]),
            (4, &[STOPPED]),
            (4, &[DOWN, DENIED, FAILED]),
            (5, &[DOWN]),
            (5, &[BUSY, SKIPPED]),
            (6, &[PROVEN, FAILED]),
            (6, &[PROVEN, STOPPED]),
            (6, &[PROVEN, DENIED]),
            (6, &[DOWN, PROVEN]),
            (8, &[PROVEN, FAILED, RUNNING]),
            (7, &[RUNNING, UNKNOWN, FAILED]),
        ] {
            assert_eq!(exit(targets, false), code, "{targets:?}");
            assert_eq!(exit(targets, true), 130, "{targets:?}");
        }
    }

    #[test]
    fn of_endpoints_what_a_person_has_to_change_comes_before_what_passes() {
        use backup_sync::runtime::Delivery;
        let failure = |kinds: &[Kind]| {
            let one = |kind: &Kind| ("e".to_owned(), Error::new(*kind, Delivery::NeverSent, "it does not work"));
            Failure::Endpoints(kinds.iter().map(one).collect()).exit().code()
        };
        assert_eq!(failure(&[Kind::Unreachable]), 5);
        assert_eq!(failure(&[Kind::Unreachable, Kind::Usage]), 2);
        assert_eq!(failure(&[Kind::Usage, Kind::Unreachable, Kind::Tls]), 3);
        assert_eq!(failure(&[Kind::Auth, Kind::Vendor]), 4);
        assert_eq!(Failure::usage("").exit().code(), 2);
        assert_eq!(Failure::Output(String::new()).exit().code(), 1);
        assert_eq!(Failure::BrokenOff.exit().code(), 130);
    }
}
