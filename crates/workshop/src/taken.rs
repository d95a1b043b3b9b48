//! Remembers which documents the generator has taken, so that documents which stay as they are need not be generated again.
//!
//! Generating a client and reading the result as Rust takes two thirds of the time of a whole check, and its outcome depends on the
//! document and on this program alone. So the name of an entry is made of both: of what of the document the generator looks at, and
//! of length and time of the program's own file, which any build changes. Only success is remembered. The folder may be removed at
//! any time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use backup_sync_codegen::Document;
use sha2::{Digest as _, Sha256};

/// Where entries are, below the root of the workspace.
const FOLDER: &str = "target/xtask/taken";

/// For how many builds of this program entries are kept.
const BUILDS: usize = 4;

/// The memory; one that is switched off knows nothing and keeps nothing.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    folder: Option<PathBuf>,
}

impl Taken {
    /// The memory of the workspace at `root` for this build of the program.
    pub fn at(root: &Path) -> Self {
        let all = root.join(FOLDER);
        let folder = program().map(|program| all.join(program));
        if let Some(folder) = folder.as_ref().filter(|folder| !folder.exists()) {
            forget(&all);
            // Without a folder nothing is kept; that costs time only.
            drop(fs::create_dir_all(folder));
        }
        Self { folder }
    }

    /// A memory that is switched off.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The entry of a document, of which [`backup_sync_codegen::essential`] has left what counts.
    pub fn entry(&self, essential: &Document) -> Entry {
        let Some(folder) = &self.folder else { return Entry(None) };
        let mut hash = Sha256::new();
        hash.update(essential.module());
        hash.update([0]);
        hash.update(essential.value.to_string());
        Entry(Some(folder.join(hex(&hash.finalize()))))
    }
}

/// What is remembered of one document.
#[derive(Debug)]
pub struct Entry(Option<PathBuf>);

impl Entry {
    /// Whether the generator has taken it.
    pub fn is_known(&self) -> bool {
        self.0.as_ref().is_some_and(|path| path.exists())
    }

    /// Remembers that the generator has taken it. Where that cannot be written down, it is generated again next time.
    pub fn remember(&self) {
        if let Some(path) = &self.0 {
            drop(fs::write(path, ""));
        }
    }
}

/// A name for this build of the program.
fn program() -> Option<String> {
    let file = fs::metadata(std::env::current_exe().ok()?).ok()?;
    let built = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{}-{}-{}", env!("CARGO_PKG_VERSION"), file.len(), built.as_nanos()))
}

/// Makes room for one more build: the folders of the oldest go.
fn forget(all: &Path) {
    let entries = fs::read_dir(all).into_iter().flatten().filter_map(Result::ok);
    let mut builds: Vec<_> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    builds.sort();
    for (_, path) in builds.iter().rev().skip(BUILDS - 1) {
        drop(fs::remove_dir_all(path));
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use backup_sync_codegen::{essential, load};

    use super::*;

    fn document(text: &str) -> Document {
        let document = load::text_named(text, "specs/toy-v1.yaml").map_err(|finding| finding.to_string());
        essential(&document.unwrap())
    }

    #[test]
    fn whatever_the_generator_sees_makes_another_entry() {
        let root = tempfile::tempdir().unwrap();
        let taken = Taken::at(root.path());
        let text = "info: {title: Toy, x-vendor: toy, x-source: [a]}\npaths: {}\n";
        let entry = taken.entry(&document(text));
        assert!(!entry.is_known());
        entry.remember();
        assert!(entry.is_known());
        assert!(
            Taken::at(root.path()).entry(&document(&text.replace("[a]", "[b]"))).is_known(),
            "provenance is not seen"
        );
        for other in
            [text.replace("Toy", "Boy"), text.replace("{}", "{/a: {}}"), text.replace("x-vendor: toy", "x-vendor: t")]
        {
            assert!(!taken.entry(&document(&other)).is_known(), "{other}");
        }
        let nothing = Taken::nothing().entry(&document(text));
        nothing.remember();
        assert!(!nothing.is_known());
    }

    #[test]
    fn old_builds_are_forgotten() {
        let root = tempfile::tempdir().unwrap();
        let all = root.path().join(FOLDER);
        for build in 0..10 {
            fs::create_dir_all(all.join(format!("build-{build}"))).unwrap();
        }
        drop(Taken::at(root.path()));
        assert_eq!(fs::read_dir(all).unwrap().count(), BUILDS);
    }
}
