//! A backup through the admin socket: the client hands over an empty file, the daemon fills it, the client puts it in its
//! place and says so, and only then is it recorded as made. When no daemon runs, all of that happens in the client.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyward_config::Config;
use keyward_keys::crypto::PasswordCost;
use keyward_keys::{Clock, Door, Service, WholeBackup};
use nix::unistd::{Uid, User, geteuid};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

use super::client::{connect, refusal, send};
use super::frame::{Frame, Kind};
use super::handed;
use super::listener::{Desk, fail, refuse};
use super::request::{Request, json};
use crate::daemon::open_service;
use crate::error::{Error, Exit, Result};
use crate::folder::Folder;

/// How long a client may take to put the file in its place.
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon's end.
pub(super) async fn serve(desk: &Desk, uid: u32, mut stream: UnixStream) -> io::Result<()> {
    let system = desk.service.system_caller("backup", Door::Local);
    let file = handed::receive(&stream).await?;
    let (by, stop) = (user(uid), Arc::new(AtomicBool::new(false)));
    let making = desk.service.back_up(&system, file, &by, Arc::clone(&stop));
    tokio::pin!(making);
    let ended = tokio::select! {
        made = &mut making => Ok(made),
        // Nothing is to be said before the answer: the client is gone.
        _ = Frame::read(&mut stream) => Err(false),
        () = desk.draining.cancelled() => Err(true),
    };
    let made = match ended {
        Ok(made) => made,
        Err(draining) => {
            stop.store(true, Ordering::Relaxed);
            // Until then it writes into the file.
            let _ = making.await;
            if draining {
                let text = "the daemon is stopping; make the backup once it runs again";
                refuse(&mut stream, Exit::TryLater, text).await?;
            }
            return Ok(());
        }
    };
    let whole = match made {
        Ok(whole) => whole,
        Err(error) => return fail(&mut stream, &error).await,
    };
    let answer = json(&whole.view()).map_err(io::Error::other)?;
    Frame::new(Kind::Answer, answer.to_string()).write(&mut stream).await?;
    let kept = tokio::time::timeout(PATIENCE, Frame::read(&mut stream)).await;
    if !matches!(kept, Ok(Ok(Some(frame))) if frame.kind == Kind::Kept) {
        return Ok(());
    }
    match desk.service.keep_backup(&system, whole).await {
        Ok(_) => Frame::new(Kind::Answer, answer.to_string()).write(&mut stream).await,
        Err(error) => fail(&mut stream, &error).await,
    }
}

/// Who made a whole backup, and is to be told that it is in its place.
pub struct Maker {
    /// What was made, as JSON.
    pub made: Value,
    by: By,
}

enum By {
    Daemon(UnixStream),
    /// Held until the end: no daemon starts meanwhile.
    Us(Service, Box<WholeBackup>, Folder),
}

/// Has this empty file filled by the daemon that runs on the data folder, or does it here. Ends early, with
/// [`Error::Cancelled`], once `cancelled` is.
///
/// # Errors
/// It is refused, fails, or is cancelled; what is in the file then is no backup.
pub async fn back_up(config: &Config, file: &File, cancelled: CancellationToken) -> Result<Maker> {
    match connect(config).await? {
        Some(mut stream) => {
            send(&mut stream, &Request::Backup).await?;
            handed::send(&stream, file).await.map_err(Error::Admin)?;
            let frame = tokio::select! {
                frame = Frame::read(&mut stream) => frame,
                () = cancelled.cancelled() => return Err(Error::Cancelled),
            };
            let made = answer(frame.ok().flatten())?;
            Ok(Maker { made, by: By::Daemon(stream) })
        }
        None => here(config, file.try_clone().map_err(Error::Output)?, cancelled).await,
    }
}

async fn here(config: &Config, file: File, cancelled: CancellationToken) -> Result<Maker> {
    let folder = Folder::make(config)?;
    let service = open_service(config, &folder, PasswordCost::default(), Clock::system()).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let listening = tokio::spawn(async move {
        cancelled.cancelled().await;
        told.store(true, Ordering::Relaxed);
    });
    let system = service.system_caller("backup", Door::Local);
    let made = service.back_up(&system, file, &user(geteuid().as_raw()), Arc::clone(&stop)).await;
    listening.abort();
    match made {
        Ok(whole) => Ok(Maker { made: json(&whole.view())?, by: By::Us(service, Box::new(whole), folder) }),
        Err(error) => {
            service.close().await?;
            Err(if stop.load(Ordering::Relaxed) { Error::Cancelled } else { error.into() })
        }
    }
}

impl Maker {
    /// Says that the file is in its place.
    ///
    /// # Errors
    /// That could not be recorded; the backup is whole and in its place all the same.
    pub async fn kept(self) -> Result<()> {
        match self.by {
            By::Daemon(mut stream) => {
                Frame::new(Kind::Kept, []).write(&mut stream).await.map_err(Error::Admin)?;
                answer(Frame::read(&mut stream).await.ok().flatten()).map(drop)
            }
            By::Us(service, whole, folder) => {
                let system = service.system_caller("backup", Door::Local);
                let kept = service.keep_backup(&system, *whole).await;
                service.close().await?;
                drop(folder);
                kept.map(drop).map_err(Error::from)
            }
        }
    }
}

fn answer(frame: Option<Frame>) -> Result<Value> {
    let frame = frame.ok_or(Error::DaemonGone)?;
    match frame.kind {
        Kind::Answer => serde_json::from_slice(&frame.payload).map_err(|error| Error::Admin(error.into())),
        _ => Err(refusal(&frame)),
    }
}

/// A user's name, or their number where they have none.
fn user(uid: u32) -> String {
    let known = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    known.map_or_else(|| format!("user {uid}"), |user| user.name)
}
