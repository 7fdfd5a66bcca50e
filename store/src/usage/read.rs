//! Queries. They add the file's rows of one snapshot and what is still in memory, so an answer never lags an
//! acknowledgement. Memory says how far it reaches (`through`, `spread`) and so does the snapshot's head row: they are
//! only added when they fit, so nothing is counted twice while the writer folds.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::block;
use super::calendar::{DAY_MS, LAST_MS, day_of, first_day, month_of_day};
use super::cell::Cell;
use super::endpoints::{
    ENDPOINT_DAY_RETENTION_MS, ENDPOINT_DAYS, ENDPOINT_MONTHS, EndpointTotals, Endpoints,
};
use super::event::{Stored, UsageEvent};
use super::fold::{BLOCKS, block_key, damaged, decode_endpoints};
use super::head::{HEADS, Head, minutes_from};
use super::live::{Live, Recent};
use super::models::{MODEL_ROWS, ModelCell, ModelUse, Models};
use super::rollup::{Cells, Grain, row_key, row_number};
use super::shared::{KeyState, Prune, Run, Shared, lock};
use super::totals::{Sums, Totals};
use crate::error::{Error, Result};
use crate::model::Id;
use crate::redb::port::RawSnapshot;
use crate::table::{KeyRange, Order, Table};

/// Snapshots tried before giving up; two are the most that a running writer makes necessary.
const TRIES: usize = 1_000;

/// Reads usage; cheap to clone, usable from any thread. `totals` and `live` are answered from memory at once, the
/// others read the file for microseconds to a few milliseconds.
#[derive(Clone)]
pub struct Usage {
    shared: Arc<Shared>,
}

/// What of a key is in memory and not yet in the rows of `snapshot`.
struct View {
    snapshot: RawSnapshot,
    /// The part of the head that a query needs.
    cells: Vec<(i64, Cell)>,
    days: Vec<(u32, Endpoints)>,
    models: Models,
    blocks: u64,
    newest_ms: i64,
    runs: Vec<Run>,
}

impl Usage {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// A key's totals; `month_used` counts the month (UTC) of `now_ms`.
    pub fn totals(&self, api_key: Id, now_ms: i64) -> Totals {
        let key = self.shared.key(api_key);
        key.map_or_else(|| Sums::default().report(now_ms), |key| lock(&key).sums.report(now_ms))
    }

    /// The totals of many keys, in their order.
    pub fn totals_many(&self, api_keys: &[Id], now_ms: i64) -> Vec<Totals> {
        let keys = self.shared.keys();
        let sums = |api_key| keys.get(api_key).map(|key| lock(key).sums).unwrap_or_default();
        api_keys.iter().map(|api_key| sums(api_key).report(now_ms)).collect()
    }

    /// A key's last 120 seconds, up to and with the second of `now_ms`. Seconds before the daemon's start are empty but
    /// for what had not been folded.
    pub fn live(&self, api_key: Id, now_ms: i64) -> Live {
        let key = self.shared.key(api_key);
        key.map_or_else(|| Recent::default().report(now_ms), |key| lock(&key).recent.report(now_ms))
    }

    /// A key's cells that start in `from_ms..to_ms` (cut to whole cells, UTC), by rising start. Stretches without
    /// traffic have none. Minutes reach back 48 h from the key's last use, hours 90 days.
    pub fn cells(&self, api_key: Id, grain: Grain, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, Cell)>> {
        let Some(view) = self.view(api_key)? else { return Ok(Vec::new()) };
        let from_ms = match grain {
            Grain::Minute => from_ms.max(minutes_from(view.newest_ms)),
            Grain::Hour | Grain::Day => from_ms,
        };
        let (from_ms, to_ms) = (grain.start_of(from_ms), to_ms.min(LAST_MS));
        if from_ms >= to_ms {
            return Ok(Vec::new());
        }
        let mut cells = view.stored_cells(api_key, grain, from_ms..to_ms)?;
        for (start, cell) in &view.cells {
            let start = grain.start_of(*start);
            if (from_ms..to_ms).contains(&start) {
                cells.entry(start).or_default().merge(cell);
            }
        }
        for event in view.events() {
            let start = grain.start_of(event.at_ms);
            if (from_ms..to_ms).contains(&start) {
                cells.entry(start).or_default().add(event);
            }
        }
        Ok(cells.into_iter().collect())
    }

