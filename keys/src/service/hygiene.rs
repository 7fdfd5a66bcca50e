//! How well keys are kept: which stand out, and how many. It counts what the tables and the meters know; no value is opened
//! for it.

use keyward_store::model::ApiKey;

use crate::caller::Caller;
use crate::error::Result;
use crate::input::Hygiene;
use crate::service::Service;
use crate::service::mirror::Tables;
use crate::view::KeyHygiene;

const DAY_MS: i64 = 24 * 3_600_000;

/// Days after which one value is old, and a key without calls idle.
const LONG_DAYS: u32 = 90;

impl Service {
    /// How many of the keys the caller may see stand out.
    pub async fn key_hygiene(&self, caller: &Caller) -> Result<KeyHygiene> {
        let account = caller.person()?;
        let now_ms = self.now_ms();
        let tables = self.mirror().read();
        let spaces = tables.memberships(account).iter().map(|member| member.record.space);
        let keys = spaces.filter_map(|space| tables.keys.space(space)).flat_map(|space| space.newest());
        let mut counted = KeyHygiene::default();
        for row in keys.filter_map(|(_, id)| tables.keys.get(id)) {
            let is = |hygiene| u64::from(self.stands_out(&tables, &row.record, hygiene, now_ms));
            counted.keys += 1;
            counted.never_rotated += is(Hygiene::NeverRotated);
            counted.no_limit += is(Hygiene::NoLimit);
            counted.idle += is(Hygiene::Idle);
            counted.overdue += is(Hygiene::Overdue);
            counted.rotate_now += is(Hygiene::RotateNow);
            counted.shared_value += is(Hygiene::SharedValue);
        }
        Ok(counted)
    }

    /// Whether a key stands out so.
    pub(crate) fn stands_out(&self, tables: &Tables, key: &ApiKey, hygiene: Hygiene, now_ms: i64) -> bool {
        match hygiene {
            Hygiene::NeverRotated => {
                key.current_version == 1 && now_ms - key.created_ms >= i64::from(LONG_DAYS) * DAY_MS
            }
            Hygiene::NoLimit => key.monthly_limit.is_none(),
            Hygiene::Idle => self.is_unused(key, LONG_DAYS, now_ms),
            Hygiene::Overdue => key.next_rotation_ms.is_some_and(|due_ms| due_ms < now_ms),
            Hygiene::RotateNow => key.exposed_version == Some(key.current_version),
            Hygiene::SharedValue => tables.marks.is_shared(key.id),
        }
    }

    /// Whether no call was made with a key for so many days; of one without calls, since it was made.
    pub(crate) fn is_unused(&self, key: &ApiKey, days: u32, now_ms: i64) -> bool {
        let used_ms = self.0.usage.totals(key.id, now_ms).last_used_ms.unwrap_or(key.created_ms);
        now_ms - used_ms.max(key.created_ms) >= i64::from(days) * DAY_MS
    }
}
