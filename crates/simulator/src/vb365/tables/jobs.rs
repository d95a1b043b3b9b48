//! Jobs, their sessions, and what comes of them.

use super::DAYS;
use crate::vb365::shape::{
    BEFORE_V8, FROM_V6, FROM_V7, Kind, Member, V6, V6_V7, V8, list, object, text, time, truth, uuid, whole, word,
};

const EVERY: &[&str] = &["Minutes5", "Minutes10", "Minutes15", "Minutes30", "Hours1", "Hours2", "Hours4", "Hours8"];
const EVERY_V8: &[&str] =
    &["Minutes5", "Minutes10", "Minutes15", "Minutes30", "Hours1", "Hours2", "Hours4", "Hours8", "Hours12"];

const WINDOW: &[Member] = &[list("backupWindow", &Kind::Truth), whole("minuteOffset")];
const SCHEDULE: &[Member] = &[
    truth("scheduleEnabled"),
    truth("backupWindowEnabled"),
    object("backupWindowSettings", WINDOW),
    truth("periodicallyWindowEnabled").only(FROM_V7),
    object("periodicallyWindowSettings", WINDOW),
    whole("periodicallyOffsetMinutes"),
    word("type", &["Periodically", "Daily", "ManualOnly"]),
    word("periodicallyEvery", EVERY).only(BEFORE_V8),
    word("periodicallyEvery", EVERY_V8).only(V8),
    word("dailyType", DAYS),
    text("dailyTime"),
    truth("retryEnabled"),
    whole("retryNumber"),
    whole("retryWaitInterval"),
];
const COPY_SCHEDULE: &[Member] = &[
    word("type", &["Immediate", "Periodically", "DailyAtTime"]),
    word("periodicallyEvery", EVERY).only(BEFORE_V8),
    word("periodicallyEvery", EVERY_V8).only(V8),
    word("dailyType", DAYS),
    text("dailyTime"),
    truth("backupCopyWindowEnabled"),
    object("backupCopyWindowSettings", WINDOW),
];

const ITEM_TYPES: &[&str] =
    &["Group", "User", "Site", "PartialOrganization", "PersonalSites", "OneDriveFolders", "Team"];
const LOCATIONS: &[&str] = &["OnPremises", "Cloud", "Hybrid"];
const SITE: &[Member] = &[
    text("id").needed(),
    whole("eTag").only(V8),
    text("url").needed(),
    text("parentUrl"),
    text("name"),
    truth("isCloud").needed(),
    truth("isPersonal").needed(),
    text("title").needed(),
    text("siteCollectionError"),
];
const TEAM: &[Member] = &[
    uuid("id").needed(),
    whole("eTag").only(V8),
    text("displayName").needed(),
    text("description"),
    text("mail").needed(),
    uuid("msid").only(V8),
    text("dataLocation").only(V8),
];
const OFFICE_LICENSE: Kind =
    Kind::Object(&[uuid("skuId"), text("skuPartNumber"), word("detectedSkuType", &["Other", "Education"])]);
const USER: &[Member] = &[
    text("id"),
    whole("eTag").only(V8),
    text("onPremisesSid").only(FROM_V7),
    text("displayName"),
    text("name"),
    word("type", &["User", "Shared", "Public"]),
    word("locationType", LOCATIONS),
    text("office").only(FROM_V7),
    list("assignedLicenses", &OFFICE_LICENSE).only(V8),
    uuid("msid").only(V8),
    text("dataLocation").only(V8),
];
const GROUP: &[Member] = &[
    text("id"),
    whole("eTag").only(V8),
    text("onPremisesSid").only(FROM_V7),
    text("displayName"),
    text("name"),
    text("managedBy"),
    text("site"),
    word("type", &["Office365", "Security", "Distribution", "DynamicDistribution"]),
    word("locationType", LOCATIONS),
    uuid("msid").only(V8),
    text("dataLocation").only(V8),
];

/// `RESTJobItemComposed`
pub(crate) const ITEM: Kind = Kind::Object(&[
    word("type", ITEM_TYPES).needed(),
    text("id"),
    list("folders", &Kind::Text),
    truth("mailbox"),
    truth("oneDrive"),
    truth("archiveMailbox"),
    truth("sites"),
    truth("teams"),
    truth("teamsChats"),
    truth("chats").only(V6),
    object("site", SITE),
    object("team", TEAM),
    object("user", USER),
    truth("personalSite"),
    object("group", GROUP),
    truth("members"),
    truth("memberMailbox"),
    truth("memberArchiveMailbox"),
    truth("memberOnedrive"),
    truth("memberSite"),
    truth("groupSite"),
]);

