//! The daemon's end of the admin socket: for its own user and root alone, a few at a time. It decides nothing; what is
//! asked is carried out by the core.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyward_config::Config;
use keyward_keys::Service;
use keyward_tui::ssh::Shutdown;
use nix::unistd::geteuid;
use secrecy::SecretString;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::frame::{Frame, Kind};
use super::place::Place;
use super::request::{Request, carry_out};
use super::{backup, relay};
use crate::daemon::Sessions;
use crate::error::{Error, Exit, Result, chain};

/// Connections at once.
const AT_ONCE: usize = 32;
/// A client on the same machine that says nothing for so long is not ours.
const PATIENCE: Duration = Duration::from_secs(10);
/// After an error of `accept`.
const PAUSE: Duration = Duration::from_millis(50);

/// The bound socket; its file is removed when this is dropped.
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
}

/// What a connection needs.
pub(super) struct Desk {
    pub(super) service: Service,
    pub(super) sessions: Sessions,
    /// Cancelled when dashboards must end.
    pub(super) restart: CancellationToken,
    /// Cancelled when the daemon begins to stop.
    pub(super) draining: CancellationToken,
}

/// How the socket is served.
pub(crate) struct Serving {
    /// What dashboards have in common.
    pub(crate) sessions: Sessions,
    /// How long open dashboards are left alone once the daemon goes down.
    pub(crate) drain: Duration,
}

impl Listener {
    /// Binds the socket in the data folder, which the caller holds: what is there is a dead daemon's.
    ///
    /// # Errors
    /// The file cannot be replaced.
    pub fn bind(config: &Config) -> Result<Self> {
        let path = config.data_dir.admin_socket();
        let bind = || {
            let place = Place::of(config)?;
            match fs::remove_file(&place.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let socket = UnixListener::bind(&place.path)?;
            fs::set_permissions(&place.path, fs::Permissions::from_mode(0o600))?;
            Ok(socket)
        };
        let socket = bind().map_err(|source| Error::File { path: path.clone(), doing: "made", source })?;
        Ok(Self { socket, path })
    }

    /// Answers until `shutdown` drains; then waits for what is under way.
    pub(crate) async fn serve(self, service: Service, serving: Serving, shutdown: Shutdown) {
        let Serving { sessions, drain } = serving;
        let (restart, draining) = (CancellationToken::new(), shutdown.drain.clone());
        let desk = Arc::new(Desk { service, sessions, restart, draining });
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let tasks = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.drain.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            match (accepted, Arc::clone(&places).try_acquire_owned()) {
                (Ok((stream, _)), Ok(place)) => {
                    let desk = Arc::clone(&desk);
                    tasks.spawn(async move {
                        if let Err(error) = attend(&desk, stream).await {
                            tracing::debug!(%error, "a connection to the admin socket ended early");
                        }
                        drop(place);
                    });
                }
                // Closing is the answer: nobody needs so many.
                (Ok(_), Err(_)) => {}
                (Err(error), _) => {
                    tracing::warn!(%error, "a connection to the admin socket could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        tasks.close();
        tokio::select! {
            () = tasks.wait() => return,
            () = tokio::time::sleep(drain) => {}
            () = shutdown.now.cancelled() => {}
        }
        desk.restart.cancel();
        tasks.wait().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The next start removes what stays.
        let _ = fs::remove_file(&self.path);
    }
}

async fn attend(desk: &Desk, mut stream: UnixStream) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    if uid != geteuid().as_raw() && uid != 0 {
        tracing::warn!(uid, "another user was refused at the admin socket");
        return refuse(&mut stream, Exit::Forbidden, "only the daemon's own user and root may ask here")
            .await;
    }
    let opening = tokio::time::timeout(PATIENCE, opening(&mut stream)).await;
    let Some((request, secret)) = opening.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? else {
        return Ok(());
    };
    match request {
        Request::Console(request) => relay::run(desk, request, stream).await,
        Request::Backup => backup::serve(desk, uid, stream).await,
        request => match carry_out(&desk.service, request, secret).await {
            Ok(answer) => match Frame::new(Kind::Answer, answer.to_string()).write(&mut stream).await {
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let text = "the answer is too large for one piece; narrow it, as by environment or tag";
                    refuse(&mut stream, Exit::Failed, text).await
                }
                written => written,
            },
            Err(error) => fail(&mut stream, &error).await,
        },
    }
}

/// The request, and the secret that goes with it; none when somebody only looked in.
async fn opening(stream: &mut UnixStream) -> io::Result<Option<(Request, Option<SecretString>)>> {
    let mut secret = None;
    while let Some(frame) = Frame::read(stream).await? {
        match frame.kind {
            Kind::Secret => {
                let text = std::str::from_utf8(&frame.payload).map_err(io::Error::other)?;
                secret = Some(SecretString::from(text));
            }
            Kind::Request => return Ok(Some((serde_json::from_slice(&frame.payload)?, secret))),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(None)
}

/// Says why the core did not do it.
pub(super) async fn fail(stream: &mut UnixStream, error: &keyward_keys::Error) -> io::Result<()> {
    if let keyward_keys::Error::Internal(cause) = error {
        tracing::error!(cause = chain(cause.as_ref()), "a request on the admin socket failed");
    }
    // This is the operator: causes and all.
    refuse(stream, Exit::of(error), &chain(error)).await
}

pub(super) async fn refuse(stream: &mut UnixStream, exit: Exit, text: &str) -> io::Result<()> {
    let refusal = serde_json::json!({ "exit": exit.code(), "text": text });
    Frame::new(Kind::Refusal, refusal.to_string()).write(stream).await
}
