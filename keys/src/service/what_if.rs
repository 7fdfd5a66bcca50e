//! A limit or a budget tried on the month before and on this one so far: what people would have been told, and when. Read
//! from rollups; nothing is set and nobody is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyward_store::Row;
use keyward_store::model::{ApiKey, Id};
use keyward_store::usage::{Grain, HOUR_RETENTION_MS, Usage};

use crate::caller::Caller;
use crate::clock::{month_around, timestamp};
use crate::error::{Error, Fault, Result};
use crate::input::{KeyRef, WhatIf};
use crate::policy::Permission;
use crate::prices::{Bill, Pricer, Prices};
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::personal_space;
use crate::service::budgets::{self, Stretch, read_stretches};
use crate::service::mirror::Shared;
use crate::service::pace::Pace;
use crate::service::report::percent;
use crate::service::teams::team_row;
use crate::service::text::Faults;
use crate::thresholds::Thresholds;
use crate::view::{WhatIfMonth, WhatIfOutcome, WhatIfShare, WhatIfView};

/// With more keys than this, days are looked at and not hours.
const MOST_BY_HOUR: usize = 50;

impl WhatIf {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        match (&self.api_key_id, self.team) {
            (None, None) if self.tag.is_none() => {
                faults.add("apiKeyId", "is missing: name a key, a team with team, or a tag with tag");
            }
            (Some(_), Some(_)) => faults.add("team", "is one too many: it is tried on a key or on a team"),
            (Some(_), None) | (None, _) => {}
        }
        match &self.tag {
            Some(_) if self.api_key_id.is_some() => {
                faults.add("tag", "is one too many: it is tried on a key or on a tag");
            }
            Some(tag) => drop(faults.line("tag", tag, 1, 40)),
            None => {}
        }
        if self.monthly_limit.is_none() && self.monthly_budget.is_none() {
            faults.add("monthlyBudget", "is missing: give it, or monthlyLimit, or both");
        }
        if self.monthly_limit.is_some() && (self.team.is_some() || self.tag.is_some()) {
            faults.add("monthlyLimit", "is a key's; a team or a tag has a budget alone");
        }
        budgets::check(&mut faults, self.monthly_budget);
        faults.into_vec()
    }
}

/// What was used by the end of a stretch, from the month's beginning on.
#[derive(Clone, Copy, Default)]
struct Step {
    until_ms: i64,
    requests: u64,
    bill: Bill,
}

/// A month, and what is read of it.
struct Month {
    start_ms: i64,
    end_ms: i64,
    steps: Vec<Step>,
}

impl Service {
    /// How a limit or a budget would have fared last month, and fares this month so far.
    pub async fn what_if(&self, caller: &Caller, what: &WhatIf) -> Result<WhatIfView> {
        Faults::from(what.faults()).check()?;
        let (keys, now_ms) = (self.keys_meant(caller, what)?, self.now_ms());
        let (api_key_id, number) = (keys.first().filter(|_| what.api_key_id.is_some()), keys.len() as u64);
        let api_key_id = api_key_id.map(|(id, _)| *id);
        let (usage, book) = (self.0.usage.clone(), Arc::clone(&self.0.settings.prices));
        let first_ms = month_around(now_ms).0.as_millisecond();
        let reading = move || {
            let month = |at_ms| Month::read(&usage, &book, &keys, at_ms, now_ms);
            Ok::<_, Error>((month(first_ms - 1)?, month(now_ms)?))
        };
        let (last, this) = {
            let _turn = self.0.overviews.lock().await;
            tokio::task::spawn_blocking(reading).await.map_err(|error| Error::Internal(Box::new(error)))??
        };
        let told = &self.0.settings.thresholds;
        Ok(WhatIfView {
            api_key_id,
            team: what.team,
            tag: what.tag.clone(),
            keys: number,
            currency: self.0.settings.prices.currency.clone(),
            last_month: last.shown(what, (told, now_ms)),
            this_month: this.shown(what, (told, now_ms)),
        })
    }

