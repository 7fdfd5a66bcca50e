//! What can go wrong in the store. Public text says what to do; the cause is kept as `source`, not repeated.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the store. Engines translate their own errors into these; none of their types leave.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the file.
    #[error("{} is in use by another process; stop it first", .0.display())]
    InUse(PathBuf),
    /// The file was written by a later program.
    #[error("the database has schema {found}, this program knows up to {known}; install a newer keyward")]
    Newer {
        /// The schema number in the file.
        found: u32,
        /// The highest schema number this program knows.
        known: u32,
    },
    /// The file does not open under the given key, or it was altered.
    #[error(
        "the database does not open with this master key, or it was altered; put the right master key in place"
    )]
    Sealed,
    /// There is a file, but not one of ours.
    #[error("the file is not a keyward database; move it away or choose another data folder")]
    Foreign,
    /// The file ends too early, or what it holds contradicts itself.
    #[error(
        "the database file is damaged, or a part of it is missing; put the whole file back, or restore a backup"
    )]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The disk is full.
    #[error("the disk is full; free some space, nothing already acknowledged is lost")]
    Full,
    /// Too much is waiting to be written.
    #[error("too many writes are waiting; try again in a moment")]
    Busy,
    /// The store has been closed, or its writer has stopped after a failure.
    #[error("the store is closed")]
    Closed,
    /// A row does not decode: the file is damaged, or a migration is missing.
    #[error("a row of table {table} is damaged")]
    Damaged {
        /// The table's name.
        table: &'static str,
    },
    /// Reading or writing failed.
    #[error("the database could not be read or written")]
    Io(#[source] std::io::Error),
    /// The engine refused for a reason of its own.
    #[error("the database engine failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The same failure for another caller who waited for the same commit.
    pub(crate) fn share(&self) -> Self {
        match self {
            Self::InUse(path) => Self::InUse(path.clone()),
            Self::Newer { found, known } => Self::Newer { found: *found, known: *known },
            Self::Sealed => Self::Sealed,
            Self::Foreign => Self::Foreign,
            Self::Broken(error) => Self::Broken(error.to_string().into()),
            Self::Full => Self::Full,
            Self::Busy => Self::Busy,
            Self::Closed => Self::Closed,
            Self::Damaged { table } => Self::Damaged { table },
            Self::Io(error) => Self::Io(io::Error::new(error.kind(), error.to_string())),
            Self::Engine(error) => Self::Engine(error.to_string().into()),
        }
    }

    /// Tells a full disk from every other failure of reading or writing.
    pub(crate) fn from_io(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A check did not hold: read again and decide again.
    #[error("the rows changed meanwhile")]
    Conflict,
    /// The lease was taken by somebody else: stop.
    #[error("the lease was lost")]
    Fenced,
    /// The store failed; nothing of the batch was applied.
    #[error(transparent)]
    Store(#[from] Error),
}
