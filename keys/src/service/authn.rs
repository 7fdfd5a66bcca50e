//! Who is that? The only place where a [`Caller`] for a person or an app is made. Doors prove possession (a
//! signature, a bearer token); this file decides whose it is, and gives one answer to every wrong proof.

use secrecy::SecretString;

use keyward_store::model::{Account, Id, ServiceToken, SshKey};

use crate::caller::{Caller, Identity, Origin, UnlockSlot};
use crate::crypto::{ServiceTokenSecret, TextHash};
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::lockout::{after_failure, after_success, locked};
use crate::service::mirror::Tables;
use crate::service::tokens::admits;
use crate::service::uses::has_uses_left;
use crate::service::watch::note_address;

impl Service {
    /// Signs in with a password. Unknown person, wrong password and locked account take the same time and get
    /// the same answer.
    pub async fn sign_in(&self, origin: Origin, name: &str, password: SecretString) -> Result<Caller> {
        let account = self.mirror().read().account_named(name).cloned();
        let usable = account.as_ref().filter(|row| !locked(&row.record.security, self.now_ms()));
        let stored = usable.map(|row| row.record.password.clone());
        let passwords = self.0.passwords.clone();
        let check = move || match stored {
            Some(stored) => passwords.verify(&password, &stored),
            None => passwords.dummy_verify(&password).map(|()| false),
        };
        let right = self.0.kdf.run(check).await??;
        let system = Caller { origin, ..self.system_caller("sign_in", origin.door) };
        match (account, right) {
            (Some(row), true) => {
                let caller = Caller { identity: Identity::Account(row.record.id), ..system };
                self.record_sign_in(&caller, row.record.id, None).await?;
                Ok(caller)
            }
            (Some(row), false) => {
                self.count_failure(&system, row.record.id).await?;
                Err(Error::Unauthenticated)
            }
            (None, _) => {
                let who = Identity::System("sign_in");
                self.record_refusal(who, origin, Permission::SessionManage, Target::Instance).await;
                Err(Error::Unauthenticated)
            }
        }
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
        let caller = Caller {
            identity: Identity::Account(account),
            credential: Some(key),
            origin,
            token: None,
            unlock: UnlockSlot::default(),
            once: None,
        };
        self.record_sign_in(&caller, account, Some(key)).await?;
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
        let good = session.record.account == claims.sub
            && session.record.expires_ms > now_ms
            && tables.accounts.contains_key(&claims.sub);
        if !good {
            return Err(Error::Unauthenticated);
        }
        Ok(Caller {
            identity: Identity::Account(claims.sub),
            origin,
            credential: Some(claims.sid),
            token: None,
            unlock: UnlockSlot::default(),
            once: None,
        })
    }

    /// An account on the daemon's own machine, for the operator's console: whoever may read the admin socket owns
    /// the data anyway.
    pub fn account_caller(&self, system: &Caller, name: &str) -> Result<Caller> {
        let tables = self.mirror().read();
        super::access::authorise(&tables, system, Permission::InstanceRun, Target::Instance, None)?;
        let account = tables.account_named(name).ok_or(Error::NotFound("account"))?;
        Ok(Caller { identity: Identity::Account(account.record.id), ..system.clone() })
    }

    /// The operator's account, for a console that names nobody: good when there is exactly one.
    pub fn only_operator(&self, system: &Caller) -> Result<Caller> {
        let tables = self.mirror().read();
        super::access::authorise(&tables, system, Permission::InstanceRun, Target::Instance, None)?;
        let mut operators = tables.accounts.values().filter(|account| account.record.operator);
        match (operators.next(), operators.next()) {
            (Some(account), None) => {
                Ok(Caller { identity: Identity::Account(account.record.id), ..system.clone() })
            }
            (Some(_), Some(_)) => Err(Error::invalid("as", "is needed: there is more than one operator")),
            (None, _) => Err(Error::NotFound("operator yet; add one, or name an account")),
        }
    }

    /// Whether what proved this caller still stands: asked before each use of a long session.
    pub fn still_valid(&self, caller: &Caller) -> bool {
        let tables = self.mirror().read();
        match caller.identity {
            Identity::System(_) => true,
            Identity::Token(token) => {
                tables.tokens.get(&token).is_some_and(|token| self.token_stands(&tables, &token.record))
            }
            Identity::Account(account) => {
                tables.accounts.contains_key(&account)
                    && caller.credential.is_none_or(|credential| {
                        tables.ssh_keys.contains_key(&credential) || tables.sessions.contains_key(&credential)
                    })
            }
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

    fn ssh_key_of(&self, name: &str, fingerprint: &[u8; 32]) -> Option<(Id, Id)> {
        let tables = self.mirror().read();
        let account = tables.account_named(name)?.record.id;
        let key = tables.ssh_keys.get(tables.ssh_key_by_fingerprint.get(fingerprint)?)?;
        (key.record.account == account).then_some((account, key.record.id))
    }

    async fn record_sign_in(&self, caller: &Caller, account: Id, ssh_key: Option<Id>) -> Result<()> {
        self.change(caller, Permission::SessionManage, Target::Account(account), |tables, draft| {
            let old = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
            draft.object = Some(account);
            draft.detail =
                if ssh_key.is_some() { "signed in by SSH key" } else { "signed in by password" }.to_owned();
            let security = after_success(&old.record.security, draft.now_ms);
            draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
            if let Some(id) = ssh_key {
                let key = tables.ssh_keys.get(&id).ok_or(Error::Unauthenticated)?;
                let used = SshKey { last_used_ms: Some(draft.now_ms), ..key.record.clone() };
                draft.batch.replace(key, &used)?;
            }
            note_address(tables, draft, account, caller.origin)
        })
        .await
    }

    async fn count_failure(&self, system: &Caller, account: Id) -> Result<()> {
        self.change(system, Permission::AccountLock, Target::Account(account), |tables, draft| {
            let Some(old) = tables.accounts.get(&account) else { return Ok(()) };
            draft.object = Some(account);
            draft.detail = "wrong password".to_owned();
            // While passwords are refused anyway, more of them do not make it longer: or a stranger could keep
            // somebody locked for ever.
            if !locked(&old.record.security, draft.now_ms) {
                let security = after_failure(&old.record.security, draft.now_ms);
                draft.batch.replace(old, &Account { security, ..old.record.clone() })?;
            }
            Ok(())
        })
        .await
    }

    pub(crate) async fn hash_password(&self, password: SecretString) -> Result<String> {
        let passwords = self.0.passwords.clone();
        Ok(self.0.kdf.run(move || passwords.hash(&password)).await??)
    }
}
