//! How the vendors are connected to: what all three have in common.

pub mod cbr;
pub mod vb365;
pub mod vsphere;

use std::sync::Arc;

use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::{Delivery, Kind, SecretString};
use backup_sync_tests::PASSWORD;
use backup_sync_tests::raw::nowhere;
use backup_sync_tests::server::{Answer, Server};
use huawei_cbr::Cbr;
use jiff::Timestamp;
use veeam_vb365::{Vb365, Version};
use vsphere_replication::VsphereReplication;

fn password() -> SecretString {
    SecretString::from(PASSWORD.to_owned())
}

fn clock() -> Arc<ManualClock> {
    ManualClock::new(Timestamp::UNIX_EPOCH)
}

/// What failed is the login, so its address has to be told, not that of the call that needed it.
#[tokio::test]
async fn the_error_of_a_login_names_the_url_of_the_login() {
    let server = Server::start().await;
    server.by(|_| Answer::empty(401));
    let mut config = vb365::config(&server);
    config.version = Some(Version::V8);
    let error = Vb365::connect(&config).await.unwrap_err();
    assert_eq!(error.operation(), Some("Auth_Token"));
    assert_eq!(error.url(), Some(server.url("/v8/token").as_str()));

    let error = VsphereReplication::connect(&vsphere::config(&server)).await.unwrap_err();
    assert_eq!(error.operation(), Some("login"));
    assert_eq!(error.url(), Some(server.url("/api/rest/vr/v2/session").as_str()));

    // Others wait for a login, so it is tried twice only, and the error says so.
    server.by(|_| Answer::empty(503));
    let error = Vb365::connect(&config).await.unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Some(503), 2), "{error}");
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let address = nowhere().await;
    let server = Server::start().await;
    let (mut vb365, mut cbr, mut vr) = (vb365::config(&server), cbr::config(&server), vsphere::config(&server));
    (vb365.url, cbr.iam_url, vr.url) = (address.clone(), address.clone(), address.clone());
    for error in [
        Vb365::connect(&vb365).await.unwrap_err(),
        Cbr::connect(&cbr).await.unwrap_err(),
        VsphereReplication::connect(&vr).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.delivery()), (Kind::Unreachable, Delivery::NeverSent), "{error:?}");
        assert!(error.to_string().contains(&address), "{error}");
    }
}

#[tokio::test]
async fn addresses_that_cannot_be_used_are_told_before_anything_is_sent() {
    let server = Server::start().await;
    for url in ["vbm.example.org:4443", "ftp://vbm", "https://user:pw@vbm", "https://vbm/?x=1", ""] {
        let mut config = vb365::config(&server);
        config.url = url.to_owned();
        let error = Vb365::connect(&config).await.unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (Kind::Usage, Delivery::NeverSent), "{url}");
        assert!(error.to_string().contains("\"vb\""), "{error}");
    }
    assert!(server.taken().is_empty());
}
