//! Service tokens: made by a person for named keys, or for an environment of a space; shown once, revoked at once.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::SecretString;

use keyward_store::model::{
    ApiKey, Custody, Environment, Grant, Holder, Id, Lock, LockTarget, Network, Scope, ServiceToken,
    SpaceKind,
};
use keyward_store::{Op, Record, Row};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto::{self, PrivateKey, PublicKey, ServiceTokenSecret};
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{KeyRef, NewToken};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, space_of};
use crate::service::accounts::personal_space;
use crate::service::change::Draft;
use crate::service::keys::check_environment;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;
use crate::service::uses::remove_uses;
use crate::view::TokenView;

/// Keys one token may be granted by name.
const MOST_KEYS: usize = 1000;

/// Networks one token may be held to.
const MOST_NETWORKS: usize = 64;

/// A new token's fields, checked.
struct Checked {
    name: String,
    grant: Grant,
    networks: Vec<Network>,
}

impl NewToken {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        read(&mut faults, self);
        faults.into_vec()
    }
}

/// Looks over what does not depend on anything else; answers the name.
fn read(faults: &mut Faults, new: &NewToken) -> String {
    if new.scopes.is_empty() {
        faults.add("scopes", "name fetch, track or both");
    }
    if new.max_uses == Some(0) {
        faults.add("maxUses", "is at least 1; leave it out for any number");
    }
    if new.networks.len() > MOST_NETWORKS {
        faults.add("networks", format!("has {} networks; {MOST_NETWORKS} is the most", new.networks.len()));
    }
    if new.environment.is_some() && !new.keys.is_empty() {
        faults.add("keys", "name keys, or an environment, not both");
    }
    if new.environment.is_none() && new.team.is_some() {
        faults.add("environment", "is missing; a token is for one environment of a team");
    }
    faults.line("name", &new.name, 1, 100)
}

impl Service {
    /// Makes a service token; its text is in this answer and nowhere else.
    pub async fn create_token(&self, caller: &Caller, new: NewToken) -> Result<(TokenView, SecretString)> {
        let account = caller.person()?;
        let Checked { name, grant, networks } = self.check_token(caller, &new)?;
        let target = target_of(&grant)?;
        // Asked before any key is opened, so that a stranger learns nothing of them.
        let asked = authorise(&self.mirror().read(), caller, Permission::TokenCreate, target, None);
        if let Err(refused) = asked {
            self.record_refusal(caller.identity, caller.origin, Permission::TokenCreate, target).await;
            return Err(refused);
        }
        let id = crypto::random_id()?;
        let made = ServiceTokenSecret::generate(&self.0.pepper)?;
        let locks = if new.scopes.contains(&Scope::Fetch) {
            self.locks_for_token(caller, &grant, id, &made.public_key, new.passphrase.as_ref()).await?
        } else {
            Vec::new()
        };
        let record = ServiceToken {
            id,
            name,
            created_by: account,
            verifier: made.verifier,
            public_key: made.public_key.0,
            grant,
            scopes: new.scopes,
            created_ms: self.now_ms(),
            expires_ms: new.expires_at.map(|at| at.as_millisecond()),
            networks,
            max_uses: new.max_uses,
        };
        let view = self
            .change(caller, Permission::TokenCreate, target, |tables, draft| {
                for key in record.grant.keys() {
                    let batch = Some(&mut draft.batch);
                    authorise(tables, caller, Permission::TokenCreate, Target::Key(*key), batch)?;
                }
                draft.object = Some(id);
                draft.space = space_of(tables, target);
                // Its name too: nothing else tells it once it is revoked.
                let granted = match &record.grant {
                    Grant::Keys(keys) if keys.len() == 1 => "for one key".to_owned(),
                    Grant::Keys(keys) => format!("for {} keys", keys.len()),
                    Grant::Environment { environment, .. } => {
                        format!("for all of {environment:?}").to_lowercase()
                    }
                };
                draft.detail = format!("made: {}, {granted}", record.name);
                draft.batch.create(&record)?;
                if let Grant::Environment { space, environment } = &record.grant {
                    let space = tables.spaces.get(space).ok_or(Error::NotFound("team"))?;
                    check_environment(&space.record, *environment)?;
                    // Keys that are made meanwhile rely on this row: they are made anew, and see the token.
                    draft.batch.replace(space, &space.record)?;
                }
                for (key, lock) in &locks {
                    // One that has left meanwhile is not the token's any more.
                    if let Some(row) = tables.keys.get(*key).filter(|row| record.grant.covers(&row.record)) {
                        draft.batch.require(row).create(lock)?;
                    }
                }
                Ok(self.token_view(tables, &record, &HashMap::new()))
            })
            .await?;
        let waiting = self.waiting_of(&[&record]).await?;
        Ok((TokenView { waiting: waiting.get(&id).copied().unwrap_or(0), ..view }, made.text))
    }

