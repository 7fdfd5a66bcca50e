//! Opening and sealing: how a key's value gets in, and how a person gets it out. A value leaves only here and in
//! `fetch`, and only after the record of it is durable.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::Store;
use keyward_store::model::{
    ApiKey, Custody, Environment, Holder, Id, Lock, LockTarget, ValueMark, Version, label,
};

use crate::caller::Caller;
use crate::crypto::{self, Iterations, PrivateKey, PublicKey, SecretBytes};
use crate::error::{Error, Locked, Result};
use crate::input::{KeyRef, NewKey, Reveal};
use crate::policy::Permission;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::decoys::Touch;
use crate::service::mirror::Tables;
use crate::service::text::Faults;
use crate::service::{Service, granted, vault};
use crate::view::Revealed;

/// The longest value, in bytes.
const LONGEST_VALUE: usize = 64 * 1024;

/// A new key's sealed parts, ready to be stored.
pub(crate) struct SealedKey {
    pub(crate) public_key: [u8; 32],
    version: Vec<u8>,
    /// Of the value, where one is kept.
    mark: Option<[u8; 16]>,
    lock: NewLock,
}

/// What opens a key's private half from now on.
pub(crate) enum NewLock {
    /// Its own passphrase, which has locked it already: that is slow.
    Passphrase(Vec<u8>),
    /// The daemon, which has a lock already.
    System(Vec<u8>),
    /// The space's pair as it is when the lock is stored.
    Space(PrivateKey),
}

/// Where a key is: what decides who gets a lock on it.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) api_key: Id,
    pub(crate) space: Id,
    pub(crate) environment: Environment,
}

impl NewLock {
    pub(crate) fn custody(&self) -> Custody {
        match self {
            Self::Passphrase(_) => Custody::Private,
            Self::System(_) => Custody::Automation,
            Self::Space(_) => Custody::Sealed,
        }
    }

    /// Adds the lock to a draft. Answers the generation of the space's pair that it is for; 0 when it is for none.
    pub(crate) fn store(&self, tables: &Tables, draft: &mut Draft, place: Place) -> Result<u32> {
        let Place { api_key, space, .. } = place;
        let target = LockTarget::ApiKey(api_key);
        let (holder, sealed, generation) = match self {
            Self::Passphrase(sealed) => (Holder::Passphrase(api_key), sealed.clone(), 0),
            Self::System(sealed) => (Holder::System, sealed.clone(), 0),
            Self::Space(private) => {
                let row = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
                let key = vault::space_key(tables, draft, row)?;
                let holder = Holder::Space(space);
                let public = PublicKey(key.public_key);
                granted::lock_for_environment(tables, draft, private, place)?;
                (holder, crypto::lock_to_public(private, target, holder, &public)?, key.generation)
            }
        };
        draft.batch.create(&Lock { target, holder, sealed, created_ms: draft.now_ms })?;
        Ok(generation)
    }
}

impl SealedKey {
    pub(crate) fn custody(&self) -> Custody {
        self.lock.custody()
    }

    /// Adds the first version and the first lock to a draft; answers like [`NewLock::store`].
    pub(crate) fn store(&self, tables: &Tables, draft: &mut Draft, place: Place, account: Id) -> Result<u32> {
        draft.batch.create(&Version {
            api_key: place.api_key,
            number: 1,
            labels: label::CURRENT,
            sealed: self.version.clone(),
            created_by: account,
            created_ms: draft.now_ms,
        })?;
        if let Some(mark) = self.mark {
            draft.put(&ValueMark { api_key: place.api_key, version: 1, mark })?;
        }
        self.lock.store(tables, draft, place)
    }
}

pub(crate) fn check_value(faults: &mut Faults, value: &SecretString) {
    let length = value.expose_secret().len();
    if length == 0 {
        faults.add("apiKey", "is empty; give the value to keep");
    } else if length > LONGEST_VALUE {
        faults.add("apiKey", format!("has {length} bytes; {LONGEST_VALUE} is the most"));
    }
}

pub(crate) fn check_passphrase(faults: &mut Faults, passphrase: &SecretString) {
    let passphrase = passphrase.expose_secret();
    if passphrase.chars().count() < 8 {
        faults.add("passphrase", "needs at least 8 characters");
    } else if passphrase.len() > 1024 {
        faults.add("passphrase", "is longer than 1024 bytes");
    }
}

