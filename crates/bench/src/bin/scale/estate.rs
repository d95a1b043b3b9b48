//! 10,000 targets at 40 endpoints of all three vendors, simulated, in simulated time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backup_sync::engine::{Limits, MemoryJournal, Options, Provider, Run, Stop, Target};
use backup_sync::huawei_cbr::{self, Cbr};
use backup_sync::runtime::clock::Clock;
use backup_sync::runtime::{BoxFuture, SecretString};
use backup_sync::veeam_vb365::{self, Vb365};
use backup_sync::vsphere_replication::{self, VsphereReplication};
use backup_sync_simulator::{Behaviour, Builder, Endpoint, Settings, SimClock, Simulator, Targets, Vb365Version};
use jiff::Timestamp;

use crate::bound::Vendor;
use crate::{Anything, Verdicts};

/// Endpoints of each vendor.
const ENDPOINTS: [(Vendor, usize); 3] = [(VB365, 14), (CBR, 13), (REPLICATION, 13)];
/// Targets of each endpoint.
const TARGETS: usize = 250;

/// The list of sessions in one answer, repositories in pages of 500.
const VB365: Vendor = Vendor { name: "veeam-vb365", lag: None, quota: None, before: 5, look: 2, renewal: None };
/// Tasks and vaults in pages of 1000.
const CBR: Vendor = Vendor { name: "huawei-cbr", lag: None, quota: None, before: 5, look: 1, renewal: None };
/// Replications and tasks in pages of 100. Our margin below the appliance's 50 requests a minute is part of the quota: it
/// counts where requests arrive.
const REPLICATION: Vendor = Vendor {
    name: "vsphere-replication",
    lag: Some(10),
    quota: Some(40),
    before: 11,
    look: 6,
    renewal: Some((3, Duration::from_secs(300))),
};

/// The simulator's clock for clients; the runtime's is paused, so time moves when everybody waits.
#[derive(Debug)]
struct Flowing(Arc<SimClock>);

