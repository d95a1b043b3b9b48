//! Secrets planted in every slot, every fault played on every vendor, and every byte looked through that the program
//! wrote while it told as much as it can.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use backup_sync_tests::calls::Api;
use backup_sync_tests::faults::{Fault, Scene, Secrets};
use backup_sync_tests::raw::{Act, Raw};
use backup_sync_tests::server::{Answer, Sent};
use backup_sync_tests::spec::Spec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::runtime::Runtime;

use crate::program;

/// One value for each slot, with characters that are encoded in forms and in base64.
const PLANTED: [(&str, &str); 13] = [
    ("a password from the environment", "plnt+env/password=1"),
    ("a password from a file", "plnt+file/password=2"),
    ("a password from a program", "plnt+command/password=3"),
    ("a password of a remote site", "plnt+remote/password=4"),
    ("an access key id", "PLNTACCESSKEY5"),
    ("a secret key", "plnt+secret/key=6"),
    ("a security token", "plnt+security/token=7"),
    ("an access token", "plnt-access-token-8"),
    ("a refresh token", "plnt-refresh-token-9"),
    ("a session id", "plnt-session-id-10"),
    ("a cookie", "plnt-cookie-11"),
    ("an antiforgery token", "plnt-antiforgery-12"),
    ("a key of the collector", "plnt-collector-key-13"),
];

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The vendor's code in every refusal: shown, so that its presence proves that refusals were read and output was caught.
const MARKER: &str = "SHOWN-4711";

fn planted(slot: &str) -> &'static str {
    PLANTED.iter().find(|(name, _)| *name == slot).unwrap().1
}

/// A configured endpoint; `{}` stands for the server.
struct Setup {
    name: &'static str,
    config: &'static str,
    /// What this vendor is told, and what its first login gives; it may repeat both.
    slots: &'static [&'static str],
    given: &'static [&'static str],
    /// The operations that go wrong: a login where there is one, a reading, a start.
    subjects: &'static [(Api, &'static str)],
}

const SETUPS: [Setup; 4] = [
    Setup {
        name: "m365",
        config: r#"
vendor = "veeam-vb365"
url = "{}"
version = "v8"
username = 'DOMAIN\sync'
password = { env = "PLANTED_PASSWORD" }
"#,
        slots: &["a password from the environment"],
        given: &["an access token", "a refresh token"],
        subjects: &[
            (Api::V8, "Auth_Token"),
            (Api::V8, "BackupRepository_List"),
            (Api::V8, "BackupRepository_StartSynchronizeAction"),
        ],
    },
    Setup {
        name: "cloud",
        config: r#"
vendor = "huawei-cbr"
region = "ap-southeast-3"
url = "{}"
iam_url = "{}"
project_id = "0123456789abcdef0123456789abcdef"
domain = "account"
username = "sync"
password = { file = "password" }
"#,
        slots: &["a password from a file"],
        given: &["an access token"],
        subjects: &[
            (Api::Iam, "KeystoneCreateUserTokenByPassword"),
            (Api::Cbr, "ListVault"),
            (Api::Cbr, "ImportCheckpoint"),
        ],
    },
    Setup {
        name: "signed",
        config: r#"
vendor = "huawei-cbr"
region = "ap-southeast-3"
url = "{}"
iam_url = "{}"
project_id = "0123456789abcdef0123456789abcdef"
access_key = "PLNTACCESSKEY5"
secret_key = { file = "secret-key" }
security_token = { command = ["cat", "security-token"] }
"#,
        slots: &["an access key id", "a secret key", "a security token"],
        given: &[],
        subjects: &[(Api::Cbr, "ListVault")],
    },
    Setup {
        name: "dr",
        config: r#"
vendor = "vsphere-replication"
url = "{}/api/rest/vr/v2"
username = "administrator@vsphere.local"
password = { command = ["cat", "command-password"] }
remote = { username = "remote@vsphere.local", password = { file = "remote-password" } }
"#,
        slots: &["a password from a program", "a password of a remote site"],
        given: &["a session id"],
        subjects: &[(Api::Vr, "login"), (Api::Vr, "getAllReplications"), (Api::Vr, "syncReplication")],
    },
];

/// Names of the files from which secrets come, and the slots whose values they hold.
const FILES: [(&str, &str); 5] = [
    ("password", "a password from a file"),
    ("secret-key", "a secret key"),
    ("security-token", "a security token"),
    ("command-password", "a password from a program"),
    ("remote-password", "a password of a remote site"),
];

