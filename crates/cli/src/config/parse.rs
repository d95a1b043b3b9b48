//! Reads the configuration and says of everything that is wrong in it where it stands, not only of the first thing.

use std::collections::BTreeSet;
use std::ops::Range;

use backup_sync::runtime::suggest::{did_you_mean, reworded};
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use super::Endpoint;
use crate::secret::NOT_HERE;

/// What a configuration says, endpoint by endpoint in the order of the file.
#[derive(Default)]
pub struct Parsed {
    /// What is wrong outside of the endpoints.
    pub problems: Vec<String>,
    /// Each endpoint, or what is wrong with it.
    pub endpoints: Vec<(String, Result<Endpoint, Vec<String>>)>,
}

/// Reads the text of a configuration; `shown` names it in messages.
pub fn parse(text: &str, shown: &str) -> Parsed {
    let source = Source { text, shown };
    let mut parsed = Parsed::default();
    let root = match DeTable::parse(text) {
        Ok(root) => root,
        Err(error) => {
            parsed.problems.push(source.told(&error, ""));
            return parsed;
        }
    };
    // What is not an endpoint is checked as a whole.
    let whole = Spanned::new(root.span(), DeValue::Table(root.get_ref().clone()));
    if let Err(error) = Whole::deserialize(ValueDeserializer::from(whole)) {
        parsed.problems.push(source.told(&error, ""));
    }
    let Some(DeValue::Table(endpoints)) = root.get_ref().get("endpoints").map(Spanned::get_ref) else {
        return parsed;
    };
    let mut entries: Vec<_> = endpoints.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    for (name, value) in entries {
        let endpoint = source.endpoint(name, value);
        parsed.endpoints.push((name.get_ref().clone().into_owned(), endpoint));
    }
    parsed
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the names of the keys count here")]
struct Whole {
    #[serde(default)]
    endpoints: Option<std::collections::BTreeMap<String, IgnoredAny>>,
}

/// The text of a file, for messages with its lines and columns.
pub struct Source<'a> {
    /// The text.
    pub text: &'a str,
    /// How messages call the file.
    pub shown: &'a str,
}

type Table<'t> = Spanned<DeTable<'t>>;

