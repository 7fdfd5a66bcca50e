//! What an expression may have been meant to be that is refused, or is one either way, and when that would come: its
//! fields read as five where six were given or the reverse, or the last day of a month that has no such day.

use chrono::TimeZone;
use chrono_tz::Tz;

use keyward_store::model::QuietHours;

use super::Schedule;

/// Times that are told of each reading.
const TOLD: usize = 3;

/// What to say after a refusal: each other reading that would be accepted, with its next times; nothing when there is
/// none.
pub(super) fn instead(text: &str, zone: Tz, quiet: Option<QuietHours>, now_ms: i64) -> String {
    let told = |(reading, how): (String, &str)| {
        let schedule = Schedule::checked(&reading, zone, quiet, now_ms).ok()?;
        let moment =
            |at: i64| zone.timestamp_millis_opt(at).single().map(|at| at.format("%F %T").to_string());
        let times: Vec<String> =
            schedule.upcoming(None, now_ms, TOLD).into_iter().filter_map(moment).collect();
        Some(format!("; {reading:?} ({how}) would next come at {} ({zone})", times.join(", ")))
    };
    readings(text).into_iter().filter_map(told).collect()
}

/// Whether an expression of six fields is as good without its last one, and hourly only with it: `0 3 * * * *` is three
/// minutes after each hour here, and three in the morning to who is used to a field for years at the end. Nobody who
/// means the hours needs the seconds for it.
pub(super) fn either(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [_, hour, "*", _, _, "*"] = fields.as_slice() else { return false };
    hour.parse::<u32>().is_ok_and(|hour| hour < 24)
}

fn readings(text: &str) -> Vec<(String, &'static str)> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let mut readings = match fields.as_slice() {
        five @ [_, _, _, _, _] => vec![([five, &["*"]].concat(), "six fields, seconds first")],
        [rest @ .., last] if rest.len() == 5 => {
            // Either there are seconds that nobody meant, or a field too many at the end.
            let without_first = [&rest[1..], &[*last]].concat();
            vec![(without_first, "five fields, minute first"), (rest.to_vec(), "five fields, minute first")]
        }
        _ => return Vec::new(),
    };
    let day = fields.len() - 3;
    if matches!(fields[day], "30" | "31") {
        let mut last_day = fields;
        last_day[day] = "L";
        readings.push((last_day, "L is a month's last day"));
    }
    readings.dedup();
    readings.into_iter().map(|(fields, how)| (fields.join(" "), how)).collect()
}
