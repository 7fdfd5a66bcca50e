//! What a person sees first: which keys want something done, and the calls of all keys as they come. It reads memory
//! alone, whatever the number of keys.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use keyward_store::model::{Alert, ApiKey, Id, Status};
use keyward_store::usage::Totals;

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::Hygiene;
use crate::policy::Permission;
use crate::prices::{Money, Pricer};
use crate::rotation::Way;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::alerts::state_of;
use crate::service::budgets;
use crate::service::mirror::Tables;
use crate::service::rotation;
use crate::service::usage::month_limit;
use crate::view::{
    AlertState, Attention, AttentionKey, AttentionKind, BudgetOwner, BudgetView, HomeView, InstanceCare,
    RotationState,
};

const DAY_MS: i64 = 24 * 3_600_000;

/// How far ahead a rotation or an expiry is told of, ms.
const SOON_MS: i64 = 7 * DAY_MS;

/// Percent of a month's limit or budget from which on a key is near it.
const NEAR_PERCENT: u128 = 80;

/// Keys of each kind that are named.
const NAMED: usize = 3;

/// How far back calls are told second by second, ms.
const RECENT_MS: i64 = 120_000;

/// The keys of one kind: how many, and the most pressing of them with their rank, the lowest first.
#[derive(Default)]
struct Tally {
    count: u64,
    first: Vec<(i64, Id)>,
}

impl Tally {
    fn add(&mut self, rank: i64, id: Id) {
        self.count += 1;
        let at = self.first.partition_point(|one| *one < (rank, id));
        if at < NAMED {
            self.first.insert(at, (rank, id));
            self.first.truncate(NAMED);
        }
    }
}

/// What is looked at of one key.
struct Seen<'a> {
    key: &'a ApiKey,
    totals: &'a Totals,
    firing: Option<&'a Alert>,
    /// What its month cost, and what it may cost.
    budget: Option<(Money, Money)>,
}

impl Service {
    /// What the caller's keys want, and how busy they are.
    pub async fn home(&self, caller: &Caller) -> Result<HomeView> {
        let account = caller.person()?;
        let (service, asking) = (self.clone(), caller.clone());
        // Among very many keys that takes a while, and so is done beside the runtime.
        let looking = tokio::task::spawn_blocking(move || {
            let mut home = service.look(&asking, account);
            home.team_budgets = service.pressing_budgets(&asking, account)?;
            Ok::<_, Error>(home)
        });
        let mut home = looking.await.map_err(|error| Error::Internal(Box::new(error)))??;
        let operates =
            authorise(&self.mirror().read(), caller, Permission::MetricsRead, Target::Instance, None).is_ok();
        if operates {
            let health = self.health().await;
            home.instance = Some(InstanceCare { store: health.store, room: health.room });
        }
        Ok(home)
    }

    fn look(&self, caller: &Caller, account: Id) -> HomeView {
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        let ids: Vec<Id> = seen_by(&tables, caller, account)
            .filter_map(|space| tables.keys.space(space))
            .flat_map(|space| space.newest())
            .map(|(_, id)| id)
            .collect();
        let totals = self.0.usage.totals_many(&ids, now_ms);
        let firing = firing(&tables, now_ms);
        let mut tallies: [Tally; AttentionKind::ALL.len()] = Default::default();
        let (mut requests, mut errors) = ([0u32; 120], [0u32; 120]);
        let mut pricer = Pricer::new(&self.0.settings.prices);
        let mut budgets = HashMap::new();
        for (id, totals) in ids.iter().zip(&totals) {
            let Some(row) = tables.keys.get(*id) else { continue };
            // Without prices that can be read there is nothing to hold against a budget.
            let budget = budgets::of(&tables, *id).and_then(|budget| {
                let cost = self.month_bill(&mut pricer, row, now_ms).ok()?.money().unwrap_or_default();
                budgets.insert(*id, (cost, budget));
                Some((cost, budget))
            });
            for (at, kind) in AttentionKind::ALL.into_iter().enumerate() {
                let seen = Seen { key: &row.record, totals, firing: firing.get(id).copied(), budget };
                let rank = self.rank(&tables, kind, &seen, now_ms);
                if let Some(rank) = rank {
                    tallies[at].add(rank, *id);
                }
            }
            if totals.last_used_ms.is_some_and(|at| at >= now_ms - RECENT_MS) {
                let live = self.0.usage.live(*id, now_ms);
                for (sum, one) in requests.iter_mut().zip(live.requests) {
                    *sum = sum.saturating_add(one);
                }
                for (sum, one) in errors.iter_mut().zip(live.errors) {
                    *sum = sum.saturating_add(one);
                }
            }
        }
        let named = |(_, id): (i64, Id)| {
            let key = Arc::clone(tables.keys.get(id)?);
            let key = &key.record;
            Some(AttentionKey {
                id,
                name: key.name.clone(),
                environment: key.environment,
                month: month_limit(key, self.0.usage.totals(id, now_ms).month_used, now_ms),
                budget: budgets.get(&id).copied(),
                next_rotation: key.next_rotation_ms.map(timestamp),
                expires_at: key.expires_ms.map(timestamp),
                alert: firing
                    .get(&id)
                    .map(|alert| (alert.id, alert.message.clone(), timestamp(alert.first_ms))),
            })
        };
        let attention = AttentionKind::ALL.into_iter().zip(tallies).filter(|(_, tally)| tally.count > 0);
        HomeView {
            keys: ids.len() as u64,
            currency: self.0.settings.prices.currency.clone(),
            attention: attention
                .map(|(kind, tally)| Attention {
                    kind,
                    count: tally.count,
                    first: tally.first.into_iter().filter_map(named).collect(),
                })
                .collect(),
            team_budgets: Vec::new(),
            ends_at: now_ms.div_euclid(1_000),
            requests: requests.to_vec(),
            errors: errors.to_vec(),
            instance: None,
        }
    }
}