/// `RESTJob`, `RESTCreateBackupJob` and `RESTEditBackupJob`
pub(crate) const JOB: &[Member] = &[
    uuid("id").told(),
    text("name"),
    text("description"),
    word("backupType", &["EntireOrganization", "SelectedItems"]).needed(),
    object("schedulePolicy", SCHEDULE),
    uuid("organizationId").only(V8),
    uuid("repositoryId").needed().only(FROM_V6),
    truth("runNow").only(BEFORE_V8),
    truth("runNow").asked().only(V8),
    list("selectedItems", &ITEM).only(V6_V7),
    list("selectedItems", &ITEM).asked().only(V8),
    list("excludedItems", &ITEM).only(V6_V7),
    list("excludedItems", &ITEM).asked().only(V8),
    time("lastRun").told(),
    time("nextRun").told(),
    time("lastBackup").told().only(FROM_V7),
    truth("isEnabled"),
    word("lastStatus", &[]).told(),
    whole("eTag").told().only(V8),
];

/// `RESTCopyJob`
pub(crate) const COPY_JOB: &[Member] = &[
    uuid("backupJobId").told(),
    object("schedulePolicy", COPY_SCHEDULE).told(),
    uuid("id").told(),
    uuid("organizationId").told().only(V8),
    uuid("repositoryId").told(),
    text("name").told(),
    time("lastRun").told(),
    time("nextRun").told(),
    time("lastBackup").told().only(FROM_V7),
    truth("isEnabled").told(),
    word("lastStatus", &[]).told(),
    whole("eTag").told().only(V8),
];

/// `RESTStartJobOptions`
pub(crate) const START_OPTIONS: &[Member] = &[truth("full").asked()];

const STATISTICS: &[Member] = &[
    whole("processingRateBytesPS").told(),
    whole("processingRateItemsPS").told(),
    whole("readRateBytesPS").told(),
    whole("writeRateBytesPS").told(),
    whole("transferredDataBytes").told(),
    whole("processedObjects").told(),
    word("bottleneck", &[]).told(),
];

/// `RESTJobSession`
pub(crate) const JOB_SESSION: &[Member] = &[
    uuid("id").told(),
    uuid("jobId").told().only(V8),
    uuid("repositoryId").told().only(FROM_V7),
    uuid("mainSessionId").told().only(FROM_V7),
    text("details").told(),
    time("creationTime").told(),
    time("endTime").told(),
    whole("retryCount").told(),
    truth("jobWillBeRetried").told().only(FROM_V7),
    whole("progress").told(),
    word("jobType", &[]).told().only(FROM_V7),
    word("jobSessionConfigType", &[]).told().only(V8),
    word("status", &[]).told(),
    object("statistics", STATISTICS).told(),
    whole("eTag").told().only(V8),
    uuid("proxyId").told().only(V8),
    uuid("proxyPoolId").told().only(V8),
];

/// `RESTLogItem`
pub(crate) const LOG_ITEM: &[Member] = &[
    uuid("id").told(),
    whole("usn").told(),
    word("type", &[]).told().only(V8),
    text("message").told().only(V8),
    text("title").told().only(BEFORE_V8),
    time("creationTime").told(),
    time("endTime").told(),
];

/// `RESTJobSessionObject`
pub(crate) const SESSION_OBJECT: &[Member] = &[text("id").told(), word("type", &[]).told(), word("status", &[]).told()];

/// `RESTRestorePoint`
pub(crate) const RESTORE_POINT: &[Member] = &[
    text("id").told(),
    truth("isDeleted").told().only(FROM_V7),
    uuid("repositoryId").told(),
    time("backupTime").told(),
    uuid("jobId").told(),
    uuid("retrievalId").told(),
    uuid("organizationId").told(),
    truth("isExchange").told(),
    truth("isSharePoint").told(),
    truth("isOneDrive").told(),
    truth("isTeams").told(),
    truth("isLongTermCopy").told(),
    truth("isCopy").told().only(FROM_V7),
    truth("isRetrieved").told(),
    whole("eTag").told().only(V8),
    whole("objectsEtag").told().only(V8),
    time("immutabilityExpiresOn").told().only(V8),
];

/// The words of v6 to v8, and those of v5.
const EXPLORERS: &[&str] = &["Vex", "Veod", "Vesp", "Vet", "vex", "veod", "vesp", "vet"];

/// `RESTExploreOptions`; v5 writes the first member in lower case, and both are taken everywhere.
pub(crate) const EXPLORE: &[Member] = &[
    time("dateTime").asked(),
    time("datetime").asked(),
    word("type", EXPLORERS).asked(),
    truth("showDeleted").asked(),
    truth("showAllVersions").asked(),
];

/// `RESTRestoreSession`
pub(crate) const RESTORE_SESSION: &[Member] = &[
    uuid("id").told(),
    text("name").told(),
    text("organization").told(),
    word("type", &[]).told(),
    time("creationTime").told(),
    time("endTime").told(),
    word("state", &[]).told(),
    word("result", &[]).told(),
    text("initiatedBy").told(),
    text("details").told(),
    text("scopeName").told(),
    text("clientHost").told(),
    text("reason").told(),
    whole("eTag").told().only(V8),
];

/// `RESTEvent`
pub(crate) const EVENT: &[Member] = &[
    word("eventType", &[]).told(),
    text("id").told(),
    whole("eTag").told(),
    uuid("organizationId").told(),
    word("jobType", &[]).told(),
    text("jobId").told(),
    word("status", &[]).told(),
    whole("objectsEtag").told(),
];
