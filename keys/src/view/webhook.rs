//! What doors show of webhooks and of what was sent to them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Delivery, DeliveryState, Id, Timing, Webhook};

use crate::clock::timestamp;
use crate::rotation::schedule::quiet_text;
use crate::timing::digest_text;
use crate::view::Pagination;

/// A webhook, without its secret.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The address, without its query; of a chat's, which is a secret by itself, only the host.
    pub url: String,
    /// How messages are written: `standard`, `slack`, `discord`, `ntfy` or `email`.
    pub format: String,
    /// Kinds of notifications that are sent; all when empty.
    pub events: Vec<String>,
    /// The team whose it is; the caller's own when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Id>,
    /// Nothing is sent.
    pub disabled: bool,
    /// When messages go out.
    pub timing: TimingView,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<&Webhook> for WebhookView {
    fn from(row: &Webhook) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            url: row.shown.clone(),
            format: row.format.clone(),
            events: row.events.clone(),
            team: row.space,
            disabled: row.disabled,
            timing: TimingView::from(&row.timing),
            created_at: timestamp(row.created_ms),
        }
    }
}

/// When a webhook's messages go out.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimingView {
    /// Messages of this time of day wait for its end.
    pub quiet_hours: Option<String>,
    /// Messages wait for this time.
    pub digest: Option<String>,
    /// The time zone of both; the profile's, or UTC for a team's, when none.
    pub timezone: Option<String>,
    /// What is urgent waits for nothing.
    pub urgent_at_once: bool,
}

impl From<&Timing> for TimingView {
    fn from(timing: &Timing) -> Self {
        Self {
            quiet_hours: timing.quiet.map(quiet_text),
            digest: timing.digest.map(digest_text),
            timezone: timing.zone.clone(),
            urgent_at_once: timing.urgent_at_once,
        }
    }
}

/// How far a message has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It is to be sent, or sent again.
    Pending,
    /// It arrived.
    Delivered,
    /// It was given up.
    Failed,
    /// It waits, for the end of quiet hours or the next digest.
    Held,
    /// It went out within a digest.
    Digested,
}

/// One message to a webhook.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// What the message is known by: its `webhook-id`.
    #[serde(rename = "_id")]
    pub id: Id,
    /// The kind of notification.
    pub event: String,
    /// The key it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// In words.
    pub message: String,
    /// How far it has come.
    pub state: DeliveryStatus,
    /// How often it was sent.
    pub attempts: u32,
    /// When it is sent next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
    /// The last answer's status, of HTTP or of SMTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
}

impl From<&Delivery> for DeliveryView {
    fn from(row: &Delivery) -> Self {
        let (state, waits) = match row.state {
            DeliveryState::Pending => (DeliveryStatus::Pending, true),
            DeliveryState::Delivered => (DeliveryStatus::Delivered, false),
            DeliveryState::Failed => (DeliveryStatus::Failed, false),
            DeliveryState::Held => (DeliveryStatus::Held, true),
            DeliveryState::Digested => (DeliveryStatus::Digested, false),
        };
        Self {
            id: row.id,
            event: row.event.clone(),
            api_key_id: row.api_key,
            message: row.message.clone(),
            state,
            attempts: row.attempts,
            next_attempt: waits.then(|| timestamp(row.next_ms)),
            status: row.status,
            detail: Some(row.detail.clone()).filter(|detail| !detail.is_empty()),
            created_at: timestamp(row.created_ms),
            sent_at: row.sent_ms.map(timestamp),
        }
    }
}

/// One page of deliveries.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct DeliveryPage {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
    /// Where this page is among all.
    pub pagination: Pagination,
}
