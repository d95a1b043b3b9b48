//! Calls of operations by name, with parameters as text and JSON in and out: for tools that learn from a person what to
//! call. They take the same way as typed calls, with the same session, quota, retries and errors.

use std::borrow::Cow;

use http::header::{ACCEPT, HeaderMap};
use http::{HeaderName, HeaderValue};
use percent_encoding::utf8_percent_encode;
use reqwest::{Request, Url};
use serde_json::Value;

use crate::connection::Connection;
use crate::error::Error;
use crate::operation::{Form, Operation, Paging, Parameter, Place, Style};
use crate::page::{Cursor, Page, Pager};
use crate::redact::{RESERVED, STRUCK};
use crate::suggest::did_you_mean;

/// One API of an endpoint: where it is, and how it is reached.
#[derive(Clone, Debug)]
pub struct Service {
    connection: Connection,
    base: String,
    given: Vec<(&'static str, String)>,
}

/// What is to be called, and with what.
#[derive(Clone)]
pub struct Call {
    /// The operation.
    pub operation: &'static Operation,
    /// Names and values for path, query and headers.
    pub parameters: Vec<(String, String)>,
    /// The body; for a form an object whose members are its fields.
    pub body: Option<Value>,
}

/// What the vendor answered.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers; see [`Answer::headers`] for what may be shown.
    headers: HeaderMap,
    /// The document as it came; `null` for an empty answer. It may hold secrets; see [`Operation::redact`].
    pub body: Value,
}

/// Larger pages than this are not asked for, whatever the vendor allows: they take long and are read into memory.
const LARGEST: usize = 1000;

/// Headers whose values may be shown: they say what came, when, from which kind of server and under which id.
const SHOWN: [&str; 16] = [
    "allow",
    "cache-control",
    "content-language",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "last-modified",
    "request-id",
    "retry-after",
    "server",
    "sunset",
    "vary",
    "x-correlation-id",
    "x-iam-trace-id",
    "x-request-id",
];

impl Answer {
    /// Names and values of the headers, those of unknown meaning without their value: it may be a credential.
    pub fn headers(&self, secrets: bool) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers.iter().map(move |(name, value)| {
            let shown = secrets || SHOWN.contains(&name.as_str());
            let value = if shown { String::from_utf8_lossy(value.as_bytes()) } else { STRUCK.into() };
            (name.as_str(), value)
        })
    }
}

impl Operation {
    /// Whether the operation can be called like this; `given` are the names of parameters that need not be named.
    ///
    /// # Errors
    ///
    /// A sentence on the first thing that is wrong. Nothing is sent.
    pub fn check(&self, parameters: &[(String, String)], body: Option<&Value>, given: &[&str]) -> Result<(), Error> {
        let Self { id, .. } = self;
        for (index, (name, value)) in parameters.iter().enumerate() {
            let Some(known) = self.parameter(name) else { return Err(self.unknown(name)) };
            if !known.list && parameters[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Error::usage(format!("{id}: the parameter {name} is given twice")));
            }
            // Such a part would be taken out of the path, and another operation be called.
            if known.place == Place::Path && matches!(value.as_str(), "" | "." | "..") {
                return Err(Error::usage(format!("{id}: {value:?} cannot be the parameter {name} of the path")));
            }
        }
        let missing = |parameter: &&Parameter| {
            let here = parameters.iter().any(|(name, _)| name == parameter.name);
            parameter.required && !here && !given.contains(&parameter.name)
        };
        if let Some(Parameter { name, place, .. }) = self.parameters.iter().find(missing) {
            return Err(Error::usage(format!("{id} needs the parameter {name} ({})", place.as_str())));
        }
        match (self.body, body) {
            (None, Some(_)) => Err(Error::usage(format!("{id} takes no body"))),
            (Some(taken), None) if taken.required => Err(Error::usage(format!("{id} needs a body"))),
            (Some(taken), Some(body)) if taken.form == Form::Fields => fields(id, body).map(drop),
            _ => Ok(()),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<&str> = self.parameters.iter().map(|parameter| parameter.name).collect();
        let id = self.id;
        Error::usage(if known.is_empty() {
            format!("{id} takes no parameters, so none is called {name:?}")
        } else {
            let meant = did_you_mean(name, known.iter().copied());
            format!("{id} has no parameter {name:?}{meant} (known are {})", known.join(", "))
        })
    }

