//! The accept loop. It never ends because of an error (a full table of file descriptors passes), and it admits
//! strangers at a rate and in a number that leaves room for everybody else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use russh::server::Config;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use super::limits::{Slot, Source};
use super::{Door, connection};

/// How long to wait after an error of `accept`.
const PAUSE: Duration = Duration::from_millis(50);
/// At most one line about such errors in this time.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Accepts until the door is told to drain; the port closes when this returns.
pub(super) async fn until_drained(listener: TcpListener, door: &Arc<Door>, transport: &Arc<Config>) {
    let mut logged: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            () = door.draining.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let admitted = admit(Arc::clone(door), Arc::clone(transport), stream, peer);
                door.connections.spawn(admitted);
            }
            Err(error) => {
                if logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
                    logged = Some(Instant::now());
                    tracing::warn!(%error, "an SSH connection could not be accepted");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn admit(door: Arc<Door>, transport: Arc<Config>, stream: TcpStream, peer: SocketAddr) {
    let address = peer.ip().to_canonical();
    let exempt = door.settings.exempt.iter().any(|network| network.contains(&address));
    let slot = if exempt {
        None
    } else {
        match wait_for_turn(&door, address.into()).await {
            Some(slot) => Some(slot),
            // Closing is the whole answer: it costs nothing, and a script comes again.
            None => return,
        }
    };
    if let Err(error) = tune(&stream) {
        tracing::debug!(%error, "a socket option was refused");
    }
    connection::run(door, transport, stream, address, exempt, slot).await;
}

/// Holds the banner back while the source is over its rate, then takes a slot.
async fn wait_for_turn(door: &Arc<Door>, source: Source) -> Option<Slot> {
    let turn = door.gate.knock(source, Instant::now())?;
    if !turn.wait.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(turn.wait) => {}
            () = door.draining.cancelled() => return None,
        }
    }
    drop(turn);
    let mut chance = [0];
    // Without randomness nobody is turned away early; the hard limits stay.
    let chance = getrandom::fill(&mut chance).map_or(u8::MAX, |()| chance[0]);
    door.gate.pre_auth(source, chance)
}

/// Small buffers: what a slow reader has not taken is ours to hold, so it is kept little.
fn tune(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    socket.set_send_buffer_size(64 * 1024)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_notsent_lowat(16 * 1024)?;
        socket.set_tcp_user_timeout(Some(Duration::from_secs(30)))?;
    }
    Ok(())
}
