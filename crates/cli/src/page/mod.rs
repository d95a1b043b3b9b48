//! `--report FILE.html`: a run as one page that needs no network, for people who were not there.

mod bar;
mod story;
pub mod timeline;
mod view;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use askama::Template as _;
use clap::Args;

pub use story::Story;

use crate::exit::Failure;

/// Where the page goes.
#[derive(Clone, Debug, Default, Args)]
pub struct PageFile {
    /// Write a page about the run: what became of each target, when, and how that is known. One HTML file that needs no
    /// network; an older one is replaced when the run ends, however it ends.
    #[arg(long = "report", value_name = "FILE.html")]
    pub page: Option<PathBuf>,
}

impl PageFile {
    /// A place that cannot be written to is told before anything is started.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.page {
            Some(path) if path.is_dir() => Err(Failure::Usage(cannot(path, &"it is a folder"))),
            Some(path) if !folder(path).is_dir() => Err(Failure::Usage(cannot(path, &"its folder is not there"))),
            Some(path) => beside(path).map(drop).map_err(|cause| Failure::Usage(cannot(path, &cause))),
            None => Ok(()),
        }
    }

    /// Writes the page where one is wanted.
    pub fn write(&self, story: impl FnOnce() -> Story) -> Result<(), Failure> {
        let Some(path) = &self.page else { return Ok(()) };
        let unwritten = |cause: &dyn std::fmt::Display| Failure::Output(cannot(path, cause));
        let page = view::Page::of(&story()).render().map_err(|cause| unwritten(&cause))?;
        replace(path, &page).map_err(|cause| unwritten(&cause))
    }

    /// What could not even begin is told on the page too: yesterday's would be taken for today's.
    pub fn or_failure<T>(&self, command: &str, outcome: Result<T, Failure>) -> Result<T, Failure> {
        // When only the printing failed, the page is written already.
        if let Err(failure) = &outcome
            && !matches!(failure, Failure::Output(_))
            && let Err(cause) = self.write(|| Story::of_failure(command, failure))
        {
            crate::progress::say(format_args!("error: {cause}"));
        }
        outcome
    }
}

fn cannot(path: &Path, cause: &dyn std::fmt::Display) -> String {
    format!("the page {} cannot be written: {cause}", path.display())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file in the folder of `path`, which vanishes when it is not kept.
fn beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".backup-sync-").suffix(".html");
    // A page is for others to read, as far as the user's own mask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // The name of the new file says nothing to the user.
    builder.tempfile_in(folder(path)).map_err(|cause| cause.kind().into())
}

/// Puts a whole file in the place of an older one: nobody ever reads half of it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A length of time for people, in at most two units.
pub fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days} d {} h", hours % 24),
        () if hours > 0 => format!("{hours} h {} min", minutes % 60),
        () if minutes > 0 => format!("{minutes} min {} s", seconds % 60),
        () => crate::output::seconds(millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_two_units() {
        let told = [4_312, 61_000, 3_660_000, 180_000_000].map(span);
        assert_eq!(told, ["4.3 s", "1 min 1 s", "1 h 1 min", "2 d 2 h"]);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        let file = PageFile { page: Some(path.clone()) };
        file.check().unwrap();
        assert!(!path.exists(), "looking whether it can be written writes nothing");
        std::fs::write(&path, "old").unwrap();
        replace(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(PageFile { page: Some(folder.path().to_owned()) }.check().is_err());
        assert!(PageFile { page: Some(folder.path().join("missing/page.html")) }.check().is_err());
    }
}
