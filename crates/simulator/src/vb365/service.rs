//! The server itself: who it is, how it is, its license, its management and its updates.

use serde_json::{Value, json};

use super::desk::{Answered, Desk, invalid};
use super::shape::{Object, amend, members_of, string};
use super::tables::{AUTO_UPDATE, INSTALL, LICENSE, MANAGEMENT, PORTAL, UPDATES};
use crate::builder::Vb365Version;
use crate::message::Answer;

impl Desk<'_> {
    pub(super) fn instance(&self) -> Answered {
        let build = match self.version {
            Vb365Version::V5 => "5.0.3.1060",
            Vb365Version::V6 => "6.1.0.1015",
            Vb365Version::V7 => "7.1.0.2031",
            Vb365Version::V8 => "8.1.0.305",
        };
        Ok(Answer::json(200, &json!({"installationId": self.state.installation, "version": build})))
    }

    pub(super) fn health(&self) -> Answered {
        let good = json!({"status": "Healthy", "description": null});
        let entries = json!({"ConfigurationDatabase": good, "MessageServer": good});
        Ok(Answer::json(200, &json!({"status": "Healthy", "entries": entries})))
    }

    pub(super) fn portal(&self) -> Answered {
        self.one(PORTAL, members_of(json!({
            "applicationId": self.state.installation, "msalAuthorityUri": "https://login.microsoftonline.com/organizations",
            "restorePortalUri": "https://restore.example.org", "isEnabled": true,
        })))
    }

    pub(super) fn management(&self) -> Answered {
        let mut shown = self.state.management.clone();
        shown.insert("_links".to_owned(), self.links([("self", "ManagementMode".to_owned())]));
        self.one(MANAGEMENT, shown)
    }

    pub(super) fn manage(&mut self) -> Answered {
        let taken = self.body(MANAGEMENT, true)?;
        let managed = taken.get("isManaged") == Some(&Value::Bool(true));
        if managed && taken.get("managerId").is_none_or(Value::is_null) {
            return Err(invalid("managerId is missing, which says who manages the server"));
        }
        amend(&mut self.state.management, taken);
        self.done()
    }

    pub(super) fn updates(&self) -> Answered {
        self.one(UPDATES, self.state.updates.clone())
    }

    pub(super) fn change_updates(&mut self) -> Answered {
        let taken = self.body(UPDATES, true)?;
        amend(&mut self.state.updates, taken);
        self.done()
    }

    pub(super) fn license(&self) -> Answered {
        let users = || self.state.users.iter();
        let new = users().filter(|user| string(user, "licenseState") == "New").count();
        let mut shown = self.state.license.clone();
        shown.extend(members_of(json!({"usedNumber": users().count() - new, "newNumber": new})));
        self.one(LICENSE, shown)
    }

    /// Another license, which is good for a year from now.
    pub(super) fn install_license(&mut self) -> Answered {
        let taken = self.body(INSTALL, true)?;
        if string(&taken, "licenseFile").trim().is_empty() {
            return Err(invalid("licenseFile is empty"));
        }
        let id = self.state.uuid();
        self.state.license.insert("licenseID".to_owned(), id.into());
        self.renew()
    }

    /// The same license, which is good for a year from now.
    pub(super) fn renew(&mut self) -> Answered {
        let dates = self.state.license_until(self.now());
        self.state.license.extend(dates);
        self.license()
    }

    pub(super) fn auto_update(&self) -> Answered {
        let mut shown = self.state.auto_update.clone();
        shown.insert("_links".to_owned(), self.links([("self", "License/AutoUpdate".to_owned())]));
        self.one(AUTO_UPDATE, shown)
    }

    pub(super) fn change_auto_update(&mut self) -> Answered {
        let taken: Object = self.body(AUTO_UPDATE, true)?;
        amend(&mut self.state.auto_update, taken);
        self.done()
    }
}
