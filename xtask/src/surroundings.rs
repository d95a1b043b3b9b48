//! What this workspace knows about the specs: who owns them, and which operations the sync layer calls.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use backup_sync_spec_diff::{Change, Surroundings};
use heck::ToSnakeCase;

/// The workspace below a folder.
pub struct Workspace {
    root: PathBuf,
    owners: toml::Table,
    /// Sources of vendor crates that have been read, one text for each crate.
    sources: RefCell<BTreeMap<String, String>>,
}

impl Workspace {
    /// Reads who owns what; a file that cannot be read names nobody.
    pub fn new(root: &Path) -> Self {
        let owners = std::fs::read_to_string(root.join("specs/OWNERS.toml")).unwrap_or_default();
        Self { root: root.to_owned(), owners: owners.parse().unwrap_or_default(), sources: RefCell::default() }
    }

    fn source(&self, vendor: &str) -> String {
        let mut text = String::new();
        let mut waiting = vec![self.root.join("crates").join(vendor).join("src")];
        while let Some(folder) = waiting.pop() {
            for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    text.push_str(&std::fs::read_to_string(path).unwrap_or_default());
                }
            }
        }
        text
    }
}

impl Surroundings for Workspace {
    fn reviewers(&self, spec: &str, _change: &Change) -> Vec<String> {
        let name = spec.rsplit('/').next().unwrap_or(spec);
        let listed = self.owners.get(name).and_then(|entry| entry.get("owners")).and_then(toml::Value::as_array);
        listed.into_iter().flatten().filter_map(toml::Value::as_str).map(str::to_owned).collect()
    }

    fn sync_uses(&self, vendor: &str, operation: &str) -> bool {
        if vendor.is_empty() || vendor.contains(['/', '\\', '.']) {
            return false;
        }
        let call = format!(".{}()", operation.to_snake_case());
        let mut sources = self.sources.borrow_mut();
        sources.entry(vendor.to_owned()).or_insert_with(|| self.source(vendor)).contains(&call)
    }
}
