//! How finely usage is kept, and for how long. Quarters of an hour are there for time zones that are no whole hours from UTC,
//! six hours for those that are many.

use super::calendar::{DAY_MS, HOUR_MS, LAST_MS, MINUTE_MS, QUARTER_MS, SIX_HOURS_MS};
use super::rows::Rows;

/// Minute cells are shown and kept for this long before the key's newest event.
pub const MINUTE_RETENTION_MS: i64 = 48 * HOUR_MS;
/// Cells of hours, six of them and their quarters are kept for this long; day cells for ever.
pub const HOUR_RETENTION_MS: i64 = 90 * DAY_MS;

/// How long a stretch of time one cell sums, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grain {
    /// A minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    Hour,
    /// Six hours; endpoints and models are told by the hour in their place.
    SixHours,
    /// A day.
    Day,
}

impl Grain {
    /// Those that endpoints are told apart by, from the finest to the coarsest.
    pub(super) const ALL: [Self; 4] = [Self::Minute, Self::Quarter, Self::Hour, Self::Day];

    /// A cell's length in ms.
    pub fn length_ms(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MS,
            Self::Quarter => QUARTER_MS,
            Self::Hour => HOUR_MS,
            Self::SixHours => SIX_HOURS_MS,
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
            Self::SixHours => time_ms / SIX_HOURS_MS,
            Self::Day => time_ms / DAY_MS,
        }
    }

    /// The start of the cell a time falls into.
    pub fn start_of(self, at_ms: i64) -> i64 {
        self.cells_in(at_ms.clamp(0, LAST_MS)) * self.length_ms()
    }

    /// How its cells stand in rows, unless said otherwise.
    pub(super) fn rows(self) -> Rows {
        match self {
            Self::Minute => Rows::MinutesOfHour,
            Self::Quarter => Rows::QuartersOfDays,
            Self::Hour => Rows::HoursOfDay,
            Self::SixHours => Rows::SixHoursOfDays,
            Self::Day => Rows::DaysOfMonth,
        }
    }
}
