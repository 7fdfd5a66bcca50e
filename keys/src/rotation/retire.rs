//! The way out of a version: kept while something still uses it, gone once nothing does, or once it has been kept for
//! as long as it may be. A version is never revoked while it is the current or the pending one.

use keyward_store::model::{
    FailureClass, Retiring, RotationFault, RotationHealth, RotationPhase, RotationStep,
};

use super::ledger::Ledger;
use super::{MOST_TRIES, Refusal, Terms, Way, wait_ms};

/// How long a version that is kept is left alone at most before the next look, ms.
const MOST_KEPT: i64 = 15 * 60_000;

/// The shortest time between two looks, ms.
const LEAST_KEPT: i64 = 5_000;

/// What is to become of a version whose overlap is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It goes: nothing uses it, or nobody asks.
    Go,
    /// It goes although something uses it: it was kept for as long as it may be.
    GoAnyway,
    /// It is kept.
    Keep,
}

/// Who revokes a version: whoever made it. What was handed in nobody but a person can revoke elsewhere; where the
/// daemon makes the values itself, there is nothing to revoke.
fn way_out(old: &Retiring, terms: Terms) -> Way {
    match &old.origin {
        Some(origin) if Way::of(&origin.method) == Way::Outside => Way::Outside,
        Some(origin) => Way::of(&origin.method),
        None if terms.way == Way::Own => Way::Own,
        None => Way::Person,
    }
}

impl Ledger {
    /// What is to become of a version, by the plan, the evidence (whether something still uses it) and the time.
    pub(crate) fn verdict(&self, number: u32, terms: Terms, in_use: bool, now_ms: i64) -> Verdict {
        let Some(old) = self.leaving(number) else { return Verdict::Go };
        if !terms.evidence || !in_use || old.latest_ms <= old.until_ms && old.until_ms <= now_ms {
            Verdict::Go
        } else if old.latest_ms <= now_ms {
            Verdict::GoAnyway
        } else {
            Verdict::Keep
        }
    }

    fn leaving(&self, number: u32) -> Option<&Retiring> {
        self.rotation.retiring.iter().find(|old| old.number == number)
    }

    fn leaving_mut(&mut self, number: u32, phases: &[RotationPhase]) -> Result<&mut Retiring, Refusal> {
        let found = self.rotation.retiring.iter_mut().find(|old| old.number == number);
        found.filter(|old| phases.contains(&old.phase)).ok_or(Refusal::NotRetiring(number))
    }

    /// It is kept for now. Answers whether its people are to be told, which is so the first time.
    pub(crate) fn kept(&mut self, number: u32, terms: Terms, now_ms: i64) -> Result<bool, Refusal> {
        let old = self.leaving_mut(number, &[RotationPhase::Ready])?;
        let wait = (terms.idle_ms / 4).clamp(LEAST_KEPT, MOST_KEPT);
        old.next_ms = (now_ms + wait).min(old.latest_ms);
        Ok(!std::mem::replace(&mut old.told, true))
    }

    /// It is given out no more. Answers whether it is to be revoked elsewhere by a call; where a person has to do
    /// that, it waits for them, and otherwise it is gone.
    pub(crate) fn let_go(&mut self, number: u32, terms: Terms) -> Result<bool, Refusal> {
        if self.current == number || self.rotation.run.as_ref().and_then(|run| run.version) == Some(number) {
            return Err(Refusal::NotRetiring(number));
        }
        let old = self.leaving_mut(number, &[RotationPhase::Ready, RotationPhase::Calling])?;
        let way = way_out(old, terms);
        let called = way == Way::Outside;
        old.phase = if called { RotationPhase::Calling } else { RotationPhase::Waiting };
        if self.previous.is_some_and(|previous| previous.number == number) {
            self.previous = None;
        }
        if way == Way::Own {
            self.rotation.retiring.retain(|old| old.number != number);
        }
        Ok(called)
    }

    /// It was revoked.
    pub(crate) fn revoked(&mut self, number: u32) -> Result<(), Refusal> {
        self.leaving_mut(number, &[RotationPhase::Calling])?;
        self.gone(number, true);
        Ok(())
    }

    fn gone(&mut self, number: u32, dead: bool) {
        self.rotation.retiring.retain(|old| old.number != number);
        if dead {
            self.bury(number);
        }
        if self.rotation.run.is_none() {
            self.rotation.health = self.health_of_retiring();
        }
    }

    /// Revoking it has failed. Answers whether a person has to look.
    pub(crate) fn revoking_failed(
        &mut self,
        number: u32,
        class: FailureClass,
        text: String,
        retry_after_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool, Refusal> {
        let old = self.leaving_mut(number, &[RotationPhase::Calling])?;
        old.attempt += 1;
        let stops = class != FailureClass::Transient || old.attempt >= MOST_TRIES;
        old.phase = if stops { RotationPhase::Stopped } else { RotationPhase::Ready };
        old.next_ms = now_ms + wait_ms(old.attempt, retry_after_ms);
        // It is given out no more, so nothing is waited for but the next try.
        (old.until_ms, old.latest_ms) = (old.until_ms.min(now_ms), old.until_ms.min(now_ms));
        old.fault = Some(RotationFault { step: RotationStep::Retire, class, text, at_ms: now_ms });
        self.rotation.health = if stops { RotationHealth::Failed } else { RotationHealth::Degraded };
        Ok(stops)
    }

    /// A person ends the time in which a version is kept, or says that they have revoked it where it was made. Answers
    /// whether it is gone by that: what the daemon can revoke by a call, it revokes first.
    pub(crate) fn ticked(&mut self, number: u32, terms: Terms, now_ms: i64) -> Result<bool, Refusal> {
        let phases = [RotationPhase::Ready, RotationPhase::Waiting, RotationPhase::Stopped];
        let old = self.leaving_mut(number, &phases)?;
        let way = way_out(old, terms);
        let called = way == Way::Outside && old.phase == RotationPhase::Ready;
        (old.until_ms, old.latest_ms, old.next_ms) = (now_ms, now_ms, now_ms);
        if self.previous.is_some_and(|previous| previous.number == number) {
            self.previous = None;
        }
        if !called {
            self.gone(number, way != Way::Own);
        }
        Ok(!called)
    }

    /// Nothing that is on its way out is kept any longer.
    pub(super) fn retire_now(&mut self, now_ms: i64) {
        for old in &mut self.rotation.retiring {
            (old.until_ms, old.latest_ms) = (old.until_ms.min(now_ms), old.latest_ms.min(now_ms));
            old.next_ms = old.next_ms.min(now_ms);
        }
    }

    fn health_of_retiring(&self) -> RotationHealth {
        let failing = |old: &Retiring| old.fault.is_some() && old.phase != RotationPhase::Waiting;
        let stopped = |old: &Retiring| old.phase == RotationPhase::Stopped;
        if self.rotation.retiring.iter().any(stopped) {
            RotationHealth::Failed
        } else if self.rotation.retiring.iter().any(failing) {
            RotationHealth::Degraded
        } else {
            RotationHealth::Healthy
        }
    }
}
