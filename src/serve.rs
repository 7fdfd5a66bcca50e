//! `keyward serve`: starts the daemon, says where it is, and turns signals into a drained end.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use keyward_config::{Config, Environment};
use keyward_keys::Door;
use keyward_keys::crypto::PasswordCost;
use keyward_tui::ssh::Shutdown;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::admin;
use crate::daemon::{Daemon, Listeners};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::ready::ReadyFile;
use crate::{descriptors, output, welcome};

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// It could not start, or did not close its database.
pub async fn serve(config: Config, ready: Option<PathBuf>, json: bool) -> Result<()> {
    let shutdown = on_signals()?;
    descriptors::allow_all();
    keyward_keys::outbound::adopt_orphans();
    // In this order: a second daemon fails before it could disturb the first, and an old ready file is gone before
    // anybody could take it for this start's.
    let folder = claim(&config).await?;
    let ready = ready.map(ReadyFile::clear).transpose()?;
    let listeners = Listeners::bind(&config).await?;
    let daemon = Daemon::open(config, folder, listeners, PasswordCost::default()).await?;
    let system = daemon.service().system_caller("start", Door::Local);
    let code = daemon.service().operator_code(&system).await?;
    let addresses = daemon.addresses();
    let welcome = if json {
        welcome::json(&daemon, code.as_ref()).to_string()
    } else {
        welcome::text(&daemon, code.as_ref(), colours())
    };
    drop(code);
    let running = tokio::spawn(daemon.run(shutdown));
    tracing::info!(ssh = %addresses.ssh, api = %addresses.api, "both doors are open");
    if let Some(ready) = &ready {
        ready.write(addresses)?;
    }
    output::result(&welcome);
    drop(welcome);
    running.await.unwrap_or_else(|error| Err(Error::Runtime(io::Error::other(error))))
}

/// Takes the folder, or says who has it.
async fn claim(config: &Config) -> Result<Folder> {
    match Folder::make(config) {
        Err(Error::AlreadyRunning { folder, .. }) => {
            Err(Error::AlreadyRunning { folder, pid: admin::running_process(config).await })
        }
        folder => folder,
    }
}

/// The first signal drains, the second waits no longer.
pub(crate) fn on_signals() -> Result<Shutdown> {
    let listen = |kind| signal(kind).map_err(Error::Runtime);
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let shutdown = Shutdown::default();
    let told = shutdown.clone();
    tokio::spawn(async move {
        for token in [told.drain, told.now] {
            any(&mut terminate, &mut interrupt, &mut hangup).await;
            token.cancel();
        }
    });
    Ok(shutdown)
}

async fn any(terminate: &mut Signal, interrupt: &mut Signal, hangup: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Whether standard output may carry colours.
pub(crate) fn colours() -> bool {
    let asked_not_to =
        Environment::from_process().is_ok_and(|env| env.get("NO_COLOR").is_some_and(|no| !no.is_empty()));
    io::stdout().is_terminal() && !asked_not_to
}
