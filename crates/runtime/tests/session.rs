//! Sessions: one login for everybody, early renewal, and what a failed login means.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backup_sync_runtime::clock::{Clock, ManualClock};
use backup_sync_runtime::{
    Authenticator, BoxFuture, Credential, Delivery, Error, Kind, Login, Operation, Stamp, TokenSession,
};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request};

const OPERATION: Operation = Operation {
    id: "read",
    function: "read",
    method: "GET",
    path: "/",
    idempotent: true,
    authenticated: true,
    ..Operation::BLANK
};

/// Counts logins; fails while `broken` is not zero.
#[derive(Debug, Default)]
struct Counting {
    logins: AtomicUsize,
    logouts: AtomicUsize,
    broken: AtomicUsize,
    lifetime: Option<Duration>,
    renew_after: Option<Duration>,
}

impl Login for Counting {
    fn login<'a>(&'a self, _: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>> {
        Box::pin(async move {
            let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
            // Lets all the others in while the login is under way.
            tokio::task::yield_now().await;
            if self.broken.load(Ordering::SeqCst) > 0 {
                return Err(Error::new(Kind::Auth, Delivery::Rejected, "wrong password"));
            }
            let value = HeaderValue::from_str(&format!("Bearer planted-{number}")).unwrap();
            Ok(Credential {
                headers: vec![(AUTHORIZATION, value)],
                lifetime: self.lifetime,
                renew_after: self.renew_after,
                refresh: None,
            })
        })
    }

    fn logout<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<(), Error>> {
        self.logouts.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

fn session(login: Counting) -> (Arc<TokenSession<Counting>>, Arc<ManualClock>) {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    (Arc::new(TokenSession::new(login, clock.clone() as Arc<dyn Clock>, Duration::from_secs(60))), clock)
}

fn request() -> Request {
    Request::new(Method::GET, "http://localhost/".parse().unwrap())
}

async fn stamped(session: &TokenSession<Counting>) -> Result<(Stamp, String), Error> {
    let mut request = request();
    let stamp = session.stamp(&mut request, &OPERATION).await?;
    let value = request.headers()[AUTHORIZATION].to_str().unwrap().to_owned();
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    Ok((stamp, value))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_calls_that_meet_one_expired_token_cause_one_login() {
    let (session, _) = session(Counting::default());
    let (stamp, _) = stamped(&session).await.unwrap();
    assert_eq!(session.login().logins.load(Ordering::SeqCst), 1);
    let renewals: Vec<_> = (0..200)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.renew(stamp).await })
        })
        .collect();
    for renewal in renewals {
        assert!(renewal.await.unwrap().unwrap());
    }
    assert_eq!(session.login().logins.load(Ordering::SeqCst), 2);
    assert_eq!(stamped(&session).await.unwrap().1, "Bearer planted-2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_is_tried_once_for_everybody_who_waits() {
    let (session, clock) = session(Counting { broken: AtomicUsize::new(1), ..Counting::default() });
    let calls: Vec<_> = (0..200)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { stamped(&session).await.map_err(|error| error.kind()) })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err(), Kind::Auth);
    }
    assert_eq!(session.login().logins.load(Ordering::SeqCst), 1, "many attempts with a wrong password lock an account");
    session.login().broken.store(0, Ordering::SeqCst);
    assert!(stamped(&session).await.is_err(), "the refusal holds for a while");
    clock.advance(Duration::from_secs(11));
    assert!(stamped(&session).await.is_ok(), "then it is tried again");
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let (session, clock) = session(Counting { lifetime: Some(Duration::from_secs(3600)), ..Counting::default() });
    assert_eq!(stamped(&session).await.unwrap().1, "Bearer planted-1");
    clock.advance(Duration::from_secs(3539));
    assert_eq!(stamped(&session).await.unwrap().1, "Bearer planted-1");
    clock.advance(Duration::from_secs(2));
    assert_eq!(stamped(&session).await.unwrap().1, "Bearer planted-2");
}

#[tokio::test]
async fn a_token_that_lives_shorter_than_the_margin_is_still_used() {
    let (session, clock) = session(Counting { lifetime: Some(Duration::from_secs(30)), ..Counting::default() });
    stamped(&session).await.unwrap();
    clock.advance(Duration::from_secs(14));
    assert_eq!(stamped(&session).await.unwrap().1, "Bearer planted-1");
}

#[tokio::test]
async fn closing_logs_out_once_and_only_if_there_was_a_login() {
    let (session, _) = session(Counting::default());
    session.close().await.unwrap();
    assert_eq!(session.login().logouts.load(Ordering::SeqCst), 0);
    stamped(&session).await.unwrap();
    session.close().await.unwrap();
    session.close().await.unwrap();
    assert_eq!(session.login().logouts.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nothing_shows_the_token() {
    let (session, _) = session(Counting::default());
    let mut request = request();
    session.stamp(&mut request, &OPERATION).await.unwrap();
    assert!(!format!("{session:?}{request:?}").contains("planted"));
}

/// The age is our own choice; only the server knows whether the session still works.
#[tokio::test]
async fn an_early_renewal_that_is_refused_keeps_the_session() {
    let (session, clock) = session(Counting { renew_after: Some(Duration::from_secs(300)), ..Counting::default() });
    let (stamp, _) = stamped(&session).await.unwrap();
    session.login().broken.store(1, Ordering::SeqCst);
    clock.advance(Duration::from_secs(301));
    for _ in 0..5 {
        assert_eq!(stamped(&session).await.unwrap().1, "Bearer planted-1");
    }
    assert_eq!(session.login().logins.load(Ordering::SeqCst), 2, "the refusal holds");
    // When the server has said that the session is gone, the refusal is the answer.
    assert_eq!(session.renew(stamp).await.unwrap_err().kind(), Kind::Auth);
}

#[tokio::test]
async fn after_the_known_end_a_refused_renewal_is_the_answer() {
    let (session, clock) = session(Counting { lifetime: Some(Duration::from_secs(600)), ..Counting::default() });
    stamped(&session).await.unwrap();
    session.login().broken.store(1, Ordering::SeqCst);
    clock.advance(Duration::from_secs(550));
    assert!(stamped(&session).await.is_ok());
    clock.advance(Duration::from_secs(51));
    assert!(stamped(&session).await.is_err());
}

/// Repeated attempts with a wrong password lock accounts.
#[tokio::test]
async fn refusals_hold_longer_each_time() {
    let (session, clock) = session(Counting { broken: AtomicUsize::new(1), ..Counting::default() });
    let mut attempts = Vec::new();
    for _ in 0..3600 {
        let before = session.login().logins.load(Ordering::SeqCst);
        assert!(stamped(&session).await.is_err());
        if session.login().logins.load(Ordering::SeqCst) > before {
            attempts.push(clock.monotonic().as_secs());
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(attempts, [0, 10, 70, 370, 1270, 2170, 3070]);
}
