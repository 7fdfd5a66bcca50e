//! Values of conditions that take a look at a key's past: endpoints that are new, hours that are odd. Read
//! from rollups, and only for keys that have a rule that asks for it and were called lately.

use std::collections::HashSet;

use keyward_store::model::AlertCondition;
use keyward_store::usage::{Grain, Usage};

use crate::error::Result;
use crate::service::alerts::condition::Facts;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far back is what a key is used to, ms.
const ENDPOINTS_MS: i64 = 30 * DAY_MS;
const HOURS_MS: i64 = 28 * DAY_MS;

/// A key is used to something only after so long, ms.
const LEARNT_MS: i64 = 14 * DAY_MS;

/// The value of such a condition; of any other, none.
pub(super) fn read(usage: &Usage, facts: &Facts<'_>, condition: AlertCondition) -> Result<Option<u64>> {
    match condition {
        AlertCondition::NewEndpoint if is_used(facts, DAY_MS) => new_endpoints(usage, facts),
        AlertCondition::OddHour if is_used(facts, HOUR_MS) => odd_hour(usage, facts),
        _ => Ok(None),
    }
}

/// Whether it is old enough to be used to anything, and was called since the stretch of this length began.
fn is_used(facts: &Facts<'_>, stretch_ms: i64) -> bool {
    let began_ms = facts.now_ms - facts.now_ms.rem_euclid(stretch_ms);
    facts.last_used_ms.is_some_and(|used_ms| used_ms >= began_ms)
        && facts.now_ms - facts.key.created_ms >= LEARNT_MS
}

fn new_endpoints(usage: &Usage, facts: &Facts<'_>) -> Result<Option<u64>> {
    let today_ms = facts.now_ms - facts.now_ms.rem_euclid(DAY_MS);
    let before = usage.endpoints(facts.key.id, today_ms - ENDPOINTS_MS, today_ms)?;
    // Where not all names are kept apart, or there was none to get used to, none is known to be new.
    if before.is_empty() || before.iter().any(|entry| entry.endpoint.is_none()) {
        return Ok(None);
    }
    let known: HashSet<_> = before.into_iter().filter_map(|entry| entry.endpoint).collect();
    let today = usage.endpoints(facts.key.id, today_ms, today_ms + DAY_MS)?;
    let new = today.iter().filter(|entry| entry.endpoint.as_ref().is_some_and(|name| !known.contains(name)));
    Ok(Some(new.count() as u64))
}

fn odd_hour(usage: &Usage, facts: &Facts<'_>) -> Result<Option<u64>> {
    let hour_ms = facts.now_ms - facts.now_ms.rem_euclid(HOUR_MS);
    let cells = usage.cells(facts.key.id, Grain::Hour, hour_ms - HOURS_MS, hour_ms + HOUR_MS)?;
    let same = |start_ms: i64| start_ms.rem_euclid(DAY_MS) == hour_ms.rem_euclid(DAY_MS);
    let now = cells.iter().filter(|(start_ms, _)| *start_ms == hour_ms).map(|(_, cell)| cell.requests).sum();
    let before = cells.iter().filter(|(start_ms, _)| *start_ms < hour_ms);
    // Who was not called at all before has no hours.
    let (any, usual) =
        before.fold((false, false), |(_, usual), (start_ms, _)| (true, usual || same(*start_ms)));
    Ok((any && !usual).then_some(now))
}