impl Clock for Flowing {
    fn monotonic(&self) -> Duration {
        self.0.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.wall()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// How long the job of a target takes: from 5 to 15 minutes.
fn length(number: usize) -> Duration {
    Duration::from_secs(300 + u64::try_from(number * 97 % 601).unwrap_or_default())
}

pub async fn measure(verdicts: &mut Verdicts) -> Anything {
    let simulator = simulate().await?;
    let clock: Arc<dyn Clock> = Arc::new(Flowing(simulator.clock().clone()));
    let mut chosen: Vec<(Arc<dyn Provider>, Vec<Target>)> = Vec::new();
    let real = Instant::now();
    let begun = clock.monotonic();
    for endpoint in simulator.endpoints() {
        let provider = connect(endpoint, &clock).await?;
        let targets = provider.targets().await?;
        chosen.push((provider, targets));
    }
    let mut bounds = BTreeMap::new();
    for (provider, targets) in &chosen {
        let vendor = ENDPOINTS.map(|(vendor, _)| vendor).into_iter().find(|vendor| vendor.name == provider.vendor());
        let lengths: Vec<Duration> = targets.iter().map(|target| length(number(&target.name))).collect();
        let bound = vendor.ok_or("no such vendor")?.bound(&lengths);
        bounds.insert(provider.endpoint().to_owned(), (provider.vendor(), bound));
    }
    let endpoints = chosen.len();
    let run = Run {
        options: Options { limits: Limits::default(), ..Options::default() },
        clock: clock.clone(),
        journal: Arc::new(MemoryJournal::default()),
        sink: Arc::new(|_| {}),
        stop: Stop::default(),
    };
    let report = run.execute(chosen).await;
    let took = clock.monotonic().saturating_sub(begun);
    if report.summary.succeeded != endpoints * TARGETS {
        return Err(format!("not all targets are proven: {:?}", report.summary).into());
    }
    println!(
        "{} targets at {endpoints} endpoints, all proven, {:.1} s of real time",
        endpoints * TARGETS,
        real.elapsed().as_secs_f64()
    );
    for (vendor, _) in ENDPOINTS {
        println!("{}", vendor.formula(TARGETS));
    }
    let requests = simulator.requests();
    let mut told: BTreeMap<&str, (usize, u32, u32, usize)> = BTreeMap::new();
    for (name, (vendor, bound)) in &bounds {
        let sent = requests.iter().filter(|request| request.endpoint == *name).count();
        let row = told.entry(vendor).or_default();
        *row = (row.0 + 1, row.1 + bound.requests, u32::try_from(sent)? + row.2, row.3);
        row.3 += requests.iter().filter(|request| request.endpoint == *name && request.status == 429).count();
    }
    for (vendor, (count, bound, sent, refused)) in told {
        println!("  {vendor}: {count} endpoints, {sent} requests, bound {bound}, {refused} refused");
    }
    let bound = bounds.values().map(|(_, bound)| bound.time).max().unwrap_or_default();
    let least: u32 = bounds.values().map(|(_, bound)| bound.requests).sum();
    println!("  time {} s, bound {} s; requests {}, bound {least}", took.as_secs(), bound.as_secs(), requests.len());
    verdicts.judge("time of 10,000 targets, of its bound", took.as_secs_f64() / bound.as_secs_f64(), 1.1, "times");
    let share = f64::from(u32::try_from(requests.len())?) / f64::from(least);
    verdicts.judge("requests of 10,000 targets, of their bound", share, 1.2, "times");
    Ok(())
}

/// The number at the end of a name.
fn number(name: &str) -> usize {
    name.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

async fn simulate() -> Anything<Simulator> {
    let settings =
        Settings { targets: Some(Targets { ready: TARGETS, other: 0 }), request_log: 1_000_000, ..Settings::default() };
    let mut builder = Simulator::builder().settings(settings).clock(SimClock::speed(1.0)).control(false);
    for (vendor, count) in ENDPOINTS {
        for place in 1..=count {
            builder = add(builder, vendor, &format!("{}-{place}", vendor.name));
        }
    }
    Ok(builder.start().await?)
}

fn add(builder: Builder, vendor: Vendor, name: &str) -> Builder {
    let (builder, word) = match vendor.name {
        "veeam-vb365" => (builder.vb365(name, Vb365Version::V8), "repository"),
        "huawei-cbr" => (builder.cbr(name), "hybrid"),
        _ => (builder.vsphere_replication(name), "vm"),
    };
    (1..=TARGETS).fold(builder, |builder, number| {
        builder.scripts(name, format!("{word}-{number}"), [Behaviour::success().lasting(length(number))])
    })
}

async fn connect(endpoint: &Endpoint, clock: &Arc<dyn Clock>) -> Anything<Arc<dyn Provider>> {
    let secret = |text: &str| SecretString::from(text.to_owned());
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let Endpoint { name, url, username, password, .. } = endpoint;
    Ok(match endpoint.vendor.as_str() {
        "veeam-vb365" => {
            let config = veeam_vb365::Config::new(name, url, username, secret(password));
            Arc::new(Vb365::connect(&veeam_vb365::Config { clock: clock.clone(), ..config }).await?)
        }
        "huawei-cbr" => {
            let (domain, username) = (own(&endpoint.domain), username.clone());
            let credentials = huawei_cbr::Credentials::Password { domain, username, password: secret(password) };
            let config = huawei_cbr::Config::new(name, own(&endpoint.region), credentials);
            let iam_url = own(&endpoint.iam_url);
            Arc::new(
                Cbr::connect(&huawei_cbr::Config { url: url.clone(), iam_url, clock: clock.clone(), ..config }).await?,
            )
        }
        _ => {
            let login = |username: &str, password: &str| vsphere_replication::Login {
                username: username.to_owned(),
                password: secret(password),
            };
            let remote = login(&own(&endpoint.remote_username), &own(&endpoint.remote_password));
            let config = vsphere_replication::Config::new(name, url, login(username, password));
            let config = vsphere_replication::Config { remote: Some(remote), clock: clock.clone(), ..config };
            Arc::new(VsphereReplication::connect(&config).await?)
        }
    })
}
