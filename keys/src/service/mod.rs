//! `Service`: every operation, each taking its caller first. One file per noun; this one opens, holds what they
//! share, and closes. No door's words here, and nothing that a door could use to go round the policy.

mod access;
mod accounts;
mod administration;
mod alerts;
mod announce;
mod anomalies;
mod audit;
mod authn;
mod backups;
mod batch;
mod billing;
mod bin;
mod budgets;
mod bulk;
mod bus;
mod change;
mod client_networks;
mod codes;
mod costs;
mod custody;
mod decoys;
mod deletion;
mod deliveries;
mod email_proof;
mod export;
mod exposure;
mod fetch;
mod fetches;
mod forgotten;
mod frozen;
mod gather;
mod granted;
mod grants;
mod health;
mod held;
mod home;
mod hours;
mod hygiene;
mod import;
mod invitations;
mod invite_mail;
mod jobs;
mod key_networks;
mod keys;
mod layout;
mod list;
mod lockout;
mod mailboxes;
mod making;
mod marks;
mod members;
mod metered;
mod metrics;
mod mirror;
mod monitor;
mod moving;
mod names;
mod notifications;
mod once;
mod opening;
mod options;
mod overview;
mod pace;
mod passwords;
mod patch;
mod period;
mod presence;
mod process;
mod profile;
mod relay;
mod report;
mod rotation;
mod second_factor;
mod series;
mod sessions;
mod shares;
mod ssh_keys;
mod standby;
mod support;
mod teams;
mod text;
mod token_words;
mod tokens;
mod transfer_words;
mod unlock;
mod unlocked;
mod usage;
mod uses;
mod vault;
mod versions;
mod warm;
mod watch;
mod watching;
mod webhooks;
mod what_if;
mod why;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::task::AbortHandle;

use keyward_store::model::{Door, Id};
use keyward_store::usage::Usage;
use keyward_store::{Observer, Redb, Store};

use crate::caller::{Caller, Identity, Origin, UnlockSlot};
use crate::crypto::{
    CheckpointKey, JwtKeys, KdfPool, MarkKey, Passwords, Pepper, Remembered, SystemKeys, VerifiedTokens,
};
use crate::error::Result;
use crate::meters::Meters;
use crate::outbound::Outbound;

pub use alerts::{alert_condition_names, alert_conditions};
pub use audit::{AuditExport, AuditFault, AuditRun, AuditSummary, inspect_audit};
pub use backups::{WholeBackup, inspect_backup};
pub use bus::Subscription;
pub use gather::Gatherer;
pub use health::{Health, StoreHealth};
pub use notifications::NoticeKind;
pub use once::{Begun, Once};
pub use options::{OpenError, Registration, ServiceOptions, ServiceSettings};
pub use presence::Presence;
pub use process::Process;
pub use relay::{People, Relay};
pub use ssh_keys::{fingerprint_text, ssh_fingerprint};
pub use watching::Watching;

pub(crate) use text::harmless;

use audit::AuditDesk;
use backups::BackupDesk;
use bus::Bus;
use decoys::Decoys;
use lockout::{Lockouts, Refusals};
use metered::Metered;
use mirror::Mirror;
use options::{Sealers, sealers, store_of};
use presence::Present;
use rotation::Rotor;
use sessions::LastSeen;
use standby::Standby;
use unlocked::Unlocked;
use warm::WarmLocks;
use watch::Told;

/// Who issues bearer tokens. Those of another instance are signed by another key.
const ISSUER: &str = "keyward";

/// Bearer tokens whose check is remembered, of people and of apps each.
const REMEMBERED_TOKENS: usize = 20_000;

