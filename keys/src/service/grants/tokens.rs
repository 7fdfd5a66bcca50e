//! Locks that tokens of an environment still lack: for keys that were sealed when nobody could open them, came from
//! elsewhere, or changed their custody. A key that is made sealed gives the tokens there are their locks at once.

use keyward_store::model::{ApiKey, Custody, Grant, Holder, Id, Lock, LockTarget};
use keyward_store::{Record, Row, Snapshot, Store};

use super::{SLICE, Settling, same_lock};
use crate::crypto::PublicKey;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::access::Target;
use crate::service::mirror::{Shared, Tables};
use crate::service::tokens::{in_environment, lock_for_token, opens_later};

/// A token that covers a key and has no lock of it.
type Missing = (Shared<ApiKey>, Id, PublicKey);

impl Settling<'_> {
    pub(super) async fn lock_for_tokens(&mut self) -> Result<()> {
        for missing in self.missing().await?.chunks(SLICE) {
            let now_ms = self.service.now_ms();
            let mut locks: Vec<(&Shared<ApiKey>, Id, Lock)> = Vec::with_capacity(missing.len());
            for (key, token, to) in missing {
                let (_, private) = self.open_key(&key.record).await?;
                locks.push((key, *token, lock_for_token(&private, key.record.id, *token, to, now_ms)?));
            }
            let space = self.space;
            self.service
                .change(self.caller, Permission::SpaceGrant, Target::Space(space), |tables, draft| {
                    draft.object = Some(space);
                    draft.space = Some(space);
                    let mut done = 0;
                    for (key, token, lock) in &locks {
                        if still_missing(tables, key, *token) {
                            draft.batch.create(lock)?;
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

    async fn missing(&self) -> Result<Vec<Missing>> {
        let covered: Vec<Missing> = {
            let tables = self.service.mirror().read();
            let tokens = tables.tokens.values().map(|token| &token.record);
            let covered = tokens.filter_map(|token| match &token.grant {
                Grant::Environment { space, environment } if *space == self.space => {
                    let keys = in_environment(&tables, *space, *environment);
                    let keys = keys.filter(|key| key.custody == Custody::Sealed && opens_later(token, key));
                    let rows = keys.filter_map(|key| tables.keys.get(key.id).cloned());
                    Some(rows.map(|row| (row, token.id, PublicKey(token.public_key))).collect::<Vec<_>>())
                }
                Grant::Environment { .. } | Grant::Keys(_) => None,
            });
            covered.flatten().collect()
        };
        let snapshot = self.service.store().snapshot().await?;
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

/// Whether any token of the space may lack a lock.
pub(super) fn has_tokens(tables: &Tables, space: Id) -> bool {
    let of_space = |grant: &Grant| matches!(grant, Grant::Environment { space: of, .. } if *of == space);
    tables.tokens.values().any(|token| of_space(&token.record.grant))
}

/// Neither the key nor the token has changed meanwhile in a way that matters.
fn still_missing(tables: &Tables, before: &Row<ApiKey>, token: Id) -> bool {
    let now = tables.keys.get(before.record.id).filter(|now| same_lock(now, before));
    let token = tables.tokens.get(&token);
    now.zip(token).is_some_and(|(key, token)| opens_later(&token.record, &key.record))
}
