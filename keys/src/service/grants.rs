//! What waits for somebody to unlock: newcomers who are to be given the space's key, keys that are still locked to a
//! pair that somebody who left has held, and tokens that lack locks. Done with the opened key of a member, in small
//! commits, each safe to repeat. Whose, and when, is `standby`'s.

mod tokens;

use std::collections::{HashMap, HashSet};

use keyward_store::model::{ApiKey, Holder, Id, Lock, LockTarget, Member, SpaceKey};
use keyward_store::{KeyRange, Op, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::crypto::{self, PrivateKey, PublicKey};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::mirror::{Shared, Tables};
use crate::service::vault;

/// Keys that are locked again in one commit.
const SLICE: usize = 32;

/// Locks of one space's generations, at most.
const MOST_LOCKS: usize = 100_000;

/// A member with their opened key, and the space they settle.
struct Settling<'a> {
    service: &'a Service,
    caller: &'a Caller,
    account: Id,
    private: &'a PrivateKey,
    space: Id,
    /// Keys that do not open: passed over, or this would never end.
    broken: HashSet<Id>,
    /// The space's private keys that were opened, by generation.
    opened: HashMap<u32, PrivateKey>,
}

impl Service {
    /// Does what waits for this person to unlock, in every space whose key they hold. What fails is logged, and waits
    /// for the next time.
    pub(crate) async fn settle(&self, caller: &Caller, account: Id, private: &PrivateKey) {
        let stirred = self.mirror().stirred();
        let spaces: Vec<(Id, Option<u64>)> = {
            let tables = self.mirror().read();
            let held = held_by(&tables, account).map(|space| (space, stirred.last(space)));
            held.filter(|(space, stir)| stir.is_some() || waits(&tables, *space)).collect()
        };
        for (space, stir) in spaces {
            let (broken, opened) = (HashSet::new(), HashMap::new());
            let mut settling = Settling { service: self, caller, account, private, space, broken, opened };
            match settling.run().await {
                Ok(()) => stir.into_iter().for_each(|stir| stirred.calm(space, stir)),
                Err(error) => tracing::warn!(%space, %error, "what waited for an unlock still waits"),
            }
        }
    }

    /// Whether something may have come to wait in a space whose key this person holds.
    pub(crate) fn is_waited_for(&self, account: Id) -> bool {
        let (tables, stirred) = (self.mirror().read(), self.mirror().stirred());
        held_by(&tables, account).any(|space| stirred.last(space).is_some())
    }
}

