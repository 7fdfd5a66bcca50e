//! The SSH transport: accepts connections, proves who is there, and hands channels to sessions and commands. The only
//! module that may name the SSH library's types; it decides nothing about keys.

mod accept;
mod auth;
mod channel;
mod config;
mod connection;
mod guard;
mod handler;
mod host_key;
mod limits;
mod output;
mod reach;
mod work;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use keyward_keys::{Registration, Service};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use host_key::{HostKey, HostKeyError, load_or_make_host_key};
pub use limits::ConnectionLimits;

use crate::session::{Registry, Spots, TimeLimits};

/// What the SSH door is told once, at its start.
#[derive(Clone, Debug)]
pub struct SshSettings {
    /// Passwords are accepted (by keyboard-interactive); keys always are.
    pub password: bool,
    /// Who may join with `ssh join@host`.
    pub registration: Registration,
    /// Offer post-quantum key exchange alone.
    pub post_quantum_only: bool,
    /// The name people reach this host by, for hints; the address they used when none.
    pub host_name: Option<String>,
    /// From accepting a connection to its sign-in.
    pub login_deadline: Duration,
    /// After which a connection's session keys are renewed.
    pub rekey: Duration,
    /// How long sessions may last.
    pub session: TimeLimits,
    /// How many connections strangers may make.
    pub connections: ConnectionLimits,
    /// Channels of one connection.
    pub channels: usize,
    /// Counts the open sessions, and says how many there may be.
    pub registry: Registry,
    /// Where people were when their last dashboards ended.
    pub spots: Spots,
    /// How long open dashboards are left alone once the daemon goes down.
    pub drain: Duration,
    /// Networks whose connections and sessions are not limited (sign-in and lock-out still count).
    pub exempt: Vec<IpNet>,
}

impl Default for SshSettings {
    fn default() -> Self {
        Self {
            password: true,
            registration: Registration::Invite,
            post_quantum_only: false,
            host_name: None,
            login_deadline: Duration::from_secs(45),
            rekey: Duration::from_secs(3600),
            session: TimeLimits::default(),
            connections: ConnectionLimits::default(),
            channels: 8,
            registry: Registry::new(20, 1000),
            spots: Spots::default(),
            drain: Duration::from_secs(20),
            exempt: Vec::new(),
        }
    }
}

/// How the door is told to close.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Stop accepting; running commands finish, dashboards end after [`SshSettings::drain`].
    pub drain: CancellationToken,
    /// Wait no longer: end the dashboards now. Without effect before `drain`.
    pub now: CancellationToken,
}

/// What all connections share.
struct Door {
    service: Service,
    settings: SshSettings,
    gate: Arc<limits::Gate>,
    /// Cancelled when the daemon goes down: no new work.
    draining: CancellationToken,
    /// Cancelled when dashboards must end.
    restart: CancellationToken,
    /// Cancelled last: every connection says goodbye and is cut.
    farewell: CancellationToken,
    /// Commands and sessions that run.
    work: TaskTracker,
    /// Connections that are open.
    connections: TaskTracker,
}

/// Serves until `shutdown` asks for the end, and returns when every connection is closed.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    settings: SshSettings,
    host_key: HostKey,
    shutdown: Shutdown,
) {
    let transport = config::transport(&settings, &host_key);
    let door = Arc::new(Door {
        service,
        gate: Arc::new(limits::Gate::new(settings.connections)),
        draining: shutdown.drain.clone(),
        restart: CancellationToken::new(),
        farewell: CancellationToken::new(),
        work: TaskTracker::new(),
        connections: TaskTracker::new(),
        settings,
    });
    accept::until_drained(listener, &door, &transport).await;
    close(&door, &shutdown).await;
}

/// How long commands and the last bytes of dashboards may take once those must end, and connections after that.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long clients may take to leave by themselves.
const LEAVING: Duration = Duration::from_secs(1);

async fn close(door: &Door, shutdown: &Shutdown) {
    door.work.close();
    door.connections.close();
    tokio::select! {
        () = door.work.wait() => {}
        () = tokio::time::sleep(door.settings.drain) => {}
        () = shutdown.now.cancelled() => {}
    }
    door.restart.cancel();
    // A command that does not end in time is cut with its connection.
    let _ = tokio::time::timeout(LAST_WORDS, door.work.wait()).await;
    // A client whose work is done leaves by itself; told to, it would report an error instead of its exit status.
    let _ = tokio::time::timeout(LEAVING, door.connections.wait()).await;
    door.farewell.cancel();
    let _ = tokio::time::timeout(LAST_WORDS, door.connections.wait()).await;
}
