//! Spans: one for each call of an operation, one inside it for each attempt. Names are those of OpenTelemetry's
//! conventions where it has one. No value is computed while nobody subscribes, and none comes from a body, a query or
//! a header other than the ids of requests.

use http::header::HeaderMap;
use reqwest::{StatusCode, Url};
use tracing::Span;
use tracing::field::Empty;

use crate::error::Error;
use crate::operation::Operation;

/// Headers under which vendors give the id of a request.
const REQUEST_IDS: [&str; 4] = ["x-request-id", "x-iam-trace-id", "request-id", "x-correlation-id"];

/// The vendor's id of a request, from the headers of its answer.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|name| headers.get(*name)?.to_str().ok())
}

/// The span of a whole call, with its pauses and the login that it may need.
pub(crate) fn call(operation: &Operation, url: &Url) -> Span {
    tracing::info_span!(
        "call",
        operation = operation.id,
        "otel.name" = operation.id,
        "http.request.method" = operation.method,
        "server.address" = url.host_str(),
        "url.template" = operation.path,
        attempts = Empty,
        "http.response.status_code" = Empty,
        "vendor.request_id" = Empty,
        "error.type" = Empty,
        "otel.status_code" = Empty,
    )
}

/// The span of one attempt, from the first byte sent to the last byte read.
pub(crate) fn attempt(operation: &Operation, url: &Url, attempt: u32) -> Span {
    tracing::debug_span!(
        "attempt",
        attempt,
        "otel.kind" = "client",
        "http.request.method" = operation.method,
        "server.address" = url.host_str(),
        "server.port" = url.port_or_known_default(),
        "http.request.resend_count" = (attempt > 1).then(|| attempt - 1),
        "http.response.status_code" = Empty,
        "vendor.request_id" = Empty,
        "error.type" = Empty,
        "otel.status_code" = Empty,
    )
}

/// An attempt has got an answer of success.
pub(crate) fn answered(span: &Span, status: StatusCode, headers: &HeaderMap) {
    if span.is_disabled() {
        return;
    }
    let request_id = request_id(headers);
    span.record("http.response.status_code", status.as_u16());
    span.record("vendor.request_id", request_id);
    tracing::debug!(parent: span, status = status.as_u16(), request_id, "answered");
}

/// An attempt has failed.
pub(crate) fn failed(span: &Span, error: &Error) {
    if span.is_disabled() {
        return;
    }
    record(span, error);
    let kind = error.kind().as_str();
    tracing::debug!(parent: span, status = error.status(), kind, request_id = error.request_id(), "failed");
}

fn record(span: &Span, error: &Error) {
    span.record("error.type", error.kind().as_str());
    span.record("otel.status_code", "ERROR");
    span.record("http.response.status_code", error.status());
    span.record("vendor.request_id", error.request_id());
}

/// A call has ended.
pub(crate) fn ended(span: &Span, attempts: u32, outcome: Result<&reqwest::Response, &Error>) {
    if span.is_disabled() {
        return;
    }
    span.record("attempts", attempts);
    match outcome {
        Ok(response) => {
            span.record("http.response.status_code", response.status().as_u16());
            span.record("vendor.request_id", request_id(response.headers()));
        }
        Err(error) => record(span, error),
    }
}
