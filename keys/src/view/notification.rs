//! What doors show of notifications.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::{Id, Notification};

use crate::clock::timestamp;
use crate::view::Pagination;

/// One message to the person who reads it.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// What it is about, such as `monthly_limit`; a type can be muted.
    #[serde(rename = "type")]
    pub kind: String,
    /// The key it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<Id>,
    /// The alert that it tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<Id>,
    /// In words.
    pub message: String,
    /// The person has seen it.
    pub read: bool,
    /// When it was sent.
    pub created_at: Timestamp,
}

impl NotificationView {
    /// A notification, and the alert that it tells of.
    pub(crate) fn of(row: &Notification, alert_id: Option<Id>) -> Self {
        Self {
            id: row.id,
            kind: row.kind.clone(),
            api_key_id: row.api_key,
            alert_id,
            message: row.message.clone(),
            read: row.read,
            created_at: timestamp(row.created_ms),
        }
    }
}

/// One page of notifications.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct NotificationPage {
    /// Newest first.
    pub notifications: Vec<NotificationView>,
    /// How many are not read, on all pages.
    pub unread: u64,
    /// Where this page is among all.
    pub pagination: Pagination,
}

/// `notification`: a new one, and how many are not read with it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct NotificationUpdate {
    /// The new one.
    #[serde(flatten)]
    pub notification: NotificationView,
    /// How many are not read.
    pub unread: u64,
}
