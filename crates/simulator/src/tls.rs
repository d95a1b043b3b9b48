//! Certificates for simulated servers: each endpoint gets one of its own, signed by nobody but itself.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};

use crate::builder::StartError;

/// The names that a good certificate is for.
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
/// A good certificate is valid for so long.
const LIFETIME: Duration = Duration::from_secs(825 * 86_400);
/// A certificate has been valid since this long before its simulator started, or before its end.
const BEFORE: Duration = Duration::from_secs(86_400);

/// Which certificate an endpoint shows. Its times are real ones, because clients judge it by their own clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Certificate {
    /// For `localhost` and `127.0.0.1`, valid for more than two years.
    #[default]
    Good,
    /// Its validity has ended a day ago.
    Expired,
    /// Its validity ends so long after the start, and not later than that of a good one.
    ExpiresIn(Duration),
    /// For this name and no other.
    OtherName(String),
}

/// A certificate with all that a server needs to show it, and a client to know it.
pub(crate) struct Identity {
    pub(crate) server: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
    /// SHA-256 over the certificate, 64 hexadecimal digits.
    pub(crate) fingerprint: String,
}

/// Makes a key and a certificate for it.
pub(crate) fn make(certificate: &Certificate) -> Result<Identity, StartError> {
    let names = match certificate {
        Certificate::OtherName(name) => vec![name.clone()],
        _ => NAMES.map(str::to_owned).to_vec(),
    };
    let now = Timestamp::now();
    let (begin, end) = match certificate {
        Certificate::Expired => (now - BEFORE - LIFETIME, now - BEFORE),
        Certificate::ExpiresIn(left) => (now - BEFORE, now + (*left).min(LIFETIME)),
        Certificate::Good | Certificate::OtherName(_) => (now - BEFORE, now + LIFETIME),
    };
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "backup-sync simulator");
    // To the second, in the type of the certificate library, which cannot be named here.
    let date = |moment: Timestamp| {
        let moment = moment.to_zoned(TimeZone::UTC);
        let part = |number: i8| u8::try_from(number).unwrap_or(1);
        let seconds = [(moment.hour(), 3600), (moment.minute(), 60), (moment.second(), 1)];
        let seconds = seconds.map(|(number, weight)| u64::from(part(number)) * weight).iter().sum();
        date_time_ymd(moment.year().into(), part(moment.month()), part(moment.day())) + Duration::from_secs(seconds)
    };
    (params.not_before, params.not_after) = (date(begin), date(end));
    let signed = params.self_signed(&key)?;
    let fingerprint = Sha256::digest(signed.der()).iter().map(|byte| format!("{byte:02x}")).collect();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![signed.der().clone()], private)?;
    Ok(Identity { server: Arc::new(server), ca_pem: signed.pem(), fingerprint })
}
