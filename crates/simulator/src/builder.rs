//! Says which servers a simulator has, and starts them.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::clock::SimClock;
use crate::fault::Fault;
use crate::observe::{Exchange, Observers};
use crate::script::Behaviour;
use crate::settings::Settings;
use crate::simulator::{NoTarget, Simulator, UnknownEndpoint};
use crate::tls::Certificate;

/// Version of the VB365 REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vb365Version {
    /// `/v5`
    V5,
    /// `/v6`
    V6,
    /// `/v7`
    V7,
    /// `/v8`
    V8,
}

impl fmt::Display for Vb365Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V5 => "v5",
            Self::V6 => "v6",
            Self::V7 => "v7",
            Self::V8 => "v8",
        })
    }
}

/// What an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Vb365(Vb365Version),
    Cbr,
    VsphereReplication,
}

/// Collects what a simulator shall have.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) endpoints: Vec<(String, Kind)>,
    pub(crate) clock: Option<Arc<SimClock>>,
    pub(crate) settings: Settings,
    /// Settings of single endpoints, by name.
    pub(crate) own_settings: HashMap<String, Settings>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) orders: Vec<(String, Order)>,
    /// For endpoints that have none of their own.
    pub(crate) certificate: Option<Certificate>,
    pub(crate) certificates: HashMap<String, Certificate>,
    pub(crate) observers: Observers,
    pub(crate) control: bool,
}

/// What is said of an endpoint before it is there.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// How the coming synchronizations of the targets go that a pattern means.
    Scripts(String, Vec<Behaviour>),
    /// The same for one backup of an `ImportBackup` call, by its id.
    Backup(String, Vec<Behaviour>),
    /// A fault, and how many requests that it could hit pass before.
    Fault(u32, Fault),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            clock: None,
            settings: Settings::default(),
            own_settings: HashMap::new(),
            listen: None,
            orders: Vec::new(),
            certificate: None,
            certificates: HashMap::new(),
            observers: Observers::default(),
            control: true,
        }
    }
}

impl Builder {
    /// Adds a VB365 server.
    #[must_use]
    pub fn vb365(self, name: impl Into<String>, version: Vb365Version) -> Self {
        self.endpoint(name.into(), Kind::Vb365(version))
    }

    /// Adds a region of CBR with its IAM.
    #[must_use]
    pub fn cbr(self, name: impl Into<String>) -> Self {
        self.endpoint(name.into(), Kind::Cbr)
    }

    /// Adds a vSphere Replication appliance.
    #[must_use]
    pub fn vsphere_replication(self, name: impl Into<String>) -> Self {
        self.endpoint(name.into(), Kind::VsphereReplication)
    }

    fn endpoint(mut self, name: String, kind: Kind) -> Self {
        self.endpoints.push((name, kind));
        self
    }

    /// Uses this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<SimClock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Lets simulated time run so many times as fast as real time.
    #[must_use]
    pub fn speed(self, factor: f64) -> Self {
        self.clock(SimClock::speed(factor))
    }

    /// Uses these settings.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Uses these settings for the endpoint with this name, instead of those for all.
    #[must_use]
    pub fn settings_of(mut self, endpoint: impl Into<String>, settings: Settings) -> Self {
        self.own_settings.insert(endpoint.into(), settings);
        self
    }

    /// Listens at this address: the first endpoint at its port, each further one at the next port; at free ports when
    /// the port is 0. Without a call it is the loopback interface with free ports.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Says how the coming synchronizations go of each target whose id or name matches `pattern`; `*` and `?` match as
    /// in a shell.
    #[must_use]
    pub fn scripts(
        self,
        endpoint: impl Into<String>,
        pattern: impl Into<String>,
        runs: impl IntoIterator<Item = Behaviour>,
    ) -> Self {
        self.order(endpoint.into(), Order::Scripts(pattern.into(), runs.into_iter().collect()))
    }

    /// Makes coming requests to an endpoint go wrong, after so many that it could hit have passed.
    #[must_use]
    pub fn fault(self, endpoint: impl Into<String>, passing: u32, fault: Fault) -> Self {
        self.order(endpoint.into(), Order::Fault(passing, fault))
    }

    pub(crate) fn order(mut self, endpoint: String, order: Order) -> Self {
        self.orders.push((endpoint, order));
        self
    }

    /// Serves all endpoints over TLS, each with a good certificate of its own.
    #[must_use]
    pub fn tls(self) -> Self {
        self.certificate(Certificate::Good)
    }

    /// Serves all endpoints over TLS, each with such a certificate.
    #[must_use]
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Serves the endpoint with this name over TLS, with such a certificate.
    #[must_use]
    pub fn endpoint_certificate(mut self, name: impl Into<String>, certificate: Certificate) -> Self {
        self.certificates.insert(name.into(), certificate);
        self
    }

    /// Calls `observer` for each request after it was answered and before the answer is sent.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Whether each endpoint has the paths below `/_simulator/`, for clients on the same machine. It has by default.
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.control = control;
        self
    }

    /// Starts the servers.
    ///
    /// # Errors
    ///
    /// When two endpoints have the same name, a certificate cannot be made, no port can be opened, or a certificate,
    /// script or fault is for something that is not there.
    pub async fn start(self) -> Result<Simulator, StartError> {
        Simulator::start(self).await
    }
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Two endpoints have the same name.
    #[error("two endpoints are called {0:?}; give each its own name")]
    SameName(String),
    /// A certificate is for an endpoint that is not there.
    #[error("there is a certificate for the endpoint {0:?}, but no such endpoint")]
    NoSuchEndpoint(String),
    /// A name cannot stand in a certificate.
    #[error("the certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library does not take a certificate.
    #[error("the certificate cannot be used")]
    Tls(#[from] rustls::Error),
    /// No port can be opened.
    #[error("no port of the loopback interface can be opened")]
    Listen(#[source] std::io::Error),
    /// The address that was asked for cannot be used.
    #[error("nothing can listen at {0}")]
    ListenAt(SocketAddr, #[source] std::io::Error),
    /// There are more endpoints than ports from the first one on.
    #[error("there are not enough ports from {0} on for all endpoints")]
    Ports(u16),
    /// A script or fault is for an endpoint that is not there.
    #[error(transparent)]
    Endpoint(#[from] UnknownEndpoint),
    /// A script is for a target that is not there.
    #[error(transparent)]
    Target(#[from] NoTarget),
    /// The system gives no random numbers for passwords and tokens.
    #[error("the system gives no random numbers")]
    Random,
}
