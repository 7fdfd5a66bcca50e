//! What doors hand in about teams.

use utoipa::ToSchema;

use keyward_store::model::Environment;

/// A new team.
#[derive(Clone, Debug, ToSchema)]
pub struct NewTeam {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The environments its keys may be for; all when none are named.
    #[schema(min_items = 1)]
    pub environments: Option<Vec<Environment>>,
}

/// A change to a team: only what is given.
#[derive(Clone, Debug, Default, ToSchema)]
pub struct TeamPatch {
    /// A new name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// The environments its keys may be for: at least one.
    #[schema(min_items = 1)]
    pub environments: Option<Vec<Environment>>,
}