impl Settling<'_> {
    async fn run(&mut self) -> Result<()> {
        while self.lock_a_slice_again().await? {}
        self.drop_old_locks().await?;
        self.let_newcomers_in().await?;
        self.lock_for_tokens().await
    }

    /// Locks some keys to the space's present pair; false when there are none left.
    async fn lock_a_slice_again(&mut self) -> Result<bool> {
        let (key, due) = {
            let tables = self.service.mirror().read();
            let Some(key) = present(&tables, self.space) else { return Ok(false) };
            let due = tables.keys.behind(self.space, key.generation);
            let due: Vec<_> =
                due.filter(|row| !self.broken.contains(&row.record.id)).take(SLICE).cloned().collect();
            (key, due)
        };
        if due.is_empty() {
            return Ok(false);
        }
        let mut again = Vec::with_capacity(due.len());
        for row in due {
            match self.lock_again(&row.record, key).await {
                Ok((lock, sealed)) => again.push((row, lock, sealed)),
                Err(error) => self.does_not_open(row.record.id, &error),
            }
        }
        if again.is_empty() {
            return Ok(true);
        }
        let space = self.space;
        let target = Target::Space(space);
        self.service
            .change(self.caller, Permission::SpaceGrant, target, |tables, draft| {
                draft.object = Some(space);
                draft.space = Some(space);
                let row = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
                draft.batch.require(row);
                if row.record.key != Some(key) {
                    return Ok(());
                }
                let mut done = 0;
                for (row, lock, sealed) in &again {
                    // Changed or moved meanwhile: its turn comes again, if it still has one.
                    let Some(now) = tables.keys.any(row.record.id).filter(|now| same_lock(now, row)) else {
                        continue;
                    };
                    let record = ApiKey { space_generation: key.generation, ..now.record.clone() };
                    draft.batch.replace(now, &record)?;
                    draft.batch.replace(lock, &Lock { sealed: sealed.clone(), ..lock.record.clone() })?;
                    done += 1;
                }
                draft.detail = format!("{done} keys locked to generation {}", key.generation);
                Ok(())
            })
            .await?;
        Ok(true)
    }

    /// A key that does not open stays as it is, and keeps nobody else waiting.
    fn does_not_open(&mut self, key: Id, error: &Error) {
        tracing::error!(api_key = %key, space = %self.space, %error, "a key does not open for its space");
        self.broken.insert(key);
    }

    /// A key's lock as it is, and sealed again to the space's present pair.
    async fn lock_again(&mut self, api_key: &ApiKey, key: SpaceKey) -> Result<(Row<Lock>, Vec<u8>)> {
        let (lock, private) = self.open_key(api_key).await?;
        let (target, holder) = (lock.record.target, lock.record.holder);
        let sealed = crypto::lock_to_public(&private, target, holder, &PublicKey(key.public_key))?;
        Ok((lock, sealed))
    }

    /// A sealed key's lock, and its private half.
    async fn open_key(&mut self, api_key: &ApiKey) -> Result<(Row<Lock>, PrivateKey)> {
        let (target, holder) = (LockTarget::ApiKey(api_key.id), Holder::Space(self.space));
        let lock = self.service.lock_row(target, holder).await?.ok_or(crypto::Error::Refused)?;
        let space = self.open_space(api_key.space_generation).await?;
        let private = crypto::unlock_with_private(&lock.record.sealed, target, holder, space)?;
        if private.matches(&PublicKey(api_key.public_key)) {
            Ok((lock, private))
        } else {
            Err(crypto::Error::Refused.into())
        }
    }

    async fn open_space(&mut self, generation: u32) -> Result<&PrivateKey> {
        if !self.opened.contains_key(&generation) {
            let opened =
                self.service.open_space_lock(self.space, generation, self.account, self.private).await?;
            self.opened.insert(generation, opened.ok_or(crypto::Error::Refused)?);
        }
        self.opened.get(&generation).ok_or(crypto::Error::Refused.into())
    }

    /// Removes members' locks on pairs that nothing is sealed to any more.
    async fn drop_old_locks(&self) -> Result<()> {
        let Some(key) = present(&self.service.mirror().read(), self.space) else { return Ok(()) };
        if !self.broken.is_empty() {
            return Ok(());
        }
        let snapshot = self.service.store().snapshot().await?;
        let range = KeyRange {
            start: Lock::prefix(LockTarget::Space(self.space, 0)),
            end: Some(Lock::prefix(LockTarget::Space(self.space, key.generation))),
        };
        let old = snapshot.scan(Lock::TABLE, range, Order::Ascending, MOST_LOCKS).await?;
        if old.is_empty() {
            return Ok(());
        }
        let space = self.space;
        self.service
            .change(self.caller, Permission::SpaceGrant, Target::Space(space), |tables, draft| {
                draft.object = Some(space);
                draft.space = Some(space);
                draft.detail = "locks of an earlier generation removed".to_owned();
                if tables.keys.behind(space, key.generation).next().is_none() {
                    old.iter().for_each(|(row, _)| {
                        draft.batch.op(Op::Del(Lock::TABLE, row.clone()));
                    });
                }
                Ok(())
            })
            .await
    }

    async fn let_newcomers_in(&mut self) -> Result<()> {
        let key = {
            let tables = self.service.mirror().read();
            let Some(key) = present(&tables, self.space) else { return Ok(()) };
            if newcomers(&tables, self.space, key).next().is_none() {
                return Ok(());
            }
            key
        };
        let space = self.space;
        let service = self.service;
        let caller = self.caller;
        let private = self.open_space(key.generation).await?;
        if !private.matches(&PublicKey(key.public_key)) {
            return Err(crypto::Error::Refused.into());
        }
        service
            .change(caller, Permission::SpaceGrant, Target::Space(space), |tables, draft| {
                draft.object = Some(space);
                draft.space = Some(space);
                let row = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
                draft.batch.require(row);
                if row.record.key != Some(key) {
                    return Ok(());
                }
                let mut let_in = Vec::new();
                for member in newcomers(tables, space, key) {
                    if vault::give(tables, draft, private, key.generation, member)? {
                        let account = member.record.account;
                        let_in.push(account.to_string());
                        draft.events.push(Event::AccountChanged { account });
                    }
                }
                draft.detail = format!("let in: {}", let_in.join(", "));
                Ok(())
            })
            .await
    }
}

impl Service {
    /// A space's private key of a generation, opened with the key of a member who holds it; none when they do not.
    pub(crate) async fn open_space_lock(
        &self,
        space: Id,
        generation: u32,
        account: Id,
        private: &PrivateKey,
    ) -> Result<Option<PrivateKey>> {
        let (target, holder) = (LockTarget::Space(space, generation), Holder::Account(account));
        let Some(lock) = self.lock_row(target, holder).await? else { return Ok(None) };
        Ok(Some(crypto::unlock_with_private(&lock.record.sealed, target, holder, private)?))
    }
}

fn present(tables: &Tables, space: Id) -> Option<SpaceKey> {
    tables.spaces.get(&space)?.record.key
}

/// The spaces whose present key somebody holds.
fn held_by(tables: &Tables, account: Id) -> impl Iterator<Item = Id> {
    let holds = |member: &&Shared<Member>| {
        let key = present(tables, member.record.space);
        key.is_some_and(|key| key.generation == member.record.generation)
    };
    tables.memberships(account).iter().filter(holds).map(|member| member.record.space)
}

/// Keys or people in the space wait for a holder.
fn waits(tables: &Tables, space: Id) -> bool {
    present(tables, space).is_some_and(|key| {
        tables.keys.behind(space, key.generation).next().is_some()
            || newcomers(tables, space, key).next().is_some()
    })
}

/// Members who are to hold the space's present key, could, and do not.
fn newcomers(tables: &Tables, space: Id, key: SpaceKey) -> impl Iterator<Item = &Shared<Member>> {
    tables.members_of(space).filter(move |member| {
        vault::holds_keys(member.record.role)
            && member.record.generation != key.generation
            && tables.accounts.get(&member.record.account).is_some_and(|row| row.record.public_key.is_some())
    })
}

/// The lock that was opened is still the key's.
fn same_lock(now: &Row<ApiKey>, before: &Row<ApiKey>) -> bool {
    now.record.space == before.record.space && now.record.space_generation == before.record.space_generation
}

#[cfg(test)]
mod tests;
