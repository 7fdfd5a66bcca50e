//! A condition's values over a stretch of a key's past, whatever they are told by: calls and times (`past`), costs, endpoints,
//! hours, or the detector run over it once more. Today's limit, budget and time zone are taken for those of the whole stretch.
//! It decides nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;

use keyward_store::model::{AlertCondition, ApiKey};
use keyward_store::usage::{Grain, Usage};

use crate::clock::month_around;
use crate::error::Result;
use crate::prices::{Bill, Money, Pricer, Prices};
use crate::service::Service;
use crate::service::alerts::condition::{Limits, share};
use crate::service::alerts::past::Past;
use crate::service::alerts::reading::{ENDPOINTS_MS, HOURS_MS, Hours, LEARNT_MS};
use crate::service::mirror::{Shared, Tables};
use crate::service::{anomalies, budgets};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What the past is read from.
#[derive(Clone)]
pub(super) struct Archive {
    usage: Usage,
    prices: Arc<Prices>,
    now_ms: i64,
}

/// A key, with what holds for it now.
pub(super) struct Played {
    pub(super) key: Shared<ApiKey>,
    budget: Option<Money>,
    zone: TimeZone,
}

/// Moments by rising time, each with its value; without one where there was nothing to tell it by.
pub(super) struct Story {
    /// The first moment that is told of: the key's first, where it was made later.
    pub(super) begins_ms: i64,
    pub(super) values: Vec<(i64, Option<u64>)>,
}

impl Service {
    pub(super) fn archive(&self, now_ms: i64) -> Archive {
        Archive { usage: self.0.usage.clone(), prices: Arc::clone(&self.0.settings.prices), now_ms }
    }
}

impl Played {
    pub(super) fn of(tables: &Tables, key: &Shared<ApiKey>) -> Self {
        let id = key.record.id;
        let (budget, zone) = (budgets::of(tables, id), anomalies::zone_of(tables, id));
        Self { key: Shared::clone(key), budget, zone }
    }

    /// Whether there is something that its month could be a share of.
    pub(super) fn has_whole(&self, condition: AlertCondition) -> bool {
        match condition {
            AlertCondition::Budget => self.budget.is_some(),
            AlertCondition::MonthlyLimit | AlertCondition::Forecast => {
                self.key.record.monthly_limit.is_some()
            }
            _ => true,
        }
    }
}

impl Archive {
    /// How a condition went for a key, from the day (UTC) of a moment up to another.
    pub(super) fn play(&self, of: &Played, limits: &Limits, (from_ms, to_ms): (i64, i64)) -> Result<Story> {
        let (key, from_ms) = (&of.key.record, Grain::Day.start_of(from_ms));
        let begins_ms = from_ms.max(key.created_ms.min(to_ms));
        let mut values = match limits.condition {
            AlertCondition::MonthlyCost => {
                self.costs(key, (from_ms, to_ms), |bill| bill.money().map(|cost| cost.0 / 1_000_000))?
            }
            AlertCondition::Budget => {
                let Some(Money(budget)) = of.budget else {
                    return Ok(Story { begins_ms, values: Vec::new() });
                };
                let spent = |bill: Bill| share(bill.money().unwrap_or_default().0.into(), budget.into());
                self.costs(key, (from_ms, to_ms), spent)?
            }
            AlertCondition::NewEndpoint => self.endpoints(key, (from_ms, to_ms))?,
            AlertCondition::OddHour => self.hours(key, (from_ms, to_ms))?,
            AlertCondition::Anomaly => anomalies::replay(&self.usage, key.id, &of.zone, (from_ms, to_ms))?,
            _ => {
                let past = Past::read(&self.usage, key, limits, (from_ms, to_ms), self.now_ms)?;
                let mut values = Vec::new();
                past.walk(|at_ms, value| values.push((at_ms, value)));
                values
            }
        };
        values.retain(|(at_ms, _)| *at_ms >= begins_ms);
        Ok(Story { begins_ms, values })
    }

