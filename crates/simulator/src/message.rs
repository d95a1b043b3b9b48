//! A request as the vendors read it, and an answer as they give it.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::routes::Found;
use crate::text;

/// One request.
#[derive(Debug)]
pub(crate) struct Call {
    /// Simulated time at which it came.
    pub(crate) now: Duration,
    pub(crate) method: Method,
    /// As it was sent, without the query.
    pub(crate) path: String,
    /// As it was sent; empty when there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: IpAddr,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// What the path leads to.
    pub(crate) found: Found,
}

impl Call {
    /// The operation, if the path leads to one.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        match self.found {
            Found::Operation(operation, _) => Some(operation),
            _ => None,
        }
    }

    /// The parameter of the path with this number; empty when there are fewer.
    pub(crate) fn param(&self, number: usize) -> &str {
        match &self.found {
            Found::Operation(_, params) => params.get(number).map_or("", String::as_str),
            _ => "",
        }
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where the client thinks it is: scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        format!("{}://{host}", self.scheme)
    }

    /// The pairs of the query.
    pub(crate) fn pairs(&self) -> Pairs {
        Pairs(text::pairs(&self.query))
    }

    /// Whether the body has this media type, whatever its parameters.
    pub(crate) fn has_type(&self, media: &str) -> bool {
        let sent = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        sent.split(';').next().is_some_and(|sent| sent.trim().eq_ignore_ascii_case(media))
    }

    /// The body as JSON, or what is wrong with it.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|error| error.to_string())
    }
}

/// Names and values of a query or a form.
#[derive(Debug)]
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Pairs {
    /// The first value of this name that is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// All values of this name that are not empty.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str()).collect()
    }

    /// A number; `Err` for a value that is none or does not fit.
    pub(crate) fn number(&self, name: &str, usual: usize, least: usize, most: usize) -> Result<usize, String> {
        let Some(text) = self.get(name) else { return Ok(usual) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (least..=most).contains(number));
        number.ok_or_else(|| name.to_owned())
    }

    /// A truth value, as text in whatever case.
    pub(crate) fn truth(&self, name: &str) -> Option<bool> {
        let text = self.get(name)?.trim_matches('"');
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// No body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// A JSON body.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::empty(status).typed("application/json", body),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Self::empty(500)
            }
        }
    }

    /// A JSON body in which the objects at a pointer, or in the array there, have all of these members: as null if they
    /// have no value. The generated types leave out what has none. `*` in a pointer goes through an array.
    pub(crate) fn json_with_nulls(status: u16, body: &impl Serialize, nulls: &[(&str, &[&str])]) -> Self {
        if nulls.iter().all(|(_, members)| members.is_empty()) {
            return Self::json(status, body);
        }
        let mut body = serde_json::to_value(body).unwrap_or_default();
        for (pointer, members) in nulls {
            for object in objects(&mut body, pointer).into_iter().filter_map(Value::as_object_mut) {
                for member in *members {
                    object.entry(*member).or_insert(Value::Null);
                }
            }
        }
        Self::json(status, &body)
    }

    /// A body of some media type.
    pub(crate) fn typed(mut self, media: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.retain(|(name, _)| name != CONTENT_TYPE);
        self.headers.push((CONTENT_TYPE, HeaderValue::from_static(media)));
        self.body = body.into();
        self
    }

    /// Names and values of the headers.
    pub(crate) fn header_texts(&self) -> Vec<(String, String)> {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
    }

    /// One more header; a value that no header can have is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}

/// What is at a pointer, or in the array there; `*` in a pointer goes through an array.
fn objects<'a>(body: &'a mut Value, pointer: &str) -> Vec<&'a mut Value> {
    let mut found = vec![body];
    for part in pointer.split("/*") {
        let items = found.into_iter().filter_map(|value| value.pointer_mut(part)).map(|value| match value {
            Value::Array(items) => items.iter_mut().collect(),
            object => vec![object],
        });
        found = items.flatten().collect();
    }
    found
}
