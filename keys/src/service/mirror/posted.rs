//! Webhooks in memory, and the messages that wait to be sent to them.

use super::{Delivery, DeliveryState, Id, Shared, Tables, Webhook, place};

impl Tables {
    pub(super) fn webhook(&mut self, id: Option<Id>, row: Option<Shared<Webhook>>) {
        let Some(id) = id else { return };
        let owner = |row: &Webhook| row.space.or(row.account);
        if let Some(owner) = self.webhooks.get(&id).and_then(|old| owner(&old.record))
            && let Some(own) = self.webhooks_of.get_mut(&owner)
        {
            own.remove(&id);
            if own.is_empty() {
                self.webhooks_of.remove(&owner);
            }
        }
        if let Some(owner) = row.as_ref().and_then(|row| owner(&row.record)) {
            self.webhooks_of.entry(owner).or_default().insert(id);
        }
        place(&mut self.webhooks, Some(id), row);
    }

    pub(super) fn delivery(&mut self, key: &[u8], row: Option<Shared<Delivery>>) {
        let Some((webhook, created_ms, id)) = Delivery::parts(key) else { return };
        let all = self.deliveries.entry(webhook).or_default();
        if let Some(Some(next_ms)) = all.remove(&(created_ms, id)) {
            self.pending.remove(&(next_ms, webhook, created_ms, id));
        }
        if let Some(row) = row {
            let next = (row.record.state == DeliveryState::Pending).then_some(row.record.next_ms);
            all.insert((created_ms, id), next);
            self.pending.extend(next.map(|next_ms| (next_ms, webhook, created_ms, id)));
        } else if all.is_empty() {
            self.deliveries.remove(&webhook);
        }
    }

    /// The webhooks of a person, or of a space.
    pub(crate) fn webhooks_of(&self, owner: Id) -> impl Iterator<Item = &Shared<Webhook>> {
        let ids = self.webhooks_of.get(&owner).into_iter().flatten();
        ids.filter_map(|id| self.webhooks.get(id))
    }

    /// Messages that are due, each with its webhook and its row's key; what waits longest first.
    pub(crate) fn due_deliveries(&self, now_ms: i64) -> impl Iterator<Item = (Shared<Webhook>, Vec<u8>)> {
        let due = self.pending.iter().take_while(move |(next_ms, ..)| *next_ms <= now_ms);
        due.filter_map(|(_, webhook, created_ms, id)| {
            let hook = self.webhooks.get(webhook).filter(|hook| !hook.record.disabled)?;
            Some((hook.clone(), Delivery::row_key(*webhook, *created_ms, *id)))
        })
    }
}
