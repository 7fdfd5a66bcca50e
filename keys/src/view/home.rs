//! What doors show first: what wants attention now, and how busy the keys are.

use jiff::Timestamp;

use keyward_store::model::{Environment, Id};

use crate::prices::Money;
use crate::service::StoreHealth;
use crate::view::{BudgetView, MonthLimit};

/// What a person sees first.
#[derive(Clone, PartialEq, Debug)]
pub struct HomeView {
    /// Keys the person may see.
    pub keys: u64,
    /// The currency of all amounts.
    pub currency: String,
    /// What wants attention, the most pressing first; nothing that no key wants.
    pub attention: Vec<Attention>,
    /// Budgets of teams and of tags that are near or over, those that have come furthest first.
    pub team_budgets: Vec<BudgetView>,
    /// Unix second of the last entry of `requests` and `errors`.
    pub ends_at: i64,
    /// Calls a second of all keys, oldest first, 120 entries.
    pub requests: Vec<u32>,
    /// Failed calls a second of all keys, oldest first, 120 entries.
    pub errors: Vec<u32>,
    /// How the instance is, for operators.
    pub instance: Option<InstanceCare>,
}

/// Keys that want the same.
#[derive(Clone, PartialEq, Debug)]
pub struct Attention {
    /// What.
    pub kind: AttentionKind,
    /// How many keys.
    pub count: u64,
    /// The most pressing of them, three at most.
    pub first: Vec<AttentionKey>,
}

/// What a key may want, the most pressing first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttentionKind {
    /// An alert of it is firing, and nobody looks after it yet.
    Firing,
    /// To be rotated now: somebody knows its value who is no longer entitled to it.
    RotateNow,
    /// Its rotation has stopped: a person has to look.
    RotationStopped,
    /// Its rotation waits for a person, for a new value or for an old one to be revoked.
    RotationWaiting,
    /// Its month is over the limit.
    OverLimit,
    /// Its month has cost more than its budget.
    OverBudget,
    /// Its rotation was due before now, and neither waits nor has stopped.
    RotationOverdue,
    /// Its month has come to 80 % of the limit.
    NearLimit,
    /// 80 % of its month's budget is spent.
    NearBudget,
    /// It expires within 7 days.
    Expiring,
    /// It is frozen, until somebody thaws it.
    Frozen,
    /// A person has to rotate it within 7 days.
    RotationSoon,
    /// It is switched on and was not called for 90 days.
    Idle,
}

impl AttentionKind {
    /// All of them, the most pressing first.
    pub const ALL: [Self; 13] = [
        Self::Firing,
        Self::RotateNow,
        Self::RotationStopped,
        Self::RotationWaiting,
        Self::OverLimit,
        Self::OverBudget,
        Self::RotationOverdue,
        Self::NearLimit,
        Self::NearBudget,
        Self::Expiring,
        Self::Frozen,
        Self::RotationSoon,
        Self::Idle,
    ];
}

/// A key that wants something, with what it takes to say how much.
#[derive(Clone, PartialEq, Debug)]
pub struct AttentionKey {
    /// The key.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// This month against its limit.
    pub month: MonthLimit,
    /// What this month cost so far, and its budget, where it has one.
    pub budget: Option<(Money, Money)>,
    /// When it is to be rotated.
    pub next_rotation: Option<Timestamp>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The newest of its alerts that are firing: which, in words, and since when.
    pub alert: Option<(Id, String, Timestamp)>,
}

/// How the instance is, as far as an operator has to care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceCare {
    /// How the store is.
    pub store: StoreHealth,
    /// Bytes that are still free where it lies; `u64::MAX` when that is not known.
    pub room: u64,
}
