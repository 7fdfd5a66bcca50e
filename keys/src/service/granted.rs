//! Taking keys out of service tokens, with the locks they had on them: when a key is purged or moves away, leaves the
//! environment that was granted, and when whoever granted it may no longer open it.

use keyward_store::model::{ApiKey, Grant, Holder, Id, Lock, LockTarget, Scope, ServiceToken};
use keyward_store::{Op, Record, Row};

use crate::crypto::{PrivateKey, PublicKey};
use crate::error::Result;
use crate::service::change::Draft;
use crate::service::custody::Place;
use crate::service::mirror::Tables;
use crate::service::tokens::{end_token, lock_for_token};

/// Takes keys out of one token.
pub(crate) fn end(draft: &mut Draft, token: &Row<ServiceToken>, keys: &[Id]) -> Result<()> {
    match &token.record.grant {
        Grant::Keys(granted) => {
            let left: Vec<Id> = granted.iter().copied().filter(|key| !keys.contains(key)).collect();
            if left.len() == granted.len() {
                return Ok(());
            }
            draft.batch.replace(token, &ServiceToken { grant: Grant::Keys(left), ..token.record.clone() })?;
        }
        Grant::Environment { .. } => {}
    }
    remove_locks(draft, token.record.id, keys);
    Ok(())
}

/// Ends what a person who leaves a space has granted in it. Answers the tokens that lose something.
pub(crate) fn end_by(
    tables: &Tables,
    draft: &mut Draft,
    account: Id,
    space: Id,
) -> Result<Vec<ServiceToken>> {
    let mut ended = Vec::new();
    for token in tables.tokens.values().filter(|token| token.record.created_by == account) {
        match &token.record.grant {
            Grant::Keys(granted) => {
                let in_space = |key: &Id| tables.keys.any(*key).is_some_and(|row| row.record.space == space);
                let keys: Vec<Id> = granted.iter().copied().filter(in_space).collect();
                if keys.is_empty() {
                    continue;
                }
                end(draft, token, &keys)?;
            }
            Grant::Environment { space: of, .. } if *of == space => {
                end_token(tables, draft, token);
            }
            Grant::Environment { .. } => continue,
        }
        ended.push(token.record.clone());
    }
    Ok(ended)
}

/// Takes the locks on a key from the service tokens of the environment that it leaves.
pub(crate) fn leave_environment(tables: &Tables, draft: &mut Draft, key: &ApiKey) {
    let left = Grant::Environment { space: key.space, environment: key.environment };
    for token in tables.tokens.values().filter(|token| token.record.grant == left) {
        remove_locks(draft, token.record.id, &[key.id]);
    }
}

/// Locks a key to the service tokens that were granted its environment before it came there.
pub(crate) fn lock_for_environment(
    tables: &Tables,
    draft: &mut Draft,
    private: &PrivateKey,
    place: Place,
) -> Result<()> {
    let wanted = Grant::Environment { space: place.space, environment: place.environment };
    let fetching = tables
        .tokens
        .values()
        .map(|row| &row.record)
        .filter(|token| token.grant == wanted && token.scopes.contains(&Scope::Fetch));
    for token in fetching {
        let public = PublicKey(token.public_key);
        draft.put(&lock_for_token(private, place.api_key, token.id, &public, draft.now_ms)?)?;
    }
    Ok(())
}

fn remove_locks(draft: &mut Draft, token: Id, keys: &[Id]) {
    for key in keys {
        draft.batch.op(Op::Del(Lock::TABLE, Lock::row_key(LockTarget::ApiKey(*key), Holder::Token(token))));
    }
}
