//! When a message to a webhook goes out: at once, or later and together with others. It decides from what was set and the
//! time; it knows no message, store or clock, and what waits is `service/deliveries`'.

use chrono_tz::Tz;

use keyward_store::model::{Digest, QuietHours, Timing};

use crate::rotation::schedule::{Schedule, minute_of_day, minute_text};

/// Days of the week by their names, Monday first.
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// When a message that is written now goes out; none when at once. The digest's time is told in `zone`, the quiet hours in
/// the zone beside them.
pub(crate) fn held_until(
    timing: &Timing,
    quiet: Option<(QuietHours, Tz)>,
    zone: Tz,
    urgent: bool,
    now_ms: i64,
) -> Option<i64> {
    if urgent && timing.urgent_at_once {
        return None;
    }
    let hushed = |schedule: Schedule| match quiet {
        Some((quiet, zone)) => schedule.hushed(quiet, zone),
        None => schedule,
    };
    match timing.digest {
        Some(digest) => hushed(Schedule::set_cron(&cron(digest), zone, None)).after(now_ms),
        None => {
            let ends = hushed(Schedule::days(0, zone, None)).out_of_quiet(now_ms);
            (ends > now_ms).then_some(ends)
        }
    }
}

/// Every day or week at this minute.
fn cron(digest: Digest) -> String {
    let at = format!("{} {}", digest.minute % 60, digest.minute / 60);
    match digest.day {
        // Croner counts days from Sunday, 0 or 7.
        Some(day) => format!("{at} * * {day}"),
        None => format!("{at} * * *"),
    }
}

/// A digest as people write it: `daily 08:00`, or `monday 08:00`.
pub(crate) fn digest(text: &str) -> Option<Digest> {
    let (rhythm, time) = text.trim().split_once(char::is_whitespace)?;
    let rhythm = rhythm.to_ascii_lowercase();
    let day = match DAYS.iter().position(|day| *day == rhythm) {
        Some(index) => Some(u8::try_from(index + 1).ok()?),
        None if rhythm == "daily" => None,
        None => return None,
    };
    Some(Digest { day, minute: minute_of_day(time)? })
}

