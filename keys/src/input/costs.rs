//! Which costs to tell, and what they are told apart by.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{KeyRef, UsageQuery};

/// What costs are told apart by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CostsBy {
    /// The key.
    Key,
    /// The team that the key is in.
    Team,
    /// Each tag of the key; what has several counts for each.
    Tag,
    /// The key's service.
    Service,
    /// The calendar month (UTC).
    Month,
    /// The model that calls named.
    Model,
}

/// Which costs to tell.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct CostQuery {
    /// The span.
    #[param(ignore)]
    pub span: UsageQuery,
    /// What costs are told apart by; by key when nothing is said.
    #[param(inline)]
    pub by: Option<CostsBy>,
    /// Only this key, `_id` or `keyId`; all that the caller may see when none.
    #[param(value_type = Option<String>, inline)]
    pub key: Option<KeyRef>,
}