/// As part of a URL or a form.
fn encoded(secret: &str) -> String {
    utf8_percent_encode(secret, RESERVED).to_string()
}

/// The forms in which a value could be found: as it is, percent-encoded, in base64 alone and behind a user name.
fn forms(secret: &str) -> Vec<String> {
    let whole = |text: String| {
        // What follows changes the last group, so only the groups before it are looked for.
        STANDARD.encode(&text.as_bytes()[..text.len() / 3 * 3])
    };
    let users = ["", "administrator@vsphere.local:", "remote@vsphere.local:"];
    let mut forms = vec![secret.to_owned(), encoded(secret)];
    forms.extend(users.map(|user| whole(format!("{user}{secret}"))));
    forms
}

/// Which planted values stand in `text`.
fn found(text: &str) -> Vec<&'static str> {
    let stands = |secret: &str| forms(secret).iter().any(|form| text.contains(form.as_str()));
    PLANTED.iter().filter(|(_, secret)| stands(secret)).map(|(slot, _)| *slot).collect()
}

/// Everything in all files below `folder`.
fn everything(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            text += &everything(&entry.path());
        } else {
            text += &format!("{}\n", entry.path().display());
            text += &String::from_utf8_lossy(&fs::read(entry.path()).unwrap());
        }
    }
    text
}

/// What the vendor gives out, and says in each refusal: all that it knows, in all forms.
fn vendor(case: Case) -> Secrets {
    let mut known: Vec<String> = case.setup.slots.iter().map(|slot| planted(slot).to_owned()).collect();
    let logged_in = case.subject != case.setup.subjects[0].1 && case.fault != Fault::UnauthorizedLockedOut;
    if logged_in {
        known.extend(case.setup.given.iter().map(|slot| format!("{}-1", planted(slot))));
    }
    known.push(planted("a cookie").to_owned());
    let coded = known.iter().flat_map(|secret| [encoded(secret), STANDARD.encode(secret)]);
    let code = [MARKER.to_owned()].into_iter().chain(coded).collect::<Vec<_>>().join(" ");
    Secrets {
        token: planted("an access token").to_owned(),
        refresh: planted("a refresh token").to_owned(),
        session: planted("a session id").to_owned(),
        headers: vec![
            ("set-cookie".to_owned(), format!("sid={}; HttpOnly", planted("a cookie"))),
            ("x-csrf-token".to_owned(), planted("an antiforgery token").to_owned()),
        ],
        said: Some((code, known.join(" "))),
    }
}

/// The example of a list of replications as the only page.
static REPLICATIONS: LazyLock<String> = LazyLock::new(|| {
    let mut page = Spec::load("vsphere-replication-v2").success("getAllReplications", "first-page");
    page["_meta"]["total"] = page["list"].as_array().unwrap().len().into();
    page.to_string()
});

