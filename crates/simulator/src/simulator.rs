//! The running servers and what can be done to them.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::builder::{Builder, Kind, StartError};
use crate::clock::SimClock;
use crate::endpoint::Endpoint;
use crate::fault::{Fault, Faults};
use crate::http::{About, Running, Server, Shared, Vendor, serve};
use crate::log::{LoggedRequest, RequestLog};
use crate::script::{Behaviour, Scripts};
use crate::settings::Settings;
use crate::tls::{self, Certificate};
use crate::wire::Door;
use crate::{cbr, vb365, vr};

/// Running servers. They stop when this is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    endpoints: Vec<Endpoint>,
    servers: Vec<Arc<Server>>,
    running: Vec<Running>,
}

/// A name that no endpoint of the simulator has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulator has no endpoint with the name {0:?}")]
pub struct UnknownEndpoint(pub String);

/// What every simulated vendor is made with.
pub(crate) struct Setup<'a> {
    pub(crate) name: &'a str,
    /// Scheme, host and port.
    pub(crate) origin: String,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) settings: &'a Settings,
    /// A password nobody else has.
    pub(crate) password: String,
}

impl Simulator {
    /// Begins with no server.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(builder: Builder) -> Result<Self, StartError> {
        let mut names = HashSet::new();
        if let Some((name, _)) = builder.endpoints.iter().find(|(name, _)| !names.insert(name.as_str())) {
            return Err(StartError::SameName(name.clone()));
        }
        if let Some(name) = builder.certificates.keys().find(|name| !names.contains(name.as_str())) {
            return Err(StartError::NoSuchEndpoint(name.clone()));
        }
        let clock = builder.clock.unwrap_or_else(|| SimClock::speed(1.0));
        let log = RequestLog::new(builder.settings.request_log);
        let shared = Arc::new(Shared::new(clock, log, builder.observers, builder.control));
        let mut simulator = Self { shared, endpoints: Vec::new(), servers: Vec::new(), running: Vec::new() };
        for (name, kind) in &builder.endpoints {
            let certificate = builder.certificates.get(name).or(builder.certificate.as_ref());
            simulator.open(name, *kind, &builder.settings, certificate).await?;
        }
        simulator.shared.know(&simulator.servers);
        Ok(simulator)
    }

    async fn open(
        &mut self,
        name: &str,
        kind: Kind,
        settings: &Settings,
        certificate: Option<&Certificate>,
    ) -> Result<(), StartError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let identity = certificate.map(tls::make).transpose()?;
        let scheme = if identity.is_some() { "https" } else { "http" };
        let setup = Setup {
            name,
            origin: format!("{scheme}://{address}"),
            clock: self.shared.clock.clone(),
            scripts: Arc::default(),
            settings,
            password: crate::ids::password().ok_or(StartError::Random)?,
        };
        let scripts = setup.scripts.clone();
        let (vendor, mut endpoint): (Box<dyn Vendor>, Endpoint) = match kind {
            Kind::Vb365(version) => vb365::open(setup, version),
            Kind::Cbr => cbr::open(setup)?,
            Kind::VsphereReplication => vr::open(setup),
        };
        let door = Door::new(listener, identity.as_ref().map(|identity| identity.server.clone()));
        (endpoint.ca_pem, endpoint.fingerprint) =
            identity.map(|identity| (identity.ca_pem, identity.fingerprint)).unzip();
        let about = About {
            vendor: endpoint.vendor.clone(),
            api_version: endpoint.api_version.clone(),
            url: endpoint.url.clone(),
            targets: endpoint.targets.len(),
        };
        let faults = Faults::default();
        let server =
            Arc::new(Server { name: name.into(), about, vendor, scripts, faults, shared: self.shared.clone() });
        self.running.push(serve(server.clone(), door));
        self.servers.push(server);
        self.endpoints.push(endpoint);
        Ok(())
    }

    /// The servers, in the order in which they were added.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The server with this name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// The clock of all servers.
    pub fn clock(&self) -> &Arc<SimClock> {
        &self.shared.clock
    }

    /// The requests so far, oldest first; only the last [`Settings::request_log`] are kept.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.log.newest(None, usize::MAX)
    }

    /// Says how a coming synchronization of a target goes. Several for the same target are used one after the other;
    /// after that, synchronizations succeed.
    ///
    /// For a backup of an `ImportBackup` call the target is its `backup_id`. A target that does not exist is accepted;
    /// its script is never used.
    ///
    /// # Errors
    ///
    /// When there is no such endpoint.
    pub fn script(&self, endpoint: &str, target: &str, behaviour: Behaviour) -> Result<(), UnknownEndpoint> {
        self.server(endpoint)?.scripts.add(target, behaviour);
        Ok(())
    }

    /// Makes coming requests to an endpoint go wrong. Several faults are used in the order in which they are added.
    ///
    /// # Errors
    ///
    /// When there is no such endpoint.
    pub fn fault(&self, endpoint: &str, fault: Fault) -> Result<(), UnknownEndpoint> {
        self.server(endpoint)?.faults.add(fault);
        Ok(())
    }

    fn server(&self, name: &str) -> Result<&Server, UnknownEndpoint> {
        let found = self.servers.iter().find(|server| *server.name == *name);
        found.map(Arc::as_ref).ok_or_else(|| UnknownEndpoint(name.to_owned()))
    }

    /// Stops the servers and waits until they have.
    pub async fn shutdown(self) {
        for running in self.running {
            running.stop().await;
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}
