//! What vendors tell that only they read again: facts by name, kept small, because many targets hold several sets of them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::{DeserializeOwned, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Facts by name, as a vendor wrote them down and as it reads them again, also from a journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "BTreeMap<String, Value>", into = "BTreeMap<String, Value>")]
#[schemars(with = "BTreeMap<String, Value>")]
pub struct Facts(
    /// A JSON object in the order of names; nothing when there are no facts. Copies share it. As text, a set of facts is one
    /// allocation and a third of the tree's size, and facts are read far less often than they are held.
    Option<Arc<str>>,
);

impl From<BTreeMap<String, Value>> for Facts {
    fn from(facts: BTreeMap<String, Value>) -> Self {
        // Names are texts and values are JSON already, so this cannot fail.
        let text = |facts| serde_json::to_string(&facts).unwrap_or_default();
        Self((!facts.is_empty()).then(|| text(facts).into()))
    }
}

impl From<Facts> for BTreeMap<String, Value> {
    fn from(facts: Facts) -> Self {
        facts.all()
    }
}

impl Facts {
    /// Adds a fact; `None` adds nothing.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Option<Value>>) -> Self {
        let Some(value) = value.into() else { return self };
        let mut all = self.all();
        all.insert(name.to_owned(), value);
        all.into()
    }

    /// Reads a fact as a type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = self.0.as_deref()?;
        serde_json::Deserializer::from_str(text).deserialize_map(One { name, of: PhantomData }).ok()?
    }

    fn all(&self) -> BTreeMap<String, Value> {
        // It was written by `from`, so this cannot fail.
        self.0.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Only those that are a single value; lists are for machines.
    #[must_use]
    pub fn plain(&self) -> Self {
        let single = self.all().into_iter().filter(|(_, value)| !value.is_array() && !value.is_object());
        single.collect::<BTreeMap<_, _>>().into()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// Reads one value of an object and builds nothing of the others.
struct One<'n, T> {
    name: &'n str,
    of: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for One<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("facts by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut facts: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = facts.next_key::<String>()? {
            match name == self.name {
                true => found = Some(facts.next_value()?),
                false => drop(facts.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let facts = Facts::default().with("b", json!(["x", "\"y\""])).with("a", json!(1.5)).with("none", None);
        assert_eq!(facts.get::<Vec<String>>("b"), Some(vec!["x".to_owned(), "\"y\"".to_owned()]));
        assert_eq!(
            (facts.get::<f64>("a"), facts.get::<String>("a"), facts.get::<Value>("none")),
            (Some(1.5), None, None)
        );
        let other = Facts::default().with("a", json!(0)).with("a", json!(1.5)).with("b", json!(["x", "\"y\""]));
        assert_eq!(facts, other, "neither the order of writing nor an earlier value counts");
        assert_eq!(facts.plain(), Facts::default().with("a", json!(1.5)));
        let written = serde_json::to_value(&facts).expect("facts are JSON");
        assert_eq!(written, json!({ "a": 1.5, "b": ["x", "\"y\""] }));
        assert_eq!(serde_json::from_value::<Facts>(written).expect("facts"), facts);
    }

    #[test]
    fn no_facts_are_no_facts_however_they_came_to_be() {
        let read: Facts = serde_json::from_str("{}").expect("facts");
        assert!(read.is_empty() && Facts::default().is_empty() && read == Facts::default());
        assert_eq!(serde_json::to_value(read).expect("facts are JSON"), json!({}));
    }
}
