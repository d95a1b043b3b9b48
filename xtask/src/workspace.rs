//! Where things are in this workspace.

use std::path::{Path, PathBuf};

use backup_sync_codegen::{Document, Finding, documents, load};

use crate::cmd::Failure;

/// The root folder of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// All documents in the folder `specs` below `root`, each loaded or with the reason why it could not be.
pub fn specs(root: &Path) -> Result<Vec<Result<Document, Finding>>, Failure> {
    let folder = root.join("specs");
    let paths = documents(&folder).map_err(|source| Failure::File { path: folder.clone(), verb: "read", source })?;
    if paths.is_empty() {
        return Err(Failure::Found(format!("{} holds no document", folder.display())));
    }
    Ok(paths.iter().map(|path| load_one(path)).collect())
}

fn load_one(path: &Path) -> Result<Document, Finding> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    load::file(path, &format!("specs/{name}"))
}
