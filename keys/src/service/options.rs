//! What the service is told when it opens, and why it may not. It reads no file: who starts the daemon does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keyward_store::{FileId, OpenOptions, PageSealer, SealerFor};

use crate::clock::Clock;
use crate::crypto::{self, MasterKey, PasswordCost, Sha256Chain};
use crate::outbound::OutboundSettings;
use crate::plans::Plans;
use crate::prices::Prices;
use crate::thresholds::Thresholds;

/// Who may make an account for themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registration {
    /// Anyone.
    Open,
    /// Who has an invitation's code.
    Invite,
    /// Nobody: an operator adds accounts.
    Closed,
}

/// What the service is told once, at its start.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Who may make an account.
    pub registration: Registration,
    /// How long a bearer token is good.
    pub token_lifetime: Duration,
    /// How long a session lives without being refreshed.
    pub refresh_lifetime: Duration,
    /// How long a session lives however often it is refreshed.
    pub session_lifetime: Duration,
    /// Days that raw usage events are kept.
    pub retention_days: u32,
    /// The shares of a month's limit or budget at which people are told.
    pub thresholds: Thresholds,
    /// What each plan allows.
    pub plans: Plans,
    /// What calls cost.
    pub prices: Arc<Prices>,
    /// What calls to the outside are made with.
    pub outbound: OutboundSettings,
    /// Tells the time.
    pub clock: Clock,
}

impl ServiceSettings {
    /// Those of an instance that nobody has set anything of.
    pub fn new(clock: Clock) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        Self {
            registration: Registration::Invite,
            token_lifetime: Duration::from_secs(3_600),
            refresh_lifetime: 30 * DAY,
            session_lifetime: 90 * DAY,
            retention_days: 30,
            thresholds: Thresholds::default(),
            plans: Plans::default(),
            prices: Arc::default(),
            outbound: OutboundSettings::default(),
            clock,
        }
    }
}

/// What it takes to open the service.
pub struct ServiceOptions {
    /// The database file; its folder exists.
    pub path: PathBuf,
    /// The master key.
    pub master_key: MasterKey,
    /// Settings.
    pub settings: ServiceSettings,
    /// What a password hash costs.
    pub password_cost: PasswordCost,
}

/// Why the service did not open. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The store did not open.
    #[error("the database {} did not open", .path.display())]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: keyward_store::Error,
    },
    /// A key could not be made: the system has no randomness to give.
    #[error("a cryptographic key could not be made")]
    Crypto(#[from] crypto::Error),
    /// What is in the store could not be read.
    #[error(transparent)]
    Core(crate::Error),
    /// The counters could not be set up.
    #[error("the metrics could not be set up")]
    Meters(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl OpenError {
    /// It is the file: altered, damaged, or sealed under another master key.
    pub fn is_damage(&self) -> bool {
        use keyward_store::Error as Store;
        match self {
            Self::Store { source, .. } => match source {
                Store::Sealed
                | Store::Foreign
                | Store::Broken(_)
                | Store::Damaged { .. }
                | Store::Io(_)
                | Store::Engine(_)
                | Store::Closed => true,
                Store::InUse(_) | Store::Newer { .. } | Store::Full | Store::Busy => false,
            },
            Self::Core(_) | Self::Crypto(_) | Self::Meters(_) => false,
        }
    }
}

#[cfg(test)]
impl ServiceOptions {
    /// A store of its own in this folder, with passwords that cost next to nothing.
    pub(crate) fn of_a_test(folder: &Path) -> Self {
        Self {
            path: folder.join("keyward.redb"),
            master_key: MasterKey::generate().unwrap(),
            settings: ServiceSettings::new(Clock::system()),
            password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
        }
    }
}

/// Seals files of one instance, each under its own key. It keeps the master key for that: a backup is a new file.
#[derive(Clone)]
pub(super) struct Sealers(Arc<MasterKey>);

/// The sealers of this master key's files.
pub(super) fn sealers(master_key: MasterKey) -> Sealers {
    Sealers(Arc::new(master_key))
}

impl Sealers {
    /// What seals the file that it is told of.
    pub(super) fn for_one(&self) -> SealerFor {
        let Self(master_key) = self.clone();
        Box::new(move |file: &FileId| match master_key.page_sealer(*file) {
            Ok(sealer) => Ok(Arc::new(sealer) as Arc<dyn PageSealer>),
            Err(_) => Err(keyward_store::Error::Sealed),
        })
    }
}

/// The store in a file that these seal.
pub(super) fn store_of(path: &Path, sealers: &Sealers) -> OpenOptions {
    OpenOptions::file(path, sealers.for_one(), Arc::new(Sha256Chain))
}
