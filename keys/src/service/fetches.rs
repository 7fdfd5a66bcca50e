//! The record of fetches: one row a token, key and day (UTC). The first of a day is an audit record too, durable
//! before the value goes out; those after it are counted in memory and written within a second, so that no fetch
//! waits for a commit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::OnceCell;

use keyward_store::model::{ApiKey, FetchDay, Id};
use keyward_store::{Batch, KeyRange, Op, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::crypto;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::put;

/// Rows written in one batch, or removed.
const ROWS: usize = 1024;

const DAY_MS: i64 = 24 * 3_600_000;

/// Today's fetches, and which of them are not written yet.
#[derive(Default)]
pub(crate) struct Fetches {
    today: RwLock<Today>,
    changed: Mutex<Vec<Arc<FetchCount>>>,
}

#[derive(Default)]
struct Today {
    day: u32,
    counts: HashMap<(Id, Id), Arc<FetchCount>>,
}

/// One row in memory.
pub(crate) struct FetchCount {
    day: u32,
    token: Id,
    api_key: Id,
    /// Set once the day's first fetch is in the audit chain.
    recorded: OnceCell<()>,
    count: AtomicU64,
    last_ms: AtomicI64,
    version: AtomicU32,
    changed: AtomicBool,
}

impl FetchCount {
    fn new(row: FetchDay, recorded: bool) -> Arc<Self> {
        Arc::new(Self {
            day: row.day,
            token: row.token,
            api_key: row.api_key,
            recorded: OnceCell::new_with(recorded.then_some(())),
            count: row.count.into(),
            last_ms: row.last_ms.into(),
            version: row.version.into(),
            changed: false.into(),
        })
    }

    fn row(&self) -> FetchDay {
        FetchDay {
            day: self.day,
            token: self.token,
            api_key: self.api_key,
            count: self.count.load(Relaxed),
            last_ms: self.last_ms.load(Relaxed),
            version: self.version.load(Relaxed),
        }
    }
}

fn day_of(now_ms: i64) -> u32 {
    u32::try_from(now_ms.div_euclid(DAY_MS)).unwrap_or(0)
}

impl Fetches {
    /// Reads today's rows, so that a restart does not make a second first fetch of the day.
    pub(crate) async fn fill(&self, snapshot: &impl Snapshot, now_ms: i64) -> keyward_store::Result<()> {
        let day = day_of(now_ms);
        let mut range = KeyRange::prefix(&FetchDay::prefix(day));
        let mut counts = HashMap::new();
        loop {
            let rows = snapshot.scan(FetchDay::TABLE, range.clone(), Order::Ascending, ROWS).await?;
            for (_, raw) in &rows {
                let row = Row::<FetchDay>::decode(raw)?.record;
                counts.insert((row.token, row.api_key), FetchCount::new(row, true));
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS => range.start = [last.as_slice(), &[0]].concat(),
                _ => break,
            }
        }
        *self.today.write().unwrap_or_else(PoisonError::into_inner) = Today { day, counts };
        Ok(())
    }

    /// The count of this token, key and day.
    fn of(&self, token: Id, api_key: Id, now_ms: i64) -> Arc<FetchCount> {
        let day = day_of(now_ms);
        {
            let today = self.today.read().unwrap_or_else(PoisonError::into_inner);
            if today.day >= day
                && let Some(count) = today.counts.get(&(token, api_key))
            {
                return Arc::clone(count);
            }
        }
        let mut today = self.today.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever asked a moment before midnight may come here after it, and is counted with the new day.
        if today.day < day {
            // What is not written of the day before lies in `changed` too.
            *today = Today { day, ..Today::default() };
        }
        let day = today.day;
        let new = || {
            FetchCount::new(FetchDay { day, token, api_key, count: 0, last_ms: now_ms, version: 0 }, false)
        };
        Arc::clone(today.counts.entry((token, api_key)).or_insert_with(new))
    }

    fn add(&self, count: &Arc<FetchCount>, version: u32, now_ms: i64) -> bool {
        count.count.fetch_add(1, Relaxed);
        count.last_ms.fetch_max(now_ms, Relaxed);
        count.version.store(version, Relaxed);
        self.mark(count)
    }

    /// Answers whether it is the first that waits to be written.
    fn mark(&self, count: &Arc<FetchCount>) -> bool {
        if count.changed.swap(true, Relaxed) {
            return false;
        }
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.push(Arc::clone(count));
        changed.len() == 1
    }

    fn take(&self) -> Vec<Arc<FetchCount>> {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let from = changed.len().saturating_sub(ROWS);
        changed.split_off(from)
    }
}

impl Service {
    /// Counts a fetch. The first of a token, key and day is in the audit chain when this returns; whoever comes while
    /// it is being written waits for it.
    pub(crate) async fn record_fetch(
        &self,
        caller: &Caller,
        token: Id,
        key: &ApiKey,
        version: u32,
        now_ms: i64,
    ) -> Result<()> {
        let metered = &self.0.metered;
        let count = metered.fetches.of(token, key.id, now_ms);
        if !count.recorded.initialized() {
            count.recorded.get_or_try_init(|| self.record_first_fetch(caller, &count, key, version)).await?;
        }
        if metered.fetches.add(&count, version, now_ms) {
            metered.wake.notify_one();
        }
        Ok(())
    }

    async fn record_first_fetch(
        &self,
        caller: &Caller,
        count: &FetchCount,
        key: &ApiKey,
        version: u32,
    ) -> Result<()> {
        let row = FetchDay { version, ..count.row() };
        self.change(caller, Permission::KeyFetch, Target::Key(key.id), |_, draft| {
            draft.object = Some(key.id);
            draft.space = Some(key.space);
            draft.detail = format!("version {version}, first of the day");
            draft.batch.op(put(&row)?);
            Ok(())
        })
        .await
    }

    /// Writes the fetches counted since the last time.
    pub(crate) async fn write_fetches(&self) -> Result<()> {
        loop {
            let counts = self.0.metered.fetches.take();
            if counts.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new(crypto::random_batch_id()?);
            for count in &counts {
                count.changed.store(false, Relaxed);
                batch.op(put(&count.row())?);
            }
            if let Err(error) = self.commit_metered(batch).await {
                // Rows say how many in all, so writing them again later is right.
                for count in &counts {
                    self.0.metered.fetches.mark(count);
                }
                return Err(error);
            }
        }
    }

    /// Removes the rows of days before this one, a batch at a time.
    pub(crate) async fn prune_fetches(&self, before_ms: i64) -> Result<()> {
        let end = FetchDay::prefix(day_of(before_ms)).to_vec();
        loop {
            let range = KeyRange { start: Vec::new(), end: Some(end.clone()) };
            let snapshot = self.store().snapshot().await?;
            let rows = snapshot.scan(FetchDay::TABLE, range, Order::Ascending, ROWS).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new(crypto::random_batch_id()?);
            for (key, _) in rows {
                batch.op(Op::Del(FetchDay::TABLE, key));
            }
            self.commit_metered(batch).await?;
        }
    }
}
