//! Which cells of a grain a question reads, and the rows that hold them: worked out once for all keys. It knows no key.

use std::ops::Range;

use super::calendar::LAST_MS;
use super::grain::Grain;
use super::rows::Rows;

/// The cells of one grain that start in some stretches of time.
#[derive(Clone, Debug)]
pub struct CellRanges {
    grain: Grain,
    rows_as: Rows,
    /// By rising start, apart from one another, each from the start of a cell on.
    ranges: Vec<Range<i64>>,
    /// The rows that hold them, in the same manner.
    rows: Vec<Range<u32>>,
    /// The same with what lies between those of one hour and of the next: there are few rows of an hour, and to look for a
    /// further range takes as long as to pass over some.
    scans: Vec<Range<u32>>,
}

impl CellRanges {
    /// The cells that start in `from_ms..to_ms`, from the one on that `from_ms` lies in.
    pub fn one(grain: Grain, from_ms: i64, to_ms: i64) -> Self {
        Self::new(grain, std::iter::once(from_ms..to_ms))
    }

    /// The same of many stretches, by rising start.
    pub fn new(grain: Grain, stretches: impl IntoIterator<Item = Range<i64>>) -> Self {
        Self::within(grain.rows(), stretches)
    }

    /// The same hours of many days: fewer rows than [`Self::new`] would read for them, and more for whole days. Nothing tells of
    /// their models.
    pub fn hours_by_hour(stretches: impl IntoIterator<Item = Range<i64>>) -> Self {
        Self::within(Rows::HourOfDays, stretches)
    }

    fn within(rows_as: Rows, stretches: impl IntoIterator<Item = Range<i64>>) -> Self {
        let grain = rows_as.grain();
        let cut = |ms: Range<i64>| grain.start_of(ms.start)..ms.end.min(LAST_MS);
        let mut ranges: Vec<Range<i64>> = Vec::new();
        for range in stretches.into_iter().map(cut).filter(|range| !range.is_empty()) {
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => ranges.push(range),
            }
        }
        let rows = rows_of(rows_as, &ranges);
        let mut scans: Vec<Range<u32>> = Vec::new();
        for more in &rows {
            match scans.last_mut() {
                Some(last) if rows_as.are_near(last.end, more.start) => last.end = more.end,
                _ => scans.push(more.clone()),
            }
        }
        Self { grain, rows_as, ranges, rows, scans }
    }

    /// How long each of these cells is.
    pub fn grain(&self) -> Grain {
        self.grain
    }

    /// The cells of another grain that start in the same stretches, or around their beginnings.
    pub(super) fn by(&self, grain: Grain) -> Self {
        Self::new(grain, self.ranges.iter().cloned())
    }

    /// Without those that start before `from_ms`.
    pub(super) fn since(self, from_ms: i64) -> Self {
        let later = |range: Range<i64>| range.start.max(from_ms)..range.end;
        Self::within(self.rows_as, self.ranges.into_iter().map(later))
    }

    /// From the start of the first to the end of the last stretch; empty if there are none.
    pub(super) fn span(&self) -> Range<i64> {
        let ends = self.ranges.first().zip(self.ranges.last());
        ends.map_or(0..0, |(first, last)| first.start..last.end)
    }

    /// In which rows they are looked for.
    pub(super) fn rows_as(&self) -> Rows {
        self.rows_as
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        self.rows.iter().cloned()
    }

    /// Ranges of rows with all of these in them; [`Self::has_some_of`] tells which are.
    pub(super) fn scans(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        self.scans.iter().cloned()
    }

    /// Whether a row is one of those that hold them.
    pub(super) fn has_some_of(&self, row: u32) -> bool {
        let after = self.rows.partition_point(|rows| rows.start <= row);
        after.checked_sub(1).is_some_and(|at| row < self.rows[at].end)
    }

    /// Asks for many cells, one after the other.
    pub(super) fn sieve(&self) -> Sieve<'_> {
        Sieve { ranges: &self.ranges, from_ms: i64::MIN, until_ms: i64::MIN, within: false }
    }

    /// Whether all cells of a row are, where none of another row lies between them.
    pub(super) fn has_row(&self, row: u32) -> bool {
        let rows = self.rows_as;
        let (first_ms, end_ms) = (rows.row_start(row), rows.row_start(row + 1));
        rows.are_whole() && self.ranges.iter().any(|range| range.start <= first_ms && end_ms <= range.end)
    }
}

