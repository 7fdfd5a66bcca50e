//! When a key would be due, for whoever is still typing: the same reading of days, cron expressions and quiet hours that
//! saving uses. It changes nothing and knows no key.

use jiff::Timestamp;

use crate::clock::timestamp;
use crate::rotation::schedule::{Schedule, quiet_hours, zone};

/// How often a key is to be rotated, as people write it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Often {
    /// Every so many days; 0 is never.
    Days(u32),
    /// By a cron expression of five fields, or of six with seconds first.
    Cron(String),
}

/// The next three times after `now_ms` (ms since the Unix epoch) in the zone of this IANA name, UTC where it is none,
/// outside of quiet hours such as `22:00-06:30`; quiet hours that cannot be read are none. Says in words what is wrong
/// with an expression.
pub fn upcoming(
    often: &Often,
    zone_name: &str,
    quiet: Option<&str>,
    now_ms: i64,
) -> Result<Vec<Timestamp>, String> {
    let zone = zone(zone_name).unwrap_or(chrono_tz::Tz::UTC);
    let quiet = quiet.and_then(quiet_hours);
    let schedule = match often {
        Often::Days(days) => Schedule::days(*days, zone, quiet),
        Often::Cron(text) => Schedule::cron(text, zone, quiet, now_ms)?,
    };
    Ok(schedule.upcoming(None, now_ms, 3).into_iter().map(timestamp).collect())
}

/// These are quiet hours: two times of a day, such as `22:00-06:30`.
pub fn is_quiet_hours(text: &str) -> bool {
    quiet_hours(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_as_it_is_saved() {
        let cron =
            |text: &str| upcoming(&Often::Cron(text.to_owned()), "Europe/Zurich", Some("02:00-04:00"), 0);
        let times = cron("0 3 * * 1").unwrap();
        let hour = |at: &Timestamp| at.to_zoned(jiff::tz::TimeZone::get("Europe/Zurich").unwrap()).hour();
        assert_eq!(times.iter().map(hour).collect::<Vec<_>>(), [4, 4, 4], "not within the quiet hours");
        assert!(cron("0 0 31 2 *").unwrap_err().contains("never comes"));
        assert!(cron("1 2 3").unwrap_err().contains("3 fields"));
        assert_eq!(upcoming(&Often::Days(0), "UTC", None, 0), Ok(Vec::new()));
    }
}
