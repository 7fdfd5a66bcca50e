//! The look at all rules, once a minute: each key is read once for all rules that are for it, and only when it was called
//! within their windows. It reads memory and rollups, and answers what is to be done; it changes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_store::model::{Alert, AlertCondition, AlertRule, ApiKey, Id, Rotation, RotationHealth};
use keyward_store::usage::{Cell, Grain};

use crate::caller::Caller;
use crate::clock::month_around;
use crate::error::{Error, Result};
use crate::policy::Permission;
use crate::prices::{Money, Pricer};
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::alerts::condition::{Facts, Kind, Limits, kind, share};
use crate::service::alerts::reading::Reading;
use crate::service::alerts::turn::Turn;
use crate::service::budgets;
use crate::service::mirror::{Shared, Tables};

const MINUTE_MS: i64 = 60_000;

/// Turns of one commit.
const MOST_TURNS: usize = 256;

/// Alerts of one space that are kept after they are over, and for how long, ms.
const MOST_KEPT: usize = 500;
const KEPT_MS: i64 = 90 * 24 * 60 * MINUTE_MS;

/// The newest moment and value of what holds. Lost with the daemon, and found again with the next look.
#[derive(Default)]
pub(crate) struct Latest(Mutex<HashMap<Id, (i64, u64)>>);

impl Latest {
    /// When an alert's condition was last seen to hold, and with which value.
    pub(super) fn of(&self, alert: Id) -> Option<(i64, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&alert).copied()
    }

    /// From now on these hold, and no others.
    pub(crate) fn replace(&self, all: HashMap<Id, (i64, u64)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }
}

/// A key, and the rules that are for it.
struct Watched {
    key: Shared<ApiKey>,
    of_space: Arc<Vec<Shared<AlertRule>>>,
    own: Vec<Shared<AlertRule>>,
    rotation_failed: bool,
    budget: Option<Money>,
}

/// What is looked at, and what holds before it is.
struct Plan {
    watched: Vec<Watched>,
    holding: HashMap<(Id, Id), Shared<Alert>>,
    turns: Vec<Turn>,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    turns: Vec<Turn>,
    latest: HashMap<Id, (i64, u64)>,
}

impl Service {
    /// Looks at all rules, and lets alerts fire, recover and end. Answers how many did. Safe to run at any time: what
    /// holds already does not fire again.
    pub async fn watch_alerts(&self, caller: &Caller) -> Result<u64> {
        let now_ms = self.now_ms();
        let plan = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AlertRaise, Target::Instance, None)?;
            plan(&tables, now_ms)
        };
        self.write_decoy_uses().await?;
        let service = self.clone();
        let looking = tokio::task::spawn_blocking(move || service.look_at(plan, now_ms)).await;
        let seen = looking.map_err(|error| Error::Internal(Box::new(error)))??;
        self.0.latest.replace(seen.latest);
        for turns in seen.turns.chunks(MOST_TURNS) {
            self.turn_alerts(caller, turns).await?;
        }
        Ok(seen.turns.len() as u64)
    }

    fn look_at(&self, mut plan: Plan, now_ms: i64) -> Result<Seen> {
        let (first, next) = month_around(now_ms);
        let month_ms = (first.as_millisecond(), next.as_millisecond());
        let mut seen = Seen { turns: std::mem::take(&mut plan.turns), latest: HashMap::new() };
        let mut pricer = Pricer::new(&self.0.settings.prices);
        for Watched { key, of_space, own, rotation_failed, budget } in &plan.watched {
            let totals = self.0.usage.totals(key.record.id, now_ms);
            let facts = Facts {
                now_ms,
                key: &key.record,
                last_used_ms: totals.last_used_ms,
                month_used: totals.month_used,
                month_ms,
                rotation_failed: *rotation_failed,
            };
            let rules = || of_space.iter().chain(own);
            let mut windows = Windows::default();
            let longest = rules().map(|rule| rule.record.window_minutes).max().unwrap_or(0);
            if longest > 0 {
                windows = self.windows(&facts, longest)?;
            }
            for rule in rules() {
                let limits = limits_of(&rule.record);
                let value = facts.value(&limits, windows.sum(limits.window_minutes));
                let value = match (limits.condition, budget) {
                    (AlertCondition::MonthlyCost, _) => {
                        let cost = self.month_bill(&mut pricer, key, now_ms)?.money();
                        cost.map(|cost| cost.0 / 1_000_000)
                    }
                    (AlertCondition::Budget, Some(Money(budget))) => {
                        let cost = self.month_bill(&mut pricer, key, now_ms)?.money();
                        share(cost.unwrap_or_default().0.into(), (*budget).into())
                    }
                    _ => value,
                };
                let reading = match value.map(Reading::from) {
                    None => self.read_condition(&facts, limits.condition)?,
                    reading => reading,
                };
                let held = plan.holding.remove(&(rule.record.id, key.record.id));
                let reading = reading.or_else(|| still_frozen(&key.record, &held.as_ref()?.record));
                seen.judge(&limits, reading, (rule, key), held.as_deref().map(|row| &row.record), now_ms);
            }
        }
        // Whatever nobody looked at has lost its rule or its key.
        seen.turns.extend(plan.holding.into_values().map(|row| Turn::Ends(row.record.id)));
        Ok(seen)
    }

    /// A key's minutes that are over, back to the longest window's start.
    fn windows(&self, facts: &Facts<'_>, longest: u32) -> Result<Windows> {
        let until_ms = Grain::Minute.start_of(facts.now_ms);
        let from_ms = until_ms - i64::from(longest) * MINUTE_MS;
        if facts.last_used_ms.is_none_or(|used_ms| used_ms < from_ms) {
            return Ok(Windows::default());
        }
        let cells = self.0.usage.cells(facts.key.id, Grain::Minute, from_ms, until_ms)?;
        Ok(Windows { until_ms, cells, sums: Vec::new(), none: Cell::default() })
    }
}

