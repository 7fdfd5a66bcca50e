//! A kill switch around a TCP stream. Nothing above it can be trusted to end in time: the library's own timeouts do
//! not cover a key exchange that stalls. So the stream itself fails, reads and writes alike, once its token is
//! cancelled, when a stranger sends too much, or when a write has been stuck for too long.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// What a connection may send before it has signed in, in bytes.
const PRE_AUTH_BYTES: u64 = 64 * 1024;
/// How long a write may be stuck on a network.
pub(super) const STUCK: Duration = Duration::from_secs(30);

/// What the stream and its owner share.
#[derive(Default)]
pub(super) struct Guard {
    /// Cancel it, and the connection ends.
    pub(super) kill: CancellationToken,
    /// Signed in: the limit for strangers no longer counts.
    pub(super) known: AtomicBool,
    /// Bytes received.
    pub(super) received: AtomicU64,
    /// Bytes sent.
    pub(super) sent: AtomicU64,
}

/// The guarded stream.
pub(super) struct GuardStream<S> {
    stream: S,
    guard: Arc<Guard>,
    killed: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Runs while a write is stuck; made on demand, so an idle connection has no timer.
    stuck: Option<Pin<Box<Sleep>>>,
    patience: Duration,
}

impl<S> GuardStream<S> {
    /// Guards `stream`, whose writes may be stuck for as long as `patience`.
    pub(super) fn new(stream: S, guard: Arc<Guard>, patience: Duration) -> Self {
        let killed = Box::pin(guard.kill.clone().cancelled_owned());
        Self { stream, guard, killed, stuck: None, patience }
    }

    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        // Both directions are polled by the connection's one task, so one registration wakes both.
        match self.killed.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Starts, keeps or stops the stuck-write timer after a write or flush.
    fn watch_write<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        if stuck.as_mut().poll(cx).is_ready() {
            self.guard.kill.cancel();
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.check(cx)?;
        if this.guard.received.load(Relaxed) > PRE_AUTH_BYTES && !this.guard.known.load(Relaxed) {
            this.guard.kill.cancel();
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.guard.received.fetch_add((buf.filled().len() - before) as u64, Relaxed);
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.check(cx)?;
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = &written {
            this.guard.sent.fetch_add(*count as u64, Relaxed);
        }
        this.watch_write(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.check(cx)?;
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.check(cx)?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn cancelling_ends_a_pending_read_and_every_later_write() {
        let guard = Arc::new(Guard::default());
        let (near, _far) = tokio::io::duplex(64);
        let mut stream = GuardStream::new(near, Arc::clone(&guard), STUCK);
        let kill = guard.kill.clone();
        let (read, ()) = tokio::join!(stream.read_u8(), async move { kill.cancel() });
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(stream.write_u8(1).await.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn a_reader_who_stopped_is_cut_off() {
        let guard = Arc::new(Guard::default());
        let (near, _far) = tokio::io::duplex(64);
        let mut stream = GuardStream::new(near, Arc::clone(&guard), Duration::from_millis(20));
        assert_eq!(stream.write_all(&[0; 65]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert!(guard.kill.is_cancelled());
    }

    #[tokio::test]
    async fn a_stranger_may_send_little_and_a_guest_much() {
        for known in [false, true] {
            let guard = Arc::new(Guard::default());
            guard.known.store(known, Relaxed);
            let (near, mut far) = tokio::io::duplex(1 << 20);
            let mut stream = GuardStream::new(near, Arc::clone(&guard), STUCK);
            far.write_all(&vec![0; PRE_AUTH_BYTES as usize + 1]).await.unwrap();
            drop(far);
            let mut sink = Vec::new();
            assert_eq!(stream.read_to_end(&mut sink).await.is_ok(), known);
            assert_eq!(guard.kill.is_cancelled(), !known);
        }
    }
}
