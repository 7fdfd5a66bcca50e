//! The daemon: arguments, wiring, jobs, and the commands of its own machine. It holds no rules: what may be done is
//! decided in `keyward_keys::Service`, and each door shapes its own answers.
//!
//! | module | |
//! | --- | --- |
//! | [`args`], [`commands`] | the command line, and which function carries a command out |
//! | [`folder`], [`secrets`] | the data folder, its lock, and the keys in it |
//! | [`daemon`] | both doors, the jobs and the admin socket around one `Service`, from start to drained end |
//! | [`jobs`] | what the daemon does by itself, and when |
//! | [`admin`] | the socket through which commands reach a running daemon, and what they may ask there |
//! | [`serve`], [`demo`], [`console`], [`user`], [`verify`], [`mod@backup`], [`token`], [`transfer`], [`recipe`], [`run`], [`backtest`] | the commands that need more than a line |
//! | [`harden`], [`panics`], [`logging`], [`output`], [`error`] | how the process behaves and how it speaks |
//!
//! Tests start the real daemon with [`run`], or with [`Daemon::open`] where they need its addresses.

pub mod admin;
pub mod args;
pub mod backtest;
pub mod backup;
mod browser;
pub mod commands;
pub mod console;
pub mod daemon;
pub mod demo;
mod descriptors;
pub mod error;
pub mod folder;
pub mod harden;
pub mod jobs;
pub mod logging;
mod memory;
pub mod output;
pub mod panics;
pub mod password;
pub mod prices;
pub mod ready;
pub mod recipe;
pub mod run;
pub mod secrets;
pub mod serve;
pub mod token;
pub mod transfer;
pub mod user;
pub mod verify;
pub mod welcome;

use keyward_config::Config;
use keyward_keys::crypto::PasswordCost;

pub use daemon::{Daemon, Listeners};
pub use error::{Error, Exit, Result};
pub use folder::Folder;
pub use keyward_tui::ssh::Shutdown;

/// Runs the daemon on listeners that are bound already, until `shutdown` asks for the end and everything is drained.
///
/// # Errors
/// The folder is in use or unusable, the keys or the database do not open, or the database did not close.
pub async fn run(config: Config, listeners: Listeners, shutdown: Shutdown) -> Result<()> {
    let folder = Folder::make(&config)?;
    Daemon::open(config, folder, listeners, PasswordCost::default()).await?.run(shutdown).await
}
