//! One call on its way through the server: what it asks, and how its version answers.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::dialect;
use super::shape::{Member, Object, V8, bit, is_uuid, moment, read, tell};
use super::state::State;
use crate::builder::Vb365Version;
use crate::message::{Answer, Call, Pairs};
use crate::script::Scripts;
use crate::settings::Settings;
use crate::store::Page;

/// Largest page that may be asked for.
const LARGEST_PAGE: usize = 10_000;

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is nothing of this kind under the id.
    Unknown(&'static str),
    /// The request is wrong, in this way.
    Invalid(String),
    /// The body is of a type that nobody reads.
    Media,
    /// What there is stands against it.
    Conflict(String),
    /// A proxy does not answer.
    Offline,
    /// The change token is older than what the server remembers.
    OutdatedToken,
    /// The system has no random numbers.
    Internal,
}

/// What came of a call.
pub(crate) type Answered = Result<Answer, Refusal>;

impl Refusal {
    /// In the form of a version.
    pub(crate) fn answer(&self, version: Vb365Version) -> Answer {
        let (status, code, message) = match self {
            Self::Unknown(what) => (404, Some("ResourceNotFound"), format!("The {what} was not found.")),
            Self::Invalid(why) => {
                (400, Some("ParameterValidationFailure"), format!("The request is not valid: {why}."))
            }
            Self::Media => (415, None, "The body has to be of the type application/json.".to_owned()),
            Self::Conflict(why) => (409, Some("OperationConflict"), format!("The operation is not possible: {why}.")),
            Self::Offline => (503, Some("ProxyOffline"), "The backup proxy is offline.".to_owned()),
            Self::OutdatedToken => {
                (410, Some("OutdatedChangeToken"), "The change token is too old; read everything anew.".to_owned())
            }
            Self::Internal => (500, Some("HttpError"), "The system has no random numbers.".to_owned()),
        };
        dialect::error(version, status, &message, code)
    }
}

pub(crate) fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::Invalid(why.into())
}

pub(crate) fn conflict(why: impl Into<String>) -> Refusal {
    Refusal::Conflict(why.into())
}

/// One call and all that it needs.
pub(crate) struct Desk<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) call: &'a Call,
    pub(crate) version: Vb365Version,
    pub(crate) scripts: &'a Scripts,
    pub(crate) settings: &'a Settings,
}

