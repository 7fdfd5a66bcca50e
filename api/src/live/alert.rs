//! `system_alert`: what everybody is told about the instance, and when.

use std::borrow::Cow;

use keyward_keys::{Health, StoreHealth};
use serde::Serialize;

/// Free bytes under which room for the database is running out.
const LITTLE_ROOM: u64 = 256 << 20;

#[derive(PartialEq, Debug, Serialize)]
pub(super) struct Alert {
    #[serde(rename = "type")]
    kind: &'static str,
    message: Cow<'static, str>,
    /// Until the daemon is down, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u32>,
}

impl Alert {
    fn new(kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), seconds: None }
    }

    pub(super) fn shutdown(seconds: u32) -> Self {
        let alert = Self::new("shutdown", "the daemon is going down; come back in a moment");
        Self { seconds: Some(seconds), ..alert }
    }

    pub(super) fn job_failed(job: &str) -> Self {
        Self::new(
            "job_failed",
            format!("the daemon's job {job} failed, and is tried again; the log says why"),
        )
    }

    pub(super) fn job_ok(job: &str) -> Self {
        Self::new("job_ok", format!("the daemon's job {job} works again"))
    }

    pub(super) fn announcement(message: String) -> Self {
        Self::new("announcement", message)
    }
}

/// How the store was when it was last looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Condition {
    Fine,
    LittleRoom,
    ReadOnly,
    Down,
}

impl Condition {
    pub(super) fn of(health: &Health) -> Self {
        match health.store {
            StoreHealth::Disconnected => Self::Down,
            StoreHealth::ReadOnly => Self::ReadOnly,
            StoreHealth::Connected if health.room < LITTLE_ROOM => Self::LittleRoom,
            StoreHealth::Connected => Self::Fine,
        }
    }

    /// What is said of a change to this.
    pub(super) fn alert(self) -> Alert {
        match self {
            Self::Fine => Alert::new("store_ok", "all is well again: changes are taken"),
            Self::LittleRoom => Alert::new(
                "store_space_low",
                "the daemon's disk is nearly full; an operator should make room",
            ),
            Self::ReadOnly => {
                Alert::new("store_read_only", "nothing can be changed for now; what is there can be read")
            }
            Self::Down => Alert::new("store_down", "the store does not answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_told_of_before_it_is_full() {
        let health = |store, room| Health {
            store,
            room,
            jobs: true,
            failing_jobs: Default::default(),
            started: jiff::Timestamp::UNIX_EPOCH,
            uptime: Duration::ZERO,
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        for (store, room, condition) in [
            (StoreHealth::Connected, u64::MAX, Condition::Fine),
            (StoreHealth::Connected, LITTLE_ROOM, Condition::Fine),
            (StoreHealth::Connected, LITTLE_ROOM - 1, Condition::LittleRoom),
            (StoreHealth::ReadOnly, 0, Condition::ReadOnly),
            (StoreHealth::Disconnected, u64::MAX, Condition::Down),
        ] {
            assert_eq!(Condition::of(&health(store, room)), condition);
        }
        assert_eq!(Condition::LittleRoom.alert().kind, "store_space_low");
    }
}
