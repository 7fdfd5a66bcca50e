//! A key's usage as the anomaly detector takes it: one reading for each ten minutes, also where there was none.

use keyward_store::model::Id;
use keyward_store::usage::{Cell, Grain, Usage};

use crate::anomaly::Reading;
use crate::error::Result;

/// The time that one reading covers, ms.
pub(super) const READING_MS: i64 = 10 * 60_000;

const HOUR_MS: i64 = 60 * 60_000;

/// Minutes reach back two days from a key's last call. Before that, an hour's calls are spread evenly.
const MINUTES_MS: i64 = 46 * HOUR_MS;

/// The readings from `from_ms` to `to_ms`, both of which begin one.
pub(super) fn readings(usage: &Usage, key: Id, from_ms: i64, to_ms: i64) -> Result<Vec<Reading>> {
    let count = usize::try_from((to_ms - from_ms) / READING_MS).unwrap_or(0);
    let mut readings = vec![Reading::default(); count];
    let split = (to_ms - MINUTES_MS).div_euclid(HOUR_MS) * HOUR_MS;
    let mut add = |at_ms: i64, cell: &Cell, part: f64| {
        let place = usize::try_from((at_ms - from_ms).div_euclid(READING_MS)).ok();
        if let Some(sum) = place.and_then(|place| readings.get_mut(place)) {
            sum.calls += cell.requests as f64 * part;
            sum.errors += cell.errors() as f64 * part;
            sum.timed += cell.timed as f64 * part;
            sum.response_ms += cell.response_us as f64 / 1_000.0 * part;
        }
    };
    if from_ms < split {
        let parts = HOUR_MS / READING_MS;
        for (start, cell) in usage.cells(key, Grain::Hour, from_ms, split)? {
            for part in 0..parts {
                add(start + part * READING_MS, &cell, 1.0 / parts as f64);
            }
        }
    }
    for (start, cell) in usage.cells(key, Grain::Minute, from_ms.max(split), to_ms)? {
        add(start, &cell, 1.0);
    }
    Ok(readings)
}
