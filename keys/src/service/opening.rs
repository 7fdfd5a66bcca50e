//! The way to an API key's private half, for a person: the daemon's own lock, a passphrase, or the person's key, then
//! the space's, then the key's. What was opened on the way is kept for the next key, and wiped with the opener.

use std::collections::HashMap;

use secrecy::SecretString;

use keyward_store::model::{ApiKey, Custody, Holder, Id, LockTarget};

use crate::caller::Caller;
use crate::crypto::{self, PrivateKey, PublicKey, SecretBytes};
use crate::error::{Error, Locked, Result};
use crate::service::Service;
use crate::service::mirror::Tables;
use crate::service::vault;

/// Opens API keys for one person, for as long as one operation takes.
pub(crate) struct Opener<'a> {
    service: &'a Service,
    caller: &'a Caller,
    /// The passphrase of private keys; where the caller is not unlocked, the unlock passphrase.
    passphrase: Option<SecretString>,
    account: Option<PrivateKey>,
    /// The passphrase was tried on the caller's own key: that is slow, and not done again for the next key.
    tried: bool,
    /// By space and generation.
    spaces: HashMap<(Id, u32), PrivateKey>,
}

impl Service {
    /// An opener for what this caller may open; that they may is for the operation to ask.
    pub(crate) fn opener<'a>(&'a self, caller: &'a Caller, passphrase: Option<SecretString>) -> Opener<'a> {
        Opener { service: self, caller, passphrase, account: None, tried: false, spaces: HashMap::new() }
    }
}

impl Opener<'_> {
    /// The private half of a key's pair.
    pub(crate) async fn key(&mut self, key: &ApiKey) -> Result<PrivateKey> {
        let private = match key.custody {
            Custody::Automation => return self.service.open_by_daemon(key).await,
            Custody::Private => self.by_its_passphrase(key).await?,
            Custody::Sealed => self.by_its_space(key).await?,
        };
        genuine(key, private)
    }

    async fn by_its_passphrase(&self, key: &ApiKey) -> Result<PrivateKey> {
        let (id, target) = (key.id, LockTarget::ApiKey(key.id));
        let passphrase = self.passphrase.clone().ok_or(Error::Locked(Locked::Private))?;
        let lock =
            self.service.lock_row(target, Holder::Passphrase(id)).await?.ok_or(crypto::Error::Refused)?;
        let open = move || crypto::unlock_with_passphrase(&lock.record.sealed, target, id, &passphrase);
        self.service.0.kdf.run(open).await?.map_err(|error| match error {
            crypto::Error::Refused => Error::WrongPassphrase,
            other => other.into(),
        })
    }

    async fn by_its_space(&mut self, key: &ApiKey) -> Result<PrivateKey> {
        if key.space_generation == 0 {
            return Err(Error::Locked(Locked::Lost));
        }
        let (target, holder) = (LockTarget::ApiKey(key.id), Holder::Space(key.space));
        let lock = self.service.lock_row(target, holder).await?.ok_or(crypto::Error::Refused)?;
        let space = self.space(key.space, key.space_generation).await?;
        Ok(crypto::unlock_with_private(&lock.record.sealed, target, holder, space)?)
    }

    /// A space's private key of a generation.
    async fn space(&mut self, space: Id, generation: u32) -> Result<&PrivateKey> {
        let place = (space, generation);
        if !self.spaces.contains_key(&place) {
            let account = self.caller.person()?;
            if self.account.is_none() {
                let passphrase =
                    self.passphrase.clone().filter(|_| !std::mem::replace(&mut self.tried, true));
                self.account = Some(self.service.account_key(self.caller, passphrase).await?);
            }
            let own = self.account.as_ref().ok_or(crypto::Error::Refused)?;
            let opened = self.service.open_space_lock(space, generation, account, own).await?;
            let opened = opened.ok_or_else(|| Error::Locked(self.service.waiting_for(space)))?;
            self.spaces.insert(place, opened);
        }
        self.spaces.get(&place).ok_or(crypto::Error::Refused.into())
    }
}

/// Refuses what is not the key's own: a lock could have been put there by somebody else, holding another key.
fn genuine(key: &ApiKey, private: PrivateKey) -> Result<PrivateKey> {
    if private.matches(&PublicKey(key.public_key)) { Ok(private) } else { Err(crypto::Error::Refused.into()) }
}

impl Service {
    /// The private half of the pair of a key in automation custody.
    pub(crate) async fn open_by_daemon(&self, key: &ApiKey) -> Result<PrivateKey> {
        let target = LockTarget::ApiKey(key.id);
        let lock = self.lock_row(target, Holder::System).await?.ok_or(crypto::Error::Refused)?;
        genuine(key, crypto::unlock_with_system(&lock.record.sealed, target, &self.0.system_keys)?)
    }

    /// A version's value, of a key in automation custody.
    pub(crate) async fn open_version_by_daemon(&self, key: &ApiKey, number: u32) -> Result<SecretBytes> {
        let version = self.version(key.id, number).await?;
        let private = self.open_by_daemon(key).await?;
        let public = PublicKey(key.public_key);
        Ok(crypto::open_version(&private, &public, key.id, number, &version.record.sealed)?)
    }

    /// Who could let somebody in who does not hold a space's key.
    fn waiting_for(&self, space: Id) -> Locked {
        Locked::Waiting(holder_names(&self.mirror().read(), space))
    }
}

/// The names of those who can open all that is sealed to a space.
pub(crate) fn holder_names(tables: &Tables, space: Id) -> Vec<String> {
    let Some(space) = tables.spaces.get(&space) else { return Vec::new() };
    vault::holders(tables, &space.record)
        .filter_map(|member| tables.accounts.get(&member.record.account))
        .filter(|account| account.record.disabled_ms.is_none())
        .map(|account| account.record.name.clone())
        .collect()
}
