//! Lists of on-premises backups, read from files that people write.

use std::collections::HashSet;
use std::path::Path;

use backup_sync_runtime::Error;
use serde::Deserialize;

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
    /// The backups, 1 to [`MOST_BACKUPS`].
    pub backups: Vec<BackupSync>,
}

/// One entry as people write it; a misspelt member is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    backup_id: String,
    backup_name: String,
    bucket_name: String,
    image_path: String,
    resource_id: String,
    resource_name: String,
    #[serde(default)]
    resource_type: Option<String>,
    created_at: i64,
}

/// The body of the vendor's own example.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    sync: Vec<Entry>,
}

impl BackupList {
    /// Reads a JSON file: a list of backups, or an object with the member `sync` as in the vendor's example.
    ///
    /// A list that is longer than one call may be gives several, named `NAME-1`, `NAME-2` and so on.
    ///
    /// # Errors
    ///
    /// A sentence with the file and the line or entry, when the file cannot be read, is not such a list, is empty, or
    /// holds a value that the service would refuse.
    pub fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|cause| Error::usage(format!("the backup list {shown} cannot be read: {cause}")))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&text, &name, &shown.to_string())
    }

    /// Reads the text of such a file; `shown` is how messages call it.
    ///
    /// # Errors
    ///
    /// As [`BackupList::read`].
    pub fn parse(text: &str, name: &str, shown: &str) -> Result<Vec<Self>, Error> {
        let malformed =
            |cause: serde_json::Error| Error::usage(format!("the backup list {shown} is not right: {cause}"));
        let entries = if text.trim_start().starts_with('[') {
            serde_json::from_str::<Vec<Entry>>(text).map_err(malformed)?
        } else {
            serde_json::from_str::<Wrapped>(text).map_err(malformed)?.sync
        };
        if entries.is_empty() {
            return Err(Error::usage(format!("the backup list {shown} is empty; at least one backup is needed")));
        }
        let mut seen = HashSet::new();
        let mut backups = Vec::with_capacity(entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            let wrong = |why: String| Error::usage(format!("the backup list {shown}, entry {}: {why}", index + 1));
            if !seen.insert(entry.backup_id.clone()) {
                return Err(wrong(format!("backup_id {} stands there twice", entry.backup_id)));
            }
            backups.push(backup(entry).map_err(wrong)?);
        }
        Ok(Self::split(name, backups))
    }

    /// Splits backups into lists that fit into one call each.
    pub fn split(name: &str, backups: Vec<BackupSync>) -> Vec<Self> {
        let parts: Vec<Vec<BackupSync>> = backups.chunks(MOST_BACKUPS).map(<[BackupSync]>::to_vec).collect();
        let one = parts.len() <= 1;
        let named = |(index, backups)| {
            let name = if one { name.to_owned() } else { format!("{name}-{}", index + 1) };
            Self { name, backups }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: usize, name: &str) -> String {
        format!(
            r#"{{"backup_id":"b{id}","backup_name":"{name}","bucket_name":"k","image_path":"p","resource_id":"r","resource_name":"n","created_at":1553587260}}"#
        )
    }

    fn parse(text: &str) -> Result<Vec<BackupList>, String> {
        BackupList::parse(text, "nightly", "nightly.json").map_err(|error| error.to_string())
    }

    fn list(count: usize) -> String {
        format!("[{}]", (0..count).map(|id| entry(id, "n")).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn long_lists_are_split() {
        let sizes = |count: usize| {
            parse(&list(count)).map(|lists| lists.iter().map(|list| list.backups.len()).collect::<Vec<_>>())
        };
        assert_eq!(sizes(1), Ok(vec![1]));
        assert_eq!(sizes(50), Ok(vec![50]));
        assert_eq!(sizes(51), Ok(vec![50, 1]));
        let names: Vec<String> = parse(&list(101)).unwrap_or_default().into_iter().map(|list| list.name).collect();
        assert_eq!(names, ["nightly-1", "nightly-2", "nightly-3"]);
    }

    #[test]
    fn the_default_resource_type_is_sent() {
        let lists = parse(&list(1)).unwrap_or_default();
        assert_eq!(lists.first().map(|list| list.backups[0].resource_type.to_string()), Some(RESOURCE_TYPE.to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_with_file_and_place() {
        let long = entry(1, &"x".repeat(65));
        let fits = entry(1, &"ä".repeat(64));
        assert!(parse(&format!("[{fits}]")).is_ok(), "64 characters are allowed, however many bytes they take");
        let twice = format!("[{},{}]", entry(1, "a"), entry(1, "b"));
        let unknown = entry(1, "a").replace("image_path", "imagepath");
        for (text, part) in [
            ("[]", "is empty"),
            (r#"{"sync":[]}"#, "is empty"),
            ("[{]", "line 1 column 3"),
            ("", "is not right"),
            (&format!("[{long}]"), "entry 1: backup_name is 65 characters long; 1 to 64 are allowed"),
            (&twice, "entry 2: backup_id b1 stands there twice"),
            (&format!("[{unknown}]"), "unknown field `imagepath`"),
            (&format!("[{}]", entry(1, "")), "entry 1: backup_name is empty"),
            (&format!("[{}]", entry(1, "a").replace("1553587260", "0")), "created_at is 0"),
            (&format!("[{}]", entry(1, "a").replace("1553587260", "1553587260000")), "looks like milliseconds"),
        ] {
            let told = parse(text).err().unwrap_or_default();
            assert!(told.contains("nightly.json") && told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let told =
            BackupList::read(Path::new("no/such/list.json")).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.starts_with("the backup list no/such/list.json cannot be read"), "{told}");
    }
}
