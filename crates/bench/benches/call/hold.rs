//! The memory that waiting calls hold, each case in a fresh process: ours, and the same calls by hand as floor.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use backup_sync::runtime::auth::Fixed;
use backup_sync::runtime::quota::{Quota, Window};
use backup_sync::runtime::{Connection, call};
use backup_sync::veeam_vb365::v8::{self, types::RestBackupRepository};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Semaphore;

use crate::answers::REPOSITORY;
use crate::server::Server;
use crate::{Failure, answers};

/// So many calls wait.
const CALLS: usize = 10_000;
/// So much they may hold.
const LIMIT: u64 = 100_000_000;
/// So many are begun at once where each begins with a connection.
const WAVE: usize = 250;
/// How long the call by hand pauses, as the server asks.
const PAUSE: Duration = Duration::from_secs(300);
/// Files that a process needs beside the connections of its calls.
const FILES: u64 = 100;

/// What calls wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Quota,
    Pause,
    Answer,
}

/// The cases with their names as arguments and in the table.
const CASES: [(Case, &str, &str); 3] = [
    (Case::Quota, "quota", "for a permit of the quota"),
    (Case::Pause, "pause", "between two attempts"),
    (Case::Answer, "answer", "for the answer"),
];

impl Case {
    /// One permit is gone with the first call.
    fn permits(self) -> usize {
        if self == Self::Quota { 1 } else { 2 * CALLS }
    }

    /// Where the server treats calls like that.
    fn path(self) -> &'static str {
        if self == Self::Pause { "busy" } else { "silent" }
    }
}

/// Prints a table; whether every case keeps the limit.
pub fn measure() -> Result<bool, Failure> {
    let sockets = raise_file_limit();
    println!("\nmemory that {CALLS} waiting calls hold, limit {} MB", LIMIT / 1_000_000);
    println!("{:34} {:>10} {:>10} {:>14} {:>17}", "", "by hand", "ours", "ours per call", "got by the server");
    let mut all = true;
    for (case, name, what) in CASES {
        if case == Case::Answer && !sockets {
            println!("{what:34} not measured: the limit of open files is too low for {CALLS} connections");
            continue;
        }
        let (floor, ours) = (held(name, "hand")?, held(name, "ours")?);
        let kept = ours.bytes <= LIMIT;
        let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
        println!(
            "{what:34} {:>10} {:>10} {:>8} bytes {:>8} {:>8}  {}",
            megabytes(floor.bytes),
            megabytes(ours.bytes),
            ours.bytes / CALLS as u64,
            floor.arrived,
            ours.arrived,
            if kept { "kept" } else { "NOT KEPT" }
        );
        all &= kept;
    }
    Ok(all)
}

/// As many files as this user may open; whether that is enough for a connection per call. Children inherit it.
fn raise_file_limit() -> bool {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    files.is_none_or(|files| files >= CALLS as u64 + FILES)
}

/// What a fresh process found.
struct Held {
    /// By how many bytes it grew.
    bytes: u64,
    /// How many calls had arrived at the server by then.
    arrived: usize,
}

fn held(case: &str, side: &str) -> Result<Held, Failure> {
    let server = Server::start()?;
    let address = server.address.to_string();
    let output = Command::new(std::env::current_exe()?).args(["hold", case, side, &address]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let output = String::from_utf8(output.stdout)?;
    let (bytes, arrived) = output.trim().split_once(' ').ok_or("the process told nothing")?;
    Ok(Held { bytes: bytes.parse()?, arrived: arrived.parse()? })
}

/// The fresh process: begins the calls, waits until all wait, and tells by how much it has grown.
pub fn child(name: &str, side: &str, address: &str) -> Result<(), Failure> {
    let case = CASES.iter().find(|(_, known, _)| *known == name).ok_or("no such case")?.0;
    let base = format!("http://{address}/{}", case.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let held = runtime.block_on(async {
        if side == "ours" {
            let client = Arc::new(ours(case, &base)?);
            grow(address, || wait_ours(client.clone())).await
        } else {
            let hand = Arc::new(Hand::new(case, &base)?);
            grow(address, || hand.clone().wait()).await
        }
    })?;
    println!("{} {}", held.bytes, held.arrived);
    Ok(())
}

async fn grow<F>(address: &str, wait: impl Fn() -> F) -> Result<Held, Failure>
where
    F: Future<Output: Send> + Send + 'static,
{
    let http = Connection::builder(&[]).to(&format!("http://{address}")).build()?.http();
    asked(&http, address).await?;
    let before = resident()?;
    for _ in 0..CALLS / WAVE {
        for _ in 0..WAVE {
            tokio::spawn(wait());
        }
        settle(&http, address, Duration::from_millis(20)).await?;
    }
    let arrived = settle(&http, address, Duration::from_millis(500)).await?;
    Ok(Held { bytes: resident()?.saturating_sub(before), arrived })
}

/// Waits until no further call arrives at the server; how many have arrived.
async fn settle(http: &reqwest::Client, address: &str, pause: Duration) -> Result<usize, Failure> {
    let mut last = None;
    loop {
        tokio::time::sleep(pause).await;
        let now = asked(http, address).await?;
        if last.replace(now) == Some(now) {
            return Ok(now);
        }
    }
}

/// How many calls the server has got.
async fn asked(http: &reqwest::Client, address: &str) -> Result<usize, Failure> {
    Ok(http.get(format!("http://{address}/asked")).send().await?.text().await?.parse()?)
}

/// Resident memory of this process in bytes.
fn resident() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system tells no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

/// Our calls that wait.
fn ours(case: Case, base: &str) -> Result<v8::Client, Failure> {
    let bearer = HeaderValue::from_str(&format!("Bearer {}", token()))?;
    let quota = Quota::new(Window { requests: case.permits(), per: Duration::from_secs(3600) });
    let auth = Fixed::anonymous().with(AUTHORIZATION, bearer);
    let connection = Connection::builder(v8::OPERATIONS).to(base).auth(Arc::new(auth)).quota(quota).build()?;
    Ok(v8::Client::new_with_client(base, connection.http(), connection))
}

async fn wait_ours(client: Arc<v8::Client>) -> Result<(), Failure> {
    let get = client.backup_repository_get().repository_id(REPOSITORY);
    call("BackupRepository_Get", get.send()).await?;
    Ok(())
}

/// The same by hand.
struct Hand {
    http: reqwest::Client,
    url: String,
    token: String,
    permits: Semaphore,
}

impl Hand {
    fn new(case: Case, base: &str) -> Result<Self, Failure> {
        let http = Connection::builder(&[]).to(base).build()?.http();
        let url = format!("{base}/BackupRepositories/{REPOSITORY}");
        Ok(Self { http, url, token: token(), permits: Semaphore::new(case.permits()) })
    }

    async fn wait(self: Arc<Self>) -> Result<RestBackupRepository, Failure> {
        loop {
            self.permits.acquire().await?.forget();
            let response = self.http.get(&self.url).bearer_auth(&self.token).send().await?;
            if response.status().is_success() {
                return Ok(response.json().await?);
            }
            drop(response);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn token() -> String {
    answers::token()["access_token"].as_str().unwrap_or_default().to_owned()
}
