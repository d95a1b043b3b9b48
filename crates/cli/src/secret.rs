//! Where secrets come from: the environment, a file, a program or the keyring, never the configuration itself.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use backup_sync::runtime::{ExposeSecret as _, SecretString, Zeroizing};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::beside;
use crate::exit::Failure;
use crate::keyring::Key;
use crate::{progress, signals};

/// A program that prints a secret.
const PATIENCE: Patience = Patience { quiet: Duration::from_secs(5), longest: Duration::from_secs(60) };
/// So often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// How long a program is waited for.
#[derive(Clone, Copy)]
struct Patience {
    /// Without a word.
    quiet: Duration,
    /// Until it is killed.
    longest: Duration,
}

/// What is said of a secret that stands in the configuration itself.
pub const NOT_HERE: &str = "the secret itself must not stand here; write { env = \"NAME\" }, { file = \"PATH\" }, \
                            { command = [\"PROGRAM\"] } or { keyring = { user = \"NAME\" } }";

/// Where a secret is.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Secret {
    /// In this environment variable.
    Env(String),
    /// In this file, without a trailing line end; the path is relative to the configuration.
    File(PathBuf),
    /// What this program prints, without a trailing line end: the program and its arguments, run without a shell.
    Command(Vec<String>),
    /// In this entry of the system's keyring.
    Keyring(Key),
    /// Given by the program itself; never read from a file.
    #[schemars(skip)]
    Given(SecretString),
}

/// The forms that a file may use.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Reference {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
    Keyring(Key),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read as any value first: the usual errors would repeat what stands there, and that may be the secret.
        let value = toml::Value::deserialize(deserializer)?;
        if value.as_table().is_some_and(|table| table.len() != 1) {
            return Err(D::Error::custom("a secret has one source: name one of env, file, command and keyring"));
        }
        if !value.is_table() {
            return Err(D::Error::custom(NOT_HERE));
        }
        Ok(match value.try_into::<Reference>().map_err(|cause| D::Error::custom(cause.message()))? {
            Reference::Env(name) => Self::Env(name),
            Reference::File(path) => Self::File(path),
            Reference::Command(words) => Self::Command(words),
            Reference::Keyring(key) => Self::Keyring(key),
        })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reference = match self {
            Self::Env(name) => Reference::Env(name.clone()),
            Self::File(path) => Reference::File(path.clone()),
            Self::Command(words) => Reference::Command(words.clone()),
            Self::Keyring(key) => Reference::Keyring(key.clone()),
            Self::Given(_) => return Err(S::Error::custom("a secret itself is never written")),
        };
        reference.serialize(serializer)
    }
}

impl Secret {
    /// Fetches the secret. `what` names it in messages.
    pub fn fetch(&self, folder: &Path, what: &str) -> Result<SecretString, Failure> {
        let secret = self.read(folder, what)?;
        // An empty password would be sent, and be told as a wrong one.
        if secret.expose_secret().is_empty() {
            return Err(Failure::usage(format!("{what}: the secret is empty ({})", self.place())));
        }
        Ok(secret)
    }

    /// Where it comes from, for messages.
    pub fn place(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable {name}"),
            Self::File(path) => format!("file {}", path.display()),
            Self::Command(words) => format!("program {}", words.first().map(String::as_str).unwrap_or_default()),
            Self::Keyring(key) => format!("keyring entry of {} for {}", key.service, key.user),
            Self::Given(_) => "given by the program".to_owned(),
        }
    }

    /// Its file, where others can read it.
    pub fn open_to_others(&self, folder: &Path) -> Option<PathBuf> {
        let Self::File(path) = self else { return None };
        Some(beside(folder, path)).filter(|path| is_open_to_others(path))
    }

    fn read(&self, folder: &Path, what: &str) -> Result<SecretString, Failure> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::Env(name) => std::env::var(name).map(SecretString::from).map_err(|_| {
                Failure::usage(format!("{what}: the environment variable {name} is not set or is not text"))
            }),
            Self::File(path) => {
                let path = beside(folder, path);
                let text = std::fs::read_to_string(&path).map(Zeroizing::new).map_err(|cause| {
                    Failure::usage(format!("{what}: the file {} cannot be read: {cause}", path.display()))
                })?;
                warn_if_readable(&path, what);
                Ok(without_line_end(&text))
            }
            Self::Command(words) => command(words, folder, what, PATIENCE),
            Self::Keyring(key) => key.read().map_err(|why| Failure::usage(format!("{what}: {why}"))),
        }
    }
}

fn without_line_end(text: &str) -> SecretString {
    SecretString::from(text.trim_end_matches(['\r', '\n']))
}

