//! Which certificates are accepted: the system's, a file's, one with a known fingerprint, or, said aloud, any.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};

use crate::connection::Timeouts;
use crate::error::Error;

/// What makes a server's certificate acceptable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// A PEM file with further certificate authorities, beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// The SHA-256 fingerprint of the server's certificate or of one above it; nothing else is then asked.
    pub fingerprint: Option<Fingerprint>,
    /// Accept any certificate. Anybody between you and the server can then read the password.
    pub insecure: bool,
}

/// A SHA-256 fingerprint of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Reads 64 hexadecimal digits, with or without colons or blanks between them.
    ///
    /// # Errors
    ///
    /// When the text is something else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bare = text.trim();
        let bare =
            bare.get(..7).filter(|head| head.eq_ignore_ascii_case("sha256:")).map_or(bare, |head| &bare[head.len()..]);
        let digits: Vec<u8> = bare.bytes().filter(|byte| !matches!(byte, b':' | b' ')).collect();
        let nibble = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        let wrong = || {
            Error::usage(format!(
                "{text:?} is not a SHA-256 fingerprint: 64 hexadecimal digits are needed, with or without colons"
            ))
        };
        if digits.len() != 64 {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = nibble(pair[0]).ok_or_else(wrong)? << 4 | nibble(pair[1]).ok_or_else(wrong)?;
        }
        Ok(Self(bytes))
    }

    /// The fingerprint of a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Trust {
    /// An HTTP client that accepts what this says: no redirects, the deadlines given, the proxy of the environment.
    ///
    /// # Errors
    ///
    /// When the CA file cannot be used.
    pub fn client(&self, timeouts: Timeouts) -> Result<reqwest::Client, Error> {
        self.build(timeouts, false)
    }

    /// The same; `direct` uses no proxy, whatever the environment says.
    pub(crate) fn build(&self, timeouts: Timeouts, direct: bool) -> Result<reqwest::Client, Error> {
        let config = self.config()?;
        let builder = reqwest::Client::builder();
        let builder = if direct { builder.no_proxy() } else { builder };
        builder
            .tls_backend_preconfigured(config)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.request)
            .user_agent(concat!("backup-sync/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|cause| Error::usage("the HTTP client cannot be set up").with_source(cause))
    }

    fn config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|cause| Error::usage("TLS cannot be set up").with_source(cause))?;
        let mut config = if let Some(fingerprint) = self.fingerprint {
            let verifier = Arc::new(Pinned { expected: Some(fingerprint), provider });
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        } else if self.insecure {
            let verifier = Arc::new(Pinned { expected: None, provider });
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        } else {
            builder.with_root_certificates(self.roots()?).with_no_client_auth()
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn roots(&self) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let Some(path) = &self.ca_file else { return Ok(roots) };
        let wrong = |why: String| Error::usage(format!("the CA file {} cannot be used: {why}", path.display()));
        let file = CertificateDer::pem_file_iter(path).map_err(|cause| wrong(cause.to_string()))?;
        let mut count = 0;
        for certificate in file {
            let certificate = certificate.map_err(|cause| wrong(cause.to_string()))?;
            roots.add(certificate).map_err(|cause| wrong(cause.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong("it holds no certificate in PEM form".to_owned()));
        }
        Ok(roots)
    }
}

/// Accepts a certificate by its fingerprint, or any certificate when none is expected.
#[derive(Debug)]
struct Pinned {
    expected: Option<Fingerprint>,
    provider: Arc<CryptoProvider>,
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
        let Some(expected) = self.expected else { return Ok(ServerCertVerified::assertion()) };
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
            "the server's certificate has the fingerprint {found}, expected was {expected}"
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

/// What a TLS failure means and what to do about it.
pub(crate) fn explain(error: &rustls::Error) -> String {
    let advice = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "nobody trusted has signed the certificate; name a CA file, or pin the SHA-256 fingerprint of a self-signed one"
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the certificate has expired; renew it on the server"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the certificate is for another host name; use the name that it is for, or pin its fingerprint",
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the certificate is not valid yet; check the clocks",
        _ => return error.to_string(),
    };
    format!("{error}; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_in_the_usual_forms() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(Fingerprint::parse(&plain).ok(), Fingerprint::parse(&colons).ok());
        assert_eq!(Fingerprint::parse(&format!("SHA256:{colons}")).ok(), Fingerprint::parse(&plain).ok());
        assert_eq!(Fingerprint::parse(&plain).map(|f| f.to_string()).ok(), Some(plain));
        for wrong in ["", "ab", &"zz".repeat(32), &"é".repeat(32)] {
            assert!(Fingerprint::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_ca_file_that_cannot_be_used_is_named() {
        let trust = Trust { ca_file: Some("/no/such/file.pem".into()), ..Trust::default() };
        let told = trust.client(Timeouts::default()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("/no/such/file.pem"), "{told}");
    }
}
