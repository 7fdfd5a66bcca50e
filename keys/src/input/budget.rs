//! What keys with a tag may cost.

use utoipa::ToSchema;

use keyward_store::model::Id;

use crate::prices::Money;

/// A budget of all keys of one place that have a tag.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewBudget {
    /// The tag, in any case of its letters.
    #[schema(min_length = 1, max_length = 40, examples("batch"))]
    pub tag: String,
    /// The team whose keys are meant; the caller's own when none.
    pub team: Option<Id>,
    /// What a month may cost, in the price book's currency. In place of what was set before.
    #[schema(value_type = f64, maximum = 1000000000, examples(49.9))]
    pub monthly_budget: Option<Money>,
}
