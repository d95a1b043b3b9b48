//! The part of a server that is the same for all vendors: reading, faults, the request log, sending.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::SimClock;
use crate::control::{self, JobState};
use crate::endpoint::EndpointTarget;
use crate::fault::{FaultKind, Faults};
use crate::limit::{self, Addresses};
use crate::log::{Entry, RequestLog};
use crate::message::{Answer, Call};
use crate::observe::{Exchange, Observers};
use crate::routes::Found;
use crate::script::Scripts;
use crate::wire::{Door, Peer};

/// Longest body that is read; the gateway of one vendor has this limit.
const LONGEST_BODY: usize = 12 * 1024 * 1024;

/// What a vendor does with requests.
pub(crate) trait Vendor: Send + Sync {
    /// What the path leads to.
    fn find(&self, method: &Method, path: &str) -> Found;

    /// Answers a request.
    fn answer(&self, call: &Call) -> Answer;

    /// An answer with this status of 400 or more, in the vendor's form.
    fn refusal(&self, status: u16) -> Answer;

    /// Name of the document in `specs/` that has an operation.
    fn document(&self, operation: Option<&str>) -> &'static str;

    /// How many jobs there were, and the newest `most` of them.
    fn jobs(&self, now: Duration, most: usize) -> (usize, Vec<JobState>);

    /// What else than the targets of the endpoint a script can be for.
    fn others(&self) -> Vec<EndpointTarget> {
        Vec::new()
    }
}

/// What all servers of a simulator share.
pub(crate) struct Shared {
    pub(crate) clock: Arc<SimClock>,
    pub(crate) log: RequestLog,
    pub(crate) observers: Observers,
    /// Whether there are the paths of [`control`].
    pub(crate) control: bool,
    servers: OnceLock<Vec<Weak<Server>>>,
}

impl Shared {
    pub(crate) fn new(clock: Arc<SimClock>, log: RequestLog, observers: Observers, control: bool) -> Self {
        Self { clock, log, observers, control, servers: OnceLock::new() }
    }

    /// Says which servers there are; once.
    pub(crate) fn know(&self, servers: &[Arc<Server>]) {
        self.servers.get_or_init(|| servers.iter().map(Arc::downgrade).collect());
    }

    /// The servers that are still there.
    pub(crate) fn servers(&self) -> Vec<Arc<Server>> {
        self.servers.get().into_iter().flatten().filter_map(Weak::upgrade).collect()
    }
}

/// What is shown of an endpoint.
pub(crate) struct About {
    pub(crate) vendor: String,
    pub(crate) api_version: String,
    pub(crate) url: String,
    pub(crate) targets: usize,
}

/// One server.
pub(crate) struct Server {
    pub(crate) name: Arc<str>,
    pub(crate) about: About,
    pub(crate) vendor: Box<dyn Vendor>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) faults: Faults,
    /// Requests of each address, where the vendor itself does not count them.
    pub(crate) addresses: Mutex<Addresses>,
    /// Whether a refusal for too many requests says when to come again.
    pub(crate) retry_after: bool,
    pub(crate) shared: Arc<Shared>,
}

/// A server at work.
#[derive(Debug)]
pub(crate) struct Running {
    stop: oneshot::Sender<Infallible>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops the server and waits until it has.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::debug!(%error, "a server ended unexpectedly");
        }
    }
}

/// Begins to serve; ends when the result is dropped.
pub(crate) fn serve(server: Arc<Server>, door: Door) -> Running {
    let (stop, stopped) = oneshot::channel::<Infallible>();
    let app = Router::new().fallback(handle).with_state(server).into_make_service_with_connect_info::<Peer>();
    let task = tokio::spawn(async move {
        let until = async move { drop(stopped.await) };
        if let Err(error) = axum::serve(door, app).with_graceful_shutdown(until).await {
            tracing::error!(%error, "a server has ended");
        }
    });
    Running { stop, task }
}

