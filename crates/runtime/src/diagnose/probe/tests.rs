//! Against servers on this machine: nothing listening, wrong certificates, wrong clocks.

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::clock::{ManualClock, SystemClock};
use crate::diagnose::{Finding, State};

async fn look(url: &str, trust: &Trust, clock: Arc<dyn Clock>, dated: bool) -> Vec<Finding> {
    Server { url, trust, timeouts: Timeouts::default(), clock, dated }.look().await.into_vec()
}

fn states(found: &[Finding]) -> Vec<(&'static str, &'static str)> {
    found.iter().map(|finding| (finding.check.as_str(), finding.state.as_str())).collect()
}

/// A server that answers everything with this; gives its URL.
async fn plain(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

/// A server with a certificate of its own that ends in this year; gives its URL and the certificate.
async fn secured(year: i32) -> (String, CertificateDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, 6, 1);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    });
    (url, certificate)
}

const ANSWER: &str =
    "HTTP/1.1 502 Bad Gateway\r\ndate: Tue, 26 Mar 2019 08:01:00 GMT\r\nconnection: close\r\n\r\n<html>";

#[tokio::test]
async fn clocks_are_compared_and_only_signed_requests_fail_by_them() {
    let url = plain(ANSWER).await;
    let server: Timestamp = "2019-03-26T08:01:00Z".parse().unwrap();
    for (apart, dated, state) in [
        (0, true, "good"),
        (59, true, "good"),
        (61, true, "warning"),
        (-61, true, "warning"),
        (901, false, "warning"),
        (901, true, "failed"),
        (-901, true, "failed"),
    ] {
        let clock = ManualClock::new(server + jiff::SignedDuration::from_secs(apart));
        let found = look(&url, &Trust::default(), clock, dated).await;
        assert_eq!(
            states(&found),
            [("name", "good"), ("reach", "good"), ("tls", "skipped"), ("clock", state)],
            "{apart}"
        );
        let told = &found[3].told;
        let direction = if apart < 0 { "behind" } else { "ahead of" };
        assert!(told.contains(&format!("{} s {direction}", i64::abs(apart))), "{told}");
        assert_eq!(found[3].fix.is_some(), state != "good");
    }
    let rude = plain("").await;
    let found = look(&rude, &Trust::default(), Arc::new(SystemClock), true).await;
    assert_eq!(found[3].state, State::Warning, "the login shows what is wrong: {}", found[3].told);
    let silent = plain("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let found = look(&silent, &Trust::default(), Arc::new(SystemClock), true).await;
    assert_eq!(found[3].state, State::Skipped, "{}", found[3].told);
}

#[tokio::test]
async fn what_listens_nowhere_is_told_and_the_rest_is_skipped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    drop(listener);
    let found = look(&url, &Trust::default(), Arc::new(SystemClock), false).await;
    assert_eq!(states(&found), [("name", "good"), ("reach", "failed"), ("tls", "skipped"), ("clock", "skipped")]);
    assert!(found[1].fix.as_deref().is_some_and(|fix| fix.contains("port in `url`")), "{:?}", found[1]);
    let found = look("https://no-such-host.invalid", &Trust::default(), Arc::new(SystemClock), false).await;
    assert_eq!(states(&found), [("name", "failed"), ("reach", "skipped"), ("tls", "skipped"), ("clock", "skipped")]);
}

#[tokio::test]
async fn certificates_are_judged_and_the_fix_names_the_fingerprint() {
    let clock = || ManualClock::new("2026-11-21T00:00:00Z".parse().unwrap());
    let pinned = |certificate: &CertificateDer<'_>| Trust {
        fingerprint: Some(Fingerprint::of(certificate)),
        ..Trust::default()
    };
    let (url, certificate) = secured(2045).await;
    let found = look(&url, &Trust::default(), clock(), false).await;
    assert_eq!(states(&found)[2..], [("tls", "failed"), ("clock", "skipped")]);
    let fix = found[2].fix.clone().unwrap_or_default();
    assert!(fix.contains(&Fingerprint::of(&certificate).to_string()), "{fix}");
    let other = Trust { fingerprint: Some(Fingerprint::of(b"other")), ..Trust::default() };
    assert_eq!(look(&url, &other, clock(), false).await[2].state, State::Failed);
    let good = look(&url, &pinned(&certificate), clock(), false).await;
    assert!(good[2].state == State::Good && good[2].told.contains("2045-06-01"), "{:?}", good[2]);
    let any = look(&url, &Trust { insecure: true, ..Trust::default() }, clock(), false).await;
    assert_eq!(any[2].state, State::Warning, "{:?}", any[2]);
    let soon = ManualClock::new("2045-05-10T00:00:00Z".parse().unwrap());
    let soon = look(&url, &pinned(&certificate), soon, false).await;
    assert!(soon[2].state == State::Warning && soon[2].told.contains("in 22 days"), "{:?}", soon[2]);
    let (url, certificate) = secured(2024).await;
    let expired = look(&url, &Trust::default(), clock(), false).await;
    let fix = expired[2].fix.clone().unwrap_or_default();
    assert!(expired[2].state == State::Failed && fix.contains("renew") && expired[2].told.contains("expired"), "{fix}");
    let expired = look(&url, &pinned(&certificate), clock(), false).await;
    assert!(expired[2].state == State::Warning && expired[2].told.contains("past"), "{:?}", expired[2]);
    let not_tls = plain(ANSWER).await.replace("http:", "https:");
    let found = look(&not_tls, &Trust::default(), clock(), false).await;
    assert!(found[2].state == State::Failed && found[2].fix.as_deref().is_some_and(|fix| fix.contains("speaks TLS")));
}
