//! Folds events of one key: appends them to its blocks, counts them in its head, and now and then spreads the head's
//! waiting cells over the rollup rows. All of one fold goes into one commit. It must not change anything in memory but
//! its own buffers: what it answers becomes true when that commit succeeds.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::block::{self, FULL_BYTES, Packer};
use super::calendar::{month_of, month_of_day};
use super::codec::{Malformed, Read};
use super::endpoints::{
    ENDPOINT_DAYS, ENDPOINT_MONTHS, ENDPOINT_PARTS, EndpointParts, Endpoints, KIND_ROWS, KindRow, parts_from,
};
use super::event::Stored;
use super::grain::Grain;
use super::head::{HEADS, Head, minutes_from};
use super::kinds::Kinds;
use super::models::{MODEL_HEADS, MODEL_ROWS, Models};
use super::rollup::{Cells, row_key};
use super::rows::Rows;
use super::waiting::{Waiting, slot};
use crate::error::{Error, Result};
use crate::model::Id;
use crate::redb::port::{RawOp, RawRead};
use crate::table::Table;

/// Keyed by API key and block number (`u64`, big-endian).
pub(super) const BLOCKS: Table = Table("usage_blocks");

/// Rows of kinds of calls, by table and number.
type KindRows = BTreeMap<(&'static str, u32), KindRow>;

/// A block's key.
pub(super) fn block_key(api_key: Id, number: u64) -> Vec<u8> {
    [api_key.as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

/// Says in which table a value did not decode.
pub(super) fn damaged(table: Table) -> impl Fn(Malformed) -> Error {
    move |Malformed| Error::Damaged { table: table.0 }
}

/// One key's fold.
pub(super) struct Fold<'a> {
    pub(super) api_key: Id,
    pub(super) read: &'a dyn RawRead,
    pub(super) packer: &'a mut Packer,
    pub(super) ops: &'a mut Vec<RawOp>,
}

impl Fold<'_> {
    /// Answers the head after `events`, which came with arrivals up to `through`.
    pub(super) fn run(
        mut self,
        before: &Head,
        through: u64,
        events: Vec<&Stored>,
        spread: bool,
    ) -> Result<Head> {
        let mut head = before.clone();
        head.through = through;
        let mut waiting = before.take_out().map_err(damaged(HEADS))?;
        if !events.is_empty() {
            head.count(&events);
            // First, for it reads all texts in a row, from all over memory: that is done while others are waited for.
            self.append(&mut head, &events)?;
            waiting.add(&events, head.sums.newest_ms);
        }
        if spread || waiting.must_spread() {
            self.spread_cells(&waiting, head.sums.newest_ms)?;
            self.spread_endpoints(&waiting, head.sums.newest_ms)?;
            self.spread_models(&waiting)?;
            waiting = Waiting::default();
            head.spread += 1;
        }
        head.put_in(&waiting);
        if head.models != before.models {
            let value = head.models.as_deref().cloned();
            self.ops.push(RawOp { table: MODEL_HEADS, key: self.api_key.as_bytes().to_vec(), value });
        }
        self.put(HEADS, self.api_key.as_bytes().to_vec(), head.encode());
        Ok(head)
    }

    /// Fills up the last block, and makes new ones of the rest.
    fn append(&mut self, head: &mut Head, events: &[&Stored]) -> Result<()> {
        let mut number = head.blocks;
        let mut unfilled = Vec::new();
        if head.open && number > 0 {
            number -= 1;
            let key = block_key(self.api_key, number);
            unfilled = self.get(BLOCKS, &key, block::unpack)?.unwrap_or_default();
        }
        let mut events: Vec<&Stored> = unfilled.iter().chain(events.iter().copied()).collect();
        events.sort_by_key(|event| event.at_ms);
        for block in self.packer.cut(&events, head.sums.newest_ms) {
            head.open = block.len() < FULL_BYTES;
            self.put(BLOCKS, block_key(self.api_key, number), block);
            number += 1;
        }
        head.blocks = number;
        Ok(())
    }

    fn spread_cells(&mut self, waiting: &Waiting, newest_ms: i64) -> Result<()> {
        let minutes_from = minutes_from(newest_ms);
        for rows_as in Rows::ALL {
            let (grain, table) = (rows_as.grain(), rows_as.table());
            let mut rows: BTreeMap<u32, Cells> = BTreeMap::new();
            for (start, cell) in &waiting.cells {
                if grain != Grain::Minute || *start >= minutes_from {
                    let (row, slot) = rows_as.place_of(*start);
                    rows.entry(row).or_default().merge(slot, cell);
                }
            }
            for (row, cells) in rows {
                let key = row_key(self.api_key, row);
                let mut sum = self.get(table, &key, Cells::decode)?.unwrap_or_default();
                cells.0.iter().for_each(|(slot, cell)| sum.merge(*slot, cell));
                self.put(table, key, sum.encode(grain));
            }
        }
        Ok(())
    }

    fn spread_endpoints(&mut self, waiting: &Waiting, newest_ms: i64) -> Result<()> {
        for (grain, table) in ENDPOINT_PARTS {
            let kept_ms = parts_from(grain, newest_ms);
            let kept = &waiting.endpoints[waiting.endpoints.partition_point(|(start, _)| *start < kept_ms)..];
            let mut rows: BTreeMap<u32, Vec<(u8, &Endpoints)>> = BTreeMap::new();
            for (start, more) in kept {
                let (row, slot) = grain.rows().place_of(*start);
                rows.entry(row).or_default().push((slot, more));
            }
            let mut kinds = KindRows::new();
            for (row, parts) in rows {
                let key = row_key(self.api_key, row);
                let mut sum = self.get(table, &key, EndpointParts::decode)?.unwrap_or_default();
                parts.iter().for_each(|(slot, more)| sum.add(grain, *slot, more));
                for (_, rows, table) in KIND_ROWS.into_iter().filter(|(of, ..)| *of == grain) {
                    let place = |slot| rows.place_of(grain.rows().slot_start(row, slot));
                    let changed: BTreeSet<_> = parts.iter().map(|(slot, _)| place(*slot)).collect();
                    for changed in changed {
                        let within = sum.kinds().iter().filter(|(slot, _)| place(*slot) == changed);
                        self.set_kinds(table, changed, within.map(|(_, kinds)| kinds), &mut kinds)?;
                    }
                }
                self.put(table, key, sum.encode());
            }
            kinds.iter().for_each(|((table, row), kinds)| {
                self.put(Table(table), row_key(self.api_key, *row), kinds.encode());
            });
        }
        let mut months: Vec<(u32, Endpoints)> = Vec::new();
        for (start, endpoints) in &waiting.endpoints {
            slot(&mut months, month_of(*start)).merge(endpoints);
        }
        for (day, endpoints) in &waiting.days {
            self.merge_endpoints(ENDPOINT_DAYS, *day, endpoints)?;
            slot(&mut months, month_of_day(*day).0).merge(endpoints);
        }
        for (month, endpoints) in &months {
            self.merge_endpoints(ENDPOINT_MONTHS, *month, endpoints)?;
        }
        Ok(())
    }

    /// Puts the kinds of calls of a slot, in parts, where they stand by themselves.
    fn set_kinds<'a>(
        &self,
        table: Table,
        (row, slot): (u32, u8),
        parts: impl Iterator<Item = &'a Kinds>,
        rows: &mut KindRows,
    ) -> Result<()> {
        let row = match rows.entry((table.0, row)) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(place) => {
                let stored = self.get(table, &row_key(self.api_key, row), KindRow::decode)?;
                place.insert(stored.unwrap_or_default())
            }
        };
        row.set(slot, parts);
        Ok(())
    }

    fn merge_endpoints(&mut self, table: Table, row: u32, more: &Endpoints) -> Result<()> {
        let key = row_key(self.api_key, row);
        let mut sum = self.get(table, &key, |row| Endpoints::of_row(row, None))?.unwrap_or_default();
        sum.merge(more);
        let mut value = Vec::new();
        sum.encode(&mut value);
        self.put(table, key, value);
        Ok(())
    }

    fn spread_models(&mut self, waiting: &Waiting) -> Result<()> {
        for (grain, table) in MODEL_ROWS {
            for (row, more) in waiting.models.rows(grain) {
                let key = row_key(self.api_key, row);
                let mut sum = self.get(table, &key, Models::decode)?.unwrap_or_default();
                sum.merge(&more, grain);
                self.put(table, key, sum.encode());
            }
        }
        Ok(())
    }

    fn get<T>(&self, table: Table, key: &[u8], decode: impl Fn(&[u8]) -> Read<T>) -> Result<Option<T>> {
        let value = self.read.raw_get(table, key)?;
        value.map(|value| decode(&value)).transpose().map_err(damaged(table))
    }

    fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.ops.push(RawOp { table, key, value: Some(value) });
    }
}
