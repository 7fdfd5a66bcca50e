//! The clock on the wall of a key's people, by which its hours are told.

use jiff::tz::TimeZone;

use keyward_store::model::{Id, Role};

use crate::clock::timestamp;
use crate::service::hours;
use crate::service::mirror::Tables;

/// The time zone of a key's space: its team's, or its owner's; of several, that of whoever joined first. UTC until one is
/// set.
pub(crate) fn zone_of(tables: &Tables, api_key: Id) -> TimeZone {
    let Some(key) = tables.keys.get(api_key) else { return TimeZone::UTC };
    let owners = tables.members_of(key.record.space).filter(|row| row.record.role == Role::Owner);
    let first = owners.min_by_key(|row| (row.record.joined_ms, row.record.account));
    let owner = || tables.accounts.get(&first?.record.account)?.record.time_zone.as_deref();
    let name = hours::zone_of(tables, key.record.space).or_else(owner);
    crate::clock::zone(name)
}

/// Seconds since 1970 as that clock counts them: in autumn an hour comes twice, in spring one is left out.
pub(super) fn wall(zone: &TimeZone, at_ms: i64) -> i64 {
    at_ms.div_euclid(1_000) + i64::from(zone.to_offset(timestamp(at_ms)).seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_the_wall_stays_where_it_is_over_both_clock_changes() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let hour = |text: &str| wall(&zone, at(text)).rem_euclid(86_400) / 3_600;
        assert_eq!((hour("2026-03-28T08:00:00Z"), hour("2026-03-29T07:00:00Z")), (9, 9));
        assert_eq!((hour("2026-10-24T07:00:00Z"), hour("2026-10-25T08:00:00Z")), (9, 9));
        // Left out in spring, twice in autumn.
        assert_eq!((hour("2026-03-29T00:59:59Z"), hour("2026-03-29T01:00:00Z")), (1, 3));
        assert_eq!((hour("2026-10-25T00:30:00Z"), hour("2026-10-25T01:30:00Z")), (2, 2));
    }
}
