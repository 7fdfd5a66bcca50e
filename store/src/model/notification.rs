//! Notifications: one message to one person. And what has to be remembered so that each thing is told once.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// One message to one person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notification {
    /// The row's id.
    pub id: Id,
    /// To whom.
    pub account: Id,
    /// What it is about, by name: a person can mute a type.
    pub kind: String,
    /// The key it is about, if any.
    pub api_key: Option<Id>,
    /// In words, without values.
    pub message: String,
    /// The person has seen it.
    pub read: bool,
    /// When, ms since the epoch.
    pub created_ms: i64,
}

impl Notification {
    /// The row key: a person's notifications lie together, oldest first.
    pub fn row_key(account: Id, created_ms: i64, id: Id) -> Vec<u8> {
        let created = created_ms.unsigned_abs().to_be_bytes();
        [account.as_bytes().as_slice(), &created, id.as_bytes()].concat()
    }

    /// What [`Notification::row_key`] was made of.
    pub fn parts(key: &[u8]) -> Option<(Id, i64, Id)> {
        let created = u64::from_be_bytes(key.get(12..20)?.try_into().ok()?);
        Some((Id::from_slice(key.get(..12)?)?, i64::try_from(created).ok()?, Id::from_slice(key.get(20..)?)?))
    }
}

impl Record for Notification {
    const TABLE: Table = Table("notification");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.account, self.created_ms, self.id)
    }
}

/// Which alert a notification tells of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NotificationAlert {
    /// The notification's row key, which is this row's too.
    pub row_key: Vec<u8>,
    /// The alert.
    pub alert: Id,
}

impl Record for NotificationAlert {
    const TABLE: Table = Table("notification_alert");

    fn key(&self) -> Vec<u8> {
        self.row_key.clone()
    }
}

/// That a key's people were told how far its month has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LimitNotice {
    /// The key.
    pub api_key: Id,
    /// Percent of its monthly limit.
    pub percent: u8,
    /// When the month began, ms since the epoch.
    pub month_ms: i64,
}

impl LimitNotice {
    /// The row's key.
    pub fn row_key(api_key: Id, percent: u8) -> Vec<u8> {
        [api_key.as_bytes().as_slice(), &[percent]].concat()
    }
}

impl Record for LimitNotice {
    const TABLE: Table = Table("limit_notice");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.api_key, self.percent)
    }
}

/// An address from which a person has signed in before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownAddress {
    /// The person.
    pub account: Id,
    /// An IPv4 address, or the /64 of an IPv6 address.
    pub network: String,
    /// When it was first seen, ms since the epoch.
    pub since_ms: i64,
}

impl Record for KnownAddress {
    const TABLE: Table = Table("known_address");

    fn key(&self) -> Vec<u8> {
        [self.account.as_bytes().as_slice(), self.network.as_bytes()].concat()
    }
}
