//! The data folder and the names of the files in it. It must not touch the disk.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folder with the database and the keys. Relative to the working folder unless absolute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PathBuf", into = "PathBuf")]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path in the folder; an absolute `path` stays as it is.
    #[must_use]
    pub fn join(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join(path)
    }

    /// The settings file that is read unless `--config` names another.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.0.join("keyward.toml")
    }

    /// The file that says what each plan allows, over the defaults.
    #[must_use]
    pub fn plans_file(&self) -> PathBuf {
        self.0.join("plans.toml")
    }

    /// The operator's own prices, before those in the program.
    #[must_use]
    pub fn prices_file(&self) -> PathBuf {
        self.0.join("prices.toml")
    }

    /// The SSH host key, in OpenSSH's private key format.
    #[must_use]
    pub fn host_key(&self) -> PathBuf {
        self.0.join("ssh_host_ed25519_key")
    }

    /// The socket through which the command line reaches a running daemon.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        self.0.join("admin.sock")
    }
}

impl TryFrom<PathBuf> for DataDir {
    type Error = &'static str;

    fn try_from(path: PathBuf) -> Result<Self, Self::Error> {
        if path.as_os_str().is_empty() {
            Err("a folder is needed, `.` is the working folder")
        } else {
            Ok(Self(path))
        }
    }
}

impl From<DataDir> for PathBuf {
    fn from(dir: DataDir) -> Self {
        dir.0
    }
}
