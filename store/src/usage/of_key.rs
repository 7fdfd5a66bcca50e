//! What a key was used, as one moment shows it: the rows of one snapshot and the memory that fits them. It must not look
//! at memory again, or what was folded since would be counted twice or not at all.

mod endpoints;
mod kinds;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use super::block;
use super::cell::Cell;
use super::event::{Stored, UsageEvent};
use super::fold::{BLOCKS, block_key, damaged};
use super::grain::Grain;
use super::head::{HEADS, Head, minutes_from};
use super::models::{MODEL_ROWS, ModelCell, ModelUse, Models};
use super::ranges::CellRanges;
use super::rollup::{Apart, each_stored, row_key, row_number};
use super::shared::{KeyState, Run};
use super::slots::Slots;
use super::sum::{CellSum, FoundCell};
use super::waiting::Waiting;
use crate::error::Result;
use crate::model::Id;
use crate::redb::port::RawSnapshot;
use crate::table::{KeyRange, Order, Table};

/// A key's usage at one moment.
pub struct KeyUsage {
    api_key: Id,
    snapshot: RawSnapshot,
    /// The part of the head that a query needs.
    waiting: Waiting,
    blocks: u64,
    newest_ms: i64,
    runs: Vec<Run>,
}

/// A key's memory that fits a snapshot.
pub(super) struct Fitting {
    head: Head,
    newest_ms: i64,
    runs: Vec<Run>,
}

impl Fitting {
    /// Of a key that is locked; `head` is the one that fits.
    pub(super) fn of(state: &KeyState, head: &Head) -> Self {
        let unfolded = state.runs().filter(|run| run.0 > head.through);
        Self { head: head.clone(), newest_ms: state.sums().newest_ms, runs: unfolded.cloned().collect() }
    }
}

impl KeyUsage {
    pub(super) fn new(api_key: Id, fitting: Fitting, snapshot: RawSnapshot) -> Result<Self> {
        let Fitting { head, newest_ms, runs } = fitting;
        let waiting = head.take_out().map_err(damaged(HEADS))?;
        Ok(Self { api_key, snapshot, waiting, blocks: head.blocks, newest_ms, runs })
    }

    /// The cells that start in `from_ms..to_ms` (cut to whole cells, UTC), by rising start. Stretches without
    /// traffic have none. Minutes reach back 48 h from the key's last use, hours and their quarters at least 90 days.
    pub fn cells(&self, grain: Grain, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, Cell)>> {
        let mut cells: BTreeMap<i64, Cell> = BTreeMap::new();
        self.each_cell(&CellRanges::one(grain, from_ms, to_ms), |start_ms, found| {
            match cells.entry(start_ms) {
                Entry::Vacant(place) => drop(place.insert(found.cell()?)),
                Entry::Occupied(mut cell) => cell.get_mut().merge(&found.cell()?),
            }
            Ok(())
        })?;
        Ok(cells.into_iter().collect())
    }

