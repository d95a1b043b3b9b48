//! A story as the template shows it: cleaned, in words, sorted, and no larger than a browser likes.

use std::collections::BTreeMap;
use std::time::Duration;

use askama::Template;
use backup_sync::engine::{Evidence, Outcome};
use serde_json::Value;

use super::bar::Bar;
use super::span;
use super::story::{Story, Told};
use super::timeline::Trouble;
use crate::journal::quoted;
use crate::labels::Labels;
use crate::output::{counts, printable};

/// So many targets that need nobody's attention are shown one by one. The others always are.
const QUIET: usize = 1_000;
/// So many are listed as the slowest.
const SLOWEST: usize = 10;
/// So many marks are on a time line.
const MARKS: u64 = 4;

/// The page.
#[derive(Debug, Template)]
#[template(path = "report.html")]
pub struct Page {
    title: String,
    look: Look,
    exit: Option<i64>,
    meaning: String,
    counts: String,
    facts: Vec<(&'static str, String)>,
    resume: Option<String>,
    errors: Vec<String>,
    problems: Vec<Row>,
    slowest: Vec<Row>,
    marks: Vec<String>,
    groups: Vec<Group>,
    hidden: usize,
    list: Option<String>,
    from_events: bool,
}

/// How an end is shown: by a sign, a word and a class of the style, never by colour alone.
#[derive(Clone, Copy, Debug)]
struct Look {
    sign: &'static str,
    word: &'static str,
    class: &'static str,
}

/// One target.
#[derive(Clone, Debug)]
struct Row {
    look: Look,
    label: String,
    detail: String,
    evidence: Vec<Fact>,
    job: String,
    adopted: bool,
    kind: Option<String>,
    took: Option<u64>,
    bar: Option<Bar>,
    next: Option<Next>,
}

/// A fact of a proof; one that was compared has a value before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fact {
    name: String,
    before: Option<String>,
    value: String,
}

/// What to do about a target.
#[derive(Clone, Debug)]
struct Next {
    words: &'static str,
    command: Option<String>,
}

/// The targets of an endpoint.
#[derive(Debug)]
struct Group {
    endpoint: String,
    vendor: String,
    count: usize,
    notes: Vec<String>,
    rows: Vec<Row>,
    hidden: usize,
}

impl Row {
    fn took(&self) -> String {
        self.took.map(span).unwrap_or_default()
    }
}

impl Page {
    /// The page for a story.
    pub fn of(story: &Story) -> Self {
        let labels = Labels::of(story.targets.iter().map(|told| (&told.target, told.name.as_str())));
        let row = |told: &Told| Row::of(told, &labels.get(&told.target), story);
        let mut problems: Vec<Row> = story.targets.iter().filter(|told| !is_quiet(told)).map(row).collect();
        problems.sort_by_key(|problem| problem.look.rank());
        let mut slowest: Vec<&Told> = story.targets.iter().filter(|told| told.took > Some(0)).collect();
        slowest.sort_by_key(|told| std::cmp::Reverse(told.took));
        slowest.truncate(if story.targets.len() > 1 { SLOWEST } else { 0 });
        let groups = groups(story, &row);
        let count = story.targets.len();
        Self {
            title: title(&story.command, count),
            look: Look::of_exit(story.exit),
            exit: story.exit,
            meaning: story.meaning.clone(),
            counts: counts(&story.summary),
            facts: facts(story),
            resume: story.resume.clone(),
            errors: story.errors.iter().map(|error| printable(error)).collect(),
            problems,
            slowest: slowest.into_iter().map(row).collect(),
            marks: (0..=MARKS).map(|mark| span(story.took * mark / MARKS)).collect(),
            hidden: groups.iter().map(|group| group.hidden).sum(),
            groups,
            list: story.run.as_ref().map(|run| format!("backup-sync history --run {}", quoted(run))),
            from_events: story.targets.iter().any(|told| !told.track.state.is_empty()),
        }
    }
}

fn title(command: &str, count: usize) -> String {
    let targets = if count == 1 { "1 target".to_owned() } else { format!("{count} targets") };
    format!("backup-sync {}: {targets}", printable(command))
}

