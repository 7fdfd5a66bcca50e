//! What people do to a key's versions by themselves: hand in a value, give up a rotation, go back.

use keyward_store::model::{
    Id, Previous, Retiring, RotationCause, RotationEntry, RotationHealth, RotationPhase, RotationRun,
    RotationStep,
};

use super::ledger::{MOST_DEAD, push};
use super::{Ledger, Refusal, Terms, Way};

/// What a value set by hand has brought to an end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ByHand {
    pub(crate) number: u32,
    /// The rotation that had waited for it, done.
    pub(crate) done: Option<RotationRun>,
    /// One that had stopped, given up.
    pub(crate) cancelled: Option<RotationRun>,
}

/// What going back has done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RolledBack {
    /// The rotation that was given up.
    pub(crate) cancelled: Option<RotationRun>,
    /// The version that is the current one again.
    pub(crate) to: Option<u32>,
}

impl Ledger {
    /// A person hands in a value: it is the current version at once. `terms` are those of the key's plan, if it has one.
    pub(crate) fn by_hand(
        &mut self,
        id: Id,
        overlap_ms: Option<i64>,
        terms: Terms,
        planned: bool,
        now_ms: i64,
    ) -> Result<ByHand, Refusal> {
        let (mut done, mut cancelled) = (None, None);
        let recovered = RotationHealth::Healthy;
        match self.rotation.run.as_ref().map(|run| (run.phase, run.step)) {
            None => {}
            Some((RotationPhase::Waiting, _)) => done = self.rotation.run.take(),
            Some((RotationPhase::Stopped, _)) => cancelled = Some(self.cancel(now_ms)?),
            Some((phase, step)) => return Err(Refusal::UnderWay(step, phase)),
        }
        let number = self.next_number();
        self.rotation.last_version = number;
        let asked = done.as_ref().and_then(|run| run.overlap_ms);
        let emergency = done.as_ref().is_some_and(|run| run.cause == RotationCause::Emergency);
        // In an emergency nothing of before stays, whatever is said with the value.
        let said = overlap_ms.filter(|_| !emergency);
        let overlap_ms = said.or(asked).unwrap_or(terms.overlap_ms);
        let run = done.as_ref().map_or(id, |run| run.id);
        if planned || done.is_some() {
            self.replace_current(number, None, run, overlap_ms, terms, now_ms);
        } else {
            let until_ms = now_ms.saturating_add(overlap_ms);
            let number = std::mem::replace(&mut self.current, number);
            self.previous = (overlap_ms > 0).then_some(Previous { number, until_ms });
            self.rotation.origin = None;
        }
        if let Some(run) = &mut done {
            let text = format!("version {number} was set by hand, and is the current one");
            push(&mut run.log, RotationEntry { at_ms: now_ms, step: RotationStep::Finish, text });
            if emergency {
                self.retire_now(now_ms);
            }
        }
        self.rotation.health = recovered;
        self.rotation.last_success_ms = Some(now_ms);
        Ok(ByHand { number, done, cancelled })
    }

    /// Gives up the rotation that is under way.
    pub(crate) fn cancel(&mut self, now_ms: i64) -> Result<RotationRun, Refusal> {
        let run = self.rotation.run.as_ref().ok_or(Refusal::NothingBefore)?;
        if run.phase == RotationPhase::Calling {
            return Err(Refusal::Calling(run.step));
        }
        self.note(now_ms, "given up");
        self.drop_pending(now_ms);
        let mut run = self.rotation.run.take().ok_or(Refusal::NothingBefore)?;
        run.held = None;
        Ok(run)
    }

    /// Goes back: gives up what is under way, or makes an earlier version the current one again.
    pub(crate) fn roll_back(
        &mut self,
        id: Id,
        to: Option<u32>,
        terms: Terms,
        now_ms: i64,
    ) -> Result<RolledBack, Refusal> {
        let cancelled = match &self.rotation.run {
            Some(_) => Some(self.cancel(now_ms)?),
            None => None,
        };
        if cancelled.is_some() && to.is_none() {
            return Ok(RolledBack { cancelled, to: None });
        }
        let to = self.rolls_back_to(to, terms)?;
        let place = self.rotation.retiring.iter().position(|old| old.number == to);
        let origin = place.and_then(|place| self.rotation.retiring.remove(place).origin);
        self.rotation.last_version = self.rotation.last_version.max(self.current);
        self.replace_current(to, origin, id, terms.overlap_ms, terms, now_ms);
        Ok(RolledBack { cancelled, to: Some(to) })
    }

    fn rolls_back_to(&self, to: Option<u32>, terms: Terms) -> Result<u32, Refusal> {
        let leaving = |number| {
            let open = |old: &&Retiring| matches!(old.phase, RotationPhase::Ready);
            self.rotation.retiring.iter().filter(open).any(|old| old.number == number)
        };
        let labelled = |number| self.previous.is_some_and(|previous| previous.number == number);
        let dead = |number: u32| {
            let forgotten = self.rotation.dead.len() >= MOST_DEAD
                && self.rotation.dead.first().is_some_and(|oldest| number < *oldest);
            self.rotation.dead.contains(&number) || forgotten
        };
        // What was made elsewhere is good for as long as it is not revoked there.
        let usable =
            |number: u32| !dead(number) && (leaving(number) || labelled(number) || terms.way != Way::Outside);
        match to {
            Some(number) if number == 0 || number == self.current || number >= self.next_number() => {
                Err(Refusal::NothingBefore)
            }
            Some(number) if !usable(number) => Err(Refusal::Dead(number)),
            Some(number) => Ok(number),
            None => match self.previous {
                Some(previous) => Ok(previous.number),
                None => (1..self.current).rev().find(|number| usable(*number)).ok_or(Refusal::NothingBefore),
            },
        }
    }
}
