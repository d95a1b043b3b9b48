//! The key that goes with every request. A vendor with sessions implements `backup_sync_runtime::Login` here.

use backup_sync_runtime::auth::Fixed;
use backup_sync_runtime::{Error, ExposeSecret as _, SecretString};
use reqwest::header::{HeaderName, HeaderValue};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Credentials made of the key.
pub(crate) fn key(key: &SecretString) -> Result<Fixed, Error> {
    let value = HeaderValue::from_str(key.expose_secret())
        .map_err(|_| Error::usage("the key holds characters that cannot be sent in a header"))?;
    Ok(Fixed::anonymous().with(X_API_KEY, value))
}
