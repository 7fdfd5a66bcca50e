//! One channel of a connection: what was requested for it, and the way its input takes. Callbacks never wait here:
//! what does not fit is dropped and counted, and a peer that goes on is cut off.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::output::ChannelOutput;
use crate::session::{INPUT_QUEUE, clamp_size};
use crate::term::environment::Environment;

/// Input a screen takes at once (a large paste), and how much of it comes back each second, in bytes.
const BURST: f64 = 1024.0 * 1024.0;
const SUSTAINED: f64 = 64.0 * 1024.0;
/// Input of one command, in bytes.
const COMMAND_INPUT: u64 = 16 * 1024 * 1024;
/// Chunks dropped before the channel is given up.
const DROPPED: u32 = 4096;
/// TERM is kept up to so many bytes.
const MAX_TERM: usize = 64;

/// A channel of a connection.
pub(super) struct Channel {
    pub(super) output: Arc<ChannelOutput>,
    pub(super) term: Option<String>,
    pub(super) environment: Environment,
    pub(super) size: watch::Sender<(u16, u16)>,
    /// Cancelled when the peer closes the channel or the connection ends.
    pub(super) gone: CancellationToken,
    /// Cancelled when its work is done.
    pub(super) done: CancellationToken,
    input: Option<mpsc::Sender<Bytes>>,
    unread: Option<mpsc::Receiver<Bytes>>,
    meter: Meter,
}

/// How much input may still come.
enum Meter {
    Unstarted,
    Screen { allowance: f64, at: Instant, dropped: u32 },
    Command { left: u64 },
}

impl Channel {
    pub(super) fn new(output: ChannelOutput, gone: CancellationToken) -> Self {
        let (input, unread) = mpsc::channel(INPUT_QUEUE);
        Self {
            output: Arc::new(output),
            term: None,
            environment: Environment::default(),
            size: watch::Sender::new((80, 24)),
            gone,
            done: CancellationToken::new(),
            input: Some(input),
            unread: Some(unread),
            meter: Meter::Unstarted,
        }
    }

    /// A terminal was asked for; its name may hold nothing that could mislead a log or a screen.
    pub(super) fn pty(&mut self, term: &str, cols: u32, rows: u32) {
        self.term = Some(term.chars().filter(char::is_ascii_graphic).take(MAX_TERM).collect());
        self.resize(cols, rows);
    }

    pub(super) fn resize(&self, cols: u32, rows: u32) {
        let size = clamp_size(cols, rows);
        self.size.send_if_modified(|now| std::mem::replace(now, size) != size);
    }

    /// Begins the channel's one piece of work; none when it has been begun before.
    pub(super) fn begin(&mut self, is_command: bool) -> Option<mpsc::Receiver<Bytes>> {
        let unread = self.unread.take()?;
        self.meter = if is_command {
            Meter::Command { left: COMMAND_INPUT }
        } else {
            Meter::Screen { allowance: BURST, at: Instant::now(), dropped: 0 }
        };
        Some(unread)
    }

    /// Input came. A screen loses what it cannot take; a command must not lose a byte, so it ends instead.
    pub(super) fn take_input(&mut self, data: &[u8]) {
        let Some(input) = &self.input else { return };
        let size = data.len() as u64;
        let queued = |bytes| input.try_send(Bytes::copy_from_slice(bytes)).is_ok();
        match &mut self.meter {
            Meter::Unstarted => {
                if !queued(data) {
                    self.gone.cancel();
                }
            }
            Meter::Screen { allowance, at, dropped } => {
                let now = Instant::now();
                let earned = now.duration_since(*at).as_secs_f64() * SUSTAINED;
                *allowance = (*allowance + earned).min(BURST);
                *at = now;
                if *allowance >= size as f64 && queued(data) {
                    *allowance -= size as f64;
                } else {
                    *dropped += 1;
                    if *dropped > DROPPED {
                        self.gone.cancel();
                    }
                }
            }
            Meter::Command { left } => {
                if *left < size || !queued(data) {
                    self.gone.cancel();
                }
                *left = left.saturating_sub(size);
            }
        }
    }

    /// The peer sends no more.
    pub(super) fn end_input(&mut self) {
        self.input = None;
    }
}
