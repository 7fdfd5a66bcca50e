//! Removing rows little by little: old events and rollups, forgotten keys, runs of ids that were replaced. It must never
//! touch a key that a fold in the same commit is writing.

use std::collections::VecDeque;

use super::block;
use super::calendar::SECOND_MS;
use super::endpoints::{ENDPOINT_DAYS, ENDPOINT_MONTHS, ENDPOINT_PARTS, KIND_ROWS};
use super::engine::Engine;
use super::fold::{BLOCKS, damaged};
use super::grain::{Grain, HOUR_RETENTION_MS, MINUTE_RETENTION_MS};
use super::head::HEADS;
use super::models::{MODEL_HEADS, MODEL_ROWS};
use super::rollup::row_key;
use super::rows::Rows;
use super::shared::{Prune, lock};
use crate::error::Result;
use crate::model::Id;
use crate::redb::port::{RawOp, RawRead};
use crate::table::{KeyRange, Order, Table};

/// Rows removed, and keys looked at, in one slice.
const ROWS: usize = 256;
const KEYS: usize = 512;

/// Something to remove.
pub(super) enum Chore {
    /// All rows of a range.
    Remove(Table, KeyRange),
    /// What of a key is too old.
    Prune(Id, Prune),
    /// The last trace of a forgotten key.
    Unmap(Id),
}

impl Chore {
    /// Everything about a key.
    pub(super) fn burial(api_key: Id) -> impl Iterator<Item = Self> {
        let parts = ENDPOINT_PARTS.map(|(_, table)| table);
        let models = MODEL_ROWS.map(|(_, table)| table);
        let kinds = KIND_ROWS.map(|(.., table)| table);
        let tables = [BLOCKS, ENDPOINT_DAYS, ENDPOINT_MONTHS, MODEL_HEADS];
        let cells = Rows::ALL.map(Rows::table);
        let tables = tables.into_iter().chain(cells).chain(parts).chain(kinds).chain(models);
        let rows = tables.map(move |table| Self::Remove(table, KeyRange::prefix(api_key.as_bytes())));
        rows.chain([Self::Unmap(api_key)])
    }
}

/// What the commit in flight removes.
#[derive(Default)]
pub(super) struct Swept {
    finished: usize,
    unmapped: Vec<Id>,
}

impl Engine {
    /// Takes over what callers have asked for.
    pub(super) fn take_requests(&mut self) {
        let mut requests = self.shared.requests();
        self.work.forgetting.append(&mut requests.forget);
        let prune = requests.prune.take();
        drop(requests);
        self.work.forgetting.sort_unstable();
        self.work.forgetting.dedup();
        if let Some(prune) = prune {
            self.seen.prune(prune.now_ms);
            self.work.chores.retain(|chore| !matches!(chore, Chore::Prune(..)));
            self.work.chores.extend(self.shared.keys().keys().map(|api_key| Chore::Prune(*api_key, prune)));
        }
    }

    /// Works on the first chores until a slice's share is done.
    pub(super) fn sweep(&self, read: &dyn RawRead, ops: &mut Vec<RawOp>) -> Result<Swept> {
        let mut swept = Swept::default();
        let mut room = ROWS;
        for chore in self.work.chores.iter().take(KEYS) {
            let finished = match chore {
                Chore::Remove(table, range) => remove(*table, range, &mut room, read, ops)?,
                Chore::Prune(api_key, prune) => self.prune(*api_key, prune, &mut room, read, ops)?,
                Chore::Unmap(api_key) => {
                    ops.push(RawOp { table: HEADS, key: api_key.as_bytes().to_vec(), value: None });
                    swept.unmapped.push(*api_key);
                    true
                }
            };
            if !finished {
                break;
            }
            swept.finished += 1;
        }
        Ok(swept)
    }

    pub(super) fn apply_sweep(&mut self, swept: Swept) {
        drop_first(&mut self.work.chores, swept.finished);
        for api_key in swept.unmapped {
            self.shared.keys_mut().remove(&api_key);
        }
    }

    fn prune(
        &self,
        api_key: Id,
        prune: &Prune,
        room: &mut usize,
        read: &dyn RawRead,
        ops: &mut Vec<RawOp>,
    ) -> Result<bool> {
        let Some(key) = self.shared.key(api_key) else { return Ok(true) };
        let mut state = lock(&key);
        if state.next.is_some() {
            return Ok(false);
        }
        state.recent.expire(prune.now_ms / SECOND_MS);
        drop(state);
        let parts = ENDPOINT_PARTS.into_iter().chain(MODEL_ROWS).map(|(grain, table)| (grain.rows(), table));
        let cells = Rows::ALL.map(|rows| (rows, rows.table()));
        let kinds = KIND_ROWS.map(|(_, rows, table)| (rows, table));
        for (rows, table) in cells.into_iter().chain(kinds).chain(parts) {
            let kept_ms = match rows.grain() {
                Grain::Minute => MINUTE_RETENTION_MS,
                Grain::Quarter | Grain::Hour | Grain::SixHours => HOUR_RETENTION_MS,
                Grain::Day => continue,
            };
            for old in rows.rows_before(prune.now_ms, kept_ms) {
                let [start, end] = [old.start, old.end].map(|row| row_key(api_key, row));
                if !remove(table, &KeyRange { start, end: Some(end) }, room, read, ops)? {
                    return Ok(false);
                }
            }
        }
        prune_blocks(api_key, prune, room, read, ops)
    }
}

/// Removes a key's oldest blocks; an event that was reported late leaves with the block it came into.
fn prune_blocks(
    api_key: Id,
    prune: &Prune,
    room: &mut usize,
    read: &dyn RawRead,
    ops: &mut Vec<RawOp>,
) -> Result<bool> {
    let mut finished = true;
    read.raw_scan(BLOCKS, &KeyRange::prefix(api_key.as_bytes()), Order::Ascending, &mut |key, value| {
        let header = block::header(value).map_err(damaged(BLOCKS))?;
        if header.newest_ms >= prune.events_before_ms {
            return Ok(false);
        }
        finished = take_room(room);
        if finished {
            ops.push(RawOp { table: BLOCKS, key: key.to_vec(), value: None });
        }
        Ok(finished)
    })?;
    Ok(finished)
}

/// Removes rows while there is room; whether none remain.
fn remove(
    table: Table,
    range: &KeyRange,
    room: &mut usize,
    read: &dyn RawRead,
    ops: &mut Vec<RawOp>,
) -> Result<bool> {
    let mut finished = true;
    read.raw_scan(table, range, Order::Ascending, &mut |key, _| {
        finished = take_room(room);
        if finished {
            ops.push(RawOp { table, key: key.to_vec(), value: None });
        }
        Ok(finished)
    })?;
    Ok(finished)
}

/// Takes the first away, and gives room back that most of the queue has left.
pub(super) fn drop_first<T>(queue: &mut VecDeque<T>, count: usize) {
    queue.drain(..count);
    if queue.len() < queue.capacity() / 4 {
        queue.shrink_to(queue.len() * 2);
    }
}

fn take_room(room: &mut usize) -> bool {
    let left = *room > 0;
    *room = room.saturating_sub(1);
    left
}
