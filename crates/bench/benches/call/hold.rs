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
    println!("{:34} {:>10} {:>10} {:>14}", "", "by hand", "ours", "ours per call");
    let mut all = true;
    for (case, name, what) in CASES {
        if case == Case::Answer && !sockets {
            println!("{what:34} not measured: the limit of open files is too low for {CALLS} connections");
            continue;
        }
        let (floor, ours) = (held(name, "hand")?, held(name, "ours")?);
        let kept = ours <= LIMIT;
        let megabytes = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
        println!(
            "{what:34} {:>10} {:>10} {:>8} bytes  {}",
            megabytes(floor),
            megabytes(ours),
            ours / CALLS as u64,
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

/// By how many bytes a process grows when its calls wait.
fn held(case: &str, side: &str) -> Result<u64, Failure> {
    let server = Server::start()?;
    let address = server.address.to_string();
    let output = Command::new(std::env::current_exe()?).args(["hold", case, side, &address]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The fresh process: begins the calls, waits until all wait, and tells by how much it has grown.
pub fn child(name: &str, side: &str, address: &str) -> Result<(), Failure> {
    let case = CASES.iter().find(|(_, known, _)| *known == name).ok_or("no such case")?.0;
    let base = format!("http://{address}/{}", case.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let grown = runtime.block_on(async {
        if side == "ours" {
            let client = Arc::new(ours(case, &base)?);
            grow(case, address, || wait_ours(client.clone())).await
        } else {
            let hand = Arc::new(Hand::new(case, &base)?);
            grow(case, address, || hand.clone().wait()).await
        }
    })?;
    println!("{grown}");
    Ok(())
}

async fn grow<F>(case: Case, address: &str, wait: impl Fn() -> F) -> Result<u64, Failure>
where
    F: Future<Output: Send> + Send + 'static,
{
    let http = Connection::builder(&[]).to(&format!("http://{address}")).build()?.http();
    let before = resident()?;
    for begun in 1..=CALLS {
        tokio::spawn(wait());
        if begun.is_multiple_of(WAVE) {
            // Nothing is sent without a permit; who has been polled waits.
            tokio::task::yield_now().await;
            let expected = if case == Case::Quota { 0 } else { begun };
            while asked(&http, address).await? < expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    Ok(resident()?.saturating_sub(before))
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
