//! Who is that? The only place where a [`Caller`] for a person or an app is made. Doors prove possession (a
//! signature, a bearer token); this file decides whose it is, and gives one answer to every wrong proof.

use std::sync::Arc;

use secrecy::SecretString;

use keyward_store::model::{Account, Id, Security, ServiceToken, SshKey};

use crate::caller::{Caller, Identity, Origin, UnlockSlot};
use crate::crypto::{self, ServiceTokenSecret, TextHash};
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::administration::runs;
use crate::service::lockout::{Counted, Verdict};
use crate::service::mirror::{Shared, Tables};
use crate::service::tokens::admits;
use crate::service::uses::has_uses_left;
use crate::service::watch::note_address;

/// What a person proved themselves with.
#[derive(Clone, Copy)]
enum Proof<'a> {
    /// A password, and what came along as second factor.
    Password(Option<&'a SecretString>),
    /// An SSH key, by its row's id.
    SshKey(Id),
}

impl Caller {
    /// A person, proved by an SSH key, a session row or, without a credential, a password.
    pub(crate) fn of_account(account: &Account, origin: Origin, credential: Option<Id>) -> Self {
        Self {
            identity: Identity::Account(account.id),
            origin,
            credential,
            presence: None,
            epoch: account.security.epoch,
            token: None,
            unlock: UnlockSlot::default(),
            once: None,
        }
    }
}

impl Service {
    /// Signs in with a password alone; see [`Self::sign_in_with_code`].
    pub async fn sign_in(&self, origin: Origin, name: &str, password: SecretString) -> Result<Caller> {
        self.sign_in_with_code(origin, name, password, None).await
    }

    /// Signs in with a password and, where the account asks for it, a second factor: [`Error::TotpRequired`] without
    /// one. Unknown person, wrong password and locked account take the same time and get the same answer.
    pub async fn sign_in_with_code(
        &self,
        origin: Origin,
        name: &str,
        password: SecretString,
        code: Option<SecretString>,
    ) -> Result<Caller> {
        let account = self.mirror().read().account_named(name).cloned();
        if self.password_right(origin, name, account.as_ref(), password).await?
            && let Some(row) = account
        {
            let caller = Caller::of_account(&row.record, origin, None);
            self.record_sign_in(&caller, row.record.id, Proof::Password(code.as_ref())).await?;
            self.lockouts().proved(&Counted::Password(row.record.id, origin.address.into()));
            return Ok(caller);
        }
        let target = account.map_or(Target::Instance, |row| Target::Account(row.record.id));
        let who = Identity::System("sign_in");
        self.record_refusal(who, origin, Permission::SessionManage, target).await;
        Err(Error::Unauthenticated)
    }

    /// Whether this is the password of an account that may use one now; a wrong one is counted.
    async fn password_right(
        &self,
        origin: Origin,
        name: &str,
        account: Option<&Shared<Account>>,
        password: SecretString,
    ) -> Result<bool> {
        let source = origin.address.into();
        let counted = match account {
            Some(row) => Counted::Password(row.record.id, source),
            None => Counted::Unknown(name.trim().to_lowercase(), source),
        };
        let usable = account.filter(|row| row.record.disabled_ms.is_none());
        let hash = usable.map(|row| row.record.password.clone());
        Ok(self.judge_password(counted, password, hash).await? == Verdict::Right)
    }

