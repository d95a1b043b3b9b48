//! Simulated servers with TLS: who knows the certificate gets in, and clients see what is wrong with the others.

mod common;

use std::io::Write as _;
use std::time::Duration;

use backup_sync_engine::{Outcome, Provider as _};
use backup_sync_runtime::Kind;
use backup_sync_runtime::tls::{Fingerprint, Trust};
use backup_sync_simulator::{Builder, Certificate, Endpoint, Simulator, StartError, Vb365Version};
use common::{Anything, only, start, synchronize, vb365_config};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use veeam_vb365::Vb365;

fn builder() -> Builder {
    Simulator::builder().vb365("m365", Vb365Version::V8)
}

fn authority(endpoint: &Endpoint) -> Result<(NamedTempFile, Trust), Box<dyn std::error::Error>> {
    let mut file = NamedTempFile::new()?;
    file.write_all(endpoint.ca_pem.as_deref().ok_or("no certificate")?.as_bytes())?;
    let trust = Trust { ca_file: Some(file.path().to_owned()), ..Trust::default() };
    Ok((file, trust))
}

fn pin(endpoint: &Endpoint) -> Result<Trust, Box<dyn std::error::Error>> {
    let fingerprint = Fingerprint::parse(endpoint.fingerprint.as_deref().ok_or("no fingerprint")?)?;
    Ok(Trust { fingerprint: Some(fingerprint), ..Trust::default() })
}

async fn connect(simulator: &Simulator, trust: Trust) -> Result<Vb365, backup_sync_runtime::Error> {
    let endpoint = only(simulator).map_err(backup_sync_runtime::Error::usage)?;
    Vb365::connect(&veeam_vb365::Config { trust, ..vb365_config(simulator, endpoint) }).await
}

#[tokio::test]
async fn a_synchronization_over_tls_is_proven() -> Anything {
    let simulator = start(builder().tls()).await?;
    let endpoint = only(&simulator)?;
    assert!(endpoint.url.starts_with("https://127.0.0.1:"), "{}", endpoint.url);
    let (_file, by_file) = authority(endpoint)?;
    for trust in [by_file, pin(endpoint)?] {
        let provider = connect(&simulator, trust).await?;
        let name = if simulator.requests().len() < 5 { "Archive to S3" } else { "Sites on Azure" };
        let story = synchronize(&simulator, &provider, name, 20).await?;
        assert!(matches!(story.outcome, Outcome::Succeeded { .. }), "{:?}", story.outcome);
    }
    let stranger = connect(&simulator, Trust::default()).await.err().ok_or("an unknown certificate is accepted")?;
    assert_eq!(stranger.kind(), Kind::Tls);
    Ok(())
}

#[tokio::test]
async fn certificates_go_wrong_as_asked() -> Anything {
    let day = Duration::from_secs(86_400);
    let other = Certificate::OtherName("appliance.example.org".to_owned());
    let cases = [(Certificate::Expired, "expired"), (other, "another host name")];
    for (certificate, words) in cases {
        let simulator = start(builder().certificate(certificate)).await?;
        let (_file, trust) = authority(only(&simulator)?)?;
        let error = connect(&simulator, trust).await.err().ok_or(words)?;
        assert_eq!(error.kind(), Kind::Tls);
        assert!(error.to_string().contains(words), "{error} lacks {words}");
    }
    let simulator = start(builder().certificate(Certificate::ExpiresIn(day))).await?;
    let (_file, trust) = authority(only(&simulator)?)?;
    assert!(connect(&simulator, trust).await.is_ok(), "it is good for another day");
    Ok(())
}

#[tokio::test]
async fn one_endpoint_may_have_tls_and_another_not() -> Anything {
    let both = builder().vsphere_replication("dr").endpoint_certificate("dr", Certificate::Good);
    let simulator = start(both).await?;
    let schemes: Vec<bool> = simulator.endpoints().iter().map(|endpoint| endpoint.ca_pem.is_some()).collect();
    assert_eq!(schemes, [false, true]);
    let wrong = builder().endpoint_certificate("none", Certificate::Good).start().await;
    assert!(matches!(wrong, Err(StartError::NoSuchEndpoint(name)) if name == "none"));
    Ok(())
}

#[tokio::test]
async fn slow_and_broken_handshakes_hold_up_nobody() -> Anything {
    let simulator = start(builder().tls()).await?;
    let address = only(&simulator)?.url.trim_start_matches("https://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(&address).await?);
    }
    let mut plain = TcpStream::connect(&address).await?;
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    let mut answer = Vec::new();
    // The server says in TLS that this is none, or just closes.
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "no answer without TLS");
    let provider = connect(&simulator, pin(only(&simulator)?)?).await?;
    assert!(!provider.targets().await?.is_empty());
    Ok(())
}
