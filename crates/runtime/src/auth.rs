//! Credentials as something that stamps requests: headers, or a signature over the final bytes.

use std::fmt::Debug;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;

use crate::error::Error;
use crate::operation::Operation;

/// A boxed future, so that credentials can be chosen at run time.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which generation of a session a request was stamped with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub u64);

/// Puts credentials on a request, once per attempt and after everything else about the request is final.
pub trait Authenticator: Debug + Send + Sync {
    /// Stamps `request`; logs in first where that is needed.
    fn stamp<'a>(&'a self, request: &'a mut Request, operation: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>>;

    /// The same where nothing has to be waited for; `None` leaves the request as it is.
    fn stamp_now(&self, _: &mut Request) -> Option<Stamp> {
        None
    }

    /// The vendor answered 401 to a request with this stamp. `Ok(true)`: there are new credentials, send again.
    fn renew(&self, stamp: Stamp) -> BoxFuture<'_, Result<bool, Error>>;

    /// Whether what it puts on requests holds the time, so that a wrong clock spoils it.
    fn is_dated(&self) -> bool {
        false
    }

    /// Logs in now instead of with the first request, so that a refusal is told early.
    fn open(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    /// Ends the session, if there is one.
    fn close(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

/// The same headers on every request, or none; nothing to renew.
#[derive(Clone, Default)]
pub struct Fixed(Vec<(HeaderName, HeaderValue)>);

impl Fixed {
    /// No credentials: for operations that need none, and for tests.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Adds a header. Its value is marked sensitive.
    #[must_use]
    pub fn with(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.0.push((name, value));
        self
    }
}

impl Debug for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Authenticator for Fixed {
    fn stamp<'a>(&'a self, request: &'a mut Request, _: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>> {
        for (name, value) in &self.0 {
            request.headers_mut().insert(name, value.clone());
        }
        Box::pin(async { Ok(Stamp::default()) })
    }

    fn renew(&self, _: Stamp) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }
}

/// The value of an `Authorization: Basic` header.
///
/// # Errors
///
/// When the user name contains a colon, which the scheme cannot carry.
pub fn basic(username: &str, password: &secrecy::SecretString) -> Result<HeaderValue, Error> {
    if username.contains(':') {
        let what = format!("the user name {username:?} contains a colon, which Basic authentication cannot carry");
        return Err(Error::usage(what));
    }
    let plain = Zeroizing::new(format!("{username}:{}", password.expose_secret()));
    let encoded = Zeroizing::new(base64(plain.as_bytes()));
    let mut value = HeaderValue::from_str(&Zeroizing::new(format!("Basic {}", *encoded)))
        .map_err(|_| Error::usage("the credentials cannot be put into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The text that stands in base64, if it is one.
pub(crate) fn unbase64(text: &str) -> Option<Zeroizing<String>> {
    String::from_utf8(STANDARD.decode(text).ok()?).ok().map(Zeroizing::new)
}