impl Service {
    /// The budgets of teams and tags that are near or over.
    fn pressing_budgets(&self, caller: &Caller, account: Id) -> Result<Vec<BudgetView>> {
        let spaces: HashSet<Id> = seen_by(&self.mirror().read(), caller, account).collect();
        // A key's is told with the key.
        let meant = |owner, _, space: Id| owner != BudgetOwner::Key && spaces.contains(&space);
        let mut budgets = self.budgets_of(meant, self.now_ms())?;
        let near = |one: &BudgetView| {
            u128::from(one.cost.0) * 100 >= u128::from(one.monthly_budget.0) * NEAR_PERCENT
        };
        budgets.retain(near);
        Ok(budgets)
    }

    /// Whether a key wants this, and how much: the lowest is the most pressing.
    fn rank(&self, tables: &Tables, kind: AttentionKind, seen: &Seen<'_>, now_ms: i64) -> Option<i64> {
        let Seen { key, totals, firing, budget } = *seen;
        let share =
            key.monthly_limit.map(|limit| u128::from(totals.month_used) * 100 / u128::from(limit.max(1)));
        let over = key.monthly_limit.is_some_and(|limit| totals.month_used > limit);
        let spent = budget.map(|(cost, budget)| u128::from(cost.0) * 100 / u128::from(budget.0.max(1)));
        let overspent = budget.is_some_and(|(cost, budget)| cost > budget);
        let fullest = |share: u128| i64::try_from(share).map_or(i64::MIN, |share| -share);
        let within = |at_ms: Option<i64>| at_ms.filter(|at| (now_ms..now_ms + SOON_MS).contains(at));
        let out = |hygiene| self.stands_out(tables, key, hygiene, now_ms);
        let rotation = tables.rotations.state(key.id).map(|row| rotation::state_of(&row.record));
        let due = key.next_rotation_ms.unwrap_or(now_ms);
        match kind {
            AttentionKind::Firing => firing.map(|alert| -alert.first_ms),
            AttentionKind::RotationStopped => (rotation == Some(RotationState::Stopped)).then_some(due),
            AttentionKind::RotationWaiting => (rotation == Some(RotationState::Waiting)).then_some(due),
            // One that waits or has stopped is told as that.
            AttentionKind::RotationOverdue
                if matches!(rotation, Some(RotationState::Stopped | RotationState::Waiting)) =>
            {
                None
            }
            AttentionKind::RotateNow => out(Hygiene::RotateNow).then_some(key.updated_ms),
            AttentionKind::OverLimit => share.filter(|_| over).map(fullest),
            AttentionKind::RotationOverdue => key.next_rotation_ms.filter(|_| out(Hygiene::Overdue)),
            AttentionKind::NearLimit => share.filter(|share| !over && *share >= NEAR_PERCENT).map(fullest),
            AttentionKind::OverBudget => spent.filter(|_| overspent).map(fullest),
            AttentionKind::NearBudget => {
                spent.filter(|spent| !overspent && *spent >= NEAR_PERCENT).map(fullest)
            }
            AttentionKind::Expiring => within(key.expires_ms),
            AttentionKind::Frozen => key.frozen_ms,
            // One that needs nobody is among those to come, and no more.
            AttentionKind::RotationSoon => within(key.next_rotation_ms).filter(|_| {
                tables.rotations.plan(key.id).is_none_or(|plan| Way::of(&plan.record.method) == Way::Person)
            }),
            // What is switched off need not be called.
            AttentionKind::Idle => (key.status == Status::Active && out(Hygiene::Idle))
                .then(|| totals.last_used_ms.unwrap_or(key.created_ms)),
        }
    }
}

/// The spaces whose keys and usage the caller may see.
fn seen_by(tables: &Tables, caller: &Caller, account: Id) -> impl Iterator<Item = Id> {
    let spaces = tables.memberships(account).iter().map(|member| member.record.space);
    spaces.filter(move |space| {
        let may = |permission| may(tables, caller.identity, permission, Target::Space(*space));
        may(Permission::KeyRead) && may(Permission::UsageRead)
    })
}

/// The newest alert of each key that is firing.
fn firing(tables: &Tables, now_ms: i64) -> HashMap<Id, &Alert> {
    let mut firing: HashMap<Id, &Alert> = HashMap::new();
    for row in tables.alerts.holding().filter(|row| state_of(&row.record, now_ms) == AlertState::Firing) {
        let newest = firing.entry(row.record.api_key).or_insert(&row.record);
        if newest.first_ms < row.record.first_ms {
            *newest = &row.record;
        }
    }
    firing
}
