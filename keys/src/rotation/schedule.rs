//! When a rotation is due: every so many days, or by a cron expression in a time zone, and never within quiet hours.
//! An expression that never comes, or comes all the time, is refused when it is set.

mod meant;

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

use keyward_store::model::QuietHours;

const DAY_MS: i64 = 24 * 3_600_000;

/// The shortest time between two rotations of one key, ms.
const SHORTEST_MS: i64 = 60_000;

/// Occurrences that are looked at for that.
const LOOKED_AT: usize = 64;

/// The longest expression, in bytes.
const LONGEST: usize = 100;

/// When rotations of a key are due.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    when: When,
    zone: Tz,
    quiet: Option<QuietHours>,
    /// Whose clock tells them.
    quiet_zone: Tz,
}

#[derive(Clone, Debug)]
enum When {
    Never,
    Days(u32),
    Cron(Box<Cron>),
}

impl Schedule {
    /// Every so many days; 0 is never.
    pub(crate) fn days(days: u32, zone: Tz, quiet: Option<QuietHours>) -> Self {
        let when = if days == 0 { When::Never } else { When::Days(days) };
        Self { when, zone, quiet, quiet_zone: zone }
    }

    /// By an expression of five fields, or of six with seconds first. Says in words what is wrong with it, and when it
    /// would come if it was meant otherwise.
    pub(crate) fn cron(text: &str, zone: Tz, quiet: Option<QuietHours>, now_ms: i64) -> Result<Self, String> {
        Self::checked(text, zone, quiet, now_ms)
            .map_err(|fault| fault + &meant::instead(text, zone, quiet, now_ms))
    }

    fn checked(text: &str, zone: Tz, quiet: Option<QuietHours>, now_ms: i64) -> Result<Self, String> {
        if meant::either(text) {
            return Err(format!(
                "{text:?} may be every hour, with seconds first, or some hours, with a field too many at the end; write it \
                 in five fields"
            ));
        }
        let schedule = Self { when: When::Cron(Box::new(parse(text)?)), zone, quiet, quiet_zone: zone };
        schedule.check(text, now_ms)?;
        Ok(schedule)
    }

    /// By an expression that was checked when it was set. What is not one any more is never due.
    pub(crate) fn set_cron(text: &str, zone: Tz, quiet: Option<QuietHours>) -> Self {
        let when = parse(text).map_or(When::Never, |cron| When::Cron(Box::new(cron)));
        Self { when, zone, quiet, quiet_zone: zone }
    }

    /// The same with these quiet hours, told by the clock of this zone.
    pub(crate) fn hushed(self, quiet: QuietHours, zone: Tz) -> Self {
        Self { quiet: Some(quiet), quiet_zone: zone, ..self }
    }

    fn check(&self, text: &str, now_ms: i64) -> Result<(), String> {
        let mut last = self.plain_after(now_ms);
        if last.is_none() {
            return Err(format!("{text:?} never comes: there is no such day"));
        }
        for _ in 0..LOOKED_AT {
            let Some(from) = last else { break };
            last = self.plain_after(from);
            if last.is_some_and(|next| next - from < SHORTEST_MS) {
                return Err(format!(
                    "{text:?} comes every {} s: the first of six fields is seconds, and a minute is the shortest",
                    last.map_or(0, |next| (next - from) / 1_000)
                ));
            }
        }
        Ok(())
    }

    /// The first time after this moment, outside of quiet hours; none when there is none.
    pub(crate) fn after(&self, from_ms: i64) -> Option<i64> {
        self.plain_after(from_ms).map(|at_ms| self.out_of_quiet(at_ms))
    }

    /// The first few times after this moment.
    pub(crate) fn upcoming(&self, first_ms: Option<i64>, now_ms: i64, count: usize) -> Vec<i64> {
        let mut times: Vec<i64> = first_ms.filter(|at| *at > now_ms).into_iter().collect();
        while times.len() < count {
            let Some(next) = self.after(times.last().copied().unwrap_or(now_ms)) else { break };
            times.push(next);
        }
        times
    }

