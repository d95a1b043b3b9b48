//! What an operation starts on the vendor's side, and how its jobs are known: data of the documents, and how they are read.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use crate::error::Error;
use crate::operation::Operation;
use crate::service::{Call, Service};

/// What an operation starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Starts {
    /// Jobs that can be looked at by their ids.
    Jobs(Begun),
    /// The synchronization of a target, whose end its jobs alone do not prove.
    Synchronization {
        /// What the target is.
        kind: &'static str,
        /// Where its id is.
        id: &'static str,
    },
    /// Work of which no call shows how far it is.
    Unseen {
        /// Why that is so.
        why: &'static str,
    },
}

/// Jobs that an operation starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// What they are, the second part of their addresses.
    pub kind: &'static str,
    /// The member of the answer that names them, with dots between levels and `[]` behind a list.
    pub named: Option<&'static str>,
    /// How they are found where no answer names them: by the first of these that the server has.
    pub find: &'static [Find],
}

/// How jobs are found in a list of the vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Find {
    /// The operation that lists them.
    pub list: &'static str,
    /// What it is called with: parameters and where their values are.
    pub with: &'static [(&'static str, &'static str)],
    /// The member of each item that holds the job's id.
    pub id: &'static str,
    /// Members of an item, and where the values are that they have to have.
    pub matching: &'static [(&'static str, &'static str)],
}

/// What a search in a list has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Ids of the jobs that are new and fit.
    pub ids: Vec<String>,
    /// Things that the call was about and for which there is no job yet.
    pub missing: Vec<String>,
    /// There may be one job only, because nothing tells those of this call from those of another.
    pub one: bool,
}

/// All values at a path, in the order of the document: dots between levels, `[]` behind a list. A place without a value is
/// `None`, so that whoever counts notices; a list that is absent has no places.
pub fn members<'a>(value: &'a Value, path: &str) -> Vec<Option<&'a Value>> {
    let mut places = vec![Some(value)];
    for segment in path.split('.') {
        let (name, list) = segment.strip_suffix("[]").map_or((segment, false), |name| (name, true));
        let member = |at: Option<&'a Value>| at.and_then(|at| if name.is_empty() { Some(at) } else { at.get(name) });
        places = places.into_iter().map(member).map(|at| at.filter(|at| !at.is_null())).collect();
        if list {
            places = places.into_iter().flatten().flat_map(entries).collect();
        }
    }
    places
}

/// A single object may come in place of a list.
fn entries(list: &Value) -> Vec<Option<&Value>> {
    match list {
        Value::Array(items) => items.iter().map(Some).collect(),
        one => vec![Some(one)],
    }
}

/// A value as it stands in a list or a URL.
fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.as_str().into()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        _ => None,
    }
}

/// Whether two ids are the same; vendors mix upper and lower case, and some give a link that ends in the id.
fn same(found: &str, wanted: &str) -> bool {
    let last = found.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    found.eq_ignore_ascii_case(wanted) || last.eq_ignore_ascii_case(wanted)
}

impl Begun {
    /// The ids that an answer names, each once, and how many entries of the answer name none.
    pub fn named(&self, answer: &Value) -> (Vec<String>, usize) {
        let Some(path) = self.named else { return (Vec::new(), 0) };
        let places = members(answer, path);
        let mut ids: Vec<String> = Vec::new();
        let mut without = 0;
        for place in places {
            match place.and_then(text) {
                Some(id) if !ids.iter().any(|known| *known == *id) => ids.push(id.into_owned()),
                Some(_) => {}
                None => without += 1,
            }
        }
        (ids, without)
    }
}

impl Starts {
    /// The id of the target that is synchronized by a call.
    pub fn target(&self, call: &Call) -> Option<String> {
        match self {
            Self::Synchronization { id, .. } => call.values(id, None)?.into_iter().next(),
            Self::Jobs(_) | Self::Unseen { .. } => None,
        }
    }
}

