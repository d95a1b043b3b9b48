//! Rehearsing: the requests that a piece of work would send, made by the very code that would send them.
//!
//! What is rehearsed never disagrees with what is sent, because it is the same call: only the last step, at which a
//! request would leave the machine, writes it down instead.

use std::cell::RefCell;

use reqwest::Request;
use serde_json::Value;

use crate::error::{Delivery, Error, Kind};
use crate::operation::Operation;
use crate::redact::STRUCK;

/// A request that would have been sent, without its headers: those hold credentials.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsed {
    /// The vendor's name of the operation.
    pub operation: &'static str,
    /// HTTP method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The body: as JSON where it is that, else as text.
    pub body: Option<Value>,
}

tokio::task_local! {
    static REHEARSED: RefCell<Vec<Rehearsed>>;
}

/// Does `work` without sending anything, and says what it would have sent. Every request of it fails as one that was
/// broken off, so this shows the first of several that build on each other.
///
/// # Errors
///
/// What went wrong before a request was made.
pub async fn rehearse<T>(work: impl Future<Output = Result<T, Error>>) -> Result<Vec<Rehearsed>, Error> {
    let rehearsal = async {
        let ended = work.await;
        match (REHEARSED.with(RefCell::take), ended) {
            (requests, Err(error)) if requests.is_empty() => Err(error),
            (requests, _) => Ok(requests),
        }
    };
    REHEARSED.scope(RefCell::default(), rehearsal).await
}

/// Takes a request that is only rehearsed; the error is for whoever waits for its answer.
pub(crate) fn take(request: &Request, operation: &Operation) -> Option<Error> {
    let rehearsed = || Rehearsed {
        operation: operation.id,
        method: request.method().to_string(),
        url: request.url().to_string(),
        body: request.body().and_then(reqwest::Body::as_bytes).map(|body| shown(body, operation)),
    };
    let taken = REHEARSED.try_with(|requests| requests.borrow_mut().push(rehearsed()));
    let unsent = || Error::new(Kind::BrokenOff, Delivery::NeverSent, "the request was only rehearsed");
    taken.ok().map(|()| unsent().with_operation(operation.id).with_url(request.url()))
}

/// A body as it may be shown.
fn shown(body: &[u8], operation: &Operation) -> Value {
    if !operation.secrets.is_empty() {
        return Value::from(STRUCK);
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body)))
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use serde_json::json;

    use super::*;
    use crate::Connection;

    static TABLE: [Operation; 2] = [
        Operation { id: "Login", function: "login", method: "POST", secrets: &["password"], ..Operation::BLANK },
        Operation { id: "Start", function: "start", method: "POST", starts_job: true, ..Operation::BLANK },
    ];

    /// Nothing listens there, and nothing would have to.
    async fn send(function: &str, body: Value) -> Result<(), Error> {
        let connection = Connection::builder(&TABLE).build()?;
        let request = connection.http().request(Method::POST, "http://127.0.0.1:1/a:b").body(body.to_string()).build();
        let answer = connection.send(request.map_err(crate::send::transport)?, function).await;
        let failed = progenitor_client::Error::<()>::UnexpectedResponse(answer.map_err(crate::send::transport)?);
        Err(Error::from(failed))
    }

    #[tokio::test]
    async fn a_request_is_shown_as_it_would_be_sent_and_is_not_sent() {
        let body = json!({"sync": {"vault_id": "v"}});
        let shown = rehearse(send("start", body.clone())).await.unwrap();
        let url = "http://127.0.0.1:1/a%3Ab".to_owned();
        assert_eq!(shown, [Rehearsed { operation: "Start", method: "POST".into(), url, body: Some(body) }]);
        // Outside of a rehearsal the same call goes out.
        assert_eq!(send("start", json!(null)).await.unwrap_err().kind(), Kind::Unreachable);
    }

    #[tokio::test]
    async fn what_goes_wrong_before_a_request_is_told_and_secrets_are_not() {
        let wrong = rehearse(async { Err::<(), _>(Error::usage("no list")) }).await.unwrap_err();
        assert_eq!(wrong.kind(), Kind::Usage);
        let shown = rehearse(send("login", json!({"password": "planted"}))).await.unwrap();
        assert_eq!(shown[0].body, Some(Value::from(STRUCK)));
    }
}