/// The guarded way in. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    store: Redb,
    usage: Usage,
    mirror: Mirror,
    bus: Arc<Bus>,
    audit: Arc<AuditDesk>,
    backups: BackupDesk,
    sealers: Sealers,
    meters: Arc<Meters>,
    /// The daemon's jobs are scheduled.
    jobs: AtomicBool,
    /// Those of them that failed when they last ran.
    failing_jobs: Mutex<BTreeSet<&'static str>>,
    settings: ServiceSettings,
    system_keys: SystemKeys,
    pepper: Pepper,
    mark_key: MarkKey,
    passwords: Passwords,
    kdf: KdfPool,
    jwt: JwtKeys,
    verified: VerifiedTokens,
    /// Which service token a text is: its row is still looked up each time.
    known_tokens: Remembered<Id>,
    /// Requests with an `Idempotency-Key` that are under way.
    running: Arc<once::Running>,
    warm: WarmLocks,
    metered: Arc<Metered>,
    unlocked: Unlocked,
    standby: Standby,
    refusals: Refusals,
    rotor: Rotor,
    outbound: Outbound,
    /// What people were told of their keys' limits.
    told: Told,
    /// What keys' months cost so far.
    spent: budgets::Spent,
    /// What was last seen of alerts that hold.
    latest: alerts::Latest,
    latest_budgets: alerts::Latest,
    decoys: Decoys,
    refused: frozen::Refused,
    /// Whoever adds a key to a plan that is nearly full holds this.
    adding: tokio::sync::Mutex<()>,
    /// Whoever reads the usage of many keys does so alone: it takes a core.
    overviews: tokio::sync::Mutex<()>,
    lockouts: Arc<Lockouts>,
    seen: LastSeen,
    present: Present,
    opened: Instant,
    opened_ms: i64,
    /// Tasks that live as long as this does.
    tasks: [AbortHandle; 4],
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Service {
    /// Opens the store and reads what is kept in memory. Must be called on a tokio runtime.
    pub async fn open(options: ServiceOptions) -> std::result::Result<Self, OpenError> {
        Self::open_with(options, false).await
    }

    /// Opens it so that usage is acknowledged without being stored: the baseline that the load benchmark compares
    /// with. The daemon never does this.
    pub async fn open_discarding_usage(options: ServiceOptions) -> std::result::Result<Self, OpenError> {
        Self::open_with(options, true).await
    }

    async fn open_with(options: ServiceOptions, discard_usage: bool) -> std::result::Result<Self, OpenError> {
        let ServiceOptions { path, master_key, settings, password_cost } = options;
        let mirror = Mirror::default();
        let audit = Arc::new(AuditDesk::new(CheckpointKey::new(&*master_key.checkpoint_seed()?)));
        let observer: Observer = {
            let (mirror, audit) = (mirror.clone(), Arc::clone(&audit));
            Box::new(move |changes| {
                mirror.apply(changes);
                audit.saw(changes);
            })
        };
        let failed = |source| OpenError::Store { path: path.clone(), source };
        let (system_keys, pepper) = (master_key.system_keys()?, master_key.pepper()?);
        let mark_key = master_key.mark_key()?;
        let jwt = JwtKeys::new(&*master_key.signing_seed()?, ISSUER)?;
        let sealers = sealers(master_key);
        let mut store_options = store_of(&path, &sealers);
        store_options.observer = Some(observer);
        let meters = Arc::new(Meters::new().map_err(|error| OpenError::Meters(Box::new(error)))?);
        store_options.timing = Some({
            let meters = Arc::clone(&meters);
            Box::new(move |commit| meters.committed(commit))
        });
        store_options.discard_usage = discard_usage;
        let opening = tokio::task::spawn_blocking(move || Redb::open(store_options)).await;
        let store = opening.unwrap_or(Err(keyward_store::Error::Closed)).map_err(failed)?;
        // Once read, these pages are in memory as rows: they are not kept as pages too.
        let rows = store.look().await.map_err(failed)?;
        mirror.fill(&rows).await.map_err(failed)?;
        let backups = BackupDesk::default();
        backups.fill(&rows).await.map_err(failed)?;
        let bus = Bus::new();
        let metered = Arc::new(Metered::default());
        metered.fill(&rows, settings.clock.now_ms()).await.map_err(failed)?;
        drop(rows);
        let (passwords, announced) = (Passwords::new(password_cost)?, store.follow(None));
        let inner = Arc::new_cyclic(|inner| Inner {
            tasks: [
                tokio::spawn(Arc::clone(&bus).publish_usage()).abort_handle(),
                tokio::spawn(Arc::clone(&bus).publish_announced(announced)).abort_handle(),
                tokio::spawn(metered::write(inner.clone(), Arc::clone(&metered))).abort_handle(),
                tokio::spawn(standby::settle_when_stirred(inner.clone(), Arc::clone(mirror.stirred())))
                    .abort_handle(),
            ],
            usage: store.usage().clone(),
            store,
            mirror,
            bus,
            audit,
            backups,
            sealers,
            meters,
            jobs: AtomicBool::new(false),
            failing_jobs: Mutex::default(),
            system_keys,
            pepper,
            mark_key,
            passwords,
            kdf: KdfPool::for_this_machine(),
            jwt,
            verified: VerifiedTokens::new(REMEMBERED_TOKENS),
            known_tokens: Remembered::new(REMEMBERED_TOKENS),
            opened_ms: settings.clock.now_ms(),
            outbound: Outbound::new(settings.outbound.clone(), settings.clock.clone()),
            settings,
            running: Arc::default(),
            warm: WarmLocks::default(),
            metered,
            unlocked: Unlocked::default(),
            standby: Standby::default(),
            refusals: Refusals::default(),
            rotor: Rotor::default(),
            told: Told::default(),
            spent: budgets::Spent::default(),
            latest: alerts::Latest::default(),
            latest_budgets: alerts::Latest::default(),
            decoys: Decoys::default(),
            refused: frozen::Refused::default(),
            adding: tokio::sync::Mutex::default(),
            overviews: tokio::sync::Mutex::default(),
            lockouts: Arc::default(),
            seen: LastSeen::default(),
            present: Present::default(),
            opened: Instant::now(),
        });
        let service = Self(inner);
        // Whoever had the file before may have been killed in the middle of a rotation.
        service.0.outbound.end_leftovers().await;
        service.spread_missed();
        Ok(service)
    }

    /// Writes out what is queued and closes the file. Whatever is asked for afterwards fails.
    pub async fn close(&self) -> Result<()> {
        if let Err(error) = self.write_metered().await {
            tracing::warn!(%error, "what was counted in the last second was not written");
        }
        let service = self.clone();
        let closed = tokio::task::spawn_blocking(move || service.0.store.close()).await;
        closed.map_err(|error| crate::Error::Internal(Box::new(error)))
    }

    /// The daemon itself, for a job or for a command on its own machine.
    pub fn system_caller(&self, job: &'static str, door: Door) -> Caller {
        Caller {
            identity: Identity::System(job),
            origin: Origin { door, address: None, request: None },
            credential: None,
            presence: None,
            epoch: 0,
            token: None,
            unlock: UnlockSlot::default(),
            once: None,
        }
    }

    fn store(&self) -> &Redb {
        &self.0.store
    }

    fn mirror(&self) -> &Mirror {
        &self.0.mirror
    }

    fn bus(&self) -> &Arc<Bus> {
        &self.0.bus
    }

    fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    fn lockouts(&self) -> &Lockouts {
        &self.0.lockouts
    }

    fn now_ms(&self) -> i64 {
        self.0.settings.clock.now_ms()
    }
}
