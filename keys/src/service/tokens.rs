//! Service tokens: made by a person for named keys, shown once, revoked at once.

use std::collections::HashSet;

use secrecy::SecretString;

use keyward_store::model::{Grant, Holder, Id, Lock, LockTarget, ServiceToken};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::{self, ServiceTokenSecret};
use crate::error::{Error, Result};
use crate::input::{KeyRef, NewToken};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::text::Faults;
use crate::view::TokenView;

/// Keys one token may be granted.
const MOST_KEYS: usize = 1000;

impl Service {
    /// Makes a service token; its text is in this answer and nowhere else.
    pub async fn create_token(&self, caller: &Caller, new: NewToken) -> Result<(TokenView, SecretString)> {
        let account = caller.person()?;
        let (name, keys) = self.check_token(caller, &new)?;
        let first = *keys.first().ok_or(Error::NotFound("key"))?;
        let id = crypto::random_id()?;
        let made = ServiceTokenSecret::generate(&self.0.pepper)?;
        let mut locks = Vec::with_capacity(keys.len());
        for key in &keys {
            let row = self.key_row(caller, Permission::TokenCreate, *key)?;
            let private = self.private_key_for_person(&row.record, new.passphrase.clone()).await?;
            let target = LockTarget::ApiKey(*key);
            locks.push((target, crypto::lock_to_token(&private, target, id, &made.public_key)?));
        }
        let view = self
            .change(caller, Permission::TokenCreate, Target::Key(first), |tables, draft| {
                for key in &keys {
                    let batch = Some(&mut draft.batch);
                    authorise(tables, caller, Permission::TokenCreate, Target::Key(*key), batch)?;
                }
                let record = ServiceToken {
                    id,
                    name: name.clone(),
                    created_by: account,
                    verifier: made.verifier,
                    public_key: made.public_key.0,
                    grant: Grant::Keys(keys.clone()),
                    scopes: new.scopes.clone(),
                    created_ms: draft.now_ms,
                    expires_ms: new.expires_at.map(|at| at.as_millisecond()),
                    networks: Vec::new(),
                    max_uses: None,
                };
                draft.object = Some(id);
                draft.detail = format!("for {} keys", keys.len());
                draft.batch.create(&record)?;
                for (target, sealed) in &locks {
                    draft.batch.create(&Lock {
                        target: *target,
                        holder: Holder::Token(id),
                        sealed: sealed.clone(),
                        created_ms: draft.now_ms,
                    })?;
                }
                Ok(token_view(&record))
            })
            .await?;
        Ok((view, made.text))
    }

    /// The service tokens the caller made, newest first.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenView>> {
        let tables = self.mirror().read();
        let account = caller.person()?;
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let mut tokens: Vec<&ServiceToken> = tables
            .tokens
            .values()
            .map(|row| &row.record)
            .filter(|token| token.created_by == account)
            .collect();
        tokens.sort_by_key(|token| (std::cmp::Reverse(token.created_ms), token.id));
        Ok(tokens.into_iter().map(token_view).collect())
    }

    /// Revokes a service token: its next use fails.
    pub async fn revoke_token(&self, caller: &Caller, id: Id) -> Result<()> {
        self.change(caller, Permission::TokenRevoke, Target::Token(id), |tables, draft| {
            let token = tables.tokens.get(&id).ok_or(Error::NotFound("token"))?;
            draft.object = Some(id);
            draft.batch.remove(token);
            for key in token.record.grant.keys() {
                let lock = Lock::row_key(LockTarget::ApiKey(*key), Holder::Token(id));
                draft.batch.op(keyward_store::Op::Del(<Lock as keyward_store::Record>::TABLE, lock));
            }
            Ok(())
        })
        .await?;
        self.0.warm.forget_token(id);
        Ok(())
    }

    fn check_token(&self, caller: &Caller, new: &NewToken) -> Result<(String, Vec<Id>)> {
        let mut faults = Faults::default();
        let name = faults.line("name", &new.name, 1, 100);
        if new.keys.is_empty() || new.keys.len() > MOST_KEYS {
            faults.add("keys", format!("name 1 to {MOST_KEYS} keys"));
        }
        if new.scopes.is_empty() {
            faults.add("scopes", "name fetch, track or both");
        }
        if new.expires_at.is_some_and(|at| at.as_millisecond() <= self.now_ms()) {
            faults.add("expiresAt", "is in the past");
        }
        let mut seen = HashSet::new();
        let mut keys = Vec::new();
        for (index, key) in new.keys.iter().take(MOST_KEYS).enumerate() {
            match self.resolve(caller, &KeyRef::Id(key.clone())) {
                Ok(id) if seen.insert(id) => keys.push(id),
                Ok(_) => {}
                Err(error) => faults.add(format!("keys/{index}"), error.to_string()),
            }
        }
        faults.check()?;
        Ok((name, keys))
    }
}

fn token_view(token: &ServiceToken) -> TokenView {
    TokenView {
        id: token.id,
        name: token.name.clone(),
        keys: token.grant.keys().to_vec(),
        scopes: token.scopes.clone(),
        created_at: timestamp(token.created_ms),
        expires_at: token.expires_ms.map(timestamp),
    }
}
