//! Plans and what is used of them: how many keys may be made, and where the month is going. A plan never refuses a
//! report.

use keyward_store::model::{Account, Id, Member, Plan, Role};

use crate::caller::Caller;
use crate::clock::month_around;
use crate::error::{Error, Result};
use crate::plans::Plans;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::mirror::{Shared, Tables};
use crate::service::pace::Pace;
use crate::view::{
    BillingCosts, BillingPeriod, BillingView, PlanChange, PlanDifference, PlanLimits, PlanUsage,
    Subscription, UsageForecast,
};

/// With fewer keys left than this, those who make one key take turns, and those who make many always do: or two at one
/// moment would make too many. It is more than one who makes many and all who make one can make meanwhile.
const TURNS_BELOW: u64 = 4096;

impl Service {
    /// What each plan allows, the smallest first: for whoever thinks of joining, so nobody has to be known.
    pub fn plans(&self) -> [Subscription; 3] {
        Plans::ALL.map(|plan| self.0.settings.plans.subscription(plan))
    }

    /// The caller's plan, what is used of it, the forecast, and what each other plan would change.
    pub async fn billing(&self, caller: &Caller) -> Result<BillingView> {
        let account = caller.person()?;
        let (plan, keys, counted, spaces) = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
            let plan = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?.record.plan;
            // Whoever may set what a place's calls may cost sees how far they have come.
            let spaces = tables.memberships(account).iter().map(|member| member.record.space);
            let managed =
                |space: &Id| may(&tables, caller.identity, Permission::BudgetManage, Target::Space(*space));
            let spaces: Vec<Id> = spaces.filter(managed).collect();
            (plan, owned_keys(&tables, account), owned_key_ids(&tables, account), spaces)
        };
        let now_ms = self.now_ms();
        let totals = self.0.usage.totals_many(&counted, now_ms);
        let used = totals.iter().map(|totals| totals.month_used).sum();
        let busy = counted.iter().zip(&totals).filter(|(_, totals)| totals.month_used > 0);
        let busy = busy.map(|(id, _)| *id).collect();
        let costs = self.month_costs(busy, spaces, now_ms).await?;
        Ok(billing(&self.0.settings.plans, plan, keys, used, costs, now_ms))
    }

    /// A turn to make so many keys in a space, where one is needed; hold it until they are made.
    pub(crate) async fn turn_to_add(
        &self,
        space: Id,
        more: usize,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let (left, _) = room(&self.mirror().read(), &self.0.settings.plans, space);
        if more > 1 || left < TURNS_BELOW { Some(self.0.adding.lock().await) } else { None }
    }
}

/// Whether the plan of an owner of this space has room for so many keys more.
pub(crate) fn check_room(tables: &Tables, plans: &Plans, space: Id, more: usize) -> Result<()> {
    let (left, allowed) = room(tables, plans, space);
    if more as u64 > left { Err(Error::PlanLimit { allowed }) } else { Ok(()) }
}

/// The same for a key that comes from another space: what an owner of both has is counted already.
pub(crate) fn check_room_for_move(tables: &Tables, plans: &Plans, from: Id, to: Id) -> Result<()> {
    let owned_both = |owner: &Shared<Member>| owned(tables, owner.record.account).any(|space| space == from);
    let mut owners = tables.members_of(to).filter(|member| member.record.role == Role::Owner);
    if owners.any(owned_both) { Ok(()) } else { check_room(tables, plans, to, 1) }
}

/// Of the owner with the most room: how many keys are left, and how many are allowed.
fn room(tables: &Tables, plans: &Plans, space: Id) -> (u64, u64) {
    let owners = tables.members_of(space).filter(|member| member.record.role == Role::Owner);
    let owners = owners.filter_map(|member| tables.accounts.get(&member.record.account));
    let of = |account: &Account| {
        let allowed = plans.limits(account.plan).api_keys;
        (allowed.saturating_sub(owned_keys(tables, account.id)), allowed)
    };
    owners.map(|account| of(&account.record)).max().unwrap_or((0, 0))
}

/// The spaces that an account owns.
fn owned(tables: &Tables, account: Id) -> impl Iterator<Item = Id> {
    let own = tables.memberships(account).iter().filter(|member| member.record.role == Role::Owner);
    own.map(|member| member.record.space)
}

fn owned_keys(tables: &Tables, account: Id) -> u64 {
    owned(tables, account).filter_map(|space| tables.keys.space(space)).map(|space| space.len() as u64).sum()
}

