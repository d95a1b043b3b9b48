//! OpenTelemetry: sends the spans of this call to a collector, if and only if the environment names one.
//!
//! The variables are those of the OpenTelemetry specification. A collector that is dead, slow or wrong costs one warning
//! and at most [`LIMIT`] at the end, and never changes how the program ends.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use backup_sync::runtime::tls::Trust;
use backup_sync::runtime::{Connection, Timeouts};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::Span;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::{Layer, Registry};

use crate::progress::{self, log};

/// Longest time that sending the last spans may take.
pub const LIMIT: Duration = Duration::from_secs(2);
/// The specification's default for one export.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More of a collector's answer than this is not read.
const ANSWER: usize = 64 << 10;

static EXPORT: OnceLock<Export> = OnceLock::new();

struct Export {
    provider: SdkTracerProvider,
    trouble: Trouble,
    ended: AtomicBool,
}

/// Why spans could not be sent, the first time.
type Trouble = Arc<Mutex<Option<String>>>;

/// A setting for traces, else that for all signals. An empty one counts as none.
fn setting(name: &str) -> Option<String> {
    let read = |name: String| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    read(format!("OTEL_EXPORTER_OTLP_TRACES_{name}")).or_else(|| read(format!("OTEL_EXPORTER_OTLP_{name}")))
}

fn is_set_to(name: &str, word: &str) -> bool {
    std::env::var(name).is_ok_and(|value| value.trim().eq_ignore_ascii_case(word))
}

/// The layer that collects spans; none when no collector is configured, and then nothing is started.
///
/// # Errors
///
/// What is wrong with the settings, without their values: they may hold secrets.
pub fn layer(runtime: &Handle) -> Result<Option<Box<dyn Layer<Registry> + Send + Sync>>, String> {
    let off = is_set_to("OTEL_SDK_DISABLED", "true") || is_set_to("OTEL_TRACES_EXPORTER", "none");
    let Some(endpoint) = setting("ENDPOINT").filter(|_| !off) else { return Ok(None) };
    if setting("PROTOCOL").is_some_and(|protocol| protocol.trim() != "http/protobuf") {
        return Err("OTEL_EXPORTER_OTLP_PROTOCOL asks for another protocol than http/protobuf".to_owned());
    }
    let trouble = Trouble::default();
    let client = Client { http: http(&endpoint)?, runtime: runtime.clone(), trouble: trouble.clone() };
    let exporter = SpanExporter::builder().with_http().with_http_client(client).with_protocol(Protocol::HttpBinary);
    let exporter = exporter.build().map_err(|_| "OTEL_EXPORTER_OTLP_ENDPOINT is no URL".to_owned())?;
    let provider = SdkTracerProvider::builder().with_resource(resource()).with_batch_exporter(exporter).build();
    let tracer = provider.tracer("backup-sync");
    let _ = EXPORT.set(Export { provider, trouble, ended: AtomicBool::new(false) });
    let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
    // Events hold words of vendors and names of targets. Those are for the people here, not for whoever runs a collector.
    let spans = log::ours(LevelFilter::DEBUG).and(filter_fn(|metadata| metadata.is_span()));
    Ok(Some(layer.with_tracked_inactivity(false).with_filter(spans).boxed()))
}

/// A client by the same rules as for vendors: verified certificates, no redirects, no proxy to this machine.
fn http(endpoint: &str) -> Result<reqwest::Client, String> {
    let timeout =
        setting("TIMEOUT").and_then(|millis| millis.trim().parse().ok()).map_or(TIMEOUT, Duration::from_millis);
    let trust = Trust { ca_file: setting("CERTIFICATE").map(Into::into), ..Trust::default() };
    let timeouts = Timeouts { connect: timeout, request: timeout };
    let built = Connection::builder(&[]).to(endpoint).trust(trust).timeouts(timeouts).build();
    built.map(|connection| connection.http()).map_err(|error| error.to_string())
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let named = Resource::builder().with_attribute(version.clone()).build();
    let name = named.get(&"service.name".into()).map(|name| name.to_string()).unwrap_or_default();
    if !name.is_empty() && !name.starts_with("unknown_service") {
        return named;
    }
    Resource::builder().with_service_name("backup-sync").with_attribute(version).build()
}

/// The span around everything that one call of the program does.
pub fn root(command: &'static str) -> Span {
    tracing::info_span!(
        "backup-sync",
        "otel.name" = format!("backup-sync {command}"),
        "process.exit.code" = tracing::field::Empty
    )
}

/// Sends what has not been sent yet, once, within [`LIMIT`].
pub fn end() {
    let Some(export) = EXPORT.get() else { return };
    if export.ended.swap(true, Ordering::SeqCst) {
        return;
    }
    let ended = export.provider.shutdown_with_timeout(LIMIT);
    let trouble = export.trouble.lock().unwrap_or_else(PoisonError::into_inner).take();
    let late = || ended.err().map(|_| format!("no answer within {} s", LIMIT.as_secs()));
    if let Some(why) = trouble.or_else(late) {
        progress::warn(format_args!("not all traces could be sent to the OpenTelemetry collector: {why}"));
    }
}

/// Calls [`end`] on every way out of `main`, a panic included.
pub struct Flush;

impl Drop for Flush {
    fn drop(&mut self) {
        end();
    }
}

/// Sends with our HTTP client on our runtime; the exporter calls it from a thread of its own.
struct Client {
    http: reqwest::Client,
    runtime: Handle,
    trouble: Trouble,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(send(self.http.clone(), request)).await;
        let answer = sent.unwrap_or_else(|_| Err("the program was ending".to_owned()));
        let why = match &answer {
            Ok(answer) if answer.status().is_success() => return Ok(answer.clone()),
            Ok(answer) => format!("it answered {}", answer.status()),
            Err(why) => why.clone(),
        };
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        answer.map_err(HttpError::from)
    }
}

async fn send(http: reqwest::Client, mut request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    // They may hold the collector's key.
    request.headers_mut().values_mut().for_each(|value| value.set_sensitive(true));
    let request = reqwest::Request::try_from(request).map_err(|_| "its URL cannot be used".to_owned())?;
    let told = |cause: reqwest::Error| match () {
        () if cause.is_timeout() => "it did not answer in time".to_owned(),
        () if cause.is_connect() => "it cannot be reached".to_owned(),
        () => "the connection broke".to_owned(),
    };
    let mut answer = http.execute(request).await.map_err(told)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > ANSWER {
            return Err("its answer is too long".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    let mut read = Response::new(body.into());
    *read.status_mut() = answer.status();
    *read.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(read)
}