    /// Strikes the values out that the document marks as secret.
    pub fn redact(&self, answer: &mut Value) {
        match answer {
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item)),
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if self.secrets.contains(&name.as_str()) && !value.is_null() {
                        *value = STRUCK.into();
                    } else {
                        self.redact(value);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The fields of a form.
fn fields(id: &str, body: &Value) -> Result<Vec<(String, String)>, Error> {
    let wrong = || Error::usage(format!("{id} takes a form: its body is a JSON object of texts, numbers and booleans"));
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        Value::Number(_) | Value::Bool(_) => Ok((name.clone(), value.to_string())),
        _ => Err(wrong()),
    };
    body.as_object().ok_or_else(wrong)?.iter().map(one).collect()
}

impl Service {
    /// The API at `base`, whose operations are those of the connection.
    pub fn new(connection: Connection, base: impl Into<String>) -> Self {
        Self { connection, base: base.into(), given: Vec::new() }
    }

    /// Fills this parameter in where a call does not name it.
    #[must_use]
    pub fn give(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.given.push((name, value.into()));
        self
    }

    /// The parameters that are filled in where a call does not name them.
    pub fn given(&self) -> impl Iterator<Item = &'static str> {
        self.given.iter().map(|(name, _)| *name)
    }

    /// Everything that can be called.
    pub fn operations(&self) -> &'static [Operation] {
        self.connection.0.operations
    }

    /// Calls an operation.
    ///
    /// # Errors
    ///
    /// When the call is not valid, or whatever the sending ended with.
    pub async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let Call { operation, parameters, body } = call;
        self.check(call)?;
        self.exchange(operation, parameters, body.as_ref()).await
    }

    /// Walks through the pages of a list. A page size and a place to begin may be among the parameters.
    ///
    /// # Errors
    ///
    /// When the call is not valid, or the operation has no pages.
    pub fn pages<'a>(&'a self, call: &'a Call) -> Result<Pager<'a, Value>, Error> {
        let Call { operation, parameters, body } = call;
        self.check(call)?;
        let paging = operation.paging.as_ref().ok_or_else(|| {
            Error::usage(format!("{} gives no pages; call it without asking for all of them", operation.id))
        })?;
        let number = |name: &str| match parameters.iter().find(|(given, _)| given == name) {
            None => Ok(None),
            Some((_, value)) => value.parse::<u64>().map(Some).map_err(|_| {
                Error::usage(format!("{}: the parameter {name} has to be a number, not {value:?}", operation.id))
            }),
        };
        let size = number(paging.size)?.filter(|size| *size > 0).unwrap_or(paging.most.min(LARGEST) as u64);
        let begin = match (number(paging.start)?, paging.style) {
            (None, _) => 0,
            (Some(offset), Style::Offset) => offset,
            (Some(page), Style::Page) => page.saturating_sub(1) * size,
        };
        let fixed = |(name, _): &&(String, String)| name != paging.start && name != paging.size;
        let fixed: Vec<(String, String)> = parameters.iter().filter(fixed).cloned().collect();
        let pager = Pager::new(usize::try_from(size).unwrap_or(usize::MAX), move |cursor| {
            let mut parameters = fixed.clone();
            parameters.push((paging.start.to_owned(), start(paging, &cursor, size).to_string()));
            parameters.push((paging.size.to_owned(), size.to_string()));
            async move {
                let answer = self.exchange(operation, &parameters, body.as_ref()).await?;
                page(operation, paging, size, answer.body)
            }
        });
        // Servers that ignore the offset give the same page again and again.
        Ok(pager.unique(|item: &Value| item.to_string()).resume(Cursor::at(begin)))
    }

    fn check(&self, call: &Call) -> Result<(), Error> {
        let given: Vec<&str> = self.given.iter().map(|(name, _)| *name).collect();
        call.operation.check(&call.parameters, call.body.as_ref(), &given)
    }

    async fn exchange(
        &self,
        operation: &'static Operation,
        parameters: &[(String, String)],
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        let mut request = self.request(operation, parameters, body)?;
        let core = &self.connection.0;
        let mut response = crate::send::send(core, &mut request, operation.function).await?;
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let bytes = response.bytes().await.map_err(crate::send::transport)?;
        let body = serde_json::from_slice(&bytes).map_err(|cause| {
            let generated = progenitor_client::Error::<()>::InvalidResponsePayload(bytes, cause);
            Error::from(generated).with_operation(operation.id).with_answer(operation.id)
        })?;
        Ok(Answer { status, headers, body })
    }

    fn request(
        &self,
        operation: &Operation,
        parameters: &[(String, String)],
        body: Option<&Value>,
    ) -> Result<Request, Error> {
        let method = operation.method.parse().map_err(|_| unusable(operation, "method"))?;
        let mut request = self.connection.0.http.request(method, self.url(operation, parameters)?);
        request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in self.in_place(operation, parameters, Place::Header) {
            let name = HeaderName::try_from(name).map_err(|_| unusable(operation, "header"))?;
            request = request.header(name, value);
        }
        request = match (operation.body.map(|body| body.form), body) {
            (Some(Form::Fields), Some(body)) => request.form(&fields(operation.id, body)?),
            (_, Some(body)) => request.json(body),
            (_, None) => request,
        };
        request.build().map_err(crate::send::transport)
    }

    fn url(&self, operation: &Operation, parameters: &[(String, String)]) -> Result<Url, Error> {
        let mut path = operation.path.to_owned();
        for (name, value) in self.in_place(operation, parameters, Place::Path) {
            path = path.replace(&format!("{{{name}}}"), &utf8_percent_encode(value, RESERVED).to_string());
        }
        let mut url = Url::parse(&format!("{}{path}", self.base)).map_err(|_| unusable(operation, "URL"))?;
        let queries: Vec<_> = self.in_place(operation, parameters, Place::Query).collect();
        if !queries.is_empty() {
            url.query_pairs_mut().extend_pairs(queries);
        }
        Ok(url)
    }

    /// What goes to one place, with what is filled in.
    fn in_place<'a>(
        &'a self,
        operation: &'a Operation,
        parameters: &'a [(String, String)],
        place: Place,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let named = |name: &str| parameters.iter().any(|(known, _)| known == name);
        let filled = self.given.iter().filter(move |(name, _)| !named(name));
        let all = filled.map(|(name, value)| (*name, value.as_str()));
        let all = all.chain(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        all.filter(move |(name, _)| operation.parameter(name).is_some_and(|parameter| parameter.place == place))
    }
}

