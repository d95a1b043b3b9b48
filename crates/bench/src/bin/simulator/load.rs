//! The load: a child process that sends one request again and again, for a bounded time and count.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Anything, CONNECTIONS, ROUND};

/// The argument that makes the program the child.
pub const CHILD: &str = "load";
/// No connection sends more than this.
const MOST: u64 = 1_000_000;

/// Starts the child, gives it the request on its standard input, and reads requests a second.
pub fn run(address: SocketAddr, request: &str) -> Anything<f64> {
    let mut child = Command::new(std::env::current_exe()?)
        .args([CHILD, &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no standard input")?.write_all(request.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("the load could not be sent".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// What the child does.
pub fn child() -> Anything {
    let address: SocketAddr = std::env::args().nth(2).ok_or("no address")?.parse()?;
    let mut request = Vec::new();
    std::io::stdin().read_to_end(&mut request)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request: &'static [u8] = request.leak();
    let (count, took) = runtime.block_on(async move {
        let begin = Instant::now();
        let connections: Vec<_> =
            (0..CONNECTIONS).map(|_| tokio::spawn(ask(address, request, begin + ROUND))).collect();
        let mut count = 0;
        for connection in connections {
            count += connection.await?.map_err(|why| why.to_string())?;
        }
        Ok::<(u64, Duration), Box<dyn std::error::Error>>((count, begin.elapsed()))
    })?;
    println!("{}", count as f64 / took.as_secs_f64());
    Ok(())
}

async fn ask(address: SocketAddr, request: &[u8], until: Instant) -> std::io::Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut count = 0;
    while Instant::now() < until && count < MOST {
        stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..]).await?;
            filled += read;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if length(&buffer[..filled]).is_some_and(|length| filled >= length) {
                break;
            }
        }
        if !buffer.starts_with(b"HTTP/1.1 200") {
            return Err(std::io::Error::other(String::from_utf8_lossy(&buffer[..filled]).into_owned()));
        }
        count += 1;
    }
    Ok(count)
}

/// The length of the whole answer, once its head is there.
fn length(answer: &[u8]) -> Option<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let header = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    Some(end + 4 + header.parse::<usize>().ok()?)
}
