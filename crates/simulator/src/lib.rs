//! The three vendors as stateful HTTP servers in one process.
#![doc = include_str!("../README.md")]

mod builder;
mod cbr;
mod clock;
pub mod control;
mod course;
mod endpoint;
mod fault;
mod http;
mod ids;
mod limit;
mod log;
mod message;
mod observe;
mod routes;
pub mod scenario;
mod script;
mod settings;
mod simulator;
mod store;
mod text;
mod tls;
mod vb365;
mod vr;
mod wire;

pub use builder::{Builder, StartError, Vb365Version};
pub use clock::SimClock;
pub use endpoint::{Endpoint, EndpointTarget};
pub use fault::{Fault, FaultKind};
pub use log::LoggedRequest;
pub use observe::Exchange;
pub use scenario::Scenario;
pub use script::{Behaviour, Curve, OnStop, Scripted};
pub use settings::{Settings, Targets, WithoutRemote};
pub use simulator::{NoTarget, Simulator, UnknownEndpoint};
pub use tls::Certificate;
