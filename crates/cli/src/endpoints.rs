//! From configured endpoints to connected providers and their targets.

use std::path::Path;
use std::sync::Arc;

use backup_sync::engine::{Provider, Selector, Target};
use backup_sync::huawei_cbr::{self, Cbr};
use backup_sync::runtime::{Error, Service};
use backup_sync::veeam_vb365::{self, Vb365};
use backup_sync::vsphere_replication::{self, VsphereReplication};
use futures_util::future::join_all;

use crate::config;
use crate::exit::Failure;
use crate::prepare::checked;
pub use crate::prepare::prepare;

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

/// The endpoints of a configuration that `selectors` can mean, prepared; all of them when there is no selector.
pub fn prepare_all(
    file: &config::File,
    folder: &Path,
    selectors: &[Selector],
) -> Result<Vec<(String, Prepared)>, Failure> {
    for selector in selectors {
        if !file.endpoints.keys().any(|name| selector.matches_endpoint(name)) {
            let known: Vec<&str> = file.endpoints.keys().map(String::as_str).collect();
            let what =
                format!("target {selector}: no endpoint of that name is configured; known are {}", known.join(", "));
            return Err(Failure::usage(what));
        }
    }
    let wanted = |name: &str| selectors.is_empty() || selectors.iter().any(|selector| selector.matches_endpoint(name));
    let endpoints = file.endpoints.iter().filter(|(name, _)| wanted(name));
    let mut prepared = Vec::new();
    let mut problems = Vec::new();
    for (name, endpoint) in endpoints {
        match checked(name, endpoint, folder) {
            Ok(one) => prepared.push((name.clone(), one)),
            Err(wrong) => problems.extend(wrong),
        }
    }
    if problems.is_empty() { Ok(prepared) } else { Err(Failure::several(&problems)) }
}

/// Connects to all endpoints at once and lists their targets. Nothing is started when one of them cannot be used.
pub async fn open(prepared: &[(String, Prepared)], selectors: &[Selector]) -> Result<Chosen, Failure> {
    let opened = join_all(prepared.iter().map(|(name, prepared)| async move {
        let provider = prepared.connect().await.map_err(|error| (name.clone(), error))?;
        match provider.targets().await {
            Ok(targets) => Ok((provider, targets)),
            Err(error) => {
                close(&*provider).await;
                Err((name.clone(), error))
            }
        }
    }))
    .await;
    let mut chosen = Vec::new();
    let mut failed = Vec::new();
    for outcome in opened {
        match outcome {
            Ok(endpoint) => chosen.push(endpoint),
            Err(failure) => failed.push(failure),
        }
    }
    let narrowed = if failed.is_empty() { narrow(&mut chosen, selectors) } else { Err(Failure::Endpoints(failed)) };
    match narrowed {
        Ok(()) => Ok(chosen),
        Err(failure) => {
            close_all(&chosen).await;
            Err(failure)
        }
    }
}

/// Keeps what the selectors mean; a selector that means nothing is an error, because a typing error must not pass.
fn narrow(chosen: &mut Chosen, selectors: &[Selector]) -> Result<(), Failure> {
    let meant = |selector: &Selector, target: &Target| selector.matches(&target.address, &target.name);
    for selector in selectors {
        if !chosen.iter().any(|(_, targets)| targets.iter().any(|target| meant(selector, target))) {
            let what = format!("target {selector}: there is no such target; `backup-sync targets` lists them");
            return Err(Failure::usage(what));
        }
    }
    if !selectors.is_empty() {
        for (_, targets) in chosen {
            targets.retain(|target| selectors.iter().any(|selector| meant(selector, target)));
        }
    }
    Ok(())
}

/// Logs out everywhere.
pub async fn close_all(chosen: &Chosen) {
    join_all(chosen.iter().map(|(provider, _)| close(&**provider))).await;
}

/// Logs out.
pub async fn close(provider: &dyn Provider) {
    if let Err(error) = provider.close().await {
        tracing::warn!(endpoint = provider.endpoint(), %error, "logging out failed");
    }
}
