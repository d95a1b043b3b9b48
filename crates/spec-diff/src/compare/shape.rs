//! What a schema amounts to, however it is written: references followed, compositions merged.

use std::collections::{BTreeMap, BTreeSet};

use backup_sync_codegen::document::component;
use serde_json::{Map, Value};

use crate::spot::Spot;

/// Keys that say how a schema is put together, not what it is.
const STRUCTURE: [&str; 4] = ["$ref", "allOf", "properties", "required"];

/// A schema without references and compositions at its top.
#[derive(Debug, Default)]
pub(crate) struct Shape<'a> {
    /// All other keywords; the outermost wins.
    pub(crate) keywords: BTreeMap<&'a str, Spot<'a>>,
    /// Members of an object, in document order.
    pub(crate) members: Vec<(&'a str, Spot<'a>)>,
    /// Required members, each with where that is said.
    pub(crate) required: BTreeMap<&'a str, String>,
    /// Named schemas that it is put together from.
    pub(crate) components: BTreeSet<&'a str>,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(spot: &Spot<'a>, root: &'a Value) -> Self {
        let mut shape = Self::default();
        let mut members: Map<String, Value> = Map::new();
        // Whatever stands further outside is taken first, and the first wins. A schema that holds itself is taken once.
        let mut waiting = vec![spot.clone()];
        let mut seen: BTreeSet<String> = BTreeSet::new();
        while let Some(part) = waiting.pop() {
            if !seen.insert(part.pointer.clone()) {
                continue;
            }
            shape.take(&part, &mut members);
            let parts: Vec<Spot<'a>> = part.child("allOf").items().collect();
            waiting.extend(parts.into_iter().rev());
            if let Some(reference) = part.text("$ref") {
                if let Some(("schemas", name)) = component(reference) {
                    shape.components.insert(name);
                }
                if let Some(target) = reference.strip_prefix('#')
                    && let Some(node) = root.pointer(target)
                {
                    waiting.push(Spot { pointer: target.to_owned(), node });
                }
            }
        }
        shape
    }

    fn take(&mut self, part: &Spot<'a>, known: &mut Map<String, Value>) {
        for (key, spot) in part.members() {
            if !STRUCTURE.contains(&key) && !spot.is_nothing() {
                self.keywords.entry(key).or_insert(spot);
            }
        }
        for (name, spot) in part.child("properties").members() {
            if known.insert(name.to_owned(), Value::Null).is_none() {
                self.members.push((name, spot));
            }
        }
        for item in part.child("required").items() {
            if let Some(name) = item.node.as_str() {
                self.required.entry(name).or_insert(item.pointer);
            }
        }
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Spot<'a>> {
        self.members.iter().find(|(known, _)| *known == name).map(|(_, spot)| spot)
    }

    pub(crate) fn value(&self, keyword: &str) -> Option<&'a Value> {
        self.keywords.get(keyword).map(|spot| spot.node)
    }

    pub(crate) fn text(&self, keyword: &str) -> Option<&'a str> {
        self.value(keyword).and_then(Value::as_str)
    }

    pub(crate) fn flag(&self, keyword: &str) -> bool {
        self.value(keyword) == Some(&Value::Bool(true))
    }

    pub(crate) fn list(&self, keyword: &str) -> Vec<&'a Value> {
        self.value(keyword).and_then(Value::as_array).into_iter().flatten().collect()
    }

    pub(crate) fn pointer(&self, keyword: &str) -> Option<String> {
        self.keywords.get(keyword).map(|spot| spot.pointer.clone())
    }

    /// The JSON type; one that goes without saying counts as said.
    pub(crate) fn kind(&self) -> Option<&'a str> {
        let implied = || match () {
            () if !self.members.is_empty() => Some("object"),
            () if self.keywords.contains_key("items") => Some("array"),
            () => None,
        };
        self.text("type").or_else(implied)
    }
}
