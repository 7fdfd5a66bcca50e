//! The way out of a channel: bytes are handed over whole and in order, then the exit status, the end and the close.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio_util::sync::CancellationToken;

use crate::session::{Output, OutputGone};

/// SSH's number for what belongs on standard error (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// The write half of a channel. Waiting for the peer's window ends when the peer is gone.
#[derive(Clone)]
pub(super) struct ChannelOutput {
    half: Arc<ChannelWriteHalf<Msg>>,
    gone: CancellationToken,
    stream: Stream,
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

impl ChannelOutput {
    pub(super) fn new(half: ChannelWriteHalf<Msg>, gone: CancellationToken) -> Self {
        Self { half: Arc::new(half), gone, stream: Stream::Out }
    }

    /// The same channel's standard error.
    pub(super) fn errors(&self) -> Self {
        Self { stream: Stream::Err, ..self.clone() }
    }

    /// Ends the channel. Every byte has been handed over before: `send` waits for that.
    pub(super) async fn finish(&self, status: u32) {
        let farewell = async {
            self.half.exit_status(status).await?;
            self.half.eof().await?;
            self.half.close().await
        };
        tokio::select! {
            // A peer that is gone needs no farewell.
            _ = farewell => {}
            () = self.gone.cancelled() => {}
        }
    }
}

impl Output for ChannelOutput {
    fn send(&self, bytes: Bytes) -> BoxFuture<'static, Result<(), OutputGone>> {
        let Self { half, gone, stream } = self.clone();
        Box::pin(async move {
            let sent = async {
                match stream {
                    Stream::Out => half.data_bytes(bytes).await,
                    Stream::Err => half.extended_data_bytes(STDERR, bytes).await,
                }
            };
            tokio::select! {
                sent = sent => sent.map_err(|_| OutputGone),
                () = gone.cancelled() => Err(OutputGone),
            }
        })
    }
}