impl Desk<'_> {
    pub(crate) fn now(&self) -> Duration {
        self.call.now
    }

    /// Whether the version is one of these.
    pub(crate) fn is(&self, versions: u8) -> bool {
        bit(self.version) & versions != 0
    }

    /// A parameter of the path; ids are the same in either case.
    pub(crate) fn id(&self, number: usize) -> String {
        self.call.param(number).to_ascii_lowercase()
    }

    /// What links begin with: absolute in v5, relative later.
    pub(crate) fn root(&self) -> String {
        match self.version {
            Vb365Version::V5 => format!("{}/v5", self.call.origin()),
            version => format!("/{version}"),
        }
    }

    /// Links by name and path.
    pub(crate) fn links<const N: usize>(&self, links: [(&str, String); N]) -> Value {
        let root = self.root();
        let one = |(name, path): (&str, String)| (name.to_owned(), json!({"href": format!("{root}/{path}")}));
        Value::Object(links.into_iter().map(one).collect())
    }

    /// The body as the version reads it; `whole` for new things, whose members may be needed.
    pub(crate) fn body(&self, members: &[Member], whole: bool) -> Result<Object, Refusal> {
        let sent: Object = self.json()?;
        read(members, self.version, &sent, whole).map_err(invalid)
    }

    /// The same where clients leave the body out.
    pub(crate) fn body_or_none(&self, members: &[Member]) -> Result<Object, Refusal> {
        if self.call.body.is_empty() { Ok(Object::new()) } else { self.body(members, true) }
    }

    /// The body of a call that takes a bare list.
    pub(crate) fn body_list(&self, members: &[Member]) -> Result<Vec<Object>, Refusal> {
        let sent: Vec<Object> = self.json()?;
        sent.iter().map(|sent| read(members, self.version, sent, true).map_err(invalid)).collect()
    }

    /// The body as it was sent.
    pub(crate) fn body_map(&self) -> Result<Object, Refusal> {
        self.json()
    }

    fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refusal> {
        if !self.call.has_type("application/json") {
            return Err(if self.call.body.is_empty() { invalid("the body is missing") } else { Refusal::Media });
        }
        self.call.json().map_err(|why| invalid(format!("the body cannot be read, {why}")))
    }

    pub(crate) fn query(&self) -> Query {
        Query(self.call.pairs())
    }

    /// Success without a body, where v8 has changed the status.
    pub(crate) fn done(&self) -> Answered {
        Ok(Answer::empty(if self.is(V8) { 204 } else { 200 }))
    }

    /// One object.
    pub(crate) fn one(&self, members: &[Member], object: Object) -> Answered {
        self.told(200, members, object)
    }

    /// A new object, where v8 has changed the status.
    pub(crate) fn made(&self, members: &[Member], object: Object) -> Answered {
        self.told(if self.is(V8) { 201 } else { 200 }, members, object)
    }

    fn told(&self, status: u16, members: &[Member], object: Object) -> Answered {
        Ok(Answer::json(status, &tell(members, self.version, object)))
    }

    /// A list: in pages in some versions, all at once in the others.
    pub(crate) fn list<T>(
        &self,
        paged: u8,
        members: &[Member],
        items: impl IntoIterator<Item = T>,
        view: impl Fn(T) -> Object,
    ) -> Answered {
        if self.is(paged) {
            return Ok(self.paged(self.page()?, members, items, view));
        }
        let rows: Vec<Object> = items.into_iter().map(|item| tell(members, self.version, view(item))).collect();
        Ok(Answer::json(200, &rows))
    }

    /// One page of a list.
    pub(crate) fn paged<T>(
        &self,
        page: Page,
        members: &[Member],
        items: impl IntoIterator<Item = T>,
        view: impl Fn(T) -> Object,
    ) -> Answer {
        let (rows, more) = cut(page, items);
        let rows = rows.into_iter().map(|item| tell(members, self.version, view(item))).collect();
        Answer::json(200, &self.envelope(page, rows, more))
    }

    /// The page that is asked for.
    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        let pairs = self.call.pairs();
        let usual = self.settings.vb365_page_size;
        let read = |name, usual, least, most| {
            pairs.number(name, usual, least, most).map_err(|name| invalid(format!("the value of {name} does not do")))
        };
        Ok(Page { limit: read("limit", usual, 1, LARGEST_PAGE)?, offset: read("offset", 0, 0, usize::MAX)? })
    }

    /// A page object with its links, which keep what else the query says.
    fn envelope(&self, page: Page, rows: Vec<Object>, more: bool) -> Value {
        let Page { limit, offset } = page;
        let others = self.call.query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && name != "limit" && name != "offset"
        });
        let others: String = others.flat_map(|pair| [pair, "&"]).collect();
        let path = self.call.path.trim_start_matches('/').split_once('/').map_or("", |(_, rest)| rest);
        let href = |offset: usize| format!("{path}?{others}limit={limit}&offset={offset}");
        let mut links = self.links([("first", href(0)), ("self", href(offset))]);
        if offset > 0 {
            links["prev"] = self.links([("prev", href(offset.saturating_sub(limit)))])["prev"].take();
        }
        if more {
            links["next"] = self.links([("next", href(offset.saturating_add(limit)))])["next"].take();
        }
        json!({"limit": limit, "offset": offset, "results": rows, "_links": links})
    }
}

/// A page of items, and whether there are more.
fn cut<T>(page: Page, items: impl IntoIterator<Item = T>) -> (Vec<T>, bool) {
    let one_more = Page { limit: page.limit.saturating_add(1), ..page };
    let mut rows = one_more.cut(items);
    let more = rows.len() > page.limit;
    rows.truncate(page.limit);
    (rows, more)
}

/// The query of a call.
pub(crate) struct Query(Pairs);

impl Query {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    pub(crate) fn needed(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| invalid(format!("the parameter {name} is missing")))
    }

    pub(crate) fn uuid(&self, name: &str) -> Result<Option<String>, Refusal> {
        self.read(name, "a UUID", |text| is_uuid(text).then(|| text.to_ascii_lowercase()))
    }

    pub(crate) fn truth(&self, name: &str) -> Result<Option<bool>, Refusal> {
        self.read(name, "true or false", |_| self.0.truth(name))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        // An offset that was not encoded has lost its sign.
        self.read(name, "a time", |text| moment(&text.replace(' ', "+")))
    }

    pub(crate) fn word<'a>(&'a self, name: &str, words: &[&str]) -> Result<Option<&'a str>, Refusal> {
        match self.text(name) {
            Some(text) if !words.contains(&text) => {
                Err(invalid(format!("the parameter {name} has to be one of {}", words.join(", "))))
            }
            found => Ok(found),
        }
    }

    pub(crate) fn whole(&self, name: &str, usual: u32) -> Result<u32, Refusal> {
        Ok(self.read(name, "a number that is not negative", |text| text.parse().ok())?.unwrap_or(usual))
    }

    fn read<T>(&self, name: &str, kind: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| invalid(format!("the parameter {name} has to be {kind}")))
    }
}

/// Whether an id was asked for and is another one.
pub(crate) fn other(asked: Option<&str>, id: &str) -> bool {
    asked.is_some_and(|asked| !asked.eq_ignore_ascii_case(id))
}
