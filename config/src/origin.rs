//! Where a value came from, so that every answer and every fault can say it.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The built-in default.
    Default,
    /// A settings file; `line` counts from 1 and is absent when the fault is the whole file's.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// A file that an environment variable names.
    NamedFile {
        /// The variable's name, `_FILE` included.
        name: String,
    },
    /// A systemd credential.
    Credential {
        /// Its name.
        name: String,
    },
    /// A flag.
    Flag {
        /// The setting's name.
        setting: String,
    },
}

impl Origin {
    /// Whether the value is kept apart on purpose and must not be repeated in a message.
    pub(crate) fn is_confidential(&self) -> bool {
        matches!(self, Self::NamedFile { .. } | Self::Credential { .. })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Environment { name } | Self::NamedFile { name } => write!(f, "environment {name}"),
            Self::Credential { name } => write!(f, "credential {name}"),
            Self::Flag { setting } => write!(f, "flag for {setting}"),
        }
    }
}
