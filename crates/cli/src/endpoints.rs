//! From configured endpoints to connected providers and their targets.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use backup_sync::engine::{CLOSE_LIMIT, Provider, Target};
use backup_sync::huawei_cbr::{self, Cbr};
use backup_sync::runtime::diagnose::Finding;
use backup_sync::runtime::quota::Quota;
use backup_sync::runtime::suggest::did_you_mean;
use backup_sync::runtime::{Error, Service};
use backup_sync::veeam_vb365::{self, Vb365};
use backup_sync::vsphere_replication::{self, VsphereReplication};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;

use crate::config::Endpoint;
use crate::exit::Failure;
use crate::prepare::prepare;
use crate::selection::Wanted;
use crate::signals;

/// A connected endpoint with the targets that were chosen.
pub type Chosen = Vec<(Arc<dyn Provider>, Vec<Target>)>;

/// Everything about an endpoint that can be checked without a network.
pub enum Prepared {
    /// Veeam Backup for Microsoft 365.
    Vb365(veeam_vb365::Config),
    /// Huawei Cloud CBR.
    Cbr(huawei_cbr::Config),
    /// VMware vSphere Replication.
    Replication(vsphere_replication::Config),
}

impl Prepared {
    /// Connects and logs in.
    pub async fn connect(&self) -> Result<Arc<dyn Provider>, Error> {
        Ok(self.open().await?.0)
    }

    /// What is right and wrong there.
    pub async fn diagnose(&self) -> Vec<Finding> {
        match self {
            Self::Vb365(config) => veeam_vb365::diagnose(config).await,
            Self::Cbr(config) => huawei_cbr::diagnose(config).await,
            Self::Replication(config) => vsphere_replication::diagnose(config).await,
        }
    }

    /// Connects and logs in; with the operations by name.
    pub async fn open(&self) -> Result<(Arc<dyn Provider>, Vec<Service>), Error> {
        Ok(match self {
            Self::Vb365(config) => {
                let server = Vb365::connect(config).await?;
                let services = server.services();
                (Arc::new(server), services)
            }
            Self::Cbr(config) => {
                let region = Cbr::connect(config).await?;
                let services = region.services();
                (Arc::new(region), services)
            }
            Self::Replication(config) => {
                let appliance = VsphereReplication::connect(config).await?;
                let services = appliance.services();
                (Arc::new(appliance), services)
            }
        })
    }
}

/// A name that is no endpoint's.
pub fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let meant = did_you_mean(name, known.iter().copied());
    Failure::usage(format!("no endpoint {name:?} is configured{meant} (known are {})", known.join(", ")))
}

