//! What is sent again and what never is, by a clock that nobody waits for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backup_sync_runtime::clock::ManualClock;
use backup_sync_runtime::notice::{Notice, Reason};
use backup_sync_runtime::quota::{Quota, Window};
use backup_sync_runtime::retry::Policy;
use backup_sync_runtime::{BoxFuture, Connection, Credential, Delivery, Error, Kind, Login, TokenSession};
use backup_sync_tests::calls::Api;
use backup_sync_tests::patient;
use backup_sync_tests::raw::{Act, Raw, nowhere};
use backup_sync_tests::server::{Answer, Server};
use backup_sync_tests::spec::Spec;
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue};

fn clock() -> Arc<ManualClock> {
    ManualClock::new("2019-03-26T08:00:00Z".parse::<Timestamp>().unwrap())
}

fn connection(api: Api, clock: &Arc<ManualClock>) -> Connection {
    patient(api.operations(), Arc::new(api.credentials()), clock.clone())
}

/// A body that the operation's client can read.
fn good(spec: &Spec, id: &str) -> Answer {
    let answer = spec.successes(id).remove(0);
    match answer.examples.first() {
        Some(example) => Answer::json(answer.status, &example.value),
        None => Answer::empty(answer.status),
    }
}

/// Operations that may be sent again after they may have arrived: reads, some of them by POST, logout by DELETE, and
/// logins; no DELETE that starts a task.
#[tokio::test]
async fn only_what_is_idempotent_is_sent_again_when_the_vendor_is_busy() {
    for api in Api::ALL {
        let (spec, server) = (Spec::load(api.spec()), Server::start().await);
        for operation in api.operations() {
            let clock = clock();
            for status in [502, 503, 504] {
                server.answer(Answer::empty(status));
            }
            server.answer(good(&spec, operation.id));
            let result = api.call(&server.url(""), &connection(api, &clock), operation.id).await;
            let sent = server.taken().len();
            let reads = [
                "browseDatastore",
                "checkStoragePolicyCompliance",
                "getSeedsForDisks",
                "Proxy_CheckSshConnectionConfig",
            ];
            let safe = (operation.method != "POST" && !operation.starts_job)
                || ["Auth_Token", "login", "createRemoteSession"].contains(&operation.id)
                || reads.contains(&operation.id)
                || operation.id.starts_with("Keystone");
            if safe {
                assert!(result.is_ok(), "{api:?} {}: {result:?}", operation.id);
                assert_eq!((sent, clock.waits().len()), (4, 3), "{api:?} {}", operation.id);
            } else {
                let error = result.unwrap_err();
                assert_eq!((error.status(), sent, clock.waits().len()), (Some(502), 1, 0), "{api:?} {}", operation.id);
                server.clear();
            }
        }
    }
}

#[tokio::test]
async fn work_is_started_once_when_the_answer_is_503() {
    for api in Api::ALL {
        let server = Server::start().await;
        server.by(|_| Answer::empty(503));
        for operation in api.operations().iter().filter(|operation| operation.starts_job) {
            let clock = clock();
            let error = api.call(&server.url(""), &connection(api, &clock), operation.id).await.unwrap_err();
            assert_eq!((error.status(), error.delivery(), error.attempts()), (Some(503), Delivery::MaybeApplied, 1));
            assert_eq!(server.taken().len(), 1, "{api:?} {}", operation.id);
        }
    }
}

#[tokio::test]
async fn work_is_started_once_when_the_connection_breaks() {
    for api in Api::ALL {
        for operation in api.operations().iter().filter(|operation| operation.starts_job) {
            let (raw, clock) = (Raw::start(vec![Act::Close]).await, clock());
            let error = api.call(&raw.url(""), &connection(api, &clock), operation.id).await.unwrap_err();
            assert_eq!((error.delivery(), error.attempts()), (Delivery::MaybeApplied, 1), "{error:?}");
            assert_eq!(raw.lines().len(), 1, "{:?}", raw.lines());
        }
    }
}

/// The HTTP library may send again by itself on a connection that it kept.
#[tokio::test]
async fn work_is_started_once_when_a_kept_connection_breaks() {
    let task = r#"{"id":"t","status":"RUNNING"}"#;
    let first =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{task}", task.len());
    let (raw, clock) = (Raw::start(vec![Act::Keep(first), Act::Close]).await, clock());
    let connection = connection(Api::Vr, &clock);
    assert!(Api::Vr.call(&raw.url(""), &connection, "getTaskInfo").await.is_ok());
    let error = Api::Vr.call(&raw.url(""), &connection, "syncReplication").await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::MaybeApplied);
    assert_eq!(raw.lines().iter().filter(|line| line.starts_with("POST")).count(), 1, "{:?}", raw.lines());
}

