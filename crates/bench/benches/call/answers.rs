//! Answers of realistic size, as the vendors' servers send them; invented from the examples of the specs.

use serde_json::{Value, json};

/// The repository that calls are about.
pub const REPOSITORY: &str = "0b6f3a52-7c0e-4d1e-9a54-2b8c6f0d1e11";
/// How many repositories a page holds.
pub const PAGE: usize = 100;

/// A pair of VB365 tokens.
pub fn token() -> Value {
    json!({
        "access_token": "a".repeat(600), "token_type": "bearer", "expires_in": 3600,
        "refresh_token": "r".repeat(64), "userName": "EXAMPLE\\backup-operator",
        ".issued": "2026-11-21T08:00:00Z", ".expires": "2026-11-21T09:00:00Z"
    })
}

/// One VB365 v8 repository on object storage.
pub fn repository(id: &str) -> Value {
    json!({
        "id": id, "name": "Mail archive on S3", "description": "Exchange mailboxes, kept in object storage",
        "path": "C:\\Repositories\\MailArchive", "proxyId": "5b7d1c40-2f8e-4a93-9c16-7e0d5a4b3f44", "proxyPoolId": null,
        "organizationId": "71e8f0a9-3b5c-4d6e-8f70-9a1b2c3d4e66", "retentionType": "ItemLevel",
        "retentionPeriodType": "Yearly", "dailyRetentionPeriod": null, "monthlyRetentionPeriod": null,
        "yearlyRetentionPeriod": "Years7", "retentionFrequencyType": "Daily", "dailyTime": "08:00:00",
        "dailyType": "Everyday", "monthlyTime": "00:00:00", "monthlyDaynumber": null, "monthlyDayofweek": null,
        "capacityBytes": null, "freeSpaceBytes": null, "objectStorageEncryptionEnabled": true,
        "encryptionKeyId": "4d3c2b1a-0f9e-4d8c-b7a6-958473625140", "isLongTerm": false, "isOutOfSync": true,
        "isOutdated": false, "isIndexed": true, "isMigrationLocked": false, "isOutOfOrder": false,
        "outOfOrderReason": null,
        "objectStorage": object_storage(),
        "_links": {
            "self": {"href": format!("/v8/BackupRepositories/{id}")},
            "proxy": {"href": "/v8/Proxies/5b7d1c40-2f8e-4a93-9c16-7e0d5a4b3f44"}
        }
    })
}

fn object_storage() -> Value {
    json!({
        "id": "f0e1d2c3-b4a5-4968-8776-655443322100", "type": "AmazonS3Compatible",
        "accountId": "a1b2c3d4-e5f6-4789-8abc-def012345678", "sizeLimitEnabled": true, "sizeLimitGB": 2048,
        "usedSpaceBytes": 734_003_200_000_i64, "freeSpaceBytes": 1_465_019_904_000_i64,
        "enableImmutability": true, "enableImmutabilityGovernanceMode": false, "immutabilityPeriodDays": 30,
        "s3Folder": "vb365-mail",
        "amazonBucketS3Compatible": {
            "servicePoint": "https://s3.example.com", "customRegionId": "eu-example-1", "name": "vb365-archive",
            "trustServerCertificate": true,
            "trustedServerCertificateThumbprint": "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B"
        }
    })
}

/// One page of VB365 v8 repositories.
pub fn repositories() -> Value {
    let id = |index: usize| format!("00000000-0000-4000-8000-{index:012}");
    let results: Vec<Value> = (0..PAGE).map(|index| repository(&id(index))).collect();
    let link = "/v8/BackupRepositories?limit=100&offset=0";
    json!({"offset": 0, "limit": PAGE, "results": results, "_links": {"first": {"href": link}, "self": {"href": link}}})
}

/// A started VB365 synchronization.
pub fn session() -> Value {
    let id = "e41f9c03-5a6b-4c7d-9e8f-0a1b2c3d4e77";
    json!({
        "id": id, "repositoryId": REPOSITORY, "state": "Synchronizing", "progressPercent": 0, "error": "",
        "_links": {
            "self": {"href": format!("https://vb365.example.com:4443/v5/RepositorySynchronizeSessions/{id}")},
            "repository": {"href": format!("https://vb365.example.com:4443/v5/backuprepositories/{REPOSITORY}")}
        }
    })
}

/// An accepted CBR synchronization of a vault.
pub fn synchronization() -> Value {
    json!({"sync": {"operation_log_id": "154f0a9d-ba53-4e91-a3e2-a918710a9e0d"}})
}
