//! What doors show of the rotations of all keys: what is under way or wants somebody, what comes, and what has ended.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Environment, Id, RotationHealth};

use super::rotation::{PastRotationView, RetiringState, RotationFaultView, RotationState, StepView};
use crate::input::RotationMethodName;

/// A key among those whose rotation does, or wants, something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationSummary {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its `ak_…` id.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// How its values come to be.
    pub method: RotationMethodName,
    /// What it does.
    pub state: RotationState,
    /// How it goes.
    pub health: RotationHealth,
    /// When it is due.
    pub next_rotation: Option<Timestamp>,
    /// All steps of what is under way.
    pub steps: Vec<StepView>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// The oldest version on its way out, and when its overlap ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retiring: Option<LeavingVersion>,
    /// The last failure, and what is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<RotationFaultView>,
}

/// A version on its way out, in short.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeavingVersion {
    /// Its number.
    pub version: u32,
    /// How.
    pub state: RetiringState,
    /// When its overlap ends, or ended.
    pub overlap_ends: Timestamp,
}

/// The rotations of all keys that somebody may see.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
pub struct RotationsView {
    /// What is under way, waits, or has stopped: what wants a person first.
    pub queue: Vec<RotationSummary>,
    /// How many there are of those.
    pub queued: u64,
    /// What is due next, soonest first.
    pub calendar: Vec<RotationSummary>,
    /// How many keys are scheduled.
    pub scheduled: u64,
    /// What has ended, newest first.
    pub history: Vec<PastRotationView>,
}
