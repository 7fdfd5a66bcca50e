//! Plans: what each allows, as the operator has it. It must not know who is on which.

use keyward_store::model::Plan;

use crate::view::{PlanLimits, Subscription};

/// What the plans allow.
#[derive(Clone, Copy, Debug)]
pub struct Plans {
    /// For whoever joins.
    pub free: PlanLimits,
    /// For teams.
    pub pro: PlanLimits,
    /// Without limits that matter.
    pub enterprise: PlanLimits,
}

impl Default for Plans {
    fn default() -> Self {
        let limits = |api_keys, monthly_requests| PlanLimits { api_keys, monthly_requests };
        Self {
            free: limits(5, 1_000),
            pro: limits(100, 1_000_000),
            enterprise: limits(1_000_000, 10_000_000_000),
        }
    }
}

impl Plans {
    /// Every plan, the smallest first.
    pub const ALL: [Plan; 3] = [Plan::Free, Plan::Pro, Plan::Enterprise];

    /// What a plan allows.
    pub fn limits(&self, plan: Plan) -> PlanLimits {
        match plan {
            Plan::Free => self.free,
            Plan::Pro => self.pro,
            Plan::Enterprise => self.enterprise,
        }
    }

    /// A plan and what it allows.
    pub fn subscription(&self, plan: Plan) -> Subscription {
        Subscription { plan, limits: self.limits(plan) }
    }
}
