//! One error for everything that can go wrong with a call, and what each kind means for the caller.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryFutureExt as _;
use serde_json::error::Category;

/// What went wrong, coarse enough to decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The call itself was wrong; nothing was sent.
    Usage,
    /// The server was not reached: name, route, port.
    Unreachable,
    /// The server's certificate was not accepted, or TLS failed otherwise.
    Tls,
    /// The credentials were not accepted.
    Auth,
    /// The credentials were accepted but do not allow this.
    Denied,
    /// The thing that was asked for does not exist.
    NotFound,
    /// The vendor refused because of the present state of things.
    Conflict,
    /// Too many requests.
    Throttled,
    /// Any other refusal or failure on the vendor's side.
    Vendor,
    /// The vendor agreed, but its answer could not be read.
    Decode,
    /// No answer in time.
    Deadline,
    /// The caller has broken off; nothing was sent.
    BrokenOff,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::Usage,
        Self::Unreachable,
        Self::Tls,
        Self::Auth,
        Self::Denied,
        Self::NotFound,
        Self::Conflict,
        Self::Throttled,
        Self::Vendor,
        Self::Decode,
        Self::Deadline,
        Self::BrokenOff,
    ];

    /// What it means, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Usage => "the call itself was wrong; nothing was sent",
            Self::Unreachable => "the server was not reached: look at its name, the route and the port",
            Self::Tls => "the server's certificate was not accepted, or TLS failed otherwise",
            Self::Auth => "the credentials were not accepted",
            Self::Denied => "the credentials were accepted but do not allow this",
            Self::NotFound => "the thing that was asked for does not exist",
            Self::Conflict => "the vendor refused because of the present state of things",
            Self::Throttled => "there were too many requests; the same call may succeed later",
            Self::Vendor => "any other refusal or failure on the vendor's side",
            Self::Decode => "the vendor agreed, but its answer could not be read; what was asked for has happened",
            Self::Deadline => "no answer came in time; the vendor may have acted on the request",
            Self::BrokenOff => "the call was broken off before it was sent",
        }
    }

    /// The word for it in messages and machine-readable output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Vendor => "vendor",
            Self::Decode => "decode",
            Self::Deadline => "deadline",
            Self::BrokenOff => "broken-off",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the vendor may have acted on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The request provably never left: it may be sent again, whatever it does.
    NeverSent,
    /// The request may have arrived and taken effect.
    MaybeApplied,
    /// The vendor answered that it refuses.
    Rejected,
    /// The vendor answered that it agrees; only the answer is unusable. Work that was asked for has started.
    Accepted,
}

