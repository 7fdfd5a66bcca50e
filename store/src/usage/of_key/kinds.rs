//! How many calls of a key were of each method, status and service token, over time, and how many of them failed. It reads
//! rows and shows what they count; to add that up is whose question it is.

use std::ops::Range;

use super::KeyUsage;
use crate::error::Result;
use crate::table::Table;
use crate::usage::calendar::{DAY_MS, day_of, first_day, month_of_day};
use crate::usage::endpoints::{
    ENDPOINT_DAYS, ENDPOINT_MONTHS, ENDPOINT_PARTS, Endpoints, KIND_ROWS, each_kind, each_kind_of_days,
    parts_from,
};
use crate::usage::fold::damaged;
use crate::usage::grain::Grain;
use crate::usage::kinds::{Calls, Kind, KindVisitor};
use crate::usage::ranges::CellRanges;

impl KeyUsage {
    /// Shows how many calls of each kind these cells count, each with a cell's start: without an order, and in parts. What
    /// earlier versions of the store have counted by the day is of its noon, and what they have by the month alone, of its
    /// middle.
    pub fn each_kind(&self, cells: &CellRanges, visitor: &mut impl KindVisitor) -> Result<()> {
        let cells = self.kept(cells);
        let (cells, grain) = (&*cells, cells.grain());
        let (rows_as, mut found) = (cells.rows_as(), Vec::new());
        for (.., table) in KIND_ROWS.into_iter().filter(|(_, rows, _)| *rows == rows_as) {
            self.scan_cells(table, cells, |row, slots, value| {
                found.push(row);
                let first_ms = rows_as.row_start(row);
                let start_of = |slot| first_ms + rows_as.after_row_start(slot);
                each_kind_of_days(value, slots, start_of, visitor).map_err(damaged(table))
            })?;
        }
        let mut sieve = cells.sieve();
        let mut visit = |start_ms: i64, kind, calls| {
            if sieve.has(start_ms) && visitor.wants(kind) {
                visitor.calls(start_ms, calls);
            }
        };
        // Where they do not stand by themselves they stand beside the endpoints; a version before has kept all but there.
        for (_, table) in ENDPOINT_PARTS.into_iter().filter(|(of, _)| of.rows() == rows_as) {
            for rows in cells.scans().flat_map(|rows| gaps(rows, &mut found)).collect::<Vec<_>>() {
                self.each_kind_in(table, grain, rows, &mut found, &mut visit)?;
            }
        }
        self.each_kind_by_day(cells, found, &mut visit)?;
        let days = self.waiting.days.iter().map(|(day, held)| (noon(*day), held));
        for (at_ms, held) in
            self.waiting.endpoints.iter().map(|(start_ms, held)| (*start_ms, held)).chain(days)
        {
            held.kinds().each().for_each(|(kind, calls)| visit(grain.start_of(at_ms), kind, calls));
        }
        for event in self.unfolded() {
            let call = Calls::of(event.status);
            Kind::of(event).for_each(|kind| visit(grain.start_of(event.at_ms), kind, call));
        }
        Ok(())
    }

    /// Shows what rows by parts count, and adds the numbers of those that are there to `found`.
    fn each_kind_in(
        &self,
        table: Table,
        grain: Grain,
        rows: Range<u32>,
        found: &mut Vec<u32>,
        visit: &mut impl FnMut(i64, Kind, Calls),
    ) -> Result<()> {
        self.scan(table, [rows], &mut |row, value| {
            found.push(row);
            let first_ms = grain.rows().row_start(row);
            let show = |part, kind, calls| visit(first_ms + grain.rows().after_row_start(part), kind, calls);
            each_kind(value, show).map_err(damaged(table))
        })
    }

    /// What earlier versions have counted; `found` are the rows that were found: where days are looked for, months of them.
    fn each_kind_by_day(
        &self,
        cells: &CellRanges,
        mut found: Vec<u32>,
        visit: &mut impl FnMut(i64, Kind, Calls),
    ) -> Result<()> {
        let (grain, range) = (cells.grain(), cells.span());
        if range.is_empty() {
            return Ok(());
        }
        let mut show = |table, rows, day_of_row: &mut dyn FnMut(u32) -> u32| {
            self.scan(table, [rows], &mut |row, value| {
                let start_ms = grain.start_of(noon(day_of_row(row)));
                let counted = Endpoints::of_row(value, None).map_err(damaged(table))?;
                counted.kinds().each().for_each(|(kind, calls)| visit(start_ms, kind, calls));
                Ok(())
            })
        };
        let days = day_of(range.start)..day_of(range.end - 1) + 1;
        show(ENDPOINT_DAYS, days.clone(), &mut |day| {
            found.push(month_of_day(day).0);
            day
        })?;
        let oldest_day = day_of(parts_from(Grain::Hour, self.newest_ms));
        let months = month_of_day(days.start).0..month_of_day(days.end.min(oldest_day)).0;
        let unknown = if grain == Grain::Day { gaps(months, &mut found) } else { Vec::new() };
        unknown.into_iter().try_for_each(|months| {
            show(ENDPOINT_MONTHS, months, &mut |month| first_day(month).midpoint(first_day(month + 1)))
        })
    }
}

/// What is not `found` of some rows; it is sorted for that.
fn gaps(rows: Range<u32>, found: &mut [u32]) -> Vec<Range<u32>> {
    found.sort_unstable();
    let (mut gaps, mut from) = (Vec::new(), rows.start);
    for row in found.iter().copied().filter(|row| rows.contains(row)).chain([rows.end]) {
        if from < row {
            gaps.push(from..row);
        }
        from = row + 1;
    }
    gaps
}

fn noon(day: u32) -> i64 {
    i64::from(day) * DAY_MS + DAY_MS / 2
}
