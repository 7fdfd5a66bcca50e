//! What a report of usage is asked for, besides its span.

use utoipa::IntoParams;

use keyward_store::model::{Environment, Id};

use super::{SeriesQuery, Step, UsageQuery};

/// What a report of one key tells.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ReportQuery {
    /// The span.
    #[param(ignore)]
    pub span: UsageQuery,
    /// The same calls cut this finely as well (`points`), in the report's time zone.
    #[param(inline)]
    pub step: Option<Step>,
    /// The totals of the period before as well (`previous`), up to the same moment of it.
    #[param(value_type = Option<bool>)]
    pub compare: bool,
}

/// What a report of many keys tells, and of which.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct OverviewQuery {
    /// The report.
    #[param(ignore)]
    pub report: ReportQuery,
    /// Only keys used there.
    #[param(inline)]
    pub environment: Option<Environment>,
    /// Only keys of this team.
    #[param(inline)]
    pub team: Option<Id>,
    /// Of all keys of the instance, for operators: sums alone, without anybody's names.
    #[param(value_type = Option<bool>)]
    pub instance: bool,
}

impl From<UsageQuery> for ReportQuery {
    fn from(span: UsageQuery) -> Self {
        Self { span, ..Self::default() }
    }
}

impl From<UsageQuery> for OverviewQuery {
    fn from(span: UsageQuery) -> Self {
        Self { report: span.into(), ..Self::default() }
    }
}

impl OverviewQuery {
    /// The same calls, to be cut by the report's step.
    pub(crate) fn series(&self) -> SeriesQuery {
        SeriesQuery {
            span: self.report.span.clone(),
            step: self.report.step,
            environment: self.environment,
            team: self.team,
            instance: self.instance,
            ..SeriesQuery::default()
        }
    }
}
