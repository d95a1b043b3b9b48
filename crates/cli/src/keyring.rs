//! Secrets in the operating system's own store: the kernel's keyring on Linux, the Keychain, the Credential Manager.

use std::sync::Arc;

use backup_sync::runtime::SecretString;
use keyring_core::{CredentialStore, Entry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An entry of the system's keyring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table, { user = \"NAME\" }, with a service where it is not backup-sync")]
pub struct Key {
    /// Name of the service under which it is stored.
    #[serde(default = "service")]
    #[schemars(default = "service")]
    pub service: String,
    /// Name of the user for whom it is stored.
    pub user: String,
}

fn service() -> String {
    "backup-sync".to_owned()
}

impl Key {
    /// Reads the entry. Errors are whole sentences without what is stored.
    pub fn read(&self) -> Result<SecretString, String> {
        self.read_from(store()?)
    }

    fn read_from(&self, store: Arc<CredentialStore>) -> Result<SecretString, String> {
        let Self { service, user } = self;
        let entry: keyring_core::Result<Entry> = store.build(service, user, None);
        match entry.and_then(|entry| entry.get_password()) {
            Ok(secret) => Ok(SecretString::from(secret)),
            Err(keyring_core::Error::NoEntry) => Err(format!(
                "the system's keyring has no entry of service {service:?} for user {user:?}; {}",
                add(self)
            )),
            // These two carry the bytes themselves.
            Err(keyring_core::Error::BadEncoding(_) | keyring_core::Error::BadDataFormat(..)) => {
                Err(format!("the entry of service {service:?} for user {user:?} in the system's keyring is not text"))
            }
            Err(cause) => Err(format!("the system's keyring cannot be read: {cause}")),
        }
    }
}

/// How an entry is added.
fn add(Key { service, user }: &Key) -> String {
    if cfg!(target_os = "linux") {
        format!("add it with: keyctl padd user \"keyring:{user}@{service}\" @u")
    } else if cfg!(target_os = "macos") {
        format!("add it with: security add-generic-password -s \"{service}\" -a \"{user}\" -w")
    } else {
        "add it in the system's own tool for credentials".to_owned()
    }
}

#[cfg(target_os = "linux")]
fn store() -> Result<Arc<CredentialStore>, String> {
    linux_keyutils_keyring_store::Store::new().map(|store| store as _).map_err(unusable)
}

#[cfg(target_os = "macos")]
fn store() -> Result<Arc<CredentialStore>, String> {
    apple_native_keyring_store::keychain::Store::new().map(|store| store as _).map_err(unusable)
}

#[cfg(target_os = "windows")]
fn store() -> Result<Arc<CredentialStore>, String> {
    windows_native_keyring_store::Store::new().map(|store| store as _).map_err(unusable)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
fn store() -> Result<Arc<CredentialStore>, String> {
    Err("no keyring is known for this system; use { env }, { file } or { command }".to_owned())
}

#[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
fn unusable(cause: keyring_core::Error) -> String {
    format!("the system's keyring cannot be used: {cause}")
}

#[cfg(test)]
mod tests {
    use backup_sync::runtime::ExposeSecret as _;
    use keyring_core::mock;

    use super::*;

    #[test]
    fn an_entry_is_read_and_a_missing_one_is_told_with_the_way_to_add_it() {
        let store: Arc<CredentialStore> = mock::Store::new().unwrap();
        let key: Key = toml::from_str(r#"user = "m365""#).unwrap();
        assert_eq!(key.service, "backup-sync");
        let told = key.read_from(store.clone()).err().unwrap();
        assert!(told.contains("no entry of service \"backup-sync\" for user \"m365\""), "{told}");
        if cfg!(target_os = "linux") {
            assert!(told.contains("keyctl padd user \"keyring:m365@backup-sync\" @u"), "{told}");
        }
        store.build(&key.service, &key.user, None).unwrap().set_password("planted").unwrap();
        let secret = key.read_from(store).unwrap();
        assert_eq!((secret.expose_secret(), format!("{secret:?}").contains("planted")), ("planted", false));
    }

    #[test]
    fn bytes_that_are_no_text_are_not_repeated() {
        let store: Arc<CredentialStore> = mock::Store::new().unwrap();
        let key: Key = toml::from_str(r#"user = "m365""#).unwrap();
        store.build(&key.service, &key.user, None).unwrap().set_secret(&[b'x', 0xff, 0xfe]).unwrap();
        let told = key.read_from(store).err().unwrap();
        assert!(told.ends_with("is not text"), "{told}");
    }
}
