//! Queries. They add the file's rows of one snapshot and what is still in memory, so an answer never lags an
//! acknowledgement. Memory says how far it reaches (`through`, `spread`) and so does the snapshot's head row: they are
//! only added when they fit, so nothing is counted twice while the writer folds. What is read of a key is `of_key`'s.

use std::sync::Arc;

use super::calendar::DAY_MS;
use super::cell::Cell;
use super::endpoints::EndpointReport;
use super::event::UsageEvent;
use super::fold::damaged;
use super::grain::Grain;
use super::head::{HEADS, Head};
use super::live::{Live, Recent};
use super::models::ModelUse;
use super::of_key::{Fitting, KeyUsage};
use super::ranges::CellRanges;
use super::shared::{Asking, Prune, Shared, lock};
use super::totals::{Sums, Totals};
use crate::error::{Error, Result};
use crate::model::Id;

/// Snapshots tried before giving up; two are the most that a running writer makes necessary.
const TRIES: usize = 1_000;

/// Reads usage; cheap to clone, usable from any thread. `totals` and `live` are answered from memory at once, the
/// others read the file for microseconds to a few milliseconds.
#[derive(Clone)]
pub struct Usage {
    shared: Arc<Shared>,
}

impl Usage {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// A key's totals; `month_used` counts the month (UTC) of `now_ms`.
    pub fn totals(&self, api_key: Id, now_ms: i64) -> Totals {
        let key = self.shared.key(api_key);
        key.map_or_else(|| Sums::default().report(now_ms), |key| lock(&key).sums().report(now_ms))
    }

    /// The totals of many keys, in their order.
    pub fn totals_many(&self, api_keys: &[Id], now_ms: i64) -> Vec<Totals> {
        let keys = self.shared.keys();
        let sums = |api_key| keys.get(api_key).map(|key| *lock(key).sums()).unwrap_or_default();
        api_keys.iter().map(|api_key| sums(api_key).report(now_ms)).collect()
    }

    /// A key's last 120 seconds, up to and with the second of `now_ms`. Seconds before the daemon's start are empty but
    /// for what had not been folded.
    pub fn live(&self, api_key: Id, now_ms: i64) -> Live {
        let key = self.shared.key(api_key);
        key.map_or_else(|| Recent::default().report(now_ms), |key| lock(&key).recent.report(now_ms))
    }

    /// To be held while many keys are read: folding takes no more than a slice now and then meanwhile, so that it does not
    /// take a core from whoever waits for the answer.
    pub fn asking(&self) -> Asking {
        Asking::new(self.shared.clone())
    }

    /// What a key was used, as it is now; nothing when it never was.
    pub fn of(&self, api_key: Id) -> Result<Option<KeyUsage>> {
        for _ in 0..TRIES {
            let Some(key) = self.shared.key(api_key) else { return Ok(None) };
            let snapshot = self.shared.snapshot().ok_or(Error::Closed)?;
            let mut marks = (0, 0);
            snapshot.raw_look(HEADS, api_key.as_bytes(), &mut |row| {
                marks = Head::decode_marks(row).map_err(damaged(HEADS))?;
                Ok(())
            })?;
            let state = lock(&key);
            if state.head.forgotten {
                return Ok(None);
            }
            let fitting = [Some(&state.head), state.next.as_deref()]
                .into_iter()
                .flatten()
                .find(|head| (head.through, head.spread) == marks);
            if let Some(head) = fitting {
                let fitting = Fitting::of(&state, head);
                drop(state);
                return KeyUsage::new(api_key, fitting, snapshot).map(Some);
            }
        }
        Err(Error::Busy)
    }

    /// [`KeyUsage::cells`].
    pub fn cells(&self, api_key: Id, grain: Grain, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, Cell)>> {
        self.of(api_key)?.map_or(Ok(Vec::new()), |of| of.cells(grain, from_ms, to_ms))
    }

    /// [`KeyUsage::endpoints`].
    pub fn endpoints(&self, api_key: Id, grain: Grain, from_ms: i64, to_ms: i64) -> Result<EndpointReport> {
        let of = self.of(api_key)?;
        of.map_or_else(|| Ok(EndpointReport::default()), |of| of.endpoints(grain, from_ms, to_ms))
    }

    /// [`KeyUsage::models`] of the cells that start in `from_ms..to_ms`.
    pub fn models(&self, api_key: Id, grain: Grain, from_ms: i64, to_ms: i64) -> Result<Vec<ModelUse>> {
        self.of(api_key)?.map_or(Ok(Vec::new()), |of| of.models(&CellRanges::one(grain, from_ms, to_ms)))
    }

    /// [`KeyUsage::events`].
    pub fn events(&self, api_key: Id, from_ms: i64, to_ms: i64, limit: usize) -> Result<Vec<UsageEvent>> {
        self.of(api_key)?.map_or(Ok(Vec::new()), |of| of.events(from_ms, to_ms, limit))
    }

    /// Forgets a deleted key: it is empty with the writer's next commit, and its rows go little by little. Asked for
    /// before the key's own row is removed, it becomes durable with that removal or earlier.
    pub fn forget(&self, api_key: Id) {
        self.shared.requests().forget.push(api_key);
    }

    /// Removes, little by little from the writer's next commit on, raw events older than `retention_days` and rollups
    /// older than their own retention.
    pub fn prune(&self, now_ms: i64, retention_days: u32) {
        let events_before_ms = now_ms - i64::from(retention_days) * DAY_MS;
        self.shared.requests().prune = Some(Prune { now_ms, events_before_ms });
    }
}
