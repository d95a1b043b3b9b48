//! A server that does with its socket what no HTTP library lets a server do: break off, reset, hang, trickle.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::server::{Answer, Sent};

/// What is done after a request has been read.
#[derive(Clone, Debug)]
pub enum Act {
    /// Close the connection without a word.
    Close,
    /// Send these bytes, then close.
    Say(String),
    /// Send these bytes and go on with the next act on the same connection.
    Keep(String),
    /// Send this head, then so many blanks, then close.
    Flood(String, usize),
    /// Send this answer and go on with the connection, unless the answer says that it ends.
    Answer(Answer),
    /// Send the head of this answer and half of its body, then reset the connection.
    Half(Answer),
    /// Send the head of this answer at once and its body byte by byte, but never the end of it.
    Trickle(Answer),
    /// Reset the connection without a word.
    Reset,
    /// Say nothing until the client has gone.
    Hang,
}

/// The pause between two bytes that trickle.
const TRICKLE: Duration = Duration::from_millis(20);
/// After so long a client has read what was sent, and a reset takes nothing of it away.
const SETTLE: Duration = Duration::from_millis(20);

type Rule = Arc<Mutex<dyn FnMut(&Sent) -> Act + Send>>;

#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    sent: Mutex<Vec<Sent>>,
}

/// The server.
#[derive(Debug)]
pub struct Raw {
    url: String,
    seen: Arc<Seen>,
    stop: Arc<Notify>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Raw {
    /// Starts a server that acts so, one act for each request; the last one is repeated.
    pub async fn start(acts: Vec<Act>) -> Self {
        let mut index = 0;
        Self::by(move |_| {
            let act = acts[index.min(acts.len() - 1)].clone();
            index += 1;
            act
        })
        .await
    }

    /// Starts a server that acts by a rule.
    pub async fn by(rule: impl FnMut(&Sent) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let rule: Rule = Arc::new(Mutex::new(rule));
        let stop = Arc::new(Notify::new());
        let serving = tokio::spawn(serve(listener, rule, seen.clone(), stop.clone()));
        Self { url, seen, stop, serving: Mutex::new(Some(serving)) }
    }

    /// Scheme, host and port, and `path` after it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Methods and paths of all requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.sent().iter().map(Sent::line).collect()
    }

    /// All requests so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.seen.sent.lock().unwrap().clone()
    }

    /// How many connections were made so far, whether or not anything was sent on them.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Goes away: when this returns, nothing listens at the address, and no connection is left.
    pub async fn stop(&self) {
        let serving = self.serving.lock().unwrap().take();
        if let Some(serving) = serving {
            self.stop.notify_one();
            serving.await.unwrap();
        }
    }
}

/// An address on which nothing listens.
pub async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(listener: TcpListener, rule: Rule, seen: Arc<Seen>, stop: Arc<Notify>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.notified() => break,
        };
        let Ok((stream, _)) = accepted else { break };
        seen.connections.fetch_add(1, Ordering::SeqCst);
        connections.spawn(converse(stream, rule.clone(), seen.clone()));
    }
    drop(listener);
    connections.shutdown().await;
}

/// Serves one connection to its end.
async fn converse(mut stream: TcpStream, rule: Rule, seen: Arc<Seen>) {
    while let Some(sent) = request(&mut stream).await {
        seen.sent.lock().unwrap().push(sent.clone());
        let act = (rule.lock().unwrap_or_else(PoisonError::into_inner))(&sent);
        if !perform(&mut stream, act).await {
            break;
        }
    }
}

/// Reads one request with its body.
async fn request(stream: &mut TcpStream) -> Option<Sent> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let sent = parse(head, body);
            let length = sent.header("content-length").and_then(|length| length.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(sent);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

fn parse(head: &str, body: &str) -> Sent {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let url = reqwest::Url::parse("http://server").and_then(|base| base.join(target)).expect("a request target");
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().into()));
    Sent {
        method: method.to_owned(),
        path: path.to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers: lines.filter_map(header).collect(),
        body: body.to_owned(),
    }
}

/// Whether the connection goes on. Whatever cannot be sent is not missed: the client has gone.
async fn perform(stream: &mut TcpStream, act: Act) -> bool {
    match act {
        Act::Close => false,
        Act::Say(bytes) => {
            let _ = stream.write_all(bytes.as_bytes()).await;
            false
        }
        Act::Keep(bytes) => stream.write_all(bytes.as_bytes()).await.is_ok(),
        Act::Flood(head, length) => {
            let _ = stream.write_all(head.as_bytes()).await;
            flood(stream, length).await;
            false
        }
        Act::Answer(answer) => {
            let (head, body) = answer.on_the_wire();
            stream.write_all(&[&head, body].concat()).await.is_ok() && !answer.closes()
        }
        Act::Half(answer) => {
            let (head, body) = answer.on_the_wire();
            let _ = stream.write_all(&[&head, &body[..body.len() / 2]].concat()).await;
            tokio::time::sleep(SETTLE).await;
            reset(stream)
        }
        Act::Trickle(answer) => {
            let (head, body) = answer.on_the_wire();
            let _ = stream.write_all(&head).await;
            for byte in &body[..body.len() / 2] {
                if stream.write_all(&[*byte]).await.is_err() {
                    return false;
                }
                tokio::time::sleep(TRICKLE).await;
            }
            gone(stream).await
        }
        Act::Reset => reset(stream),
        Act::Hang => gone(stream).await,
    }
}

async fn flood(stream: &mut TcpStream, length: usize) {
    let block = vec![b' '; 1 << 20];
    let mut left = length;
    while left > 0 {
        let part = left.min(block.len());
        if stream.write_all(&block[..part]).await.is_err() {
            break;
        }
        left -= part;
    }
}

/// Makes the end of the connection, which follows, a reset instead of a farewell.
fn reset(stream: &TcpStream) -> bool {
    let _ = stream.set_zero_linger();
    false
}

/// Waits until the client has gone.
async fn gone(stream: &mut TcpStream) -> bool {
    let mut chunk = [0; 4096];
    while stream.read(&mut chunk).await.is_ok_and(|count| count > 0) {}
    false
}
