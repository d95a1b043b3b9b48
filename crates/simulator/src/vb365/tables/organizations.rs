//! Organizations and what is told of them.

use crate::vb365::shape::{FROM_V7, Member, V7, V8, object, secret, text, time, truth, uuid, whole, word};

const CLOUD: &[Member] = &[
    truth("useApplicationOnlyAuth"),
    text("officeOrganizationName"),
    truth("sharePointSaveAllWebParts"),
    text("account"),
    secret("password"),
    truth("grantAdminAccess"),
    truth("useMfa"),
    truth("useCustomVeeamAADApplication"),
    uuid("applicationId"),
    secret("applicationSecret"),
    secret("applicationCertificate"),
    secret("applicationCertificatePassword"),
    text("applicationCertificateThumbprint"),
];
const SHAREPOINT: &[Member] = &[
    text("serverName"),
    text("username"),
    secret("password"),
    truth("useSSL"),
    truth("skipCAverification"),
    truth("skipCommonnameverification"),
    truth("skipRevocationcheck"),
    whole("serverPort"),
    truth("grantAccesstositecollections"),
];
const EXCHANGE: &[Member] = &[
    text("serverName"),
    text("username"),
    secret("password"),
    truth("useSSL"),
    truth("skipCAverification"),
    truth("skipCommonnameverification"),
    truth("skipRevocationcheck"),
    truth("grantImpersonation"),
    truth("configureThrottlingpolicy"),
];

/// `RestOrganizationComposed`
pub(crate) const ORGANIZATION: &[Member] = &[
    uuid("id").told(),
    word("type", &["Office365", "OnPremises", "Hybrid"]).needed(),
    word("region", &["Worldwide", "Germany", "China", "USDefence", "USGovernment"]),
    text("name"),
    text("officeName"),
    text("description").only(FROM_V7),
    truth("isTeamsOnline"),
    truth("isTeamsChatsOnline"),
    truth("isExchangeOnline"),
    truth("isSharePointOnline"),
    object("exchangeOnlineSettings", CLOUD),
    object("sharePointOnlineSettings", CLOUD),
    truth("configureApplication").asked(),
    text("userCode").asked(),
    text("newApplicationName").asked(),
    truth("isSharepoint"),
    object("sharepointSettings", SHAREPOINT),
    truth("isExchange"),
    object("exchangeSettings", EXCHANGE),
    truth("isBackedup").told(),
    time("firstBackuptime").told(),
    time("lastBackuptime").told(),
    uuid("msid").told().only(V8),
    text("backedUpOrganizationId").told().only(V8),
];

/// The view that a tenant of v5 has of itself
pub(crate) const OWN_ORGANIZATION: &[Member] = &[
    uuid("id").told(),
    text("name").told(),
    word("type", &[]).told(),
    truth("isBackedup").told(),
    time("firstBackuptime").told(),
    time("lastBackuptime").told(),
];

/// `RESTOrganizationStorageSpaceUsage`
pub(crate) const USAGE_OF_ORGANIZATION: &[Member] = &[
    uuid("repositoryId").told().only(V8),
    whole("usedSpaceBytes").told(),
    whole("localCacheUsedSpaceBytes").told(),
    whole("objectStorageUsedSpaceBytes").told(),
    truth("isAvailable").told(),
    text("details").told(),
    whole("protectedObjectsCount").told().only(V8),
];

/// `RESTOrganizationSyncOptions`
pub(crate) const SYNC_OPTIONS: &[Member] = &[word("type", &["Incremental", "Full"]).asked()];

const LAST_SYNC: &[Member] = &[
    word("type", &[]).told(),
    word("result", &[]).told(),
    time("startTime").told(),
    time("endTime").told(),
    text("error").told(),
];
const CURRENT_SYNC: &[Member] =
    &[word("type", &[]).told(), time("scheduledTime").told(), time("startTime").told(), word("status", &[]).told()];

/// `RESTOrganizationSyncState`, which v7 and v8 tell in different members
pub(crate) const SYNC_STATE: &[Member] = &[
    word("type", &[]).told().only(V7),
    word("status", &[]).told().only(V7),
    time("lastSyncTime").told().only(V7),
    text("error").told().only(V7),
    uuid("organizationId").told().only(V8),
    object("lastSyncState", LAST_SYNC).told().only(V8),
    object("currentSyncState", CURRENT_SYNC).told().only(V8),
];
