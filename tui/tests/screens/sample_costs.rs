//! What the sample keys' months cost, and may cost: so much a call.

use keyward_keys::Id;
use keyward_keys::prices::Money;
use keyward_keys::view::{
    BudgetOwner, BudgetView, CostLine, KeyView, MonthOutlook, WhatIfMonth, WhatIfOutcome, WhatIfView,
};

use super::{id, moment};

/// The month of [`NOW_MS`](super::NOW_MS), which is at its 23rd day.
const MONTH_MS: (i64, i64) = (1_793_491_200_000, 1_796_083_200_000);

/// What a month at its present pace will have come to, of what it has come to.
fn at_end(so_far: u64) -> u64 {
    so_far * 30 / 22
}

/// A key's month so far, and where it leads.
pub(crate) fn outlook(key: &KeyView) -> MonthOutlook {
    let used = key.current_month_usage;
    MonthOutlook {
        start: moment(MONTH_MS.0),
        end: moment(MONTH_MS.1),
        requests: used,
        forecast_requests: at_end(used),
        monthly_limit: key.monthly_limit,
        limit_reached_at: None,
        cost: cost(key),
        forecast_cost: cost(key).map(|cost| Money(at_end(cost.0))),
        monthly_budget: key.monthly_budget,
        budget_reached_at: None,
    }
}

/// What a month of a key may cost.
pub(crate) fn budget(name: &str) -> Option<Money> {
    match name {
        "openai-chat" => Some(Money(60_000_000)),
        "anthropic-agents" => Some(Money(50_000_000)),
        _ => None,
    }
}

/// What its calls of the month cost.
fn cost(key: &KeyView) -> Option<Money> {
    let each = match key.service.as_str() {
        "openai" => 30,
        "anthropic" => 110,
        _ => return None,
    };
    Some(Money(key.current_month_usage * each))
}

/// What the month cost by key, the dearest first.
pub(crate) fn lines(keys: &[KeyView]) -> Vec<CostLine> {
    let line = |key: &KeyView| CostLine {
        id: Some(key.id),
        name: key.name.clone(),
        requests: key.current_month_usage,
        tokens: key.current_month_usage * 900,
        cost: cost(key),
        monthly_budget: key.monthly_budget,
    };
    let mut lines: Vec<_> = keys.iter().map(line).filter(|line| line.cost.is_some()).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.cost));
    lines
}

/// Where the budgets stand: of two keys and a team.
pub(crate) fn budgets(keys: &[KeyView]) -> Vec<BudgetView> {
    let view = |of, owner, name: &str, Money(spent): Money, Money(budget): Money| BudgetView {
        id: of,
        of: owner,
        name: name.to_owned(),
        monthly_budget: Money(budget),
        refuse_over_budget: false,
        cost: Money(spent),
        percentage: (spent * 1_000 / budget) as f64 / 10.0,
        exceeded: spent > budget,
        forecast: Money(at_end(spent)),
        reached_at: None,
    };
    let of_key = |key: &KeyView| {
        let (cost, budget) = (cost(key)?, key.monthly_budget?);
        Some(view(key.id, BudgetOwner::Key, &key.name, cost, budget))
    };
    let team = view(id(300), BudgetOwner::Team, "Payments", Money(412_500_000), Money(1_200_000_000));
    let mut budgets: Vec<_> = keys.iter().filter_map(of_key).chain([team]).collect();
    budgets.sort_by(|a, b| b.percentage.total_cmp(&a.percentage));
    budgets
}

/// How any limit and budget would have fared.
pub(crate) fn tried(key: Id) -> WhatIfView {
    let month = |start: i64, end: i64, reached: Option<i64>| {
        let outcome = WhatIfOutcome {
            percentage: if reached.is_some() { 131.0 } else { 64.0 },
            shares: Vec::new(),
            reached_at: reached.map(moment),
            expected_at: None,
        };
        let (limit, budget) = (Some(outcome.clone()), Some(outcome));
        WhatIfMonth { start: moment(start), end: moment(end), requests: 1_000, cost: None, limit, budget }
    };
    let (start, end) = MONTH_MS;
    let day = 24 * 3_600_000;
    WhatIfView {
        api_key_id: Some(key),
        team: None,
        keys: 1,
        currency: "USD".to_owned(),
        last_month: month(start - 31 * day, start, Some(start - 13 * day)),
        this_month: month(start, end, None),
    }
}
