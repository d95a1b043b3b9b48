//! The one function through which every request of every vendor goes.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use http::{HeaderValue, Method};
use jiff::Timestamp;
use reqwest::{Request, Response, ResponseBuilderExt as _, StatusCode};
use tracing::{Instrument as _, Span};

use crate::body::{shorten, told};
use crate::clock::Clock;
use crate::connection::Core;
use crate::error::{Arrived, Delivery, Error, Kind, arrived};
use crate::notice::{Notice, Reason};
use crate::operation::Operation;
use crate::redact::{Carried, StrikeList};
use crate::rehearse;
use crate::retry::{Verdict, jitter};
use crate::trace;
use crate::wire::parse_http_date;

const API_VERSION: HeaderName = HeaderName::from_static("api-version");

/// More of a failure than this is not read.
const ERROR_BODY: usize = 1 << 20;
/// More of a success than this is refused.
const ANSWER_BODY: usize = 64 << 20;

/// How a call came to its answer.
struct Effort {
    /// How often the request was sent.
    attempts: u32,
    /// When the call began, by the connection's clock.
    started: Duration,
}

/// Sends until the request has succeeded, may not be sent again, or cannot succeed. `request` stays as it was given,
/// without credentials.
pub(crate) async fn send(core: &Core, request: &mut Request, function: &str) -> Result<Response, Error> {
    let operation = Operation::of_function(core.operations, function)
        .ok_or_else(|| Error::usage(format!("the operation {function:?} is not in the table of this connection")))?;
    tidy(request);
    if let Some(unsent) = rehearse::take(request, operation) {
        return Err(unsent);
    }
    let span = trace::call(operation, request.url());
    let mut effort = Effort { attempts: 0, started: core.clock.monotonic() };
    let outcome = attempts(core, request, operation, &mut effort).instrument(span.clone()).await;
    trace::ended(&span, effort.attempts, outcome.as_ref());
    if let Ok(response) = &outcome {
        arrived(Arrived {
            operation: operation.id,
            url: request.url().clone(),
            status: response.status().as_u16(),
            attempts: effort.attempts,
            elapsed: core.clock.monotonic().saturating_sub(effort.started),
        });
    }
    outcome
}

/// Makes what the generator has built into what vendors want.
fn tidy(request: &mut Request) {
    // The generator adds the version of the document to every request; no vendor asked for it, and signatures cover it.
    request.headers_mut().remove(API_VERSION);
    // A colon may stand raw in a path, but not every server compares it with its encoded form.
    if request.url().path().contains(':') {
        let encoded = request.url().path().replace(':', "%3A");
        request.url_mut().set_path(&encoded);
    }
}

