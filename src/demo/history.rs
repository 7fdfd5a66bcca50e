//! The demo's past: each key's calls from the day it was made until now, weekends and bad days included.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use keyward_keys::input::TrackEvent;
use keyward_keys::{Door, Service};

use super::apps::Apps;
use super::numbers::{count, event, hour_share};
use super::sample::{SampleKey, days_before};

/// Days that are there before the dashboard opens; the rest comes while one is looking.
const AT_ONCE: i64 = 31;
const YEAR: i64 = 365;
/// Calls brought in at a time.
const GROUP: usize = 5_000;
/// Days brought in together, so that quiet keys do not cost a commit a day.
const SPAN: i64 = 30;

/// The last days.
pub(super) async fn newest(service: &Service, keys: &[SampleKey], apps: &Apps) -> keyward_keys::Result<()> {
    let now = Timestamp::now();
    for key in keys {
        bring_in(service, (key, apps), now, 0..AT_ONCE).await?;
    }
    Ok(())
}

/// The rest of the year, newest first.
pub(super) async fn rest(service: Service, keys: Vec<SampleKey>, apps: Arc<Apps>) {
    let now = Timestamp::now();
    let mut from = AT_ONCE;
    while from < YEAR {
        let until = (from + SPAN).min(YEAR);
        for key in &keys {
            if let Err(error) = bring_in(&service, (key, &apps), now, from..until).await {
                tracing::warn!(error = crate::error::chain(&error), "the sample history is not complete");
                return;
            }
        }
        from = until;
    }
}

async fn bring_in(
    service: &Service,
    (key, apps): (&SampleKey, &Apps),
    now: Timestamp,
    days: std::ops::Range<i64>,
) -> keyward_keys::Result<()> {
    let system = service.system_caller("demo", Door::Local);
    let bring = async |group: Vec<TrackEvent>| {
        for (app, calls) in apps.share(group) {
            service.import_usage(&system, key.id, Some(app), calls).await?;
        }
        Ok(())
    };
    let mut group = Vec::new();
    for day in days {
        group.extend(one_day(key, now, day));
        if group.len() >= GROUP {
            bring(std::mem::take(&mut group)).await?;
        }
    }
    bring(group).await
}

/// The calls of the 24 hours that ended `ago` days before now.
fn one_day(key: &SampleKey, now: Timestamp, ago: i64) -> Vec<TrackEvent> {
    let sample = key.sample;
    let stopped = !sample.in_use() && ago < 40;
    if ago >= sample.age_days || stopped {
        return Vec::new();
    }
    let start = days_before(now, ago + 1);
    let zoned = start.to_zoned(jiff::tz::TimeZone::UTC);
    let weekend = if zoned.weekday().to_monday_zero_offset() >= 5 { 0.45 } else { 1.0 };
    // A year ago it was a third of today.
    let growth = 1.0 - 0.67 * ago as f64 / YEAR as f64;
    let swing = 0.85 + 0.3 * fastrand::f64();
    // About one day in fifty, some provider has a bad afternoon.
    let bad_hour = (fastrand::u8(..50) == 0).then(|| fastrand::u8(10..20));
    let first_hour = f64::from(zoned.hour()) + f64::from(zoned.minute()) / 60.0;
    let mut calls = Vec::new();
    for hour in 0..24_u8 {
        let of_day = (first_hour + f64::from(hour)) % 24.0;
        let mean = sample.per_day / 24.0 * weekend * growth * swing * hour_share(of_day);
        let trouble = if bad_hour == Some(hour) { 0.35 } else { 0.0 };
        for _ in 0..count(mean) {
            let ms = i64::from(hour) * 3_600_000 + fastrand::i64(0..3_600_000);
            let at = start.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(start);
            calls.push(event(sample, Some(at), trouble));
        }
    }
    calls
}
