//! What doors show of one key's rotation: how it is rotated, where that stands, who is waited for, and what came of it before.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{
    Environment, FailureClass, Id, RotationCause, RotationHealth, RotationOutcome, RotationPhase,
    RotationStep,
};

use crate::input::RotationMethodName;

/// How a key is rotated.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationSettingsView {
    /// How its new values come to be.
    pub method: RotationMethodName,
    /// What values of Keyward's own making look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Where a person makes the value, or where each step is sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The recipe that makes values, or by whose probe one is tried that a person has made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// What the recipe asks for, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<BTreeMap<String, String>>,
    /// The key whose value the provider is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<Id>,
    /// The command's name in the operator's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// For how long the version before is fetched along with the new one at least.
    pub overlap: String,
    /// When it is due, in place of an interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The time zone of all of this.
    pub timezone: String,
    /// When nothing begins by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<String>,
    /// The same of its team, in the team's time zone, where the key has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_quiet_hours: Option<String>,
    /// The version before is kept for as long as something still uses it.
    pub evidence: bool,
    /// How long no call may have been reported with it.
    pub idle_time: String,
    /// How long it is kept at most.
    pub longest_extension: String,
    /// The next times it is due: three at most.
    pub upcoming: Vec<Timestamp>,
}

/// What the rotation of a key does at this moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationState {
    /// It stopped: a person has to look.
    Stopped,
    /// It waits for a person to hand in a value, or to revoke an old one.
    Waiting,
    /// Something failed, and is tried again.
    Retrying,
    /// It is under way.
    Running,
    /// The new version is in use, and the one before is still given out along with it.
    Overlap,
    /// Nothing.
    Idle,
}

/// How far a step of a rotation is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Done.
    Done,
    /// Being done, or next.
    Running,
    /// It waits for a person.
    Waiting,
    /// It failed.
    Failed,
    /// Not begun.
    Todo,
}

/// A step of a rotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct StepView {
    /// Which.
    pub step: RotationStep,
    /// How far it is.
    pub state: StepState,
}

/// Something that happened in a rotation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RotationEntryView {
    /// When.
    pub at: Timestamp,
    /// In which step.
    pub step: RotationStep,
    /// What, in words.
    pub text: String,
}

/// Why a step failed, and what is to be done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RotationFaultView {
    /// In which step.
    pub step: RotationStep,
    /// What kind of failure.
    pub class: FailureClass,
    /// In words.
    pub text: String,
    /// What a person can do about it.
    pub advice: &'static str,
    /// When.
    pub at: Timestamp,
}

/// A rotation that is under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationRunView {
    /// Its id, by which it is told from others wherever it calls.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Why it began.
    pub cause: RotationCause,
    /// Who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Id>,
    /// How its value comes to be.
    pub method: RotationMethodName,
    /// When it began.
    pub started_at: Timestamp,
    /// What is to be done next, or is being done.
    pub step: RotationStep,
    /// How far that is.
    pub phase: RotationPhase,
    /// All steps.
    pub steps: Vec<StepView>,
    /// Tries of this step that failed.
    pub attempts: u32,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Timestamp>,
    /// The pending version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The daemon can open the pending value until the rotation is finished: a step needs it.
    pub system_lock: bool,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<RotationFaultView>,
    /// What happened, oldest first.
    pub log: Vec<RotationEntryView>,
}

/// How a version leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RetiringState {
    /// Its overlap is not over.
    Overlap,
    /// Its overlap is over, and something still uses it.
    Extended,
    /// It is being revoked.
    Revoking,
    /// A person has to revoke it where it was made, and to tick it off.
    ToRevoke,
    /// Revoking it failed.
    Stopped,
}

/// An app that was given a version.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionApp {
    /// The service token.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The version that it was given last.
    pub version: u32,
    /// Since when it has that.
    pub since: Timestamp,
    /// When it last asked for a value; none when that is longer ago than fetches are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fetch: Option<Timestamp>,
}

/// Calls that were reported with a version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VersionCalls {
    /// How many since it was replaced.
    pub since_replaced: u64,
    /// The last one.
    pub last: Timestamp,
}

/// What still uses a version.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
pub struct StillUsing {
    /// Apps that were given it, and nothing else since.
    pub apps: Vec<VersionApp>,
    /// Calls with it in the time in which there must be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<VersionCalls>,
}

impl StillUsing {
    /// Nothing does.
    pub fn is_none(&self) -> bool {
        self.apps.is_empty() && self.calls.is_none()
    }

    /// In words, for people.
    pub fn in_words(&self) -> String {
        const NAMED: usize = 5;
        let mut parts: Vec<String> = self.apps.iter().take(NAMED).map(|app| app.name.clone()).collect();
        if self.apps.len() > NAMED {
            parts.push(format!("{} more apps", self.apps.len() - NAMED));
        }
        if let Some(calls) = &self.calls {
            parts.push(format!("calls reported with it, the last at {:.0}", calls.last));
        }
        if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
    }
}

/// A version on its way out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetiringView {
    /// Its number.
    pub version: u32,
    /// Since when.
    pub since: Timestamp,
    /// How.
    pub state: RetiringState,
    /// When its overlap ends, or ended.
    pub overlap_ends: Timestamp,
    /// Then it goes, whatever uses it.
    pub latest: Timestamp,
    /// What still uses it.
    pub used_by: StillUsing,
    /// The last failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<RotationFaultView>,
}

/// A rotation that has ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastRotationView {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// The key.
    pub api_key_id: Id,
    /// The key's name.
    pub name: String,
    /// Why it began.
    pub cause: RotationCause,
    /// Who asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Id>,
    /// How its value came to be.
    pub method: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub outcome: RotationOutcome,
    /// The version it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What happened, oldest first.
    pub log: Vec<RotationEntryView>,
}

/// Where the rotation of a key stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationView {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its `ak_…` id.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Where it is used.
    pub environment: Environment,
    /// How it is rotated.
    pub rotation: RotationSettingsView,
    /// Days between rotations; 0 is never.
    pub rotation_interval: u32,
    /// What it does at this moment.
    pub state: RotationState,
    /// How it goes.
    pub health: RotationHealth,
    /// The current version.
    pub version: u32,
    /// When it is due.
    pub next_rotation: Option<Timestamp>,
    /// It was due before now.
    pub overdue: bool,
    /// When the last one was finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Timestamp>,
    /// What is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RotationRunView>,
    /// Versions on their way out, oldest first.
    pub retiring: Vec<RetiringView>,
    /// The last rotations, newest first.
    pub history: Vec<PastRotationView>,
}
