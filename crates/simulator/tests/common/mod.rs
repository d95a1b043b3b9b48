//! What the tests share: a clock for the clients that moves the simulator's, and one synchronization from begin to end.
#![allow(dead_code, clippy::expect_used, reason = "each test file uses a part")]

pub mod cloud;
#[path = "../../../../tests/support/conformance.rs"]
mod conformance;
pub mod veeam;

use std::sync::Arc;
use std::time::Duration;

use backup_sync_engine::{Baseline, Claim, Ending, Outcome, Phase, Provider, Target, Verdict};
use backup_sync_runtime::clock::Clock;
use backup_sync_runtime::{BoxFuture, SecretString};
use backup_sync_simulator::{Builder, Endpoint, SimClock, Simulator};
pub use conformance::Checked;
use huawei_cbr::Cbr;
use jiff::Timestamp;
use veeam_vb365::Vb365;
use vsphere_replication::VsphereReplication;

pub type Anything = Result<(), Box<dyn std::error::Error>>;

/// The simulator's clock for a client: waiting takes no real time and moves simulated time.
#[derive(Debug)]
pub struct Together(pub Arc<SimClock>);

impl Clock for Together {
    fn monotonic(&self) -> Duration {
        self.0.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.wall()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.0.advance(duration);
        Box::pin(tokio::task::yield_now())
    }
}

/// The simulator's clock for a client while the runtime's is paused: time moves when everybody waits, and only then.
#[derive(Debug)]
pub struct Flowing(pub Arc<SimClock>);

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

/// Starts with a clock that stands still; all answers are compared with the documents.
pub async fn start(builder: Builder) -> Result<Checked, Box<dyn std::error::Error>> {
    Ok(Checked::start(builder.clock(SimClock::manual())).await?)
}

pub fn only(simulator: &Simulator) -> Result<&Endpoint, String> {
    simulator.endpoints().first().ok_or_else(|| "there is no endpoint".to_owned())
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

pub fn clock(simulator: &Simulator) -> Arc<dyn Clock> {
    Arc::new(Together(simulator.clock().clone()))
}

pub fn vb365_config(simulator: &Simulator, endpoint: &Endpoint) -> veeam_vb365::Config {
    let password = secret(&endpoint.password);
    let config = veeam_vb365::Config::new(&endpoint.name, &endpoint.url, &endpoint.username, password);
    veeam_vb365::Config { clock: clock(simulator), ..config }
}

pub async fn vb365(simulator: &Simulator) -> Result<Vb365, Box<dyn std::error::Error>> {
    Ok(Vb365::connect(&vb365_config(simulator, only(simulator)?)).await?)
}

pub fn cbr_config(simulator: &Simulator, endpoint: &Endpoint) -> huawei_cbr::Config {
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let (region, domain, iam_url) = (own(&endpoint.region), own(&endpoint.domain), own(&endpoint.iam_url));
    let (username, password) = (endpoint.username.clone(), secret(&endpoint.password));
    let credentials = huawei_cbr::Credentials::Password { domain, username, password };
    let config = huawei_cbr::Config::new(&endpoint.name, region, credentials);
    huawei_cbr::Config { url: endpoint.url.clone(), iam_url, clock: clock(simulator), ..config }
}

pub async fn cbr(simulator: &Simulator) -> Result<Cbr, Box<dyn std::error::Error>> {
    Ok(Cbr::connect(&cbr_config(simulator, only(simulator)?)).await?)
}

pub fn vr_config(simulator: &Simulator, endpoint: &Endpoint) -> vsphere_replication::Config {
    let local =
        vsphere_replication::Login { username: endpoint.username.clone(), password: secret(&endpoint.password) };
    let remote = endpoint.remote_username.clone().zip(endpoint.remote_password.as_deref().map(secret));
    let remote = remote.map(|(username, password)| vsphere_replication::Login { username, password });
    let config = vsphere_replication::Config::new(&endpoint.name, &endpoint.url, local);
    vsphere_replication::Config { remote, clock: clock(simulator), ..config }
}

pub async fn vr(simulator: &Simulator) -> Result<VsphereReplication, Box<dyn std::error::Error>> {
    Ok(VsphereReplication::connect(&vr_config(simulator, only(simulator)?)).await?)
}

/// The target with this name.
pub async fn target(provider: &dyn Provider, name: &str) -> Result<Target, Box<dyn std::error::Error>> {
    let targets = provider.targets().await?;
    Ok(targets.into_iter().find(|target| target.name == name).ok_or_else(|| format!("no target {name}"))?)
}

pub async fn baseline(provider: &dyn Provider, target: &Target) -> Result<Baseline, Box<dyn std::error::Error>> {
    let baselines = provider.baseline(std::slice::from_ref(target)).await?;
    Ok(baselines.into_iter().next().ok_or("no baseline")?)
}

/// One synchronization: what was seen on the way, and how it ended. Looks each second for `looks` seconds.
pub struct Story {
    pub states: Vec<String>,
    pub percents: Vec<Option<f64>>,
    pub outcome: Outcome,
}

pub async fn synchronize(
    simulator: &Simulator,
    provider: &dyn Provider,
    name: &str,
    looks: usize,
) -> Result<Story, Box<dyn std::error::Error>> {
    let target = target(provider, name).await?;
    let before = baseline(provider, &target).await?;
    let job = provider.trigger(&target, &before).await?;
    let mut story =
        Story { states: Vec::new(), percents: Vec::new(), outcome: Outcome::StillRunning { why: String::new() } };
    for _ in 0..looks {
        let seen = provider.observe(&[&job]).await?;
        let last = seen.into_iter().next().ok_or("nothing seen")?;
        story.states.push(last.state.clone());
        story.percents.push(last.percent);
        match &last.phase {
            Phase::Ended(Ending::Failed(reason)) => {
                story.outcome = Outcome::Failed { reason: reason.clone() };
                return Ok(story);
            }
            Phase::Ended(Ending::Stopped) => {
                story.outcome = Outcome::Stopped;
                return Ok(story);
            }
            Phase::Ended(Ending::Claimed) | Phase::Gone => {
                let claim = Claim { job: &job, baseline: &before, last: &last };
                match provider.verify(&[claim]).await?.into_iter().next() {
                    Some(Verdict::Decided(outcome)) => {
                        story.outcome = outcome;
                        return Ok(story);
                    }
                    Some(Verdict::NotYet { otherwise, .. }) => story.outcome = otherwise,
                    _ => {}
                }
            }
            Phase::Waiting | Phase::Running | Phase::Unclear => {}
        }
        simulator.clock().advance(Duration::from_secs(1));
    }
    Ok(story)
}

/// An HTTP client that knows nothing of the vendors.
pub fn http() -> Result<reqwest::Client, backup_sync_runtime::Error> {
    Ok(backup_sync_runtime::Connection::builder(&[]).to("http://127.0.0.1").build()?.http())
}
