//! UTC days and months of a time in ms. Months are numbered from year 0 (`year * 12 + month - 1`). The algorithm
//! is the usual one for the proleptic Gregorian calendar (days counted from 1 March of year 0). Not for people's time
//! zones.

pub(super) const SECOND_MS: i64 = 1_000;
pub(super) const MINUTE_MS: i64 = 60 * SECOND_MS;
pub(super) const QUARTER_MS: i64 = 15 * MINUTE_MS;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const SIX_HOURS_MS: i64 = 6 * HOUR_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// The last ms of year 9999: later times are taken for this one, earlier than 1970 for 0, so that every row
/// number below fits 32 bits whatever a caller sends.
pub(super) const LAST_MS: i64 = 253_402_300_799_999;

/// The day number (since 1970-01-01) of a time.
pub(super) fn day_of(at_ms: i64) -> u32 {
    (at_ms.clamp(0, LAST_MS) / DAY_MS) as u32
}

/// The month number of a day, and the day's place in it (from 0).
pub(super) fn month_of_day(day: u32) -> (u32, u8) {
    let shifted = i64::from(day) + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * shifted_month + 2) / 5;
    let month = if shifted_month < 10 { shifted_month + 2 } else { shifted_month - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    ((year * 12 + month) as u32, day_of_month as u8)
}

/// The month number of a time.
pub(super) fn month_of(at_ms: i64) -> u32 {
    month_of_day(day_of(at_ms)).0
}

/// The day number of a month's first day.
pub(super) fn first_day(month: u32) -> u32 {
    let (year, month) = (i64::from(month / 12), i64::from(month % 12));
    let year = year - i64::from(month < 2);
    let shifted_month = if month < 2 { month + 10 } else { month - 2 };
    let day_of_year = (153 * shifted_month + 2) / 5;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468).max(0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(month_of(0), 1970 * 12);
        assert_eq!(month_of_day(19_782), (2024 * 12 + 1, 28)); // 2024-02-29
        assert_eq!(month_of_day(19_783), (2024 * 12 + 2, 0));
        assert_eq!(first_day(2026 * 12 + 10), 20_758); // 2026-11-01
    }

    #[test]
    fn every_day_lies_in_its_month() {
        for day in 0..day_of(LAST_MS) {
            let (month, place) = month_of_day(day);
            assert_eq!(first_day(month) + u32::from(place), day);
            assert!(place == 0 || month_of_day(day - 1) == (month, place - 1));
        }
    }
}