/// The targets by endpoint, in the order of the story.
fn groups(story: &Story, row: &dyn Fn(&Told) -> Row) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut quiet = 0;
    for told in &story.targets {
        let endpoint = told.target.endpoint.as_str();
        let place = *places.entry(endpoint).or_insert_with(|| {
            groups.push(Group::of(endpoint, &told.vendor, story.troubles.get(endpoint)));
            groups.len() - 1
        });
        let group = &mut groups[place];
        group.count += 1;
        quiet += usize::from(is_quiet(told));
        if is_quiet(told) && quiet > QUIET {
            group.hidden += 1;
        } else {
            group.rows.push(row(told));
        }
    }
    groups
}

/// Whether nobody has to look after it.
fn is_quiet(told: &Told) -> bool {
    matches!(told.outcome, Some(Outcome::Succeeded { .. } | Outcome::Skipped { .. }))
}

/// The run in a few lines.
fn facts(story: &Story) -> Vec<(&'static str, String)> {
    let call: Vec<String> = story.arguments.iter().map(|word| quoted(&printable(word))).collect();
    let options: Vec<String> =
        story.options.as_object().into_iter().flatten().map(|(name, value)| option(name, value)).collect();
    let began = story.began.map(|began| began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    [
        ("Started", began),
        ("Took", (story.took > 0).then(|| span(story.took))),
        ("Run", story.run.clone()),
        ("Call", (!call.is_empty()).then(|| format!("backup-sync {}", call.join(" ")))),
        ("Configuration", story.config.clone()),
        ("Options in force", (!options.is_empty()).then(|| options.join(", "))),
        ("Program", Some(format!("backup-sync {}", story.version))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, printable(&value?))))
    .collect()
}

/// An option as a person reads it.
fn option(name: &str, value: &Value) -> String {
    match (name.strip_suffix("_s"), value) {
        (Some(name), value) if value.is_f64() => {
            let length = Duration::try_from_secs_f64(value.as_f64().unwrap_or_default()).unwrap_or_default();
            format!("{} {}", name.replace('_', " "), span(u64::try_from(length.as_millis()).unwrap_or_default()))
        }
        (_, Value::Bool(is)) => format!("{} {}", name.replace('_', " "), if *is { "yes" } else { "no" }),
        _ => format!("{} {}", name.replace('_', " "), plain(value)),
    }
}

/// A value as a person writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        _ => value.to_string(),
    }
}

impl Look {
    const fn new(sign: &'static str, word: &'static str, class: &'static str) -> Self {
        Self { sign, word, class }
    }

    fn of(outcome: Option<&Outcome>) -> Self {
        match outcome {
            Some(Outcome::Succeeded { .. }) => Self::new("✓", "succeeded", "good"),
            Some(Outcome::Skipped { .. }) => Self::new("–", "skipped", "calm"),
            Some(Outcome::Failed { .. }) => Self::new("✗", "failed", "bad"),
            Some(Outcome::Stopped) => Self::new("■", "stopped", "bad"),
            Some(Outcome::StillRunning { .. }) => Self::new("…", "still running", "open"),
            Some(outcome) => Self::new("?", outcome.word(), "open"),
            None => Self::new("…", "not ended", "open"),
        }
    }

    fn of_exit(exit: Option<i64>) -> Self {
        match exit {
            Some(0) => Self::new("✓", "Everything is proven", "good"),
            Some(7 | 8 | 130) | None => Self::new("?", "Not everything is known", "open"),
            Some(_) => Self::new("✗", "Something has failed", "bad"),
        }
    }

    /// What has to be looked at first comes first.
    fn rank(self) -> u8 {
        match self.class {
            "bad" => 0,
            _ => 1,
        }
    }
}

