//! Compressed answers: read like any other, and measured by what they become.

use std::sync::Arc;

use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::{Delivery, Error, Kind};
use backup_sync_tests::calls::Api;
use backup_sync_tests::faults::{document, gzip};
use backup_sync_tests::patient;
use backup_sync_tests::raw::{Act, Raw};
use backup_sync_tests::server::Answer;
use jiff::Timestamp;

fn compressed(status: u16, body: Vec<u8>) -> Answer {
    Answer::json(status, "").header("content-encoding", "gzip").body(body)
}

/// Calls with the usual retries, none of which has to be waited for.
async fn call(raw: &Raw, api: Api, id: &str) -> Result<backup_sync_tests::calls::Read, Error> {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    let connection = patient(api.operations(), Arc::new(api.credentials()), clock);
    api.call(&raw.url(""), &connection, id).await
}

#[tokio::test]
async fn compression_is_offered_and_undone() {
    let example = document(Api::V8).success("BackupRepository_Get", "repository-out-of-sync");
    let raw = Raw::start(vec![Act::Answer(compressed(200, gzip(example.to_string().as_bytes())))]).await;
    let read = call(&raw, Api::V8, "BackupRepository_Get").await.unwrap();
    assert_eq!(read.body["id"], example["id"]);
    assert!(raw.sent()[0].header("accept-encoding").is_some_and(|offer| offer.contains("gzip")));
}

/// A few kilobytes on the wire may become more than the machine has memory for.
#[tokio::test]
async fn a_success_is_measured_after_decompression() {
    let bomb = gzip(&vec![b' '; (64 << 20) + 1]);
    assert!(bomb.len() < 1 << 20, "{} bytes are no bomb", bomb.len());
    let raw = Raw::start(vec![Act::Answer(compressed(200, bomb))]).await;
    for (api, id) in [(Api::V8, "BackupRepository_StartSynchronizeAction"), (Api::Cbr, "ListVault")] {
        let before = raw.lines().len();
        let error = call(&raw, api, id).await.unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (Kind::Decode, Delivery::Accepted), "{error:?}");
        assert_eq!(error.status(), Some(200));
        assert!(error.to_string().contains("longer than 67108864 bytes"), "{error}");
        assert_eq!(raw.lines().len() - before, 1, "it would be as long a second time");
    }
}

#[tokio::test]
async fn a_failure_is_cut_after_decompression() {
    let mut text = b"No entry".to_vec();
    text.resize(8 << 20, b' ');
    let raw = Raw::start(vec![Act::Answer(compressed(403, gzip(&text)))]).await;
    let error = call(&raw, Api::Cbr, "ImportBackup").await.unwrap_err();
    assert_eq!((error.status(), error.kind(), error.delivery()), (Some(403), Kind::Denied, Delivery::Rejected));
    assert_eq!(error.vendor_message(), Some("No entry"));
}

/// The length of the answer is right, but the stream inside has no end.
#[tokio::test]
async fn a_compressed_answer_that_breaks_off_is_torn() {
    let whole = gzip(document(Api::Vr).success("getTaskInfo", "finished").to_string().as_bytes());
    let half = whole[..whole.len() / 2].to_vec();
    let acts = || vec![Act::Answer(compressed(200, half.clone())), Act::Answer(compressed(200, whole.clone()))];
    let raw = Raw::start(acts()).await;
    assert!(call(&raw, Api::Vr, "getTaskInfo").await.is_ok());
    assert_eq!(raw.lines().len(), 2, "a read is sent again");
    let raw = Raw::start(acts()).await;
    let error = call(&raw, Api::Vr, "syncReplication").await.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (Kind::Decode, Delivery::Accepted), "{error:?}");
    assert_eq!(raw.lines().len(), 1, "a start is not");
}

/// Whatever says that it is compressed and is not: the vendor agreed all the same.
#[tokio::test]
async fn a_wrong_label_does_not_hide_that_work_has_started() {
    let raw = Raw::start(vec![Act::Answer(compressed(200, b"{\"id\":\"t\"}".to_vec()))]).await;
    let error = call(&raw, Api::Vr, "syncReplication").await.unwrap_err();
    assert_eq!((error.kind(), error.delivery(), error.status()), (Kind::Decode, Delivery::Accepted, Some(200)));
    assert_eq!(raw.lines().len(), 1);
}
