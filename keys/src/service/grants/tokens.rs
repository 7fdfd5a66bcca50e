//! Locks that tokens of an environment still lack: for keys that nobody could open when the token was made, or when they
//! came to the environment. A key that is made sealed, or is sealed anew, gives the tokens there are their locks at once.

use std::collections::{HashMap, HashSet};

use keyward_store::model::{ApiKey, Custody, Grant, Holder, Id, Lock, LockTarget, ServiceToken};
use keyward_store::{Batch, Record, Row, Snapshot, Store};

use super::{SLICE, Settling, same_lock};
use crate::crypto::PublicKey;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::mirror::{Shared, Tables};
use crate::service::tokens::{in_environment, lock_for_token, opens_later};

/// A token that covers a key and has no lock of it.
pub(crate) type Missing = (Shared<ApiKey>, Id, PublicKey);

impl Settling<'_> {
    pub(super) async fn lock_for_tokens(&mut self) -> Result<()> {
        for missing in self.service.missing_locks(self.space).await?.chunks(SLICE) {
            let now_ms = self.service.now_ms();
            let mut locks: Vec<(&Shared<ApiKey>, Id, Lock)> = Vec::with_capacity(missing.len());
            for (key, token, to) in missing {
                let id = key.record.id;
                if self.broken.contains(&id) {
                    continue;
                }
                match self.open_key(&key.record).await {
                    Ok((_, private)) => {
                        locks.push((key, *token, lock_for_token(&private, id, *token, to, now_ms)?));
                    }
                    Err(error) => self.does_not_open(id, &error),
                }
            }
            if locks.is_empty() {
                continue;
            }
            let space = self.space;
            self.service
                .change(self.caller, Permission::SpaceGrant, Target::Space(space), |tables, draft| {
                    draft.object = Some(space);
                    draft.space = Some(space);
                    let mut done = 0;
                    for (key, token, lock) in &locks {
                        if still_missing(tables, &mut draft.batch, key, *token) {
                            draft.put(lock)?;
                            done += 1;
                        }
                    }
                    draft.detail = format!("{done} locks for tokens");
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }
}

impl Service {
    /// How many sealed keys each of these tokens cannot open yet, of those that lack any.
    pub(crate) async fn waiting_of(&self, tokens: &[&ServiceToken]) -> Result<HashMap<Id, u64>> {
        let of_space = |token: &&ServiceToken| match token.grant {
            Grant::Environment { space, .. } => Some(space),
            Grant::Keys(_) => None,
        };
        let spaces: HashSet<Id> = tokens.iter().filter_map(of_space).collect();
        let mut waiting = HashMap::new();
        // Where nothing has changed since somebody looked, nothing waits.
        for space in spaces.into_iter().filter(|space| self.mirror().stirred().last(*space).is_some()) {
            for (_, token, _) in self.missing_locks(space).await? {
                *waiting.entry(token).or_default() += 1;
            }
        }
        Ok(waiting)
    }

    /// The locks on a space's sealed keys that its tokens lack.
    pub(crate) async fn missing_locks(&self, space: Id) -> Result<Vec<Missing>> {
        let covered: Vec<Missing> = {
            let tables = self.mirror().read();
            let tokens = tables.tokens.values().map(|token| &token.record);
            let covered = tokens.filter_map(|token| match &token.grant {
                Grant::Environment { space: of, environment } if *of == space => {
                    let keys = in_environment(&tables, space, *environment);
                    let keys = keys.filter(|key| key.custody == Custody::Sealed && key.space_generation > 0);
                    let keys = keys.filter(|key| opens_later(token, key));
                    let rows = keys.filter_map(|key| tables.keys.get(key.id).cloned());
                    Some(rows.map(|row| (row, token.id, PublicKey(token.public_key))).collect::<Vec<_>>())
                }
                Grant::Environment { .. } | Grant::Keys(_) => None,
            });
            covered.flatten().collect()
        };
        let snapshot = self.store().snapshot().await?;
        let mut missing = Vec::new();
        for (key, token, to) in covered {
            let lock = Lock::row_key(LockTarget::ApiKey(key.record.id), Holder::Token(token));
            if snapshot.get(Lock::TABLE, &lock).await?.is_none() {
                missing.push((key, token, to));
            }
        }
        Ok(missing)
    }
}

/// Neither the key nor the token has changed meanwhile in a way that matters, nor will before the commit.
fn still_missing(tables: &Tables, batch: &mut Batch, before: &Row<ApiKey>, token: Id) -> bool {
    let now = tables.keys.get(before.record.id).filter(|now| same_lock(now, before));
    now.zip(tables.tokens.get(&token)).is_some_and(|(key, token)| {
        batch.require(key).require(token);
        opens_later(&token.record, &key.record)
    })
}
