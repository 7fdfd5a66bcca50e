//! What the sample keys' months cost, and may cost: so much a call.

use keyward_keys::view::{KeyView, MonthOutlook};

use super::moment;

/// The month of [`NOW_MS`](super::NOW_MS), which is at its 23rd day.
const MONTH_MS: (i64, i64) = (1_793_491_200_000, 1_796_083_200_000);

/// What a month at its present pace will have come to, of what it has come to.
fn at_end(so_far: u64) -> u64 {
    so_far * 30 / 22
}

/// A key's month so far, and where it leads.
pub(crate) fn outlook(key: &KeyView) -> MonthOutlook {
    let used = key.current_month_usage;
    MonthOutlook {
        start: moment(MONTH_MS.0),
        end: moment(MONTH_MS.1),
        requests: used,
        forecast_requests: at_end(used),
        monthly_limit: key.monthly_limit,
        limit_reached_at: None,
        cost: None,
        forecast_cost: None,
        monthly_budget: key.monthly_budget,
        budget_reached_at: None,
    }
}
