//! What doors show of a limit or a budget that is tried on the past before it is set.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

use crate::prices::Money;

/// What would have been, and what this month is on the way to.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfView {
    /// The key it was tried on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// The team it was tried on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// The tag it was tried on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Keys whose calls count.
    pub keys: u64,
    /// The currency of all amounts.
    pub currency: String,
    /// The month (UTC) before this one.
    pub last_month: WhatIfMonth,
    /// This month so far.
    pub this_month: WhatIfMonth,
}

/// One month under it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfMonth {
    /// The month's first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
    /// Calls.
    pub requests: u64,
    /// What they cost, as far as prices are known.
    #[schema(value_type = Option<f64>)]
    pub cost: Option<Money>,
    /// How the limit would have fared, when one was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<WhatIfOutcome>,
    /// How the budget would have fared, when one was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<WhatIfOutcome>,
}

/// How a limit or a budget would have fared in a month.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfOutcome {
    /// Percent of it that the month came to, one decimal.
    pub percentage: f64,
    /// The shares of it that people are told of, as far as they were reached: by the end of the hour, or of the day (UTC)
    /// where hours are kept no more or many keys count.
    pub shares: Vec<WhatIfShare>,
    /// When all of it was used up; none when it was not.
    pub reached_at: Option<Timestamp>,
    /// When all of it will be used up, of a month that goes on, at its pace.
    pub expected_at: Option<Timestamp>,
}

/// A share of it, and when it was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct WhatIfShare {
    /// Percent.
    pub percent: u8,
    /// When.
    pub at: Timestamp,
}
