//! What doors show beside alerts and rules: the conditions there are, what became of an alert, how its value went.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{AlertCondition, AlertTurnKind, Id};

use crate::view::{AlertView, KeyView};

/// One of the conditions a rule can have.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertConditionView {
    /// Its name.
    pub condition: AlertCondition,
    /// Its name for people.
    pub title: &'static str,
    /// What it looks at.
    pub about: &'static str,
    /// The unit of its values, such as `%` or `ms`; empty when there is none.
    pub unit: &'static str,
    /// The threshold when none is given; when there is none either, one has to be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<u64>,
    /// The lowest threshold.
    pub least: u64,
    /// The highest; the same as the lowest where a threshold means nothing.
    pub most: u64,
    /// How far back it looks when nothing is said, minutes; only of those that look back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// How far back it can look, minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_window: Option<u32>,
    /// It can be tried on the past.
    pub replayable: bool,
    /// Why it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not_replayable: Option<&'static str>,
}

/// An alert with all there is to know of it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertHistory {
    /// The alert.
    pub alert: AlertView,
    /// What its rule does, in words, while there is the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_in_words: Option<String>,
    /// The key, while there is the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyView>,
    /// What became of it, oldest first.
    pub turns: Vec<AlertTurnView>,
    /// What was done about its key last and can be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// How the value went around it; only of conditions that the past can be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<AlertCourse>,
}

/// One turn of an alert.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertTurnView {
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub turn: AlertTurnKind,
    /// Who did it; nobody when the daemon did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// Their name, as far as the caller may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
    /// More in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How the value of an alert's condition went.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertCourse {
    /// The first moment.
    pub from: Timestamp,
    /// From one value to the next, seconds.
    pub step: u32,
    /// Of each step the highest value, oldest first; null where there was nothing to tell it by.
    pub values: Vec<Option<u64>>,
}
