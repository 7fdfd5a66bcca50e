//! The command's end: asks the running daemon, or carries the request out on the data folder when none runs.

use std::io;
use std::path::Path;

use keyward_config::Config;
use keyward_keys::Clock;
use keyward_keys::crypto::PasswordCost;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::net::UnixStream;

use super::frame::{Frame, Kind};
use super::place::Place;
use super::relay::ConsoleRequest;
use super::request::{Request, carry_out};
use crate::daemon::open_service;
use crate::error::{Error, Result};
use crate::folder::Folder;

#[derive(Deserialize)]
struct Refusal {
    exit: u8,
    text: String,
}

/// Asks the daemon that runs on the data folder; without one, does it here.
///
/// # Errors
/// The request is refused, or neither way works.
pub async fn ask(
    config: &Config,
    request: Request,
    secret: Option<SecretString>,
) -> Result<serde_json::Value> {
    match connect(config).await? {
        Some(mut stream) => ask_daemon(&mut stream, &request, secret).await,
        None => on_folder(config, request, secret).await,
    }
}

async fn ask_daemon(
    stream: &mut UnixStream,
    request: &Request,
    secret: Option<SecretString>,
) -> Result<serde_json::Value> {
    if let Some(secret) = &secret {
        let frame = Frame::new(Kind::Secret, secret.expose_secret().as_bytes());
        frame.write(stream).await.map_err(Error::Admin)?;
    }
    send(stream, request).await?;
    let frame = Frame::read(stream).await.map_err(Error::Admin)?;
    let frame = frame.ok_or_else(|| Error::Admin(io::ErrorKind::UnexpectedEof.into()))?;
    match frame.kind {
        Kind::Answer => serde_json::from_slice(&frame.payload).map_err(|error| Error::Admin(error.into())),
        _ => Err(refusal(&frame)),
    }
}

async fn on_folder(
    config: &Config,
    request: Request,
    secret: Option<SecretString>,
) -> Result<serde_json::Value> {
    let folder = Folder::make(config)?;
    let service = open_service(config, &folder, PasswordCost::default(), Clock::system()).await?;
    let answer = carry_out(&service, request, secret).await;
    service.close().await?;
    Ok(answer?)
}

/// Opens a dashboard in the running daemon. What follows is its output, for our input.
///
/// # Errors
/// No daemon runs, or it does not answer.
pub async fn console(config: &Config, request: ConsoleRequest) -> Result<UnixStream> {
    let stream = connect(config).await?;
    let mut stream = stream.ok_or_else(|| Error::NotRunning(config.data_dir.path().to_owned()))?;
    send(&mut stream, &Request::Console(request)).await?;
    Ok(stream)
}

/// Why the daemon said no.
pub(crate) fn refusal(frame: &Frame) -> Error {
    match serde_json::from_slice::<Refusal>(&frame.payload) {
        Ok(Refusal { exit, text }) if frame.kind == Kind::Refusal => Error::Daemon { exit, text },
        _ => Error::Admin(io::ErrorKind::InvalidData.into()),
    }
}

/// The process that answers on the admin socket, when one does.
pub async fn running_process(config: &Config) -> Option<i32> {
    connect(config).await.ok().flatten()?.peer_cred().ok()?.pid()
}

pub(super) async fn send(stream: &mut UnixStream, request: &Request) -> Result<()> {
    let text = serde_json::to_vec(request).map_err(|error| Error::Admin(error.into()))?;
    Frame::new(Kind::Request, text).write(stream).await.map_err(Error::Admin)
}

/// A connection; none when nobody listens there.
pub(super) async fn connect(config: &Config) -> Result<Option<UnixStream>> {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    let connect = async { UnixStream::connect(&Place::of(config)?.path).await };
    match connect.await {
        Err(error) if matches!(error.kind(), NotFound | ConnectionRefused) => Ok(None),
        stream => stream.map(Some).map_err(|error| unheard(config.data_dir.path(), error)),
    }
}

/// Why nobody could be asked. Without a right to the folder it is not known whether a daemon runs at all.
fn unheard(folder: &Path, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            Error::Folder { path: folder.to_owned(), doing: "looked into", source }
        }
        _ => Error::Admin(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::chain;

    #[test]
    fn without_a_right_to_the_folder_no_daemon_is_said_to_run() {
        let said = |kind: io::ErrorKind| chain(&unheard(Path::new("/srv/keys"), kind.into()));
        let closed = said(io::ErrorKind::PermissionDenied);
        assert!(closed.contains("cannot be looked into; give this user the right to"), "{closed}");
        assert!(said(io::ErrorKind::BrokenPipe).contains("the running daemon could not be asked"));
    }
}