    /// The keys whose calls count, each with its service, which prices go by.
    fn keys_meant(&self, caller: &Caller, what: &WhatIf) -> Result<Vec<(Id, String)>> {
        let of = |row: &Row<ApiKey>| (row.record.id, row.record.service.clone());
        if let Some(key) = &what.api_key_id {
            let id = self.resolve(caller, &KeyRef::Id(key.clone()))?;
            return Ok(vec![of(&*self.key_row(caller, Permission::UsageRead, id)?)]);
        }
        let (account, tables) = (caller.person()?, self.mirror().read());
        let place = match what.team {
            Some(team) => team,
            None => personal_space(&tables, account)?,
        };
        authorise(&tables, caller, Permission::UsageRead, Target::Space(place), None)?;
        if what.team.is_some() {
            team_row(&tables, place)?;
        }
        let tagged = |row: &&Shared<ApiKey>| {
            what.tag.as_ref().is_none_or(|tag| budgets::has_tag(&row.record, tag.trim()))
        };
        Ok(budgets::keys_of(&tables, place).filter(tagged).map(|row| of(row)).collect())
    }
}

impl Month {
    /// The month around a moment, as far as it has come.
    fn read(usage: &Usage, book: &Prices, keys: &[(Id, String)], at_ms: i64, now_ms: i64) -> Result<Self> {
        let (start, end) = month_around(at_ms);
        let (start_ms, end_ms) = (start.as_millisecond(), end.as_millisecond());
        let hours = keys.len() <= MOST_BY_HOUR && start_ms > now_ms - HOUR_RETENTION_MS;
        let grain = if hours { Grain::Hour } else { Grain::Day };
        let (mut pricer, mut stretches) = (Pricer::new(book), BTreeMap::<i64, Stretch>::new());
        for (key, service) in keys {
            let Some(key) = usage.of(*key)? else { continue };
            read_stretches(&key, &mut pricer, service, grain, (start_ms, end_ms), &mut stretches)?;
        }
        let mut sum = Step::default();
        let steps = stretches.into_iter().map(|(at_ms, stretch)| {
            sum.until_ms = (at_ms + grain.length_ms()).min(now_ms);
            sum.requests = sum.requests.saturating_add(stretch.requests);
            sum.bill.add(stretch.bill);
            sum
        });
        Ok(Self { start_ms, end_ms, steps: steps.collect() })
    }

    fn shown(&self, what: &WhatIf, (told, now_ms): (&Thresholds, i64)) -> WhatIfMonth {
        let all = self.steps.last().copied().unwrap_or_default();
        let spent = |step: &Step| step.bill.money().unwrap_or_default().0;
        WhatIfMonth {
            start: timestamp(self.start_ms),
            end: timestamp(self.end_ms),
            requests: all.requests,
            cost: all.bill.money(),
            limit: what.monthly_limit.map(|limit| self.outcome(limit, |step| step.requests, (told, now_ms))),
            budget: what.monthly_budget.map(|budget| self.outcome(budget.0, spent, (told, now_ms))),
        }
    }

    fn outcome(
        &self,
        whole: u64,
        used: impl Fn(&Step) -> u64,
        (told, now_ms): (&Thresholds, i64),
    ) -> WhatIfOutcome {
        let all = self.steps.last().map_or(0, &used);
        let reached = |percent: u8| {
            let comes =
                |step: &&Step| u128::from(used(step)) * 100 >= u128::from(whole) * u128::from(percent);
            self.steps.iter().find(comes).map(|step| timestamp(step.until_ms))
        };
        let share = |percent| Some(WhatIfShare { percent, at: reached(percent)? });
        let goes_on = self.end_ms > now_ms;
        WhatIfOutcome {
            // A limit of 0 counts as 1, as for alerts.
            percentage: percent(all, whole.max(1)),
            shares: told.rising().filter_map(share).collect(),
            reached_at: reached(100),
            expected_at: Pace::of(all, now_ms).reaches(whole).filter(|_| goes_on),
        }
    }
}
