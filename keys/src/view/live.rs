//! What live clients are sent, under the names of the specification's events.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;

use keyward_store::model::{Id, RotationHealth, RotationPhase, RotationStep};

use crate::view::{KeyView, NotificationUpdate, RotationState};

/// An event with its name: `{"event":…,"data":…}`.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum LiveEvent {
    /// Calls were reported.
    UsageUpdate(UsageUpdate),
    /// A key was made, changed or deleted.
    ApiKeyUpdate(Box<KeyUpdate>),
    /// There is a new notification.
    Notification(NotificationUpdate),
    /// Something that everybody has to know.
    SystemAlert(SystemAlert),
    /// Events were missed.
    Resync(Resync),
}

/// `usage_update`: calls that were reported since the last one about this key.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageUpdate {
    /// The key's `_id`.
    pub api_key_id: Id,
    /// The key's `ak_…` id.
    pub key_id: String,
    /// What was added.
    pub usage: UsageDelta,
    /// Where the key stands with it.
    pub stats: UsageStats,
    /// The moment of `stats`.
    pub timestamp: Timestamp,
}

/// Calls since the last update, and the newest of them that was reported by itself.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageDelta {
    /// Calls.
    pub requests: u64,
    /// Those with a status of 400 and above.
    pub errors: u64,
    /// The newest call's endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Box<str>>,
    /// Its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Its response time, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_time: Option<f64>,
}

/// A key's totals, exact at the moment they are read.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageStats {
    /// Calls ever.
    pub usage_count: u64,
    /// Those with a status of 400 and above.
    pub error_count: u64,
    /// Calls this month (UTC).
    pub current_month_usage: u64,
    /// Calls a month it should not exceed.
    pub monthly_limit: Option<u64>,
    /// What is left of it.
    pub remaining: Option<u64>,
    /// It is exceeded.
    pub exceeded: bool,
    /// Calls in the last 60 seconds.
    pub requests_last_minute: u64,
    /// Those with a status of 400 and above.
    pub errors_last_minute: u64,
    /// The newest call.
    pub last_used: Option<Timestamp>,
}

/// What became of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyAction {
    /// It is new.
    Created,
    /// Something about it changed.
    Updated,
    /// It went to the bin, or to another space.
    Deleted,
}

/// `api_key_update`: a key was made, changed or deleted.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyUpdate {
    /// The key's `_id`.
    pub api_key_id: Id,
    /// What became of it.
    pub action: KeyAction,
    /// The key as it stands now; none when it is gone.
    pub key: Option<KeyView>,
    /// Where its rotation stands, which is told with each step; none when it was never rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationProgress>,
    /// The moment of this message.
    pub timestamp: Timestamp,
}

/// Where the rotation of a key stands, without what only its people may know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationProgress {
    /// What it does at this moment.
    pub state: RotationState,
    /// How it goes.
    pub health: RotationHealth,
    /// The step of what is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<RotationStep>,
    /// How far that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<RotationPhase>,
    /// The current version.
    pub version: u32,
    /// The pending one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending: Option<u32>,
}

/// `system_alert`: what everybody is told about the instance.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SystemAlert {
    #[serde(rename = "type")]
    kind: &'static str,
    /// In words.
    pub message: Cow<'static, str>,
    /// Until the daemon is down, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
}

impl SystemAlert {
    /// One of this type, such as `store_down`.
    pub fn new(kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), seconds: None }
    }

    /// The daemon is going down, at most so many seconds from now.
    pub fn shutdown(seconds: u32) -> Self {
        let alert = Self::new("shutdown", "the daemon is going down; come back in a moment");
        Self { seconds: Some(seconds), ..alert }
    }

    /// It tells of the end of the daemon.
    pub fn is_shutdown(&self) -> bool {
        self.seconds.is_some()
    }

    /// One of the daemon's jobs failed.
    pub fn job_failed(job: &str) -> Self {
        Self::new(
            "job_failed",
            format!("the daemon's job {job} failed, and is tried again; the log says why"),
        )
    }

    /// It works again.
    pub fn job_ok(job: &str) -> Self {
        Self::new("job_ok", format!("the daemon's job {job} works again"))
    }

    /// An operator tells everybody something.
    pub fn announcement(message: String) -> Self {
        Self::new("announcement", message)
    }
}

/// `resync`: events were missed, by somebody who did not keep up or was away.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Resync {
    /// In words, with what to do.
    pub reason: &'static str,
}

impl Default for Resync {
    fn default() -> Self {
        Self { reason: "events were missed: read again what you show" }
    }
}
