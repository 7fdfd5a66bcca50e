//! Alert rules, and the alerts that they and budgets raise. A rule names a condition; an alert says that it held for one key,
//! or for one budget, from when to when, and what people did about it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Id, Network};
use crate::table::{Record, Table};

/// What a rule looks at. Stored by place: new ones come last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertCondition {
    /// Calls a minute, the mean of the window.
    RequestRate,
    /// Calls of the window answered with a status of 400 or above, percent.
    ErrorRate,
    /// The response time within which 95 % of the window's calls were answered, ms.
    LatencyP95,
    /// Minutes without a call.
    NoTraffic,
    /// Calls of the month, percent of the key's monthly limit.
    MonthlyLimit,
    /// Calls that the month will have if it goes on so, percent of the key's monthly limit.
    Forecast,
    /// Days without a call.
    Unused,
    /// Days since the key's rotation was due.
    RotationOverdue,
    /// Calls reported with a key after it was frozen.
    FrozenUse,
    /// What the month's calls cost, whole units of the price book's currency.
    MonthlyCost,
    /// Its rotation stopped, and a person has to look.
    RotationFailed,
    /// Endpoints called today (UTC) that were not called in the 30 days before.
    NewEndpoint,
    /// Calls in an hour of the day (UTC) in which there were none in the four weeks before.
    OddHour,
    /// What the month's calls cost, percent of the key's monthly budget.
    Budget,
    /// Networks (/24, for IPv6 /48) that it was fetched or reported from in the last 24 hours, and never before.
    NewNetwork,
    /// Uses of a key that is a decoy, until there was none for an hour.
    DecoyUse,
    /// How unusual the key's usage is, percent, for as long as it is.
    Anomaly,
}

impl AlertCondition {
    /// All of them, in the order in which people are offered them.
    pub const ALL: &[Self] = &[
        Self::ErrorRate,
        Self::RequestRate,
        Self::LatencyP95,
        Self::NoTraffic,
        Self::MonthlyLimit,
        Self::Forecast,
        Self::Unused,
        Self::RotationOverdue,
        Self::FrozenUse,
        Self::MonthlyCost,
        Self::Budget,
        Self::RotationFailed,
        Self::NewEndpoint,
        Self::OddHour,
        Self::NewNetwork,
        Self::DecoyUse,
        Self::Anomaly,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ErrorRate => "error_rate",
            Self::RequestRate => "request_rate",
            Self::LatencyP95 => "latency_p95",
            Self::NoTraffic => "no_traffic",
            Self::MonthlyLimit => "monthly_limit",
            Self::Forecast => "forecast",
            Self::Unused => "unused",
            Self::RotationOverdue => "rotation_overdue",
            Self::FrozenUse => "frozen_use",
            Self::MonthlyCost => "monthly_cost",
            Self::RotationFailed => "rotation_failed",
            Self::NewEndpoint => "new_endpoint",
            Self::OddHour => "odd_hour",
            Self::Budget => "budget",
            Self::NewNetwork => "new_network",
            Self::DecoyUse => "decoy_use",
            Self::Anomaly => "anomaly",
        }
    }
}

/// A condition that is looked at every minute, for one key or for all keys of a space.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertRule {
    /// The row's id.
    pub id: Id,
    /// The space of its keys.
    pub space: Id,
    /// The one key that it is for; all keys of the space when none.
    pub api_key: Option<Id>,
    /// What people call it.
    pub name: String,
    /// What it looks at.
    pub condition: AlertCondition,
    /// From which value on it fires, in the condition's unit.
    pub threshold: u64,
    /// Below which value it recovers; the threshold when none.
    pub recovery: Option<u64>,
    /// How far back it looks, minutes; 0 for conditions without a window.
    pub window_minutes: u32,
    /// It is looked at.
    pub enabled: bool,
    /// Who made it.
    pub created_by: Id,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
    /// When it was last changed, ms since the epoch.
    pub updated_ms: i64,
}

impl Record for AlertRule {
    const TABLE: Table = Table("alert_rule");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }
}