async fn handle(State(server): State<Arc<Server>>, ConnectInfo(peer): ConnectInfo<Peer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return send(server.vendor.refusal(413));
    };
    let path = parts.uri.path().to_owned();
    let call = Call {
        now: server.shared.clock.now(),
        found: server.vendor.find(&parts.method, &path),
        path,
        query: parts.uri.query().unwrap_or("").to_owned(),
        method: parts.method,
        headers: parts.headers,
        body,
        peer: peer.address,
        scheme: peer.scheme,
    };
    // To others it is as if there were no such paths.
    if server.shared.control && peer.address.is_loopback() && call.path.starts_with(control::PREFIX) {
        return send(control::answer(&server.shared, &call));
    }
    let fault = server.faults.take(call.operation());
    // What a server has read it does, also when nobody waits for the answer any more.
    let work = tokio::spawn(async move {
        let sent = server.misbehave(&call, fault.clone()).await;
        server.record(&call, &sent, fault);
        sent
    });
    match work.await {
        Ok(Sent::Whole(answer)) => send(answer),
        Ok(Sent::Half(answer)) => send_half(answer),
        Ok(Sent::Nothing) => {
            peer.cut();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What goes out.
enum Sent {
    Whole(Answer),
    Half(Answer),
    Nothing,
}

impl Server {
    async fn misbehave(&self, call: &Call, fault: Option<FaultKind>) -> Sent {
        match fault {
            None => Sent::Whole(self.counted(call)),
            Some(FaultKind::Status { status, retry_after, body }) => {
                let answer = match body {
                    Some(body) => Answer::json(status, &body),
                    None => self.vendor.refusal(status),
                };
                Sent::Whole(match retry_after {
                    Some(seconds) => answer.with(RETRY_AFTER, &seconds.to_string()),
                    None => answer,
                })
            }
            Some(FaultKind::Html(status)) => Sent::Whole(Answer::empty(status).typed("text/html", HTML)),
            Some(FaultKind::EmptyBody(status)) => Sent::Whole(Answer::empty(status)),
            Some(FaultKind::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                Sent::Whole(self.vendor.answer(call))
            }
            Some(FaultKind::Reset) => Sent::Nothing,
            Some(FaultKind::Truncated) => Sent::Half(self.vendor.answer(call)),
            Some(FaultKind::ApplyThenReset) => {
                self.vendor.answer(call);
                Sent::Nothing
            }
        }
    }

    /// The vendor's answer, unless there are too many requests.
    fn counted(&self, call: &Call) -> Answer {
        let counted = self.addresses.lock().unwrap_or_else(PoisonError::into_inner).count(call.now, call.peer);
        match counted {
            Ok(()) => self.vendor.answer(call),
            Err(wait) if self.retry_after => self.vendor.refusal(429).with(RETRY_AFTER, &limit::retry_after(wait)),
            Err(_) => self.vendor.refusal(429),
        }
    }

    fn record(&self, call: &Call, sent: &Sent, fault: Option<FaultKind>) {
        let answer = match sent {
            Sent::Whole(answer) | Sent::Half(answer) => Some(answer),
            Sent::Nothing => None,
        };
        let status = answer.map_or(0, |answer| answer.status);
        self.shared.log.add(Entry {
            endpoint: self.name.clone(),
            method: call.method.clone(),
            path: call.path.as_str().into(),
            query: call.query.as_str().into(),
            status,
        });
        self.shared.observers.tell(|| Exchange {
            endpoint: self.name.as_ref().to_owned(),
            document: self.vendor.document(call.operation()),
            operation: call.operation(),
            method: call.method.to_string(),
            path: call.path.clone(),
            status,
            headers: answer.map(Answer::header_texts).unwrap_or_default(),
            body: answer.map(|answer| answer.body.clone()).unwrap_or_default(),
            fault,
        });
    }
}

const RETRY_AFTER: &str = "retry-after";

const HTML: &str =
    "<html><head><title>Bad Gateway</title></head><body><h1>The server is not available</h1></body></html>";

fn send(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// Promises a whole body, sends the first half of it and breaks off.
fn send_half(answer: Answer) -> Response {
    let length = answer.body.len().max(2);
    let half: Bytes = answer.body.slice(..answer.body.len() / 2);
    let parts = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            _ => {
                // What was sent so far has to leave first.
                tokio::time::sleep(Duration::from_millis(5)).await;
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
            }
        }
    });
    let mut response = send(Answer { body: Bytes::new(), ..answer });
    *response.body_mut() = Body::from_stream(parts);
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}
