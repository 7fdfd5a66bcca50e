//! What a chart of usage is asked for: a span, how finely it is cut, whose calls, and what they are told apart by.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use keyward_store::model::{Environment, Id};

use super::{KeyRef, UsageQuery};

/// How long a stretch of time one point of a chart sums.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = UsageStep)]
pub enum Step {
    /// A minute; kept for 48 hours.
    Minute,
    /// Fifteen minutes; kept for 48 hours.
    QuarterHour,
    /// An hour; kept for 90 days.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// What calls are told apart by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Breakdown {
    /// A line for each of the busiest keys.
    Key,
    /// A line for each environment.
    Environment,
    /// A line for each team, and one for the keys of one's own.
    Team,
    /// A line for each of the models with the most tokens.
    Model,
    /// A table of the busiest endpoints.
    Endpoint,
    /// The calls of each method over time.
    Method,
    /// The calls of each of the commonest statuses over time.
    Status,
    /// The calls that were reported with each of the busiest service tokens over time.
    Token,
}

/// Which usage a chart shows, besides its span.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct SeriesQuery {
    /// The span.
    #[param(ignore)]
    pub span: UsageQuery,
    /// How finely the span is cut; by its length when none.
    #[param(inline)]
    pub step: Option<Step>,
    /// What calls are told apart by.
    #[param(inline)]
    pub by: Option<Breakdown>,
    /// Only these keys, `_id` or `keyId` with commas between, at most 8; all that the caller may see when none.
    #[param(value_type = Option<String>, inline)]
    pub keys: Vec<KeyRef>,
    /// Only keys used there.
    #[param(inline)]
    pub environment: Option<Environment>,
    /// Only keys of this team.
    #[param(inline)]
    pub team: Option<Id>,
    /// Of all keys of the instance, for operators: told apart by nothing, `environment`, `method` or `status` alone.
    #[param(value_type = Option<bool>)]
    pub instance: bool,
    /// The period before is told too, up to the same moment of it.
    #[param(value_type = Option<bool>)]
    pub compare: bool,
}