/// Those in the bin too: their calls of this month were made.
fn owned_key_ids(tables: &Tables, account: Id) -> Vec<Id> {
    let spaces: Vec<Id> = owned(tables, account).collect();
    let binned =
        tables.keys.binned().filter(|key| spaces.contains(&key.record.space)).map(|key| key.record.id);
    let kept = spaces.iter().filter_map(|space| tables.keys.space(*space)).flat_map(|space| space.newest());
    kept.map(|(_, id)| id).chain(binned).collect()
}

fn billing(plans: &Plans, plan: Plan, keys: u64, used: u64, costs: BillingCosts, now_ms: i64) -> BillingView {
    let limits = plans.limits(plan);
    let (start, end) = month_around(now_ms);
    let forecast = forecast(&limits, used, now_ms);
    let others = Plans::ALL.into_iter().filter(|other| *other != plan).map(|other| {
        let theirs = plans.limits(other);
        let more =
            |theirs: u64, ours: u64| theirs.saturating_sub(ours) as i64 - ours.saturating_sub(theirs) as i64;
        PlanChange {
            plan: other,
            limits: theirs,
            difference: PlanDifference {
                api_keys: more(theirs.api_keys, limits.api_keys),
                monthly_requests: more(theirs.monthly_requests, limits.monthly_requests),
            },
            fits_keys: keys <= theirs.api_keys,
            fits_forecast: forecast.monthly_requests <= theirs.monthly_requests,
        }
    });
    BillingView {
        plan,
        limits,
        usage: PlanUsage {
            api_keys: keys,
            monthly_requests: used,
            exceeded: keys > limits.api_keys || used > limits.monthly_requests,
        },
        period: BillingPeriod { start, end },
        forecast,
        plans: others.collect(),
        costs,
    }
}

/// A straight line from the month's first moment through now.
fn forecast(limits: &PlanLimits, used: u64, now_ms: i64) -> UsageForecast {
    let pace = Pace::of(used, now_ms);
    UsageForecast {
        monthly_requests: pace.at_end(),
        exceeds: pace.at_end() > limits.monthly_requests,
        limit_reached_at: pace.reaches(limits.monthly_requests),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::timestamp;

    fn at(day: i64) -> i64 {
        // 2026-03-01T00:00:00Z, a month of 31 days.
        1_772_323_200_000 + day * 24 * 3_600_000
    }

    #[test]
    fn a_month_goes_on_at_its_pace() {
        let limits = PlanLimits { api_keys: 5, monthly_requests: 1_000 };
        let tenth = forecast(&limits, 200, at(10));
        assert_eq!((tenth.monthly_requests, tenth.exceeds, tenth.limit_reached_at), (620, false, None));
        let faster = forecast(&limits, 500, at(10));
        assert_eq!((faster.monthly_requests, faster.exceeds), (1_550, true));
        assert_eq!(faster.limit_reached_at, Some(timestamp(at(20))));
        let over = forecast(&limits, 1_001, at(10));
        assert_eq!((over.exceeds, over.limit_reached_at), (true, None), "it was reached before");
        assert_eq!(forecast(&limits, 0, at(0)).monthly_requests, 0);
        assert_eq!(forecast(&limits, 1, at(0) + 1).monthly_requests, 744, "an hour's pace at least");
        assert_eq!(forecast(&limits, 7, at(31) - 1).monthly_requests, 7);
    }

    #[test]
    fn another_plan_says_what_it_changes() {
        let limits = |api_keys, monthly_requests| PlanLimits { api_keys, monthly_requests };
        let plans =
            Plans { free: limits(5, 1_000), pro: limits(100, 50_000), enterprise: limits(200, 90_000) };
        let costs = BillingCosts {
            currency: "USD".to_owned(),
            list_prices_of: None,
            cost: None,
            forecast: None,
            keys: Vec::new(),
            models: Vec::new(),
            budgets: Vec::new(),
        };
        let shown = billing(&plans, Plan::Pro, 7, 20_000, costs, at(10));
        assert_eq!(shown.usage, PlanUsage { api_keys: 7, monthly_requests: 20_000, exceeded: false });
        let [free, enterprise] = shown.plans.as_slice() else { panic!("two others") };
        assert_eq!((free.difference.api_keys, free.difference.monthly_requests), (-95, -49_000));
        assert_eq!((free.fits_keys, free.fits_forecast), (false, false));
        assert_eq!((enterprise.difference.api_keys, enterprise.fits_forecast), (100, true));
    }
}