impl Seen {
    fn judge(
        &mut self,
        limits: &Limits,
        reading: Option<Reading>,
        (rule, key): (&Shared<AlertRule>, &Shared<ApiKey>),
        held: Option<&Alert>,
        now_ms: i64,
    ) {
        match (held, reading) {
            (Some(alert), Some(Reading { value, .. })) if limits.holds(Some(value)) => {
                self.latest.insert(alert.id, (now_ms, value));
                let wakes = alert.snoozed_until_ms.is_some_and(|until_ms| until_ms <= now_ms);
                self.turns.extend(wakes.then_some(Turn::Wakes(alert.id)));
            }
            (Some(alert), _) => self.turns.push(Turn::Recovers(alert.id)),
            (None, Some(reading)) if limits.crosses(Some(reading.value)) => {
                self.turns.push(Turn::Fires(Arc::clone(rule), Arc::clone(key), reading));
            }
            (None, _) => {}
        }
    }
}

/// The minutes of a key, and what they sum to over each window that was asked for.
#[derive(Default)]
struct Windows {
    until_ms: i64,
    cells: Vec<(i64, Cell)>,
    sums: Vec<(u32, Cell)>,
    none: Cell,
}

impl Windows {
    fn sum(&mut self, minutes: u32) -> &Cell {
        if minutes == 0 || self.cells.is_empty() {
            return &self.none;
        }
        let place = match self.sums.iter().position(|(window, _)| *window == minutes) {
            Some(place) => place,
            None => {
                let from_ms = self.until_ms - i64::from(minutes) * MINUTE_MS;
                let mut sum = Cell::default();
                self.cells
                    .iter()
                    .filter(|(start_ms, _)| *start_ms >= from_ms)
                    .for_each(|(_, cell)| sum.merge(cell));
                self.sums.push((minutes, sum));
                self.sums.len() - 1
            }
        };
        &self.sums[place].1
    }
}

/// A frozen key that was asked for once is so until it is thawed: who asked is not remembered over a restart, the alert is.
fn still_frozen(key: &ApiKey, alert: &Alert) -> Option<Reading> {
    let since_then = key.frozen_ms.is_some_and(|frozen_ms| frozen_ms <= alert.first_ms);
    (alert.condition == AlertCondition::FrozenUse && since_then).then(|| Reading::from(alert.value))
}

