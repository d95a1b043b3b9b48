//! Plays one fault at one vendor and compares what comes out with the matrix.

use std::sync::Arc;
use std::time::Duration;

use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::{Connection, Error, SecretString, Timeouts};
use backup_sync_tests::calls::{Api, Read};
use backup_sync_tests::faults::{Fault, Scene, Stage, UNKNOWN_MEMBER, document};
use backup_sync_tests::json::differences;
use backup_sync_tests::sample::{Make, make};
use backup_sync_tests::{PASSWORD, assert_no_secret, shown};
use huawei_cbr::{Cbr, Credentials, Keys};
use jiff::Timestamp;
use progenitor_client::ClientInfo as _;
use serde_json::Value;
use tokio::task::JoinHandle;
use veeam_vb365::{Vb365, Version};
use vsphere_replication::VsphereReplication;

use super::{Cell, Column, Verdict, of, pauses};

/// A vendor and a way to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// VB365, by a token.
    Vb365,
    /// CBR, by a token of IAM.
    Cbr,
    /// CBR, by a signature over every request.
    CbrSigned,
    /// vSphere Replication, by a session.
    Vr,
}

/// Until the client gives up in the cells where nothing comes; long enough for a busy machine to answer a login.
const DEADLINE: Duration = Duration::from_secs(1);

impl Door {
    pub(super) const ALL: [Self; 4] = [Self::Vb365, Self::Cbr, Self::CbrSigned, Self::Vr];

    pub(super) fn api(self) -> Api {
        match self {
            Self::Vb365 => Api::V8,
            Self::Cbr | Self::CbrSigned => Api::Cbr,
            Self::Vr => Api::Vr,
        }
    }

    /// The operations that the faults are played on: those of a synchronization, and one for each other shape of body and
    /// answer. What faults cannot tell apart, [`crate::retries`] does with every operation of the tables.
    pub(super) fn subjects(self, column: Column) -> &'static [&'static str] {
        match (self, column) {
            (Self::Vb365, Column::Read) => &["BackupRepository_Get"],
            (Self::Vb365, Column::Start) => &["BackupRepository_StartSynchronizeAction"],
            (Self::Cbr | Self::CbrSigned, Column::Read) => &["ShowOpLog", "ListOpLogs"],
            (Self::Cbr | Self::CbrSigned, Column::Start) => &["ImportCheckpoint", "ImportBackup"],
            (Self::Vr, Column::Read) => &["getTaskInfo", "getReplicationInfo"],
            (Self::Vr, Column::Start) => &[
                "syncReplication",
                "pauseReplication",
                "resumeReplication",
                "configureReplication",
                "destroyReplication",
            ],
        }
    }

    /// Connects as programs do. The session is not the subject here, so it does not age.
    async fn connect(self, stage: &Stage, clock: Arc<ManualClock>, timeouts: Timeouts) -> Connection {
        let password = || SecretString::from(PASSWORD.to_owned());
        match self {
            Self::Vb365 => {
                let mut config = veeam_vb365::Config::new("vb", stage.url("/"), "operator", password());
                (config.version, config.clock, config.timeouts) = (Some(Version::V8), clock, timeouts);
                match Vb365::connect(&config).await.unwrap().api() {
                    veeam_vb365::Api::V8(client) => client.inner().clone(),
                    other => panic!("not the version asked for: {other:?}"),
                }
            }
            Self::Cbr | Self::CbrSigned => {
                let credentials = match self {
                    Self::Cbr => Credentials::Password {
                        domain: "account".to_owned(),
                        username: "operator".to_owned(),
                        password: password(),
                    },
                    _ => {
                        Credentials::Keys(Keys { access: "AKID".to_owned(), secret: password(), security_token: None })
                    }
                };
                let mut config = huawei_cbr::Config::new("cbr", "ap-southeast-3", credentials);
                (config.url, config.iam_url, config.project_id) = (stage.url("/"), stage.url(""), Some("p".to_owned()));
                (config.clock, config.timeouts) = (clock, timeouts);
                Cbr::connect(&config).await.unwrap().client().inner().clone()
            }
            Self::Vr => {
                let local = vsphere_replication::Login { username: "local".to_owned(), password: password() };
                let mut config = vsphere_replication::Config::new("vr", stage.url(Api::Vr.base()), local);
                (config.clock, config.timeouts) = (clock, timeouts);
                config.renew_after = Duration::from_secs(3600);
                VsphereReplication::connect(&config).await.unwrap().client().inner().clone()
            }
        }
    }
}

/// Whether the fault is one of real time: its end is a deadline of the HTTP client.
pub(super) fn takes_time(fault: Fault) -> bool {
    matches!(fault, Fault::Hang | Fault::SlowBody)
}

/// One fault on one operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Play {
    pub(super) door: Door,
    pub(super) fault: Fault,
    column: Column,
    id: &'static str,
}

impl Play {
    /// Everything that there is to play at a door.
    pub(super) fn all(door: Door) -> impl Iterator<Item = Self> {
        let operations =
            Column::ALL.iter().flat_map(move |column| door.subjects(*column).iter().zip([*column].into_iter().cycle()));
        Fault::ALL
            .iter()
            .flat_map(move |fault| operations.clone().map(move |(id, column)| Self { door, fault: *fault, column, id }))
    }

