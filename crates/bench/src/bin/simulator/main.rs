//! Measures the simulator beside a bare axum route in one run: requests a second, memory, time to start.
//!
//! `cargo run --release -p backup-sync-bench --bin simulator`. The load comes from a child process over loopback, for a
//! bounded time and count; routes and simulator take turns, so that both meet the same machine.

mod load;
mod sites;

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use backup_sync_simulator::{Settings, Simulator, Vb365Version};

use crate::sites::Site;

type Anything<T = ()> = Result<T, Box<dyn Error>>;

/// Targets of each endpoint.
const TARGETS: usize = 20_000;
/// How often routes and simulator take turns.
const ROUNDS: usize = 5;
const STARTS: u32 = 20;

fn main() -> Anything {
    if std::env::args().nth(1).as_deref() == Some(load::CHILD) {
        return load::child();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(starts())?;
    runtime.block_on(requests())
}

/// How long a start takes, and what many targets hold.
async fn starts() -> Anything {
    let begin = Instant::now();
    for _ in 0..STARTS {
        simulator(Settings::default()).await?.shutdown().await;
    }
    println!("start and stop of three endpoints: {:.1?}", begin.elapsed() / STARTS);
    let (before, begin) = (resident()?, Instant::now());
    let one = Settings { more_targets: TARGETS, ..Settings::default() };
    let simulator = Simulator::builder().vb365("m365", Vb365Version::V8).settings(one).start().await?;
    println!(
        "start of one endpoint with {TARGETS} targets: {:.1?}, the process grows from {before} to {} MiB",
        begin.elapsed(),
        resident()?
    );
    simulator.shutdown().await;
    Ok(())
}

async fn simulator(settings: Settings) -> Anything<Simulator> {
    let builder = Simulator::builder().vb365("m365", Vb365Version::V8).cbr("cloud").vsphere_replication("dr");
    Ok(builder.settings(settings).start().await?)
}

async fn requests() -> Anything {
    let settings = Settings { more_targets: TARGETS, vr_session_limit: 0, vr_address_limit: 0, ..Settings::default() };
    let begin = Instant::now();
    let simulator = simulator(settings).await?;
    println!("start of three endpoints with {TARGETS} targets each: {:.1?}, {} MiB", begin.elapsed(), resident()?);
    let all = tokio::task::block_in_place(|| sites::all(&simulator))?;
    for site in all {
        let floor = bare(&site.body).await?;
        let (mut floors, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floors.push(measure(floor, &site.bare_request()).await?);
            ours.push(measure(site.address, &site.request).await?);
        }
        report(&site, floors, ours);
    }
    println!("memory after all requests: {} MiB", resident()?);
    simulator.shutdown().await;
    Ok(())
}

/// A route that answers with `body` and knows nothing.
async fn bare(body: &str) -> Anything<SocketAddr> {
    let body: &'static str = body.to_owned().leak();
    let route = axum::routing::get(move || async move { ([("content-type", "application/json")], body) });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/", route)).await });
    Ok(address)
}

async fn measure(address: SocketAddr, request: &str) -> Anything<f64> {
    let request = request.to_owned();
    let measured = tokio::task::spawn_blocking(move || load::run(address, &request).map_err(|why| why.to_string()));
    Ok(measured.await??)
}

fn report(site: &Site, floors: Vec<f64>, ours: Vec<f64>) {
    let (floor, ours) = (median(floors), median(ours));
    println!(
        "{:44} bare route {floor:>6.0}/s  simulator {ours:>6.0}/s  share {:.2}  ({} bytes)",
        site.what,
        ours / floor,
        site.body.len()
    );
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// MiB that the process holds.
fn resident() -> Anything<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}

/// How long one measurement takes, and how many connections it uses.
const ROUND: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 32;
