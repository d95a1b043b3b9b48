//! Helpers of the tests: a recording mock server, a raw socket server, the list of faults and a server that plays
//! them, the examples of the specs, one way to call any operation by its id, and what that has to
//! look like on the wire.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests: whatever goes wrong in them has to end the test"
)]

#[cfg(feature = "browser")]
pub mod browser;
pub mod calls;
pub mod expected;
pub mod faults;
pub mod given;
pub mod json;
pub mod raw;
pub mod sample;
pub mod server;
pub mod spec;

use std::sync::Arc;

use backup_sync_runtime::auth::Fixed;
use backup_sync_runtime::clock::Clock;
use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::{Authenticator, Connection, Error, Operation};
use reqwest::header::{HeaderName, HeaderValue};

/// An id as no vendor should give out, but may: a slash, a colon, a blank and a percent sign.
pub const AWKWARD: &str = "a/b:c d%e";

/// The path segments in which [`AWKWARD`] may arrive: a colon may stand as it is.
pub const AWKWARD_IN_PATH: [&str; 2] = ["a%2Fb:c%20d%25e", "a%2Fb%3Ac%20d%25e"];

/// What is sent for a list of texts; the first of them for a text.
pub const TEXTS: [&str; 2] = [AWKWARD, "a & b"];

/// What is sent for a list of numbers; the first of them for a number.
pub const NUMBERS: [i64; 2] = [7, 11];

/// Values that are planted as secrets; none of them may ever be shown.
pub const PASSWORD: &str = "planted-password-5f1c";
/// See [`PASSWORD`].
pub const TOKEN: &str = "planted-token-9a72";
/// See [`PASSWORD`].
pub const REFRESH: &str = "planted-refresh-e03b";
/// See [`PASSWORD`].
pub const SESSION: &str = "planted-session-44d8";

/// Fails when one of the planted secrets, or the Basic credentials made of one, stands in `shown`.
pub fn assert_no_secret(shown: &str) {
    for secret in [PASSWORD, TOKEN, REFRESH, SESSION, "Basic ", "Bearer "] {
        assert!(!shown.contains(secret), "{secret:?} is shown in: {shown}");
    }
}

/// Credentials that are one header.
pub fn header(name: &'static str, value: &str) -> Fixed {
    with(Fixed::anonymous(), name, value)
}

/// Credentials with one more header.
pub fn with(fixed: Fixed, name: &'static str, value: &str) -> Fixed {
    fixed.with(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
}

/// A connection that sends everything once.
pub fn once(operations: &'static [Operation], auth: Fixed) -> Connection {
    Connection::builder(operations).to("http://127.0.0.1").auth(Arc::new(auth)).retry(Policy::never()).build().unwrap()
}

/// A connection that retries as programs do, by a clock that nobody waits for.
pub fn patient(operations: &'static [Operation], auth: Arc<dyn Authenticator>, clock: Arc<dyn Clock>) -> Connection {
    Connection::builder(operations).to("http://127.0.0.1").auth(auth).clock(clock).build().unwrap()
}

/// Everything that people may get to see of an error.
pub fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?} {}", error.chain());
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    text
}

/// The examples of the repository's README, compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