    /// Plays it, with one sentence for whatever comes out otherwise. A panic, in the client or in a check, is a finding
    /// like any other and hides no other.
    pub(super) fn start(self) -> JoinHandle<Vec<String>> {
        tokio::spawn(async move {
            let found = match tokio::spawn(cell(self)).await {
                Ok(found) => found,
                Err(panic) => vec![panic.to_string()],
            };
            let Self { door, fault, id, .. } = self;
            found.into_iter().map(|what| format!("{door:?} {id} {fault:?}: {what}")).collect()
        })
    }
}

async fn cell(Play { door, fault, column, id }: Play) -> Vec<String> {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let timeouts = Timeouts { request: DEADLINE, ..Timeouts::default() };
    let timeouts = if takes_time(fault) { timeouts } else { Timeouts::default() };
    let stage = Scene::new(fault, door.api(), id).start().await;
    let connection = door.connect(&stage, clock.clone(), timeouts).await;
    let before = clock.waits().len();
    stage.arm().await;

    let result = door.api().call(&stage.url(""), &connection, id).await;

    let waits = clock.waits().split_off(before);
    let (expected, seen) = (of(fault).cell(door, column), seen(&stage, &result, &waits));
    let mut wrong = Vec::new();
    if seen != expected {
        wrong.push(format!("expected {expected:?}, saw {seen:?}: {result:?}"));
    }
    wrong.extend(wrong_pauses(fault, door, &waits));
    if stage.strayed() != 0 {
        wrong.push("the redirect was followed".to_owned());
    }
    if column == Column::Start && stage.taken() > 1 {
        wrong.push(format!("work may have been started {} times", stage.taken()));
    }
    if expected.logins == 1 && expected.wire == 2 {
        wrong.extend(same_credentials(&stage));
    }
    match result {
        Ok(read) => wrong.extend(misread(door.api(), fault, id, &read)),
        Err(error) => wrong.extend(mistold(&error, &stage, Play { door, fault, column, id }, &expected)),
    }
    wrong
}

/// What came out.
fn seen(stage: &Stage, result: &Result<Read, Error>, waits: &[Duration]) -> Cell {
    Cell {
        verdict: match result {
            Ok(_) => Verdict::Ok,
            Err(_) if waits.is_empty() => Verdict::Permanent,
            Err(_) => Verdict::Exhausted,
        },
        wire: stage.subject().len(),
        error: result.as_ref().err().map(|error| (error.kind(), error.delivery())),
        pauses: waits.len(),
        logins: stage.logins(),
    }
}

fn wrong_pauses(fault: Fault, door: Door, waits: &[Duration]) -> Option<String> {
    let bounds = pauses(fault, door);
    let fits = waits
        .iter()
        .zip(bounds)
        .all(|(wait, (least, most))| (Duration::from_millis(least)..=Duration::from_millis(most)).contains(wait));
    (!fits).then(|| format!("pauses have to be within {bounds:?} ms, and were {waits:?}"))
}

/// The replay after a renewal has to carry what the renewal gave out.
fn same_credentials(stage: &Stage) -> Option<String> {
    let names = ["authorization", "x-auth-token", "x-dr-session"];
    let credentials: Vec<Option<String>> = stage
        .subject()
        .iter()
        .map(|sent| names.iter().find_map(|name| sent.header(name)).and_then(|value| value.chars().last()))
        .map(|last| last.map(String::from))
        .collect();
    let expected = [Some("1".to_owned()), Some("2".to_owned())];
    (credentials != expected).then(|| format!("the sessions used were {credentials:?}"))
}

/// What an answer lost or changed of what was said.
fn misread(api: Api, fault: Fault, id: &str, read: &Read) -> Vec<String> {
    let spec = document(api);
    let answer = spec.successes(id).remove(0);
    let made = |what| make(spec.root(), answer.schema.as_ref().unwrap(), what);
    let meant: Value = match fault {
        Fault::UnknownWords => made(Make::UnknownWords),
        Fault::Nulls => made(Make::NullMembers),
        _ => answer.examples[0].value.clone(),
    };
    let mut found = differences(&meant, &read.body);
    // A map of links cannot know which of its keys is none.
    found.retain(|what| !what.contains(UNKNOWN_MEMBER));
    found
}

/// What an error has to say besides its kind: about what, from where, with which status, after how many attempts.
fn mistold(error: &Error, stage: &Stage, play: Play, expected: &Cell) -> Vec<String> {
    assert_no_secret(&shown(error));
    let success = document(play.door.api()).success_status(play.id);
    let status = play.fault.status().or(play.fault.answers().then_some(success));
    // Attempts that met nobody count, too.
    let attempts = expected.wire.max(expected.pauses + 1);
    let mut wrong = Vec::new();
    let mut check =
        |right: bool, what: &str| (!right).then(|| wrong.push(format!("the error tells a wrong {what}: {error}")));
    check(error.operation() == Some(play.id), "operation");
    check(error.url().is_some_and(|url| url.starts_with(&stage.url(play.door.api().base()))), "URL");
    check(error.status() == status, "status");
    check(usize::try_from(error.attempts()) == Ok(attempts), "number of attempts");
    wrong
}
