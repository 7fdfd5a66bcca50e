//! How the value of an alert's condition went around it: some hours in steps of five minutes where it looks at minutes, a
//! month in steps of six hours where it looks at days. It only reads.

use keyward_store::model::{Alert, AlertCondition};

use crate::clock::timestamp;
use crate::error::Result;
use crate::service::alerts::condition::{Limits, kind};
use crate::service::alerts::played::{Archive, Played};
use crate::service::alerts::wording::untold;
use crate::view::AlertCourse;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// How it is cut: the length of a step, and how many there are.
type Cut = (i64, i64);
const FINE: Cut = (5 * MINUTE_MS, 72);
/// Where minutes are not kept any more.
const HOURLY: Cut = (HOUR_MS, 48);
const COARSE: Cut = (6 * HOUR_MS, 120);

/// For so long minutes are kept with certainty, ms.
const MINUTES_MS: i64 = 40 * HOUR_MS;

/// What is told after an alert was over, ms.
const AFTER_MS: i64 = 30 * MINUTE_MS;

/// How it went, up to now or to shortly after it was over; none where the past does not tell.
pub(super) fn course(
    archive: &Archive,
    key: &Played,
    alert: &Alert,
    limits: &Limits,
    now_ms: i64,
) -> Result<Option<AlertCourse>> {
    if untold(alert.condition).is_some() {
        return Ok(None);
    }
    let to_ms = alert.cleared_ms.map_or(now_ms, |cleared_ms| now_ms.min(cleared_ms + AFTER_MS));
    let by_minutes = kind(alert.condition).windowed || alert.condition == AlertCondition::NoTraffic;
    let (step_ms, steps) = match by_minutes {
        true if to_ms > now_ms - MINUTES_MS => FINE,
        true => HOURLY,
        false => COARSE,
    };
    // Steps begin at multiples of their length, so that they stand still while time passes.
    let first = (to_ms - 1).div_euclid(step_ms) - steps + 1;
    let mut values = vec![None; usize::try_from(steps).unwrap_or_default()];
    for (at_ms, value) in archive.play(key, limits, (first * step_ms, to_ms))?.values {
        let step = usize::try_from((at_ms - 1).div_euclid(step_ms) - first).ok();
        if let Some(seen) = step.and_then(|step| values.get_mut(step)) {
            *seen = value.max(*seen);
        }
    }
    let step = u32::try_from(step_ms / 1_000).unwrap_or(u32::MAX);
    Ok(Some(AlertCourse { from: timestamp(first * step_ms), step, values }))
}
