//! Section `store`: where the records are.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::DataDir;

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Engine and place.
    pub url: StoreUrl,
}

/// An engine and where it keeps its records: `redb:` and a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreUrl {
    file: PathBuf,
}

impl StoreUrl {
    /// The database file; a relative one is in the data folder.
    #[must_use]
    pub fn file(&self, data_dir: &DataDir) -> PathBuf {
        data_dir.join(&self.file)
    }
}

impl TryFrom<String> for StoreUrl {
    type Error = &'static str;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        match url.strip_prefix("redb:") {
            Some(file) if Path::new(file).file_name().is_some() => Ok(Self { file: file.into() }),
            Some(_) => Err("a file is needed after redb:, as in redb:keyward.redb"),
            None => Err("the only engine is redb, as in redb:keyward.redb"),
        }
    }
}

impl From<StoreUrl> for String {
    fn from(url: StoreUrl) -> Self {
        format!("redb:{}", url.file.display())
    }
}