    /// The service tokens the caller made, newest first.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenView>> {
        let account = caller.person()?;
        let mut tokens: Vec<Shared<ServiceToken>> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
            tables.tokens.values().filter(|token| token.record.created_by == account).cloned().collect()
        };
        tokens.sort_by_key(|token| (std::cmp::Reverse(token.record.created_ms), token.record.id));
        let tokens: Vec<&ServiceToken> = tokens.iter().map(|token| &token.record).collect();
        let waiting = self.waiting_of(&tokens).await?;
        let tables = self.mirror().read();
        Ok(tokens.into_iter().map(|token| self.token_view(&tables, token, &waiting)).collect())
    }

    /// Revokes a service token: its next use fails, and whatever it has open ends.
    pub async fn revoke_token(&self, caller: &Caller, id: Id) -> Result<()> {
        self.change(caller, Permission::TokenRevoke, Target::Token(id), |tables, draft| {
            let token = tables.tokens.get(&id).ok_or(Error::NotFound("token"))?;
            draft.object = Some(id);
            draft.space = space_of(tables, Target::Token(id));
            draft.detail = format!("revoked: {}", token.record.name);
            end_token(tables, draft, token);
            Ok(())
        })
        .await?;
        self.forget_token(id);
        Ok(())
    }

    /// Forgets what is kept in memory of a token that was ended.
    pub(crate) fn forget_token(&self, id: Id) {
        self.0.warm.forget_token(id);
        self.0.metered.uses.forget(id);
    }

    /// The locks of what a new token is granted. Of named keys each must open. Of an environment, those that cannot be
    /// opened now stay closed to the token: keys in automation custody need no lock, others get theirs later.
    async fn locks_for_token(
        &self,
        caller: &Caller,
        grant: &Grant,
        token: Id,
        to: &PublicKey,
        passphrase: Option<&SecretString>,
    ) -> Result<Vec<(Id, Lock)>> {
        let ids = locked_for(&self.mirror().read(), grant);
        let whole = matches!(grant, Grant::Environment { .. });
        let mut locks = Vec::with_capacity(ids.len());
        let mut opener = self.opener(caller, passphrase.cloned());
        for id in ids {
            let row = self.key_row(caller, Permission::TokenCreate, id)?;
            if whole && row.record.custody == Custody::Private && passphrase.is_none() {
                continue;
            }
            match opener.key(&row.record).await {
                Ok(private) => locks.push((id, lock_for_token(&private, id, token, to, self.now_ms())?)),
                Err(Error::Locked(_) | Error::WrongPassphrase) if whole => {}
                Err(error) => return Err(error),
            }
        }
        Ok(locks)
    }

    fn check_token(&self, caller: &Caller, new: &NewToken) -> Result<Checked> {
        let mut faults = Faults::default();
        let name = read(&mut faults, new);
        if new.expires_at.is_some_and(|at| at.as_millisecond() <= self.now_ms()) {
            faults.add("expiresAt", "is in the past");
        }
        let grant = match new.environment {
            Some(environment) => {
                self.space_for_token(caller, new.team)?.map(|space| Grant::Environment { space, environment })
            }
            None => Some(Grant::Keys(self.keys_for_token(caller, &new.keys, &mut faults))),
        };
        faults.check()?;
        let networks =
            new.networks.iter().map(|net| Network { address: net.addr(), prefix: net.prefix_len() });
        Ok(Checked { name, grant: grant.ok_or(Error::NotFound("team"))?, networks: networks.collect() })
    }

    /// A team that exists, or the person's own space.
    fn space_for_token(&self, caller: &Caller, team: Option<Id>) -> Result<Option<Id>> {
        let tables = self.mirror().read();
        match team {
            Some(team) => Ok(tables.spaces.contains_key(&team).then_some(team)),
            None => personal_space(&tables, caller.person()?).map(Some),
        }
    }

    fn keys_for_token(&self, caller: &Caller, named: &[String], faults: &mut Faults) -> Vec<Id> {
        if named.is_empty() || named.len() > MOST_KEYS {
            faults.add("keys", format!("name 1 to {MOST_KEYS} keys, or an environment"));
        }
        let mut seen = HashSet::new();
        let mut keys = Vec::new();
        for (index, key) in named.iter().take(MOST_KEYS).enumerate() {
            match self.resolve(caller, &KeyRef::Id(key.clone())) {
                Ok(id) if seen.insert(id) => keys.push(id),
                Ok(_) => {}
                Err(error) => faults.add(format!("keys/{index}"), error.to_string()),
            }
        }
        keys
    }

    fn token_view(&self, tables: &Tables, token: &ServiceToken, waiting: &HashMap<Id, u64>) -> TokenView {
        let (uses, last_ms) = self.0.metered.uses.report(token.id);
        let (environment, space) = match &token.grant {
            Grant::Keys(_) => (None, None),
            Grant::Environment { space, environment } => (Some(*environment), tables.spaces.get(space)),
        };
        TokenView {
            id: token.id,
            name: token.name.clone(),
            keys: token.grant.keys().to_vec(),
            team: space.filter(|space| space.record.kind == SpaceKind::Team).map(|space| space.record.id),
            environment,
            scopes: token.scopes.clone(),
            created_at: timestamp(token.created_ms),
            expires_at: token.expires_ms.map(timestamp),
            networks: token.networks.iter().filter_map(|network| net(*network)).collect(),
            max_uses: token.max_uses,
            uses,
            last_seen: last_ms.map(timestamp),
            waiting: waiting.get(&token.id).copied().unwrap_or(0),
        }
    }
}