    /// Compares a password with a hash, or with none in the same time; a wrong one is counted.
    pub(crate) async fn judge_password(
        &self,
        counted: Counted,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<Verdict> {
        let (passwords, lockouts) = (self.0.passwords.clone(), Arc::clone(&self.0.lockouts));
        let clock = self.0.settings.clock.clone();
        let check = move || {
            let right = match hash {
                Some(hash) => passwords.verify(&password, &hash)?,
                None => passwords.dummy_verify(&password).map(|()| false)?,
            };
            // Before the place is free for the next, which would else be judged without this one.
            Ok::<_, crypto::Error>(lockouts.judge(&counted, right, clock.now_ms()))
        };
        Ok(self.0.kdf.run(check).await??)
    }

    /// Whether a key that is offered, not yet proven, could sign this person in. A hint: it proves nothing.
    pub fn ssh_key_known(&self, name: &str, fingerprint: &[u8; 32]) -> bool {
        self.ssh_key_of(name, fingerprint).is_some()
    }

    /// Signs in with an SSH key. Call it only once the signature was verified.
    pub async fn sign_in_with_ssh_key(
        &self,
        origin: Origin,
        name: &str,
        fingerprint: &[u8; 32],
    ) -> Result<Caller> {
        let (account, key) = self.ssh_key_of(name, fingerprint).ok_or(Error::Unauthenticated)?;
        let id = account.record.id;
        let caller = Caller::of_account(&account.record, origin, Some(key));
        self.record_sign_in(&caller, id, Proof::SshKey(key)).await?;
        // The key proved the person, so their passwords are accepted again from here.
        self.lockouts().proved(&Counted::Password(id, origin.address.into()));
        Ok(caller)
    }

    /// Signs in with what an `Authorization: Bearer` header carries: a person's token or a service token.
    pub fn sign_in_with_bearer(&self, origin: Origin, bearer: &str) -> Result<Caller> {
        if bearer.starts_with(ServiceTokenSecret::PREFIX) {
            return self.sign_in_with_service_token(origin, bearer);
        }
        let now_ms = self.now_ms();
        let claims =
            self.0.verified.verify(&self.0.jwt, bearer, now_ms).map_err(|_| Error::Unauthenticated)?;
        let tables = self.mirror().read();
        let session = tables.sessions.get(&claims.sid).ok_or(Error::Unauthenticated)?;
        let account = tables.accounts.get(&claims.sub).ok_or(Error::Unauthenticated)?;
        let good = session.record.account == claims.sub
            && session.record.expires_ms > now_ms
            && account.record.disabled_ms.is_none();
        if !good {
            return Err(Error::Unauthenticated);
        }
        self.0.seen.note(claims.sid, now_ms);
        Ok(Caller::of_account(&account.record, origin, Some(claims.sid)))
    }

    /// An account on the daemon's own machine, for the operator's console: whoever may read the admin socket owns
    /// the data anyway.
    pub fn account_caller(&self, system: &Caller, name: &str) -> Result<Caller> {
        let tables = self.mirror().read();
        super::access::authorise(&tables, system, Permission::InstanceRun, Target::Instance, None)?;
        let account = tables.account_named(name).ok_or(Error::NotFound("account"))?;
        if account.record.disabled_ms.is_some() {
            return Err(Error::Conflict("this account is switched off".to_owned()));
        }
        Ok(Caller::of_account(&account.record, system.origin, None))
    }

    /// The operator's account, for a console that names nobody: good when there is exactly one.
    pub fn only_operator(&self, system: &Caller) -> Result<Caller> {
        let tables = self.mirror().read();
        super::access::authorise(&tables, system, Permission::InstanceRun, Target::Instance, None)?;
        let mut operators = tables.accounts.values().filter(|account| runs(&account.record));
        match (operators.next(), operators.next()) {
            (Some(account), None) => Ok(Caller::of_account(&account.record, system.origin, None)),
            (Some(_), Some(_)) => Err(Error::invalid("as", "is needed: there is more than one operator")),
            (None, _) => Err(Error::NotFound("operator yet; add one, or name an account")),
        }
    }

    /// Whether what proved this caller still stands: asked before each use of a long session.
    pub fn still_valid(&self, caller: &Caller) -> bool {
        self.stands(&self.mirror().read(), caller)
    }

    /// The same, for whoever reads the tables anyway.
    pub(crate) fn stands(&self, tables: &Tables, caller: &Caller) -> bool {
        self.proof_stands(tables, caller) && caller.presence.is_none_or(|id| self.0.present.stands(id))
    }

    /// Whether what proved this caller still stands, whatever became of what they opened with it.
    pub(crate) fn proof_stands(&self, tables: &Tables, caller: &Caller) -> bool {
        let kept = |epoch| caller.presence.is_some_and(|id| self.0.present.is_kept(id, epoch));
        self.proof_stands_at(tables, caller, kept)
    }

    /// The same, where `kept` says whether what the caller has open was kept when the account came to an epoch.
    pub(crate) fn proof_stands_at(
        &self,
        tables: &Tables,
        caller: &Caller,
        kept: impl Fn(u32) -> bool,
    ) -> bool {
        match caller.identity {
            Identity::System(_) => true,
            Identity::Token(token) => {
                tables.tokens.get(&token).is_some_and(|token| self.token_stands(tables, &token.record))
            }
            Identity::Account(account) => tables.accounts.get(&account).is_some_and(|account| {
                let epoch = account.record.security.epoch;
                let same_epoch = || caller.epoch == epoch || kept(epoch);
                let proof_stands = match caller.credential {
                    Some(id) if tables.ssh_keys.contains_key(&id) => same_epoch(),
                    // A session that is kept when all others end keeps its row.
                    Some(id) => tables.sessions.contains_key(&id),
                    None => same_epoch(),
                };
                account.record.disabled_ms.is_none() && proof_stands
            }),
        }
    }

    fn sign_in_with_service_token(&self, origin: Origin, bearer: &str) -> Result<Caller> {
        let text = TextHash::of(bearer);
        let known = self.0.known_tokens.recall(&text);
        let tables = self.mirror().read();
        let id = match known {
            Some(id) => id,
            None => {
                let secret = ServiceTokenSecret::parse(bearer).map_err(|_| Error::Unauthenticated)?;
                let verifier = secret.verifier(&self.0.pepper)?;
                let id = *tables.token_by_verifier.get(&verifier).ok_or(Error::Unauthenticated)?;
                self.0.known_tokens.remember(&text, id);
                id
            }
        };
        let token = tables.tokens.get(&id).ok_or(Error::Unauthenticated)?;
        if !self.token_stands(&tables, &token.record) {
            return Err(Error::Unauthenticated);
        }
        if !admits(&token.record, origin.address) {
            return Err(Error::Forbidden("this token is not for use from your network".to_owned()));
        }
        Ok(Caller {
            identity: Identity::Token(id),
            origin,
            credential: None,
            presence: None,
            epoch: 0,
            token: Some(SecretString::from(bearer)),
            unlock: UnlockSlot::default(),
            once: None,
        })
    }

    /// Not expired, not used up, and made by somebody who is still here.
    fn token_stands(&self, tables: &Tables, token: &ServiceToken) -> bool {
        token.expires_ms.is_none_or(|expires| expires > self.now_ms())
            && has_uses_left(token, &self.0.metered.uses)
            && tables.accounts.get(&token.created_by).is_some_and(|maker| maker.record.disabled_ms.is_none())
    }

    fn ssh_key_of(&self, name: &str, fingerprint: &[u8; 32]) -> Option<(Shared<Account>, Id)> {
        let tables = self.mirror().read();
        let account = tables.account_named(name).filter(|row| row.record.disabled_ms.is_none())?;
        let key = tables.ssh_keys.get(tables.ssh_key_by_fingerprint.get(fingerprint)?)?;
        (key.record.account == account.record.id).then(|| (account.clone(), key.record.id))
    }

    async fn record_sign_in(&self, caller: &Caller, account: Id, proof: Proof<'_>) -> Result<()> {
        if let Proof::Password(Some(_)) = proof
            && self.lockouts().locked(&Counted::Code(account), self.now_ms()).is_some()
        {
            self.code_failed(caller, account).await;
            return Err(Error::Unauthenticated);
        }
        let recorded = self
            .change(caller, Permission::SessionManage, Target::Account(account), |tables, draft| {
                let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
                let mut security =
                    Security { last_login_ms: Some(draft.now_ms), ..old.record.security.clone() };
                draft.object = Some(account);
                match proof {
                    Proof::Password(code) => {
                        draft.detail = "signed in by password".to_owned();
                        if security.second_factor.as_ref().is_some_and(|factor| factor.enabled) {
                            draft.detail = "signed in by password and second factor".to_owned();
                        }
                        security.second_factor = self.pass_second_factor(&old.record, code, draft.now_ms)?;
                    }
                    Proof::SshKey(id) => {
                        draft.detail = "signed in by SSH key".to_owned();
                        let key = tables.ssh_keys.get(&id).ok_or(Error::Unauthenticated)?;
                        let used = SshKey { last_used_ms: Some(draft.now_ms), ..key.record.clone() };
                        draft.batch.replace(key, &used)?;
                    }
                }
                draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
                note_address(tables, draft, account, caller.origin)
            })
            .await;
        match (recorded, proof) {
            (Ok(()), Proof::Password(Some(_))) => {
                self.lockouts().proved(&Counted::Code(account));
                Ok(())
            }
            (Err(Error::WrongCode), _) => {
                self.code_failed(caller, account).await;
                Err(Error::Unauthenticated)
            }
            (recorded, _) => recorded,
        }
    }

    pub(crate) async fn hash_password(&self, password: SecretString) -> Result<String> {
        let passwords = self.0.passwords.clone();
        Ok(self.0.kdf.run(move || passwords.hash(&password)).await??)
    }
}
