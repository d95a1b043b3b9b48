//! Spans as subscribers see them: one for the call, one for each attempt, and no secret in any field.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use backup_sync_runtime::auth::Fixed;
use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::{Connection, Operation};
use httpmock::MockServer;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

const OPERATIONS: &[Operation] = &[Operation {
    id: "ListThings",
    function: "list_things",
    method: "GET",
    path: "/things/{id}",
    idempotent: true,
    authenticated: true,
    ..Operation::BLANK
}];

/// A span or event with its fields as text.
#[derive(Clone, Debug, Default)]
struct Seen {
    name: String,
    parent: Option<u64>,
    fields: BTreeMap<String, String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

#[derive(Clone, Default)]
struct Collector(Arc<Mutex<BTreeMap<u64, Seen>>>, Arc<Mutex<Vec<Seen>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).unwrap().parent().map(|parent| parent.id().into_u64());
        let mut seen = Seen { name: attributes.metadata().name().to_owned(), parent, ..Seen::default() };
        attributes.record(&mut seen);
        self.0.lock().unwrap().insert(id.into_u64(), seen);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(self.0.lock().unwrap().get_mut(&id.into_u64()).unwrap());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let parent = context.event_span(event).map(|span| span.id().into_u64());
        let mut seen = Seen { name: event.metadata().target().to_owned(), parent, ..Seen::default() };
        event.record(&mut seen);
        self.1.lock().unwrap().push(seen);
    }
}

impl Collector {
    fn named(&self, name: &str) -> Vec<(u64, Seen)> {
        let spans = self.0.lock().unwrap();
        spans.iter().filter(|(_, seen)| seen.name == name).map(|(id, seen)| (*id, seen.clone())).collect()
    }

    fn assert_no_secret(&self) {
        let all = format!("{:?} {:?}", self.0.lock().unwrap(), self.1.lock().unwrap());
        assert!(!all.contains("planted") && !all.contains("query"), "{all}");
    }
}

fn connection() -> Connection {
    let credentials = Fixed::anonymous().with(AUTHORIZATION, HeaderValue::from_static("Bearer planted-token"));
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    Connection::builder(OPERATIONS).to("http://127.0.0.1").auth(Arc::new(credentials)).clock(clock).build().unwrap()
}

async fn get(connection: &Connection, url: &str) -> u16 {
    let request = Request::new(Method::GET, url.parse().unwrap());
    connection.send(request, "list_things").await.unwrap().status().as_u16()
}

fn field<'a>(seen: &'a Seen, name: &str) -> Option<&'a str> {
    seen.fields.get(name).map(String::as_str)
}

/// Answers 503 to the first request and 200 to the others, each with an id.
async fn server() -> MockServer {
    let server = MockServer::start_async().await;
    let count = Arc::new(Mutex::new(0));
    server
        .mock_async(|when, then| {
            when.any_request();
            then.respond_with(move |_| {
                let mut count = count.lock().unwrap();
                *count += 1;
                let status = if *count == 1 { 503 } else { 200 };
                httpmock::HttpMockResponse::builder()
                    .status(status)
                    .header("x-request-id", format!("request-{count}"))
                    .header("set-cookie", "sid=planted-cookie")
                    .body("{\"message\": \"busy, planted-token\"}")
                    .build()
            });
        })
        .await;
    server
}

#[tokio::test]
async fn each_attempt_has_a_span_with_its_status_and_the_vendors_id() {
    let (server, collector) = (server().await, Collector::default());
    let (connection, url) = (connection(), server.url("/things/7?secret=query"));
    let subscriber = Registry::default().with(collector.clone());
    assert_eq!(get(&connection, &url).with_subscriber(subscriber).await, 200);

    let calls = collector.named("call");
    assert_eq!(calls.len(), 1);
    let (call, seen) = &calls[0];
    for (name, value) in [
        ("operation", Some("ListThings")),
        ("http.request.method", Some("GET")),
        ("server.address", Some("127.0.0.1")),
        ("url.template", Some("/things/{id}")),
        ("attempts", Some("2")),
        ("http.response.status_code", Some("200")),
        ("vendor.request_id", Some("request-2")),
        ("error.type", None),
    ] {
        assert_eq!(field(seen, name), value, "{name}");
    }
    let attempts = collector.named("attempt");
    let told: Vec<_> = attempts
        .iter()
        .map(|(_, seen)| {
            assert_eq!(seen.parent, Some(*call));
            ["attempt", "http.response.status_code", "vendor.request_id", "error.type", "http.request.resend_count"]
                .map(|name| field(seen, name))
        })
        .collect();
    assert_eq!(
        told,
        [
            [Some("1"), Some("503"), Some("request-1"), Some("vendor"), None],
            [Some("2"), Some("200"), Some("request-2"), None, Some("1")],
        ]
    );
    collector.assert_no_secret();
}

#[tokio::test]
async fn events_of_concurrent_calls_stand_in_their_own_spans() {
    let (server, collector) = (server().await, Collector::default());
    let connection = connection();
    let urls: Vec<String> = (0..20).map(|index| server.url(format!("/things/{index}"))).collect();
    let subscriber = Registry::default().with(collector.clone());
    let all = async {
        let calls = urls.iter().map(|url| Box::pin(get(&connection, url)));
        for status in join_all(calls.collect()).await {
            assert_eq!(status, 200);
        }
    };
    all.with_subscriber(subscriber).await;
    let (calls, attempts) = (collector.named("call"), collector.named("attempt"));
    assert_eq!((calls.len(), attempts.len()), (20, 21));
    for (call, seen) in &calls {
        assert_eq!(seen.parent, None);
        let own: Vec<_> = attempts.iter().filter(|(_, attempt)| attempt.parent == Some(*call)).collect();
        assert_eq!(field(seen, "attempts"), Some(own.len().to_string().as_str()));
        for (id, _) in own {
            let events = collector.1.lock().unwrap();
            // The HTTP library writes events of its own into the span.
            let ours = |event: &&Seen| event.parent == Some(*id) && event.name.starts_with("backup_sync");
            let own: Vec<_> = events.iter().filter(ours).collect();
            let told: Vec<_> = own.iter().filter_map(|event| field(event, "message")).collect();
            assert!(matches!(told[..], ["sending", "answered" | "failed"]), "{told:?}");
        }
    }
    collector.assert_no_secret();
}

/// All of them at once, on one task, so that their polls interleave.
async fn join_all<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (future, output) in futures.iter_mut().zip(&mut done).filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(value) = std::pin::Pin::new(future).poll(context) {
                *output = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            return std::task::Poll::Ready(done.iter_mut().filter_map(Option::take).collect());
        }
        std::task::Poll::Pending
    })
    .await
}
