//! Which certificates are accepted, against real TLS servers on loopback, and what is said of the others.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::tls::{Fingerprint, Trust};
use backup_sync_runtime::{Connection, Delivery, Error, Kind, Operation};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

static OPERATIONS: &[Operation] =
    &[Operation { id: "read", function: "read", method: "GET", path: "/", idempotent: true, ..Operation::BLANK }];

/// A certificate with the chain that a server sends, and its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
    authority_pem: String,
}

fn self_signed(name: &str) -> Identity {
    self_signed_until(name, rcgen::date_time_ymd(4096, 1, 1))
}

fn self_signed_until(name: &str, end: time::OffsetDateTime) -> Identity {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = end;
    let certificate = params.self_signed(&key).unwrap();
    Identity { chain: vec![certificate.der().clone()], authority_pem: certificate.pem(), key }
}

fn signed_by_an_authority(name: &str) -> Identity {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_certificate = authority.clone().self_signed(&authority_key).unwrap();
    let issuer = Issuer::from_params(&authority, &authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let chain = vec![certificate.der().clone(), authority_certificate.der().clone()];
    Identity { chain, key, authority_pem: authority_certificate.pem() }
}

/// Serves `200 {}` to everybody until the test ends; gives the URL for a host name.
async fn serve(identity: &Identity) -> impl Fn(&str) -> String {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain.clone(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    move |host| format!("https://{host}:{port}/")
}

async fn ask(url: &str, trust: Trust) -> Result<u16, Error> {
    let connection = Connection::builder(OPERATIONS).to(url).trust(trust).retry(Policy::never()).build()?;
    let request = reqwest::Request::new(reqwest::Method::GET, url.parse().unwrap());
    let response = connection.send(request, "read").await.unwrap();
    match response.status().as_u16() {
        200 => Ok(200),
        _ => Err(progenitor_client::Error::<()>::UnexpectedResponse(response).into()),
    }
}

fn pinned(certificate: &CertificateDer<'_>) -> Trust {
    Trust { fingerprint: Some(Fingerprint::of(certificate)), ..Trust::default() }
}

/// The certificate is refused before anything was sent, with these words.
async fn refused(url: &str, trust: Trust, parts: &[&str]) {
    let error = ask(url, trust).await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (Kind::Tls, Delivery::NeverSent), "{error:?}");
    for part in parts {
        assert!(error.to_string().contains(part), "{error} lacks {part}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_accepted_by_its_fingerprint_only() {
    let identity = self_signed("appliance.example.org");
    let url = serve(&identity).await;
    refused(&url("localhost"), Trust::default(), &["name a CA file, or pin the SHA-256 fingerprint"]).await;
    // The pin says which certificate it is; the name in it no longer matters.
    assert_eq!(ask(&url("localhost"), pinned(&identity.chain[0])).await.ok(), Some(200));
    let other = self_signed("localhost");
    let found = Fingerprint::of(&identity.chain[0]).to_string();
    refused(&url("localhost"), pinned(&other.chain[0]), &["has the fingerprint", &found]).await;
}

#[tokio::test]
async fn an_authority_is_known_by_file_or_fingerprint() {
    let identity = signed_by_an_authority("localhost");
    let url = serve(&identity).await;
    refused(&url("localhost"), Trust::default(), &["nobody trusted has signed"]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &identity.authority_pem).unwrap();
    let by_file = Trust { ca_file: Some(file.path().to_owned()), ..Trust::default() };
    assert_eq!(ask(&url("localhost"), by_file.clone()).await.ok(), Some(200));
    assert_eq!(ask(&url("localhost"), pinned(&identity.chain[1])).await.ok(), Some(200));
    // A known authority does not make a certificate good for another name.
    refused(&url("127.0.0.1"), by_file, &["another host name"]).await;
}

#[tokio::test]
async fn a_copy_of_a_known_authority_in_the_chain_proves_nothing() {
    let real = signed_by_an_authority("localhost");
    let mut forged = self_signed("localhost");
    forged.chain.push(real.chain[1].clone());
    let url = serve(&forged).await;
    let error = ask(&url("localhost"), pinned(&real.chain[1])).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "{error}");
}

#[tokio::test]
async fn any_certificate_is_accepted_only_when_that_is_said() {
    let identity = self_signed("appliance.example.org");
    let url = serve(&identity).await;
    let insecure = Trust { insecure: true, ..Trust::default() };
    assert_eq!(ask(&url("localhost"), insecure).await.ok(), Some(200));
}

#[tokio::test]
async fn a_ca_file_without_certificates_is_refused_before_anything_is_sent() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "not a certificate").unwrap();
    let trust = Trust { ca_file: Some(file.path().to_owned()), ..Trust::default() };
    let error = ask("https://127.0.0.1:1/", trust).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    assert!(error.to_string().contains("holds no certificate in PEM form"), "{error}");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_told_of_once_and_a_fresh_one_is_not() {
    let days = |days: i64| time::OffsetDateTime::now_utc() + time::Duration::days(days) + time::Duration::HOUR;
    for (left, expected) in [(10, Some("expires in 10 days, on ")), (-3, Some("has expired on ")), (31, None)] {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let identity = self_signed_until("localhost", days(left));
        let url = serve(&identity).await;
        let trust = pinned(&identity.chain[0]);
        let connection =
            Connection::builder(OPERATIONS).to(&url("localhost")).trust(trust).retry(Policy::never()).build().unwrap();
        for _ in 0..2 {
            let request = reqwest::Request::new(reqwest::Method::GET, url("localhost").parse().unwrap());
            assert_eq!(connection.send(request, "read").await.unwrap().status(), 200);
        }
        let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = told.lines().filter(|line| line.contains("the certificate of localhost")).collect();
        assert_eq!(lines.len(), usize::from(expected.is_some()), "{left} days: {told}");
        assert!(expected.is_none_or(|part| lines[0].contains(part)), "{left} days: {told}");
    }
}
