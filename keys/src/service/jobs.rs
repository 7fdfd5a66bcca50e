//! What the daemon does by itself, as named system callers. Each is safe to run twice and does nothing when there
//! is nothing to do.

use keyward_store::model::{
    ApiKey, ClientNetworks, Decoy, DecoyUse, KeyNetworks, Lock, LockTarget, PastRotation, Rotation,
    RotationOccurrence, RotationPlan, RotationSigning, Unusual, ValueMark, Version, VersionHolder,
    VersionUse, Watched,
};
use keyward_store::{KeyRange, Op, Order, Record, Row, Snapshot, Store, Table};

use crate::caller::Caller;
use crate::error::Result;
use crate::event::Event;
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::mirror::Shared;
use crate::service::{Service, budgets, granted};

const DAY_MS: i64 = 24 * 3_600_000;

/// How long a deleted key stays in the bin.
pub(crate) const BIN_MS: i64 = 30 * DAY_MS;

/// Locks or versions of one key that are removed with it.
const MOST_PARTS: usize = 10_000;

/// Tables with at most one row of a key, under its id.
const OF_ONE_KEY: [Table; 9] = [
    RotationPlan::TABLE,
    Rotation::TABLE,
    RotationSigning::TABLE,
    KeyNetworks::TABLE,
    Watched::TABLE,
    Unusual::TABLE,
    Decoy::TABLE,
    DecoyUse::TABLE,
    ClientNetworks::TABLE,
];

/// Tables with rows of a key, each under its id and something more.
const OF_ITS_PARTS: [Table; 5] = [
    PastRotation::TABLE,
    RotationOccurrence::TABLE,
    VersionHolder::TABLE,
    VersionUse::TABLE,
    ValueMark::TABLE,
];

impl Service {
    /// Removes keys that have been in the bin for 30 days, with their values, locks and usage. Answers how many.
    pub async fn purge_bin(&self, caller: &Caller) -> Result<u64> {
        let before_ms = self.now_ms() - BIN_MS;
        let due: Vec<Shared<ApiKey>> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::InstanceRun, Target::Instance, None)?;
            let due = |row: &&Shared<ApiKey>| row.record.deleted_ms.is_some_and(|at| at <= before_ms);
            tables.keys.binned().filter(due).cloned().collect()
        };
        let mut purged = 0;
        for key in due {
            self.purge(caller, &key).await?;
            purged += 1;
        }
        Ok(purged)
    }

    /// Removes sessions that have ended. Answers how many.
    pub async fn end_expired_sessions(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::InstanceRun, Target::Instance, None)?;
            self.0.seen.retain(|id| tables.sessions.contains_key(&id));
            if !tables.sessions.values().any(|row| row.record.expires_ms <= now_ms) {
                return Ok(0);
            }
        }
        self.change(caller, Permission::InstanceRun, Target::Instance, |tables, draft| {
            let mut ended = 0;
            for row in tables.sessions.values().filter(|row| row.record.expires_ms <= draft.now_ms) {
                draft.batch.remove(row);
                ended += 1;
            }
            draft.detail = format!("{ended} sessions ended");
            Ok(ended)
        })
        .await
    }

    /// Drops raw usage events, rollups and records of fetches that are older than they are kept.
    pub async fn prune_usage(&self, caller: &Caller) -> Result<()> {
        authorise(&self.mirror().read(), caller, Permission::InstanceRun, Target::Instance, None)?;
        let (now_ms, days) = (self.now_ms(), self.0.settings.retention_days);
        self.0.usage.prune(now_ms, days);
        self.prune_fetches(now_ms - i64::from(days) * DAY_MS).await
    }

    /// Tells every open session that the daemon is going down.
    pub fn announce_drain(&self, caller: &Caller, seconds: u32) -> Result<()> {
        authorise(&self.mirror().read(), caller, Permission::InstanceRun, Target::Instance, None)?;
        self.bus().publish(Event::Draining { seconds });
        Ok(())
    }

    async fn purge(&self, caller: &Caller, key: &Row<ApiKey>) -> Result<()> {
        let id = key.record.id;
        let snapshot = self.store().snapshot().await?;
        let locks = KeyRange::prefix(&Lock::prefix(LockTarget::ApiKey(id)));
        let locks = snapshot.scan(Lock::TABLE, locks, Order::Ascending, MOST_PARTS).await?;
        let versions = KeyRange::prefix(id.as_bytes());
        let versions = snapshot.scan(Version::TABLE, versions, Order::Ascending, MOST_PARTS).await?;
        let mut rotated = Vec::new();
        for table in OF_ITS_PARTS {
            let range = KeyRange::prefix(id.as_bytes());
            let rows = snapshot.scan(table, range, Order::Ascending, MOST_PARTS).await?;
            rotated.extend(rows.into_iter().map(|(row, raw)| (table, row, raw)));
        }
        // Takes effect with the next commit, this one at the latest: after it nobody would know of the key any more,
        // and a crash in between would leave its usage behind.
        self.0.usage.forget(id);
        self.0.metered.clients.forget(id);
        self.0.decoys.forget(id);
        self.0.refused.forget(id);
        self.change(caller, Permission::InstanceRun, Target::Instance, |tables, draft| {
            draft.object = Some(id);
            draft.detail = "purged from the bin".to_owned();
            draft.batch.remove(key);
            for (table, rows) in [(Lock::TABLE, &locks), (Version::TABLE, &versions)] {
                for (row, _) in rows {
                    draft.batch.op(Op::Del(table, row.clone()));
                }
            }
            for (table, row, raw) in &rotated {
                if *table == PastRotation::TABLE {
                    let past = Row::<PastRotation>::decode(raw)?;
                    past.record.unique().into_iter().for_each(|(index, key)| {
                        draft.batch.op(Op::Del(index, key));
                    });
                }
                draft.batch.op(Op::Del(*table, row.clone()));
            }
            for table in OF_ONE_KEY {
                draft.batch.op(Op::Del(table, id.as_bytes().to_vec()));
            }
            budgets::forget(draft, id);
            for rule in tables.alert_rules.values().filter(|rule| rule.record.api_key == Some(id)) {
                draft.batch.remove(rule);
            }
            tables.tokens.values().try_for_each(|token| granted::end(draft, token, &[id]))
        })
        .await
    }
}
