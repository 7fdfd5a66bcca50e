//! Alerts in memory: all of them by id, and what holds by rule and key.

use std::collections::HashMap;

use keyward_store::model::{Alert, Id};

use super::{Shared, place};

/// All alerts.
#[derive(Default)]
pub(crate) struct AlertIndex {
    rows: HashMap<Id, Shared<Alert>>,
    holding: HashMap<(Id, Id), Id>,
}

impl AlertIndex {
    /// Puts an alert in place of what was there; `None` removes it.
    pub(super) fn put(&mut self, id: Option<Id>, row: Option<Shared<Alert>>) {
        let Some(id) = id else { return };
        if let Some(old) = self.rows.get(&id) {
            let held = (old.record.rule, old.record.api_key);
            if self.holding.get(&held) == Some(&id) {
                self.holding.remove(&held);
            }
        }
        if let Some(row) = row.as_ref().filter(|row| row.record.cleared_ms.is_none()) {
            self.holding.insert((row.record.rule, row.record.api_key), id);
        }
        place(&mut self.rows, Some(id), row);
    }

    /// One alert.
    pub(crate) fn get(&self, id: Id) -> Option<&Shared<Alert>> {
        self.rows.get(&id)
    }

    /// All alerts, in no order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Shared<Alert>> {
        self.rows.values()
    }

    /// Those whose condition holds.
    pub(crate) fn holding(&self) -> impl Iterator<Item = &Shared<Alert>> {
        self.holding.values().filter_map(|id| self.rows.get(id))
    }

    /// The one of this rule and key whose condition holds.
    pub(crate) fn held(&self, rule: Id, api_key: Id) -> Option<&Shared<Alert>> {
        self.rows.get(self.holding.get(&(rule, api_key))?)
    }
}
