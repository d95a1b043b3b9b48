//! Filter, order, page and links of vSphere Replication's lists.

use std::borrow::Cow;

use serde_json::Value;
use vsphere_replication::v2::types as t;

use crate::message::{Call, Pairs};
use crate::settings::Settings;

/// Page size where a request names none.
const USUAL: usize = 100;

/// A value to filter and sort by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key<'a> {
    Missing,
    Number(i64),
    Text(Cow<'a, str>),
}

impl Key<'_> {
    /// Whether a filter value is meant: a part of a text, or a whole number.
    fn is_meant_by(&self, wanted: &str) -> bool {
        match self {
            Key::Missing => false,
            Key::Number(number) => number.to_string() == wanted,
            Key::Text(text) => text.contains(wanted),
        }
    }
}

/// The value at a dotted path of a JSON object.
pub(crate) fn key_of(object: &Value, path: &str) -> Key<'static> {
    match path.split('.').try_fold(object, |object, name| object.get(name)) {
        Some(Value::String(text)) => Key::Text(Cow::Owned(text.clone())),
        Some(Value::Bool(truth)) => Key::Text(Cow::Owned(truth.to_string())),
        Some(Value::Number(number)) => number.as_i64().map_or(Key::Missing, Key::Number),
        _ => Key::Missing,
    }
}

/// What a request asks of a list.
#[derive(Debug)]
pub(crate) struct Asked {
    filter: Option<(String, Vec<String>)>,
    sort: Option<(String, bool)>,
    limit: usize,
    offset: usize,
}

/// A page of a list.
pub(crate) struct Page<'a, T> {
    pub(crate) items: Vec<&'a T>,
    pub(crate) total: usize,
}

impl Asked {
    /// `Err` with a sentence about what is wrong.
    pub(crate) fn read(query: &Pairs) -> Result<Self, String> {
        let number = |name: &str, usual, least| {
            query
                .number(name, usual, least, usize::MAX)
                .map_err(|_| format!("The value of parameter {name} is not a number."))
        };
        let filter: Vec<String> = query.all("filter").into_iter().map(str::to_owned).collect();
        // Names are lower case; some clients write the first letter as a capital.
        let property = query.get("filter_property").map(str::to_ascii_lowercase);
        let filter = match (property, filter.is_empty()) {
            (Some(property), false) => Some((property, filter)),
            (None, true) => None,
            _ => return Err("The parameters filter_property and filter go together.".to_owned()),
        };
        let descending = match query.get("order_by") {
            None | Some("asc" | "ascending") => false,
            Some("desc" | "descending") => true,
            Some(_) => return Err("The value of parameter order_by is not valid.".to_owned()),
        };
        let sort = query.get("sort_by").map(|name| (name.to_ascii_lowercase(), descending));
        Ok(Self { filter, sort, limit: number("limit", USUAL, 1)?, offset: number("offset", 0, 0)? })
    }

    /// The same, with no more in a page than the settings permit.
    pub(crate) fn capped(self, settings: &Settings) -> Self {
        Self { limit: settings.cap(self.limit), ..self }
    }

    /// The ids that are asked for, when nothing else is.
    pub(crate) fn ids(&self) -> Option<&[String]> {
        self.filter.as_ref().filter(|(property, _)| property == "id").map(|(_, ids)| ids.as_slice())
    }

    /// Filters, sorts and cuts `items`; `key` gives the value of a member.
    pub(crate) fn apply<'a, T>(&self, mut items: Vec<&'a T>, key: impl Fn(&'a T, &str) -> Key<'a>) -> Page<'a, T> {
        if let Some((property, wanted)) = &self.filter {
            items.retain(|item| {
                let key = key(item, property);
                wanted.iter().any(|wanted| key.is_meant_by(wanted))
            });
        }
        if let Some((property, descending)) = &self.sort {
            items.sort_by_cached_key(|item| key(item, property));
            if *descending {
                items.reverse();
            }
        }
        let total = items.len();
        Page { items: items.into_iter().skip(self.offset).take(self.limit).collect(), total }
    }

    /// The envelope of a page: numbers, links, and what is missing.
    pub(crate) fn envelope(&self, call: &Call, total: usize, missing: Vec<t::MetaError>) -> t::MetadataList {
        let link = |offset: usize| t::HrefDrData { href: Some(self.href(call, offset)) };
        let next = self.offset.saturating_add(self.limit);
        let links = t::MetaLinks {
            self_: Some(link(self.offset)),
            next: (next < total).then(|| link(next)),
            previous: (self.offset > 0).then(|| link(self.offset.saturating_sub(self.limit))),
        };
        t::MetadataList {
            errors: (!missing.is_empty()).then_some(missing),
            total: i64::try_from(total).ok(),
            offset: i64::try_from(self.offset).ok(),
            limit: i64::try_from(self.limit).ok(),
            links: Some(links),
        }
    }

    fn href(&self, call: &Call, offset: usize) -> String {
        let kept = call.query.split('&').filter(|part| !part.is_empty());
        let kept = kept.filter(|part| !part.starts_with("limit=") && !part.starts_with("offset="));
        let query: String = kept.flat_map(|part| [part, "&"]).collect();
        format!("{}{}?{query}limit={}&offset={offset}", call.origin(), call.path, self.limit)
    }
}
