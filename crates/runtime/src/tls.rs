//! Which certificates are accepted: the system's, a file's, one with a known fingerprint, or, said aloud, any.

mod expiry;
mod pinned;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest as _, Sha256};

use self::expiry::Watched;
use self::pinned::{Pinned, Rule};
use crate::connection::Timeouts;
use crate::error::Error;

/// A connection that was not used for so long is not used again.
const IDLE: Duration = Duration::from_secs(10);

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
            // Appliances close idle connections without a word; a start sent into one of those is in doubt.
            .pool_idle_timeout(IDLE)
            .user_agent(concat!("backup-sync/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|cause| Error::usage("the HTTP client cannot be set up").with_source(cause))
    }

    pub(crate) fn config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|cause| Error::usage("TLS cannot be set up").with_source(cause))?;
        let by_rule = |rule| -> Arc<dyn ServerCertVerifier> { Arc::new(Pinned { rule, provider: provider.clone() }) };
        let accepted = match (self.fingerprint, self.insecure) {
            (Some(fingerprint), _) => by_rule(Rule::Fingerprint(fingerprint)),
            (None, true) => by_rule(Rule::Any),
            (None, false) => match self.roots()? {
                // Servers without TLS can be reached all the same.
                roots if roots.is_empty() => by_rule(Rule::None),
                roots => WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                    .build()
                    .map_err(|cause| Error::usage("TLS cannot be set up").with_source(cause))?,
            },
        };
        let watched = Arc::new(Watched::new(accepted, provider));
        let mut config = builder.dangerous().with_custom_certificate_verifier(watched).with_no_client_auth();
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

/// When a certificate ends.
pub(crate) fn end(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Option<Timestamp> {
    let end = expiry::end(certificate, name, &Arc::new(rustls::crypto::ring::default_provider()))?;
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}

/// What a TLS failure means and what to do about it.
pub(crate) fn explain(error: &rustls::Error) -> String {
    let advice = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "nobody trusted has signed the certificate; name a CA file, or pin the SHA-256 fingerprint of a self-signed one"
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the certificate has expired; renew it on the server, or set this machine's clock if it is wrong"
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the certificate is for another host name; use the name that it is for, or pin its fingerprint",
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the certificate is not valid yet; check the clocks",
        // webpki's word for a self-signed certificate that is its own authority; it has no variant here.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the server shows the certificate of an authority as its own, which no CA file makes good; pin its SHA-256 \
             fingerprint"
        }
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