/// The rows that hold the cells of these stretches, by rising number and apart from one another.
fn rows_of(rows: Rows, ranges: &[Range<i64>]) -> Vec<Range<u32>> {
    let mut found: Vec<_> = ranges.iter().flat_map(|range| rows.rows_of(range)).collect();
    found.sort_unstable_by_key(|rows| rows.start);
    let mut apart: Vec<Range<u32>> = Vec::new();
    for more in found {
        match apart.last_mut() {
            Some(last) if more.start <= last.end => last.end = last.end.max(more.end),
            _ => apart.push(more),
        }
    }
    apart
}

/// Tells which cells are among some. They mostly come in order of time, so it remembers between which ends the last one was.
pub(super) struct Sieve<'a> {
    ranges: &'a [Range<i64>],
    from_ms: i64,
    until_ms: i64,
    within: bool,
}

impl Sieve<'_> {
    /// Whether the cell that starts then is one of them.
    #[inline]
    pub(super) fn has(&mut self, start_ms: i64) -> bool {
        if start_ms < self.from_ms || self.until_ms <= start_ms {
            self.look_up(start_ms);
        }
        self.within
    }

    fn look_up(&mut self, start_ms: i64) {
        let after = self.ranges.partition_point(|range| range.start <= start_ms);
        let (before, next) = (after.checked_sub(1).map(|at| &self.ranges[at]), self.ranges.get(after));
        let next_ms = next.map_or(i64::MAX, |range| range.start);
        self.within = before.is_some_and(|range| start_ms < range.end);
        (self.from_ms, self.until_ms) = match before {
            Some(range) if self.within => (range.start, range.end),
            Some(range) => (range.end, next_ms),
            None => (i64::MIN, next_ms),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::calendar::{DAY_MS, HOUR_MS};

    proptest! {
        #[test]
        fn every_cell_of_the_stretches_is_in_a_row_and_no_other_is_one_of_them(
            gaps in prop::collection::vec((0..40 * HOUR_MS, 1..40 * HOUR_MS), 0..8),
            moments in prop::collection::vec(0..20 * DAY_MS, 1..50),
        ) {
            let mut at_ms = 0;
            let mut stretches = Vec::new();
            for (gap_ms, length_ms) in gaps {
                stretches.push(at_ms + gap_ms..at_ms + gap_ms + length_ms);
                at_ms += gap_ms + length_ms;
            }
            let ends = stretches.iter().flat_map(|range| [range.start, range.end - 1, range.end]);
            let moments: Vec<_> = moments.into_iter().chain(ends).collect();
            for rows in Rows::ALL {
                let (grain, cells) = (rows.grain(), CellRanges::within(rows, stretches.clone()));
                let mut sieve = cells.sieve();
                for start_ms in moments.iter().map(|at_ms| grain.start_of(*at_ms)) {
                    let has = sieve.has(start_ms);
                    let within = |ms: &Range<i64>| (grain.start_of(ms.start)..ms.end).contains(&start_ms);
                    prop_assert_eq!(has, stretches.iter().any(within));
                    let (row, _) = rows.place_of(start_ms);
                    prop_assert!(!has || cells.rows().any(|rows| rows.contains(&row)));
                    if cells.has_row(row) {
                        let ends = [rows.row_start(row), rows.row_start(row + 1) - grain.length_ms()];
                        prop_assert!(ends.iter().all(|start_ms| sieve.has(*start_ms)));
                    }
                }
                prop_assert!(cells.rows.is_sorted_by(|a, b| a.end < b.start));
            }
        }
    }

    #[test]
    fn one_hour_of_many_days_is_few_rows() {
        let hour = |day: i64| day * DAY_MS + 18 * HOUR_MS..day * DAY_MS + 19 * HOUR_MS;
        let cells = CellRanges::new(Grain::Quarter, (20_000..20_032).map(hour));
        assert_eq!(cells.rows().map(|rows| rows.len()).sum::<usize>(), 2);
    }
}
