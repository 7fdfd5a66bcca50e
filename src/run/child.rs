//! The command itself: becoming it, or starting it and speaking to it. It knows nothing of servers.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::ExitStatus;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use secrecy::ExposeSecret;

use super::{TOKEN, TOKEN_FILE, Values};
use crate::error::{Error, Result};

/// A program and its arguments.
pub(super) struct Command(Vec<OsString>);

impl Command {
    pub(super) fn new(words: Vec<OsString>) -> Self {
        Self(words)
    }

    /// Replaces this process by the command. Returns only when that failed.
    pub(super) fn become_it(&self, values: &Values) -> Error {
        let error = self.prepared(values).exec();
        self.not_started(error)
    }

    /// Starts the command beside this process; `apart` puts it into a process group of its own.
    pub(super) fn start(&self, values: &Values, apart: bool) -> Result<Child> {
        let mut command = self.prepared(values);
        if apart {
            command.process_group(0);
        }
        let child =
            tokio::process::Command::from(command).spawn().map_err(|error| self.not_started(error))?;
        Ok(Child { child, apart })
    }

    /// The command with what it is to have in its environment, and without the token.
    fn prepared(&self, values: &Values) -> std::process::Command {
        let mut words = self.0.iter();
        let mut command = std::process::Command::new(words.next().cloned().unwrap_or_default());
        command.args(words).env_remove(TOKEN).env_remove(TOKEN_FILE);
        for (name, value) in &values.variables {
            command.env(name, value.expose_secret());
        }
        command
    }

    fn not_started(&self, source: io::Error) -> Error {
        let program =
            self.0.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
        Error::NotStarted { program, source }
    }
}

/// The running command.
pub(super) struct Child {
    child: tokio::process::Child,
    apart: bool,
}

impl Child {
    /// Waits for its end. Dropping the future loses nothing.
    pub(super) async fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().await.map_err(Error::Child)
    }

    /// Sends it a signal. One that has just ended hears nothing, which is no failure.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            let _ = kill(pid, signal);
        }
    }

    /// Sends a signal to it and to what it started, as far as those can be told from what is not its.
    pub(super) fn signal_all(&self, signal: Signal) {
        match self.pid() {
            Some(group) if self.apart => {
                let _ = killpg(group, signal);
            }
            _ => self.signal(signal),
        }
    }

    fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw)
    }
}

/// The exit status as a shell would tell it: 128 and the number of the signal that ended it.
pub(super) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// A signal by its name, with or without `SIG`.
pub(super) fn signal_named(name: &str) -> Result<Signal> {
    let upper = name.to_ascii_uppercase();
    let full = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    full.parse().map_err(|_| Error::Usage(format!("--signal {name}: name a signal, such as HUP or USR1")))
}