/// One time that a rule's condition held for one key, or that a budget was spent so far.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// The row's id.
    pub id: Id,
    /// The rule; of a budget's own alert, what the budget is of.
    pub rule: Id,
    /// The key; of the alert of a team's or a tag's budget, the space.
    pub api_key: Id,
    /// The space both are in.
    pub space: Id,
    /// What was looked at.
    pub condition: AlertCondition,
    /// The value that crossed.
    pub value: u64,
    /// What it crossed.
    pub threshold: u64,
    /// In words, without values of keys.
    pub message: String,
    /// When it was first seen, ms since the epoch.
    pub first_ms: i64,
    /// When the condition was last seen to hold, ms since the epoch: as of the last change to this row.
    pub last_ms: i64,
    /// Who said that they look after it, and when, ms since the epoch.
    pub acknowledged: Option<(Id, i64)>,
    /// Until when nobody wants to hear of it, ms since the epoch.
    pub snoozed_until_ms: Option<i64>,
    /// When it was over for people, ms since the epoch: it recovered, or somebody settled it.
    pub resolved_ms: Option<i64>,
    /// Who settled it; nobody when it recovered by itself.
    pub resolved_by: Option<Id>,
    /// When the condition held no more, ms since the epoch. Until then there is no second alert of the same.
    pub cleared_ms: Option<i64>,
}

impl Alert {
    /// Unique index of what holds: by rule and key.
    pub const HOLDING: Table = Table("alert_holding");

    /// No rule raised it: the budget of a key, a team or a tag did by itself.
    pub fn is_of_budget(&self) -> bool {
        self.rule == self.api_key || self.is_of_no_key()
    }

    /// It is of the budget of a team or a tag, and so of no key.
    pub fn is_of_no_key(&self) -> bool {
        self.api_key == self.space
    }
}

impl Record for Alert {
    const TABLE: Table = Table("alert");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }

    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        let holds = self.cleared_ms.is_none();
        let key = || [self.rule.as_bytes().as_slice(), self.api_key.as_bytes()].concat();
        holds.then(|| (Self::HOLDING, key())).into_iter().collect()
    }
}

/// What became of an alert. Stored by place: new ones come last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertTurnKind {
    /// Its condition began to hold.
    Fired,
    /// A person said that they look after it.
    Acknowledged,
    /// A person put it off.
    Snoozed,
    /// Its snooze was over.
    Woke,
    /// A person settled it.
    Settled,
    /// Its condition held no more.
    Recovered,
    /// Its rule or its key was no matter of the other any more.
    Ended,
    /// A person did something about its key.
    Responded,
    /// They took that back.
    Undone,
}

/// One turn of an alert, kept as long as the alert is. Nothing is decided by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertTurn {
    /// The alert.
    pub alert: Id,
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// What became of it.
    pub kind: AlertTurnKind,
    /// Who did it; nobody when the daemon did.
    pub by: Option<Id>,
    /// More in words, without values of keys.
    pub detail: String,
}

impl Record for AlertTurn {
    const TABLE: Table = Table("alert_turn");

    /// The turns of an alert lie together, oldest first.
    fn key(&self) -> Vec<u8> {
        let at = self.at_ms.unsigned_abs().to_be_bytes();
        [self.alert.as_bytes().as_slice(), &at, &[self.kind as u8]].concat()
    }
}

/// What was done about a key from one of its alerts, with what was before, so that it can be taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AlertResponse {
    /// The alert.
    pub alert: Id,
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// Who did it.
    pub by: Id,
    /// What was done.
    pub deed: AlertDeed,
    /// When it was taken back, ms since the epoch.
    pub undone_ms: Option<i64>,
}

/// What was done about a key. Stored by place: new ones come last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AlertDeed {
    /// It was frozen.
    Froze,
    /// Its monthly limit was lowered, and fetches are refused over it.
    Limited {
        /// The limit before.
        limit: Option<u64>,
        /// Whether fetches were refused over it before.
        refused: bool,
    },
    /// It is given out in fewer networks.
    Narrowed {
        /// Those before; anywhere when empty.
        networks: Vec<Network>,
    },
    /// A rotation was begun, and when the next one had been due is not known.
    Rotated,
    /// A rotation was begun.
    RotatedBefore {
        /// When the next one was due before, ms since the epoch; none when it was not.
        due_ms: Option<i64>,
    },
}

impl Record for AlertResponse {
    const TABLE: Table = Table("alert_response");

    /// The responses to an alert lie together, oldest first.
    fn key(&self) -> Vec<u8> {
        let at = self.at_ms.unsigned_abs().to_be_bytes();
        [self.alert.as_bytes().as_slice(), &at].concat()
    }
}
