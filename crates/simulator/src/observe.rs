//! What an observer of a simulator sees: every request with its whole answer.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::fault::FaultKind;

/// One request and the answer to it.
///
/// The body may hold a token or a session id: the observer sees what a client sees.
#[derive(Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// Name of the endpoint.
    pub endpoint: String,
    /// Name of the document in `specs/` that has the operation.
    pub document: &'static str,
    /// `operationId` as in that document; `None` when the path leads to no operation.
    pub operation: Option<&'static str>,
    /// HTTP method.
    pub method: String,
    /// Path as it was sent.
    pub path: String,
    /// Status of the answer; 0 when the connection was closed without one.
    pub status: u16,
    /// Names, in lower case, and values of the answer's headers.
    pub headers: Vec<(String, String)>,
    /// Body of the answer; whole, even if only half of it was sent.
    pub body: Bytes,
    /// The fault that hit the request.
    pub fault: Option<FaultKind>,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("endpoint", &self.endpoint)
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

type Observer = Arc<dyn Fn(&Exchange) + Send + Sync>;

/// All observers of a simulator.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Observer>);

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Fn(&Exchange) + Send + Sync + 'static) {
        self.0.push(Arc::new(observer));
    }

    /// Tells all of them; the exchange is made only if there is one.
    pub(crate) fn tell(&self, exchange: impl FnOnce() -> Exchange) {
        if self.0.is_empty() {
            return;
        }
        let exchange = exchange();
        for observer in &self.0 {
            observer(&exchange);
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observers").field(&self.0.len()).finish()
    }
}
