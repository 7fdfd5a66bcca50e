//! What doors show of budgets: how a month goes for one key, and where every budget of some places stands.

use std::cmp::Reverse;

use keyward_store::Row;
use keyward_store::model::{ApiKey, Id};

use crate::clock::month_around;
use crate::error::Result;
use crate::prices::{Money, Pricer};
use crate::service::Service;
use crate::service::budgets::of;
use crate::service::budgets::seen::Seen;
use crate::service::pace::Pace;
use crate::service::report::percent;
use crate::view::{BudgetOwner, BudgetView, MonthOutlook};

impl Service {
    /// A key's month so far and where it leads, against its limit and its budget.
    pub(crate) fn outlook(&self, row: &Row<ApiKey>, now_ms: i64) -> Result<MonthOutlook> {
        let (start, end) = month_around(now_ms);
        let (key, budget) = (&row.record, of(&self.mirror().read(), row.record.id));
        let requests = self.0.usage.totals(key.id, now_ms).month_used;
        let cost = self.month_bill(&mut Pricer::new(&self.0.settings.prices), row, now_ms)?.money();
        let (calls, money) = (Pace::of(requests, now_ms), Pace::of(cost.unwrap_or_default().0, now_ms));
        Ok(MonthOutlook {
            start,
            end,
            requests,
            forecast_requests: calls.at_end(),
            monthly_limit: key.monthly_limit,
            limit_reached_at: key.monthly_limit.and_then(|limit| calls.reaches(limit)),
            cost,
            forecast_cost: cost.map(|_| Money(money.at_end())),
            monthly_budget: budget,
            budget_reached_at: budget.and_then(|budget| money.reaches(budget.0)),
        })
    }

    /// Where the budgets that are meant stand this month: those that have come furthest first.
    pub(crate) fn budgets_of(
        &self,
        meant: impl Fn(BudgetOwner, Id, Id) -> bool,
        now_ms: i64,
    ) -> Result<Vec<BudgetView>> {
        let seen: Vec<Seen> = {
            let tables = self.mirror().read();
            Seen::all(&tables, meant)
        };
        let mut pricer = Pricer::new(&self.0.settings.prices);
        let mut budgets = Vec::with_capacity(seen.len());
        for seen in seen {
            let (Money(spent), budget) = (self.spent(&mut pricer, &seen, now_ms)?, &seen.budget.record);
            let pace = Pace::of(spent, now_ms);
            budgets.push(BudgetView {
                id: budget.of,
                of: seen.owner,
                name: seen.name,
                team: seen.team,
                monthly_budget: Money(budget.micros),
                refuse_over_budget: budget.refuse,
                cost: Money(spent),
                percentage: percent(spent, budget.micros),
                exceeded: spent > budget.micros,
                forecast: Money(pace.at_end()),
                reached_at: pace.reaches(budget.micros),
            });
        }
        budgets.sort_by_cached_key(|one| {
            let share = u128::from(one.cost.0) * 1_000_000 / u128::from(one.monthly_budget.0.max(1));
            (Reverse(share), one.name.clone(), one.id)
        });
        Ok(budgets)
    }
}
