//! Error codes of CBR, of the gateway in front of it and of IAM, with the HTTP status and what they mean.
//!
//! Statuses are those of the vendor's pages. Where its editions differ, both are given: `BackupService.1005` comes with
//! 400 or 500. Codes of the newest edition that its pages do not list may be missing.

use backup_sync_runtime::ErrorCode;

/// The code of an error as it is listed here. Gateways of customers say `APIG.` where the cloud's own says `APIGW.`.
pub fn find(code: &str) -> Option<&'static ErrorCode> {
    let cloud = code.strip_prefix("APIG.").map(|number| format!("APIGW.{number}"));
    let code = cloud.as_deref().unwrap_or(code);
    [CBR, GATEWAY, IAM].into_iter().flatten().find(|known| known.code == code)
}

const fn code(code: &'static str, statuses: &'static [u16], meaning: &'static str) -> ErrorCode {
    ErrorCode { code, statuses, meaning }
}

/// Codes of CBR itself.
#[rustfmt::skip]
pub static CBR: &[ErrorCode] = &[
    code("BackupService.0001", &[400], "nothing in the request can be backed up"),
    code("BackupService.0002", &[500], "a backup of these resources is already running"),
    code("BackupService.1002", &[400], "this kind of backup cannot be replicated (backup image type must be backup or sync)"),
    code("BackupService.1003", &[400], "only backups whose source is a cloud server can be replicated"),
    code("BackupService.1005", &[400, 500], "target region has no replication support"),
    code("BackupService.1006", &[500], "importing a replica failed"),
    code("BackupService.1009", &[400], "the same backup is already replicated, or being replicated, to the target region"),
    code("BackupService.1011", &[400], "target project has no replication support"),
    code("BackupService.1012", &[400], "replica count limit reached"),
    code("BackupService.2001", &[400], "restore refused: target disk is smaller than the backup"),
    code("BackupService.2002", &[400], "restore refused: a backup of the resource is running"),
    code("BackupService.2003", &[400], "restore to another server is not permitted"),
    code("BackupService.2005", &[400], "backup status does not permit restore"),
    code("BackupService.2007", &[400], "a terminated server cannot be a restore target"),
    code("BackupService.2008", &[400], "server status does not permit restore"),
    code("BackupService.2009", &[400], "disk type does not permit restore"),
    code("BackupService.2010", &[400], "a restore of the resource is already running"),
    code("BackupService.2011", &[400], "disk status does not permit restore"),
    code("BackupService.2012", &[400], "some of the disks may not be restored"),
    code("BackupService.2013", &[400], "data-disk backup cannot go onto a system disk"),
    code("BackupService.2014", &[400], "bare-metal backup cannot go onto a virtual server"),
    code("BackupService.2015", &[400], "CPU architectures of source and target differ"),
    code("BackupService.4001", &[404], "migration record not found"),
    code("BackupService.4004", &[500], "data clean-up failed"),
    code("BackupService.4005", &[500], "could not verify the target vault"),
    code("BackupService.4006", &[500], "migration of a backup in a transient state failed"),
    code("BackupService.4007", &[500], "could not read migration progress of other regions"),
    code("BackupService.6000", &[404], "policy not found"),
    code("BackupService.6001", &[400], "policy quota of this type used up"),
    code("BackupService.6002", &[404], "policy is not attached to the vault"),
    code("BackupService.6003", &[400], "target region is fixed while the policy is attached to a replication vault"),
    code("BackupService.6100", &[400], "vault holds the maximum number of resources"),
    code("BackupService.6101", &[400], "vault size is not acceptable"),
    code("BackupService.6102", &[400], "vault type does not take this resource type"),
    code("BackupService.6103", &[400], "resource already belongs to a vault"),
    code("BackupService.6104", &[400], "resource listed twice for the vault"),
    code("BackupService.6105", &[404], "vault not found"),
    code("BackupService.6106", &[400], "a vault like this exists already"),
    code("BackupService.6107", &[400], "enlarging the vault failed"),
    code("BackupService.6108", &[400], "no further resources may be attached to the vault"),
    code("BackupService.6109", &[400], "billing record not found"),
    code("BackupService.6110", &[400], "vault may not be updated now"),
    code("BackupService.6111", &[400], "vault may not be deleted now"),
    code("BackupService.6112", &[400], "vault status does not fit the call"),
    code("BackupService.6113", &[400], "vault status does not permit backup"),
    code("BackupService.6114", &[400], "vault usage is above its capacity"),
    code("BackupService.6115", &[400], "deleting the backups of vault resources failed"),
    code("BackupService.6116", &[400], "protect type of the resource is not supported"),
    code("BackupService.6117", &[400], "operation type of the policy is not known"),
    code("BackupService.6118", &[400], "checking the target vault failed"),
    code("BackupService.6119", &[400], "target vault cannot take replicas"),
    code("BackupService.6120", &[400], "target vault not found"),
    code("BackupService.6121", &[400], "deleting the vault failed"),
    code("BackupService.6122", &[400], "resource type cannot be replicated"),
    code("BackupService.6123", &[400], "enlarging failed: open order, or another enlargement is running"),
    code("BackupService.6124", &[400], "this vault type cannot be backed up"),
    code("BackupService.6125", &[400], "a backup task is running"),
    code("BackupService.6126", &[400], "vault does not take database backups"),
    code("BackupService.6127", &[400], "policy does not fit this vault"),
    code("BackupService.6128", &[400], "this vault type cannot be replicated"),
    code("BackupService.6129", &[400], "target vault is full"),
    code("BackupService.6130", &[400], "vault replication is running"),
    code("BackupService.6131", &[400], "traffic record not found"),
    code("BackupService.6132", &[500], "creating the vault failed"),
    code("BackupService.6133", &[400], "vault quota used up"),
    code("BackupService.6134", &[400], "resources are just being removed from the vault"),
    code("BackupService.6135", &[400], "resource is not in this vault"),
    code("BackupService.6136", &[400], "backup policies do not work with hybrid-cloud vaults"),
    code("BackupService.6137", &[500], "one shared disk is reachable through several vaults"),
    code("BackupService.6138", &[500], "could not read the account language from billing"),
    code("BackupService.6139", &[500], "could not read the account domain type"),
    code("BackupService.6140", &[400], "encrypted disk may not be used as system disk"),
    code("BackupService.6141", &[400], "SCSI disk may not be used as system disk"),
    code("BackupService.6142", &[400], "all vaults are full"),
    code("BackupService.6200", &[404], "backup not found"),
    code("BackupService.6201", &[400], "backup may not be deleted"),
    code("BackupService.6202", &[400], "restore needs a vault in available state"),
    code("BackupService.6203", &[400], "a backup is running"),
    code("BackupService.6204", &[400], "backup still feeds an image, delete refused"),
    code("BackupService.6206", &[400], "backup status does not permit a metadata query"),
    code("BackupService.6207", &[500], "this backup type cannot become an image"),
    code("BackupService.6208", &[500], "backup status does not permit image creation"),
    code("BackupService.6209", &[500], "backup lacks the system disk, no image possible"),
    code("BackupService.6210", &[500], "an image made from this backup exists"),
    code("BackupService.6211", &[500], "an image made from this backup exists (second code)"),
    code("BackupService.6212", &[500], "creating the image failed"),
    code("BackupService.6213", &[500], "image and backup do not belong together"),
    code("BackupService.6214", &[500], "removing the image registration failed"),
    code("BackupService.6215", &[400], "resource status does not permit backup"),
    code("BackupService.6216", &[400], "backup is in use, delete refused"),
    code("BackupService.6217", &[404], "checkpoint not found"),
    code("BackupService.6220", &[400], "automatic backups of a locked vault cannot be deleted by hand"),
    code("BackupService.6300", &[400], "resource type and provider do not fit together"),
    code("BackupService.6301", &[400], "provider id is not known"),
    code("BackupService.6302", &[404], "resource not found"),
    code("BackupService.6400", &[400], "creating the storage bucket failed"),
    code("BackupService.6401", &[400], "setting the bucket quota failed"),
    code("BackupService.6402", &[404], "bucket still holds data"),
    code("BackupService.6403", &[400], "reading bucket usage failed"),
    code("BackupService.6404", &[400], "deleting the bucket failed"),
    code("BackupService.6405", &[400], "deleting bucket objects failed"),
    code("BackupService.6406", &[400], "listing bucket objects failed"),
    code("BackupService.6407", &[400], "setting the bucket access list failed"),
    code("BackupService.6408", &[400], "setting the bucket policy failed"),
    code("BackupService.6500", &[404], "operation log not found"),
    code("BackupService.6501", &[404], "task not found"),
    code("BackupService.6600", &[400], "tag limit of the resource reached"),
    code("BackupService.6601", &[404], "tag key not found"),
    code("BackupService.6700", &[400], "only server backups can be shared"),
    code("BackupService.6701", &[400], "share limit reached"),
    code("BackupService.6702", &[400], "only available backups can be shared"),
    code("BackupService.6703", &[400], "backup is shared already"),
    code("BackupService.6704", &[400], "project id of the share target is not valid"),
    code("BackupService.6705", &[404], "share member not found"),
    code("BackupService.6706", &[400], "share member update has an unacceptable value"),
    code("BackupService.6707", &[400], "sharing is not permitted"),
    code("BackupService.6708", &[400], "updating the share member failed"),
    code("BackupService.6709", &[400], "servers with encrypted disks cannot be shared"),
    code("BackupService.6710", &[400], "an image was registered from the shared backup"),
    code("BackupService.6711", &[400], "deleting the shared backup failed"),
    code("BackupService.6712", &[400], "vault status does not permit sharing"),
    code("BackupService.6713", &[400], "accepting vault type and resource type differ"),
    code("BackupService.6714", &[400], "backup was shared to this member before"),
    code("BackupService.7000", &[404], "disk not found"),
    code("BackupService.7001", &[400], "DESS disks cannot be backed up"),
    code("BackupService.7002", &[400], "SCSI disks cannot be backed up"),
    code("BackupService.7003", &[400], "disk status does not permit backup"),
    code("BackupService.7004", &[400], "disk permits neither backup nor restore"),
    code("BackupService.7006", &[400], "disk is in the vault already"),
    code("BackupService.7007", &[400], "disk is too old to be backed up"),
    code("BackupService.7008", &[400], "disk is at a disaster-recovery site, no restore"),
    code("BackupService.7009", &[500], "deleted disk backup is still being lazily loaded"),
    code("BackupService.7100", &[404], "server not found"),
    code("BackupService.7101", &[400], "server status does not permit backup"),
    code("BackupService.7102", &[400], "server is stopped"),
    code("BackupService.7103", &[400], "server cannot be backed up"),
    code("BackupService.7104", &[400], "server has SCSI disks, no backup"),
    code("BackupService.7105", &[400], "disks sit on different storage back ends"),
    code("BackupService.7106", &[400], "shared disks cannot be backed up"),
    code("BackupService.7107", &[400], "too many shared disks"),
    code("BackupService.7108", &[400], "server has no disks"),
    code("BackupService.7109", &[400], "bare-metal servers cannot be backed up"),
    code("BackupService.7110", &[400], "resource type and provider id do not fit together"),
    code("BackupService.7111", &[400], "server has DESS disks, no backup"),
    code("BackupService.7113", &[400], "local disks of bare-metal servers cannot be backed up"),
    code("BackupService.7114", &[400], "operating system of the source server has changed, no restore"),
    code("BackupService.7115", &[400], "source and target server types differ"),
    code("BackupService.7116", &[400], "server is in a vault already"),
    code("BackupService.7117", &[400], "server is at a disaster-recovery site, no restore"),
    code("BackupService.7200", &[400], "cloud database backup is running"),
    code("BackupService.7201", &[400], "disk is not attached to a server"),
    code("BackupService.7202", &[404], "snapshot could not be read"),
    code("BackupService.7203", &[400], "snapshot status does not fit"),
    code("BackupService.7204", &[400], "snapshot and disk do not belong together"),
    code("BackupService.7300", &[400], "vault type has no synchronization"),
    code("BackupService.7301", &[400], "vault is not empty"),
    code("BackupService.7302", &[400], "a synchronization of this vault is already running"),
    code("BackupService.7303", &[400], "vault quota used up (synchronization family)"),
    code("BackupService.8300", &[400], "snapshot quota too small"),
    code("BackupService.8400", &[500], "could not read the product from billing"),
    code("BackupService.8600", &[403], "account has not passed real-name verification"),
    code("BackupService.9900", &[400], "parameter check failed"),
    code("BackupService.9910", &[500], "unknown internal error"),
    code("BackupService.9998", &[500], "internal authentication failed"),
];

