//! Request signing with an access key and a secret key, `SDK-HMAC-SHA256`.
//!
//! The gateway builds the same text from the request that it got and compares. So a signature is made over what is
//! really sent, once per attempt (it is good for 15 minutes), and the query goes out in the very form that was signed.

pub mod canonical;
pub mod vectors;

use std::sync::Arc;

use backup_sync_runtime::clock::Clock;
use backup_sync_runtime::{Authenticator, BoxFuture, Error, ExposeSecret as _, Operation, SecretString, Stamp};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::Request;
use reqwest::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};

use self::canonical::{ALGORITHM, UNSIGNED_PAYLOAD};

const X_SDK_DATE: &str = "X-Sdk-Date";
const X_SDK_CONTENT_SHA256: &str = "X-Sdk-Content-Sha256";

/// An access key.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Access key id (AK).
    pub access: String,
    /// Secret key (SK).
    pub secret: SecretString,
    /// Security token that belongs to temporary keys.
    pub security_token: Option<SecretString>,
}

/// A request as it is signed. Not shown: its headers may hold a security token.
#[derive(Clone)]
pub struct ToSign<'a> {
    /// HTTP method, in any case.
    pub method: &'a str,
    /// Host, with its port where the URL has one.
    pub host: &'a str,
    /// Path as it is sent, percent-encoded or not.
    pub path: &'a str,
    /// Query as raw names and values.
    pub query: &'a [(String, String)],
    /// Headers of the caller, as they are spelt.
    pub headers: &'a [(String, String)],
    /// Body as it is sent.
    pub body: &'a [u8],
}

/// A signature and what it was made from. Not shown: the canonical request may hold a security token.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Headers that have to be added: date, host, and content hash where it is not that of the body.
    pub added: Vec<(String, String)>,
    /// Query as it has to be sent.
    pub query: String,
    /// The request in the form that both sides build.
    pub canonical_request: String,
    /// What was signed.
    pub string_to_sign: String,
    /// Names of signed headers.
    pub signed_headers: Vec<String>,
    /// Value of the `Authorization` header.
    pub authorization: String,
}

impl std::fmt::Debug for ToSign<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToSign").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed").field("signed_headers", &self.signed_headers).finish_non_exhaustive()
    }
}

/// Signs a request made at `date` (`YYYYMMDDTHHMMSSZ`).
///
/// # Errors
///
/// When the path is not UTF-8 after decoding, or the secret key cannot be used.
pub fn sign(request: &ToSign<'_>, keys: &Keys, date: &str) -> Result<Signed, Error> {
    let mut headers: Vec<(String, String)> = request.headers.to_vec();
    let mut added = Vec::new();
    let mut add = |headers: &mut Vec<(String, String)>, name: &str, value: &str| {
        headers.push((name.to_owned(), value.to_owned()));
        added.push((name.to_owned(), value.to_owned()));
    };
    if is_unsigned(&headers) {
        headers.retain(|(name, _)| name != X_SDK_CONTENT_SHA256);
        add(&mut headers, X_SDK_CONTENT_SHA256, UNSIGNED_PAYLOAD);
    }
    let date = match header(&headers, X_SDK_DATE) {
        Some(given) => given.to_owned(),
        None => {
            add(&mut headers, X_SDK_DATE, date);
            date.to_owned()
        }
    };
    if header(&headers, "host").is_none() {
        add(&mut headers, "Host", request.host);
    }
    let query = canonical::query(request.query);
    let lines = header_lines(&headers);
    let signed_headers: Vec<String> = lines.iter().map(|(name, _)| name.clone()).collect();
    let hash = canonical::payload_hash(header(&headers, X_SDK_CONTENT_SHA256), request.body);
    let canonical_request = canonical::request(request.method, request.path, request.query, &lines, &hash)?;
    let string_to_sign = canonical::string_to_sign(&date, &canonical_request);
    let signature = canonical::signature(&keys.secret, &string_to_sign)?;
    let authorization = format!(
        "{ALGORITHM} Access={}, SignedHeaders={}, Signature={signature}",
        keys.access,
        signed_headers.join(";")
    );
    Ok(Signed { added, query, canonical_request, string_to_sign, signed_headers, authorization })
}

