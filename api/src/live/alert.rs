//! When everybody is told how the store is, as `system_alert`.

use keyward_keys::view::SystemAlert;
use keyward_keys::{Health, StoreHealth};

/// Free bytes under which room for the database is running out.
const LITTLE_ROOM: u64 = 256 << 20;

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
    pub(super) fn alert(self) -> SystemAlert {
        match self {
            Self::Fine => SystemAlert::new("store_ok", "all is well again: changes are taken"),
            Self::LittleRoom => SystemAlert::new(
                "store_space_low",
                "the daemon's disk is nearly full; an operator should make room",
            ),
            Self::ReadOnly => SystemAlert::new(
                "store_read_only",
                "nothing can be changed for now; what is there can be read",
            ),
            Self::Down => SystemAlert::new("store_down", "the store does not answer"),
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
        let told = SystemAlert::new(
            "store_space_low",
            "the daemon's disk is nearly full; an operator should make room",
        );
        assert_eq!(Condition::LittleRoom.alert(), told);
    }
}