/// Codes of the gateway in front of all services.
#[rustfmt::skip]
pub static GATEWAY: &[ErrorCode] = &[
    code("APIGW.0101", &[404], "no such API, method or path; or not published"),
    code("APIGW.0103", &[404, 500], "back end missing"),
    code("APIGW.0104", &[400, 500], "plug-in missing"),
    code("APIGW.0105", &[400, 500], "back-end settings missing"),
    code("APIGW.0106", &[400], "orchestration error"),
    code("APIGW.0107", &[500], "script error"),
    code("APIGW.0201", &[400, 413, 414, 494, 500, 502, 504], "the gateway cannot handle the request: malformed (400), body over 12 MB (413), address over 32 KB (414), headers too large (494), back end not reachable (502) or too slow (504), internal (500)"),
    code("APIGW.0202", &[502], "the service behind the gateway cannot be reached"),
    code("APIGW.0203", &[504], "the service behind the gateway answers too slowly"),
    code("APIGW.0204", &[400], "TLS version not accepted"),
    code("APIGW.0205", &[400], "client certificate check failed"),
    code("APIGW.0301", &[401], "the token or the signature (AK/SK) is not accepted; the message says which: a token that cannot be decrypted, a signature that does not verify, an access key that does not exist, or one locked for five minutes after repeated failures"),
    code("APIGW.0302", &[403], "user may not call this API"),
    code("APIGW.0303", &[401], "credentials of an app are not accepted; a message about an expired signature names both clocks"),
    code("APIGW.0304", &[403], "app may not call this API"),
    code("APIGW.0305", &[401], "authentication data wrong"),
    code("APIGW.0306", &[403], "access refused"),
    code("APIGW.0307", &[401], "token must be renewed"),
    code("APIGW.0308", &[429], "throttled"),
    code("APIGW.0310", &[403], "project not usable"),
    code("APIGW.0311", &[401], "debug or third-party authentication wrong"),
    code("APIGW.0312", &[401], "debug or third-party authentication wrong"),
    code("APIGW.0313", &[401], "debug or third-party authentication wrong"),
    code("APIGW.0314", &[403], "third-party authentication refused"),
    code("APIGW.0401", &[403], "client address unknown"),
    code("APIGW.0402", &[403], "client address not permitted"),
    code("APIGW.0404", &[403], "back-end address refused"),
    code("APIGW.0405", &[403], "app call from an untrusted address"),
    code("APIGW.0501", &[405], "app quota used up"),
    code("APIGW.0502", &[405], "app frozen"),
    code("APIGW.0601", &[500], "internal"),
    code("APIGW.0602", &[400], "bad request"),
    code("APIGW.0605", &[500], "name resolution failed"),
    code("APIGW.0606", &[500], "settings not loaded"),
    code("APIGW.0607", &[400], "protocol not accepted"),
    code("APIGW.0608", &[500], "internal token missing"),
    code("APIGW.0609", &[500], "VPC back end missing"),
    code("APIGW.0610", &[502], "no back end alive"),
    code("APIGW.0611", &[500], "back-end port missing"),
    code("APIGW.0612", &[500], "API calls itself"),
    code("APIGW.0613", &[503], "IAM not available"),
    code("APIGW.0705", &[500], "back-end signature failed"),
    code("APIGW.0801", &[403], "service not usable from this region"),
    code("APIGW.0802", &[403], "user barred in this region"),
];