impl Service {
    /// Makes a key pair, seals the value to its public half and locks its private half, for a key of this space.
    pub(crate) async fn seal_new_key(
        &self,
        account: Id,
        id: Id,
        space: Id,
        new: &NewKey,
    ) -> Result<SealedKey> {
        let private = PrivateKey::generate()?;
        let public = private.public();
        let value = new.value.expose_secret().as_bytes();
        let version = crypto::seal_version(&public, id, 1, value)?;
        let custody = match (new.custody, &new.passphrase) {
            (Some(custody), _) => custody,
            (None, Some(_)) => Custody::Private,
            (None, None) if self.has_own_key(account) => Custody::Sealed,
            (None, None) => Custody::Automation,
        };
        let lock = self.new_lock(id, private, custody, new.passphrase.clone()).await?;
        let mark = (custody == Custody::Automation).then(|| self.0.mark_key.mark(space, value));
        Ok(SealedKey { public_key: public.0, version, mark, lock })
    }

    /// Locks a key's private half for a custody; `private` needs a passphrase.
    pub(crate) async fn new_lock(
        &self,
        id: Id,
        private: PrivateKey,
        custody: Custody,
        passphrase: Option<SecretString>,
    ) -> Result<NewLock> {
        let target = LockTarget::ApiKey(id);
        Ok(match custody {
            Custody::Private => {
                let passphrase = passphrase.ok_or(Error::Locked(Locked::Private))?;
                let lock = move || {
                    crypto::lock_with_passphrase(&private, target, id, &passphrase, Iterations::RECOMMENDED)
                };
                NewLock::Passphrase(self.0.kdf.run(lock).await??)
            }
            Custody::Automation => {
                NewLock::System(crypto::lock_to_system(&private, target, &self.0.system_keys)?)
            }
            Custody::Sealed => NewLock::Space(private),
        })
    }

    /// Whether this person has a key of their own, to which something can be sealed.
    fn has_own_key(&self, account: Id) -> bool {
        self.mirror().read().accounts.get(&account).is_some_and(|row| row.record.public_key.is_some())
    }

    /// Opens a value for a person. The record of it is durable before the value is returned.
    pub async fn reveal(&self, caller: &Caller, key: &KeyRef, how: Reveal) -> Result<Revealed> {
        let id = self.resolve(caller, key)?;
        let mut faults = Faults::default();
        let reason = how.reason.map(|reason| faults.line("reason", &reason, 1, 200));
        faults.check()?;
        let target = Target::Key(id);
        let row = match self.key_row(caller, Permission::KeyReveal, id) {
            Ok(row) => row,
            Err(refused) => {
                self.record_refusal(caller.identity, caller.origin, Permission::KeyReveal, target).await;
                return Err(refused);
            }
        };
        self.touch(caller, &row.record, Touch::Revealed);
        let number = how.version.unwrap_or(row.record.current_version);
        let version = self.version(id, number).await?;
        let private = match self.opener(caller, how.passphrase).key(&row.record).await {
            Err(Error::WrongPassphrase) => {
                self.record_refusal(caller.identity, caller.origin, Permission::KeyReveal, target).await;
                return Err(Error::WrongPassphrase);
            }
            other => other?,
        };
        let public = PublicKey(row.record.public_key);
        let value = crypto::open_version(&private, &public, id, number, &version.record.sealed)?;
        self.change(caller, Permission::KeyReveal, target, |tables, draft| {
            let now = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
            draft.object = Some(id);
            draft.space = Some(now.record.space);
            draft.detail = match &reason {
                Some(reason) => format!("version {number}: {reason}"),
                None => format!("version {number}"),
            };
            draft.batch.require(now);
            Ok(())
        })
        .await?;
        revealed(&row.record, number, &value)
    }

    pub(crate) async fn version(&self, api_key: Id, number: u32) -> Result<Row<Version>> {
        let key = [api_key.as_bytes().as_slice(), &number.to_be_bytes()].concat();
        let snapshot = self.store().snapshot().await?;
        Row::get(&snapshot, &key).await?.ok_or(Error::NotFound("version"))
    }

    pub(crate) async fn lock_row(&self, target: LockTarget, holder: Holder) -> Result<Option<Row<Lock>>> {
        let snapshot = self.store().snapshot().await?;
        Ok(Row::get(&snapshot, &Lock::row_key(target, holder)).await?)
    }
}

fn revealed(key: &ApiKey, version: u32, value: &SecretBytes) -> Result<Revealed> {
    Ok(Revealed { value: value.to_text()?, version, name: key.name.clone(), environment: key.environment })
}
