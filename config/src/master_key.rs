//! Section `master_key`: where the master key is. It must not hold the key.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DataDir;

/// Where the master key is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MasterKey {
    /// The key file; relative to the data folder unless absolute.
    pub file: PathBuf,
    /// The systemd credential that is used instead when it is there.
    pub credential: String,
}

/// The one place the master key is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// A systemd credential that exists. Nothing may be written there.
    Credential(PathBuf),
    /// The key file, whether or not it exists yet.
    File(PathBuf),
}

impl MasterKeySource {
    /// The path of the credential or the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Credential(path) | Self::File(path) => path,
        }
    }
}

impl MasterKey {
    pub(crate) fn source(&self, data_dir: &DataDir, credentials: Option<&Path>) -> MasterKeySource {
        if let Some(folder) = credentials {
            let path = folder.join(&self.credential);
            // An empty name would be the folder itself.
            if !self.credential.is_empty() && path.exists() {
                return MasterKeySource::Credential(path);
            }
        }
        MasterKeySource::File(data_dir.join(&self.file))
    }
}
