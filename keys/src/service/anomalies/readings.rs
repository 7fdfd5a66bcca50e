//! A key's calls as the anomaly detector takes them: one number for each ten minutes, also where there were none.

use keyward_store::model::Id;
use keyward_store::usage::{Grain, Usage};

use crate::error::Result;

/// The time that one reading covers, ms.
pub(super) const READING_MS: i64 = 10 * 60_000;

const HOUR_MS: i64 = 60 * 60_000;

/// Minutes reach back two days from a key's last call. Before that, an hour's calls are spread evenly.
const MINUTES_MS: i64 = 46 * HOUR_MS;

/// The calls of each reading from `from_ms` to `to_ms`, both of which begin one.
pub(super) fn readings(usage: &Usage, key: Id, from_ms: i64, to_ms: i64) -> Result<Vec<f64>> {
    let mut calls = vec![0.0; usize::try_from((to_ms - from_ms) / READING_MS).unwrap_or(0)];
    let split = (to_ms - MINUTES_MS).div_euclid(HOUR_MS) * HOUR_MS;
    let mut add = |at_ms: i64, more: f64| {
        let place = usize::try_from((at_ms - from_ms).div_euclid(READING_MS)).ok();
        if let Some(sum) = place.and_then(|place| calls.get_mut(place)) {
            *sum += more;
        }
    };
    if from_ms < split {
        let parts = HOUR_MS / READING_MS;
        for (start, cell) in usage.cells(key, Grain::Hour, from_ms, split)? {
            for part in 0..parts {
                add(start + part * READING_MS, cell.requests as f64 / parts as f64);
            }
        }
    }
    for (start, cell) in usage.cells(key, Grain::Minute, from_ms.max(split), to_ms)? {
        add(start, cell.requests as f64);
    }
    Ok(calls)
}