    fn plain_after(&self, from_ms: i64) -> Option<i64> {
        match &self.when {
            When::Never => None,
            When::Days(days) => Some(from_ms.saturating_add(i64::from(*days) * DAY_MS)),
            When::Cron(cron) => {
                // A cron expression knows whole seconds; parts of one would be carried into the answer.
                let from =
                    Utc.timestamp_opt(from_ms.div_euclid(1_000), 0).single()?.with_timezone(&self.zone);
                cron.find_next_occurrence(&from, false).ok().map(|next| next.timestamp_millis())
            }
        }
    }

    /// This moment, or the end of the quiet hours that it is in.
    pub(crate) fn out_of_quiet(&self, at_ms: i64) -> i64 {
        let ends = || {
            let quiet = self.quiet?;
            let local = Utc.timestamp_millis_opt(at_ms).single()?.with_timezone(&self.quiet_zone);
            let minute = u16::try_from(local.hour() * 60 + local.minute()).ok()?;
            let wraps = quiet.to <= quiet.from;
            let within = if wraps {
                minute >= quiet.from || minute < quiet.to
            } else {
                (quiet.from..quiet.to).contains(&minute)
            };
            let tomorrow = u64::from(wraps && minute >= quiet.from);
            within.then(|| end(&local, tomorrow, quiet.to)).flatten()
        };
        ends().unwrap_or(at_ms)
    }
}

/// This minute of the same or the next day; where the clock leaves it out, an hour later.
fn end(local: &DateTime<Tz>, days: u64, minute: u16) -> Option<i64> {
    let day = local.date_naive().checked_add_days(Days::new(days))?;
    let time = |minute: u32| NaiveTime::from_hms_opt(minute / 60 % 24, minute % 60, 0);
    let at = |minute| local.timezone().from_local_datetime(&day.and_time(time(minute)?)).latest();
    at(u32::from(minute)).or_else(|| at(u32::from(minute) + 60)).map(|end| end.timestamp_millis())
}

fn parse(text: &str) -> Result<Cron, String> {
    let fields = text.split_whitespace().count();
    if text.len() > LONGEST || text.chars().any(char::is_control) {
        return Err(format!("is one line of at most {LONGEST} characters"));
    }
    if !text.starts_with('@') && !(5..=6).contains(&fields) {
        return Err(format!(
            "{text:?} has {fields} fields; there are five (minute, hour, day, month, weekday), or six with seconds first"
        ));
    }
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| {
        let reading = match fields {
            5 => "minute, hour, day, month, weekday",
            _ => "second, minute, hour, day, month, weekday",
        };
        format!("{text:?} is no cron expression (read as {reading}): {}", why(&error))
    })
}

fn why(error: &CronError) -> String {
    let mut text = error.to_string();
    text.retain(|c| !c.is_control());
    text.trim_start_matches("Component error: ").trim_end_matches('.').to_lowercase()
}

/// A time zone by its IANA name.
pub(crate) fn zone(name: &str) -> Option<Tz> {
    Tz::from_str(name).ok()
}

/// Quiet hours as people write them: `22:00-06:30`.
pub(crate) fn quiet_hours(text: &str) -> Option<QuietHours> {
    let (from, to) = text.split_once(['-', '–'])?;
    let quiet = QuietHours { from: minute_of_day(from)?, to: minute_of_day(to)? };
    (quiet.from != quiet.to).then_some(quiet)
}

/// A time of day as people write it, `6:30`, in minutes after midnight.
pub(crate) fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let part = |text: &str| text.parse::<u16>().ok().filter(|_| (1..=2).contains(&text.len()));
    let (hour, minute) = (part(hour)?, part(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// The same, to show.
pub(crate) fn quiet_text(quiet: QuietHours) -> String {
    format!("{}-{}", minute_text(quiet.from), minute_text(quiet.to))
}

/// A minute of the day, to show.
pub(crate) fn minute_text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests;
