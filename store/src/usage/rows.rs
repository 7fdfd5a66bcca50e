//! Which cells stand together in a row, in which row and slot a moment falls, and which rows a stretch of time takes. It knows
//! nothing of what is in a row.
//!
//! Days begin at other hours elsewhere. Who reads what their midnights cut off wants the same hours of many days, so hours stand
//! by the hour of the day once more, and their quarters and six of them together do so alone: a row holds one hour, or six, of
//! sixteen days, and the rows of an hour lie beside one another.

use std::ops::Range;

use super::calendar::{
    DAY_MS, HOUR_MS, LAST_MS, MINUTE_MS, QUARTER_MS, SIX_HOURS_MS, day_of, first_day, month_of_day,
};
use super::grain::Grain;
use crate::table::Table;

/// Days (UTC) of which an hour, or six, stand in one row.
const DAYS: i64 = 16;
/// From the first row of one hour of the day, or six, to that of the next: more than there are days for.
const ROWS: u32 = 1 << 18;

/// How rows are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rows {
    /// The minutes of an hour.
    MinutesOfHour,
    /// The hours of a day.
    HoursOfDay,
    /// The days of a month.
    DaysOfMonth,
    /// One hour of sixteen days.
    HourOfDays,
    /// The quarters of one hour of sixteen days.
    QuartersOfDays,
    /// Six hours of sixteen days.
    SixHoursOfDays,
}

impl Rows {
    /// All that cells stand in.
    pub(super) const ALL: [Self; 6] = [
        Self::MinutesOfHour,
        Self::QuartersOfDays,
        Self::HoursOfDay,
        Self::HourOfDays,
        Self::SixHoursOfDays,
        Self::DaysOfMonth,
    ];

    /// Where cells stand so, keyed by API key and number of the row.
    pub(super) fn table(self) -> Table {
        match self {
            Self::MinutesOfHour => Table("usage_minutes"),
            Self::QuartersOfDays => Table("usage_quarters"),
            Self::HoursOfDay => Table("usage_hours"),
            Self::HourOfDays => Table("usage_hours_by_hour"),
            Self::SixHoursOfDays => Table("usage_six_hours"),
            Self::DaysOfMonth => Table("usage_days"),
        }
    }

    /// How long a cell is.
    pub(super) fn grain(self) -> Grain {
        match self {
            Self::MinutesOfHour => Grain::Minute,
            Self::QuartersOfDays => Grain::Quarter,
            Self::HoursOfDay | Self::HourOfDays => Grain::Hour,
            Self::SixHoursOfDays => Grain::SixHours,
            Self::DaysOfMonth => Grain::Day,
        }
    }

    /// The row a time falls into, and the slot in it.
    pub(super) fn place_of(self, at_ms: i64) -> (u32, u8) {
        let at_ms = at_ms.clamp(0, LAST_MS);
        match self {
            Self::MinutesOfHour => ((at_ms / HOUR_MS) as u32, (at_ms % HOUR_MS / MINUTE_MS) as u8),
            Self::HoursOfDay => ((at_ms / DAY_MS) as u32, (at_ms % DAY_MS / HOUR_MS) as u8),
            Self::DaysOfMonth => month_of_day(day_of(at_ms)),
            Self::HourOfDays | Self::SixHoursOfDays => {
                (self.row_of_days(at_ms), (at_ms / DAY_MS % DAYS) as u8)
            }
            Self::QuartersOfDays => {
                let slot = at_ms / DAY_MS % DAYS * 4 + at_ms % HOUR_MS / QUARTER_MS;
                (self.row_of_days(at_ms), slot as u8)
            }
        }
    }

    /// The part of the day whose rows lie beside one another, ms.
    fn part_ms(self) -> i64 {
        if self == Self::SixHoursOfDays { SIX_HOURS_MS } else { HOUR_MS }
    }

    fn row_of_days(self, at_ms: i64) -> u32 {
        (at_ms % DAY_MS / self.part_ms()) as u32 * ROWS + (at_ms / (DAY_MS * DAYS)) as u32
    }

    /// The start of a slot, ms.
    pub(super) fn slot_start(self, row: u32, slot: u8) -> i64 {
        self.row_start(row) + self.after_row_start(slot)
    }

    /// The start of a row's first slot, ms.
    pub(super) fn row_start(self, row: u32) -> i64 {
        match self {
            Self::MinutesOfHour => i64::from(row) * HOUR_MS,
            Self::HoursOfDay => i64::from(row) * DAY_MS,
            Self::DaysOfMonth => i64::from(first_day(row)) * DAY_MS,
            Self::HourOfDays | Self::SixHoursOfDays | Self::QuartersOfDays => {
                let (part, days) = (i64::from(row / ROWS), i64::from(row % ROWS));
                days * DAYS * DAY_MS + part * self.part_ms()
            }
        }
    }

    /// How long after its row's start a slot starts, ms.
    #[inline]
    pub(super) fn after_row_start(self, slot: u8) -> i64 {
        let slot = i64::from(slot);
        match self {
            Self::MinutesOfHour => slot * MINUTE_MS,
            Self::HoursOfDay => slot * HOUR_MS,
            Self::DaysOfMonth | Self::HourOfDays | Self::SixHoursOfDays => slot * DAY_MS,
            Self::QuartersOfDays => slot / 4 * DAY_MS + slot % 4 * QUARTER_MS,
        }
    }

    /// Whether all that lies between the first and the last slot of a row is in it.
    pub(super) fn are_whole(self) -> bool {
        !matches!(self, Self::HourOfDays | Self::SixHoursOfDays | Self::QuartersOfDays)
    }

    /// Whether few rows lie between two: those of one hour that are younger than the former, and those of the next that are
    /// older than the latter.
    pub(super) fn are_near(self, end: u32, start: u32) -> bool {
        !self.are_whole() && start - end <= ROWS
    }

    /// The parts of the day whose rows stand by themselves, and how far apart; in one where all rows are in order of time.
    fn series(self) -> (Range<u32>, u32) {
        let parts = (DAY_MS / self.part_ms()) as u32;
        if self.are_whole() { (0..1, u32::MAX) } else { (0..parts, ROWS) }
    }

    /// The rows that hold the cells which start in a stretch of time that is not empty, rising.
    pub(super) fn rows_of(self, ms: &Range<i64>) -> impl Iterator<Item = Range<u32>> + use<> {
        let last_ms = ms.end - 1;
        let [first, last] = [ms.start, last_ms].map(|at_ms| self.place_of(at_ms).0);
        let (mut series, rows) = self.series();
        // Over midnight each part of the day is part of it, or may be.
        if day_of(ms.start) == day_of(last_ms) {
            series = first / rows..last / rows + 1;
        }
        series.map(move |part| part * rows + first % rows..part * rows + last % rows + 1)
    }

    /// The rows that hold nothing which lies less than `kept_ms` before a time.
    pub(super) fn rows_before(self, now_ms: i64, kept_ms: i64) -> impl Iterator<Item = Range<u32>> + use<> {
        let (first_kept, _) = self.place_of(now_ms - kept_ms);
        let (series, rows) = self.series();
        series.map(move |part| part * rows..part * rows + first_kept % rows)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    proptest! {
        #[test]
        fn places_and_starts_agree(at_ms in 0..=LAST_MS) {
            for rows in Rows::ALL {
                let (row, slot) = rows.place_of(at_ms);
                prop_assert_eq!(rows.slot_start(row, slot), rows.grain().start_of(at_ms));
            }
        }
    }
}
