//! The journal of this program: where it is, what is written down of a run, and the command that resumes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backup_sync::engine::{Journal, Options, Stage};
use backup_sync_journal::{NewRun, RunJournal, Store, TargetStatus};
use clap::Args;
use etcetera::BaseStrategy as _;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::metrics::Successes;
use crate::progress::{note, say, warn};

/// Where the journal is.
#[derive(Clone, Debug, Args)]
pub struct JournalFile {
    /// Journal of runs; `none` keeps none. [default: backup-sync/journal.db in the user's folder for state]
    #[arg(long, value_name = "FILE", env = "BACKUP_SYNC_JOURNAL")]
    pub journal: Option<PathBuf>,
}

#[expect(clippy::cast_precision_loss, reason = "seconds of our time fit")]
fn seconds_of(time: jiff::Timestamp) -> f64 {
    time.as_second() as f64
}

/// The word for no journal.
const NONE: &str = "none";

impl JournalFile {
    /// The file; nothing when none is wanted.
    pub fn path(&self) -> Result<Option<PathBuf>, Failure> {
        match &self.journal {
            Some(path) if path.as_os_str() == NONE => Ok(None),
            Some(path) => Ok(Some(path.clone())),
            None => default().map(Some),
        }
    }

    /// What has to stand in a command that is to find the same file.
    fn argument(&self) -> Option<String> {
        let path = self.journal.as_ref()?;
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Some(format!(" --journal {}", quoted(&path.display().to_string())))
    }
}