/// What a rule asks of its condition.
pub(super) fn limits_of(rule: &AlertRule) -> Limits {
    let Kind { bounds: (least, most), windowed, .. } = kind(rule.condition);
    Limits {
        condition: rule.condition,
        // Rules for decoys could be made for more than one use once.
        threshold: rule.threshold.clamp(least, most),
        recovery: rule.recovery,
        window_minutes: if windowed { rule.window_minutes } else { 0 },
    }
}

fn plan(tables: &Tables, now_ms: i64) -> Plan {
    let mut spaces: HashMap<Id, Vec<Shared<AlertRule>>> = HashMap::new();
    let mut own: HashMap<Id, Vec<Shared<AlertRule>>> = HashMap::new();
    let mut turns = Vec::new();
    for rule in tables.alert_rules.values() {
        if !tables.spaces.contains_key(&rule.record.space) {
            turns.push(Turn::Orphaned(rule.record.id));
        } else if rule.record.enabled {
            match rule.record.api_key {
                Some(key) => own.entry(key).or_default().push(Arc::clone(rule)),
                None => spaces.entry(rule.record.space).or_default().push(Arc::clone(rule)),
            }
        }
    }
    let mut watched = Vec::new();
    for (space, rules) in spaces {
        let rules = Arc::new(rules);
        for (_, id) in tables.keys.space(space).into_iter().flat_map(|keys| keys.newest()) {
            let Some(key) = tables.keys.get(id) else { continue };
            watched.push(Watched::of(tables, key, Arc::clone(&rules), own_rules(&mut own, key)));
        }
    }
    let ids: Vec<Id> = own.keys().copied().collect();
    for key in ids.into_iter().filter_map(|id| tables.keys.get(id)) {
        watched.push(Watched::of(tables, key, Arc::default(), own_rules(&mut own, key)));
    }
    turns.extend(forgotten(tables, now_ms).into_iter().map(Turn::Forgotten));
    let held = |row: &Shared<Alert>| ((row.record.rule, row.record.api_key), Arc::clone(row));
    let holding = tables.alerts.holding().filter(|row| !row.record.is_of_budget());
    Plan { watched, holding: holding.map(held).collect(), turns }
}

impl Watched {
    fn of(
        tables: &Tables,
        key: &Shared<ApiKey>,
        of_space: Arc<Vec<Shared<AlertRule>>>,
        own: Vec<Shared<AlertRule>>,
    ) -> Self {
        let id = key.record.id;
        let failed = |row: &Shared<Rotation>| row.record.health == RotationHealth::Failed;
        let rotation_failed = tables.rotations.state(id).is_some_and(failed);
        Self { key: Arc::clone(key), of_space, own, rotation_failed, budget: budgets::of(tables, id) }
    }
}

/// A key's own rules; one that was made where the key was before is for it no more.
fn own_rules(own: &mut HashMap<Id, Vec<Shared<AlertRule>>>, key: &Shared<ApiKey>) -> Vec<Shared<AlertRule>> {
    let mut rules = own.remove(&key.record.id).unwrap_or_default();
    rules.retain(|rule| rule.record.space == key.record.space);
    rules
}

/// Alerts that are over and kept no more: too old, of a place that is gone, or too many of one.
fn forgotten(tables: &Tables, now_ms: i64) -> Vec<Id> {
    let mut over: HashMap<Id, Vec<(i64, Id)>> = HashMap::new();
    for row in tables.alerts.rows() {
        if let Some(cleared_ms) = row.record.cleared_ms {
            over.entry(row.record.space).or_default().push((cleared_ms, row.record.id));
        }
    }
    let mut forgotten = Vec::new();
    for (space, mut alerts) in over {
        alerts.sort_unstable();
        let gone = !tables.spaces.contains_key(&space);
        let surplus = alerts.len().saturating_sub(MOST_KEPT);
        let out = |(place, (cleared_ms, _)): &(usize, &(i64, Id))| {
            gone || *place < surplus || *cleared_ms < now_ms - KEPT_MS
        };
        forgotten.extend(alerts.iter().enumerate().filter(out).map(|(_, (_, id))| *id));
    }
    forgotten
}
