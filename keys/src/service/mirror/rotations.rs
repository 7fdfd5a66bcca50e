//! Rotation in memory: how each key is rotated and where that stands, and all keys in the order in which something is
//! to be done for them. Looking what is due costs what is due, however many keys there are.

use std::collections::{BTreeSet, HashMap};

use keyward_store::model::{ApiKey, Id, Rotation, RotationPlan, Status};

use super::Shared;
use crate::rotation::Ledger;

/// The plans and states of rotation, and when each key is due.
#[derive(Default)]
pub(crate) struct Rotations {
    plans: HashMap<Id, Shared<RotationPlan>>,
    states: HashMap<Id, Shared<Rotation>>,
    due: BTreeSet<(i64, Id)>,
}

impl Rotations {
    /// Of all rows at once, for these keys.
    pub(super) fn of<'a>(
        plans: HashMap<Id, Shared<RotationPlan>>,
        states: HashMap<Id, Shared<Rotation>>,
        keys: impl Iterator<Item = &'a ApiKey>,
    ) -> Self {
        let mut rotations = Self { plans, states, due: BTreeSet::new() };
        rotations.due = keys.filter_map(|key| Some((rotations.wake_ms(key)?, key.id))).collect();
        rotations
    }

    /// How a key is rotated, if that was ever set.
    pub(crate) fn plan(&self, id: Id) -> Option<&Shared<RotationPlan>> {
        self.plans.get(&id)
    }

    /// Where its rotation stands, if there was ever one.
    pub(crate) fn state(&self, id: Id) -> Option<&Shared<Rotation>> {
        self.states.get(&id)
    }

    /// Every key whose rotation has a state.
    pub(crate) fn states(&self) -> impl Iterator<Item = &Shared<Rotation>> {
        self.states.values()
    }

    /// When something is to be done, and for which key, soonest first.
    pub(crate) fn due(&self) -> impl Iterator<Item = (i64, Id)> + '_ {
        self.due.iter().copied()
    }

    pub(super) fn put_plan(&mut self, id: Id, row: Option<Shared<RotationPlan>>) {
        super::place(&mut self.plans, Some(id), row);
    }

    /// Its key is taken out before, and put in after.
    pub(super) fn put_state(&mut self, id: Id, row: Option<Shared<Rotation>>) {
        super::place(&mut self.states, Some(id), row);
    }

    /// A key, or the state of its rotation, is about to be another.
    pub(super) fn take_out(&mut self, key: Option<&ApiKey>) {
        if let Some((at, key)) = key.and_then(|key| Some((self.wake_ms(key)?, key))) {
            self.due.remove(&(at, key.id));
        }
    }

    /// A key and the state of its rotation are what they are from now on. Answers whether something is due sooner than
    /// anything else was.
    pub(super) fn put_in(&mut self, key: Option<&ApiKey>) -> bool {
        let Some((at, key)) = key.and_then(|key| Some((self.wake_ms(key)?, key))) else { return false };
        self.due.insert((at, key.id));
        self.due.first() == Some(&(at, key.id))
    }

    fn wake_ms(&self, key: &ApiKey) -> Option<i64> {
        wake_ms(key, self.states.get(&key.id).map(|row| &row.record))
    }
}

/// When something is to be done for a key. One in the bin is left alone; one that is switched off is not rotated by
/// itself.
fn wake_ms(key: &ApiKey, state: Option<&Rotation>) -> Option<i64> {
    if key.deleted_ms.is_some() {
        return None;
    }
    let idle = state.is_none_or(|state| state.run.is_none());
    let begins = key.next_rotation_ms.filter(|_| idle && key.status == Status::Active);
    begins.into_iter().chain(state.and_then(Ledger::wake_ms)).min()
}
