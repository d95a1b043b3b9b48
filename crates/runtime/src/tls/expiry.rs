//! Warns of certificates that expire soon, whatever made them acceptable.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::Fingerprint;

/// Certificates that live shorter than this are told of.
const SOON: u64 = 30 * 24 * 3600;

/// Lets another verifier decide, and says when what it accepted is about to end.
#[derive(Debug)]
pub(super) struct Watched {
    inner: Arc<dyn ServerCertVerifier>,
    provider: Arc<CryptoProvider>,
    /// Certificates that were looked at; each is told of once.
    seen: Mutex<HashSet<[u8; 32]>>,
}

impl Watched {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>, provider: Arc<CryptoProvider>) -> Self {
        Self { inner, provider, seen: Mutex::default() }
    }

    fn look(&self, leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) {
        if !self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(Fingerprint::of(leaf).0) {
            return;
        }
        let Some(end) = end(leaf, name, &self.provider) else { return };
        let left = end.as_secs().saturating_sub(now.as_secs());
        if left >= SOON {
            return;
        }
        let (host, days) = (name.to_str(), left / (24 * 3600));
        let at = i64::try_from(end.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let at = at.map(|at| at.to_string()).unwrap_or_default();
        if left == 0 {
            tracing::warn!("the certificate of {host} has expired on {at}; renew it on the server");
        } else {
            tracing::warn!("the certificate of {host} expires in {days} days, on {at}; renew it on the server");
        }
    }
}

/// When a certificate ends. The TLS library tells that only of expired ones, so it is asked about the far future; it
/// looks at the dates of the certificate before it looks for who signed it.
pub(super) fn end(
    leaf: &CertificateDer<'_>,
    name: &ServerName<'_>,
    provider: &Arc<CryptoProvider>,
) -> Option<UnixTime> {
    let mut roots = RootCertStore::empty();
    roots.add(leaf.clone().into_owned()).ok()?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().ok()?;
    // Beyond every date that a certificate can hold.
    let far = UnixTime::since_unix_epoch(Duration::from_secs(1 << 38));
    match verifier.verify_server_cert(leaf, &[], name, &[], far) {
        Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => Some(not_after),
        _ => None,
    }
}

impl ServerCertVerifier for Watched {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(leaf, above, name, ocsp, now)?;
        self.look(leaf, name, now);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// A self-signed certificate that ends in this year.
    fn certificate(year: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["appliance.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 6, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn the_end_of_any_certificate_is_found() {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // The name does not matter: a pinned certificate may be for another one.
        for host in ["appliance.example", "other.example", "127.0.0.1"] {
            let name = ServerName::try_from(host).unwrap();
            for (year, expected) in [(2021, "2021-06-01T00:00:00Z"), (2045, "2045-06-01T00:00:00Z")] {
                let end = end(&certificate(year), &name, &provider).map(|end| end.as_secs());
                let expected: Timestamp = expected.parse().unwrap();
                assert_eq!(end, u64::try_from(expected.as_second()).ok(), "{host} {year}");
            }
        }
        assert!(end(&CertificateDer::from(vec![1, 2, 3]), &ServerName::try_from("x").unwrap(), &provider).is_none());
    }
}
