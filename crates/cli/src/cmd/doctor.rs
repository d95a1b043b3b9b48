//! `backup-sync doctor`: what is right and wrong with endpoints and with this machine, each with what to do about it.

use std::path::Path;
use std::time::Duration;

use backup_sync::runtime::diagnose::{Check, Finding, NEEDS_EARLIER, State};
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::Output;
use crate::config::parse::parse;
use crate::config::{self, Endpoint};
use crate::endpoints::Prepared;
use crate::estate::{Endpoints, Estate};
use crate::exit::{Exit, Failure};
use crate::journal::JournalFile;
use crate::prepare::prepare;
use crate::{complete, conformance, endpoints, output, signals, simulated};

const EXAMPLES: &str = "\
Examples:
  backup-sync doctor
  backup-sync doctor m365 --output json
  backup-sync doctor --simulated
  backup-sync doctor m365 --conformance

With --conformance every operation that changes nothing is called (which, is told first), and each answer is compared \
with the reviewed document. Deviations are printed with a correction to be reviewed; of the answers only kinds and \
lengths are kept, no text and no secrets. The exit code is 4 when something deviates or a call fails.

Exit codes: 0 nothing failed (warnings may be left); otherwise the worst of 2 configuration, clock or this machine, \
3 credentials, rights or certificates, 4 refused for another reason, 5 not reached or too busy. Nothing is started.";

/// Arguments of `doctor`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// Only these endpoints; all of them when left out.
    #[arg(value_name = "ENDPOINT", add = ArgValueCandidates::new(complete::endpoints))]
    pub names: Vec<String>,
    /// Compare what the endpoints answer with the reviewed documents instead; nothing is changed there.
    #[arg(long)]
    pub conformance: bool,
    /// Form on standard output.
    #[arg(short, long, value_enum, default_value_t = Output::Table, value_name = "FORM")]
    pub output: Output,
    /// Where endpoints come from.
    #[command(flatten)]
    pub endpoints: Endpoints,
    /// Where runs are written down.
    #[command(flatten)]
    pub journal: JournalFile,
}

/// The findings as a versioned document.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Diagnosis {
    /// Version of this form, 1.
    pub version: u32,
    /// Exit code of the program.
    pub exit_code: u8,
    /// What was looked at, endpoint by endpoint; this machine comes first.
    pub checks: Vec<Row>,
}

/// What one check has shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Row {
    /// The endpoint; empty for this machine.
    pub endpoint: String,
    /// What was looked at: `journal`, `configuration`, `secrets`, `name`, `reach`, `tls`, `clock`, `version`, `login`,
    /// `remote-session`, `rights` or `data`.
    pub check: String,
    /// Where: host and port.
    pub at: String,
    /// How it went.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// How it would end the program alone.
    #[serde(skip)]
    exit: Option<Exit>,
}

impl Row {
    fn new(endpoint: &str, check: &str, state: State, found: impl Into<String>) -> Self {
        let (endpoint, check, found) = (endpoint.to_owned(), check.to_owned(), found.into());
        Self { endpoint, check, at: String::new(), state, found, fix: None, exit: None }
    }

    fn wrong(endpoint: &str, check: &str, found: impl Into<String>, fix: &str) -> Self {
        let row = Self::new(endpoint, check, State::Failed, found);
        Self { fix: Some(fix.to_owned()), exit: Some(Exit::Usage), ..row }
    }

    fn of(endpoint: &str, finding: Finding) -> Self {
        let row = Self::new(endpoint, finding.check.as_str(), finding.state, finding.told);
        Self { at: finding.at, fix: finding.fix, exit: finding.error.as_ref().map(Exit::of_call), ..row }
    }
}

/// So long is waited for what is under way when somebody breaks off, so that a session that a login is about to give is
/// ended. Nothing else is at stake here, and a server that says nothing is what `doctor` is called for.
pub const LEAVE_LIMIT: Duration = Duration::from_secs(2);

/// Runs the command.
pub async fn run(arguments: &Doctor) -> Result<Exit, Failure> {
    if arguments.conformance {
        return conformance::check(&arguments.names, &arguments.endpoints, arguments.output).await;
    }
    let mut rows = Vec::new();
    let ready = if arguments.endpoints.simulated {
        let estate = Estate::open(&arguments.endpoints).await?;
        let all: Vec<_> = estate.file.endpoints.clone().into_iter().map(|(name, one)| (name, Ok(one))).collect();
        (Some(estate), all)
    } else {
        rows.push(journal(&arguments.journal));
        let path = &arguments.endpoints.config.config;
        let parsed = parse(&config::text(path)?, &path.display().to_string());
        let why = "correct the configuration; `backup-sync config check` tells more";
        rows.extend(parsed.problems.iter().map(|problem| Row::wrong("", "configuration", problem, why)));
        (None, parsed.endpoints)
    };
    let (estate, all) = ready;
    if all.is_empty() && rows.iter().all(|row| row.state != State::Failed) {
        let how = "write one with `backup-sync config init`";
        rows.push(Row::wrong("", "configuration", "no endpoint is configured", how));
    }
    for name in &arguments.names {
        if !all.iter().any(|(known, _)| known == name) {
            return Err(endpoints::unknown(name, all.iter().map(|(known, _)| known.as_str())));
        }
    }
    let folder = estate.as_ref().map_or(&arguments.endpoints.config.config as &Path, |_| Path::new(""));
    let folder = folder.parent().unwrap_or(folder);
    let wanted = all.into_iter().filter(|(name, _)| arguments.names.is_empty() || arguments.names.contains(name));
    let mut under_way = Vec::new();
    for (name, endpoint) in wanted {
        let (first, prepared) = configured(&name, endpoint, folder, estate.is_some())?;
        under_way.push(looked(name, first, prepared));
    }
    let found = endpoints::gather(under_way.into_iter(), signals::asked_to_end(), LEAVE_LIMIT).await;
    if signals::is_asked_to_end() {
        return Err(Failure::BrokenOff);
    }
    rows.extend(found.into_iter().flatten());
    let exits: Vec<Exit> = rows.iter().filter(|row| row.state == State::Failed).filter_map(|row| row.exit).collect();
    let exit = Exit::worst(&exits);
    exit.after(print(&Diagnosis { version: 1, exit_code: exit.code(), checks: rows }, arguments.output))
}