/// These endpoints, prepared. What is wrong with them is told of all.
pub fn prepare_each<'a>(
    endpoints: impl Iterator<Item = (&'a String, &'a Endpoint)>,
    folder: &Path,
) -> Result<Vec<(String, Prepared)>, Failure> {
    let mut prepared = Vec::new();
    let mut problems = Vec::new();
    for (name, endpoint) in endpoints {
        match prepare(name, endpoint, folder) {
            Ok(one) => prepared.push((name.clone(), one)),
            Err(Failure::Problems(wrong)) => problems.extend(wrong),
            Err(failure) => return Err(failure),
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    share_quotas(&mut prepared);
    Ok(prepared)
}

/// An appliance counts the requests of a client's address, however many endpoints are configured for it.
fn share_quotas(prepared: &mut [(String, Prepared)]) {
    let mut quotas: HashMap<String, Quota> = HashMap::new();
    for (_, one) in prepared {
        if let Prepared::Replication(config) = one {
            let quota = quotas.entry(host_and_port(&config.url)).or_insert_with(|| config.address_quota.clone());
            config.address_quota = quota.clone();
        }
    }
}

/// Where a URL leads, with the port that it does not name.
fn host_and_port(url: &str) -> String {
    match reqwest::Url::parse(url) {
        Ok(url) => {
            format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
        }
        Err(_) => url.to_owned(),
    }
}

/// Connects to all endpoints at once and lists their targets. Nothing is started when one of them cannot be used, and no
/// session is left behind when somebody breaks off.
pub async fn open(prepared: &[(String, Prepared)], wanted: &Wanted) -> Result<Chosen, Failure> {
    let mut chosen = open_all(prepared, open_one).await?;
    match wanted.narrow(&mut chosen) {
        Ok(()) => Ok(chosen),
        Err(failure) => {
            close_all(&chosen).await;
            Err(failure)
        }
    }
}

/// Endpoints that cannot be used, by name, with the reason.
pub type Absent = Vec<(String, Error)>;

/// Endpoints of a run that goes on: those that are connected, and those that cannot be used now.
#[derive(Default)]
pub struct Reached {
    /// The connections.
    pub providers: Vec<Arc<dyn Provider>>,
    /// What cannot be used, and why.
    pub dark: Absent,
}

impl Reached {
    /// The connections, when there are all of them.
    pub async fn all(self) -> Result<Vec<Arc<dyn Provider>>, Failure> {
        if self.dark.is_empty() {
            return Ok(self.providers);
        }
        join_all(self.providers.iter().map(|provider| close(provider.endpoint(), provider.close()))).await;
        Err(Failure::Endpoints(self.dark))
    }
}

/// Connects to all endpoints at once, without asking for targets. Those that cannot be used are no reason to leave the
/// others: what was started there wants to be watched.
pub async fn reach(prepared: &[(String, Prepared)]) -> Result<Reached, Failure> {
    let (opened, dark) = attempt_all(prepared, async |one: &Prepared| Ok((one.connect().await?, ()))).await?;
    Ok(Reached { providers: opened.into_iter().map(|(provider, ())| provider).collect(), dark })
}

/// The same for one endpoint, with its operations by name.
pub async fn open_services(prepared: &[(String, Prepared)]) -> Result<(Arc<dyn Provider>, Vec<Service>), Failure> {
    let opened = open_all(prepared, Prepared::open).await?;
    opened.into_iter().next().ok_or(Failure::BrokenOff)
}

/// The same as [`open`] for a look: endpoints that cannot be used hide no other.
pub async fn open_what_can_be(
    prepared: &[(String, Prepared)],
    wanted: &mut Wanted,
) -> Result<(Chosen, Absent), Failure> {
    let (mut chosen, absent) = attempt_all(prepared, open_one).await?;
    wanted.leave_out(absent.iter().map(|(name, _)| name.as_str()));
    match wanted.narrow(&mut chosen) {
        Ok(()) => Ok((chosen, absent)),
        Err(failure) => {
            close_all(&chosen).await;
            Err(failure)
        }
    }
}

/// Opens all endpoints at once; none stays open when one of them cannot be used, or when somebody breaks off.
async fn open_all<T>(
    prepared: &[(String, Prepared)],
    open: impl AsyncFn(&Prepared) -> Result<(Arc<dyn Provider>, T), Error>,
) -> Result<Vec<(Arc<dyn Provider>, T)>, Failure> {
    let (opened, failed) = attempt_all(prepared, open).await?;
    if failed.is_empty() {
        return Ok(opened);
    }
    close_all(&opened).await;
    Err(Failure::Endpoints(failed))
}

/// Opens what can be opened; nothing stays open when somebody breaks off.
async fn attempt_all<T>(
    prepared: &[(String, Prepared)],
    open: impl AsyncFn(&Prepared) -> Result<(Arc<dyn Provider>, T), Error>,
) -> Result<(Vec<(Arc<dyn Provider>, T)>, Absent), Failure> {
    if signals::is_asked_to_end() {
        return Err(Failure::BrokenOff);
    }
    let open = &open;
    let opening = prepared.iter().map(async |(name, one)| open(one).await.map_err(|error| (name.clone(), error)));
    let mut opened = Vec::new();
    let mut failed = Vec::new();
    for outcome in gather(opening, signals::asked_to_end(), CLOSE_LIMIT).await {
        match outcome {
            Ok(endpoint) => opened.push(endpoint),
            Err(failure) => failed.push(failure),
        }
    }
    if signals::is_asked_to_end() {
        close_all(&opened).await;
        return Err(Failure::BrokenOff);
    }
    Ok((opened, failed))
}

/// One endpoint with its targets. A login is never dropped half way: nobody could end the session that it may give.
async fn open_one(prepared: &Prepared) -> Result<(Arc<dyn Provider>, Vec<Target>), Error> {
    let provider = prepared.connect().await?;
    // Nobody wants the targets when the run is broken off, but the session has to be ended.
    let listed = signals::until_asked_to_end(provider.targets()).await;
    match listed.unwrap_or_else(|| Ok(Vec::new())) {
        Ok(targets) => Ok((provider, targets)),
        Err(error) => {
            close(provider.endpoint(), provider.close()).await;
            Err(error)
        }
    }
}

/// What all `works` give, in their order; of those under way when it is broken off, what they give within
/// `limit`.
pub async fn gather<T>(
    works: impl Iterator<Item = impl Future<Output = T>>,
    broken_off: impl Future<Output = ()>,
    limit: Duration,
) -> Vec<T> {
    let mut under_way: FuturesUnordered<_> =
        works.enumerate().map(|(index, work)| async move { (index, work.await) }).collect();
    let limit = async {
        broken_off.await;
        tokio::time::sleep(limit).await;
    };
    tokio::pin!(limit);
    let mut done = Vec::new();
    loop {
        tokio::select! {
            next = under_way.next() => match next {
                Some(one) => done.push(one),
                None => break,
            },
            () = &mut limit => break,
        }
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, one)| one).collect()
}

/// Logs out everywhere, within [`CLOSE_LIMIT`].
pub async fn close_all<T>(opened: &[(Arc<dyn Provider>, T)]) {
    join_all(opened.iter().map(|(provider, _)| close(provider.endpoint(), provider.close()))).await;
}

/// Logs out of one endpoint, within [`CLOSE_LIMIT`].
pub async fn close(endpoint: &str, closing: impl Future<Output = Result<(), Error>>) {
    match tokio::time::timeout(CLOSE_LIMIT, closing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(endpoint, %error, "logging out failed"),
        Err(_) => tracing::warn!(endpoint, "logging out took too long and was left"),
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use backup_sync::runtime::SecretString;
    use backup_sync::runtime::clock::ManualClock;
    use jiff::Timestamp;

    use super::*;
    use crate::config;
    use crate::selection::label::Labels;

    /// How often a request through the second endpoint waits after as many through the first as an appliance takes.
    async fn waits(urls: [&str; 2]) -> usize {
        let endpoint = |url: &str| {
            let password = config::Secret::Given(SecretString::from("password"));
            let (url, username, tls) = (url.to_owned(), "user".to_owned(), config::Tls::default());
            let labels = Labels::new();
            Endpoint::VsphereReplication(config::Replication { url, username, password, remote: None, labels, tls })
        };
        let endpoints = [("a".to_owned(), endpoint(urls[0])), ("b".to_owned(), endpoint(urls[1]))];
        let both = prepare_each(endpoints.iter().map(|(name, endpoint)| (name, endpoint)), Path::new("")).unwrap();
        let quotas: Vec<Quota> = both.into_iter().filter_map(|(_, one)| one.address_quota()).collect();
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        for _ in 0..80 {
            quotas[0].acquire(&*clock, |_| {}).await;
        }
        quotas[1].acquire(&*clock, |_| {}).await;
        clock.waits().len()
    }

    impl Prepared {
        fn address_quota(self) -> Option<Quota> {
            match self {
                Self::Replication(config) => Some(config.address_quota),
                _ => None,
            }
        }
    }

    #[tokio::test]
    async fn endpoints_at_one_appliance_share_its_quota() {
        let url = "https://vrms.example.org/api/rest/vr/v2";
        for same in [url, "https://VRMS.example.org:443/api/rest/vr/v2", "https://vrms.example.org/api/rest/vr/v1"] {
            assert_eq!(waits([url, same]).await, 1, "{same}");
        }
        for other in ["https://vrms2.example.org/api/rest/vr/v2", "https://vrms.example.org:8043/api/rest/vr/v2"] {
            assert_eq!(waits([url, other]).await, 0, "{other}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_when_somebody_breaks_off_is_waited_for_but_not_for_ever() {
        let works = [Some(Duration::from_secs(9)), None, Some(Duration::ZERO), Some(Duration::from_secs(11))];
        let work = |time: Option<Duration>| async move {
            match time {
                Some(time) => tokio::time::sleep(time).await,
                None => pending().await,
            }
            time.map(|time| time.as_secs())
        };
        assert_eq!(gather(works.into_iter().map(work), ready(()), CLOSE_LIMIT).await, [Some(9), Some(0)]);
        let works = [Some(Duration::from_secs(60)), Some(Duration::ZERO)];
        assert_eq!(gather(works.into_iter().map(work), pending(), CLOSE_LIMIT).await, [Some(60), Some(0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_doctor_who_is_sent_away_leaves_soon() {
        let begun = tokio::time::Instant::now();
        let works = [Some(Duration::from_secs(1)), None].into_iter().map(|time: Option<Duration>| async move {
            match time {
                Some(time) => tokio::time::sleep(time).await,
                None => pending().await,
            }
        });
        assert_eq!(gather(works, ready(()), crate::cmd::doctor::LEAVE_LIMIT).await.len(), 1, "a login had its time");
        assert!(begun.elapsed() <= Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_logout_that_does_not_come_back_is_left() {
        let begun = tokio::time::Instant::now();
        close("m365", pending()).await;
        assert_eq!(begun.elapsed().as_secs(), CLOSE_LIMIT.as_secs());
    }
}
