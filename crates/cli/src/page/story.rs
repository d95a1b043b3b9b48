//! What a page tells, whether it comes from a run that has just ended or from the journal.

use std::collections::BTreeMap;

use backup_sync::engine::{Address, Outcome, Report, Summary, TargetReport};
use backup_sync_journal::{RunRecord, RunState, TargetRecord};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::timeline::{Memory, Track, Trouble};
use crate::exit::{CODES, Exit, Failure};

/// A run.
#[derive(Debug)]
pub struct Story {
    /// The command.
    pub command: String,
    /// Its arguments, which never hold secrets.
    pub arguments: Vec<String>,
    /// Version of the program.
    pub version: String,
    /// Id in the journal.
    pub run: Option<String>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// The exit code, when there is one.
    pub exit: Option<i64>,
    /// What that means.
    pub meaning: String,
    /// What was in force.
    pub options: Value,
    /// The configuration.
    pub config: Option<String>,
    /// The command that goes on with it, when something is open.
    pub resume: Option<String>,
    /// How many ended in which way.
    pub summary: Summary,
    /// The targets.
    pub targets: Vec<Told>,
    /// What happened at endpoints.
    pub troubles: BTreeMap<String, Trouble>,
    /// Why nothing could be done at all.
    pub errors: Vec<String>,
}

/// A target.
#[derive(Debug)]
pub struct Told {
    /// Where it is.
    pub target: Address,
    /// Its display name.
    pub name: String,
    /// The vendor crate that dealt with it.
    pub vendor: String,
    /// The vendor's ids of its job.
    pub job: Vec<String>,
    /// It ran already.
    pub adopted: bool,
    /// How it ended, if it did.
    pub outcome: Option<Outcome>,
    /// What kind of error stood in the way.
    pub error_kind: Option<String>,
    /// How long it took, in milliseconds.
    pub took: Option<u64>,
    /// When what happened.
    pub track: Track,
}

impl Story {
    /// A run that has just ended.
    pub fn of_report(report: &Report, exit: Exit, mut memory: Memory) -> Self {
        let told = |target: &TargetReport| Told {
            track: memory.tracks.remove(&target.target).unwrap_or_default(),
            target: target.target.clone(),
            name: target.name.clone(),
            vendor: target.vendor.clone(),
            job: target.job.clone(),
            adopted: target.adopted,
            outcome: Some(target.outcome.clone()),
            error_kind: target.error_kind.clone(),
            took: Some(target.duration_ms),
        };
        let took = SignedDuration::from_millis(i64::try_from(report.duration_ms).unwrap_or_default());
        Self {
            run: report.run.clone(),
            began: Timestamp::now().checked_sub(took).ok(),
            took: report.duration_ms,
            exit: Some(exit.code().into()),
            meaning: meaning(Some(exit.code().into()), None),
            summary: report.summary,
            targets: report.targets.iter().map(told).collect(),
            troubles: memory.troubles,
            ..Self::empty(std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default())
        }
    }

    /// A run of the journal.
    pub fn of_record(record: &RunRecord, resume: String) -> Self {
        let began = record.started_at.parse().ok();
        let since = |at: Option<&String>| {
            let at: Timestamp = at?.parse().ok()?;
            u64::try_from(at.duration_since(began?).as_millis()).ok()
        };
        let told = |target: &TargetRecord| Told {
            target: target.target.clone(),
            name: target.name.clone(),
            vendor: target.vendor.clone(),
            job: target.job.clone(),
            adopted: target.adopted,
            outcome: target.outcome.clone(),
            error_kind: target.error_kind.clone(),
            took: target.duration_ms,
            track: Track {
                sent: since(target.intent_at.as_ref()),
                begun: since(target.started_at.as_ref()),
                ended: since(target.ended_at.as_ref()),
                ..Track::default()
            },
        };
        let targets: Vec<Told> = record.targets.iter().flatten().map(told).collect();
        let last =
            targets.iter().flat_map(|told| [told.track.ended, told.track.begun, told.track.sent]).flatten().max();
        Self {
            arguments: record.arguments.clone(),
            version: record.version.clone(),
            run: Some(record.run.clone()),
            began,
            took: since(record.ended_at.as_ref()).max(last).unwrap_or_default(),
            exit: record.exit_code,
            meaning: meaning(record.exit_code, Some(record.state)),
            options: record.options.clone(),
            config: record.config.clone(),
            resume: (record.open_count > 0).then_some(resume),
            summary: record.summary,
            targets,
            ..Self::empty(record.command.clone())
        }
    }

    /// A run that could not begin.
    pub fn of_failure(command: &str, failure: &Failure) -> Self {
        let exit = failure.exit().code().into();
        Self {
            began: Some(Timestamp::now()),
            exit: Some(exit),
            meaning: meaning(Some(exit), None),
            errors: failure.lines(),
            ..Self::empty(command.to_owned())
        }
    }

    /// A command that found nothing to do.
    pub fn of_nothing(command: &str, why: &str) -> Self {
        let exit = Exit::Success.code().into();
        Self {
            began: Some(Timestamp::now()),
            exit: Some(exit),
            meaning: why.to_owned(),
            ..Self::empty(command.to_owned())
        }
    }

    fn empty(command: String) -> Self {
        Self {
            command,
            arguments: std::env::args().skip(1).collect(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: None,
            began: None,
            took: 0,
            exit: None,
            meaning: String::new(),
            options: Value::Null,
            config: None,
            resume: None,
            summary: Summary::default(),
            targets: Vec::new(),
            troubles: BTreeMap::new(),
            errors: Vec::new(),
        }
    }
}

/// What an exit code means, or why there is none.
fn meaning(code: Option<i64>, state: Option<RunState>) -> String {
    let known = CODES.iter().find(|(exit, _)| Some(i64::from(exit.code())) == code);
    match (known, state) {
        (Some((_, meaning)), _) => (*meaning).to_owned(),
        (None, Some(RunState::Running)) => "a process is still at work on this run".to_owned(),
        (None, Some(_)) => "its process was killed before it could say how the run ended".to_owned(),
        (None, None) => "a newer version of the program has written a code that this one does not know".to_owned(),
    }
}