/// What can be said of an endpoint without a network, and what is needed to go on.
fn configured(
    name: &str,
    endpoint: Result<Endpoint, Vec<String>>,
    folder: &Path,
    simulated: bool,
) -> Result<(Vec<Row>, Option<Prepared>), Failure> {
    let fix = "correct the configuration, or make the secret available to this user";
    let wrong = |problems: Vec<String>| {
        problems.into_iter().map(|problem| Row::wrong(name, "configuration", problem, fix)).collect::<Vec<_>>()
    };
    let endpoint = match endpoint {
        Ok(endpoint) => endpoint,
        Err(problems) => return Ok((wrong(problems), None)),
    };
    let mut prepared = match prepare(name, &endpoint, folder) {
        Ok(prepared) => prepared,
        Err(Failure::BrokenOff) => return Err(Failure::BrokenOff),
        Err(failure) => return Ok((wrong(failure.lines()), None)),
    };
    if simulated {
        simulated::adapt(&mut prepared, &simulated::lists()?);
    }
    let secrets = endpoint.secrets();
    let places: Vec<String> = secrets.iter().map(|secret| secret.place()).collect();
    let mut rows = vec![
        Row::new(name, "configuration", State::Good, format!("{} is read without problems", endpoint.vendor())),
        Row::new(name, "secrets", State::Good, format!("found in: {}", places.join(", "))),
    ];
    for path in secrets.iter().filter_map(|secret| secret.open_to_others(folder)) {
        let path = path.display();
        let row = Row::new(name, "secrets", State::Warning, format!("others can read the file {path}"));
        rows.push(Row { fix: Some(format!("chmod 600 {path}")), ..row });
    }
    Ok((rows, Some(prepared)))
}

/// The rest, which needs a network.
async fn looked(name: String, mut rows: Vec<Row>, prepared: Option<Prepared>) -> Vec<Row> {
    match prepared {
        Some(prepared) => rows.extend(prepared.diagnose().await.into_iter().map(|finding| Row::of(&name, finding))),
        None => {
            let all =
                [Check::Name, Check::Reach, Check::Tls, Check::Clock, Check::Version, Check::Login, Check::Rights];
            let skipped = |check: Check| Row::new(&name, check.as_str(), State::Skipped, NEEDS_EARLIER);
            rows.extend(all.into_iter().chain([Check::Data]).map(skipped));
        }
    }
    rows
}

/// Whether runs can be written down here. Nothing is made for that.
fn journal(file: &JournalFile) -> Row {
    let wrong = |why: String| Row::wrong("", "journal", why, "name another file with --journal, or say --no-journal");
    let path = match file.path() {
        Ok(Some(path)) => path,
        Ok(None) => return Row::new("", "journal", State::Skipped, "no journal is kept"),
        Err(failure) => return wrong(failure.to_string()),
    };
    let shown = path.display();
    if path.exists() {
        return match std::fs::OpenOptions::new().append(true).open(&path) {
            Ok(_) => Row::new("", "journal", State::Good, format!("{shown} can be written")),
            Err(cause) => wrong(format!("{shown} cannot be written: {cause}")),
        };
    }
    // Folders are made when they are needed; the nearest one that is there decides.
    let there = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let folder = there.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match tempfile::Builder::new().prefix(".backup-sync-").tempfile_in(folder) {
        Ok(_) => Row::new("", "journal", State::Good, format!("{shown} is not there yet and can be made")),
        Err(cause) => wrong(format!("{shown} cannot be made: {}: {cause}", folder.display())),
    }
}

const HEAD: [&str; 6] = ["ENDPOINT", "CHECK", "AT", "STATE", "FOUND", "FIX"];

fn print(diagnosis: &Diagnosis, form: Output) -> Result<(), Failure> {
    let cells = |row: &Row| {
        let fix = row.fix.clone().unwrap_or_default();
        let state = row.state.as_str().to_owned();
        vec![row.endpoint.clone(), row.check.clone(), row.at.clone(), state, row.found.clone(), fix]
    };
    output::list(diagnosis, &diagnosis.checks, &HEAD, cells, form)?;
    if form == Output::Table {
        let count = |state: State| diagnosis.checks.iter().filter(|row| row.state == state).count();
        let (good, warnings) = (count(State::Good), count(State::Warning));
        let (failed, skipped) = (count(State::Failed), count(State::Skipped));
        output::print(&format!("{good} good, {warnings} warnings, {failed} failed, {skipped} skipped\n"))?;
    }
    Ok(())
}
