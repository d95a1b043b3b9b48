//! Repositories, object storage, proxies and pools.

use super::DAYS;
use crate::vb365::shape::{
    ALL, BEFORE_V8, FROM_V6, FROM_V7, Kind, Member, V5, V6, V6_V7, V8, list, number, object, secret, text, time, truth,
    uuid, whole, word,
};

const WEEKDAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const RETENTION: &[&str] = &["ItemLevel", "SnapshotBased"];
const YEARS: &[&str] = &["Year1", "Years2", "Years3", "Years5", "Years7", "Years10", "Years25", "Keep"];

/// `RESTBackupRepository` and `RESTBackupRepositoryFromClient`
pub(crate) const REPOSITORY: &[Member] = &[
    uuid("id").told(),
    text("name").needed(),
    text("description"),
    text("path"),
    word("retentionType", RETENTION).only(V5),
    word("retentionType", RETENTION).needed().only(FROM_V6),
    word("retentionPeriodType", &["Monthly", "Daily", "Yearly"]),
    whole("dailyRetentionPeriod"),
    whole("monthlyRetentionPeriod"),
    word("yearlyRetentionPeriod", YEARS),
    word("retentionFrequencyType", &["Daily", "Monthly"]),
    text("dailyTime"),
    word("dailyType", DAYS),
    text("monthlyTime"),
    word("monthlyDaynumber", &["First", "Second", "Third", "Fourth", "Last"]),
    word("monthlyDayofweek", WEEKDAYS),
    truth("objectStorageEncryptionEnabled"),
    uuid("encryptionKeyId"),
    whole("capacityBytes").told(),
    whole("freeSpaceBytes").told(),
    uuid("proxyId"),
    uuid("proxyPoolId").only(V8),
    uuid("organizationId").only(V8),
    truth("ignoreProxyPoolApplianceAccessValidation").asked().only(V8),
    truth("attachUsedRepository").asked(),
    uuid("objectStorageId").only(BEFORE_V8),
    text("objectStorageCachePath").only(BEFORE_V8),
    object("objectStorage", STORAGE).only(V8),
    truth("isLongTerm").told(),
    truth("isOutOfSync").told(),
    truth("isOutdated").told().only(V8),
    truth("isIndexed").told().only(V8),
    truth("isMigrationLocked").told().only(V8),
    truth("isOutOfOrder").told().only(V8),
    text("outOfOrderReason").told().only(V8),
];

const STORAGE_TYPES: &[&str] = &["AzureBlob", "AmazonS3", "AmazonS3Compatible", "AzureBlobArchive", "AmazonS3Glacier"];
const MORE_STORAGE_TYPES: &[&str] =
    &["AzureBlob", "AmazonS3", "AmazonS3Compatible", "AzureBlobArchive", "AmazonS3Glacier", "WasabiCloud", "IBMCloud"];

/// `RESTObjectStorageComposed` of v8 and `RESTObjectStorageRepositoryComposed` before
pub(crate) const STORAGE: &[Member] = &[
    uuid("id").told(),
    text("name").only(BEFORE_V8),
    text("description").only(BEFORE_V8),
    word("type", STORAGE_TYPES).only(V6),
    word("type", MORE_STORAGE_TYPES).only(FROM_V7),
    uuid("accountId"),
    truth("sizeLimitEnabled"),
    whole("sizeLimitGB"),
    whole("usedSpaceBytes").told(),
    whole("freeSpaceBytes").told(),
    truth("enableImmutability").only(FROM_V7),
    truth("enableImmutabilityGovernanceMode").only(V8),
    whole("immutabilityPeriodDays").only(V8),
    object("amazonBucketS3Compatible", S3_COMPATIBLE),
    text("s3Folder"),
    truth("glacierDeepArchiveEnabled"),
    truth("glacierInstantRetrievalEnabled").only(FROM_V7),
    object("amazonBucketS3Aws", S3_AWS),
    truth("iaStorageClassEnabled").only(BEFORE_V8),
    truth("standardIaStorageClassEnabled").only(V8),
    truth("oneZoneIaStorageClassEnabled").only(V8),
    truth("useArchiverAppliance"),
    object("amazonArchiverAppliance", AMAZON_ARCHIVER),
    object("azureContainer", CONTAINER),
    text("azureFolder"),
    object("azureServiceAccount", SERVICE_ACCOUNT),
    object("azureSubscription", &[text("subscriptionId"), text("displayName")]),
    object("azureArchiverAppliance", AZURE_ARCHIVER),
];

const S3_COMPATIBLE: &[Member] = &[
    text("servicePoint"),
    text("customRegionId"),
    text("name"),
    text("trustedServerCertificateThumbprint").only(V8),
    truth("trustServerCertificate").only(V8),
];
const S3_AWS: &[Member] =
    &[word("regionType", &["Global", "USGovernment", "China"]), text("regionName"), text("regionId"), text("name")];
const PLACE: &[Member] = &[text("id"), text("name"), text("CIDR")];
const AMAZON_ARCHIVER: &[Member] = &[
    object("instanceType", &[text("type"), whole("cores"), whole("memory")]).only(BEFORE_V8),
    text("instanceTypeName").only(V8),
    object("virtualPrivateCloud", PLACE),
    object("subnet", PLACE),
    object("securityGroup", &[text("id"), text("name")]),
    text("ipRanges").only(V8),
    whole("appliancePort"),
];
const AZURE_REGIONS: &[&str] = &["Global", "Germany", "China", "Government"];
const CONTAINER: &[Member] = &[text("name"), word("regionType", AZURE_REGIONS)];
const SERVICE_ACCOUNT: &[Member] = &[
    uuid("id"),
    word("type", &["Azure", "AWS"]),
    text("displayName"),
    text("description"),
    uuid("applicationId"),
    text("applicationCertificateThumbprint"),
    word("azureEnvironment", AZURE_REGIONS),
    text("azureTenantId"),
    time("lastModified"),
];
const MACHINE_SIZE: &[Member] =
    &[text("name"), text("coresCount"), whole("memoryMB"), whole("osDiskSizeMB"), whole("resourceDiskSizeMB")];
