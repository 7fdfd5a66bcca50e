//! Rotation: where it stands for a key, and what came of it before. How a key is to be rotated is its plan (`rotation_plan`);
//! the key's own record says when the next one is due and which version is the current.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Id, RotationMethod};
use crate::table::{Record, Table};

/// How rotation of a key goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationHealth {
    /// As it should.
    #[default]
    Healthy,
    /// Something failed, and is tried again.
    Degraded,
    /// It stopped: a person has to look.
    Failed,
}

/// A step of a rotation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationStep {
    /// A new value is made, and recorded as pending.
    Create,
    /// It is put where it is needed.
    Set,
    /// It is tried.
    Test,
    /// It becomes the current version.
    Finish,
    /// The version before is revoked.
    Retire,
}

/// Why a rotation began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationCause {
    /// It was due.
    Schedule,
    /// A person asked for it.
    Asked,
    /// A person asked for it, and for the version before to go at once.
    Emergency,
}

/// How far a step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationPhase {
    /// It is to be done; after a failure, once its time has come.
    Ready,
    /// It was begun. Found so after a start of the daemon, nobody knows how it ended.
    Calling,
    /// It waits for a person.
    Waiting,
    /// It failed for a reason that trying again does not mend.
    Stopped,
}

/// What kind of failure it is: what is to be done about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// It may pass: it is tried again.
    Transient,
    /// Whoever was asked does not accept who asks.
    Auth,
    /// Something is set wrongly.
    Config,
    /// There may be no more of these.
    Quota,
    /// The value itself was not accepted: another one is made.
    Refused,
}

/// A step that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationFault {
    /// The step.
    pub step: RotationStep,
    /// What kind of failure.
    pub class: FailureClass,
    /// In words, without values.
    pub text: String,
    /// When, ms since the epoch.
    pub at_ms: i64,
}

/// Something that happened in a rotation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationEntry {
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// In which step.
    pub step: RotationStep,
    /// In words, without values.
    pub text: String,
}

/// Where a version was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VersionOrigin {
    /// How: it is revoked the same way, whatever the plan is by then.
    pub method: RotationMethod,
    /// What the provider calls it.
    pub provider_id: Option<String>,
}

/// A rotation that is under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationRun {
    /// By which it is told from others, also where it calls.
    pub id: Id,
    /// How its value comes to be, as the plan was when it began.
    pub method: RotationMethod,
    /// Why it began.
    pub cause: RotationCause,
    /// Who asked for it.
    pub asked_by: Option<Id>,
    /// Since when it was due, ms since the epoch; none when it was asked for.
    pub due_ms: Option<i64>,
    /// When it began, ms since the epoch.
    pub started_ms: i64,
    /// For how long the version before stays, ms; none is what the plan says.
    pub overlap_ms: Option<i64>,
    /// What is to be done next, or is being done.
    pub step: RotationStep,
    /// How far that is.
    pub phase: RotationPhase,
    /// Tries of this step that failed.
    pub attempt: u32,
    /// Not before then, ms since the epoch.
    pub next_ms: i64,
    /// Values that were begun to be made in it: names those that are made elsewhere.
    pub values: u32,
    /// The pending version.
    pub version: Option<u32>,
    /// What the provider calls it.
    pub provider_id: Option<String>,
    /// When the provider ends it, ms since the epoch.
    pub expires_ms: Option<i64>,
    /// The pending value for steps that need it, sealed to a pair of its own; and that pair, locked to the daemon.
    pub held: Option<HeldValue>,
    /// The last failure.
    pub fault: Option<RotationFault>,
    /// What happened, oldest first.
    pub log: Vec<RotationEntry>,
}

/// A pending value that the daemon can open until its rotation is finished.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HeldValue {
    /// The pair's public half.
    pub public_key: [u8; 32],
    /// The value, sealed to it.
    pub sealed: Vec<u8>,
    /// The private half, locked to the daemon.
    pub lock: Vec<u8>,
}

