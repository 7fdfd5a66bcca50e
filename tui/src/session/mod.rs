//! One person at one terminal, whatever carries the bytes: SSH, or the operator's own console. Knows no transport.
//! A session is one task; it holds the latest state and one write in progress, and nothing queues behind a slow
//! terminal.

mod closing;
mod engine;
mod line;
mod pace;
mod plain;
mod registry;
mod requests;
mod spots;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use keyward_keys::{Caller, Service};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

pub use crate::app::HostInfo;
use crate::term::caps::Caps;

pub(crate) use line::{Asked, LineReader, terminal_lines};
pub(crate) use plain::no_longer_good;
pub use plain::run as run_plain;
pub use registry::{Permit, Registry};
pub(crate) use requests::chain;
pub use spots::Spots;

/// Chunks of input that may wait for a session. With chunks of at most 32 KiB this bounds them to 2 MiB.
pub const INPUT_QUEUE: usize = 64;

/// The other end is gone: nothing more can be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutputGone;

/// Where a session's bytes go.
pub trait Output: Send + Sync {
    /// Hands all of `bytes` over, and completes when that is done. Called again only after it has completed.
    fn send(&self, bytes: Bytes) -> BoxFuture<'static, Result<(), OutputGone>>;
}

/// The terminal of one session.
pub struct Terminal {
    /// What the person's side sends; closed when it sends no more. Make it with [`INPUT_QUEUE`] places.
    pub input: mpsc::Receiver<Bytes>,
    /// Columns and rows, already clamped with [`clamp_size`].
    pub size: watch::Receiver<(u16, u16)>,
    /// What the person sees.
    pub output: Arc<dyn Output>,
    /// What the terminal can do.
    pub caps: Caps,
}

/// How a session is told to end from outside.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// The terminal is gone: return at once, write nothing.
    pub gone: CancellationToken,
    /// The daemon goes down: restore the terminal and say so.
    pub restart: CancellationToken,
}

/// How long a session may last.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// Without a key press.
    pub idle: Duration,
    /// Without a key press, until the screen is locked; none never locks it.
    pub lock: Option<Duration>,
    /// In all.
    pub total: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self { idle: minutes(30), lock: Some(minutes(10)), total: minutes(12 * 60) }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitReason {
    /// The person left.
    Quit,
    /// The person's side sends no more input, or the terminal is gone.
    Gone,
    /// The account or the key that opened it is no longer good.
    SignedOut,
    /// No key was pressed for too long.
    Idle,
    /// It lasted as long as one may.
    TooLong,
    /// The daemon goes down.
    Restart,
    /// The screens failed; the incident is in the log.
    Crashed,
}

impl ExitReason {
    /// The exit status a client sees.
    pub fn status(self) -> u32 {
        match self {
            Self::Crashed => 70,
            Self::Quit | Self::Gone | Self::SignedOut | Self::Idle | Self::TooLong | Self::Restart => 0,
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quit => "quit",
            Self::Gone => "gone",
            Self::SignedOut => "signed-out",
            Self::Idle => "idle",
            Self::TooLong => "too-long",
            Self::Restart => "restart",
            Self::Crashed => "crashed",
        })
    }
}

/// A terminal's size within what is drawn: 1 to 500 columns, 1 to 200 rows; 80x24 when a side is unknown (0).
pub fn clamp_size(cols: u32, rows: u32) -> (u16, u16) {
    if cols == 0 || rows == 0 {
        return (80, 24);
    }
    // Both fit: they were just clamped to three digits.
    (cols.min(500) as u16, rows.min(200) as u16)
}

/// Runs the dashboard until the person leaves or the session is ended; the terminal is restored on every way out. It opens
/// where `spots` says that their last one ended, and leaves word there itself.
pub async fn run(
    terminal: Terminal,
    caller: Caller,
    service: Service,
    host: HostInfo,
    stop: Stop,
    limits: TimeLimits,
    spots: &Spots,
) -> ExitReason {
    closing::run(terminal, caller, service, host, stop, limits, spots).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_clamped_and_unknown_ones_guessed() {
        assert_eq!(clamp_size(0, 24), (80, 24));
        assert_eq!(clamp_size(65_535, 65_535), (500, 200));
        assert_eq!(clamp_size(u32::MAX, 1), (500, 1));
        assert_eq!(clamp_size(120, 40), (120, 40));
    }
}