/// Nothing runs yet, so that there is something to start.
fn idle(sent: &Sent) -> Option<Answer> {
    let answer = |body: &str| Some(Answer::json(200, body));
    match sent.path.rsplit('/').next()? {
        "RepositorySynchronizeSessions" => answer(r#"{"offset":0,"limit":0,"results":[]}"#),
        "operation-logs" => answer(r#"{"operation_logs":[],"count":0}"#),
        "replications" => answer(&REPLICATIONS),
        "tasks" => answer(r#"{"list":[],"_meta":{"total":0}}"#),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Case {
    setup: &'static Setup,
    api: Api,
    subject: &'static str,
    fault: Fault,
}

/// What came of a case.
struct Outcome {
    case: Case,
    shown: String,
    /// Requests that met the fault.
    met: usize,
}

/// A run that has not ended by itself by then is asked to end, and then told to.
const PATIENCE: Duration = Duration::from_secs(3);

fn wait(mut child: Child) -> ExitStatus {
    let begun = Instant::now();
    let mut asked = 0;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > PATIENCE * (asked + 1) {
            asked += 1;
            let name = if asked > 8 { "-KILL" } else { "-INT" };
            Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Plays one fault for one run of the program.
fn play(runtime: &Runtime, collector: &str, case: Case) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let (given, made) = (folder.path().join("given"), folder.path().join("made"));
    for folder in [&given, &made] {
        fs::create_dir(folder).unwrap();
    }
    for (name, slot) in FILES {
        fs::write(given.join(name), planted(slot)).unwrap();
    }
    let stage = runtime.block_on(async {
        let stage = Scene::new(case.fault, case.api, case.subject).secrets(vendor(case)).other(idle).start().await;
        stage.arm().await;
        stage
    });
    let config = format!("[endpoints.{}]{}", case.setup.name, case.setup.config.replace("{}", &stage.url("")));
    fs::write(given.join("backup-sync.toml"), config).unwrap();
    let mut run = program();
    run.current_dir(&made).args(["sync", "--all", "-vvv", "--config", "../given/backup-sync.toml"]);
    run.args(["--deadline", "1s", "--force", "--poll", "200ms", "--settle", "200ms", "--output", "json", "--progress"]);
    run.arg(if (case.fault as usize).is_multiple_of(2) { "json" } else { "plain" });
    run.env("PLANTED_PASSWORD", planted("a password from the environment")).env("RUST_LOG", "trace");
    run.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    run.env("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer {}", planted("a key of the collector")));
    for place in ["HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        run.env(place, &made);
    }
    run.stdout(File::create(made.join("stdout")).unwrap()).stderr(File::create(made.join("stderr")).unwrap());
    let status = wait(run.spawn().unwrap());
    assert!(status.code().is_some(), "{:?} {}: {status}", case.fault, case.subject);
    Outcome { case, shown: everything(&made), met: stage.subject().len() }
}

/// Whether every answer to the subject is a refusal with the planted words.
fn refuses(fault: Fault) -> bool {
    use Fault::*;
    matches!(
        fault,
        BadRequest
            | UnauthorizedOnce
            | Unauthorized
            | UnauthorizedLockedOut
            | Forbidden
            | NotFound
            | Conflict
            | ThrottledRetryAfter
            | Throttled
            | ServerError
            | BadGatewayPage
            | UnavailableOnce
            | GatewayTimeout
            | BigRefusal
    )
}

fn cases() -> VecDeque<Case> {
    let of = |setup: &'static Setup| {
        let subjects = setup.subjects.iter();
        subjects.flat_map(move |(api, subject)| {
            Fault::ALL.iter().map(move |fault| Case { setup, api: *api, subject, fault: *fault })
        })
    };
    SETUPS.iter().flat_map(of).collect()
}

#[test]
fn no_byte_of_a_secret_is_written_whatever_goes_wrong() {
    let runtime = Runtime::new().unwrap();
    // A collector that refuses its key and repeats it.
    let refusal = Answer::json(401, format!(r#"{{"message":"{}"}}"#, planted("a key of the collector")));
    let collector = runtime.block_on(Raw::start(vec![Act::Answer(refusal)]));
    let (waiting, outcomes) = (Mutex::new(cases()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                loop {
                    let Some(case) = waiting.lock().unwrap().pop_front() else { break };
                    let outcome = play(&runtime, &collector.url(""), case);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    assert_eq!(outcomes.len(), cases().len());
    let mut wrong = Vec::new();
    for Outcome { case, shown, met } in &outcomes {
        let Case { setup, subject, fault, .. } = case;
        let what = format!("{}, {fault:?} on {subject}", setup.name);
        let leaked = found(shown);
        if !leaked.is_empty() {
            let lines: Vec<&str> = shown.lines().filter(|line| !found(line).is_empty()).take(3).collect();
            wrong.push(format!("{what}: {leaked:?} in {lines:#?}"));
        }
        // Without a login nobody gets as far as the fault.
        let reached = !matches!(fault, Fault::Refused | Fault::UnauthorizedLockedOut);
        if reached && *met == 0 {
            wrong.push(format!("{what}: the fault was not met: {shown}"));
        }
        if refuses(*fault) && *met > 0 && !(shown.contains(MARKER) && shown.contains("[redacted]")) {
            wrong.push(format!("{what}: the vendor's words are not told: {shown}"));
        }
        if !shown.contains("call{") {
            wrong.push(format!("{what}: nothing was told at the level of traces: {shown}"));
        }
    }
    assert!(collector.connections() > 0, "no traces were sent");
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), outcomes.len(), wrong.join("\n"));
}

/// The search itself finds each value in each form.
#[test]
fn a_planted_value_would_be_found() {
    for (slot, secret) in PLANTED {
        for text in [
            format!("x{secret}x"),
            format!("password={}", encoded(secret)),
            format!("Basic {}", STANDARD.encode(format!("administrator@vsphere.local:{secret}"))),
            STANDARD.encode(format!("{secret}-and-more")),
        ] {
            assert!(found(&text).contains(&slot), "{slot} in {text}");
        }
    }
    assert_eq!(found(MARKER), [""; 0]);
}
