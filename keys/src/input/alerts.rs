//! What doors hand in about alerts and the rules for them.

use ipnet::IpNet;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use keyward_store::model::{AlertCondition, Id};

use crate::view::AlertState;

/// Which alerts to list.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AlertQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
    /// Only those that stand so.
    #[param(inline)]
    pub state: Option<AlertState>,
    /// Only those of this key, by `_id` or `keyId`.
    pub api_key_id: Option<String>,
    /// Only those that are not resolved, or that are.
    pub open: Option<bool>,
    /// Only those that the caller looks after or has settled, or only others.
    pub mine: Option<bool>,
    /// Only those that were over after this moment, the latest first.
    pub resolved_after: Option<Timestamp>,
}

/// Which rules to list.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AlertRuleQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
}

/// A new rule: for one key, for the keys of a team, or for those of the person's own space.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewAlertRule {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it looks at.
    #[schema(value_type = AlertCondition)]
    pub condition: Option<AlertCondition>,
    /// Only this key, by `_id` or `keyId`.
    pub api_key_id: Option<String>,
    /// All keys of this team; together with a key, the team that the key is in.
    pub team: Option<Id>,
    /// From which value on it fires, in the condition's unit; most conditions have one of their own when none is given.
    #[schema(maximum = 1000000000)]
    pub threshold: Option<u64>,
    /// Below which value it recovers; the threshold when none. Never above the threshold.
    #[schema(minimum = 1, maximum = 1000000000)]
    pub recovery: Option<u64>,
    /// How far back it looks, minutes: for `error_rate`, `request_rate` and `latency_p95`; 5 when none.
    #[schema(minimum = 1, maximum = 1440)]
    pub window: Option<u32>,
    /// Whether it is looked at; it is when nothing is said.
    pub enabled: Option<bool>,
}

/// A change to a rule: only what is given. `Some(None)` clears.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AlertRulePatch {
    /// A new name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// What it looks at from now on; threshold, recovery and window are then the condition's own when none are given.
    pub condition: Option<AlertCondition>,
    /// From which value on it fires.
    #[schema(maximum = 1000000000)]
    pub threshold: Option<u64>,
    /// Below which value it recovers.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1000000000)]
    pub recovery: Option<Option<u64>>,
    /// How far back it looks, minutes.
    #[schema(minimum = 1, maximum = 1440)]
    pub window: Option<u32>,
    /// Whether it is looked at.
    pub enabled: Option<bool>,
}

/// For how long nobody wants to hear of an alert: until a moment or for some minutes; an hour when nothing is said.
#[derive(Clone, Copy, Debug, Default, ToSchema)]
pub struct AlertSnooze {
    /// Until then, at most 30 days ahead.
    pub until: Option<Timestamp>,
    /// For so many minutes.
    #[schema(minimum = 1, maximum = 43200)]
    pub minutes: Option<u32>,
}

/// A rule that is tried on the past month before it is made: of one key, of the keys of a team, or of the person's own.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AlertTrial {
    /// Only this key, by `_id` or `keyId`.
    pub api_key_id: Option<String>,
    /// The keys of this team, when no key is named.
    pub team: Option<Id>,
    /// What it looks at.
    #[schema(value_type = AlertCondition)]
    pub condition: Option<AlertCondition>,
    /// From which value on it fires.
    #[schema(maximum = 1000000000)]
    pub threshold: Option<u64>,
    /// Below which value it recovers.
    #[schema(minimum = 1, maximum = 1000000000)]
    pub recovery: Option<u64>,
    /// How far back it looks, minutes.
    #[schema(minimum = 1, maximum = 1440)]
    pub window: Option<u32>,
}

impl From<NewAlertRule> for AlertTrial {
    fn from(rule: NewAlertRule) -> Self {
        let NewAlertRule { name: _, condition, api_key_id, team, threshold, recovery, window, enabled: _ } =
            rule;
        Self { api_key_id, team, condition, threshold, recovery, window }
    }
}

/// What can be done about a key from one of its alerts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, serde::Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertAction {
    /// Apps cannot fetch it until it is thawed.
    Freeze,
    /// Apps fetch it from some networks only.
    Narrow,
    /// Its monthly limit is lowered, and fetches are refused over it.
    Limit,
    /// It gets a new value.
    Rotate,
    /// The last of these is taken back.
    Undo,
}

/// A response to an alert.
#[derive(Clone, Debug, ToSchema)]
pub struct AlertRespond {
    /// What is done.
    pub action: AlertAction,
    /// The new monthly limit: for `limit`.
    #[schema(minimum = 1)]
    pub limit: Option<u64>,
    /// The networks that apps may fetch the key from: for `narrow`.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 64)]
    pub networks: Option<Vec<IpNet>>,
}
