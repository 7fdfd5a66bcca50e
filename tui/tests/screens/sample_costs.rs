//! What the sample keys' months cost, and may cost: so much a call.

use keyward_keys::Id;
use keyward_keys::prices::Money;
use keyward_keys::view::{
    BudgetOwner, BudgetView, CostLine, KeyView, MonthOutlook, WhatIfMonth, WhatIfOutcome, WhatIfView,
};

use super::{id, moment};

/// The month of [`NOW_MS`](super::NOW_MS), which is at its 23rd day.
const MONTH_MS: (i64, i64) = (1_793_491_200_000, 1_796_083_200_000);

const DAY_MS: i64 = 24 * 3_600_000;

/// What a month at its present pace will have come to, of what it has come to.
fn at_end(so_far: u64) -> u64 {
    so_far * 30 / 22
}

/// When a budget is spent at the present pace, where that is still to come this month.
fn reached(Money(spent): Money, Money(budget): Money) -> Option<jiff::Timestamp> {
    let this_month = spent <= budget && at_end(spent) > budget;
    this_month.then(|| moment(MONTH_MS.0 + 22 * DAY_MS * budget as i64 / spent as i64))
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
        budget_reached_at: cost(key).zip(key.monthly_budget).and_then(|(cost, budget)| reached(cost, budget)),
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

/// What the month cost by model, the dearest first.
pub(crate) fn models() -> Vec<CostLine> {
    let line = |(name, cost): (&str, u64)| CostLine {
        id: None,
        name: name.to_owned(),
        requests: cost / 40,
        tokens: cost * 20,
        cost: Some(Money(cost)),
        monthly_budget: None,
    };
    let models = [
        ("claude-opus-4-1", 48_200_000),
        ("gpt-4.1", 36_510_000),
        ("gpt-4.1-mini", 14_200_000),
        ("claude-haiku-4-5", 8_120_000),
        ("text-embedding-3-small", 660_000),
    ];
    models.map(line).to_vec()
}

/// Where the budgets stand: of two keys and two teams.
pub(crate) fn budgets(keys: &[KeyView]) -> Vec<BudgetView> {
    let view = |of, owner, name: &str, Money(spent): Money, Money(budget): Money| BudgetView {
        id: of,
        of: owner,
        name: name.to_owned(),
        team: None,
        monthly_budget: Money(budget),
        refuse_over_budget: false,
        cost: Money(spent),
        percentage: (spent * 1_000 / budget) as f64 / 10.0,
        exceeded: spent > budget,
        forecast: Money(at_end(spent)),
        reached_at: reached(Money(spent), Money(budget)),
    };
    let of_key = |key: &KeyView| {
        let (cost, budget) = (cost(key)?, key.monthly_budget?);
        Some(view(key.id, BudgetOwner::Key, &key.name, cost, budget))
    };
    let team = |n: usize, name: &str, spent: u64, budget: u64| {
        view(id(300 + n), BudgetOwner::Team, name, Money(spent * 1_000), Money(budget * 1_000))
    };
    let teams = [team(0, "Payments", 412_500, 1_200_000), team(1, "Machine learning", 930_120, 1_000_000)];
    let mut budgets: Vec<_> = keys.iter().filter_map(of_key).chain(teams).collect();
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
    WhatIfView {
        api_key_id: Some(key),
        team: None,
        tag: None,
        keys: 1,
        currency: "USD".to_owned(),
        last_month: month(start - 31 * DAY_MS, start, Some(start - 13 * DAY_MS)),
        this_month: month(start, end, None),
    }
}
