//! The record of fetches: one row a token, key and day (UTC). The first of a day is an audit record too, durable
//! before the value goes out; those after it are counted in memory and written within a second, so that no fetch
//! waits for a commit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::OnceCell;

use keyward_store::model::{ApiKey, FetchDay, Id, VersionHolder};
use keyward_store::{Batch, KeyRange, Op, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::crypto;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::put;
use crate::service::metered::{Counted, Waiting};

/// Rows written in one batch, or removed.
const ROWS: usize = 1024;

const DAY_MS: i64 = 24 * 3_600_000;

/// Today's fetches, and which of them are not written yet.
#[derive(Default)]
pub(crate) struct Fetches {
    today: RwLock<Today>,
    waiting: Waiting<FetchCount>,
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
    /// It was given another version than before, which is not written yet.
    moved: AtomicBool,
    waits: AtomicBool,
}

impl Counted for FetchCount {
    fn waits(&self) -> &AtomicBool {
        &self.waits
    }
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
            moved: false.into(),
            waits: false.into(),
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
            // What is not written of the day before waits too.
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
        let before = count.version.swap(version, Relaxed);
        if before != version && before != 0 {
            count.moved.store(true, Relaxed);
        }
        self.waiting.add(count)
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
        let holder = VersionHolder { api_key: key.id, token: count.token, version, since_ms: row.last_ms };
        let snapshot = self.store().snapshot().await?;
        let held = Row::<VersionHolder>::get(&snapshot, &holder.key()).await?;
        let moves = held.is_none_or(|held| held.record.version != version);
        self.change(caller, Permission::KeyFetch, Target::Key(key.id), |_, draft| {
            draft.object = Some(key.id);
            draft.space = Some(key.space);
            draft.detail = format!("version {version}, first of the day");
            draft.batch.op(put(&row)?);
            if moves {
                draft.put(&holder)?;
            }
            Ok(())
        })
        .await
    }

    /// Writes the fetches counted since the last time.
    pub(crate) async fn write_fetches(&self) -> Result<()> {
        let waiting = &self.0.metered.fetches.waiting;
        let counts = waiting.take();
        for (done, rows) in counts.chunks(ROWS).enumerate() {
            let mut batch = Batch::new(crypto::random_batch_id()?);
            for count in rows {
                let row = count.row();
                if count.moved.swap(false, Relaxed) {
                    let FetchDay { token, api_key, version, last_ms, .. } = row;
                    batch.op(put(&VersionHolder { api_key, token, version, since_ms: last_ms })?);
                }
                batch.op(put(&row)?);
            }
            if let Err(error) = self.commit_metered(batch).await {
                // Rows say how many in all, so writing them again later is right.
                for count in &counts[done * ROWS..] {
                    count.moved.store(true, Relaxed);
                    waiting.add(count);
                }
                return Err(error);
            }
        }
        Ok(())
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

/// When an app last fetched a key, as far as fetches are kept; ms since the epoch.
pub(crate) async fn last_fetch(
    snapshot: &impl Snapshot,
    token: Id,
    api_key: Id,
    now_ms: i64,
    days: u32,
) -> Result<Option<i64>> {
    let today = day_of(now_ms);
    for day in (today.saturating_sub(days)..=today).rev() {
        let key = FetchDay { day, token, api_key, count: 0, last_ms: 0, version: 0 }.key();
        if let Some(row) = Row::<FetchDay>::get(snapshot, &key).await? {
            return Ok(Some(row.record.last_ms));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::service::ServiceOptions;

    #[tokio::test]
    async fn writing_ends_although_more_is_counted_all_the_while() {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::open(ServiceOptions::of_a_test(folder.path())).await.unwrap();
        let fetches = &service.0.metered.fetches;
        let count = fetches.of(Id::default(), Id::default(), service.now_ms());
        let counting = async {
            loop {
                fetches.add(&count, 1, service.now_ms());
                tokio::task::yield_now().await;
            }
        };
        let written = async {
            tokio::select! {
                biased;
                () = counting => unreachable!("it counts for ever"),
                written = service.write_fetches() => written.unwrap(),
            }
        };
        timeout(Duration::from_secs(20), written).await.expect("an end of writing");
        fetches.add(&count, 1, service.now_ms());
        assert_eq!(fetches.waiting.take().len(), 1, "what was counted meanwhile waits for the next time");
    }
}
