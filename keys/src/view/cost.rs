//! What doors show of tokens and money. Amounts are in the currency of the price book.

use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

use super::BudgetView;
use crate::prices::Money;

/// One model's share of a span.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelShare {
    /// The model, as calls named it; `other` for all beyond those that are kept apart.
    pub model: String,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above.
    pub errors: u64,
    /// Tokens sent, without those that came from a cache.
    pub input_tokens: u64,
    /// Tokens answered.
    pub output_tokens: u64,
    /// Tokens sent that came from a cache.
    pub cached_tokens: u64,
    /// Tokens of all kinds.
    pub tokens: u64,
    /// Percent of all tokens, one decimal.
    pub percentage: f64,
    /// What it cost; none when its price is not known and calls did not tell.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

/// What calls of a span cost, told apart.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostReport {
    /// `day`, `week`, `month`, `year` or `custom`.
    pub timeframe: String,
    /// The currency, ISO 4217.
    pub currency: String,
    /// Calls.
    pub requests: u64,
    /// Tokens.
    pub tokens: u64,
    /// What they cost together, as far as prices are known.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// The dearest first; months by time.
    pub lines: Vec<CostLine>,
    /// Where the budgets of these keys and their teams stand this month, whatever the span: those that have come furthest
    /// first.
    pub budgets: Vec<BudgetView>,
}

/// One part of what calls cost.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CostLine {
    /// The key or team that it is of.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The key, team, tag, month or model.
    pub name: String,
    /// Calls.
    pub requests: u64,
    /// Tokens.
    pub tokens: u64,
    /// What they cost; none when no price is known.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
    /// What a month of this key, team or tag may cost; of a tag whose calls here are of several places, `budgets` alone tells.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_budget: Option<Money>,
}
