//! Measures what the layers of this project cost, each beside its floor in the same run.
//!
//! `cargo run --release -p backup-sync-bench` prints one line for each measurement: minimum, median and maximum of
//! several rounds. Figures worth keeping go into `docs/performance.md` with the command.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backup_sync::runtime::{Connection, Timeouts, auth::Fixed, call, tls::Trust};
use backup_sync::veeam_vb365::v8;

const ROUNDS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let body = Arc::new(page(1000));
    decoding(&body)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(requests(body))
}

/// A page of repositories as a v8 server sends it.
fn page(count: usize) -> String {
    let repository = |index: usize| {
        serde_json::json!({
            "id": format!("00000000-0000-4000-8000-{index:012}"), "name": format!("Repository {index}"),
            "description": null, "path": "C:\\Cache", "retentionType": "ItemLevel", "retentionPeriodType": "Yearly",
            "yearlyRetentionPeriod": "Years3", "isOutOfSync": index.is_multiple_of(2), "capacityBytes": 10_995_116_277_760_i64,
            "_links": {"self": {"href": format!("/v8/BackupRepositories/{index}")}}
        })
    };
    serde_json::json!({"offset": 0, "limit": count, "results": (0..count).map(repository).collect::<Vec<_>>()})
        .to_string()
}

fn decoding(body: &str) -> Result<(), Box<dyn Error>> {
    println!("decoding one page of 1000 repositories, {} KiB", body.len() / 1024);
    let mut floor = Vec::new();
    let mut typed = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(serde_json::from_str::<serde_json::Value>(body)?);
        floor.push(start.elapsed());
        let start = Instant::now();
        black_box(serde_json::from_str::<v8::types::PageOfRestBackupRepository>(body)?);
        typed.push(start.elapsed());
    }
    show("  floor: untyped JSON", floor);
    show("  typed, open enums, tolerant", typed);
    Ok(())
}

async fn requests(body: Arc<String>) -> Result<(), Box<dyn Error>> {
    let small = Arc::new(page(1));
    let answer = |body: Arc<String>| {
        axum::routing::get(move || {
            let body = body.clone();
            async move { ([("content-type", "application/json")], body.as_str().to_owned()) }
        })
    };
    let app = axum::Router::new()
        .route("/small/BackupRepositories", answer(small))
        .route("/large/BackupRepositories", answer(body));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    for (size, count) in [("small", 500_u32), ("large", 50)] {
        let base = format!("http://{address}/{size}");
        println!("{count} requests one after another, {size} answer");
        let http = Trust::default().client(Timeouts::default())?;
        let connection =
            Connection::builder(v8::OPERATIONS).http(http.clone()).auth(Arc::new(Fixed::anonymous())).build()?;
        let client = v8::Client::new_with_client(&base, http.clone(), connection);
        let mut floor = Vec::new();
        let mut ours = Vec::new();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..count {
                let page = http.get(format!("{base}/BackupRepositories")).send().await?;
                black_box(serde_json::from_slice::<v8::types::PageOfRestBackupRepository>(&page.bytes().await?)?);
            }
            floor.push(start.elapsed() / count);
            let start = Instant::now();
            for _ in 0..count {
                black_box(call("BackupRepository_List", client.backup_repository_list().send()).await?);
            }
            ours.push(start.elapsed() / count);
        }
        show("  floor: the HTTP client alone", floor);
        show("  through the runtime", ours);
    }
    server.abort();
    Ok(())
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let (Some(least), Some(most)) = (times.first(), times.last()) else { return };
    let median = times[times.len() / 2];
    println!("{what:32} min {least:>10.1?}  median {median:>10.1?}  max {most:>10.1?}");
}