/// One attempt after the other.
async fn attempts(
    core: &Core,
    request: &mut Request,
    operation: &Operation,
    effort: &mut Effort,
) -> Result<Response, Error> {
    let mut renewed = false;
    // An earlier attempt may have done what a later one is refused for.
    let mut doubtful = false;
    loop {
        effort.attempts += 1;
        let attempt = effort.attempts;
        let known = |error: Error, request: &Request| {
            let elapsed = core.clock.monotonic().saturating_sub(effort.started);
            let error = if doubtful { error.in_doubt() } else { error };
            error.with_operation(operation.id).with_url(request.url()).with_effort(attempt, elapsed)
        };
        let unsent = |error: Error| known(error.before_sending(), request);
        // A session that needs a permit for its login gets it before the calls that wait for the session.
        if operation.authenticated && !core.quotas.is_empty() {
            core.auth.open().await.map_err(unsent)?;
        }
        // Waiting comes first: a signature is made at the last moment, because it ages.
        let waits = async {
            let turn = core.in_flight.acquire().await;
            permit(core, operation, request.url()).await.map(|()| turn)
        };
        let turn = core.halt.unless(waits).await.unwrap_or_else(|| Err(broken_off())).map_err(unsent)?;
        let prepared = prepare(core, request, operation).await;
        let (stamped, stamp) = prepared.map_err(|error| known(error.before_sending(), request))?;
        // The login may have taken its time.
        if core.halt.is_asked() {
            return Err(known(broken_off(), request));
        }
        let span = trace::attempt(operation, request.url(), attempt);
        let error = match once(core, stamped, operation, &span).instrument(span.clone()).await {
            Ok(response) => return Ok(response),
            Err(error) => known(error, request),
        };
        drop(turn);
        doubtful |= operation.method != "GET" && error.delivery() == Delivery::MaybeApplied;
        if error.kind() == Kind::Throttled
            && let Some(pause) = error.retry_after()
        {
            core.gate.close(&*core.clock, request.url().authority(), pause);
        }
        trace::failed(&span, &error);
        if error.kind() == Kind::Auth && operation.authenticated && !renewed {
            renewed = true;
            match core.auth.renew(stamp).await {
                Ok(true) => continue,
                Ok(false) => return Err(error),
                // The caller asked about its call, so the first refusal is the answer; the login's is its cause.
                Err(cause) => return Err(error.with_source(cause)),
            }
        }
        let elapsed = core.clock.monotonic().saturating_sub(effort.started);
        match core.policy.judge(operation, &error, attempt, elapsed, jitter()) {
            Verdict::Permanent | Verdict::Exhausted => return Err(error),
            Verdict::Continue(pause) => {
                // Others have been told to wait too, and all of them come back.
                let asked = error.kind() == Kind::Throttled && error.retry_after().is_some();
                let turn = if asked { core.gate.turn(request.url().authority()) } else { Duration::ZERO };
                let pause = pause.saturating_add(turn);
                tracing::info!(operation = operation.id, attempt, pause_ms = pause.as_millis(), kind = %error.kind(), "sending again after a pause");
                let reason = if error.kind() == Kind::Throttled { Reason::Throttled } else { Reason::Retry };
                core.notices.tell(Notice::Waiting { operation: operation.id, reason, pause });
                if core.halt.unless(core.clock.sleep(pause)).await.is_none() {
                    return Err(error);
                }
            }
        }
    }
}

