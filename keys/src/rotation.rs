//! Rotation as decisions: from where a key's values stand, what has happened and the time, to what stands from then on
//! and what is to be done next. Pure: no store, no clock, no call. Whatever is to be done outside is intended first and
//! answered later, and both are written down in between, so that a crash anywhere leaves a state that can go on.

mod ledger;
mod people;
mod retire;
pub(crate) mod schedule;

#[cfg(test)]
mod model_test;

use keyward_store::model::{RotationMethod, RotationPhase, RotationPlan, RotationStep};

use crate::error::Error;

pub(crate) use ledger::{Begin, Begun, Ledger, Made};
pub(crate) use retire::Verdict;

/// How long a failure is waited out for the first time; doubled each time, ms.
const FIRST_WAIT_MS: i64 = 5_000;

/// The longest wait, ms.
const LONGEST_WAIT_MS: i64 = 15 * 60_000;

/// The longest that somebody who was asked may have us wait, ms.
const LONGEST_ASKED_WAIT_MS: i64 = 3_600_000;

/// Tries of one step, until a person has to look.
const MOST_TRIES: u32 = 8;

/// Values that are refused before a person has to look.
const MOST_VALUES: u32 = 3;

/// Who makes and revokes a key's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// A person.
    Person,
    /// The daemon, by itself.
    Own,
    /// Somebody who is called.
    Outside,
}

impl Way {
    pub(crate) fn of(method: &RotationMethod) -> Self {
        match method {
            RotationMethod::Remind { .. } | RotationMethod::RemindTried { .. } => Self::Person,
            RotationMethod::Generate { .. } => Self::Own,
            RotationMethod::Recipe { .. }
            | RotationMethod::Webhook { .. }
            | RotationMethod::Command { .. } => Self::Outside,
        }
    }

    /// The step after this one.
    fn after(self, step: RotationStep) -> RotationStep {
        match (step, self) {
            (RotationStep::Create, Self::Outside) => RotationStep::Set,
            (RotationStep::Set, _) => RotationStep::Test,
            _ => RotationStep::Finish,
        }
    }
}

/// What of a key's plan decisions depend on. A rotation that is under way goes on as it began, and what was made by a
/// method is revoked by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Terms {
    /// Of the next rotation.
    pub(crate) way: Way,
    pub(crate) overlap_ms: i64,
    pub(crate) evidence: bool,
    pub(crate) idle_ms: i64,
    pub(crate) extend_ms: i64,
}

impl Terms {
    pub(crate) fn of(plan: &RotationPlan) -> Self {
        Self {
            way: Way::of(&plan.method),
            overlap_ms: plan.overlap_ms,
            evidence: plan.evidence,
            idle_ms: plan.idle_ms,
            extend_ms: plan.extend_ms,
        }
    }
}

/// What is to be done now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// The daemon makes the value.
    Make,
    /// Somebody is called, after this was written down; `resumed` when that was so already, and how it ended is lost.
    Call { step: RotationStep, resumed: bool },
    /// The pending version becomes the current one.
    Finish,
    /// A version on its way out is looked at.
    Retire { number: u32, resumed: bool },
    /// Nothing, before this moment.
    Wait(Option<i64>),
}

/// Why something is not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// A rotation is under way.
    UnderWay(RotationStep, RotationPhase),
    /// Somebody is being called at this moment.
    Calling(RotationStep),
    /// There is no version to go back to.
    NothingBefore,
    /// That version can't be the current one again.
    Dead(u32),
    /// There is no such version on its way out.
    NotRetiring(u32),
    /// What was done meanwhile has overtaken it.
    Overtaken,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Conflict(match refusal {
            Refusal::UnderWay(step, phase) => format!(
                "a rotation is under way ({}, {}): see GET …/rotation; roll back to give it up",
                word(step),
                phase_word(phase)
            ),
            Refusal::Calling(step) => format!(
                "the step {} is calling outside at this moment; try again in some seconds",
                word(step)
            ),
            Refusal::NothingBefore => "there is no version to go back to".to_owned(),
            Refusal::Dead(number) => {
                format!("version {number} was refused, or revoked where it was made; it can't be used again")
            }
            Refusal::NotRetiring(number) => format!("version {number} is not on its way out"),
            Refusal::Overtaken => "the rotation has gone on meanwhile; look again".to_owned(),
        })
    }
}

/// A step as doors show it.
pub(crate) fn word(step: RotationStep) -> &'static str {
    match step {
        RotationStep::Create => "create",
        RotationStep::Set => "set",
        RotationStep::Test => "test",
        RotationStep::Finish => "finish",
        RotationStep::Retire => "retire",
    }
}

fn phase_word(phase: RotationPhase) -> &'static str {
    match phase {
        RotationPhase::Ready => "ready",
        RotationPhase::Calling => "calling",
        RotationPhase::Waiting => "waiting for a person",
        RotationPhase::Stopped => "stopped",
    }
}

/// How long the try after this many failures waits; longer when whoever was asked says so.
fn wait_ms(failures: u32, asked_ms: Option<i64>) -> i64 {
    let doubled = FIRST_WAIT_MS.saturating_mul(1 << failures.saturating_sub(1).min(20));
    doubled.min(LONGEST_WAIT_MS).max(asked_ms.unwrap_or(0).min(LONGEST_ASKED_WAIT_MS))
}