#[tokio::test]
async fn a_read_is_repeated_when_the_connection_breaks() {
    let body = r#"{"id":"r"}"#;
    let good = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let torn = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 900\r\n\r\n{\"id\":".to_owned();
    let (raw, clock) = (Raw::start(vec![Act::Close, Act::Say(torn), Act::Say(good)]).await, clock());
    let read = Api::V8.call(&raw.url(""), &connection(Api::V8, &clock), "BackupRepository_Get").await.unwrap();
    assert_eq!(read.body["id"], "r");
    assert_eq!((raw.lines().len(), clock.waits().len()), (3, 2));
}

/// What provably never left may be sent again, whatever it does.
#[tokio::test]
async fn work_that_was_never_sent_is_tried_again() {
    let clock = clock();
    let error = Api::Vr.call(&nowhere().await, &connection(Api::Vr, &clock), "syncReplication").await.unwrap_err();
    assert_eq!((error.delivery(), error.kind()), (Delivery::NeverSent, Kind::Unreachable));
    assert_eq!((error.attempts(), clock.waits().len()), (5, 4));
}

#[tokio::test]
async fn refusals_are_not_repeated() {
    let server = Server::start().await;
    for status in [400, 403, 404, 409] {
        let clock = clock();
        server.answer(Answer::empty(status));
        let error = Api::Cbr.call(&server.url(""), &connection(Api::Cbr, &clock), "ListVault").await.unwrap_err();
        assert_eq!((error.status(), server.taken().len(), clock.waits().len()), (Some(status), 1, 0));
    }
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let spec = Spec::load(Api::Cbr.spec());
    for (value, seconds) in [("7", 7), ("Tue, 26 Mar 2019 08:00:30 GMT", 30), (" 12 ", 12)] {
        for status in [429, 503] {
            let (server, clock) = (Server::start().await, clock());
            // The server's own date counts, so that its clock may be wrong.
            let busy =
                Answer::empty(status).header("retry-after", value).header("date", "Tue, 26 Mar 2019 08:00:00 GMT");
            server.answer(busy).answer(good(&spec, "ListVault"));
            Api::Cbr.call(&server.url(""), &connection(Api::Cbr, &clock), "ListVault").await.unwrap();
            assert_eq!(clock.waits(), [Duration::from_secs(seconds)], "{value} with {status}");
        }
    }
}

/// Neither a date in the past nor nonsense stops the retry, and nobody waits for days.
#[tokio::test]
async fn a_strange_retry_after_does_no_harm() {
    let spec = Spec::load(Api::V8.spec());
    for value in ["Tue, 26 Mar 2019 07:00:00 GMT", "soon", "-5", "99999999999999999999999"] {
        let (server, clock) = (Server::start().await, clock());
        server.answer(Answer::empty(429).header("retry-after", value)).answer(good(&spec, "BackupRepository_Get"));
        let read = Api::V8.call(&server.url(""), &connection(Api::V8, &clock), "BackupRepository_Get").await;
        assert!(read.is_ok(), "{value}: {read:?}");
        assert!(clock.waits().iter().sum::<Duration>() <= Duration::from_secs(2), "{value}: {:?}", clock.waits());
    }
    let (server, clock) = (Server::start().await, clock());
    server.answer(Answer::empty(429).header("retry-after", "864000"));
    let error = Api::V8.call(&server.url(""), &connection(Api::V8, &clock), "BackupRepository_Get").await.unwrap_err();
    assert_eq!((error.kind(), clock.waits().len()), (Kind::Throttled, 0), "longer than a call may take in all");
    assert!(error.retry_after().is_some_and(|after| after <= Duration::from_secs(3600)), "{:?}", error.retry_after());
}

/// Gives out `token-1`, `token-2` and so on.
#[derive(Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Login for Counting {
    fn login<'a>(&'a self, _: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>> {
        let token = format!("token-{}", self.0.fetch_add(1, Ordering::SeqCst) + 1);
        let headers = vec![(AUTHORIZATION, HeaderValue::from_str(&token).unwrap())];
        Box::pin(async { Ok(Credential { headers, lifetime: None, renew_after: None, refresh: None }) })
    }

    fn logout<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

/// For every operation that needs credentials: 401 is answered by one login and one replay, also where work starts,
/// because a vendor that does not know the caller has not done anything.
#[tokio::test]
async fn a_401_is_answered_by_one_renewal_and_one_replay() {
    for api in Api::ALL {
        let (spec, server) = (Spec::load(api.spec()), Server::start().await);
        for operation in api.operations().iter().filter(|operation| operation.authenticated) {
            let (clock, logins) = (clock(), Arc::new(AtomicUsize::new(0)));
            let session = TokenSession::new(Counting(logins.clone()), clock.clone(), Duration::ZERO);
            let connection = patient(api.operations(), Arc::new(session), clock.clone());
            let tokens = || -> Vec<String> {
                server.taken().iter().map(|sent| sent.header("authorization").unwrap_or_default().to_owned()).collect()
            };

            server.answer(Answer::empty(401)).answer(good(&spec, operation.id));
            api.call(&server.url(""), &connection, operation.id).await.unwrap();
            assert_eq!(tokens(), ["token-1", "token-2"], "{api:?} {}", operation.id);

            server.answer(Answer::empty(401)).answer(Answer::empty(401));
            let error = api.call(&server.url(""), &connection, operation.id).await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (Kind::Auth, Some(401)));
            assert_eq!(tokens(), ["token-2", "token-3"], "{api:?} {}", operation.id);
            assert_eq!((logins.load(Ordering::SeqCst), clock.waits().len()), (3, 0));
        }
    }
}

