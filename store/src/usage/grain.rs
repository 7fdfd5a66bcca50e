//! How finely usage is kept, and in which row and slot a moment falls. It knows nothing of what is in a row.
//!
//! Quarters of an hour are there for time zones that are no whole hours from UTC: what cuts their days is one hour of each
//! day (UTC), so a row holds the quarters of the same hour of sixteen days, and those of one hour lie beside one another.

use std::ops::Range;

use super::calendar::{DAY_MS, HOUR_MS, LAST_MS, MINUTE_MS, QUARTER_MS, day_of, first_day, month_of_day};
use crate::table::Table;

/// Minute cells are shown and kept for this long before the key's newest event.
pub const MINUTE_RETENTION_MS: i64 = 48 * HOUR_MS;
/// Cells of hours and their quarters are kept for this long; day cells for ever.
pub const HOUR_RETENTION_MS: i64 = 90 * DAY_MS;

/// Days (UTC) whose quarters of an hour stand in one row.
const QUARTER_ROW_DAYS: i64 = 16;
/// From the first row of one hour of the day to that of the next: more than there are days for.
const QUARTER_ROWS: u32 = 1 << 18;

/// How long a stretch of time one cell sums, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grain {
    /// A minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Grain {
    /// From the finest to the coarsest.
    pub(super) const ALL: [Self; 4] = [Self::Minute, Self::Quarter, Self::Hour, Self::Day];

    pub(super) fn table(self) -> Table {
        match self {
            Self::Minute => Table("usage_minutes"),
            Self::Quarter => Table("usage_quarters"),
            Self::Hour => Table("usage_hours"),
            Self::Day => Table("usage_days"),
        }
    }

    /// A cell's length in ms.
    pub fn length_ms(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MS,
            Self::Quarter => QUARTER_MS,
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
        }
    }

    /// How many whole cells that much time is.
    #[inline]
    pub fn cells_in(self, time_ms: i64) -> i64 {
        // Each a division by a number that is known beforehand.
        match self {
            Self::Minute => time_ms / MINUTE_MS,
            Self::Quarter => time_ms / QUARTER_MS,
            Self::Hour => time_ms / HOUR_MS,
            Self::Day => time_ms / DAY_MS,
        }
    }

    /// The start of the cell a time falls into.
    pub fn start_of(self, at_ms: i64) -> i64 {
        self.cells_in(at_ms.clamp(0, LAST_MS)) * self.length_ms()
    }

    /// The row a time falls into, and the slot in it.
    pub(super) fn place_of(self, at_ms: i64) -> (u32, u8) {
        let at_ms = at_ms.clamp(0, LAST_MS);
        match self {
            Self::Minute => ((at_ms / HOUR_MS) as u32, (at_ms % HOUR_MS / MINUTE_MS) as u8),
            Self::Quarter => {
                let (day, hour) = (at_ms / DAY_MS, at_ms % DAY_MS / HOUR_MS);
                let row = hour as u32 * QUARTER_ROWS + (day / QUARTER_ROW_DAYS) as u32;
                (row, (day % QUARTER_ROW_DAYS * 4 + at_ms % HOUR_MS / QUARTER_MS) as u8)
            }
            Self::Hour => ((at_ms / DAY_MS) as u32, (at_ms % DAY_MS / HOUR_MS) as u8),
            Self::Day => month_of_day(day_of(at_ms)),
        }
    }

    /// The start of a slot, ms.
    pub(super) fn slot_start(self, row: u32, slot: u8) -> i64 {
        self.row_start(row) + self.after_row_start(slot)
    }

    /// The start of a row's first slot, ms.
    pub(super) fn row_start(self, row: u32) -> i64 {
        match self {
            Self::Minute => i64::from(row) * HOUR_MS,
            Self::Quarter => {
                let (hour, days) = (i64::from(row / QUARTER_ROWS), i64::from(row % QUARTER_ROWS));
                days * QUARTER_ROW_DAYS * DAY_MS + hour * HOUR_MS
            }
            Self::Hour => i64::from(row) * DAY_MS,
            Self::Day => i64::from(first_day(row)) * DAY_MS,
        }
    }

    /// How long after its row's start a slot starts, ms.
    #[inline]
    pub(super) fn after_row_start(self, slot: u8) -> i64 {
        let slot = i64::from(slot);
        if self == Self::Quarter {
            slot / 4 * DAY_MS + slot % 4 * QUARTER_MS
        } else {
            slot * self.length_ms()
        }
    }

    /// The hours of the day whose rows stand by themselves, and how far apart; in one where all rows are in order of time.
    fn series_of_rows(self) -> (Range<u32>, u32) {
        if self == Self::Quarter { (0..24, QUARTER_ROWS) } else { (0..1, u32::MAX) }
    }

    /// The rows that hold the cells which start in a stretch of time that is not empty, rising.
    pub(super) fn rows_of(self, ms: &Range<i64>) -> impl Iterator<Item = Range<u32>> + use<> {
        let last_ms = ms.end - 1;
        let [first, last] = [ms.start, last_ms].map(|at_ms| self.place_of(at_ms).0);
        let (mut series, rows) = self.series_of_rows();
        // Over midnight each hour of the day is part of it, or may be.
        if day_of(ms.start) == day_of(last_ms) {
            series = first / rows..last / rows + 1;
        }
        series.map(move |hour| hour * rows + first % rows..hour * rows + last % rows + 1)
    }

    /// The rows that hold nothing which lies less than `kept_ms` before a time.
    pub(super) fn rows_before(self, now_ms: i64, kept_ms: i64) -> impl Iterator<Item = Range<u32>> + use<> {
        let (first_kept, _) = self.place_of(now_ms - kept_ms);
        let (series, rows) = self.series_of_rows();
        series.map(move |hour| hour * rows..hour * rows + first_kept % rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn places_and_starts_agree(at_ms in 0..=LAST_MS) {
            for grain in Grain::ALL {
                let (row, slot) = grain.place_of(at_ms);
                prop_assert_eq!(grain.slot_start(row, slot), grain.start_of(at_ms));
            }
        }
    }
}