fn unusable(operation: &Operation, what: &str) -> Error {
    Error::usage(format!("{}: no {what} can be made of this call", operation.id))
}

/// The number that asks for the page at `cursor`.
fn start(paging: &Paging, cursor: &Cursor, size: u64) -> u64 {
    match paging.style {
        Style::Offset => cursor.offset,
        Style::Page => cursor.offset / size + 1,
    }
}

/// What one answer says of a page.
fn page(operation: &'static Operation, paging: &Paging, size: u64, mut answer: Value) -> Result<Page<Value>, Error> {
    // Versions that knew no pages yet answer the whole list.
    if let Value::Array(items) = answer {
        return Ok(Page::new(items).more(Some(false)));
    }
    let member = |path: Option<&str>| path.and_then(|path| path.split('.').try_fold(&answer, |at, key| at.get(key)));
    let total = member(paging.total).and_then(Value::as_i64);
    let link = member(paging.next).and_then(Value::as_str).map(str::to_owned);
    let used = member(paging.used).and_then(Value::as_u64).filter(|used| *used > 0);
    let items = match answer.get_mut(paging.items).map(Value::take) {
        Some(Value::Array(items)) => items,
        None | Some(Value::Null) => Vec::new(),
        Some(_) => {
            let what = format!("the vendor agreed, but {:?} in its answer is no list", paging.items);
            return Err(crate::page::unusable(what).with_operation(operation.id));
        }
    };
    let next =
        link.as_deref().and_then(|link| Cursor::of_link(link, paging.start, "")).map(|next| match paging.style {
            Style::Offset => next,
            Style::Page => Cursor::at(next.offset.saturating_sub(1) * size),
        });
    // A total decides; else the page size that the server says it used, because it may be smaller than asked for.
    let full = used.map(|used| items.len() as u64 >= used || link.is_some());
    let more = if total.is_some() { None } else { full };
    Ok(Page::new(items).total(total).more(more).next(next))
}
