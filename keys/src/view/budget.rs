//! What doors show of a month: how far it has come, where it leads, and what it may cost. Amounts are in the currency of
//! the price book; the month is the calendar month (UTC) that limits are counted by.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

use crate::prices::Money;

/// A key's month so far, and where it leads at the pace of its days so far.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthOutlook {
    /// The month's first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// Calls so far.
    pub requests: u64,
    /// Calls at the month's end.
    pub forecast_requests: u64,
    /// Calls it should not exceed.
    pub monthly_limit: Option<u64>,
    /// When the limit is used up; none when that is not this month, or was already.
    pub limit_reached_at: Option<Timestamp>,
    /// What the calls cost, as far as prices are known.
    #[schema(value_type = Option<f64>)]
    pub cost: Option<Money>,
    /// What they will have cost at the month's end.
    #[schema(value_type = Option<f64>)]
    pub forecast_cost: Option<Money>,
    /// What the month may cost.
    #[schema(value_type = Option<f64>)]
    pub monthly_budget: Option<Money>,
    /// When the budget is spent; none when that is not this month, or was already.
    pub budget_reached_at: Option<Timestamp>,
}

/// What a budget is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetOwner {
    /// A key.
    Key,
    /// A team: all of its keys together.
    Team,
    /// A tag: all keys of one place that have it, together.
    Tag,
}

/// Where the budgets of a person's places stand this month.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct BudgetList {
    /// The currency, ISO 4217.
    pub currency: String,
    /// Those that have come furthest first.
    pub budgets: Vec<BudgetView>,
}

/// Where a budget stands this month.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BudgetView {
    /// The key or team; the budget itself when it is of a tag.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Which of them it is.
    pub of: BudgetOwner,
    /// Its name; the tag.
    pub name: String,
    /// The team that it is, or that the key or the keys with the tag are in; none for one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// What a month may cost.
    #[schema(value_type = f64)]
    pub monthly_budget: Money,
    /// The key is not fetched once its month has cost more.
    pub refuse_over_budget: bool,
    /// What this month cost so far.
    #[schema(value_type = f64)]
    pub cost: Money,
    /// Percent of the budget, one decimal.
    pub percentage: f64,
    /// It has cost more than the budget.
    pub exceeded: bool,
    /// What the month will cost at the pace of its days so far.
    #[schema(value_type = f64)]
    pub forecast: Money,
    /// When the budget is spent; none when that is not this month, or was already.
    pub reached_at: Option<Timestamp>,
}