/// The same, to show.
pub(crate) fn digest_text(digest: Digest) -> String {
    let day = digest.day.and_then(|day| DAYS.get(usize::from(day).checked_sub(1)?));
    format!("{} {}", day.unwrap_or(&"daily"), minute_text(digest.minute))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use jiff::{Timestamp, Zoned};
    use proptest::prelude::*;

    use super::*;
    use crate::rotation::schedule::{quiet_hours, zone};

    const HOUR_MS: i64 = 3_600_000;

    /// Zones with clock changes of an hour, of half an hour, in the other half of the year, and with none.
    const ZONES: [&str; 5] =
        ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"];

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn local(at_ms: i64, zone: &str) -> Zoned {
        Timestamp::from_millisecond(at_ms).unwrap().to_zoned(TimeZone::get(zone).unwrap())
    }

    fn held_until(timing: &Timing, zone: Tz, urgent: bool, now_ms: i64) -> Option<i64> {
        super::held_until(timing, timing.quiet.map(|quiet| (quiet, zone)), zone, urgent, now_ms)
    }

    fn timing(quiet: Option<&str>, every: Option<&str>) -> Timing {
        Timing {
            quiet: quiet.map(|text| quiet_hours(text).unwrap()),
            digest: every.map(|text| digest(text).unwrap()),
            zone: None,
            urgent_at_once: true,
        }
    }

    fn until(timing: &Timing, zone_name: &str, now: &str) -> Option<String> {
        let at = held_until(timing, zone(zone_name).unwrap(), false, ms(now))?;
        Some(Timestamp::from_millisecond(at).unwrap().to_string())
    }

    #[test]
    fn messages_wait_for_the_end_of_quiet_hours_or_for_the_digest_and_urgent_ones_do_not() {
        let night = timing(Some("22:00-07:00"), None);
        assert_eq!(until(&night, "UTC", "2026-03-10T12:00:00Z"), None);
        assert_eq!(until(&night, "UTC", "2026-03-10T23:30:00Z").unwrap(), "2026-03-11T07:00:00Z");
        // The night of either clock change ends at seven all the same.
        assert_eq!(until(&night, "Europe/Zurich", "2026-03-28T22:00:00Z").unwrap(), "2026-03-29T05:00:00Z");
        assert_eq!(until(&night, "Europe/Zurich", "2026-10-24T22:00:00Z").unwrap(), "2026-10-25T06:00:00Z");
        assert_eq!(held_until(&night, Tz::UTC, true, ms("2026-03-10T23:30:00Z")), None, "urgent");
        let strict = Timing { urgent_at_once: false, ..night };
        assert!(held_until(&strict, Tz::UTC, true, ms("2026-03-10T23:30:00Z")).is_some());

        let daily = timing(None, Some("daily 08:00"));
        assert_eq!(until(&daily, "UTC", "2026-03-10T07:59:59Z").unwrap(), "2026-03-10T08:00:00Z");
        assert_eq!(until(&daily, "UTC", "2026-03-10T08:00:00Z").unwrap(), "2026-03-11T08:00:00Z");
        let weekly = timing(Some("22:00-07:00"), Some("sunday 06:00"));
        assert_eq!(
            until(&weekly, "UTC", "2026-03-10T12:00:00Z").unwrap(),
            "2026-03-15T07:00:00Z",
            "not at night"
        );
    }

    #[test]
    fn digests_are_written_as_they_are_read() {
        for text in ["daily 08:00", "monday 00:05", "sunday 23:59"] {
            assert_eq!(digest_text(digest(text).unwrap()), text);
        }
        assert_eq!(digest("Friday  8:00").map(digest_text).as_deref(), Some("friday 08:00"));
        for wrong in
            ["", "daily", "08:00", "someday 08:00", "daily 24:00", "daily 08:60", "daily 08:00 09:00"]
        {
            assert!(digest(wrong).is_none(), "{wrong}");
        }
    }

    fn timings() -> impl Strategy<Value = Timing> {
        let quiet = proptest::option::of((0_u16..1440, 1_u16..1440))
            .prop_map(|quiet| quiet.map(|(from, length)| QuietHours { from, to: (from + length) % 1440 }));
        let digest = proptest::option::of((proptest::option::of(1_u8..=7), 0_u16..1440))
            .prop_map(|digest| digest.map(|(day, minute)| Digest { day, minute }));
        (quiet, digest).prop_map(|(quiet, digest)| Timing { quiet, digest, zone: None, urgent_at_once: true })
    }

    proptest! {
        /// Over two years, so over clock changes of each zone in both directions.
        #[test]
        fn what_waits_goes_out_later_soon_enough_and_never_in_quiet_hours(
            timing in timings(),
            zone_index in 0..ZONES.len(),
            minutes in 0_i64..2 * 365 * 24 * 60,
        ) {
            let name = ZONES[zone_index];
            let now = ms("2026-01-01T00:00:00Z") + minutes * 60_000 + 250;
            let held = held_until(&timing, zone(name).unwrap(), false, now);
            let minute = |at: &Zoned| u16::try_from(i32::from(at.hour()) * 60 + i32::from(at.minute())).unwrap();
            let is_quiet = |minute: u16| timing.quiet.is_some_and(|QuietHours { from, to }| {
                if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
            });
            prop_assert_eq!(held_until(&timing, zone(name).unwrap(), true, now), None);
            let Some(at) = held else {
                prop_assert!(timing.digest.is_none() && !is_quiet(minute(&local(now, name))));
                return Ok(());
            };
            prop_assert!(at > now);
            prop_assert!(!is_quiet(minute(&local(at, name))), "{}", local(at, name));
            let rhythm = timing.digest.map_or(0, |digest| if digest.day.is_some() { 7 * 24 } else { 24 });
            let quiet = if timing.quiet.is_some() { 24 } else { 0 };
            prop_assert!(at - now <= (rhythm + quiet + 2) * HOUR_MS, "{}", local(at, name));
        }

        /// Whatever was held before does not make a later message wait past the digest after it.
        #[test]
        fn a_digest_takes_all_that_came_since_the_last(zone_index in 0..ZONES.len(), minutes in 0_i64..365 * 24 * 60, minute in 0_u16..1440) {
            let zone = zone(ZONES[zone_index]).unwrap();
            let daily = Timing { digest: Some(Digest { day: None, minute }), ..timing(None, None) };
            let now = ms("2026-01-01T00:00:00Z") + minutes * 60_000;
            let at = held_until(&daily, zone, false, now).unwrap();
            prop_assert_eq!(held_until(&daily, zone, false, now + (at - now) / 2), Some(at));
            prop_assert!(held_until(&daily, zone, false, at).unwrap() > at);
        }
    }
}
