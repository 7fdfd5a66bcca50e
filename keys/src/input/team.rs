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
    /// The IANA time zone of its people: of its keys' `rotation.cron` and of its hours; that of whoever made a key where
    /// it has none.
    #[schema(examples("Europe/Zurich"))]
    pub time_zone: Option<String>,
    /// When no rotation of its keys begins by itself, such as `08:00-18:00`, but for keys with quiet hours of their own.
    #[schema(examples("08:00-18:00"))]
    pub quiet_hours: Option<String>,
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
    /// The IANA time zone of its people; `null` for none. Its keys are due by it from now on.
    #[schema(value_type = Option<String>, examples("Europe/Zurich"))]
    pub time_zone: Option<Option<String>>,
    /// When no rotation of its keys begins by itself; `null` for none.
    #[schema(value_type = Option<String>, examples("08:00-18:00"))]
    pub quiet_hours: Option<Option<String>>,
}
