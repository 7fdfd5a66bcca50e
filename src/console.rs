//! `keyward console`: the operator's own terminal, joined to a dashboard in the daemon. Gives the terminal back as it
//! was on every way out, also when the daemon goes away in the middle of a frame.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Read, Write};

use crossterm::terminal;
use keyward_config::{Config, Environment};
use keyward_tui::term::caps::Caps;
use keyward_tui::term::modes;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::admin::{self, ConsoleRequest, Frame, Hello, Kind};
use crate::error::{Error, Result};

/// Bytes read from the terminal at a time; a paste comes in several.
const CHUNK: usize = 16 * 1024;

/// Opens the dashboard here, and returns when it has ended.
///
/// # Errors
/// This is no terminal, no daemon runs, it refuses, or it went away.
pub async fn open(config: &Config, login: Option<String>) -> Result<()> {
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        return Err(Error::NoTerminal(
            "the dashboard needs a terminal; commands work over ssh: ssh HOST keys ls",
        ));
    }
    let hello = hello()?;
    let caps = hello.caps();
    let stream = admin::console(config, ConsoleRequest { login, terminal: hello }).await?;
    Box::pin(relay(stream, &caps)).await
}

fn hello() -> Result<Hello> {
    let (cols, rows) = terminal::size().map_err(Error::Terminal)?;
    let process = Environment::from_process()?;
    let environment: BTreeMap<String, String> = process
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .filter(tells_of_terminal)
        .collect();
    Ok(Hello { term: process.get("TERM").unwrap_or("dumb").to_owned(), environment, cols, rows })
}

/// The daemon sees no more of the environment than what says how to draw.
fn tells_of_terminal((name, _): &(String, String)) -> bool {
    const NAMES: [&str; 9] = [
        "ACCESSIBLE",
        "CLICOLOR",
        "COLORTERM",
        "FORCE_COLOR",
        "KEYWARD_THEME",
        "LANG",
        "NO_COLOR",
        "TERM_PROGRAM",
        "TZ",
    ];
    NAMES.contains(&name.as_str()) || name.starts_with("LC_")
}

async fn relay(stream: UnixStream, caps: &Caps) -> Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let listen = |kind| signal(kind).map_err(Error::Terminal);
    let mut resized = listen(SignalKind::window_change())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let mut raw = RawTerminal::take(caps)?;
    let mut typed = type_in();
    let mut open = true;
    // A frame that is half read must not be lost, so reading has a task of its own.
    let (frames_to, mut frames) = mpsc::channel(4);
    let reading = tokio::spawn(async move {
        while let Ok(Some(frame)) = Frame::read(&mut reader).await {
            if frames_to.send(frame).await.is_err() {
                return;
            }
        }
    });
    let outcome = loop {
        tokio::select! {
            frame = frames.recv() => match frame {
                Some(frame) if frame.kind == Kind::Output => raw.show(&frame.payload)?,
                Some(frame) if frame.kind == Kind::End => {
                    raw.given_back();
                    break ended(&frame);
                }
                Some(frame) => break Err(admin::refusal(&frame)),
                None => break Err(Error::Admin(io::Error::new(io::ErrorKind::UnexpectedEof, "the daemon went away"))),
            },
            bytes = typed.recv(), if open => match bytes {
                Some(bytes) => send(&mut writer, Frame::new(Kind::Input, bytes)).await?,
                None => {
                    open = false;
                    // The dashboard takes the end of its input for somebody leaving.
                    writer.shutdown().await.map_err(Error::Admin)?;
                }
            },
            _ = resized.recv() => {
                let (cols, rows) = terminal::size().map_err(Error::Terminal)?;
                let size = [cols.to_be_bytes(), rows.to_be_bytes()].concat();
                send(&mut writer, Frame::new(Kind::Size, size)).await?;
            }
            _ = terminate.recv() => break Err(Error::Cancelled),
            _ = hangup.recv() => break Err(Error::Cancelled),
        }
    };
    reading.abort();
    outcome
}

async fn send(writer: &mut OwnedWriteHalf, frame: Frame) -> Result<()> {
    frame.write(writer).await.map_err(Error::Admin)
}

fn ended(frame: &Frame) -> Result<()> {
    match frame.payload.first() {
        Some(0) => Ok(()),
        _ => Err(Error::Daemon {
            exit: 1,
            text: "the dashboard failed; the daemon's log has the incident".to_owned(),
        }),
    }
}

/// What the person types. A thread of its own, because reading a terminal cannot be called off; it goes with the
/// process.
fn type_in() -> mpsc::Receiver<Vec<u8>> {
    let (to, typed) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut chunk = vec![0; CHUNK];
        loop {
            match io::stdin().lock().read(&mut chunk) {
                Ok(len) if len > 0 && to.blocking_send(chunk[..len].to_vec()).is_ok() => {}
                _ => return,
            }
        }
    });
    typed
}

/// The terminal in raw mode, until this is dropped.
struct RawTerminal {
    /// What puts the screen back; nothing once the dashboard has done so itself.
    restore: Vec<u8>,
}

impl RawTerminal {
    fn take(caps: &Caps) -> Result<Self> {
        terminal::enable_raw_mode().map_err(Error::Terminal)?;
        Ok(Self { restore: modes::leave(caps) })
    }

    fn show(&mut self, bytes: &[u8]) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(Error::Terminal)
    }

    fn given_back(&mut self) {
        self.restore.clear();
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let mut out = io::stdout().lock();
        // Nothing more can be done for a terminal that is gone.
        let _ = out.write_all(&self.restore).and_then(|()| out.flush());
        let _ = terminal::disable_raw_mode();
    }
}
