//! What people were told, and where they signed in from, in memory.

use keyward_store::model::{Id, KnownAddress, Notification};

use super::{Shared, Tables, place};

impl Tables {
    pub(super) fn notice(&mut self, key: &[u8], row: Option<Shared<Notification>>) {
        let Some((account, created_ms, id)) = Notification::parts(key) else { return };
        let notices = self.notices.entry(account).or_default();
        match row {
            Some(row) => notices.insert((created_ms, id), row.record.read),
            None => notices.remove(&(created_ms, id)),
        };
    }

    pub(super) fn address(&mut self, key: &[u8], row: Option<Shared<KnownAddress>>) {
        let (Some(account), Some(network)) = (
            key.get(..12).and_then(Id::from_slice),
            key.get(12..).and_then(|text| std::str::from_utf8(text).ok()),
        ) else {
            return;
        };
        place(self.addresses.entry(account).or_default(), Some(network.to_owned()), row);
    }

    /// How many of a person's notifications are not read.
    pub(crate) fn unread(&self, account: Id) -> u64 {
        let notices = self.notices.get(&account).into_iter().flatten();
        notices.filter(|(_, read)| !**read).count() as u64
    }
}
