//! The cases, each as our call and as the same call written by hand: reqwest, the same types, the same HTTP settings.

use std::time::Instant;

use backup_sync::huawei_cbr::signing::{self, ToSign};
use backup_sync::huawei_cbr::v3::types::{SyncParam, SyncReq, SyncResp};
use backup_sync::huawei_cbr::{Cbr, Config as CbrConfig, Credentials, Keys};
use backup_sync::runtime::progenitor_client::ClientInfo as _;
use backup_sync::runtime::{SecretString, call};
use backup_sync::veeam_vb365::v5::types::{BackupRepositoryAction, RestRepositorySynchronizeSession};
use backup_sync::veeam_vb365::v8::types::{PageOfRestBackupRepository, RestBackupRepository};
use backup_sync::veeam_vb365::{Api, Config, Vb365, Version, v5, v8};
use criterion::Criterion;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::answers::{PAGE, REPOSITORY};
use crate::rounds::{self, Rounds};
use crate::server::Server;
use crate::{Failure, answers};

const JSON: &str = "application/json";
const PROJECT: &str = "f841e01fd2b14e7fa41b6ae7aa6b0594";
const VAULT: &str = "8d3a8b28-a697-41e2-8d5d-903669f8a02d";

/// Times of both sides of every case; whether our calls keep the limits.
pub fn measure(criterion: &mut Criterion) -> Result<bool, Failure> {
    let server = Server::start()?;
    // One thread: no time goes into waking others, so the call by hand is as quick as it can be.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ours = runtime.block_on(Ours::connect(&format!("http://{}", server.address)))?;
    let hand = Hand::new(&format!("http://{}", server.address), &ours);
    let mut bench = Bench { runtime, criterion, rounds: Vec::new() };
    // What the method itself makes of two sides that are the same.
    bench.case(("control, one repository", 2000, 20), || hand.repository(), || hand.repository())?;
    bench.case(("control, a page of 100", 800, 3), || hand.repositories(), || hand.repositories())?;
    bench.case(("VB365 v8, read one repository", 2000, 20), || hand.repository(), || ours.repository())?;
    bench.case(("VB365 v8, read a page of 100", 800, 3), || hand.repositories(), || ours.repositories())?;
    bench.case(("VB365 v5, start with a body", 2000, 20), || hand.start(), || ours.start())?;
    bench.case(("CBR, start with a signed body", 2000, 20), || hand.synchronize(), || ours.synchronize())?;
    let kept = rounds::table(&bench.rounds);
    println!();
    bench.figures(&hand, &ours);
    Ok(kept)
}

/// What all cases share.
struct Bench<'a> {
    runtime: Runtime,
    criterion: &'a mut Criterion,
    rounds: Vec<Rounds>,
}

impl Bench<'_> {
    fn case(
        &mut self,
        plan: (&'static str, u32, u32),
        floor: impl AsyncFn() -> Result<(), Failure>,
        ours: impl AsyncFn() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.rounds.push(rounds::measure(&self.runtime, plan, floor, ours)?);
        Ok(())
    }

    /// Each side alone, by criterion.
    fn figures(&mut self, hand: &Hand, ours: &Ours) {
        self.alone("repository/by hand", || hand.repository());
        self.alone("repository/ours", || ours.repository());
        self.alone("page of 100/by hand", || hand.repositories());
        self.alone("page of 100/ours", || ours.repositories());
        self.alone("start/by hand", || hand.start());
        self.alone("start/ours", || ours.start());
        self.alone("signed start/by hand", || hand.synchronize());
        self.alone("signed start/ours", || ours.synchronize());
        let body = serde_json::to_vec(&synchronization()).unwrap_or_default();
        let date = stamp();
        self.criterion.bench_function("one signature", |bencher| {
            bencher.iter(|| hand.signed("127.0.0.1:8080", "/v3/project/checkpoints/sync", &body, &date));
        });
    }

    fn alone(&mut self, name: &str, call: impl AsyncFn() -> Result<(), Failure>) {
        self.criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                self.runtime.block_on(async {
                    let start = Instant::now();
                    for _ in 0..count {
                        // The rounds before have shown that it succeeds.
                        let _ = call().await;
                    }
                    start.elapsed()
                })
            });
        });
    }
}

/// Our clients, as programs get them: with a real login, retries on and the default quotas of the vendor.
struct Ours {
    v5: v5::Client,
    v8: v8::Client,
    cbr: Cbr,
}

impl Ours {
    async fn connect(base: &str) -> Result<Self, Failure> {
        let mut config = Config::new("m365", base, "EXAMPLE\\backup-operator", SecretString::from("example-password"));
        config.version = Some(Version::V5);
        let Api::V5(v5) = Vb365::connect(&config).await?.api().clone() else { return Err("no client of v5".into()) };
        config.version = Some(Version::V8);
        let Api::V8(v8) = Vb365::connect(&config).await?.api().clone() else { return Err("no client of v8".into()) };
        let mut config = CbrConfig::new("cloud", "ap-southeast-3", Credentials::Keys(keys()));
        config.url = base.to_owned();
        config.project_id = Some(PROJECT.to_owned());
        Ok(Self { v5, v8, cbr: Cbr::connect(&config).await? })
    }

