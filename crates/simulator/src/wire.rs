//! Connections, with TLS or without, that can be cut without an answer.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Waits so long after a failed accept, mostly for want of file handles.
const AGAIN: Duration = Duration::from_millis(50);
/// A handshake that takes longer, in real time, is broken off.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The other end of a connection, and the way to cut it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) scheme: &'static str,
    cut: Arc<AtomicBool>,
}

impl Peer {
    /// Lets nothing more through.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.remote_addr().clone()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A listening port.
pub(crate) struct Door {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    /// Handshakes at work, beside each other, so that a slow one holds up nobody.
    handshakes: FuturesUnordered<BoxFuture<'static, Option<(Line, Peer)>>>,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        Self { listener, tls: tls.map(TlsAcceptor::from), handshakes: FuturesUnordered::new() }
    }

    fn peer(&self, address: IpAddr) -> Peer {
        Peer { address, scheme: if self.tls.is_some() { "https" } else { "http" }, cut: Arc::default() }
    }
}

impl Listener for Door {
    type Io = Line;
    type Addr = Peer;

    async fn accept(&mut self) -> (Line, Peer) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(ended) = self.handshakes.next() => match ended {
                    Some(line) => return line,
                    None => continue,
                },
            };
            let Ok((stream, address)) = accepted else {
                tokio::time::sleep(AGAIN).await;
                continue;
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "answers may be late");
            }
            let peer = self.peer(address.ip());
            let Some(tls) = self.tls.clone() else {
                return (Line { stream: Box::new(stream), cut: peer.cut.clone() }, peer);
            };
            self.handshakes.push(Box::pin(shake_hands(tls, stream, peer)));
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(self.peer(self.listener.local_addr()?.ip()))
    }
}

/// `None` when the client gives up, does not like the certificate, or speaks no TLS.
async fn shake_hands(tls: TlsAcceptor, stream: TcpStream, peer: Peer) -> Option<(Line, Peer)> {
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some((Line { stream: Box::new(stream), cut: peer.cut.clone() }, peer)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

/// One connection.
pub(crate) struct Line {
    stream: Box<dyn Stream>,
    cut: Arc<AtomicBool>,
}

impl Line {
    fn check(&self) -> io::Result<()> {
        if self.cut.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