/// Ends a token, with its locks and what it has open. Answers its id.
pub(crate) fn end_token(tables: &Tables, draft: &mut Draft, token: &Row<ServiceToken>) -> Id {
    let (id, account) = (token.record.id, token.record.created_by);
    draft.batch.remove(token);
    remove_uses(&mut draft.batch, id);
    for key in locked_for(tables, &token.record.grant) {
        draft.batch.op(Op::Del(Lock::TABLE, Lock::row_key(LockTarget::ApiKey(key), Holder::Token(id))));
    }
    draft.events.push(Event::TokenRevoked { token: id, account });
    id
}

/// Whether a token covers a key that may have come after it.
pub(crate) fn opens_later(token: &ServiceToken, key: &ApiKey) -> bool {
    matches!(token.grant, Grant::Environment { .. })
        && token.grant.covers(key)
        && token.scopes.contains(&Scope::Fetch)
}

/// A key's lock for a service token.
pub(crate) fn lock_for_token(
    private: &PrivateKey,
    key: Id,
    token: Id,
    to: &PublicKey,
    now_ms: i64,
) -> Result<Lock> {
    let target = LockTarget::ApiKey(key);
    let sealed = crypto::lock_to_token(private, target, token, to)?;
    Ok(Lock { target, holder: Holder::Token(token), sealed, created_ms: now_ms })
}

/// The keys of which a token with this grant may hold locks.
pub(crate) fn locked_for(tables: &Tables, grant: &Grant) -> Vec<Id> {
    match grant {
        Grant::Keys(keys) => keys.clone(),
        Grant::Environment { space, environment } => in_environment(tables, *space, *environment)
            .filter(|key| key.custody != Custody::Automation)
            .map(|key| key.id)
            .collect(),
    }
}

/// The keys that a space has for an environment, newest first.
pub(crate) fn in_environment(
    tables: &Tables,
    space: Id,
    environment: Environment,
) -> impl Iterator<Item = &ApiKey> {
    let places = tables.keys.space(space).into_iter().flat_map(|space| space.newest());
    places
        .filter_map(|(_, id)| tables.keys.get(id))
        .map(|key| &key.record)
        .filter(move |key| key.environment == environment)
}

fn target_of(grant: &Grant) -> Result<Target> {
    match grant {
        Grant::Keys(keys) => keys.first().copied().map(Target::Key).ok_or(Error::NotFound("key")),
        Grant::Environment { space, .. } => Ok(Target::Space(*space)),
    }
}

/// Whether a token may be used from this address.
pub(crate) fn admits(token: &ServiceToken, from: Option<IpAddr>) -> bool {
    token.networks.is_empty()
        || from.map(|address| address.to_canonical()).is_some_and(|address| {
            token.networks.iter().filter_map(|network| net(*network)).any(|net| net.contains(&address))
        })
}

fn net(network: Network) -> Option<IpNet> {
    IpNet::new(network.address, network.prefix).ok()
}
