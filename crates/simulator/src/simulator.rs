//! The running servers and what can be done to them.

use std::collections::HashSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use globset::GlobBuilder;
use tokio::net::TcpListener;

use crate::builder::{Builder, Kind, Order, StartError};
use crate::clock::SimClock;
use crate::endpoint::{Endpoint, EndpointTarget};
use crate::fault::{Fault, Faults};
use crate::http::{About, Running, Server, Shared, Vendor, serve};
use crate::limit::Addresses;
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

/// A script that is for no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no target of endpoint {endpoint:?} is meant by {pattern:?}: {why}")]
pub struct NoTarget {
    /// Name of the endpoint.
    pub endpoint: String,
    /// What should mean one or more of its targets.
    pub pattern: String,
    /// What is wrong with it, or what there is.
    pub why: String,
}

/// So many targets are named at most where one was looked for in vain.
const NAMED: usize = 10;

fn known(targets: &[EndpointTarget]) -> String {
    let names: Vec<&str> = targets.iter().take(NAMED).map(|target| target.name.as_str()).collect();
    let more = if targets.len() > NAMED { " and more" } else { "" };
    if names.is_empty() { "it has none".to_owned() } else { format!("it has {}{more}", names.join(", ")) }
}

/// Opens the port of the endpoint with this number.
async fn listen(address: Option<SocketAddr>, number: usize) -> Result<TcpListener, StartError> {
    let Some(first) = address else {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(StartError::Listen);
    };
    let port = match (first.port(), u16::try_from(number).ok()) {
        (0, _) => Some(0),
        (port, number) => number.and_then(|number| port.checked_add(number)),
    };
    let address = SocketAddr::new(first.ip(), port.ok_or(StartError::Ports(first.port()))?);
    TcpListener::bind(address).await.map_err(|cause| StartError::ListenAt(address, cause))
}

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
        for (number, (name, kind)) in builder.endpoints.iter().enumerate() {
            let settings = builder.own_settings.get(name).unwrap_or(&builder.settings);
            let certificate = builder.certificates.get(name).or(builder.certificate.as_ref());
            let listener = listen(builder.listen, number).await?;
            simulator.open(name, *kind, settings, certificate, listener)?;
        }
        for (endpoint, order) in builder.orders {
            simulator.obey(&endpoint, order)?;
        }
        simulator.shared.know(&simulator.servers);
        Ok(simulator)
    }

    fn obey(&self, endpoint: &str, order: Order) -> Result<(), StartError> {
        match order {
            Order::Scripts(pattern, runs) => self.script_all(endpoint, &pattern, &runs)?,
            Order::Backup(id, runs) => {
                runs.into_iter().try_for_each(|behaviour| self.script(endpoint, &id, behaviour))?;
            }
            Order::Fault(passing, fault) => self.fault_after(endpoint, passing, fault)?,
        }
        Ok(())
    }

    fn open(
        &mut self,
        name: &str,
        kind: Kind,
        settings: &Settings,
        certificate: Option<&Certificate>,
        listener: TcpListener,
    ) -> Result<(), StartError> {
        let mut address = listener.local_addr().map_err(StartError::Listen)?;
        // Nobody can connect to "any address"; on this machine the loopback interface is one of them.
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
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
        let server = Arc::new(Server {
            name: name.into(),
            about,
            vendor,
            scripts,
            faults: Faults::default(),
            addresses: Mutex::new(Addresses::new(match kind {
                // It counts sessions too, and so does it itself.
                Kind::VsphereReplication => 0,
                Kind::Vb365(_) | Kind::Cbr => settings.address_limit,
            })),
            retry_after: settings.retry_after,
            shared: self.shared.clone(),
        });
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
    /// For a backup of an `ImportBackup` call the target is its `backup_id`. Scripts of CBR also say how other tasks go:
    /// those of the resource that is backed up, of the backup that is restored, replicated or deleted, or else of the vault.
    /// Jobs and organizations of VB365 are targets of scripts too. A target that does not exist is accepted; its script is
    /// never used.
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
        self.fault_after(endpoint, 0, fault)
    }

    /// The same, after so many requests that the fault could hit have passed.
    ///
    /// # Errors
    ///
    /// When there is no such endpoint.
    pub fn fault_after(&self, endpoint: &str, passing: u32, fault: Fault) -> Result<(), UnknownEndpoint> {
        self.server(endpoint)?.faults.add(passing, fault);
        Ok(())
    }

    /// Scripts of all targets whose id or name matches `pattern`.
    fn script_all(&self, endpoint: &str, pattern: &str, runs: &[Behaviour]) -> Result<(), StartError> {
        let server = self.server(endpoint)?;
        let others = server.vendor.others();
        let targets = self.endpoint(endpoint).map_or(&[][..], |endpoint| &endpoint.targets);
        let none = |why: Option<String>| NoTarget {
            endpoint: endpoint.to_owned(),
            pattern: pattern.to_owned(),
            why: why.unwrap_or_else(|| known(targets)),
        };
        let glob = GlobBuilder::new(pattern).backslash_escape(true).build();
        let matcher = glob.map_err(|error| none(Some(error.to_string())))?.compile_matcher();
        let meant = |target: &&EndpointTarget| matcher.is_match(&target.id) || matcher.is_match(&target.name);
        let mut meant = targets.iter().chain(&others).filter(meant).peekable();
        meant.peek().ok_or_else(|| none(None))?;
        for target in meant {
            runs.iter().for_each(|behaviour| server.scripts.add(&target.id, behaviour.clone()));
        }
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
