//! The part of a server that is the same for all vendors: reading, faults, the request log, sending.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

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
use crate::fault::{FaultKind, Faults};
use crate::log::{LoggedRequest, RequestLog};
use crate::message::{Answer, Call};
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
}

/// One server.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) vendor: Box<dyn Vendor>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) faults: Faults,
    pub(crate) log: Arc<RequestLog>,
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
        now: server.clock.now(),
        found: server.vendor.find(&parts.method, &path),
        path,
        query: parts.uri.query().unwrap_or("").to_owned(),
        method: parts.method,
        headers: parts.headers,
        body,
        peer: peer.address,
    };
    let fault = server.faults.take(call.operation());
    // What a server has read it does, also when nobody waits for the answer any more.
    let work = tokio::spawn(async move {
        let sent = server.misbehave(&call, fault).await;
        server.record(&call, &sent);
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
            None => Sent::Whole(self.vendor.answer(call)),
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

    fn record(&self, call: &Call, sent: &Sent) {
        let status = match sent {
            Sent::Whole(answer) | Sent::Half(answer) => answer.status,
            Sent::Nothing => 0,
        };
        self.log.add(LoggedRequest {
            endpoint: self.name.clone(),
            method: call.method.to_string(),
            path: call.path.clone(),
            query: call.query.clone(),
            status,
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
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
            }
        }
    });
    let mut response = send(Answer { body: Bytes::new(), ..answer });
    *response.body_mut() = Body::from_stream(parts);
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}
