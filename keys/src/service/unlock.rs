//! The unlock passphrase: it makes a person's own key pair, and opens it for a while. Which keys that leads to is
//! `opening`'s; what waits for somebody to unlock is done by `grants`.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::model::{Account, Holder, Id, Lock, LockTarget};

use crate::caller::Caller;
use crate::crypto::{self, Iterations, PrivateKey, PublicKey, UnlockToken};
use crate::error::{Error, Locked, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::text::Faults;
use crate::service::unlocked::{IDLE_MS, Whose};
use crate::view::IssuedUnlock;

impl Service {
    /// Sets the caller's unlock passphrase. The first makes their key pair; a later one needs the one before, and
    /// locks the same key again. Whatever was unlocked is locked.
    pub async fn set_passphrase(
        &self,
        caller: &Caller,
        new: SecretString,
        old: Option<SecretString>,
    ) -> Result<()> {
        let account = caller.person()?;
        let public = self.account_public_key(caller, Permission::AccountChange)?;
        let mut faults = Faults::default();
        super::custody::check_passphrase(&mut faults, &new);
        match (public, &old) {
            (Some(_), None) => faults.add("old", "is missing: give the passphrase that is replaced"),
            (None, Some(_)) => faults.add("old", "there is no unlock passphrase yet; leave this out"),
            _ => {}
        }
        faults.check()?;
        let target = LockTarget::Account(account);
        let before = self.lock_row(target, Holder::Passphrase(account)).await?;
        let private = match (public, old) {
            (Some(public), Some(old)) => self.open_account_key(caller, account, public, old).await?,
            _ => PrivateKey::generate()?,
        };
        let public_key = private.public().0;
        let sealed = self.seal_own_key(account, private, new).await?;
        self.change(caller, Permission::AccountChange, Target::Account(account), |tables, draft| {
            let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
            if row.record.public_key.map(PublicKey) != public {
                return Err(Error::Stale);
            }
            draft.object = Some(account);
            draft.detail = "unlock passphrase".to_owned();
            write_own_lock(draft, before.as_ref(), account, &sealed)?;
            draft.batch.replace(row, &Account { public_key: Some(public_key), ..row.record.clone() })?;
            draft.events.push(Event::AccountChanged { account });
            Ok(())
        })
        .await?;
        caller.unlock.set(None);
        self.forget_unlocks(account);
        Ok(())
    }

    /// Locks a person's own key with their unlock passphrase.
    pub(crate) async fn seal_own_key(
        &self,
        account: Id,
        private: PrivateKey,
        passphrase: SecretString,
    ) -> Result<Vec<u8>> {
        let target = LockTarget::Account(account);
        let lock = move || {
            crypto::lock_with_passphrase(&private, target, account, &passphrase, Iterations::RECOMMENDED)
        };
        Ok(self.0.kdf.run(lock).await??)
    }

    /// Opens the caller's own key for a while. The token in the answer stands for it; the caller and its clones hold
    /// it already.
    pub async fn unlock(&self, caller: &Caller, passphrase: SecretString) -> Result<IssuedUnlock> {
        let account = caller.person()?;
        let public = self.account_public_key(caller, Permission::AccountUnlock)?;
        let public = public
            .ok_or_else(|| Error::Conflict("there is no unlock passphrase yet; set one first".to_owned()))?;
        let private = self.open_account_key(caller, account, public, passphrase).await?;
        self.change(caller, Permission::AccountUnlock, Target::Account(account), |_, draft| {
            draft.object = Some(account);
            Ok(())
        })
        .await?;
        let token = UnlockToken::generate()?;
        let wrapped = token.wrap(account, &private)?;
        self.forget_unlocked(caller, account);
        let whose = Whose { account, credential: caller.credential };
        self.0.unlocked.put(token.name(), whose, wrapped, self.now_ms());
        caller.unlock.set(Some(token.text()));
        self.0.standby.add(caller);
        self.settle_for_a_moment(caller, account, private).await;
        Ok(IssuedUnlock { unlock: token.text(), expires_in: IDLE_MS.unsigned_abs() / 1000 })
    }

    /// Forgets the key that the caller's unlock token stands for; without one, all that were opened in this session.
    pub async fn lock_again(&self, caller: &Caller) -> Result<()> {
        let account = caller.person()?;
        authorise(&self.mirror().read(), caller, Permission::AccountUnlock, Target::Account(account), None)?;
        self.forget_unlocked(caller, account);
        Ok(())
    }

    fn forget_unlocked(&self, caller: &Caller, account: Id) {
        let held = caller.unlock.get().and_then(|text| UnlockToken::parse(text.expose_secret()).ok());
        let mine = Whose { account, credential: caller.credential };
        let held = held.map(|token| token.name());
        self.0.unlocked.forget(|name, whose| *whose == mine && held.is_none_or(|held| held == *name));
        caller.unlock.set(None);
    }

    /// The caller's own key: with the passphrase when one is given, else as far as they are unlocked.
    pub(crate) async fn account_key(
        &self,
        caller: &Caller,
        passphrase: Option<SecretString>,
    ) -> Result<PrivateKey> {
        let account = caller.person()?;
        let public = self.account_public_key(caller, Permission::AccountUnlock)?;
        let public = public.ok_or(Error::Locked(Locked::NoPassphrase))?;
        if let Some(private) = self.unlocked_key(caller, account)? {
            return if private.matches(&public) { Ok(private) } else { Err(crypto::Error::Refused.into()) };
        }
        let passphrase = passphrase.ok_or(Error::Locked(Locked::Sealed))?;
        self.open_account_key(caller, account, public, passphrase).await
    }

    fn unlocked_key(&self, caller: &Caller, account: Id) -> Result<Option<PrivateKey>> {
        let Some((token, whose)) = held(caller, account) else { return Ok(None) };
        opened(&token, account, self.0.unlocked.get(&token.name(), whose, self.now_ms()))
    }

    /// The same, without that it counts as a use.
    pub(crate) fn peek_unlocked(&self, caller: &Caller, account: Id) -> Result<Option<PrivateKey>> {
        let Some((token, whose)) = held(caller, account) else { return Ok(None) };
        opened(&token, account, self.0.unlocked.peek(&token.name(), whose, self.now_ms()))
    }

    fn account_public_key(&self, caller: &Caller, permission: Permission) -> Result<Option<PublicKey>> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, permission, Target::Account(account), None)?;
        let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
        Ok(row.record.public_key.map(PublicKey))
    }

    /// Opens an account's key with its passphrase; a wrong one is recorded.
    async fn open_account_key(
        &self,
        caller: &Caller,
        account: Id,
        public: PublicKey,
        passphrase: SecretString,
    ) -> Result<PrivateKey> {
        let target = LockTarget::Account(account);
        let lock = self.lock_row(target, Holder::Passphrase(account)).await?;
        let lock = lock.ok_or(crypto::Error::Refused)?.record;
        let open = move || crypto::unlock_with_passphrase(&lock.sealed, target, account, &passphrase);
        let private = match self.0.kdf.run(open).await? {
            Ok(private) => private,
            Err(crypto::Error::Refused) => {
                let what = (Permission::AccountUnlock, Target::Account(account));
                self.record_refusal(caller.identity, caller.origin, what.0, what.1).await;
                return Err(Error::WrongPassphrase);
            }
            Err(other) => return Err(other.into()),
        };
        if private.matches(&public) { Ok(private) } else { Err(crypto::Error::Refused.into()) }
    }
}

/// The unlock token that a caller holds, and as whose.
fn held(caller: &Caller, account: Id) -> Option<(UnlockToken, Whose)> {
    let token = UnlockToken::parse(caller.unlock.get()?.expose_secret()).ok()?;
    Some((token, Whose { account, credential: caller.credential }))
}

fn opened(token: &UnlockToken, account: Id, wrapped: Option<Vec<u8>>) -> Result<Option<PrivateKey>> {
    Ok(wrapped.map(|wrapped| token.unwrap(account, &wrapped)).transpose()?)
}

/// Writes a person's lock on their own key in place of the one before.
pub(crate) fn write_own_lock(
    draft: &mut Draft,
    before: Option<&Row<Lock>>,
    account: Id,
    sealed: &[u8],
) -> Result<()> {
    let (target, holder) = (LockTarget::Account(account), Holder::Passphrase(account));
    let lock = Lock { target, holder, sealed: sealed.to_vec(), created_ms: draft.now_ms };
    match before {
        Some(before) => draft.batch.replace(before, &lock)?,
        None => draft.batch.create(&lock)?,
    };
    Ok(())
}