/// Only the exact spelling counts, as in the vendor's own signer.
fn is_unsigned(headers: &[(String, String)]) -> bool {
    let content_type = headers.iter().find(|(name, _)| name == "Content-Type").map(|(_, value)| value.as_str());
    content_type.is_some_and(|kind| {
        !kind.is_empty() && !kind.starts_with("application/json") && !kind.starts_with("application/bson")
    })
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The headers that are signed, in order: names in lower case, values without white space around them.
fn header_lines(headers: &[(String, String)]) -> Vec<(String, String)> {
    let mut signed: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| !name.contains('_') && !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    signed.sort();
    signed
}

/// Signs every request with the same keys.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) keys: Keys,
    pub(crate) project_id: Option<String>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Signer {
    fn stamp_now(&self, request: &mut Request) -> Result<Stamp, Error> {
        let date = stamp_of(self.clock.wall());
        let url = request.url().clone();
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(Error::usage("the URL of the request has no host")),
        };
        self.insert(request, "x-project-id", self.project_id.as_deref())?;
        let token = self.keys.security_token.as_ref().map(|token| token.expose_secret());
        self.insert(request, "x-security-token", token)?;
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter(|(name, _)| **name != AUTHORIZATION)
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let to_sign = ToSign {
            method: request.method().as_str(),
            host: &host,
            path: url.path(),
            query: &query,
            headers: &headers,
            body: &body,
        };
        let signed = sign(&to_sign, &self.keys, &date)?;
        // Sent exactly as signed: the gateway does not take `+` for a blank.
        request.url_mut().set_query(Some(signed.query.as_str()).filter(|query| !query.is_empty()));
        for (name, value) in &signed.added {
            // The HTTP client writes the same Host by itself.
            if !name.eq_ignore_ascii_case(HOST.as_str()) {
                self.insert(request, &name.to_lowercase(), Some(value))?;
            }
        }
        self.insert(request, AUTHORIZATION.as_str(), Some(&signed.authorization))?;
        Ok(Stamp::default())
    }

    fn insert(&self, request: &mut Request, name: &str, value: Option<&str>) -> Result<(), Error> {
        let Some(value) = value else { return Ok(()) };
        let wrong = || Error::usage(format!("the value of the header {name} cannot be sent"));
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::try_from(name).map_err(|_| wrong())?, value);
        Ok(())
    }
}

fn stamp_of(time: Timestamp) -> String {
    let utc = time.to_zoned(TimeZone::UTC);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

impl Authenticator for Signer {
    fn stamp<'a>(&'a self, request: &'a mut Request, _: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>> {
        let stamp = self.stamp_now(request);
        Box::pin(async { stamp })
    }

    /// Keys cannot be renewed from here.
    fn renew(&self, _: Stamp) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }
}

#[cfg(test)]
mod tests {
    use backup_sync_runtime::clock::ManualClock;
    use reqwest::Method;

    use super::*;

    fn signer() -> Signer {
        Signer {
            keys: Keys {
                access: "AK".into(),
                secret: SecretString::from("planted-secret"),
                security_token: Some(SecretString::from("planted-token")),
            },
            project_id: Some("p".into()),
            clock: ManualClock::new(Timestamp::from_second(1_736_929_800).unwrap()),
        }
    }

    #[test]
    fn a_request_goes_out_as_it_was_signed() {
        let mut request =
            Request::new(Method::GET, "https://cbr.example.org:8443/v3/p/vaults?name=my+vault&a=%2B".parse().unwrap());
        signer().stamp_now(&mut request).unwrap();
        assert_eq!(request.url().query(), Some("a=%2B&name=my%20vault"));
        assert_eq!(request.headers()["x-sdk-date"], "20250115T083000Z");
        let authorization = request.headers()[AUTHORIZATION].to_str().unwrap();
        assert!(
            authorization.starts_with(
                "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, Signature="
            ),
            "{authorization}"
        );
        assert!(!format!("{request:?}{:?}", signer()).contains("planted"));
    }

    #[test]
    fn signing_twice_replaces_the_first_signature() {
        let mut request = Request::new(Method::GET, "https://cbr.example.org/v3/p/vaults".parse().unwrap());
        signer().stamp_now(&mut request).unwrap();
        let first = request.headers()[AUTHORIZATION].clone();
        signer().stamp_now(&mut request).unwrap();
        assert_eq!(request.headers()[AUTHORIZATION], first);
    }
}