/// Why a call failed.
///
/// Cheap to clone. Neither `Display` nor `Debug` shows credentials, headers or bodies.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    delivery: Delivery,
    what: String,
    operation: Option<&'static str>,
    url: Option<String>,
    status: Option<u16>,
    vendor_code: Option<String>,
    vendor_message: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    elapsed: Duration,
    passing_trouble: bool,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; further facts are added with the `with_` methods.
    pub fn new(kind: Kind, delivery: Delivery, what: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            delivery,
            what: what.into(),
            operation: None,
            url: None,
            status: None,
            vendor_code: None,
            vendor_message: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            passing_trouble: false,
            source: None,
        }))
    }

    /// The call was wrong; nothing was sent.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Kind::Usage, Delivery::NeverSent, what)
    }

    fn change(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The same error under another kind, for vendors whose statuses mean something else than usual.
    #[must_use]
    pub fn with_kind(self, kind: Kind) -> Self {
        self.change(|inner| inner.kind = kind)
    }

    /// Adds the operation, where it is not known yet.
    #[must_use]
    pub fn with_operation(self, operation: &'static str) -> Self {
        self.change(|inner| inner.operation = inner.operation.or(Some(operation)))
    }

    /// Adds the URL, without query and user, where it is not known yet.
    #[must_use]
    pub fn with_url(self, url: &reqwest::Url) -> Self {
        self.change(|inner| inner.url = inner.url.take().or_else(|| Some(shown_url(url))))
    }

    /// The same error before a call: whatever became of the login, the call itself was not sent.
    #[must_use]
    pub(crate) fn before_sending(self) -> Self {
        self.change(|inner| inner.delivery = Delivery::NeverSent)
    }

    /// The same error after an attempt that may have been applied.
    #[must_use]
    pub(crate) fn in_doubt(self) -> Self {
        match self.delivery() {
            Delivery::NeverSent | Delivery::Rejected => self.change(|inner| inner.delivery = Delivery::MaybeApplied),
            Delivery::MaybeApplied | Delivery::Accepted => self,
        }
    }

    /// Adds what to do about it to the sentence.
    #[must_use]
    pub(crate) fn with_advice(self, advice: Option<String>) -> Self {
        match advice {
            Some(advice) => self.change(|inner| inner.what = format!("{}; {advice}", inner.what)),
            None => self,
        }
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn with_status(self, status: u16) -> Self {
        self.change(|inner| inner.status = Some(status))
    }

    /// Adds what the vendor said: its code and its message.
    #[must_use]
    pub fn with_vendor(self, code: Option<String>, message: Option<String>) -> Self {
        self.change(|inner| {
            inner.vendor_code = code;
            inner.vendor_message = message;
        })
    }

    /// Adds the vendor's id of the request.
    #[must_use]
    pub fn with_request_id(self, id: Option<String>) -> Self {
        self.change(|inner| inner.request_id = id)
    }

    /// Adds how long the vendor asks to wait.
    #[must_use]
    pub fn with_retry_after(self, after: Option<Duration>) -> Self {
        self.change(|inner| inner.retry_after = after)
    }

    /// Adds how often the request was sent and how long that took, where it is not known yet.
    #[must_use]
    pub fn with_effort(self, attempts: u32, elapsed: Duration) -> Self {
        self.change(|inner| {
            if inner.attempts == 0 {
                inner.attempts = attempts;
                inner.elapsed = elapsed;
            }
        })
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Says that the same call may succeed when it is made again, although the vendor agreed to this one.
    #[must_use]
    pub(crate) fn with_passing_trouble(self) -> Self {
        self.change(|inner| inner.passing_trouble = true)
    }

    /// What went wrong.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether the vendor may have acted on the request.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// The operation that was called.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The URL without query.
    pub fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// The HTTP status, whatever the body was. `None` when no answer came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The vendor's error code.
    pub fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// The vendor's message.
    pub fn vendor_message(&self) -> Option<&str> {
        self.0.vendor_message.as_deref()
    }

    /// The vendor's id of the request, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the vendor asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// How often the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long all attempts and pauses took.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind(), Kind::Unreachable | Kind::Throttled | Kind::Deadline)
            || matches!(self.status(), Some(500..=599))
            || self.is_passing_trouble()
            // A login that could not be made says nothing about the credentials.
            || self.cause().is_some_and(Self::is_transient)
    }

    /// Whether the vendor answered about the thing that was asked for, rather than about us or itself being busy.
    pub fn is_about_item(&self) -> bool {
        matches!(self.status(), Some(400..=599)) && !matches!(self.status(), Some(401 | 403 | 408 | 429 | 502..=504))
    }

    /// The error of ours behind this one, for example that of a login.
    fn cause(&self) -> Option<&Self> {
        self.0.source.as_deref().and_then(|source| source.downcast_ref::<Self>())
    }

    /// The same error as the answer to a login: vendors name no status for refused credentials.
    #[must_use]
    pub fn of_login(self) -> Self {
        match self.status() {
            Some(400 | 401 | 403) => self.with_kind(Kind::Auth),
            _ => self,
        }
    }

    pub(crate) fn is_passing_trouble(&self) -> bool {
        self.0.passing_trouble
    }

    /// The sentence together with all causes, for people.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let told = error.to_string();
            if !text.contains(&told) {
                text.push_str(": ");
                text.push_str(&told);
            }
            cause = error.source();
        }
        text
    }

    /// Carries this error through the generated code, which only knows answers.
    pub(crate) fn into_response(self, url: &reqwest::Url) -> reqwest::Response {
        use reqwest::ResponseBuilderExt as _;
        // 599 is nobody's status: the error inside says what it was.
        let status = self.status().filter(|status| !(200..300).contains(status)).unwrap_or(599);
        let mut response =
            http::Response::builder().url(url.clone()).status(status).body(Vec::new()).unwrap_or_default();
        if response.status().is_success() {
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        }
        response.extensions_mut().insert(self);
        reqwest::Response::from(response)
    }
}