impl Source<'_> {
    fn endpoint(
        &self,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Endpoint, Vec<String>> {
        let shown = name.get_ref();
        let what = format!("endpoint {shown:?}");
        let DeValue::Table(table) = value.get_ref() else {
            return Err(vec![self.at(value.span(), &format!("{what} is no table; write [endpoints.{shown}]"))]);
        };
        let mut problems = Vec::new();
        if shown.is_empty() || shown.contains(['/', '*', '?']) {
            let why = format!("the endpoint name {shown:?} cannot be part of an address");
            problems.push(self.at(name.span(), &why));
        }
        let mut table = table.clone();
        let mut left_out = Vec::new();
        for (span, field) in plain_secrets(&table, "") {
            problems.push(self.at(span, &format!("{what}, {field}: {NOT_HERE}")));
            // What holds a secret is not read any further, so that no message can repeat the secret.
            let key = field.split('.').next().unwrap_or_default().to_owned();
            table.remove(key.as_str());
            left_out.push(key);
        }
        let read = self.vendor(&what, Spanned::new(value.span(), table), &left_out);
        match read {
            Ok(endpoint) if problems.is_empty() => return Ok(endpoint),
            Ok(_) => {}
            Err(more) => problems.extend(more),
        }
        Err(problems)
    }

    /// Reads the table as what its key `vendor` says.
    fn vendor(&self, what: &str, mut table: Table<'_>, left_out: &[String]) -> Result<Endpoint, Vec<String>> {
        let known = ["veeam-vb365", "huawei-cbr", "vsphere-replication"];
        let wrong = |span: Range<usize>, why: &str| Err(vec![self.at(span, &format!("{what}: {why}"))]);
        let Some(vendor) = table.get_mut().remove("vendor") else {
            return wrong(table.span(), &format!("missing field `vendor`: one of {}", known.join(", ")));
        };
        match vendor.get_ref() {
            DeValue::String(name) if name == known[0] => self.fields(what, table, left_out).map(Endpoint::VeeamVb365),
            DeValue::String(name) if name == known[1] => self.fields(what, table, left_out).map(Endpoint::HuaweiCbr),
            DeValue::String(name) if name == known[2] => {
                self.fields(what, table, left_out).map(Endpoint::VsphereReplication)
            }
            DeValue::String(name) => {
                let meant = did_you_mean(name, known);
                let all = known.join(", ");
                wrong(vendor.span(), &format!("unknown value `{name}` for vendor{meant} (known are {all})"))
            }
            _ => wrong(vendor.span(), &format!("vendor is one of {}", known.join(", "))),
        }
    }

    /// Reads a table as a type. After an error the key that it is about is left out and the rest is read again, so that
    /// all errors are told at once.
    pub fn fields<T: DeserializeOwned + JsonSchema>(
        &self,
        what: &str,
        mut table: Table<'_>,
        left_out: &[String],
    ) -> Result<T, Vec<String>> {
        let missing = missing::<T>(table.get_ref());
        let missing = missing.iter().filter(|field| !left_out.contains(field));
        let mut problems: Vec<String> =
            missing.map(|field| self.at(table.span(), &format!("{what}: missing field `{field}`"))).collect();
        loop {
            let value = Spanned::new(table.span(), DeValue::Table(table.get_ref().clone()));
            let error = match T::deserialize(ValueDeserializer::from(value)) {
                Ok(read) if problems.is_empty() => return Ok(read),
                Ok(_) => return Err(problems),
                Err(error) => error,
            };
            let span = error.span().unwrap_or_else(|| table.span());
            let inside = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
            let about = table.get_ref().iter().find(|(key, value)| inside(key.span()) || inside(value.span()));
            let Some((key, value)) = about.map(|(key, value)| (key.get_ref().clone(), value)) else {
                // A missing field: told above, or left out above.
                if problems.is_empty() && left_out.is_empty() {
                    problems.push(self.told(&error, &format!("{what}: ")));
                }
                return Err(problems);
            };
            let field = if inside(value.span()) { format!("{what}, {key}: ") } else { format!("{what}: ") };
            problems.push(self.told(&error, &field));
            table.get_mut().remove(key.as_ref());
        }
    }

    /// `FILE:LINE:COLUMN: PREFIX…` for an error of the parser.
    pub fn told(&self, error: &Error, prefix: &str) -> String {
        let why = format!("{prefix}{}", reworded(error.message()));
        match error.span() {
            Some(span) => self.at(span, &why),
            None => format!("{}: {why}", self.shown),
        }
    }

    /// `FILE:LINE:COLUMN: WHY`, columns in characters.
    pub fn at(&self, span: Range<usize>, why: &str) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}: {why}", self.shown)
    }
}

/// Required fields of `T` that the table does not have.
fn missing<T: JsonSchema>(table: &DeTable<'_>) -> BTreeSet<String> {
    let schema = schema_for!(T);
    let required = schema.get("required").and_then(|required| required.as_array()).into_iter().flatten();
    let names = required.filter_map(|name| name.as_str());
    names.filter(|name| !table.contains_key(*name)).map(str::to_owned).collect()
}

/// The fields that hold a secret as plain text.
fn plain_secrets(table: &DeTable<'_>, prefix: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for (key, value) in table {
        let field = format!("{prefix}{}", key.get_ref());
        let secret = matches!(key.get_ref().as_ref(), "password" | "secret_key" | "security_token");
        match value.get_ref() {
            DeValue::Table(inner) => found.extend(plain_secrets(inner, &format!("{field}."))),
            _ if secret => found.push((value.span(), field)),
            _ => {}
        }
    }
    found
}
