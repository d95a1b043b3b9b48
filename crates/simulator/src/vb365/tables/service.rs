//! The server itself: license, management, updates, health.

use crate::vb365::shape::{BEFORE_V7, FROM_V6, FROM_V7, Member, V5, object, text, time, truth, uuid, whole, word};

/// `RESTLicense`
pub(crate) const LICENSE: &[Member] = &[
    uuid("licenseID").told().only(FROM_V6),
    text("email").told().only(FROM_V6),
    word("status", &[]).told(),
    time("expirationDate").told().only(BEFORE_V7),
    time("supportExpirationDate").told().only(BEFORE_V7),
    text("contactPerson").told().only(BEFORE_V7),
    time("licenseExpires").told().only(FROM_V7),
    time("gracePeriodExpires").told().only(FROM_V7),
    word("type", &[]).told(),
    text("package").told().only(FROM_V7),
    text("licensedTo").told(),
    whole("totalNumber").told(),
    whole("usedNumber").told(),
    whole("newNumber").told().only(FROM_V6),
    text("supportID").told().only(FROM_V6),
    text("supportId").told().only(V5),
];

/// `RESTInstallLicenseOptions`
pub(crate) const INSTALL: &[Member] = &[text("licenseFile").asked().needed()];

/// `RESTLicenseAutoUpdate`
pub(crate) const AUTO_UPDATE: &[Member] = &[truth("isEnabled")];

/// `RESTLicensedUser`
pub(crate) const LICENSED_USER: &[Member] = &[
    text("id").told(),
    text("name").told(),
    truth("isBackedUp").told(),
    time("lastBackupDate").told(),
    word("licenseState", &[]).told(),
    uuid("organizationId").told(),
    text("backedUpOrganizationId").told(),
    text("organizationName").told(),
];

/// `RESTManagementMode`
pub(crate) const MANAGEMENT: &[Member] = &[truth("isManaged"), uuid("managerId"), text("companyName")];

const AUTOMATIC: &[Member] = &[truth("sendEmailOnAvailableUpdates"), truth("installUpdatesAutomatically")];

/// `RESTUpdateProductConfig`
pub(crate) const UPDATES: &[Member] = &[truth("enableCheckForUpdates").needed(), object("updateSettings", AUTOMATIC)];

/// `RESTRestorePortalSettings`
pub(crate) const PORTAL: &[Member] = &[
    uuid("applicationId").told(),
    text("msalAuthorityUri").told(),
    text("restorePortalUri").told().only(FROM_V7),
    truth("isEnabled").told(),
];
