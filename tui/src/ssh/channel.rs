//! One channel of a connection: what was requested for it, and the way its input takes. Callbacks never wait here:
//! what does not fit is dropped and counted, and a peer that goes on is cut off.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::output::ChannelOutput;
use crate::session::clamp_size;
use crate::term::environment::Environment;

/// Input a screen takes at once (a large paste), and how much of it comes back each second, in bytes.
const BURST: f64 = 1024.0 * 1024.0;
const SUSTAINED: f64 = 64.0 * 1024.0;
/// Chunks that may wait. They take room as they come, so what bounds them is their bytes; a small chunk counts as so many.
const CHUNKS: usize = 64 * 1024;
const WAITING: usize = 2 * 1024 * 1024;
const SMALLEST: usize = 64;
/// Input of one command, in bytes.
const COMMAND_INPUT: u64 = 16 * 1024 * 1024;
/// Chunks dropped before the channel is given up.
const DROPPED: u32 = 4096;
/// TERM is kept up to so many bytes.
const MAX_TERM: usize = 64;

impl Work {
    /// The command; empty when it is none.
    pub(super) fn line(&self) -> &str {
        match self {
            Self::Command(line) => line,
            Self::Shell | Self::Api => "",
        }
    }
}

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
    /// Bytes that may still be queued.
    room: Arc<Semaphore>,
    unread: Option<mpsc::Receiver<Bytes>>,
    meter: Meter,
}

/// Input that waits, with the room it takes until it was read.
struct Chunk {
    bytes: Zeroizing<Vec<u8>>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// How much input may still come.
enum Meter {
    Unstarted,
    Screen { allowance: f64, at: Instant, dropped: u32 },
    Command { left: u64 },
}

/// What a channel is used for, as far as its input goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Work {
    /// The dashboard, or what stands in for it.
    Shell,
    /// One command.
    Command(String),
    /// Requests and answers as lines of JSON.
    Api,
}

impl Channel {
    pub(super) fn new(output: ChannelOutput, gone: CancellationToken) -> Self {
        let (input, unread) = mpsc::channel(CHUNKS);
        Self {
            output: Arc::new(output),
            term: None,
            environment: Environment::default(),
            size: watch::Sender::new((80, 24)),
            gone,
            done: CancellationToken::new(),
            input: Some(input),
            room: Arc::new(Semaphore::new(WAITING)),
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
    pub(super) fn begin(&mut self, work: &Work) -> Option<mpsc::Receiver<Bytes>> {
        let unread = self.unread.take()?;
        self.meter = match work {
            Work::Shell => Meter::Screen { allowance: BURST, at: Instant::now(), dropped: 0 },
            Work::Command(_) => Meter::Command { left: COMMAND_INPUT },
            // It may go on for long; what waits is bounded all the same.
            Work::Api => Meter::Command { left: u64::MAX },
        };
        Some(unread)
    }

    /// Input came. A screen loses what it cannot take; a command must not lose a byte, so it ends instead.
    pub(super) fn take_input(&mut self, data: &[u8]) {
        let Some(input) = &self.input else { return };
        let size = data.len() as u64;
        let queued = |bytes: &[u8]| {
            let weight = u32::try_from(bytes.len().max(SMALLEST)).ok();
            let room = weight.and_then(|weight| Arc::clone(&self.room).try_acquire_many_owned(weight).ok());
            room.is_some_and(|room| {
                let chunk = Bytes::from_owner(Chunk { bytes: Zeroizing::new(bytes.to_vec()), _room: room });
                input.try_send(chunk).is_ok()
            })
        };
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