    /// A key's endpoints over the days that `from_ms..to_ms` touches (UTC), by falling number of calls. Whole months
    /// come from month rows; days over 90 days old are only known as part of their month.
    pub fn endpoints(&self, api_key: Id, from_ms: i64, to_ms: i64) -> Result<Vec<EndpointTotals>> {
        let Some(view) = self.view(api_key)?.filter(|_| from_ms < to_ms) else { return Ok(Vec::new()) };
        let days = day_of(from_ms)..day_of(view.newest_ms.min(to_ms - 1)) + 1;
        let mut sum = Endpoints::default();
        let oldest_day = day_of(view.newest_ms - ENDPOINT_DAY_RETENTION_MS);
        let mut day = days.start;
        while day < days.end {
            let (month, place) = month_of_day(day);
            // Months before this one end within the days asked for.
            let last = month_of_day(days.end).0;
            if place == 0 && month < last {
                view.stored_endpoints(api_key, ENDPOINT_MONTHS, month..last, &mut sum)?;
                day = first_day(last);
                continue;
            }
            let end = first_day(month + 1).min(days.end);
            if day < oldest_day {
                view.stored_endpoints(api_key, ENDPOINT_MONTHS, month..month + 1, &mut sum)?;
            } else {
                view.stored_endpoints(api_key, ENDPOINT_DAYS, day..end, &mut sum)?;
            }
            day = end;
        }
        view.days.iter().filter(|(day, _)| days.contains(day)).for_each(|(_, more)| sum.merge(more));
        view.events().filter(|event| days.contains(&day_of(event.at_ms))).for_each(|event| sum.add(event));
        Ok(sum.into_totals())
    }

    /// What a key's calls told of models, by hours (which reach back 90 days) or by days (UTC), by rising start: those
    /// that start in `from_ms..to_ms`. Minutes are not kept of models; hours are told in their place.
    pub fn models(&self, api_key: Id, grain: Grain, from_ms: i64, to_ms: i64) -> Result<Vec<ModelUse>> {
        let Some(view) = self.view(api_key)? else { return Ok(Vec::new()) };
        let [hours, days] = MODEL_ROWS;
        let (grain, table) = if grain == Grain::Day { days } else { hours };
        let (from_ms, to_ms) = (grain.start_of(from_ms), to_ms.min(LAST_MS));
        if from_ms >= to_ms {
            return Ok(Vec::new());
        }
        let mut waiting = Models::default();
        waiting.merge(&view.models, grain);
        view.events().for_each(|event| waiting.add(event, grain));
        let rows = grain.place_of(from_ms).0..grain.place_of(to_ms - 1).0 + 1;
        let mut found: BTreeMap<(i64, Option<Arc<str>>), ModelCell> = BTreeMap::new();
        let mut take = |models: &Models| {
            let within = models.uses().filter(|told| (from_ms..to_ms).contains(&told.start_ms));
            within.for_each(|told| found.entry((told.start_ms, told.model)).or_default().merge(&told.cell));
        };
        view.scan(api_key, table, rows, &mut |_, value| {
            take(&Models::decode(value).map_err(damaged(table))?);
            Ok(())
        })?;
        take(&waiting);
        Ok(found.into_iter().map(|((start_ms, model), cell)| ModelUse { start_ms, model, cell }).collect())
    }