    /// Shows cells to `visit`, as far as they are kept, each with its start, as they are found: without an order, and in parts,
    /// for what is stored is shown apart from what is still in memory.
    pub fn each_cell(
        &self,
        cells: &CellRanges,
        mut visit: impl FnMut(i64, &FoundCell<'_>) -> Result<()>,
    ) -> Result<()> {
        let cells = self.kept(cells);
        let rows = cells.rows_as();
        let table = rows.table();
        self.scan_cells(table, &cells, |row, slots, value| {
            let first_ms = rows.row_start(row);
            each_stored(value, damaged(table), slots, |slot, sums, sketch| {
                visit(first_ms + rows.after_row_start(slot), &FoundCell::stored(table, sums, sketch))
            })
        })?;
        self.each_held(&cells, |start_ms, cell| visit(start_ms, &FoundCell::held(cell)))
    }

    /// Adds the same cells to `into`, if that is wanted, and shows the sums of each to `visit`; their sketches are not filled.
    /// Of whole months of days one sketch is read, where [`Self::each_cell`] shows thirty.
    pub fn add_cells(
        &self,
        cells: &CellRanges,
        mut into: Option<&mut CellSum>,
        mut visit: impl FnMut(i64, &Cell),
    ) -> Result<()> {
        let cells = self.kept(cells);
        let rows = cells.rows_as();
        let table = rows.table();
        self.scan_cells(table, &cells, |row, slots, value| {
            let first_ms = rows.row_start(row);
            let start_of = |slot| first_ms + rows.after_row_start(slot);
            let apart = Apart::of(value).map_err(damaged(table))?;
            if let Some(apart) = apart.filter(|_| into.is_none() || cells.is_whole(row, slots)) {
                if let Some(into) = &mut into {
                    into.add_sketch(table, &apart.all)?;
                }
                let take = |slot, sums: &Cell| {
                    if slots.has(slot) {
                        into.iter_mut().for_each(|into| into.add_sums(sums));
                        visit(start_of(slot), sums);
                    }
                    Ok(())
                };
                return apart.each(damaged(table), take);
            }
            each_stored(value, damaged(table), slots, |slot, sums, sketch| {
                into.iter_mut().try_for_each(|into| into.add(&FoundCell::stored(table, sums, sketch)))?;
                visit(start_of(slot), sums);
                Ok(())
            })
        })?;
        self.each_held(&cells, |start_ms, cell| {
            visit(start_ms, cell);
            into.iter_mut().try_for_each(|into| into.add(&FoundCell::held(cell)))
        })
    }

    /// What is kept of these cells.
    fn kept<'a>(&self, cells: &'a CellRanges) -> Cow<'a, CellRanges> {
        let from_ms = minutes_from(self.newest_ms);
        match cells.grain() {
            Grain::Minute if cells.span().start < from_ms => Cow::Owned(cells.clone().since(from_ms)),
            _ => Cow::Borrowed(cells),
        }
    }

    /// Shows what is in memory of these cells. Events of one cell mostly lie beside one another; of those that do not, the cell
    /// is shown again.
    fn each_held(&self, cells: &CellRanges, mut visit: impl FnMut(i64, &Cell) -> Result<()>) -> Result<()> {
        let (grain, mut sieve) = (cells.grain(), cells.sieve());
        for (start_ms, cell) in &self.waiting.cells {
            let start_ms = grain.start_of(*start_ms);
            if sieve.has(start_ms) {
                visit(start_ms, cell)?;
            }
        }
        let (mut of_ms, mut cell) = (i64::MIN, Cell::default());
        for event in self.unfolded() {
            let start_ms = grain.start_of(event.at_ms);
            if start_ms != of_ms && cell.requests > 0 {
                visit(of_ms, &cell)?;
                cell.clear();
            }
            of_ms = start_ms;
            if sieve.has(start_ms) {
                cell.add(event);
            }
        }
        if cell.requests > 0 { visit(of_ms, &cell) } else { Ok(()) }
    }

    /// What calls told of models in these cells, by rising start. Minutes and six hours are not kept of models; quarters of an hour
    /// and hours are told in their place.
    pub fn models(&self, cells: &CellRanges) -> Result<Vec<ModelUse>> {
        let cells = &match cells.grain() {
            Grain::Minute => Cow::Owned(cells.by(Grain::Quarter)),
            Grain::SixHours => Cow::Owned(cells.by(Grain::Hour)),
            _ => Cow::Borrowed(cells),
        };
        let (grain, mut sieve) = (cells.grain(), cells.sieve());
        let mut waiting = Models::default();
        waiting.merge(&self.waiting.models, grain);
        self.unfolded().for_each(|event| waiting.add(event, grain));
        let mut found: BTreeMap<(i64, Option<Arc<str>>), ModelCell> = BTreeMap::new();
        let mut take = |models: &Models| {
            let within = models.uses().filter(|told| sieve.has(told.start_ms));
            within.for_each(|told| found.entry((told.start_ms, told.model)).or_default().merge(&told.cell));
        };
        for (_, table) in MODEL_ROWS.into_iter().filter(|(of, _)| *of == grain) {
            self.scan(table, cells.scans(), &mut |_, value| {
                take(&Models::decode(value).map_err(damaged(table))?);
                Ok(())
            })?;
        }
        take(&waiting);
        Ok(found.into_iter().map(|((start_ms, model), cell)| ModelUse { start_ms, model, cell }).collect())
    }

    /// The events in `from_ms..to_ms`, newest first, at most `limit`. Their event ids are not kept.
    pub fn events(&self, from_ms: i64, to_ms: i64, limit: usize) -> Result<Vec<UsageEvent>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let wanted = |event: &&Stored| (from_ms..to_ms).contains(&event.at_ms);
        let mut newest: Vec<Stored> = self.unfolded().filter(wanted).cloned().collect();
        keep_newest(&mut newest, limit);
        let range =
            KeyRange { start: block_key(self.api_key, 0), end: Some(block_key(self.api_key, self.blocks)) };
        self.snapshot.raw_scan(BLOCKS, &range, Order::Descending, &mut |_, value| {
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
        Ok(newest.iter().map(|event| event.report(self.api_key)).collect())
    }

    fn unfolded(&self) -> impl Iterator<Item = &Stored> {
        self.runs.iter().flat_map(|run| run.1.iter())
    }

    /// Shows the rows of a table that stand as these cells do, and in which slots of each they are.
    fn scan_cells(
        &self,
        table: Table,
        cells: &CellRanges,
        mut visit: impl FnMut(u32, Slots, &[u8]) -> Result<()>,
    ) -> Result<()> {
        self.scan(table, cells.scans(), &mut |row, value| {
            let slots = cells.slots_of(row);
            if slots.is_empty() { Ok(()) } else { visit(row, slots, value) }
        })
    }

    fn scan(
        &self,
        table: Table,
        rows: impl IntoIterator<Item = Range<u32>>,
        visit: &mut dyn FnMut(u32, &[u8]) -> Result<()>,
    ) -> Result<()> {
        rows.into_iter().try_for_each(|rows| {
            if rows.len() == 1 {
                // One row is found in half the steps that the two ends of a range take.
                let key = row_key(self.api_key, rows.start);
                return self.snapshot.raw_look(table, &key, &mut |value| visit(rows.start, value));
            }
            let [start, end] = [rows.start, rows.end].map(|row| row_key(self.api_key, row));
            let range = KeyRange { start, end: Some(end) };
            self.snapshot.raw_scan(table, &range, Order::Ascending, &mut |key, value| {
                visit(row_number(key).map_err(damaged(table))?, value)?;
                Ok(true)
            })
        })
    }
}

/// Newest first, no more than `limit`.
fn keep_newest(events: &mut Vec<Stored>, limit: usize) {
    events.sort_by_key(|event| std::cmp::Reverse(event.at_ms));
    events.truncate(limit);
}