    /// What the month has cost by the end of each hour.
    fn costs(
        &self,
        key: &ApiKey,
        (from_ms, to_ms): (i64, i64),
        value: impl Fn(Bill) -> Option<u64>,
    ) -> Result<Vec<(i64, Option<u64>)>> {
        let first_ms = month_around(from_ms).0.as_millisecond();
        let mut hours = BTreeMap::new();
        if let Some(usage) = self.usage.of(key.id)? {
            let mut pricer = Pricer::new(&self.prices);
            budgets::read_stretches(
                &usage,
                &mut pricer,
                &key.service,
                Grain::Hour,
                (first_ms, to_ms),
                &mut hours,
            )?;
        }
        let (mut hours, mut month, mut sum) =
            (hours.into_iter().peekable(), month_around(from_ms), Bill::default());
        let mut told = |until_ms: i64| {
            while let Some((start_ms, hour)) = hours.next_if(|(start_ms, _)| *start_ms < until_ms) {
                if start_ms >= month.1.as_millisecond() {
                    (month, sum) = (month_around(start_ms), Bill::default());
                }
                sum.add(hour.bill);
            }
            if until_ms >= month.1.as_millisecond() {
                (month, sum) = (month_around(until_ms), Bill::default());
            }
            (until_ms, value(sum))
        };
        let ends = (1..).map(|number| from_ms + number * HOUR_MS).take_while(|at_ms| *at_ms < to_ms);
        Ok(ends.chain([to_ms]).map(&mut told).collect())
    }

    /// Of each day the endpoints that were new to the key then.
    fn endpoints(&self, key: &ApiKey, (from_ms, to_ms): (i64, i64)) -> Result<Vec<(i64, Option<u64>)>> {
        // The day of each name's last call; without a name that of those which were not kept apart.
        let (mut called, mut values) = (HashMap::<Option<Arc<str>>, i64>::new(), BTreeMap::new());
        for (day_ms, _) in self.usage.cells(key.id, Grain::Day, from_ms - ENDPOINTS_MS, to_ms)? {
            called.retain(|_, last_ms| *last_ms >= day_ms - ENDPOINTS_MS);
            let today = self.usage.endpoints(key.id, Grain::Day, day_ms, day_ms + DAY_MS)?.totals;
            if day_ms >= from_ms && is_learnt(key, day_ms + DAY_MS) {
                let new =
                    today.iter().filter(|one| one.endpoint.is_some() && !called.contains_key(&one.endpoint));
                let known = !called.is_empty() && !called.contains_key(&None);
                values.entry(day_ms + DAY_MS).or_insert(None);
                values.insert(day_ms, known.then_some(new.count() as u64));
            }
            called.extend(today.into_iter().map(|one| (one.endpoint, day_ms)));
        }
        values.retain(|at_ms, _| *at_ms <= to_ms);
        Ok(values.into_iter().collect())
    }

    /// Of each hour its calls, where it is one in which there are none usually.
    fn hours(&self, key: &ApiKey, (from_ms, to_ms): (i64, i64)) -> Result<Vec<(i64, Option<u64>)>> {
        let (mut hours, mut values) = (Hours::default(), BTreeMap::new());
        for (hour_ms, cell) in self.usage.cells(key.id, Grain::Hour, from_ms - HOURS_MS, to_ms)? {
            if hour_ms >= from_ms && is_learnt(key, hour_ms) {
                values.entry(hour_ms + HOUR_MS).or_insert(None);
                values.insert(hour_ms, hours.is_odd(hour_ms).then_some(cell.requests));
            }
            hours.note(hour_ms);
        }
        values.retain(|at_ms, _| *at_ms <= to_ms);
        Ok(values.into_iter().collect())
    }
}

/// A key is used to something only after a while.
fn is_learnt(key: &ApiKey, at_ms: i64) -> bool {
    at_ms - key.created_ms >= LEARNT_MS
}
