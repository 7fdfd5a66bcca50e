//! What doors hand in about teams.

use utoipa::ToSchema;

use keyward_store::model::Environment;

use crate::prices::Money;

/// A new team.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewTeam {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The environments its keys may be for; all when none are named.
    #[schema(min_items = 1)]
    pub environments: Option<Vec<Environment>>,
    /// What the calls of a month with all of its keys may cost, in the price book's currency.
    #[schema(value_type = Option<f64>, maximum = 1000000000, examples(1200))]
    pub monthly_budget: Option<Money>,
}

/// A change to a team: only what is given.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TeamPatch {
    /// A new name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The environments its keys may be for: at least one.
    #[schema(min_items = 1)]
    pub environments: Option<Vec<Environment>>,
    /// What the calls of a month with all of its keys may cost, in the price book's currency; `null` for no budget.
    #[schema(value_type = Option<f64>, maximum = 1000000000)]
    pub monthly_budget: Option<Option<Money>>,
}
