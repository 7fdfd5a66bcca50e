//! Webhooks in memory, and the messages that wait to be sent to them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use keyward_store::model::{Delivery, DeliveryState, Id, Webhook};

use super::{Shared, place};

/// Webhooks and their messages.
#[derive(Default)]
pub(crate) struct Posted {
    webhooks: HashMap<Id, Shared<Webhook>>,
    /// By whose they are: a person, or a space.
    owned: HashMap<Id, BTreeSet<Id>>,
    /// Each webhook's messages, by when they were written, and when those that wait go out.
    messages: HashMap<Id, BTreeMap<(i64, Id), Option<i64>>>,
    /// Messages that are to be sent, the one that is due first in front: when, the webhook, and when and as what it was
    /// written.
    pending: BTreeSet<(i64, Id, i64, Id)>,
    /// The same of messages that are held, to go out together: until when.
    held: BTreeSet<(i64, Id, i64, Id)>,
}

impl Posted {
    /// Puts a webhook in place of what was there; `None` removes it.
    pub(super) fn put_webhook(&mut self, id: Option<Id>, row: Option<Shared<Webhook>>) {
        let Some(id) = id else { return };
        let owner = |row: &Webhook| row.space.or(row.account);
        if let Some(owner) = self.webhooks.get(&id).and_then(|old| owner(&old.record))
            && let Some(own) = self.owned.get_mut(&owner)
        {
            own.remove(&id);
            if own.is_empty() {
                self.owned.remove(&owner);
            }
        }
        if let Some(owner) = row.as_ref().and_then(|row| owner(&row.record)) {
            self.owned.entry(owner).or_default().insert(id);
        }
        place(&mut self.webhooks, Some(id), row);
    }

    /// The same of a message.
    pub(super) fn put_message(&mut self, key: &[u8], row: Option<Shared<Delivery>>) {
        let Some((webhook, created_ms, id)) = Delivery::parts(key) else { return };
        let all = self.messages.entry(webhook).or_default();
        if let Some(Some(next_ms)) = all.remove(&(created_ms, id)) {
            self.pending.remove(&(next_ms, webhook, created_ms, id));
            self.held.remove(&(next_ms, webhook, created_ms, id));
        }
        if let Some(row) = row {
            let waits = match row.record.state {
                DeliveryState::Pending => Some(&mut self.pending),
                DeliveryState::Held => Some(&mut self.held),
                DeliveryState::Delivered | DeliveryState::Failed | DeliveryState::Digested => None,
            };
            all.insert((created_ms, id), waits.is_some().then_some(row.record.next_ms));
            waits.into_iter().for_each(|all| {
                all.insert((row.record.next_ms, webhook, created_ms, id));
            });
        } else if all.is_empty() {
            self.messages.remove(&webhook);
        }
    }

    /// A webhook.
    pub(crate) fn webhook(&self, id: Id) -> Option<&Shared<Webhook>> {
        self.webhooks.get(&id)
    }

    /// A webhook's messages, oldest first, and when those that wait go out.
    pub(crate) fn messages(&self, webhook: Id) -> &BTreeMap<(i64, Id), Option<i64>> {
        const NONE: &BTreeMap<(i64, Id), Option<i64>> = &BTreeMap::new();
        self.messages.get(&webhook).unwrap_or(NONE)
    }

    /// The webhooks of a person, or of a space.
    pub(crate) fn of(&self, owner: Id) -> impl Iterator<Item = &Shared<Webhook>> {
        let ids = self.owned.get(&owner).into_iter().flatten();
        ids.filter_map(|id| self.webhooks.get(id))
    }

    /// A webhook with messages that were held long enough, and their rows' keys, oldest first.
    pub(crate) fn released(&self, now_ms: i64) -> Option<(Shared<Webhook>, Vec<Vec<u8>>)> {
        let mut due = self.held.iter().take_while(|(until_ms, ..)| *until_ms <= now_ms);
        let hook =
            due.find_map(|(_, webhook, ..)| self.webhooks.get(webhook).filter(|hook| !hook.record.disabled))?;
        let id = hook.record.id;
        let of_it = self.held.iter().take_while(|(until_ms, ..)| *until_ms <= now_ms);
        let of_it = of_it.filter(|(_, webhook, ..)| *webhook == id);
        let mut keys: Vec<_> =
            of_it.map(|(_, _, created_ms, row)| Delivery::row_key(id, *created_ms, *row)).collect();
        keys.sort_unstable();
        Some((hook.clone(), keys))
    }

    /// Messages that are due, each with its webhook and its row's key; what waits longest first.
    pub(crate) fn due(&self, now_ms: i64) -> impl Iterator<Item = (Shared<Webhook>, Vec<u8>)> {
        let due = self.pending.iter().take_while(move |(next_ms, ..)| *next_ms <= now_ms);
        due.filter_map(|(_, webhook, created_ms, id)| {
            let hook = self.webhooks.get(webhook).filter(|hook| !hook.record.disabled)?;
            Some((hook.clone(), Delivery::row_key(*webhook, *created_ms, *id)))
        })
    }
}