/// A version that is on its way out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retiring {
    /// Its number.
    pub number: u32,
    /// The rotation that replaced it.
    pub run: Id,
    /// Where it was made; none when it was handed in.
    pub origin: Option<VersionOrigin>,
    /// Since when it is, ms since the epoch.
    pub since_ms: i64,
    /// When its overlap ends, ms since the epoch.
    pub until_ms: i64,
    /// Then it goes, whoever uses it, ms since the epoch; `until_ms` without evidence.
    pub latest_ms: i64,
    /// When to look again, ms since the epoch.
    pub next_ms: i64,
    /// Ready while it is kept, calling while it is being revoked, waiting for a person to say that it is, or stopped.
    pub phase: RotationPhase,
    /// Tries to revoke it that failed.
    pub attempt: u32,
    /// Its people were told that it is kept for longer.
    pub told: bool,
    /// The last failure.
    pub fault: Option<RotationFault>,
}

/// Where the rotation of a key stands.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Rotation {
    /// The key.
    pub api_key: Id,
    /// The highest number that a version was given.
    pub last_version: u32,
    /// The last occurrence that was begun, ms since the epoch.
    pub last_due_ms: Option<i64>,
    /// How it goes.
    pub health: RotationHealth,
    /// When the last one was finished, ms since the epoch.
    pub last_success_ms: Option<i64>,
    /// What is under way.
    pub run: Option<RotationRun>,
    /// Versions on their way out, oldest first.
    pub retiring: Vec<Retiring>,
    /// Versions that can't be the current one again: refused, or revoked. The newest of them.
    pub dead: Vec<u32>,
    /// Where the current version was made; none when it was handed in.
    pub origin: Option<VersionOrigin>,
}

impl Record for Rotation {
    const TABLE: Table = Table("rotation");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}

/// That a scheduled rotation was begun. Its key is the occurrence, so that it is begun once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationOccurrence {
    /// The key.
    pub api_key: Id,
    /// Since when it was due, ms since the epoch.
    pub due_ms: i64,
    /// The rotation.
    pub run: Id,
}

impl Record for RotationOccurrence {
    const TABLE: Table = Table("rotation_occurrence");

    fn key(&self) -> Vec<u8> {
        [self.api_key.as_bytes().as_slice(), &self.due_ms.unsigned_abs().to_be_bytes()].concat()
    }
}

/// How a rotation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationOutcome {
    /// With a new current version.
    Done,
    /// A person gave it up.
    Cancelled,
}

/// A rotation that has ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PastRotation {
    /// The key.
    pub api_key: Id,
    /// Its id.
    pub id: Id,
    /// Why it began.
    pub cause: RotationCause,
    /// Who asked for it.
    pub asked_by: Option<Id>,
    /// The method's name.
    pub method: String,
    /// When it began, ms since the epoch.
    pub started_ms: i64,
    /// When it ended, ms since the epoch.
    pub ended_ms: i64,
    /// How.
    pub outcome: RotationOutcome,
    /// The version it made.
    pub version: Option<u32>,
    /// What happened, oldest first.
    pub log: Vec<RotationEntry>,
}

impl PastRotation {
    /// Of all keys, by when they ended.
    pub const BY_TIME: Table = Table("past_rotation_by_time");
}

impl Record for PastRotation {
    const TABLE: Table = Table("past_rotation");

    fn key(&self) -> Vec<u8> {
        let ended = self.ended_ms.unsigned_abs().to_be_bytes();
        [self.api_key.as_bytes().as_slice(), &ended, self.id.as_bytes()].concat()
    }

    fn unique(&self) -> Vec<(Table, Vec<u8>)> {
        let ended = self.ended_ms.unsigned_abs().to_be_bytes();
        vec![(Self::BY_TIME, [ended.as_slice(), self.id.as_bytes()].concat())]
    }
}
