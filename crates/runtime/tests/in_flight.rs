//! Many calls at once: how many are under way, what the others keep from them, and how much room one takes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backup_sync_runtime::{Authenticator, BoxFuture, Connection, Error, Operation, Stamp, call};
use reqwest::{Method, Request, Response};

const OPERATIONS: &[Operation] = &[Operation {
    id: "read",
    function: "read",
    method: "GET",
    path: "/",
    idempotent: true,
    authenticated: true,
    ..Operation::BLANK
}];

/// Counts who comes for credentials and never gives any.
#[derive(Debug, Default)]
struct Silent(AtomicUsize);

impl Authenticator for Silent {
    fn stamp<'a>(&'a self, _: &'a mut Request, _: &'a Operation) -> BoxFuture<'a, Result<Stamp, Error>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::pending())
    }

    fn renew(&self, _: Stamp) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }
}

fn request() -> Request {
    Request::new(Method::GET, "http://127.0.0.1:9/".parse().unwrap())
}

/// Begins so many calls and lets each come as far as it can; nothing is sent, because nobody gets credentials.
async fn begin(connection: &Connection, count: usize) {
    for _ in 0..count {
        let connection = connection.clone();
        tokio::spawn(async move { connection.send(request(), "read").await });
    }
    // The scheduler comes back here after some tasks, not after all.
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn five_hundred_requests_are_under_way_and_the_others_wait() {
    let auth = Arc::new(Silent::default());
    let connection = Connection::builder(OPERATIONS).auth(auth.clone()).build().unwrap();
    begin(&connection, 499).await;
    assert_eq!(auth.0.load(Ordering::SeqCst), 499);
    begin(&connection, 101).await;
    assert_eq!(auth.0.load(Ordering::SeqCst), 500);
}

#[tokio::test]
async fn a_login_gets_through_while_all_turns_are_taken() {
    let connection = Connection::builder(OPERATIONS).auth(Arc::new(Silent::default())).build().unwrap();
    begin(&connection, 600).await;
    let login = Arc::new(Silent::default());
    begin(&connection.with(OPERATIONS, login.clone()), 10).await;
    assert_eq!(login.0.load(Ordering::SeqCst), 10);
}

#[test]
fn a_call_keeps_room_for_its_request_once() {
    let room = [0_u8; 4096];
    let sent = async move {
        std::future::ready(()).await;
        let _ = room.len();
        Err::<progenitor_client::ResponseValue<()>, _>(progenitor_client::Error::<()>::Custom("never sent".to_owned()))
    };
    let alone = size_of_val(&sent);
    let named = size_of_val(&call("read", sent));
    assert!(named < alone + 128, "{named} bytes for a future of {alone}");
}

#[test]
fn a_waiting_request_takes_less_room_than_a_page_of_memory() {
    fn room<F: Future<Output = reqwest::Result<Response>>>(_: impl Fn(Connection) -> F) -> usize {
        size_of::<F>()
    }
    let bytes = room(|connection| async move { connection.send(request(), "read").await });
    assert!(bytes < 4096, "{bytes} bytes");
}