impl Call {
    /// What a source of a document stands for: `$path.x` and `$query.x` are parameters, `$body.x` is a member of what was sent,
    /// `$answer.x` one of what came back, anything else is meant literally. `None`: it is not known.
    fn values(&self, source: &str, answer: Option<&Value>) -> Option<Vec<String>> {
        let Some(source) = source.strip_prefix('$') else { return Some(vec![source.to_owned()]) };
        let (place, rest) = source.split_once('.')?;
        let found: Vec<String> = match place {
            "path" | "query" => {
                self.parameters.iter().filter(|(name, _)| name == rest).map(|(_, value)| value.clone()).collect()
            }
            "body" | "answer" => {
                let document = if place == "body" { self.body.as_ref() } else { answer }?;
                members(document, rest).into_iter().flatten().filter_map(text).map(Cow::into_owned).collect()
            }
            _ => return None,
        };
        // A list may have no entries; a single value that is not there is not known.
        (!found.is_empty() || rest.contains("[]")).then_some(found)
    }
}

impl Find {
    /// Whether a job can be found without the answer to the call.
    pub fn needs_answer(&self) -> bool {
        self.matching.iter().any(|(_, source)| source.starts_with("$answer."))
    }

    /// Ids of all items.
    pub fn ids(&self, items: &[Value]) -> HashSet<String> {
        items.iter().filter_map(|item| self.id_of(item)).collect()
    }

    fn id_of(&self, item: &Value) -> Option<String> {
        members(item, self.id).into_iter().flatten().find_map(text).map(Cow::into_owned)
    }

    /// The jobs of this call among items that were not there before it. `None`: the answer does not say what to look for.
    pub fn search(
        &self,
        items: &[Value],
        known: &HashSet<String>,
        call: &Call,
        answer: Option<&Value>,
    ) -> Option<Hits> {
        let mut wanted = Vec::new();
        for (member, source) in self.matching {
            let values = call.values(source, answer)?;
            if !values.is_empty() {
                wanted.push((*member, *source, values));
            }
        }
        // What lists nothing says nothing: anything new would fit.
        if wanted.is_empty() && !self.matching.is_empty() {
            return None;
        }
        let holds = |item: &Value, member: &str, value: &str| {
            let found = members(item, member);
            found.into_iter().flatten().filter_map(text).any(|found| same(&found, value))
        };
        let fits = |item: &&Value| {
            wanted.iter().all(|(member, _, values)| values.iter().any(|value| holds(item, member, value)))
        };
        let fresh = |item: &&Value| self.id_of(item).is_some_and(|id| !known.contains(&id));
        let mine: Vec<&Value> = items.iter().filter(fresh).filter(fits).collect();
        let lists = wanted.iter().filter(|(_, source, _)| source.contains("[]"));
        let missing = lists.flat_map(|(member, _, values)| {
            values.iter().filter(|value| !mine.iter().any(|item| holds(item, member, value)))
        });
        let missing = missing.cloned().collect();
        let one = !wanted.iter().any(|(_, source, _)| source.starts_with("$answer."));
        Some(Hits { ids: mine.into_iter().filter_map(|item| self.id_of(item)).collect(), missing, one })
    }
}

impl Service {
    /// What the vendor lists, all pages of it. `since` is a time before the call, for lists that take one.
    ///
    /// # Errors
    ///
    /// When there is no such list, or whatever the sending ended with.
    pub async fn listed(&self, find: &Find, call: &Call, since: &str) -> Result<Vec<Value>, Error> {
        let operation = Operation::of_id(self.operations(), find.list)
            .ok_or_else(|| Error::usage(format!("the server has no operation {}", find.list)))?;
        let mut parameters = Vec::new();
        for (name, source) in find.with {
            let values = match *source {
                "$since" => vec![since.to_owned()],
                source => call.values(source, None).ok_or_else(|| {
                    let what = format!("the call does not say what {} has to be called with ({source})", find.list);
                    Error::usage(what)
                })?,
            };
            parameters.extend(values.into_iter().map(|value| ((*name).to_owned(), value)));
        }
        let list = Call { operation, parameters, body: None };
        self.pages(&list)?.all().await
    }
}

#[cfg(test)]
mod tests;
