//! The running servers and what can be done to them.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::builder::{Builder, Kind, StartError};
use crate::clock::SimClock;
use crate::endpoint::Endpoint;
use crate::fault::{Fault, Faults};
use crate::http::{Running, Server, Vendor, serve};
use crate::log::{LoggedRequest, RequestLog};
use crate::script::{Behaviour, Scripts};
use crate::settings::Settings;
use crate::wire::Door;
use crate::{cbr, vb365, vr};

/// Running servers. They stop when this is dropped.
pub struct Simulator {
    clock: Arc<SimClock>,
    log: Arc<RequestLog>,
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
        let clock = builder.clock.unwrap_or_else(|| SimClock::speed(1.0));
        let log = Arc::new(RequestLog::default());
        let mut simulator = Self { clock, log, endpoints: Vec::new(), servers: Vec::new(), running: Vec::new() };
        for (name, kind) in &builder.endpoints {
            simulator.open(name, *kind, &builder.settings).await?;
        }
        Ok(simulator)
    }

    async fn open(&mut self, name: &str, kind: Kind, settings: &Settings) -> Result<(), StartError> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let setup = Setup {
            name,
            origin: format!("http://{address}"),
            clock: self.clock.clone(),
            scripts: Arc::default(),
            settings,
            password: crate::ids::password().ok_or(StartError::Random)?,
        };
        let scripts = setup.scripts.clone();
        let (vendor, endpoint): (Box<dyn Vendor>, Endpoint) = match kind {
            Kind::Vb365(version) => vb365::open(setup, version),
            Kind::Cbr => cbr::open(setup),
            Kind::VsphereReplication => vr::open(setup),
        };
        let server = Arc::new(Server {
            name: name.to_owned(),
            vendor,
            clock: self.clock.clone(),
            scripts,
            faults: Faults::default(),
            log: self.log.clone(),
        });
        self.running.push(serve(server.clone(), Door(listener)));
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
        &self.clock
    }

    /// All requests so far, oldest first; only the last 100,000 are kept.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.log.all()
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
        let found = self.servers.iter().find(|server| server.name == name);
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