    /// A key's events in `from_ms..to_ms`, newest first, at most `limit`. Their event ids are not kept.
    pub fn events(&self, api_key: Id, from_ms: i64, to_ms: i64, limit: usize) -> Result<Vec<UsageEvent>> {
        let Some(view) = self.view(api_key)?.filter(|_| limit > 0) else { return Ok(Vec::new()) };
        let wanted = |event: &&Stored| (from_ms..to_ms).contains(&event.at_ms);
        let mut newest: Vec<Stored> = view.events().filter(wanted).cloned().collect();
        keep_newest(&mut newest, limit);
        let range = KeyRange { start: block_key(api_key, 0), end: Some(block_key(api_key, view.blocks)) };
        view.snapshot.raw_scan(BLOCKS, &range, Order::Descending, &mut |_, value| {
            let header = block::header(value).map_err(damaged(BLOCKS))?;
            let enough = newest.len() == limit && newest[limit - 1].at_ms >= header.newest_ms;
            if enough || header.newest_ms < from_ms {
                return Ok(false);
            }
            if header.first_ms < to_ms && header.last_ms >= from_ms {
                let events = block::unpack(value).map_err(damaged(BLOCKS))?;
                newest.extend(events.into_iter().filter(|event| wanted(&event)));
                keep_newest(&mut newest, limit);
            }
            Ok(true)
        })?;
        Ok(newest.iter().map(|event| event.report(api_key)).collect())
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

    /// A snapshot and the memory that fits it; nothing for a key that was never used.
    fn view(&self, api_key: Id) -> Result<Option<View>> {
        for _ in 0..TRIES {
            let Some(key) = self.shared.key(api_key) else { return Ok(None) };
            let snapshot = self.shared.snapshot().ok_or(Error::Closed)?;
            let row = snapshot.raw_get(HEADS, api_key.as_bytes())?;
            let marks = row.map_or(Ok((0, 0)), |row| Head::decode_marks(&row)).map_err(damaged(HEADS))?;
            let state = lock(&key);
            if state.head.forgotten {
                return Ok(None);
            }
            let fitting = [Some(&state.head), state.next.as_deref()]
                .into_iter()
                .flatten()
                .find(|head| (head.through, head.spread) == marks);
            if let Some(head) = fitting {
                return Ok(Some(View::new(&state, head, snapshot)));
            }
        }
        Err(Error::Busy)
    }
}

impl View {
    fn new(state: &KeyState, head: &Head, snapshot: RawSnapshot) -> Self {
        let unfolded = state.runs.iter().filter(|run| run.0 > head.through);
        Self {
            snapshot,
            cells: head.cells.clone(),
            days: head.days.clone(),
            models: head.models.clone(),
            blocks: head.blocks,
            newest_ms: state.sums.newest_ms,
            runs: unfolded.cloned().collect(),
        }
    }

    fn events(&self) -> impl Iterator<Item = &Stored> {
        self.runs.iter().flat_map(|run| run.1.iter())
    }

    fn stored_cells(&self, api_key: Id, grain: Grain, range: Range<i64>) -> Result<BTreeMap<i64, Cell>> {
        let mut cells = BTreeMap::new();
        let rows = grain.place_of(range.start).0..grain.place_of(range.end - 1).0 + 1;
        self.scan(api_key, grain.table(), rows, &mut |row, value| {
            let stored = Cells::decode(value).map_err(damaged(grain.table()))?;
            let starts = stored.0.into_iter().map(|(slot, cell)| (grain.slot_start(row, slot), cell));
            cells.extend(starts.filter(|(start, _)| range.contains(start)));
            Ok(())
        })?;
        Ok(cells)
    }

    fn stored_endpoints(
        &self,
        api_key: Id,
        table: Table,
        rows: Range<u32>,
        sum: &mut Endpoints,
    ) -> Result<()> {
        self.scan(api_key, table, rows, &mut |_, value| {
            sum.merge(&decode_endpoints(value).map_err(damaged(table))?);
            Ok(())
        })
    }

    fn scan(
        &self,
        api_key: Id,
        table: Table,
        rows: Range<u32>,
        visit: &mut dyn FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let range = KeyRange { start: row_key(api_key, rows.start), end: Some(row_key(api_key, rows.end)) };
        self.snapshot.raw_scan(table, &range, Order::Ascending, &mut |key, value| {
            visit(row_number(key).map_err(damaged(table))?, value)?;
            Ok(true)
        })
    }
}

/// Newest first, no more than `limit`.
fn keep_newest(events: &mut Vec<Stored>, limit: usize) {
    events.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    events.truncate(limit);
}
