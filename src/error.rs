//! What can go wrong on the daemon's own machine, each with what to do about it, and the exit code it ends in.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// How a command ends, as a shell sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Something failed.
    Failed = 1,
    /// The command line or a setting is wrong.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// It may not be done.
    Forbidden = 4,
    /// It exists already, or somebody else changed it.
    Conflict = 5,
    /// A second factor is needed.
    SecondFactor = 6,
    /// Trying again later helps.
    TryLater = 75,
    /// The program that was to be started cannot be.
    CannotRun = 126,
    /// There is no such program.
    NoProgram = 127,
    /// The person cancelled it.
    Cancelled = 130,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// How a refusal of the core ends a command.
    pub fn of(error: &keyward_keys::Error) -> Self {
        use keyward_keys::Error as Core;
        match error {
            Core::Invalid(_) => Self::Usage,
            Core::NotFound(_) => Self::NotFound,
            Core::Unauthenticated
            | Core::WrongPassword
            | Core::WrongCode
            | Core::Forbidden(_)
            | Core::WrongPassphrase
            | Core::Locked(_)
            | Core::KeyInactive
            | Core::PlanLimit { .. }
            | Core::Registration(_) => Self::Forbidden,
            Core::TotpRequired => Self::SecondFactor,
            Core::Conflict(_) | Core::Stale => Self::Conflict,
            Core::LimitExceeded { .. }
            | Core::BudgetExceeded { .. }
            | Core::TooMany(_)
            | Core::Busy
            | Core::Full => Self::TryLater,
            Core::Internal(_) => Self::Failed,
        }
    }
}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process could not be hardened.
    #[error("this process could not be closed against {what}")]
    Harden {
        /// Against what.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The runtime did not start.
    #[error("the program's threads could not be started")]
    Runtime(#[source] io::Error),
    /// Settings, or a private file.
    #[error(transparent)]
    Settings(#[from] keyward_config::Error),
    /// The data folder.
    #[error("the data folder {} cannot be {doing}; give this user the right to, or name another with --data-dir", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// There is no data folder, and the command needs one.
    #[error("there is no database at {}; start keyward once, or name the right folder with --data-dir", .0.display())]
    NoDatabase(PathBuf),
    /// Another process has the folder.
    #[error("keyward is already running on {}{}; stop it first, or name another folder with --data-dir", .folder.display(), process(*.pid))]
    AlreadyRunning {
        /// The folder.
        folder: PathBuf,
        /// The other process, when it could be asked.
        pid: Option<i32>,
    },
    /// A database without its master key.
    #[error("the master key {} is missing, and the database {} cannot be opened without it; put the key back, nothing was changed", .key.display(), .database.display())]
    MasterKeyMissing {
        /// Where it should be.
        key: PathBuf,
        /// What needs it.
        database: PathBuf,
    },
    /// A file that is no master key.
    #[error("{} is not a master key: 64 hexadecimal digits are expected; put the right file back, nothing was changed", .0.display())]
    NotAMasterKey(PathBuf),
    /// A file of the data folder.
    #[error("{} could not be {doing}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// No random bytes, or another failure of the system's cryptography.
    #[error("the system gave no random bytes")]
    Random,
    /// The core did not open.
    #[error(transparent)]
    Open(#[from] keyward_keys::OpenError),
    /// The SSH host key.
    #[error(transparent)]
    HostKey(#[from] keyward_tui::ssh::HostKeyError),
    /// A door's address.
    #[error(
        "the {door} door cannot listen on {address}; stop what uses it, or set {setting} to another address"
    )]
    Listen {
        /// Which door.
        door: &'static str,
        /// Its setting.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The jobs could not be scheduled.
    #[error("the daemon's jobs could not be scheduled")]
    Jobs(#[source] tokio_cron_scheduler::JobSchedulerError),
    /// The core refused or failed.
    #[error(transparent)]
    Core(#[from] keyward_keys::Error),
    /// The running daemon refused or failed, in its own words.
    #[error("{text}")]
    Daemon {
        /// How the command ends.
        exit: u8,
        /// What it said.
        text: String,
    },
    /// The audit chain does not hold.
    #[error(
        "the audit chain is broken: {fault}; {rest}. Keep this data folder as it is for whoever looks into it, compare with \
        an export or checkpoints from before, and go on with a copy of the folder that verifies"
    )]
    AuditBroken {
        /// The first thing that is wrong.
        fault: String,
        /// What can be read all the same.
        rest: String,
    },
    /// Nothing of the audit chain can be read.
    #[error(
        "no record of the audit chain can be read, from record 1 on: {0}. If the master key is the right one, the file was \
        altered or damaged where everything hangs on it; keep it, and go on with a copy of the data folder that verifies"
    )]
    AuditUnreadable(String),
    /// A name that is taken.
    #[error("{} is there already; give the backup another name, nothing was changed", .0.display())]
    Exists(PathBuf),
    /// A database where there should be none.
    #[error("there is a database at {}; restore into a data folder that has none, nothing was changed", .0.display())]
    DatabaseThere(PathBuf),
    /// A backup that is not as it was written.
    #[error("the backup {} is not whole: {fault}", .file.display())]
    BackupDamaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// The daemon ended while it did something for us.
    #[error("the daemon ended before it was through; nothing was written")]
    DaemonGone,
    /// A backup that the daemon does not know of.
    #[error("the backup is whole and in its place, and could not be recorded as made")]
    NotRecorded(#[source] Box<Error>),
    /// Talking to the running daemon failed.
    #[error("the running daemon could not be asked; see its log")]
    Admin(#[source] io::Error),
    /// No daemon runs on the folder.
    #[error("no daemon runs on {}; start one with keyward serve", .0.display())]
    NotRunning(PathBuf),
    /// The command needs a terminal.
    #[error("{0}")]
    NoTerminal(&'static str),
    /// A secret could not be read.
    #[error("{0}")]
    Secret(&'static str),
    /// The terminal failed.
    #[error("the terminal could not be used")]
    Terminal(#[source] io::Error),
    /// A command line that does not fit together.
    #[error("{0}")]
    Usage(String),
    /// Keys and the variables for them do not go together.
    #[error("{0}")]
    Variables(String),
    /// There is no key to start a command with.
    #[error("there is no active key in this environment that the token was granted; nothing was started")]
    NothingToRunWith,
    /// The server cannot be reached.
    #[error("{server} cannot be reached; nothing was fetched")]
    Unreachable {
        /// The server.
        server: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server is something else.
    #[error("{0} does not answer as a keyward does; set KEYWARD_URL to the server's address")]
    Stranger(String),
    /// Nobody would be trusted.
    #[error(
        "this system has no certificates to trust, so no https server can be; install them, or name a file with SSL_CERT_FILE"
    )]
    NoCertificates,
    /// The TLS library refused its settings.
    #[error("TLS cannot be used")]
    Tls(#[source] rustls::Error),
    /// The command did not start.
    #[error("{program} could not be started")]
    NotStarted {
        /// The program.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// The command could not be waited for.
    #[error("the command could not be waited for")]
    Child(#[source] io::Error),
    /// A table that was handed in.
    #[error("{name}, line {line}: {fault}")]
    Table {
        /// Which.
        name: String,
        /// Where, from 1.
        line: u64,
        /// What is wrong, and what to do.
        fault: String,
    },
    /// The result cannot be written.
    #[error("the result could not be written")]
    Output(#[source] io::Error),
    /// The person cancelled.
    #[error("cancelled")]
    Cancelled,
}

fn process(pid: Option<i32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

impl Error {
    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Settings(keyward_config::Error::Settings(_))
            | Self::NoTerminal(_)
            | Self::Secret(_)
            | Self::Usage(_) => Exit::Usage,
            Self::NoDatabase(_) | Self::NotRunning(_) | Self::NothingToRunWith => Exit::NotFound,
            Self::AlreadyRunning { .. } | Self::Variables(_) | Self::Exists(_) | Self::DatabaseThere(_) => {
                Exit::Conflict
            }
            Self::Unreachable { .. } => Exit::TryLater,
            Self::NotStarted { source, .. } if source.kind() == io::ErrorKind::NotFound => Exit::NoProgram,
            Self::NotStarted { .. } => Exit::CannotRun,
            Self::Core(error) => Exit::of(error),
            Self::Daemon { exit, .. } => {
                [Exit::Usage, Exit::NotFound, Exit::Forbidden, Exit::Conflict, Exit::TryLater]
                    .into_iter()
                    .find(|known| known.code() == *exit)
                    .unwrap_or(Exit::Failed)
            }
            Self::Cancelled => Exit::Cancelled,
            Self::Settings(_)
            | Self::Harden { .. }
            | Self::Runtime(_)
            | Self::Folder { .. }
            | Self::MasterKeyMissing { .. }
            | Self::NotAMasterKey(_)
            | Self::File { .. }
            | Self::Random
            | Self::Open(_)
            | Self::HostKey(_)
            | Self::Listen { .. }
            | Self::Jobs(_)
            | Self::AuditBroken { .. }
            | Self::AuditUnreadable(_)
            | Self::BackupDamaged { .. }
            | Self::DaemonGone
            | Self::NotRecorded(_)
            | Self::Admin(_)
            | Self::Terminal(_)
            | Self::Stranger(_)
            | Self::NoCertificates
            | Self::Tls(_)
            | Self::Child(_)
            | Self::Table { .. }
            | Self::Output(_) => Exit::Failed,
        }
    }
}

/// An error and its causes, one line each cause's once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string does not fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Tells the person, once, on standard error.
pub fn report(error: &Error, json: bool) {
    let text = chain(error);
    if json {
        crate::output::talk(&serde_json::json!({ "error": text, "exit": error.exit().code() }).to_string());
    } else {
        crate::output::talk(&format!("keyward: {text}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_names_each_cause_once() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = Error::Folder { path: "/srv/keys".into(), doing: "made", source };
        let text = chain(&error);
        assert_eq!(text.matches("permission denied").count(), 1, "{text}");
        assert!(text.starts_with("the data folder /srv/keys cannot be made"), "{text}");
    }

    #[test]
    fn a_daemons_own_exit_code_is_kept() {
        let refused = |exit| Error::Daemon { exit, text: String::new() }.exit();
        assert_eq!(refused(5), Exit::Conflict);
        assert_eq!(refused(77), Exit::Failed);
    }
}