impl Group {
    fn of(endpoint: &str, vendor: &str, trouble: Option<&Trouble>) -> Self {
        let mut notes = Vec::new();
        for (what, waits) in trouble.iter().flat_map(|trouble| &trouble.waits) {
            let requests = if waits.count == 1 { "1 request".to_owned() } else { format!("{} requests", waits.count) };
            notes.push(format!("{requests} waited for {what}, the longest {}", span(waits.longest)));
        }
        if let Some((count, error)) = trouble.and_then(|trouble| trouble.failed_looks.as_ref()) {
            let times = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
            notes.push(format!("looking failed {times}, the last time because: {}", printable(error)));
        }
        let (endpoint, vendor) = (printable(endpoint), printable(vendor));
        Self { endpoint, vendor, count: 0, notes, rows: Vec::new(), hidden: 0 }
    }
}

impl Row {
    fn of(told: &Told, label: &str, story: &Story) -> Self {
        let evidence = match &told.outcome {
            Some(Outcome::Succeeded { evidence }) => compared(evidence),
            _ => Vec::new(),
        };
        Self {
            look: Look::of(told.outcome.as_ref()),
            label: printable(label),
            detail: told.outcome.as_ref().map(|outcome| printable(outcome.detail())).unwrap_or_default(),
            evidence,
            job: printable(&told.job.join(", ")),
            adopted: told.adopted,
            kind: told.error_kind.as_ref().map(|kind| printable(kind)),
            took: told.took,
            bar: Bar::of(&told.track, story.took),
            next: Next::of(told, label, story),
        }
    }
}

impl Next {
    fn of(told: &Told, label: &str, story: &Story) -> Option<Self> {
        let again = || Some(format!("backup-sync sync {}{}", quoted(&printable(label)), config(&story.arguments)));
        let resume = || story.resume.clone().or_else(again);
        let (words, command) = match (&told.outcome, told.error_kind.as_deref()) {
            (Some(Outcome::Succeeded { .. } | Outcome::Skipped { .. }), _) => return None,
            (Some(Outcome::Failed { .. }), Some("unreachable" | "throttled" | "deadline")) => {
                ("This may pass by itself. Later:", again())
            }
            (Some(Outcome::Failed { .. }), Some("auth" | "denied" | "tls")) => {
                ("Have the credentials, rights or certificate of the endpoint put right, then:", again())
            }
            (Some(Outcome::Failed { .. }), _) => ("Have the cause put right that the vendor names, then:", again()),
            (Some(Outcome::Stopped), _) => ("Ask who stopped it. To synchronize it after all:", again()),
            (Some(Outcome::StillRunning { .. }), _) => ("The vendor works on. To watch it to its end:", resume()),
            (Some(_), _) => ("Look at the vendor's own list of jobs before anything is started again. Then:", resume()),
            (None, _) => ("Its end is not known yet. To go on with it, without starting anything twice:", resume()),
        };
        Some(Self { words, command })
    }
}

/// The configuration as it was named in the call, for the next one.
fn config(arguments: &[String]) -> String {
    let mut words = arguments.iter();
    let named = words.find_map(|word| match word.as_str() {
        "--config" | "-c" => Some(None),
        _ => word.strip_prefix("--config=").map(Some),
    });
    let path = named.and_then(|path| path.or_else(|| words.next().map(String::as_str)));
    path.map(|path| format!(" --config {}", quoted(&printable(path)))).unwrap_or_default()
}

/// The facts of a proof; two whose names end in `Before` and `After` are one.
fn compared(evidence: &Evidence) -> Vec<Fact> {
    let facts = serde_json::to_value(&evidence.facts).unwrap_or_default();
    let facts = facts.as_object().cloned().unwrap_or_default();
    let clean = |value: &Value| printable(&plain(value));
    let fact = |(name, value): (&String, &Value)| {
        if name.strip_suffix("Before").is_some_and(|stem| facts.contains_key(&format!("{stem}After"))) {
            return None;
        }
        let stem = name.strip_suffix("After").unwrap_or(name);
        let before = facts.get(&format!("{stem}Before")).filter(|_| stem != name).map(clean);
        let shown = if before.is_some() { stem } else { name };
        Some(Fact { name: printable(shown), before, value: clean(value) })
    };
    facts.iter().filter_map(fact).collect()
}

#[cfg(test)]
mod tests;