/// A file with a secret is for its owner only.
fn warn_if_readable(path: &Path, what: &str) {
    if is_open_to_others(path) {
        let path = path.display();
        crate::progress::warn(format_args!("{what}: others can read the file {path}; say chmod 600 {path}"));
    }
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map(|data| data.permissions().mode()).unwrap_or_default();
    mode & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Runs a program for its output. What it printed is in no message.
fn command(words: &[String], folder: &Path, what: &str, patience: Patience) -> Result<SecretString, Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage(format!("{what}: the command is empty")));
    };
    let wrong = |why: String| Failure::usage(format!("{what}: the program {program} {why}"));
    let not_run = |cause: io::Error| wrong(format!("cannot be run: {cause}"));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(not_run)?;
    let tell = || {
        let seconds = patience.longest.as_secs();
        progress::note(format_args!("{what}: waiting for the program {program}, up to {seconds} s"));
    };
    let ended = wait(&mut child, patience, tell);
    if !matches!(ended, Ok(Waited::Ended(..))) {
        // It may be gone already.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (status, printed) = match ended.map_err(not_run)? {
        Waited::Ended(status, printed) => (status, printed),
        Waited::BrokenOff => return Err(Failure::BrokenOff),
        Waited::TooLong => {
            return Err(wrong(format!("had not ended after {} s and was killed", patience.longest.as_secs())));
        }
    };
    if !status.success() {
        return Err(wrong(format!("ended with {status}")));
    }
    let text = std::str::from_utf8(&printed)
        .map_err(|_| Failure::usage(format!("{what}: what the program {program} printed is not text")))?;
    Ok(without_line_end(text))
}

/// What came of waiting for a program.
enum Waited {
    /// It has ended, and printed this.
    Ended(ExitStatus, Zeroizing<Vec<u8>>),
    /// Somebody has asked to end.
    BrokenOff,
    /// It had not ended in time.
    TooLong,
}

/// Waits until a program has ended and nobody can print for it any more; `tell` is called once when that takes long.
fn wait(child: &mut Child, patience: Patience, tell: impl FnOnce()) -> io::Result<Waited> {
    let (send, read) = mpsc::channel();
    let stdout = child.stdout.take();
    std::thread::spawn(move || {
        let mut printed = Zeroizing::new(Vec::new());
        let outcome = stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut printed));
        // Where nobody waits any more, what was read is not wanted.
        let _ = send.send(outcome.map(|_| printed));
    });
    let begun = Instant::now();
    let mut tell = Some(tell);
    let mut printed = None;
    loop {
        match printed.take() {
            None => printed = read.recv_timeout(LOOK).ok().transpose()?,
            Some(text) => match child.try_wait()? {
                Some(status) => return Ok(Waited::Ended(status, text)),
                None => {
                    printed = Some(text);
                    std::thread::sleep(LOOK);
                }
            },
        }
        let waited = begun.elapsed();
        if waited >= patience.quiet
            && let Some(tell) = tell.take()
        {
            tell();
        }
        match () {
            () if signals::is_asked_to_end() => return Ok(Waited::BrokenOff),
            () if waited >= patience.longest => return Ok(Waited::TooLong),
            () => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_secret_is_named_and_never_shown() {
        let missing =
            Secret::Env("BACKUP_SYNC_NO_SUCH_VARIABLE".into()).fetch(Path::new(""), "endpoint m365, password");
        let told = missing.err().map(|failure| failure.to_string()).unwrap_or_default();
        assert_eq!(
            told,
            "endpoint m365, password: the environment variable BACKUP_SYNC_NO_SUCH_VARIABLE is not set or is not text"
        );
        let given = Secret::Given(SecretString::from("planted"));
        assert!(!format!("{given:?}").contains("planted"));
    }

    #[test]
    fn programs_are_run_without_a_shell_and_never_repeated() {
        let run = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            let fetched = Secret::Command(words).fetch(Path::new(""), "endpoint m365, password");
            fetched.map(|secret| secret.expose_secret().to_owned()).map_err(|failure| failure.to_string())
        };
        assert_eq!(run(&["printf", "%s\\n", "planted $HOME"]), Ok("planted $HOME".to_owned()));
        for (words, part) in [
            (&[][..], "the command is empty"),
            (&["no-such-program-x"][..], "no-such-program-x cannot be run"),
            (&["false"][..], "ended with exit status: 1"),
            (&["true"][..], "the secret is empty (program true)"),
        ] {
            let told = run(words).err().unwrap_or_default();
            assert!(told.starts_with("endpoint m365, password: ") && told.contains(part), "{told}");
        }
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_and_named() {
        let words = ["sleep".to_owned(), "86400".to_owned()];
        let patience = Patience { quiet: Duration::ZERO, longest: Duration::ZERO };
        let told = command(&words, Path::new(""), "endpoint m365, password", patience).err().unwrap().to_string();
        assert_eq!(told, "endpoint m365, password: the program sleep had not ended after 0 s and was killed");
    }

    #[test]
    fn what_is_waited_for_is_told_once() {
        let wait_for = |words: [&str; 2], quiet| {
            let mut child = Command::new(words[0]).arg(words[1]).stdout(Stdio::piped()).spawn().unwrap();
            let mut told = 0;
            let waited = wait(&mut child, Patience { quiet, longest: LOOK * 5 }, || told += 1);
            child.kill().unwrap();
            child.wait().unwrap();
            (told, matches!(waited, Ok(Waited::TooLong)))
        };
        assert_eq!(wait_for(["sleep", "86400"], Duration::ZERO), (1, true));
        assert_eq!(wait_for(["sleep", "86400"], Duration::MAX), (0, true));
    }

    /// What a program has started may hold its output open when it has ended itself.
    #[test]
    fn a_program_whose_output_stays_open_is_not_waited_for_forever() {
        let words = ["sh", "-c", "sleep 20 2>/dev/null & echo planted"].map(str::to_owned);
        let patience = Patience { quiet: Duration::MAX, longest: LOOK };
        let told = command(&words, Path::new(""), "endpoint m365, password", patience).err().unwrap().to_string();
        assert!(told.contains("the program sh had not ended") && !told.contains("planted"), "{told}");
    }
}