fn default() -> Result<PathBuf, Failure> {
    let places = etcetera::choose_base_strategy().map_err(|_| {
        Failure::usage("there is no home folder for the journal; name a file with --journal, or say --no-journal")
    })?;
    // Where the system has no folder for state, that for data is the nearest.
    let folder = places.state_dir().unwrap_or_else(|| places.data_dir());
    Ok(folder.join("backup-sync").join("journal.db"))
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@%,=".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Opens the journal, and makes it when it is not there; nothing when none is wanted.
pub async fn open(file: &JournalFile) -> Result<Option<Store>, Failure> {
    match file.path()? {
        Some(path) => Ok(Some(Store::open(&path).await?)),
        None => Ok(None),
    }
}

/// Opens a journal that has to be there.
pub async fn existing(file: &JournalFile) -> Result<Store, Failure> {
    let missing = || {
        let shown = file.path().ok().flatten().unwrap_or_default();
        Failure::usage(format!("there is no journal {}; `sync` makes one", shown.display()))
    };
    present(file).await?.ok_or_else(missing)
}

/// Opens a journal if it is there.
pub async fn present(file: &JournalFile) -> Result<Option<Store>, Failure> {
    let Some(path) = file.path()? else {
        return Err(Failure::usage("without a journal there are no earlier runs; name a file with --journal"));
    };
    Ok(Store::open_existing(&path).await?)
}

/// How each target was left by its newest run; nothing where there is no journal to read.
pub async fn last_known(file: &JournalFile) -> Vec<TargetStatus> {
    let Ok(Some(store)) = present(file).await else { return Vec::new() };
    let known = store.status().await;
    store.close().await;
    known.map(|(_, targets)| targets).unwrap_or_default()
}

/// Names the newest run that somebody may have forgotten.
pub async fn tell_unfinished(store: &Store, file: &JournalFile) -> Result<(), Failure> {
    let unfinished = store.unfinished().await?;
    if let Some(run) = unfinished.first() {
        let more = match unfinished.len() {
            1 => String::new(),
            count => format!(" ({} more: `backup-sync resume --list`)", count - 1),
        };
        note(format_args!(
            "run {} of {} is unfinished ({} of {} targets); to go on with it: {}{more}",
            run.run,
            run.started_at,
            run.open_count,
            run.target_count,
            command(&run.run, file),
        ));
    }
    Ok(())
}

/// The command that goes on with a run.
pub fn command(run: &str, file: &JournalFile) -> String {
    format!("backup-sync resume {run}{}", file.argument().unwrap_or_default())
}

fn wait_command(run: &str, file: &JournalFile) -> String {
    format!("backup-sync wait --run {run}{}", file.argument().unwrap_or_default())
}

/// The options of a run as they are written down.
pub fn in_force(options: &Options) -> Value {
    let seconds = |time: std::time::Duration| time.as_secs_f64();
    json!({
        "mode": options.mode.word(),
        "adopt": options.adopt,
        "force": options.force,
        "deadline_s": seconds(options.target_deadline),
        "poll_s": seconds(options.polling.longest),
        "settle_s": seconds(options.settle),
    })
}

/// Says how a run can be resumed.
pub fn tell_command(command: &str) {
    say(format_args!("to go on with this run: {command}"));
}

/// A run that is written down.
pub struct Kept {
    journal: RunJournal,
    command: String,
    wait: String,
}

impl Kept {
    /// Begins a run of a command.
    pub async fn begin(
        store: Store,
        command: &str,
        file: &JournalFile,
        config: Option<&Path>,
        options: &Options,
    ) -> Result<Self, Failure> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let config = config.map(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        let mut kept = in_force(options);
        if !options.own.is_empty() {
            kept["own"] = json!(options.own.iter().collect::<Vec<_>>());
        }
        let new = NewRun {
            version: env!("CARGO_PKG_VERSION"),
            command,
            arguments: &arguments,
            config: config.as_deref(),
            options: kept,
        };
        Ok(Self::of(store.begin(&new).await?, file))
    }

    /// A run that was taken up.
    pub fn of(journal: RunJournal, file: &JournalFile) -> Self {
        let (command, wait) = (command(journal.id(), file), wait_command(journal.id(), file));
        Self { journal, command, wait }
    }

    /// When targets were last proven to be synchronized, by whatever run of this journal.
    pub async fn last_successes(&self) -> Successes {
        let seconds = |time: String| time.parse::<jiff::Timestamp>().ok().map(seconds_of);
        match self.journal.store().status().await {
            Ok((_, targets)) => {
                let known = targets.into_iter();
                known.filter_map(|one| Some((one.last.target, one.last_success.and_then(seconds)?))).collect()
            }
            Err(error) => {
                warn(format_args!("{error}"));
                Successes::new()
            }
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.journal.id()
    }

    /// The command that resumes it.
    pub fn command(&self) -> String {
        self.command.clone()
    }

    /// Says how what was started can be watched.
    pub fn tell_wait(&self) {
        say(format_args!("to watch what was started to its proven end: {}", self.wait));
    }

    /// For the engine.
    pub fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.journal.clone())
    }

    /// How the run stands; nothing when that cannot be read.
    pub async fn exit(&self) -> Option<Exit> {
        self.journal.store().pasts(self.id()).await.ok().map(|pasts| Exit::of_pasts(&pasts))
    }

    /// The process is done with the run; when there is more to find out, the command for that is told. `true`: it was.
    pub async fn end(&self, exit: Exit) -> bool {
        let ended = self.journal.end(exit.code()).await;
        let pasts = self.journal.store().pasts(self.id()).await;
        let more = match (ended, pasts) {
            // What cannot be told may show later, where there is a job to look at.
            (Ok(open), Ok(pasts)) => open || pasts.iter().any(|past| !matches!(past.stage, Stage::Ended(_))),
            (Err(error), _) | (_, Err(error)) => {
                warn(format_args!("{error}"));
                true
            }
        };
        match more {
            true => tell_command(&self.command),
            false if exit == Exit::Unconfirmed => {
                say(format_args!(
                    "resuming this run would find out nothing more: look there yourself, then start again"
                ));
            }
            false => {}
        }
        self.journal.store().close().await;
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_journal_only_when_it_is_not_the_usual_one() {
        let file = |journal: Option<&str>| JournalFile { journal: journal.map(Into::into) };
        assert_eq!(command("R", &file(None)), "backup-sync resume R");
        assert_eq!(command("R", &file(Some("/x/j.db"))), "backup-sync resume R --journal /x/j.db");
        assert_eq!(command("R", &file(Some("/x y/it's"))), "backup-sync resume R --journal '/x y/it'\\''s'");
    }

    #[test]
    fn none_is_no_journal() {
        assert!(matches!(JournalFile { journal: Some("none".into()) }.path(), Ok(None)));
    }
}
