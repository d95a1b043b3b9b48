//! From the text of a scenario to its types, with messages that name file, line, column and key.

use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Scenario;
use super::check::{Problem, check};

/// The form of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML.
    Toml,
    /// JSON.
    Json,
}

/// Why a scenario cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(String);

/// One step down into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Number(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(number: usize) -> Self {
        Self::Number(number)
    }
}

/// A way from the top of the document, as people write it: `endpoints.m365.faults[0]`.
fn shown(path: &[Step]) -> String {
    let mut shown = String::new();
    for step in path {
        match step {
            Step::Key(key) if shown.is_empty() => shown.push_str(key),
            Step::Key(key) => shown.extend([".", key]),
            Step::Number(number) => shown.push_str(&format!("[{number}]")),
        }
    }
    shown
}

impl Scenario {
    /// Reads a file; one whose name ends in `.json` is JSON, any other is TOML.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or for the reasons of [`Scenario::parse`].
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|cause| ScenarioError(format!("the scenario {name} cannot be read: {cause}")))?;
        let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        Self::parse(&text, if json { Format::Json } else { Format::Toml }, &name)
    }

    /// Reads a text; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// When it is no TOML or JSON, has keys that are not known, lacks some that are needed, or has values that are not
    /// possible. The message names line, column and key.
    pub fn parse(text: &str, format: Format, name: &str) -> Result<Self, ScenarioError> {
        let wrong = |found: Found| {
            let key = if found.key.is_empty() { String::new() } else { format!("{}: ", found.key) };
            ScenarioError(format!("{name}{}: {key}{}", found.place, found.what))
        };
        let scenario: Self = format.deserialize(text).map_err(wrong)?;
        check(&scenario).map_err(|problem| wrong(format.locate(text, problem)))?;
        Ok(scenario)
    }
}

/// Something wrong and where.
struct Found {
    /// `:LINE:COLUMN`, or nothing where it is not known.
    place: String,
    key: String,
    what: String,
}

impl Format {
    fn deserialize(self, text: &str) -> Result<Scenario, Found> {
        match self {
            Self::Toml => {
                let deserializer = toml::Deserializer::parse(text).map_err(|error| in_toml(text, &error, ""))?;
                serde_path_to_error::deserialize(deserializer)
                    .map_err(|error| in_toml(text, error.inner(), &error.path().to_string()))
            }
            Self::Json => {
                let mut deserializer = serde_json::Deserializer::from_str(text);
                let scenario = serde_path_to_error::deserialize(&mut deserializer)
                    .map_err(|error| in_json(error.inner(), &error.path().to_string()))?;
                deserializer.end().map_err(|error| in_json(&error, ""))?;
                Ok(scenario)
            }
        }
    }

    /// Finds the place of a problem by walking there once more.
    fn locate(self, text: &str, problem: Problem) -> Found {
        let way = Way(&problem.path);
        let found = match self {
            Self::Toml => toml::Deserializer::parse(text)
                .and_then(|deserializer| way.deserialize(deserializer))
                .err()
                .map(|error| in_toml(text, &error, "")),
            Self::Json => way.deserialize(&mut serde_json::Deserializer::from_str(text)).err().map(|e| in_json(&e, "")),
        };
        let place = found.map(|found| found.place).unwrap_or_default();
        Found { place, key: shown(&problem.path), what: problem.what }
    }
}

fn in_toml(text: &str, error: &toml::de::Error, key: &str) -> Found {
    let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
    Found { place, key: whole(key), what: helpful(error.message()) }
}

fn in_json(error: &serde_json::Error, key: &str) -> Found {
    let (line, column) = (error.line(), error.column());
    let told = error.to_string();
    let what = told.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&told);
    let place = if line == 0 { String::new() } else { format!(":{line}:{column}") };
    Found { place, key: whole(key), what: helpful(what) }
}

/// The path as it is told, without the mark for "unknown".
fn whole(path: &str) -> String {
    path.trim_end_matches('?').trim_end_matches('.').to_owned()
}

/// `:LINE:COLUMN` of a byte offset.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

/// The parser's words, with the nearest of the names that it expected.
fn helpful(message: &str) -> String {
    let message = message.trim_end().replace("unknown variant", "unknown value");
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ").then(|| names.next()).flatten();
    let near = unknown.and_then(|unknown| nearest(unknown, names, 1).first().map(|name| format!("`{name}`")));
    match near {
        Some(near) => format!("{message}; did you mean {near}?"),
        None => message,
    }
}

/// Similar enough to be meant.
const SIMILAR: f64 = 0.75;

/// The names that are most similar to `wanted`, best first, `most` of them at most.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let similar = |name: &'a str| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name);
    let mut near: Vec<(f64, &str)> = names.map(similar).filter(|(score, _)| *score >= SIMILAR).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(most).map(|(_, name)| name).collect()
}

/// Walks to a place of a document and fails there, so that the error of the parser tells where it is.
struct Way<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Way<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Fails when the way is at its end.
macro_rules! here {
    ($($visit:ident: $type:ty),+) => {
        $(fn $visit<E: serde::de::Error>(self, _: $type) -> Result<(), E> {
            Err(E::custom("here"))
        })+
    };
}

impl<'de> Visitor<'de> for Way<'_> {
    type Value = ();

    here!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Key(wanted), rest)) = self.0.split_first() else { return Err(A::Error::custom("here")) };
        while let Some(key) = map.next_key::<String>()? {
            if key == *wanted {
                return map.next_value_seed(Way(rest));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Err(A::Error::custom("here"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Some((Step::Number(wanted), rest)) = self.0.split_first() else { return Err(A::Error::custom("here")) };
        for _ in 0..*wanted {
            list.next_element::<IgnoredAny>()?;
        }
        list.next_element_seed(Way(rest)).map(Option::unwrap_or_default)
    }
}
