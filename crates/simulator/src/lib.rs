//! The three vendors as stateful HTTP servers in one process.
#![doc = include_str!("../README.md")]

mod builder;
mod clock;
mod endpoint;
mod fault;
mod log;
mod script;
mod settings;
mod simulator;

pub use builder::{Builder, StartError, Vb365Version};
pub use clock::SimClock;
pub use endpoint::{Endpoint, EndpointTarget};
pub use fault::{Fault, FaultKind};
pub use log::LoggedRequest;
pub use script::{Behaviour, Scripted};
pub use settings::{Settings, WithoutRemote};
pub use simulator::{Simulator, UnknownEndpoint};
