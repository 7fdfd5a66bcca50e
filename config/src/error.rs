//! What can be wrong with settings and with private files. Each text says what to do.

use std::fmt;
use std::path::PathBuf;

use crate::origin::Origin;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings are wrong: all that were found.
    #[error("{}", list(.0))]
    Settings(Vec<Fault>),
    /// A file that holds a secret is not kept as it must be.
    #[error("{}: {fault}", .path.display())]
    Private {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: PrivateFault,
    },
    /// A file that holds a secret cannot be read.
    #[error("{} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// One fault of one setting, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where the value came from.
    pub origin: Origin,
    /// What is wrong and what to do.
    pub text: String,
}

impl Fault {
    pub(crate) fn new(origin: Origin, text: impl Into<String>) -> Self {
        Self { origin, text: text.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.text)
    }
}

/// How a file that holds a secret is kept wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateFault {
    /// It is a symbolic link, which others could turn.
    Link,
    /// It is a folder, a pipe or a device.
    NotAFile,
    /// It belongs to another user (the number is theirs).
    Owner(u32),
    /// Others can read or change it (the number is its mode).
    Mode(u32),
    /// It is larger than any key.
    TooLarge,
    /// It is not text.
    NotText,
}

impl fmt::Display for PrivateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("is a symbolic link; name the file itself"),
            Self::NotAFile => f.write_str("is not a regular file; name a file"),
            Self::Owner(uid) => {
                write!(f, "belongs to user {uid}; make the user that runs keyward its owner (chown)")
            }
            Self::Mode(mode) => write!(f, "has mode {mode:04o}; allow its owner alone (chmod 600)"),
            Self::TooLarge => f.write_str("is too large to be a key; name the right file"),
            Self::NotText => f.write_str("is not text; name the right file"),
        }
    }
}

fn list(faults: &[Fault]) -> String {
    match faults {
        [fault] => fault.to_string(),
        _ => {
            let lines: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
            format!("{} settings are wrong:{lines}", faults.len())
        }
    }
}
