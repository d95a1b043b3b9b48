//! Lists of on-premises backups, read from files that people write.

mod entry;
mod read;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use backup_sync_runtime::Error;

use self::entry::Entry;
use self::read::{Form, Wrong};
use crate::v3::types::{BackupSync, BackupSyncBackupName};

/// The service takes so many backups in one call.
pub const MOST_BACKUPS: usize = 50;

/// Longest name of a backup, in characters.
const LONGEST_NAME: usize = 64;

/// The service takes 32 bits.
const LATEST: i64 = i32::MAX as i64;

/// The only resource type that the first revision of the page knows, and the default.
const RESOURCE_TYPE: &str = "OS::Native::Server";

/// A named list of on-premises backups for one `ImportBackup` call.
#[derive(Clone, Debug, PartialEq)]
pub struct BackupList {
    /// Name in addresses; the file's name without extension when it was read from one.
    pub name: String,
    /// Name of the whole list, which all parts of one that was split have in common.
    pub whole: String,
    /// The backups, 1 to [`MOST_BACKUPS`].
    pub backups: Vec<BackupSync>,
}

impl BackupList {
    /// Reads a file; its extension says in which form.
    ///
    /// `.ndjson` and `.jsonl` hold one backup in each line, `.csv` a head line with the names of the members and one backup
    /// in each further line. Everything else is JSON: a list of backups, or an object with the member `sync` as in the
    /// vendor's example.
    ///
    /// A list that is longer than one call may be gives several, named `NAME-1`, `NAME-2` and so on.
    ///
    /// # Errors
    ///
    /// A sentence with the file and the line or entry, when the file cannot be read, is not such a list, is empty, or
    /// holds a value that the service would refuse.
    pub fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let shown = path.display().to_string();
        let unreadable = |cause| Error::usage(format!("the backup list {shown} cannot be read: {cause}"));
        let file = File::open(path).map_err(unreadable)?;
        // Some systems open folders like files.
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Error::usage(format!("the backup list {shown} cannot be read: it is a folder")));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::take(Form::of(path), BufReader::new(file), &name, &shown)
    }

    /// Reads the text of a JSON file; `shown` is how messages call it.
    ///
    /// # Errors
    ///
    /// As [`BackupList::read`].
    pub fn parse(text: &str, name: &str, shown: &str) -> Result<Vec<Self>, Error> {
        Self::take(Form::Json, text.as_bytes(), name, shown)
    }

    fn take(form: Form, from: impl BufRead, name: &str, shown: &str) -> Result<Vec<Self>, Error> {
        let mut seen = HashSet::new();
        let mut backups = Vec::new();
        let mut keep = |entry: Entry| {
            if !seen.insert(entry.backup_id.clone()) {
                return Err(format!("backup_id {} stands there twice", entry.backup_id));
            }
            backups.push(backup(entry)?);
            Ok(())
        };
        form.each(from, &mut keep).map_err(|wrong| match wrong {
            Wrong::Unreadable(cause) => Error::usage(format!("the backup list {shown} cannot be read: {cause}")),
            Wrong::At(place, why) => Error::usage(format!("the backup list {shown}, {place}: {why}")),
        })?;
        if backups.is_empty() {
            return Err(Error::usage(format!("the backup list {shown} is empty; at least one backup is needed")));
        }
        Ok(Self::split(name, backups))
    }

    /// Checks that all lists can be told apart by their names.
    ///
    /// # Errors
    ///
    /// When two have the same name, as `a/nightly.json` and `b/nightly.csv` do.
    pub fn check_names(lists: &[Self]) -> Result<(), Error> {
        let mut seen = HashSet::new();
        match lists.iter().find(|list| !seen.insert(&list.name)) {
            Some(list) => {
                let name = &list.name;
                Err(Error::usage(format!("two backup lists are named {name}; give one of the files another name")))
            }
            None => Ok(()),
        }
    }

    /// Splits backups into lists that fit into one call each.
    pub fn split(name: &str, backups: Vec<BackupSync>) -> Vec<Self> {
        let parts: Vec<Vec<BackupSync>> = backups.chunks(MOST_BACKUPS).map(<[BackupSync]>::to_vec).collect();
        let one = parts.len() <= 1;
        let whole = name.to_owned();
        let named = |(index, backups)| {
            let name = if one { name.to_owned() } else { format!("{name}-{}", index + 1) };
            Self { name, whole: whole.clone(), backups }
        };
        parts.into_iter().enumerate().map(named).collect()
    }
}

fn backup(entry: Entry) -> Result<BackupSync, String> {
    let texts = [
        ("backup_id", &entry.backup_id),
        ("backup_name", &entry.backup_name),
        ("bucket_name", &entry.bucket_name),
        ("image_path", &entry.image_path),
        ("resource_id", &entry.resource_id),
        ("resource_name", &entry.resource_name),
    ];
    if let Some((field, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
        return Err(format!("{field} is empty"));
    }
    let length = entry.backup_name.chars().count();
    if length > LONGEST_NAME {
        return Err(format!("backup_name is {length} characters long; 1 to {LONGEST_NAME} are allowed"));
    }
    if !(1..=LATEST).contains(&entry.created_at) {
        let hint = if entry.created_at > LATEST { "; this looks like milliseconds" } else { "" };
        return Err(format!(
            "created_at is {}; it has to be the time of the backup in seconds since 1970{hint}",
            entry.created_at
        ));
    }
    let backup_name =
        BackupSyncBackupName::try_from(entry.backup_name).map_err(|cause| format!("backup_name: {cause}"))?;
    Ok(BackupSync {
        backup_id: entry.backup_id,
        backup_name,
        bucket_name: entry.bucket_name,
        image_path: entry.image_path,
        resource_id: entry.resource_id,
        resource_name: entry.resource_name,
        resource_type: entry.resource_type.as_deref().unwrap_or(RESOURCE_TYPE).into(),
        created_at: entry.created_at,
    })
}