/// A URL as it may be shown: without user, password, query and fragment.
fn shown_url(url: &reqwest::Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.to_string()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&inner.what)?;
        let mut facts: Vec<String> = Vec::new();
        facts.extend(inner.url.as_ref().map(|url| format!("URL {url}")));
        facts.extend(inner.vendor_code.as_ref().map(|code| format!("vendor code {code}")));
        facts.extend(inner.request_id.as_ref().map(|id| format!("request id {id}")));
        if inner.attempts > 1 {
            facts.push(format!("{} attempts in {:.1} s", inner.attempts, inner.elapsed.as_secs_f64()));
        }
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("delivery", &self.delivery())
            .field("status", &self.status())
            .field("message", &self.to_string())
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

impl<E> From<progenitor_client::Error<E>> for Error {
    fn from(error: progenitor_client::Error<E>) -> Self {
        use progenitor_client::Error as Generated;
        match error {
            Generated::UnexpectedResponse(mut response) => {
                let carried = response.extensions_mut().remove::<Self>();
                carried.unwrap_or_else(|| {
                    let what = format!("the answer {} was not expected", response.status());
                    Self::new(Kind::Vendor, Delivery::Rejected, what).with_status(response.status().as_u16())
                })
            }
            Generated::InvalidRequest(what) | Generated::Custom(what) => {
                Self::usage(format!("the call is not valid: {what}"))
            }
            // Neither the body nor the words of the cause are shown: both may hold a token.
            Generated::InvalidResponsePayload(_, cause) => {
                let why = match cause.classify() {
                    Category::Data => "its shape is not the documented one",
                    Category::Eof => "it ends too early",
                    Category::Syntax | Category::Io => "it is not JSON",
                };
                let what = format!(
                    "the vendor agreed, but its answer cannot be read: {why} (line {}, column {})",
                    cause.line(),
                    cause.column()
                );
                Self::new(Kind::Decode, Delivery::Accepted, what)
            }
            Generated::ResponseBodyError(cause) | Generated::InvalidUpgrade(cause) => {
                Self::new(Kind::Decode, Delivery::Accepted, "the vendor agreed, but its answer broke off")
                    .with_source(cause.without_url())
            }
            Generated::CommunicationError(cause) => crate::send::transport(cause),
            Generated::ErrorResponse(answer) => {
                let status = answer.status().as_u16();
                Self::new(Kind::Vendor, Delivery::Rejected, format!("the vendor answered {status}")).with_status(status)
            }
        }
    }
}

/// The answer of success that a call got: of which operation, from where, with which status and effort.
pub(crate) struct Arrived {
    pub(crate) operation: &'static str,
    pub(crate) url: reqwest::Url,
    pub(crate) status: u16,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
}

thread_local! {
    /// The generated code reads the body after the runtime has let go of the answer, and its complaint names neither
    /// address nor status nor attempts. The body is in memory by then, so the complaint comes without another wait, in
    /// the same thread, and what is known of the answer can be left here meanwhile.
    static ARRIVED: Cell<Option<Arrived>> = const { Cell::new(None) };
}

/// Notes the last answer that this thread got.
pub(crate) fn arrived(fresh: Arrived) {
    ARRIVED.set(Some(fresh));
}

impl Error {
    /// Adds what is known about the answer of `operation` that could not be read.
    pub(crate) fn with_answer(self, operation: &'static str) -> Self {
        match ARRIVED.take().filter(|answer| answer.operation == operation && self.status().is_none()) {
            Some(answer) => {
                self.with_status(answer.status).with_url(&answer.url).with_effort(answer.attempts, answer.elapsed)
            }
            None => self,
        }
    }
}

/// Awaits a generated call and names the operation in whatever goes wrong.
///
/// # Errors
///
/// Whatever the call ended with.
pub fn call<T, E>(
    operation: &'static str,
    sent: impl Future<Output = Result<progenitor_client::ResponseValue<T>, progenitor_client::Error<E>>>,
) -> impl Future<Output = Result<progenitor_client::ResponseValue<T>, Error>> {
    // An `async fn` would keep room for what it is given twice: as its argument and as what it awaits.
    sent.map_err(move |error| {
        let unreadable = matches!(
            error,
            progenitor_client::Error::InvalidResponsePayload(..) | progenitor_client::Error::ResponseBodyError(_)
        );
        let error = Error::from(error).with_operation(operation);
        if unreadable { error.with_answer(operation) } else { error }
    })
}
