//! A limit or a budget that is tried on the past before it is set.

use utoipa::ToSchema;

use keyward_store::model::Id;

use crate::prices::Money;

/// What to try, and on what: on one key, on all keys of a team, or on those with a tag.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct WhatIf {
    /// The key, `_id` or `keyId`.
    pub api_key_id: Option<String>,
    /// Or the team.
    pub team: Option<Id>,
    /// Or only those of its keys that have this tag; the caller's own without a team.
    #[schema(max_length = 40)]
    pub tag: Option<String>,
    /// Calls a month; of a key alone.
    pub monthly_limit: Option<u64>,
    /// What a month may cost, in the price book's currency.
    #[schema(value_type = Option<f64>, maximum = 1000000000, examples(49.9))]
    pub monthly_budget: Option<Money>,
}