/// One refusal is enough: while the vendor has asked to wait, no other call is sent.
#[tokio::test]
async fn what_one_call_is_told_to_wait_holds_for_all() {
    let (server, clock) = (Server::start().await, clock());
    let connection = Connection::builder(Api::Vr.operations()).to("http://127.0.0.1").retry(Policy::never());
    let connection = connection.clock(clock.clone()).auth(Arc::new(Api::Vr.credentials())).build().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = heard.clone();
    connection.notices().listen(move |notice| listener.lock().unwrap().push(notice));
    server.answer(Answer::json(429, "{}").header("Retry-After", "70"));
    server.by(|_| Answer::json(200, r#"{"id":"t","status":"RUNNING"}"#));
    let first = Api::Vr.call(&server.url(""), &connection, "getTaskInfo").await.unwrap_err();
    assert_eq!((first.kind(), clock.waits().len()), (Kind::Throttled, 0));
    for _ in 0..2 {
        Api::Vr.call(&server.url(""), &connection, "syncReplication").await.unwrap();
    }
    let pause = Duration::from_secs(70);
    assert_eq!((server.taken().len(), clock.waits()), (3, vec![pause]));
    let expected = Notice::Waiting { operation: "syncReplication", reason: Reason::Throttled, pause };
    assert_eq!(*heard.lock().unwrap(), [expected]);
}

/// The vendor's limit is longer than a call may take: it is told at once instead of being waited for.
#[tokio::test]
async fn nobody_waits_for_an_hour_because_another_call_was_refused() {
    let (server, clock) = (Server::start().await, clock());
    let connection = connection(Api::Vr, &clock);
    server.answer(Answer::json(429, "{}").header("Retry-After", "3600"));
    for id in ["getTaskInfo", "syncReplication"] {
        let error = Api::Vr.call(&server.url(""), &connection, id).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_after()), (Kind::Throttled, Some(Duration::from_secs(3600))), "{error}");
        assert_eq!(clock.waits(), []);
    }
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn who_breaks_off_sends_nothing_that_still_waits() {
    let server = Server::start().await;
    server.by(|_| Answer::json(200, r#"{"id":"t","status":"RUNNING"}"#));
    let quota = Quota::new(Window { requests: 1, per: Duration::from_secs(60) });
    let builder = Connection::builder(Api::Vr.operations()).to("http://127.0.0.1").quota(quota);
    // A real clock: the second call waits for the quota until somebody breaks off.
    let connection = builder.auth(Arc::new(Api::Vr.credentials())).build().unwrap();
    Api::Vr.call(&server.url(""), &connection, "getTaskInfo").await.unwrap();
    let breaking = connection.clone();
    let asked = Arc::new(tokio::sync::Notify::new());
    let told = asked.clone();
    connection.notices().listen(move |_| told.notify_one());
    let url = server.url("");
    let (waiting, ()) = tokio::join!(Api::Vr.call(&url, &connection, "syncReplication"), async move {
        asked.notified().await;
        breaking.break_off();
    });
    let error = waiting.unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (Kind::BrokenOff, Delivery::NeverSent), "{error}");
    assert_eq!(server.taken().len(), 1);
}

/// Whatever became of the login, the start itself was not sent, and nobody has to look for it.
#[tokio::test]
async fn a_start_before_which_the_login_fails_was_never_sent() {
    #[derive(Debug)]
    struct Unreadable;

    impl Login for Unreadable {
        fn login<'a>(&'a self, _: Option<&'a Credential>) -> BoxFuture<'a, Result<Credential, Error>> {
            Box::pin(async { Err(Error::new(Kind::Decode, Delivery::Accepted, "the login's answer cannot be read")) })
        }

        fn logout<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<(), Error>> {
            Box::pin(async { Ok(()) })
        }
    }

    let (server, clock) = (Server::start().await, clock());
    for api in Api::ALL {
        for operation in api.operations().iter().filter(|operation| operation.starts_job) {
            let session = TokenSession::new(Unreadable, clock.clone(), Duration::ZERO);
            let connection = patient(api.operations(), Arc::new(session), clock.clone());
            let error = api.call(&server.url(""), &connection, operation.id).await.unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (Kind::Decode, Delivery::NeverSent), "{error}");
        }
    }
    assert_eq!(server.taken().len(), 0);
}
