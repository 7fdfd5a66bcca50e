//! One connection from its first byte to its last: the login deadline, the end of a drain, and the last resort of
//! cutting the stream. The library's own task does the talking; this one only watches it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use russh::Disconnect;
use russh::server::{Config, Handle, run_stream};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Door;
use super::guard::{Guard, GuardStream, STUCK};
use super::handler::Connection;
use super::limits::Slot;

/// How long a client may take to close once it was told to.
const CLOSING: Duration = Duration::from_secs(1);
/// How long the library may take to notice that its stream failed.
const NOTICING: Duration = Duration::from_secs(5);

/// How far a connection is, as its handler tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Must have signed in by then.
    Stranger(Instant),
    /// Signed in.
    Known,
    /// Must close: who signed in is no longer good.
    Ended,
}

pub(super) async fn run(
    door: Arc<Door>,
    transport: Arc<Config>,
    stream: TcpStream,
    address: IpAddr,
    exempt: bool,
    slot: Option<Slot>,
) {
    let guard = Arc::new(Guard::default());
    let (stage, mut stages) = watch::channel(Stage::Stranger(Instant::now() + door.settings.login_deadline));
    let reached = stream.local_addr().ok();
    let stream = GuardStream::new(stream, Arc::clone(&guard), STUCK);
    let handler =
        Connection::new(Arc::clone(&door), Arc::clone(&guard), address, reached, exempt, slot, stage);
    let greeted = tokio::select! {
        greeted = run_stream(transport, stream, handler) => greeted,
        () = tokio::time::sleep(door.settings.login_deadline) => return,
        () = door.draining.cancelled() => return,
    };
    let mut session = match greeted {
        Ok(session) => session,
        Err(error) => {
            tracing::debug!(%error, "an SSH connection failed before its key exchange");
            return;
        }
    };
    let handle = session.handle();
    tokio::select! {
        ended = &mut session => {
            if let Err(error) = ended {
                tracing::debug!(%error, "an SSH connection ended");
            }
            return;
        }
        () = until_it_must_end(&door, &mut stages) => {}
    }
    say_goodbye(&handle, &stages).await;
    if tokio::time::timeout(CLOSING, &mut session).await.is_ok() {
        return;
    }
    guard.kill.cancel();
    let _ = tokio::time::timeout(NOTICING, session).await;
    tracing::debug!(
        received = guard.received.load(Relaxed),
        sent = guard.sent.load(Relaxed),
        "an SSH connection was cut"
    );
}

/// Completes when the login deadline passes, the person is no longer good, or the drain is over.
async fn until_it_must_end(door: &Door, stages: &mut watch::Receiver<Stage>) {
    loop {
        let stage = *stages.borrow_and_update();
        let deadline = async {
            match stage {
                Stage::Stranger(deadline) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(deadline) => {}
                        () = door.draining.cancelled() => {}
                    }
                }
                Stage::Known => std::future::pending().await,
                Stage::Ended => {}
            }
        };
        tokio::select! {
            () = deadline => return,
            () = door.farewell.cancelled() => return,
            changed = stages.changed() => {
                if changed.is_err() {
                    // The handler is gone, and its connection with it: the caller sees that.
                    return std::future::pending().await;
                }
            }
        }
    }
}

/// A polite word first. A connection that is stuck does not hear it, and is cut all the same.
async fn say_goodbye(handle: &Handle, stages: &watch::Receiver<Stage>) {
    if let Stage::Stranger(_) = *stages.borrow() {
        return;
    }
    let word = handle.disconnect(Disconnect::ByApplication, "Keyward: goodbye".into(), String::new());
    let _ = tokio::time::timeout(CLOSING, word).await;
}
