//! Values of conditions that take a look at more than a key and its last minutes: endpoints and networks that are new, hours
//! that are odd, uses of a decoy, what the detector found. Read from rollups only for keys that have a rule that asks for it
//! and were called lately, all else from memory.

use std::collections::HashSet;

use keyward_store::model::AlertCondition;
use keyward_store::usage::{EndpointTotals, Grain, Usage};

use crate::error::Result;
use crate::service::Service;
use crate::service::alerts::condition::Facts;
use crate::service::alerts::wording::counted;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far back is what a key is used to, ms.
pub(super) const ENDPOINTS_MS: i64 = 30 * DAY_MS;
pub(super) const HOURS_MS: i64 = 28 * DAY_MS;

/// A key is used to something only after so long, ms.
pub(super) const LEARNT_MS: i64 = 14 * DAY_MS;

/// Names that are told of several.
const NAMED: usize = 3;

/// A value, and what there is to say of it beyond the number, after the key's name.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(super) value: u64,
    pub(super) why: Option<String>,
}

impl From<u64> for Reading {
    fn from(value: u64) -> Self {
        Self { value, why: None }
    }
}

impl Service {
    /// The value of such a condition; of any other, none.
    pub(super) fn read_condition(
        &self,
        facts: &Facts<'_>,
        condition: AlertCondition,
    ) -> Result<Option<Reading>> {
        let (usage, id) = (&self.0.usage, facts.key.id);
        Ok(match condition {
            AlertCondition::NewEndpoint if is_used(facts, DAY_MS) => new_endpoints(usage, facts)?,
            AlertCondition::OddHour if is_used(facts, HOUR_MS) => odd_hour(usage, facts)?,
            AlertCondition::NewNetwork => {
                let new = self.0.metered.clients.new_ones(id, facts.now_ms);
                (!new.is_empty()).then(|| Reading {
                    value: new.len() as u64,
                    why: Some(format!("used from {}, from where it never was", listed(&new))),
                })
            }
            AlertCondition::FrozenUse => {
                let asked = facts.key.frozen_ms.and_then(|frozen_ms| self.0.refused.since(id, frozen_ms));
                asked.map(|why| Reading { value: 1, why: Some(why) })
            }
            AlertCondition::DecoyUse => {
                let (value, why) = self.decoy_use(id, facts.now_ms).unzip();
                value.map(|value| Reading { value, why })
            }
            AlertCondition::Anomaly => {
                let tables = self.mirror().read();
                let unusual = tables.by_key.unusual.get(&id).map(|row| &row.record);
                unusual.filter(|unusual| unusual.over_ms.is_none()).map(|unusual| Reading {
                    value: unusual.score.into(),
                    why: Some(unusual.reasons.clone()),
                })
            }
            _ => None,
        })
    }
}

/// The first of some names, and how many there are beside them.
fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let first = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

/// Whether it is old enough to be used to anything, and was called since the stretch of this length began.
fn is_used(facts: &Facts<'_>, stretch_ms: i64) -> bool {
    let began_ms = facts.now_ms - facts.now_ms.rem_euclid(stretch_ms);
    facts.last_used_ms.is_some_and(|used_ms| used_ms >= began_ms)
        && facts.now_ms - facts.key.created_ms >= LEARNT_MS
}

fn new_endpoints(usage: &Usage, facts: &Facts<'_>) -> Result<Option<Reading>> {
    let today_ms = facts.now_ms - facts.now_ms.rem_euclid(DAY_MS);
    let before = usage.endpoints(facts.key.id, Grain::Day, today_ms - ENDPOINTS_MS, today_ms)?.totals;
    // Where not all names are kept apart, or there was none to get used to, none is known to be new.
    if before.is_empty() || before.iter().any(|entry| entry.endpoint.is_none()) {
        return Ok(None);
    }
    let name = |entry: EndpointTotals| entry.endpoint.map(|name| name.to_string());
    let known: HashSet<String> = before.into_iter().filter_map(name).collect();
    let today = usage
        .endpoints(facts.key.id, Grain::Day, today_ms, today_ms + DAY_MS)?
        .totals
        .into_iter()
        .filter_map(name);
    let new: Vec<String> = today.filter(|name| !known.contains(name)).collect();
    let why = (!new.is_empty()).then(|| format!("called {}, which is new to it", listed(&new)));
    Ok(Some(Reading { value: new.len() as u64, why }))
}

fn odd_hour(usage: &Usage, facts: &Facts<'_>) -> Result<Option<Reading>> {
    let hour_ms = facts.now_ms - facts.now_ms.rem_euclid(HOUR_MS);
    let cells = usage.cells(facts.key.id, Grain::Hour, hour_ms - HOURS_MS, hour_ms + HOUR_MS)?;
    let now = cells.iter().filter(|(start_ms, _)| *start_ms == hour_ms).map(|(_, cell)| cell.requests).sum();
    let mut hours = Hours::default();
    cells.iter().filter(|(start_ms, _)| *start_ms < hour_ms).for_each(|(start_ms, _)| hours.note(*start_ms));
    // All keys' hours are UTC's, and so is the one that everybody is told of.
    let hour = hour_of_day(hour_ms);
    let (from, to) = (format!("{hour:02}:00"), format!("{:02}:00", (hour + 1) % 24));
    let why = format!("{} between {from} and {to} UTC, when it is never called", counted(now, "call"));
    Ok(hours.is_odd(hour_ms).then_some(Reading { value: now, why: Some(why) }))
}

/// When a key was called last, of each hour of the day (UTC).
#[derive(Default)]
pub(super) struct Hours([Option<i64>; 24]);

impl Hours {
    /// It was called in the hour that begins then.
    pub(super) fn note(&mut self, hour_ms: i64) {
        if let Some(last) = self.0.get_mut(hour_of_day(hour_ms)) {
            *last = Some(hour_ms);
        }
    }

    /// Whether it is never called in that hour of the day. Who was not called at all before has no hours.
    pub(super) fn is_odd(&self, hour_ms: i64) -> bool {
        let lately = |last: &Option<i64>| last.is_some_and(|last_ms| last_ms >= hour_ms - HOURS_MS);
        self.0.iter().any(lately) && !self.0.get(hour_of_day(hour_ms)).is_some_and(lately)
    }
}

fn hour_of_day(at_ms: i64) -> usize {
    usize::try_from(at_ms.rem_euclid(DAY_MS) / HOUR_MS).unwrap_or_default()
}
