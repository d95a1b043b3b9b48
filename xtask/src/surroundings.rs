//! What this workspace knows about the specs: who owns them, and which operations the sync layer calls.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use backup_sync_spec_diff::{Change, Surroundings};
use backup_sync_workshop::owners::Owners;
use backup_sync_workshop::sources::{Sources, rust_files, snake};
use backup_sync_workshop::workspace::Error;

/// The workspace below a folder. What cannot be read is not known; `owners` and `coverage` tell why.
pub struct Workspace {
    root: PathBuf,
    owners: Option<Owners>,
    /// Methods that each vendor crate calls, for the crates that have been asked for.
    methods: RefCell<BTreeMap<String, BTreeSet<String>>>,
}

impl Workspace {
    /// Reads who owns what.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), owners: Owners::load(root).ok(), methods: RefCell::default() }
    }

    fn methods(&self, vendor: &str) -> Result<BTreeSet<String>, Error> {
        let folder = self.root.join("crates").join(vendor).join("src");
        Ok(Sources::read(&self.root, &rust_files(&folder)?)?.methods)
    }
}

impl Surroundings for Workspace {
    fn reviewers(&self, spec: &str, change: &Change) -> Vec<String> {
        let at = change.at().map(|at| at.pointer.as_str()).unwrap_or_default();
        let reviewers = self.owners.iter().flat_map(|owners| owners.reviewers(spec, at));
        reviewers.map(|reviewer| reviewer.handle).collect()
    }

    fn sync_uses(&self, vendor: &str, operation: &str) -> bool {
        // The name comes from a document; it must not lead out of the folder of crates.
        if vendor.is_empty() || vendor.contains(['/', '\\', '.']) {
            return false;
        }
        let mut known = self.methods.borrow_mut();
        let methods = known.entry(vendor.to_owned()).or_insert_with(|| self.methods(vendor).unwrap_or_default());
        methods.contains(&snake(operation))
    }
}
