//! The requests that were answered, without bodies and credentials.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One request and the status of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggedRequest {
    /// Name of the endpoint.
    pub endpoint: String,
    /// HTTP method.
    pub method: String,
    /// Path as it was sent.
    pub path: String,
    /// Query as it was sent, without the question mark; empty when there was none.
    pub query: String,
    /// Status of the answer; 0 when the connection was closed without one.
    pub status: u16,
}

/// A request as it is kept.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) endpoint: Arc<str>,
    pub(crate) method: Method,
    pub(crate) path: Box<str>,
    pub(crate) query: Box<str>,
    pub(crate) status: u16,
}

/// All requests to one simulator.
#[derive(Debug)]
pub(crate) struct RequestLog {
    most: usize,
    kept: Mutex<(VecDeque<Entry>, u64)>,
}

impl RequestLog {
    /// Keeps at most `most` requests.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    pub(crate) fn add(&self, request: Entry) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (entries, count) = &mut *kept;
        *count += 1;
        if entries.len() >= self.most {
            entries.pop_front();
        }
        if self.most > 0 {
            entries.push_back(request);
        }
    }

    /// The newest `most` requests of an endpoint, or of all, oldest first.
    pub(crate) fn newest(&self, endpoint: Option<&str>, most: usize) -> Vec<LoggedRequest> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |entry: &&Entry| endpoint.is_none_or(|endpoint| *entry.endpoint == *endpoint);
        let mut found: Vec<LoggedRequest> = kept.0.iter().rev().filter(wanted).take(most).map(Entry::shown).collect();
        found.reverse();
        found
    }

    /// How many requests there were, those that are no longer kept included.
    pub(crate) fn count(&self) -> u64 {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

impl Entry {
    fn shown(&self) -> LoggedRequest {
        LoggedRequest {
            endpoint: self.endpoint.as_ref().to_owned(),
            method: self.method.to_string(),
            path: self.path.as_ref().to_owned(),
            query: self.query.as_ref().to_owned(),
            status: self.status,
        }
    }
}
