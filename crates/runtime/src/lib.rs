//! One way to send: sessions, retries, quota, errors and TLS for typed vendor clients.
#![doc = include_str!("../README.md")]

pub mod auth;
mod body;
pub mod clock;
mod code;
mod connection;
pub mod diagnose;
mod error;
mod halt;
pub mod notice;
mod operation;
pub mod page;
pub mod quota;
mod redact;
mod rehearse;
pub mod retry;
mod send;
pub mod service;
pub mod session;
pub mod starts;
pub mod suggest;
pub mod tls;
mod trace;
pub mod wire;

/// Text that never shows in `Debug`, logs or errors.
pub use secrecy::{ExposeSecret, SecretString};

/// Text that is overwritten when it is dropped, for what a secret is built from.
pub use secrecy::zeroize::{Zeroize, Zeroizing};

pub use auth::{Authenticator, BoxFuture, Stamp};
pub use code::ErrorCode;
pub use connection::{Connection, ConnectionBuilder, Timeouts, base_url, is_this_machine};
pub use error::{Delivery, Error, Kind, call};
pub use operation::{Body, Form, Operation, Paging, Parameter, Place, Style};
pub use rehearse::{Rehearsed, rehearse};
pub use service::{Answer, Call, Service};
pub use session::{Credential, Login, TokenSession};

/// Declares a module with what a vendor crate's build script has compiled from one document: the client, and behind the
/// feature `httpmock` the typed mock helpers.
#[macro_export]
macro_rules! generated {
    ($(#[$doc:meta])* $name:ident, $client:literal, $mock:literal) => {
        $(#[$doc])*
        #[allow(
            missing_docs,
            unused_imports,
            unreachable_patterns,
            dead_code,
            rustdoc::all,
            clippy::all,
            clippy::pedantic,
            clippy::unwrap_used,
            clippy::expect_used,
            clippy::panic,
            reason = "generated code"
        )]
        pub mod $name {
            include!(concat!(env!("OUT_DIR"), "/", $client));

            /// The document without descriptions, examples and provenance, as JSON: to compare answers with.
            pub const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".json"));

            /// Typed helpers for an `httpmock` server.
            #[cfg(feature = "httpmock")]
            pub mod mock {
                include!(concat!(env!("OUT_DIR"), "/", $mock));
            }
        }
    };
}

/// Hands every request of generated clients over to their [`Connection`]: the body of every vendor's `hooks.rs`.
#[macro_export]
macro_rules! hand_over {
    ($($client:ty),* $(,)?) => {$(
        impl $crate::progenitor_client::ClientHooks<$crate::Connection> for $client {
            async fn exec(
                &self,
                request: $crate::reqwest::Request,
                info: &$crate::progenitor_client::OperationInfo,
            ) -> $crate::reqwest::Result<$crate::reqwest::Response> {
                $crate::progenitor_client::ClientInfo::inner(self).send(request, info.operation_id).await
            }
        }
    )*};
}

#[doc(hidden)]
pub use {progenitor_client, reqwest};
