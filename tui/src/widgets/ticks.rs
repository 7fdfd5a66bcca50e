//! Names for moments under a chart: round times of day, days, months or years, as many as there is room for. Pure.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Columns between two names.
const GAP: usize = 2;

/// How far names are apart.
#[derive(Clone, Copy)]
enum Every {
    Minutes(i64),
    Hours(i64),
    Days(i64),
    Months(i64),
    Years(i64),
}

/// From close to far.
const APART: [Every; 21] = [
    Every::Minutes(5),
    Every::Minutes(10),
    Every::Minutes(15),
    Every::Minutes(30),
    Every::Hours(1),
    Every::Hours(2),
    Every::Hours(3),
    Every::Hours(6),
    Every::Hours(12),
    Every::Days(1),
    Every::Days(2),
    Every::Days(4),
    Every::Days(7),
    Every::Days(14),
    Every::Months(1),
    Every::Months(2),
    Every::Months(3),
    Every::Months(6),
    Every::Years(1),
    Every::Years(2),
    Every::Years(5),
];

impl Every {
    /// The number of the stretch that a moment is in.
    fn stretch(self, at: DateTime) -> i64 {
        let days =
            i64::from(jiff::civil::date(1970, 1, 5).until(at.date()).map_or(0, |span| span.get_days()));
        let months = i64::from(at.year()) * 12 + i64::from(at.month()) - 1;
        match self {
            Self::Minutes(n) => (days * 24 + i64::from(at.hour())) * 60 / n + i64::from(at.minute()) / n,
            Self::Hours(n) => days * 24 / n + i64::from(at.hour()) / n,
            // Seven days apart is Mondays.
            Self::Days(n) => days.div_euclid(n),
            Self::Months(n) => months.div_euclid(n),
            Self::Years(n) => i64::from(at.year()).div_euclid(n),
        }
    }

    fn name(self, at: DateTime, weekdays: bool) -> String {
        let midnight = at.hour() == 0 && at.minute() == 0;
        let form = match self {
            Self::Minutes(_) | Self::Hours(_) if !midnight => "%H:%M",
            Self::Minutes(_) | Self::Hours(_) => "%a %-d",
            Self::Days(_) if weekdays => "%a %-d",
            Self::Days(_) => "%-d %b",
            Self::Months(_) if at.month() == 1 => "%Y",
            Self::Months(_) => "%b",
            Self::Years(_) => "%Y",
        };
        at.strftime(form).to_string()
    }
}

/// The points that get a name in so many columns, with their names.
pub(crate) fn ticks(starts: &[Timestamp], zone: &TimeZone, columns: u16) -> Vec<(usize, String)> {
    let moments: Vec<DateTime> = starts.iter().map(|start| zone.to_datetime(*start)).collect();
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else { return Vec::new() };
    let weekdays = *last < first.saturating_add(15.days());
    for every in APART {
        let named: Vec<(usize, String)> = moments
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| every.stretch(pair[0]) != every.stretch(pair[1]))
            .map(|(at, pair)| (at + 1, every.name(pair[1], weekdays)))
            .collect();
        let longest = named.iter().map(|(_, name)| name.len()).max().unwrap_or(0);
        let room = usize::from(columns) / (longest + GAP).max(1);
        // Finer than the points themselves, each of them would be named.
        if named.len() <= room && (named.len() + 1 < moments.len() || moments.len() <= room) {
            return named;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(from: &str, hours: i64, points: i64, columns: u16) -> Vec<String> {
        let from: Timestamp = from.parse().unwrap();
        let starts: Vec<_> = (0..points).map(|n| from + (n * hours).hours()).collect();
        ticks(&starts, &TimeZone::UTC, columns).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn names_are_as_far_apart_as_there_is_room() {
        let day = named("2026-11-19T13:00:00Z", 1, 24, 66);
        assert_eq!(day, ["15:00", "18:00", "21:00", "Fri 20", "03:00", "06:00", "09:00", "12:00"]);
        let week = named("2026-11-19T00:00:00Z", 1, 160, 60);
        assert_eq!(week, ["Fri 20", "Sat 21", "Sun 22", "Mon 23", "Tue 24", "Wed 25"]);
        let month = named("2026-10-27T00:00:00Z", 24, 30, 40);
        assert_eq!(month, ["2 Nov", "9 Nov", "16 Nov", "23 Nov"]);
        let year = named("2025-11-25T00:00:00Z", 24 * 7, 53, 76);
        assert_eq!(
            year,
            ["Dec", "2026", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
        );
        assert!(named("2025-11-25T00:00:00Z", 24, 0, 70).is_empty());
        for columns in 0..120 {
            let length: usize = named("2026-11-19T13:00:00Z", 1, 300, columns).iter().map(String::len).sum();
            assert!(length <= usize::from(columns), "{columns}");
        }
    }
}
