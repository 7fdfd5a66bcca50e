//! Marks of values: by them it is known which keys have one value in several environments, without opening any. They are
//! written with the version that they are of, so no label that moves over versions has to touch them.
//!
//! Only keys in automation custody have one. Whoever holds the file and the master key can hold a mark against guesses;
//! of such a key they could read the value itself, so its mark gives nothing away. A mark of a sealed or a private key
//! would let them test guesses of what the daemon promises not to be able to read: none is made of these, and those of a
//! key that leaves automation custody go in the same commit. In a space, whoever may set a value may reveal these values
//! too; so being told that two are the same tells nobody more than they may know.

use keyward_store::model::{ApiKey, Custody, Id, Rotation, ValueMark};
use keyward_store::{Batch, Check, Op, Record};

use crate::caller::Caller;
use crate::crypto::{self, MarkKey};
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::change::{Draft, put};
use crate::service::mirror::{Shared, Tables};
use crate::view::SharedValue;

/// Keys whose marks are made in one commit.
const KEYS_A_COMMIT: usize = 64;

/// Keys with the same value that are told of one key.
const MOST_TOLD: usize = 20;

/// Adds the mark of a new version to the draft that adds the version.
pub(crate) fn note(
    draft: &mut Draft,
    marks: &MarkKey,
    key: &ApiKey,
    version: u32,
    value: &[u8],
) -> Result<()> {
    if key.custody != Custody::Automation {
        return Ok(());
    }
    draft.put(&ValueMark { api_key: key.id, version, mark: marks.mark(key.space, value) })
}

/// Removes the marks of a key that goes to another space or custody, in the draft that takes it there.
pub(crate) fn forget(tables: &Tables, draft: &mut Draft, key: &ApiKey) {
    // A job may just be making the one of the current version.
    for version in tables.marks.versions(key.id).chain([key.current_version]) {
        draft.batch.op(Op::Del(ValueMark::TABLE, ValueMark::row_key(key.id, version)));
    }
    // And a rotation that of a pending one, along with this row.
    match tables.rotations.state(key.id) {
        Some(state) => draft.batch.require(state),
        None => draft.batch.check(Check::Absent(Rotation::TABLE, key.id.as_bytes().to_vec())),
    };
}

/// The keys of other environments with this one's value, as far as the caller may see them.
pub(crate) fn shared_with(tables: &Tables, caller: &Caller, key: &ApiKey) -> Vec<SharedValue> {
    let sees = |id: &Id| may(tables, caller.identity, Permission::KeyRead, Target::Key(*id));
    let others = tables.marks.shared_with(key).filter(sees).filter_map(|id| tables.keys.get(id));
    let view = |row: &Shared<ApiKey>| SharedValue {
        id: row.record.id,
        key_id: row.record.key_id.clone(),
        name: row.record.name.clone(),
        environment: row.record.environment,
    };
    others.take(MOST_TOLD).map(view).collect()
}

impl Service {
    /// Makes the marks that are missing: of keys that were made before there were any, and of those that came to another
    /// space or custody. What does not open is left out, and tried again the next time. Answers how many were made.
    pub async fn mark_values(&self, caller: &Caller) -> Result<u64> {
        let due: Vec<Id> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::InstanceRun, Target::Instance, None)?;
            tables.marks.unmarked().iter().copied().collect()
        };
        let mut made = 0;
        for ids in due.chunks(KEYS_A_COMMIT) {
            match self.mark_some(ids).await {
                Ok(some) => made += some,
                // One of them was just changed: they wait for the next time.
                Err(Error::Busy) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(made)
    }

    /// Makes the mark of a key that has just lost it; if that fails, the job does it.
    pub(crate) async fn mark_again(&self, id: Id) {
        if !self.mirror().read().marks.unmarked().contains(&id) {
            return;
        }
        if let Err(error) = self.mark_some(&[id]).await {
            tracing::debug!(key = %id, %error, "the mark of a value is made later");
        }
    }

    async fn mark_some(&self, ids: &[Id]) -> Result<u64> {
        let mut batch = Batch::new(crypto::random_batch_id()?);
        let mut made = 0;
        for id in ids {
            let row = self.mirror().read().keys.get(*id).cloned();
            let Some(row) = row.filter(|row| row.record.custody == Custody::Automation) else { continue };
            let key = &row.record;
            match self.open_version_by_daemon(key, key.current_version).await {
                Ok(value) => {
                    let mark = self.0.mark_key.mark(key.space, value.expose());
                    batch.require(&row);
                    batch.op(put(&ValueMark { api_key: *id, version: key.current_version, mark })?);
                    made += 1;
                }
                Err(error) => tracing::debug!(key = %id, %error, "a value has no mark: it does not open"),
            }
        }
        if made > 0 {
            self.commit_metered(batch).await?;
        }
        Ok(made)
    }
}