    async fn repository(&self) -> Result<(), Failure> {
        let get = self.v8.backup_repository_get().repository_id(REPOSITORY);
        check(call("BackupRepository_Get", get.send()).await?.id == REPOSITORY)
    }

    async fn repositories(&self) -> Result<(), Failure> {
        let list = self.v8.backup_repository_list().limit(100).offset(0);
        check(call("BackupRepository_List", list.send()).await?.results.len() == PAGE)
    }

    async fn start(&self) -> Result<(), Failure> {
        let start = self.v5.backup_repository_start_synchronize_action().repository_id(REPOSITORY);
        let start = start.body(BackupRepositoryAction { sync: None });
        check(call("BackupRepository_StartSynchronizeAction", start.send()).await?.id.is_some())
    }

    async fn synchronize(&self) -> Result<(), Failure> {
        let start = self.cbr.client().import_checkpoint().project_id(PROJECT).body(synchronization());
        check(call("ImportCheckpoint", start.send()).await?.sync.is_some())
    }
}

/// The same calls as somebody writes them who has reqwest and the types.
///
/// It shares the HTTP clients and so the connections: whether the allocator gives the buffer of a connection back to the
/// system each time depends on where it happens to lie, and that is worth up to 40 % on a page of 100.
struct Hand {
    v5: reqwest::Client,
    v8: reqwest::Client,
    cbr: reqwest::Client,
    base: String,
    host: String,
    token: String,
    keys: Keys,
}

impl Hand {
    fn new(base: &str, ours: &Ours) -> Self {
        let (v5, v8, cbr) = (ours.v5.client().clone(), ours.v8.client().clone(), ours.cbr.client().client().clone());
        let token = answers::token()["access_token"].as_str().unwrap_or_default().to_owned();
        let host = base.trim_start_matches("http://").to_owned();
        Self { v5, v8, cbr, base: base.to_owned(), host, token, keys: keys() }
    }

    async fn repository(&self) -> Result<(), Failure> {
        let url = format!("{}/v8/BackupRepositories/{REPOSITORY}", self.base);
        let repository: RestBackupRepository = self.send(self.v8.get(url).bearer_auth(&self.token)).await?;
        check(repository.id == REPOSITORY)
    }

    async fn repositories(&self) -> Result<(), Failure> {
        let url = format!("{}/v8/BackupRepositories", self.base);
        let list = self.v8.get(url).query(&[("limit", 100), ("offset", 0)]).bearer_auth(&self.token);
        let page: PageOfRestBackupRepository = self.send(list).await?;
        check(page.results.len() == PAGE)
    }

    async fn start(&self) -> Result<(), Failure> {
        let url = format!("{}/v5/BackupRepositories/{REPOSITORY}/action", self.base);
        let start = self.v5.post(url).bearer_auth(&self.token).json(&BackupRepositoryAction { sync: None });
        let session: RestRepositorySynchronizeSession = self.send(start).await?;
        check(session.id.is_some())
    }

    /// Signed with our function: the ratio is about the way around it.
    async fn synchronize(&self) -> Result<(), Failure> {
        let path = format!("/v3/{PROJECT}/checkpoints/sync");
        let body = serde_json::to_vec(&synchronization())?;
        let date = stamp();
        let authorization = self.signed(&self.host, &path, &body, &date)?;
        let start = self.cbr.post(format!("{}{path}", self.base)).header(CONTENT_TYPE, JSON).body(body);
        let start = start.header("x-project-id", PROJECT).header("x-sdk-date", date);
        let answer: SyncResp = self.send(start.header(AUTHORIZATION, authorization)).await?;
        check(answer.sync.is_some())
    }

    fn signed(&self, host: &str, path: &str, body: &[u8], date: &str) -> Result<String, Failure> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = [header("content-type", JSON), header("accept", JSON), header("x-project-id", PROJECT)];
        let to_sign = ToSign { method: "POST", host, path, query: &[], headers: &headers, body };
        Ok(signing::sign(&to_sign, &self.keys, date)?.authorization)
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Failure> {
        Ok(request.header(ACCEPT, JSON).send().await?.error_for_status()?.json().await?)
    }
}

fn keys() -> Keys {
    Keys { access: "EXAMPLEACCESSKEY".into(), secret: SecretString::from("example-secret-key"), security_token: None }
}

fn synchronization() -> SyncReq {
    SyncReq { sync: SyncParam { vault_id: VAULT.into(), auto_trigger: false } }
}

fn stamp() -> String {
    Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn check(right: bool) -> Result<(), Failure> {
    if right { Ok(()) } else { Err("the answer holds something else than the server sent".into()) }
}
