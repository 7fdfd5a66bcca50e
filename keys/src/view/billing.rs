//! What doors show of a plan and what is used of it, and of what calls cost at their providers. Nothing is paid here.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Plan;

use super::{BudgetView, CostLine, PlanLimits};
use crate::prices::Money;

/// A person's plan, what is used of it, and where the month is going.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct BillingView {
    /// The plan.
    pub plan: Plan,
    /// What it allows.
    pub limits: PlanLimits,
    /// What is used of it.
    pub usage: PlanUsage,
    /// The month (UTC) that is counted.
    pub period: BillingPeriod,
    /// Where the month is going at the pace of its days so far.
    pub forecast: UsageForecast,
    /// What would change with each other plan.
    pub plans: Vec<PlanChange>,
    /// What the month's calls with these keys cost at their providers, by the price book.
    pub costs: BillingCosts,
}

/// What a month's calls cost at their providers.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BillingCosts {
    /// The currency, ISO 4217.
    pub currency: String,
    /// The day on which the list prices in the program were taken; none when they are not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_prices_of: Option<String>,
    /// All of it so far, as far as prices are known.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// Where the month is going at the pace of its days so far.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Money>,
    /// The dearest keys.
    pub keys: Vec<CostLine>,
    /// The dearest models.
    pub models: Vec<CostLine>,
    /// Where the budgets stand of all places whose budgets the person may set: those that have come furthest first.
    pub budgets: Vec<BudgetView>,
}

/// What is used of a plan.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanUsage {
    /// API keys in the spaces that the person owns.
    pub api_keys: u64,
    /// Calls reported with them this month.
    pub monthly_requests: u64,
    /// More than the plan allows; reports are counted all the same.
    pub exceeded: bool,
}

/// A month.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
pub struct BillingPeriod {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

/// Where a month is going.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageForecast {
    /// Calls at the month's end.
    pub monthly_requests: u64,
    /// That is more than the plan allows.
    pub exceeds: bool,
    /// When the plan's requests are used up; none when that is not this month, or was already.
    pub limit_reached_at: Option<Timestamp>,
}

/// Another plan, seen from the one there is.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanChange {
    /// The other plan.
    pub plan: Plan,
    /// What it allows.
    pub limits: PlanLimits,
    /// What it allows more, or less.
    pub difference: PlanDifference,
    /// The keys there are would be within it.
    pub fits_keys: bool,
    /// The forecast would be within it.
    pub fits_forecast: bool,
}

/// What a plan allows more than another; less is negative.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDifference {
    /// API keys.
    pub api_keys: i64,
    /// Reported calls a month.
    pub monthly_requests: i64,
}
