//! Webhooks: where notifications are sent besides, and each message on its way there. A message is written with what it
//! tells of, so neither is lost without the other.

use serde::{Deserialize, Serialize};

use crate::model::{Id, QuietHours};
use crate::table::{Record, Table};

/// An address that notifications are sent to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// The row's id.
    pub id: Id,
    /// Whose it is: what they are told is sent there. None when it is a team's.
    pub account: Option<Id>,
    /// The team whose it is.
    pub space: Option<Id>,
    /// Its name.
    pub name: String,
    /// How messages are written, by name: `standard`, `slack`, `discord`, `ntfy`.
    pub format: String,
    /// The address as it may be shown.
    pub shown: String,
    /// Address and secret, sealed to the system.
    pub sealed: Vec<u8>,
    /// Kinds of notifications that are sent; none means all.
    pub events: Vec<String>,
    /// Nothing is sent.
    pub disabled: bool,
    /// When messages are sent.
    pub timing: Timing,
    /// When it was made, ms since the epoch.
    pub created_ms: i64,
}

impl Record for Webhook {
    const TABLE: Table = Table("webhook");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }
}

/// When messages are sent: at once, where nothing says otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timing {
    /// Messages of this time of day wait for its end.
    pub quiet: Option<QuietHours>,
    /// Messages wait for this time.
    pub digest: Option<Digest>,
    /// The IANA time zone of both; its person's when none.
    pub zone: Option<String>,
    /// What is urgent waits for nothing.
    pub urgent_at_once: bool,
}

/// When what came since the last time is sent, as one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Digest {
    /// On which day of the week, Monday is 1; every day when none.
    pub day: Option<u8>,
    /// At which minute after midnight.
    pub minute: u16,
}

/// How far a message has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It is to be sent, or sent again.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Failed,
    /// It waits for others, to go out with them.
    Held,
    /// It went out within another.
    Digested,
}

/// One message to a webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// The row's id: what the message is known by, however often it is sent.
    pub id: Id,
    /// Where to.
    pub webhook: Id,
    /// The kind of notification.
    pub event: String,
    /// The key it is about.
    pub api_key: Option<Id>,
    /// In words, without values.
    pub message: String,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was sent.
    pub attempts: u32,
    /// When it is sent next, ms since the epoch.
    pub next_ms: i64,
    /// The last answer's status.
    pub status: Option<u16>,
    /// What went wrong last, in words.
    pub detail: String,
    /// When it was written, ms since the epoch.
    pub created_ms: i64,
    /// When it was last sent, ms since the epoch.
    pub sent_ms: Option<i64>,
}

impl Delivery {
    /// The row's key: a webhook's messages lie together, oldest first.
    pub fn row_key(webhook: Id, created_ms: i64, id: Id) -> Vec<u8> {
        let created = created_ms.unsigned_abs().to_be_bytes();
        [webhook.as_bytes().as_slice(), &created, id.as_bytes()].concat()
    }

    /// What [`Delivery::row_key`] was made of.
    pub fn parts(key: &[u8]) -> Option<(Id, i64, Id)> {
        let created = u64::from_be_bytes(key.get(12..20)?.try_into().ok()?);
        Some((Id::from_slice(key.get(..12)?)?, i64::try_from(created).ok()?, Id::from_slice(key.get(20..)?)?))
    }
}

impl Record for Delivery {
    const TABLE: Table = Table("webhook_delivery");

    fn key(&self) -> Vec<u8> {
        Self::row_key(self.webhook, self.created_ms, self.id)
    }
}

/// Which alert a message tells of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryAlert {
    /// The message's row key, which is this row's too.
    pub row_key: Vec<u8>,
    /// The alert.
    pub alert: Id,
}

impl Record for DeliveryAlert {
    const TABLE: Table = Table("webhook_delivery_alert");

    fn key(&self) -> Vec<u8> {
        self.row_key.clone()
    }
}
