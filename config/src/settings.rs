//! `Config`, all sections together, and the one call that makes it. It must not know how a layer is read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::master_key::MasterKeySource;
use crate::show::Shown;
use crate::{
    Api, Auth, DataDir, Environment, Limits, Log, MasterKey, Origin, Outbound, Plans, SecretText, Smtp, Ssh,
    Store, Usage, layers, private,
};

/// Settings given as flags: the setting's name (`ssh.listen`) and its value as text, in the order given.
pub type Overrides = Vec<(String, String)>;

/// Where settings come from besides the built-in defaults.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    /// The process environment, or a test's.
    pub environment: Environment,
    /// `--config FILE`; without it `keyward.toml` in the data folder is read if it is there.
    pub config_file: Option<PathBuf>,
    /// Flags.
    pub overrides: Overrides,
}

/// All settings, checked. One field per section of `default.toml`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The folder with the database and the keys.
    pub data_dir: DataDir,
    /// Where the master key is.
    pub master_key: MasterKey,
    /// The SSH door.
    pub ssh: Ssh,
    /// The HTTP door.
    pub api: Api,
    /// Accounts and logins.
    pub auth: Auth,
    /// Where the records are.
    pub store: Store,
    /// Usage events.
    pub usage: Usage,
    /// What the daemon may call.
    pub outbound: Outbound,
    /// The mail server.
    pub smtp: Smtp,
    /// How much anyone may do.
    pub limits: Limits,
    /// What is logged, and how.
    pub log: Log,
    /// What each plan allows, from a file of its own.
    #[serde(skip)]
    pub plans: Plans,
    #[serde(skip)]
    pub(crate) origins: BTreeMap<String, Origin>,
    #[serde(skip)]
    pub(crate) credentials: Option<PathBuf>,
}

impl Config {
    /// Reads all layers and checks them.
    ///
    /// # Errors
    /// Every fault found, together: unknown names, values that do not fit, unreadable files.
    pub fn load(sources: &Sources) -> Result<Self> {
        layers::load(sources)
    }

    /// What is wrong with settings that are right by themselves, with the one to change.
    pub(crate) fn faults(&self) -> Vec<(&'static str, &'static str)> {
        self.smtp.faults()
    }

    /// Where the master key would be read from: a systemd credential if there is one, else the file.
    #[must_use]
    pub fn master_key_source(&self) -> MasterKeySource {
        self.master_key.source(&self.data_dir, self.credentials.as_deref())
    }

    /// The master key's text without its final newline, or `None` when there is none yet.
    ///
    /// # Errors
    /// The file is a link, somebody else's, open to others, or unreadable. It is never changed.
    pub fn read_master_key(&self) -> Result<Option<SecretText>> {
        match self.master_key_source() {
            MasterKeySource::Credential(path) => private::read_credential(&path).map(Some),
            MasterKeySource::File(path) => private::read_private(&path),
        }
    }

    /// The settings in force with the origin of each, for people and programs.
    #[must_use]
    pub fn show(&self) -> Shown {
        Shown::new(self)
    }
}
