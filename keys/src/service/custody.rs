//! Opening and sealing: how a key's value gets in, and how a person gets it out. A value leaves only here and in
//! `fetch`, and only after the record of it is durable.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::Store;
use keyward_store::model::{ApiKey, Custody, Holder, Id, Lock, LockTarget, Version, label};

use crate::caller::Caller;
use crate::crypto::{self, Iterations, PrivateKey, PublicKey, SecretBytes};
use crate::error::{Error, Result};
use crate::input::{KeyRef, NewKey, Reveal};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::text::Faults;
use crate::view::Revealed;

/// The longest value, in bytes.
const LONGEST_VALUE: usize = 64 * 1024;

/// A new key's sealed parts, ready to be stored.
pub(crate) struct SealedKey {
    pub(crate) custody: Custody,
    pub(crate) public_key: [u8; 32],
    version: Vec<u8>,
    lock: (Holder, Vec<u8>),
}

impl SealedKey {
    /// Adds the first version and the first lock to a draft.
    pub(crate) fn store(&self, draft: &mut Draft, api_key: Id, account: Id) -> Result<()> {
        draft.batch.create(&Version {
            api_key,
            number: 1,
            labels: label::CURRENT,
            sealed: self.version.clone(),
            created_by: account,
            created_ms: draft.now_ms,
        })?;
        let (holder, sealed) = &self.lock;
        draft.batch.create(&Lock {
            target: LockTarget::ApiKey(api_key),
            holder: *holder,
            sealed: sealed.clone(),
            created_ms: draft.now_ms,
        })?;
        Ok(())
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
    /// Makes a key pair, seals the value to its public half and locks its private half.
    pub(crate) async fn seal_new_key(&self, id: Id, new: &NewKey) -> Result<SealedKey> {
        let private = PrivateKey::generate()?;
        let public = private.public();
        let version = crypto::seal_version(&public, id, 1, new.value.expose_secret().as_bytes())?;
        let target = LockTarget::ApiKey(id);
        let (custody, lock) = match &new.passphrase {
            Some(passphrase) => {
                let passphrase = passphrase.clone();
                let lock = move || {
                    crypto::lock_with_passphrase(&private, target, id, &passphrase, Iterations::RECOMMENDED)
                };
                (Custody::Private, (Holder::Passphrase(id), self.0.kdf.run(lock).await??))
            }
            None => {
                let lock = crypto::lock_to_system(&private, target, &self.0.system_keys)?;
                (Custody::Automation, (Holder::System, lock))
            }
        };
        Ok(SealedKey { custody, public_key: public.0, version, lock })
    }

    /// Opens a value for a person. The record of it is durable before the value is returned.
    pub async fn reveal(&self, caller: &Caller, key: &KeyRef, how: Reveal) -> Result<Revealed> {
        let id = self.resolve(caller, key)?;
        let target = Target::Key(id);
        let row = match self.key_row(caller, Permission::KeyReveal, id) {
            Ok(row) => row,
            Err(refused) => {
                self.record_refusal(caller.identity, caller.origin, Permission::KeyReveal, target).await;
                return Err(refused);
            }
        };
        let number = how.version.unwrap_or(row.record.current_version);
        let version = self.version(id, number).await?;
        let private = match self.private_key_for_person(&row.record, how.passphrase).await {
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
            draft.detail = format!("version {number}");
            draft.batch.require(now);
            Ok(())
        })
        .await?;
        revealed(&row.record, number, &value)
    }

    /// The private half of a key's pair, as far as the daemon or a passphrase opens it.
    pub(crate) async fn private_key_for_person(
        &self,
        key: &ApiKey,
        passphrase: Option<SecretString>,
    ) -> Result<PrivateKey> {
        let target = LockTarget::ApiKey(key.id);
        let private = match key.custody {
            Custody::Automation => {
                let lock = self.lock(target, Holder::System).await?.ok_or(Error::Locked)?;
                crypto::unlock_with_system(&lock.sealed, target, &self.0.system_keys)?
            }
            Custody::Private => {
                let passphrase = passphrase.ok_or(Error::Locked)?;
                let holder = Holder::Passphrase(key.id);
                let lock = self.lock(target, holder).await?.ok_or(Error::Locked)?;
                let id = key.id;
                let open = move || crypto::unlock_with_passphrase(&lock.sealed, target, id, &passphrase);
                self.0.kdf.run(open).await?.map_err(|error| match error {
                    crypto::Error::Refused => Error::WrongPassphrase,
                    other => other.into(),
                })?
            }
            Custody::Sealed => return Err(Error::Locked),
        };
        // A lock could have been put there by somebody else, holding another key.
        if private.matches(&PublicKey(key.public_key)) {
            Ok(private)
        } else {
            Err(crypto::Error::Refused.into())
        }
    }

    pub(crate) async fn version(&self, api_key: Id, number: u32) -> Result<Row<Version>> {
        let key = [api_key.as_bytes().as_slice(), &number.to_be_bytes()].concat();
        let snapshot = self.store().snapshot().await?;
        Row::get(&snapshot, &key).await?.ok_or(Error::NotFound("version"))
    }

    pub(crate) async fn lock(&self, target: LockTarget, holder: Holder) -> Result<Option<Lock>> {
        let snapshot = self.store().snapshot().await?;
        let row = Row::<Lock>::get(&snapshot, &Lock::row_key(target, holder)).await?;
        Ok(row.map(|row| row.record))
    }
}

fn revealed(key: &ApiKey, version: u32, value: &SecretBytes) -> Result<Revealed> {
    Ok(Revealed { value: value.to_text()?, version, name: key.name.clone(), environment: key.environment })
}
