//! The time of day, as a value that is handed in: the system's, or one that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

/// Tells the time.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is set.
    pub fn fixed(now_ms: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now_ms))))
    }

    /// Sets a fixed clock; the system's cannot be set and stays as it is.
    pub fn set(&self, now_ms: i64) {
        if let Some(fixed) = &self.0 {
            fixed.store(now_ms, Ordering::Release);
        }
    }

    /// Now, in ms since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        match &self.0 {
            Some(fixed) => fixed.load(Ordering::Acquire),
            None => Timestamp::now().as_millisecond(),
        }
    }
}

/// A moment as doors show it. Times beyond what a calendar can say become its ends.
pub(crate) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A moment as people read it by the clocks of this zone, which is named: `27 Nov 2026, 10:50 CET`.
pub(crate) fn in_words(ms: i64, zone: &TimeZone) -> String {
    timestamp(ms).to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M %Z").to_string()
}

/// The time zone of this name; UTC where there is none.
pub(crate) fn zone(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// The month (UTC) that this moment is in: its first moment, and the first after it.
pub(crate) fn month_around(now_ms: i64) -> (Timestamp, Timestamp) {
    let first = Offset::UTC.to_datetime(timestamp(now_ms)).date().first_of_month();
    // At the calendar's end there is no further month.
    let next = first.checked_add(1.month()).unwrap_or(first);
    let start = |day: Date| {
        Offset::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).unwrap_or(Timestamp::MAX)
    };
    (start(first), start(next))
}

/// The day (UTC) that this moment is in.
pub(crate) fn utc_day(ms: i64) -> Date {
    Offset::UTC.to_datetime(timestamp(ms)).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clocks_of_its_reader() {
        let at: Timestamp = "2026-11-27T09:50:12Z".parse().unwrap();
        let told = |name| in_words(at.as_millisecond(), &zone(name));
        assert_eq!(told(Some("Europe/Zurich")), "27 Nov 2026, 10:50 CET");
        assert_eq!(told(Some("nowhere")), "27 Nov 2026, 09:50 UTC");
        assert_eq!(told(None), told(Some("UTC")));
    }

    #[test]
    fn a_month_begins_and_ends_at_midnight_utc() {
        let around = |text: &str| {
            let at: Timestamp = text.parse().unwrap();
            let (first, next) = month_around(at.as_millisecond());
            (first.to_string(), next.to_string())
        };
        let month = |first: &str, next: &str| (format!("{first}T00:00:00Z"), format!("{next}T00:00:00Z"));
        assert_eq!(around("2024-02-29T23:59:59.999Z"), month("2024-02-01", "2024-03-01"));
        assert_eq!(around("2026-12-01T00:00:00Z"), month("2026-12-01", "2027-01-01"));
    }
}