/// The request with credentials on it; a copy without them stays behind for the next attempt.
async fn prepare(core: &Core, request: &mut Request, operation: &Operation) -> Result<(Request, crate::Stamp), Error> {
    let pristine = request
        .try_clone()
        .ok_or_else(|| Error::usage("the body is a stream, which cannot be sent again after a renewed login"))?;
    // The copy stays and the original goes: its headers have room for more.
    let mut stamped = std::mem::replace(request, pristine);
    let stamp = if !operation.authenticated {
        crate::Stamp::default()
    } else if let Some(stamp) = core.auth.stamp_now(&mut stamped) {
        stamp
    } else {
        core.auth.stamp(&mut stamped, operation).await?
    };
    // Some servers answer 411 to a write without a body that does not say so; the HTTP client leaves the header out.
    let writes = matches!(*stamped.method(), Method::POST | Method::PUT | Method::PATCH);
    if writes && stamped.body().is_none() {
        stamped.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok((stamped, stamp))
}

fn broken_off() -> Error {
    Error::new(Kind::BrokenOff, Delivery::NeverSent, "the call was broken off before it was sent")
}

/// Waits for the vendor's quota, as far as it is known beforehand or the vendor has said it.
async fn permit(core: &Core, operation: &Operation, url: &reqwest::Url) -> Result<(), Error> {
    let told = |reason: Reason| {
        move |pause: Duration| {
            let (why, pause_ms) = (reason.as_str(), pause.as_millis());
            tracing::info!(operation = operation.id, why, pause_ms, "waiting before the request is sent");
            core.notices.tell(Notice::Waiting { operation: operation.id, reason, pause });
        }
    };
    while let Some(pause) = core.gate.closed(&*core.clock, url.authority()) {
        if pause > core.policy.overall {
            let (wait, most) = (pause.as_secs(), core.policy.overall.as_secs());
            let what =
                format!("the server has asked to wait for {wait} s, and a call may take {most} s; try again later");
            return Err(Error::new(Kind::Throttled, Delivery::NeverSent, what).with_retry_after(Some(pause)));
        }
        let pause = pause.saturating_add(core.gate.turn(url.authority()));
        told(Reason::Throttled)(pause);
        core.clock.sleep(pause).await;
    }
    for quota in &core.quotas {
        quota.acquire(&*core.clock, told(Reason::Quota)).await;
    }
    Ok(())
}

/// One attempt: status first, then the body.
async fn once(core: &Core, request: Request, operation: &Operation, span: &Span) -> Result<Response, Error> {
    let url = request.url().clone();
    let carried = Carried::by(&request, operation);
    trace::sending(span, &request);
    let mut response = core.http.execute(request).await.map_err(transport)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    if !status.is_success() {
        // Whatever happens to the body, the status stands.
        let bytes = read(response, ERROR_BODY).await.0;
        let secrets = core.redactor.strike_list(&carried, &headers);
        let error = refused(&*core.clock, status, &headers, &bytes, &secrets);
        let advice = if core.auth.is_dated() { skew(&*core.clock, status, &headers) } else { None };
        return Err(error.with_advice(advice));
    }
    let (bytes, end) = read(response, ANSWER_BODY).await;
    match end {
        End::Complete => {
            core.redactor.learn(operation, &headers, &bytes);
            trace::answered(span, status, &headers);
            rebuilt(status, headers, bytes, url)
        }
        End::TooLong => {
            let what = format!("the vendor agreed, but its answer is longer than {ANSWER_BODY} bytes");
            Err(Error::new(Kind::Decode, Delivery::Accepted, what).with_status(status.as_u16()))
        }
        End::Broken(cause) => {
            let what = format!("the vendor answered {status}, but the answer broke off after {} bytes", bytes.len());
            let error = Error::new(Kind::Decode, Delivery::Accepted, what).with_status(status.as_u16());
            Err(error.with_passing_trouble().with_source(cause.without_url()))
        }
    }
}

/// How reading a body ended.
enum End {
    Complete,
    TooLong,
    Broken(reqwest::Error),
}

/// The body up to `cap`. Its pieces are kept as they come and copied once, at the end: a buffer that grows with them
/// copies a long answer several times.
async fn read(mut response: Response, cap: usize) -> (Bytes, End) {
    // Most answers come in one piece.
    let mut first = Bytes::new();
    let mut further = Vec::new();
    let mut room = cap;
    let end = loop {
        match response.chunk().await {
            Ok(Some(mut piece)) => {
                // A crumb costs more than it holds.
                let left = room.checked_sub(piece.len().max(size_of::<Bytes>()));
                piece.truncate(room);
                if first.is_empty() {
                    first = piece;
                } else {
                    further.push(piece);
                }
                match left {
                    Some(left) => room = left,
                    None => break End::TooLong,
                }
            }
            Ok(None) => break End::Complete,
            Err(cause) => break End::Broken(cause),
        }
    };
    if further.is_empty() {
        return (first, end);
    }
    further.insert(0, first);
    (Bytes::from(further.concat()), end)
}

/// The answer of success as the generated code wants it; the body is already here.
fn rebuilt(status: StatusCode, headers: HeaderMap, bytes: Bytes, url: reqwest::Url) -> Result<Response, Error> {
    // An answer without a body says "nothing", and the generated code reads only JSON.
    let bytes = if bytes.trim_ascii().is_empty() { Bytes::from_static(b"null") } else { bytes };
    let mut response = http::Response::builder().status(status).url(url).body(bytes).map_err(|cause| {
        Error::new(Kind::Decode, Delivery::Accepted, "the answer cannot be handed on").with_source(cause)
    })?;
    *response.headers_mut() = headers;
    Ok(Response::from(response))
}

/// When the server says that it answered.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_http_date(headers.get(DATE)?.to_str().ok()?)
}

/// From this difference on a wrong clock is the likely reason why a signature is refused.
const SKEW: u64 = 10 * 60;