/// Codes of IAM.
#[rustfmt::skip]
pub static IAM: &[ErrorCode] = &[
    code("IAM.0001", &[401], "not authenticated"),
    code("IAM.0002", &[403], "not permitted"),
    code("IAM.0003", &[403], "a policy refuses the action"),
    code("IAM.0004", &[404], "what the call names does not exist"),
    code("IAM.0005", &[409], "conflict with the present state"),
    code("IAM.0011", &[400], "the body is not valid"),
    code("IAM.0012", &[429], "too many requests"),
    code("IAM.0061", &[401], "the account is locked"),
    code("IAM.0062", &[401], "the password is wrong"),
    code("IAM.0066", &[401], "the token has ended"),
    code("IAM.0067", &[401], "the token is not valid"),
    code("IAM.0072", &[400], "a property is missing"),
    code("IAM.0073", &[400], "a property has a value that is not accepted"),
    code("IAM.0080", &[403], "the owner of the access key is disabled"),
    code("IAM.0081", &[403], "the user may only use the console"),
    code("IAM.0082", &[403], "the user is disabled"),
    code("IAM.0083", &[403], "the region is barred for the user"),
    code("IAM.1104", &[400], "the access key is barred"),
    code("IAM.1105", &[400], "the access key has expired"),
    code("IAM.1106", &[400], "the owner of the access key is missing"),
    code("IAM.1107", &[400], "the access key is not active"),
    code("IAM.1108", &[400], "the security token has ended"),
    code("IAM.1109", &[400], "the project is missing"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_listed_once_and_in_order() {
        for table in [CBR, GATEWAY, IAM] {
            assert!(table.windows(2).all(|pair| pair[0].code < pair[1].code));
        }
    }

    #[test]
    fn codes_tell_failures_and_what_they_mean() {
        for known in [CBR, GATEWAY, IAM].into_iter().flatten() {
            assert!(!known.statuses.is_empty() && known.statuses.windows(2).all(|pair| pair[0] < pair[1]), "{known:?}");
            assert!(known.statuses.iter().all(|status| (400..600).contains(status)), "{known:?}");
            assert!(known.meaning.len() > 3 && !known.meaning.ends_with('.'), "{known:?}");
            assert_eq!(find(known.code).map(|found| found.meaning), Some(known.meaning));
        }
        assert_eq!([CBR, GATEWAY, IAM].map(<[_]>::len), [164, 44, 23]);
    }

    #[test]
    fn the_codes_of_synchronization_are_there() {
        let known = |code: &str| find(code).map(|found| (found.statuses, found.meaning));
        assert_eq!(
            known("BackupService.7302"),
            Some((&[400][..], "a synchronization of this vault is already running"))
        );
        assert_eq!(known("BackupService.6105").map(|(statuses, _)| statuses), Some(&[404][..]));
        assert_eq!(known("BackupService.1005").map(|(statuses, _)| statuses), Some(&[400, 500][..]));
        assert_eq!(known("APIG.0308"), known("APIGW.0308"));
        assert_eq!(known("APIGW.0308").map(|(statuses, _)| statuses), Some(&[429][..]));
        assert_eq!(known("BackupService.4711"), None);
    }
}
