//! The server that both sides call: this program once more, as a child on a loopback port.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::routing::{any, get, post};
use axum::serve::ListenerExt as _;
use serde_json::Value;

use crate::{Failure, answers};

/// A server that ends with this value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it listens.
    pub fn start() -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("the server has no standard output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { child, address: line.trim().parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child: tells its address and serves until its standard input ends.
pub fn serve() -> Result<(), Failure> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        Ok(axum::serve(listener, routes()).await?)
    })
}

fn routes() -> axum::Router {
    let json = |value: Value| {
        let text = bytes(&value);
        move || async move { ([("content-type", "application/json; charset=utf-8")], text) }
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let (silent, busy, count) = (asked.clone(), asked.clone(), asked);
    axum::Router::new()
        .route("/v5/token", post(json(answers::token())))
        .route("/v8/token", post(json(answers::token())))
        .route("/v5/RepositorySynchronizeSessions", get(json(Value::Array(Vec::new()))))
        .route("/v8/RepositorySynchronizeSessions", get(json(Value::Array(Vec::new()))))
        .route("/v8/BackupRepositories", get(json(answers::repositories())))
        .route("/v8/BackupRepositories/{id}", get(json(answers::repository(answers::REPOSITORY))))
        .route("/v5/BackupRepositories/{id}/action", post(json(answers::session())))
        .route("/v3/{project}/checkpoints/sync", post(json(answers::synchronization())))
        // Two that keep callers waiting, and how many they have.
        .route("/silent/{*rest}", any(move || hold(silent.clone())))
        .route("/busy/{*rest}", any(move || refuse(busy.clone())))
        .route("/asked", get(move || async move { count.load(Ordering::SeqCst).to_string() }))
}

fn bytes(value: &Value) -> axum::body::Bytes {
    value.to_string().into()
}

async fn hold(asked: Arc<AtomicUsize>) {
    asked.fetch_add(1, Ordering::SeqCst);
    std::future::pending().await
}

/// Come again in five minutes, over another connection.
async fn refuse(asked: Arc<AtomicUsize>) -> impl axum::response::IntoResponse {
    asked.fetch_add(1, Ordering::SeqCst);
    (axum::http::StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "300"), ("connection", "close")])
}
