//! What doors show of alerts and of the rules for them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use keyward_store::model::{AlertCondition, Id};

use crate::view::{BudgetOwner, Pagination};

/// Where an alert stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// It holds, and nobody has said that they look after it.
    Firing,
    /// It holds, and somebody looks after it.
    Acknowledged,
    /// It holds, and nobody wants to hear of it for a while.
    Snoozed,
    /// It recovered, or somebody settled it.
    Resolved,
}

impl AlertState {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }
}

/// How much an alert matters: by its condition, and less for a key that is not used in production.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertSeverity {
    /// Somebody should look now.
    Critical,
    /// Somebody should look today.
    Warning,
    /// Good to know.
    Notice,
}

impl AlertSeverity {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// One time that a rule's condition held for one key, or that a budget was spent so far.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Where it stands.
    pub state: AlertState,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// The rule that raised it; none when a budget did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Id>,
    /// The rule's name, while there is the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_name: Option<String>,
    /// Whose budget raised it: that of the key, of the team, or of a tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_of: Option<BudgetOwner>,
    /// The tag whose budget raised it, while it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The key; none of a team's or a tag's budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// The key's name, while there is the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// The team that the key is in, or whose budget it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// The team's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_name: Option<String>,
    /// What was looked at.
    pub condition: AlertCondition,
    /// The value that crossed; while it holds, the newest.
    pub value: u64,
    /// What it crossed.
    pub threshold: u64,
    /// The unit of both, such as `%` or `ms`.
    pub unit: &'static str,
    /// In words.
    pub message: String,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen to hold.
    pub last_seen: Timestamp,
    /// Who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<Id>,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
    /// Until when nobody wants to hear of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    /// When it recovered, or was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// Who settled it; nobody when it recovered by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<Id>,
}

/// One page of alerts.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct AlertPage {
    /// Those that want somebody first, of each state the newest first.
    pub alerts: Vec<AlertView>,
    /// How many are firing, on all pages and of all keys.
    pub firing: u64,
    /// Where this page is among all.
    pub pagination: Pagination,
}

/// A condition that is looked at every minute.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertRuleView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What people call it.
    pub name: String,
    /// What it does, in one sentence.
    pub in_words: String,
    /// What it looks at.
    pub condition: AlertCondition,
    /// The one key that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// That key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// That key is in the bin: nothing is looked at until it is restored.
    pub key_in_bin: bool,
    /// The team of its keys; none for the person's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// That team's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_name: Option<String>,
    /// From which value on it fires.
    pub threshold: u64,
    /// The unit of threshold and recovery, such as `%` or `ms`.
    pub unit: &'static str,
    /// Below which value it recovers; the threshold when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<u64>,
    /// How far back it looks, minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// It is looked at.
    pub enabled: bool,
    /// For how many keys it holds now.
    pub firing: u64,
    /// When it last fired, of what is kept of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fired: Option<Timestamp>,
    /// Who made it.
    pub created_by: Id,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One page of rules.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct AlertRulePage {
    /// By name.
    pub rules: Vec<AlertRuleView>,
    /// Where this page is among all.
    pub pagination: Pagination,
}

/// When a rule would have fired.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertTrialView {
    /// The one key that it was tried on, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// How many keys it was tried on.
    pub keys: u64,
    /// There are more: of very many, the newest are tried.
    pub more: bool,
    /// What was looked at.
    pub condition: AlertCondition,
    /// From which value on.
    pub threshold: u64,
    /// The unit of the values.
    pub unit: &'static str,
    /// The first moment that was looked at.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
    /// How often it would have fired.
    pub count: u64,
    /// Each time, oldest first; the first hundred.
    pub firings: Vec<AlertFiring>,
}

/// One time that a rule would have fired.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertFiring {
    /// For which key.
    pub api_key_id: Id,
    /// That key's name.
    pub key_name: String,
    /// From when.
    pub from: Timestamp,
    /// Until when; still, when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The highest value in between.
    pub value: u64,
}
