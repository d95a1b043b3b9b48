//! Accepts certificates that no authority vouches for: by their fingerprint, or, said aloud, any.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::Fingerprint;

/// Which certificates are accepted without asking an authority.
#[derive(Debug)]
pub(super) enum Rule {
    /// The one with this fingerprint, and what the authority with this fingerprint has signed.
    Fingerprint(Fingerprint),
    /// Any.
    Any,
    /// None: the machine knows no authority that could be asked.
    None,
}

/// Accepts a certificate by such a rule.
#[derive(Debug)]
pub(super) struct Pinned {
    pub(super) rule: Rule,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        above: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let expected = match self.rule {
            Rule::Fingerprint(expected) => expected,
            Rule::Any => return Ok(ServerCertVerified::assertion()),
            Rule::None => {
                let what = "no certificate authority is known on this machine; name a CA file or pin a fingerprint";
                return Err(rustls::Error::General(what.to_owned()));
            }
        };
        let found = Fingerprint::of(leaf);
        if found == expected {
            return Ok(ServerCertVerified::assertion());
        }
        // Anybody can send a copy of a known authority's certificate; only its signature below it counts.
        if let Some(authority) = above.iter().find(|certificate| Fingerprint::of(certificate) == expected) {
            let mut roots = RootCertStore::empty();
            roots.add(authority.clone().into_owned())?;
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
                .build()
                .map_err(|cause| rustls::Error::General(cause.to_string()))?;
            return verifier.verify_server_cert(leaf, above, name, ocsp, now);
        }
        Err(rustls::Error::General(format!(
            "the server's certificate has the fingerprint {found}, expected was {expected} (an authority can be pinned \
             only where the server sends its certificate along)"
        )))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
