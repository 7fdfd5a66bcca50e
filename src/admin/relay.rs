//! A dashboard that runs in the daemon while its terminal is elsewhere: bytes in, bytes out, sizes. The screens are
//! the same as over SSH.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keyward_keys::view::SessionKind;
use keyward_tui::session::{self, HostInfo, INPUT_QUEUE, Output, OutputGone, Stop, Terminal, clamp_size};
use keyward_tui::term::caps::Caps;
use keyward_tui::term::environment::Environment;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::frame::{Frame, Kind};
use super::listener::{Desk, refuse};
use super::request::account;
use crate::error::{Exit, chain};

/// How long the client may take for the last frame.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// A person's terminal, as the daemon needs to know it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// What the terminal calls itself (`TERM`).
    pub term: String,
    /// The variables that say what it can do.
    pub environment: BTreeMap<String, String>,
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// Asks for a dashboard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsoleRequest {
    /// Whose; the operator's when none is named and there is only one.
    pub login: Option<String>,
    /// Where it is shown.
    pub terminal: Hello,
}

impl Hello {
    /// What the terminal can do, as far as it is known.
    pub fn caps(&self) -> Caps {
        let mut environment = Environment::default();
        for (name, value) in &self.environment {
            environment.insert(name, value);
        }
        Caps::detect(&self.term, &environment)
    }
}

/// Runs a dashboard over the connection until the person leaves, the connection closes, or the daemon goes down.
pub(super) async fn run(desk: &Desk, request: ConsoleRequest, mut stream: UnixStream) -> io::Result<()> {
    let service = &desk.service;
    let user = match account(service, request.login.as_deref()) {
        Ok(caller) => service.me(&caller).await.map(|user| (caller, user)),
        Err(error) => Err(error),
    };
    let (caller, user) = match user {
        Ok(found) => found,
        Err(error) => return refuse(&mut stream, Exit::of(&error), &chain(&error)).await,
    };
    let presence = match service.enter(&caller, SessionKind::Dashboard, "keyward console") {
        Ok(presence) => presence,
        Err(error) => return refuse(&mut stream, Exit::of(&error), &chain(&error)).await,
    };
    let host = HostInfo::at_hand(desk.sessions.ssh_port, &user.login);
    let (reader, writer) = stream.into_split();
    let writer = Arc::new(Mutex::new(writer));
    let (input_to, input) = mpsc::channel(INPUT_QUEUE);
    let (size_to, size) =
        watch::channel(clamp_size(request.terminal.cols.into(), request.terminal.rows.into()));
    let stop = Stop { gone: CancellationToken::new(), restart: desk.restart.clone() };
    let caps = request.terminal.caps();
    let terminal = Terminal { input, size, output: Arc::new(ToClient(Arc::clone(&writer))), caps };
    let listening = tokio::spawn(listen(reader, input_to, size_to, stop.gone.clone()));
    let (caller, service, sessions) = (presence.caller().clone(), service.clone(), &desk.sessions);
    let reason = session::run(terminal, caller, service, host, stop, sessions.limits, &sessions.spots).await;
    listening.abort();
    tracing::info!(kind = "console", account = %user.id, %reason, "a console ended");
    let status = u8::try_from(reason.status()).unwrap_or(1);
    let last = async { Frame::new(Kind::End, [status]).write(&mut *writer.lock().await).await };
    // A terminal that takes nothing must not hold up the daemon's end.
    tokio::time::timeout(LAST_WORDS, last).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Hands on what the client sends. A session that is behind makes the client wait, never our memory grow.
async fn listen(
    mut reader: OwnedReadHalf,
    input: mpsc::Sender<Bytes>,
    size: watch::Sender<(u16, u16)>,
    gone: CancellationToken,
) {
    let _gone = gone.drop_guard();
    while let Ok(Some(mut frame)) = Frame::read(&mut reader).await {
        match (frame.kind, frame.payload.as_slice()) {
            (Kind::Input, _) => {
                let bytes = Bytes::from(std::mem::take(&mut *frame.payload));
                if input.send(bytes).await.is_err() {
                    return;
                }
            }
            (Kind::Size, &[c1, c2, r1, r2]) => {
                let (cols, rows) = (u16::from_be_bytes([c1, c2]), u16::from_be_bytes([r1, r2]));
                size.send_replace(clamp_size(cols.into(), rows.into()));
            }
            _ => return,
        }
    }
}

struct ToClient(Arc<Mutex<OwnedWriteHalf>>);

impl Output for ToClient {
    fn send(&self, bytes: Bytes) -> futures_util::future::BoxFuture<'static, Result<(), OutputGone>> {
        let writer = Arc::clone(&self.0);
        Box::pin(async move {
            let frame = Frame::new(Kind::Output, Vec::from(bytes));
            frame.write(&mut *writer.lock().await).await.map_err(|_| OutputGone)
        })
    }
}
