//! A stateful server with one set, whose run is at work at the first look and done at the second. Move it to
//! `crates/simulator` when the vendor gets scenarios and faults.

use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// The key that is accepted.
pub const KEY: &str = "simulated-key";

#[derive(Default)]
struct Server {
    looks: u32,
    completed: u32,
}

type Shared = Arc<Mutex<Server>>;
type Answer = (StatusCode, Json<Value>);

/// Starts it on a loopback port and gives its base URL.
pub async fn start() -> String {
    let app = Router::new()
        .route("/api/v1/sets", get(list))
        .route("/api/v1/sets/{set_id}/sync", post(sync))
        .route("/api/v1/runs/{run_id}", get(run))
        .with_state(Shared::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/v1", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}

fn refused(status: StatusCode, code: &str, message: &str) -> Answer {
    (status, Json(json!({ "code": code, "message": message })))
}

fn allowed(headers: &HeaderMap) -> Result<(), Answer> {
    match headers.get("x-api-key") {
        Some(key) if key == KEY => Ok(()),
        _ => Err(refused(StatusCode::UNAUTHORIZED, "KEY", "The key is wrong.")),
    }
}

async fn list(State(server): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Answer> {
    allowed(&headers)?;
    let completed = server.lock().unwrap().completed;
    Ok(Json(json!({ "sets": [{ "id": "set-1", "name": "Nightly", "completed": completed }], "total": 1 })))
}

async fn sync(
    State(server): State<Shared>,
    headers: HeaderMap,
    Path(set): Path<String>,
) -> Result<(StatusCode, Json<Value>), Answer> {
    allowed(&headers)?;
    if set != "set-1" {
        return Err(refused(StatusCode::NOT_FOUND, "NOT_FOUND", "There is no such set."));
    }
    server.lock().unwrap().looks = 0;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": "run-1", "set_id": set, "state": "QUEUED", "percent": 0 }))))
}

async fn run(State(server): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Result<Json<Value>, Answer> {
    allowed(&headers)?;
    let mut server = server.lock().unwrap();
    server.looks += 1;
    let done = server.looks > 1;
    server.completed += u32::from(server.looks == 2);
    let (state, percent) = if done { ("DONE", 100) } else { ("RUNNING", 50) };
    Ok(Json(json!({ "id": id, "set_id": "set-1", "state": state, "percent": percent })))
}
