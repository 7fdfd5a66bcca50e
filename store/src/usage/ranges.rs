//! Which cells of a grain a question reads, and the rows that hold them: worked out once for all keys. It knows no key.

use std::ops::Range;

use super::calendar::LAST_MS;
use super::grain::Grain;
use super::rows::Rows;
use super::slots::Slots;

/// The cells of one grain that start in some stretches of time.
#[derive(Clone, Debug)]
pub struct CellRanges {
    grain: Grain,
    rows_as: Rows,
    /// By rising start, apart from one another, each from the start of a cell on.
    ranges: Vec<Range<i64>>,
    /// The rows that hold them, in the same manner, and in which slots each of those does.
    rows: Vec<(Range<u32>, Slots)>,
    /// The same rows with what lies between those of one hour and of the next: there are few rows of an hour, and to look for a
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
        for (more, _) in &rows {
            match scans.last_mut() {
                Some(last) if last.end == more.start || rows_as.are_near(last.end, more.start) => {
                    last.end = more.end;
                }
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

    /// Ranges of rows with all of these in them; [`Self::slots_of`] tells which are.
    pub(super) fn scans(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        self.scans.iter().cloned()
    }

    /// In which slots a row holds them; empty if it is none of those that do.
    #[inline]
    pub(super) fn slots_of(&self, row: u32) -> Slots {
        let after = self.rows.partition_point(|(rows, _)| rows.start <= row);
        let found = after.checked_sub(1).map(|at| &self.rows[at]).filter(|(rows, _)| row < rows.end);
        found.map_or(Slots::default(), |(_, slots)| *slots)
    }

    /// Whether these slots are all of a row, where none of another row lies between them.
    pub(super) fn is_whole(&self, row: u32, slots: Slots) -> bool {
        let rows = self.rows_as;
        let all = || Slots::within(rows, row, &(rows.row_start(row)..rows.row_start(row + 1)));
        rows.are_whole() && all().and(slots) == all()
    }

    /// Asks for many cells that stand in no row, one after the other.
    pub(super) fn sieve(&self) -> Sieve<'_> {
        Sieve { ranges: &self.ranges, from_ms: i64::MIN, until_ms: i64::MIN, within: false }
    }
}

/// The rows that hold the cells of these stretches, by rising number and apart from one another, and in which slots. Slots that a
/// row does not have may be among those.
fn rows_of(rows: Rows, ranges: &[Range<i64>]) -> Vec<(Range<u32>, Slots)> {
    let mut found: Vec<(Range<u32>, Slots)> = Vec::new();
    for ms in ranges {
        for Range { start, end } in rows.rows_of(ms) {
            // All that lies between the first and the last belongs to the stretch.
            let edge = |row: u32| (row..row + 1, Slots::within(rows, row, ms));
            found.push(edge(start));
            found.push((start + 1..end.saturating_sub(1), Slots::ALL));
            found.extend((start + 1 < end).then(|| edge(end - 1)));
        }
    }
    found.retain(|(rows, slots)| !rows.is_empty() && !slots.is_empty());
    found.sort_unstable_by_key(|(rows, _)| rows.start);
    // A row that one stretch ends in and another begins in.
    found.dedup_by(|(more, slots), (last, of_last)| {
        let same = more.start == last.start;
        *of_last = if same { of_last.or(*slots) } else { *of_last };
        same
    });
    found.dedup_by(|(more, slots), (last, of_last)| {
        let alike = more.start == last.end && slots == of_last;
        last.end = if alike { more.end } else { last.end };
        alike
    });
    found
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
                    let within = |ms: &Range<i64>, at_ms: i64| (grain.start_of(ms.start)..ms.end).contains(&at_ms);
                    prop_assert_eq!(has, stretches.iter().any(|ms| within(ms, start_ms)));
                    let (row, slot) = rows.place_of(start_ms);
                    prop_assert_eq!(cells.slots_of(row).has(slot), has);
                    prop_assert!(!has || cells.scans().any(|rows| rows.contains(&row)));
                    if rows.are_whole() {
                        let mut starts = (rows.row_start(row)..rows.row_start(row + 1)).step_by(grain.length_ms() as usize);
                        let all = starts.all(|at_ms| stretches.iter().any(|ms| within(ms, at_ms)));
                        prop_assert_eq!(cells.is_whole(row, cells.slots_of(row)), all);
                    }
                }
                prop_assert!(cells.rows.is_sorted_by(|(a, _), (b, _)| a.end <= b.start));
                prop_assert!(cells.scans.is_sorted_by(|a, b| a.end < b.start));
            }
        }
    }

    #[test]
    fn one_hour_of_many_days_is_few_rows() {
        let hour = |day: i64| day * DAY_MS + 18 * HOUR_MS..day * DAY_MS + 19 * HOUR_MS;
        let cells = CellRanges::new(Grain::Quarter, (20_000..20_032).map(hour));
        let rows: Vec<_> = cells.scans().flatten().map(|row| cells.slots_of(row)).collect();
        assert_eq!(rows, [Slots::ALL; 2]);
    }
}