/// What to say of a refused signature when this machine's clock and the server's are far apart.
fn skew(clock: &dyn Clock, status: StatusCode, headers: &HeaderMap) -> Option<String> {
    if !matches!(status.as_u16(), 400 | 401 | 403) {
        return None;
    }
    let ahead = clock.wall().duration_since(date(headers)?).as_secs();
    let size = ahead.unsigned_abs();
    let apart = match size {
        0..7200 => format!("{} minutes", size / 60),
        7200..172_800 => format!("{} hours", size / 3600),
        _ => format!("{} days", size / (24 * 3600)),
    };
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    (size > SKEW).then(|| {
        format!(
            "the clock of this machine is {apart} {direction} the server's, and signed requests are only good for \
             some minutes: set the clock (NTP) and try again"
        )
    })
}

/// The error for an answer that is no success.
fn refused(clock: &dyn Clock, status: StatusCode, headers: &HeaderMap, bytes: &[u8], secrets: &StrikeList) -> Error {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = told(bytes, content_type, secrets);
    let request_id = trace::request_id(headers).map(|id| shorten(&secrets.strike(id), 100)).or(said.request_id);
    let kind = match status.as_u16() {
        401 => Kind::Auth,
        403 => Kind::Denied,
        404 | 410 => Kind::NotFound,
        408 => Kind::Deadline,
        409 | 412 | 423 => Kind::Conflict,
        429 => Kind::Throttled,
        _ => Kind::Vendor,
    };
    // Servers and gateways answer these when they do not know what became of the request behind them.
    let delivery = match status.as_u16() {
        408 | 499 | 500..=599 => Delivery::MaybeApplied,
        _ => Delivery::Rejected,
    };
    let what = match &said.message {
        Some(message) => format!("the vendor answered {status}: {message}"),
        None => format!("the vendor answered {status} without saying why"),
    };
    Error::new(kind, delivery, what)
        .with_status(status.as_u16())
        .with_vendor(said.code, said.message)
        .with_request_id(request_id)
        .with_retry_after(retry_after(clock, headers))
}

/// `Retry-After` in seconds or as a date, but never more than an hour.
fn retry_after(clock: &dyn Clock, headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // Both dates are the server's, so its clock may be wrong.
        Err(_) => {
            parse_http_date(text)?.duration_since(date(headers).unwrap_or_else(|| clock.wall())).try_into().ok()?
        }
    };
    Some(wait.min(Duration::from_secs(3600)))
}

/// The error for a request that got no answer.
pub(crate) fn transport(cause: reqwest::Error) -> Error {
    let cause = cause.without_url();
    let tls = chain(&cause).find_map(|error| error.downcast_ref::<rustls::Error>().map(crate::tls::explain));
    let io = chain(&cause).find_map(|error| error.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
    let (kind, delivery, what) = match () {
        () if cause.is_builder() => (Kind::Usage, Delivery::NeverSent, "the request cannot be built".to_owned()),
        () if cause.is_connect() && tls.is_some() => {
            (Kind::Tls, Delivery::NeverSent, format!("the TLS connection was refused: {}", tls.unwrap_or_default()))
        }
        () if cause.is_connect() && cause.is_timeout() => {
            (Kind::Unreachable, Delivery::NeverSent, "no connection in time".to_owned())
        }
        () if cause.is_connect() && io == Some(std::io::ErrorKind::ConnectionRefused) => {
            (Kind::Unreachable, Delivery::NeverSent, "the connection was refused; nothing listens there".to_owned())
        }
        () if cause.is_connect() => (Kind::Unreachable, Delivery::NeverSent, "the server cannot be reached".to_owned()),
        () if cause.is_timeout() => (Kind::Deadline, Delivery::MaybeApplied, "no answer in time".to_owned()),
        () => (Kind::Unreachable, Delivery::MaybeApplied, "the connection broke before an answer came".to_owned()),
    };
    Error::new(kind, delivery, what).with_source(cause)
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let current = next?;
        // An io::Error hides what it carries from `source`, one level up.
        let carried = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match carried {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => current.source(),
        };
        Some(current)
    })
}
