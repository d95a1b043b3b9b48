//! A server that does with its socket what no HTTP library lets a server do: break off.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

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
}

/// The server.
#[derive(Debug)]
pub struct Raw {
    url: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    /// Starts a server that acts so, one act for each request; the last one is repeated.
    pub async fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = lines.clone();
        tokio::spawn(async move {
            let mut index = 0;
            while let Ok((mut stream, _)) = listener.accept().await {
                while let Some(line) = request(&mut stream).await {
                    log.lock().unwrap().push(line);
                    let act = acts[index.min(acts.len() - 1)].clone();
                    index += 1;
                    if !perform(&mut stream, act).await {
                        break;
                    }
                }
            }
        });
        Self { url, lines }
    }

    /// Scheme, host and port, and `path` after it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Request lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

/// An address on which nothing listens.
pub async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Reads one request with its body and gives its first line.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text[..end].lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if text.len() >= end + 4 + length.unwrap_or(0) {
                return text.lines().next().map(str::to_owned);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Whether the connection goes on.
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
            let block = vec![b' '; 1 << 20];
            let mut left = length;
            while left > 0 {
                let part = left.min(block.len());
                if stream.write_all(&block[..part]).await.is_err() {
                    break;
                }
                left -= part;
            }
            false
        }
    }
}