const AZURE_NETWORK: &[Member] =
    &[text("id"), text("name"), text("type"), text("location"), list("addressSpaces", &Kind::Text)];
const AZURE_ARCHIVER: &[Member] = &[
    object("virtualMachineSize", MACHINE_SIZE).only(BEFORE_V8),
    text("virtualMachineSizeName").only(V8),
    object("resourceGroup", &[text("name"), text("location")]),
    object("virtualNetwork", AZURE_NETWORK),
    object("subnet", &[text("name"), text("addressPrefix")]),
    text("ipRanges").only(V8),
    text("region"),
    whole("appliancePort"),
];

/// `RESTBackupRepositoryStorageUsageInfo`
pub(crate) const USAGE_OF_REPOSITORY: &[Member] = &[
    text("name").told(),
    text("id").told(),
    whole("usedSpaceBytes").told(),
    whole("localCacheUsedSpaceBytes").told(),
    whole("objectStorageUsedSpaceBytes").told(),
];

/// `RESTBackupRepositoryOwnerChangeSession`
pub(crate) const OWNER_CHANGE: &[Member] = &[
    uuid("id").told(),
    word("status", &[]).told(),
    time("startTime").told(),
    time("endTime").told(),
    text("details").told(),
    text("waitForSessionsTimeout").told(),
    truth("forceStopSessions").told(),
    text("forceStopSessionsTimeout").told(),
    uuid("fromOwnerId").told(),
    uuid("toOwnerId").told(),
    list("repositoryIds", &Kind::Uuid).told(),
];

const INTERNET_PROXY: &[Member] =
    &[text("hostName"), whole("port"), truth("useAuthentication"), text("username"), secret("userPassword")];

/// `RESTSshSettingsFromClient`
pub(crate) const SSH: &[Member] = &[
    text("account"),
    secret("accountPassword"),
    whole("port"),
    whole("connectionTimeout"),
    secret("privateKeyBase64"),
    secret("privateKeyPassphrase"),
    truth("elevateAccountToRoot"),
    truth("addToSudoers"),
    truth("UseSuIfSudoUnavailable"),
    secret("rootPassword"),
    text("fingerprint"),
    text("publicBase64Key"),
    truth("ignoreFingerprintCheck"),
];

/// `RESTSshConnectionConfigValidationResult`
pub(crate) const SSH_RESULT: &[Member] =
    &[word("status", &[]).told(), text("fingerprint").told(), text("publicBase64Key").told()];

const ROLES: Kind = Kind::Word(&[]);

/// `RESTProxy` and `RESTProxyFromClient`
pub(crate) const PROXY: &[Member] = &[
    uuid("id").told(),
    word("type", &[]).told(),
    truth("useDomainNetwork").asked(),
    truth("useInternetProxy"),
    word("internetProxyType", &["FromManagementServer", "Custom"]),
    object("internetProxySettings", INTERNET_PROXY),
    word("operatingSystem", &["Windows", "Linux"]).only(V8),
    object("sshSettings", SSH).asked().only(V8),
    uuid("proxyPoolId").told().only(V8),
    text("hostName").needed(),
    text("fqdn").told().only(FROM_V7),
    text("description"),
    whole("port"),
    text("username").asked(),
    secret("password"),
    text("serviceAccountName").asked().only(V8),
    secret("serviceAccountPassword").only(V8),
    truth("createServiceAccount").asked().only(V8),
    truth("attachUsedProxy").asked(),
    whole("threadsNumber").only(V6_V7),
    truth("enableNetworkThrottling"),
    whole("throttlingValue"),
    word("throttlingUnit", &["Mbps", "MBs", "KBs"]),
    word("status", &[]).told(),
    word("maintenanceModeState", &[]).told().only(V8),
    number("cpuUsagePercent").told().only(V8),
    number("memoryUsagePercent").told().only(V8),
    text("version").told().only(V8),
    text("serviceAccount").told().only(V8),
    list("role", &ROLES).told().only(V8),
];

/// `RESTProxyCredentialsFromClient`
pub(crate) const CREDENTIALS: &[Member] =
    &[object("sshSettings", SSH).asked(), text("username").asked(), secret("password")];

/// `RESTRemoveProxyOptions`
pub(crate) const REMOVE_PROXY: &[Member] = &[
    truth("force").asked(),
    text("userName").asked(),
    secret("userPassword"),
    object("sshSettings", SSH).asked().only(V8),
];

const ITEM_ID: Kind = Kind::Object(&[uuid("id").needed()]);
const PROXY_ID: Kind = Kind::Object(PROXY_REFERENCE);

/// `RESTRescanOptions`
pub(crate) const RESCAN: &[Member] = &[list("proxies", &ITEM_ID).asked().needed()];

/// `RESTProxyIdFromClient`
pub(crate) const PROXY_REFERENCE: &[Member] = &[uuid("proxyId").needed().only(ALL)];

/// `RESTProxyPool` and `RESTProxyPoolFromClient`
pub(crate) const POOL: &[Member] = &[
    uuid("id").told(),
    text("name").needed(),
    text("description").needed(),
    list("proxyIds", &PROXY_ID).asked().needed(),
];
