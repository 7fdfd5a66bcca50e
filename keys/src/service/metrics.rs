//! `/metrics`: what is only known when it is looked at is read here, from memory; then everything as text.

use keyward_store::Store;
use keyward_store::model::SpaceKind;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::meters::{Meters, Readings};
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::keys::status_of;
use crate::service::mirror::Tables;
use crate::service::rotation::state_of;
use crate::service::{Process, Service};
use crate::view::{KeyStatus, RotationState};

const DAY_MS: i64 = 24 * 3_600_000;

impl Service {
    /// The counters, for doors to count with.
    pub fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// All metrics in Prometheus' text format (0.0.4).
    pub async fn metrics(&self, caller: &Caller, process: Option<Process>) -> Result<String> {
        authorise(&self.mirror().read(), caller, Permission::MetricsRead, Target::Instance, None)?;
        let read = &self.0.meters.read;
        let now_ms = self.now_ms();
        self.count_tables(read, now_ms);
        let waiting = self.store().waiting();
        read.queue_requests.set(to_gauge(waiting.requests));
        read.queue_bytes.set(to_gauge(waiting.bytes));
        read.store_writable.set(i64::from(self.store().condition() == keyward_store::Condition::Fine));
        let load = self.0.kdf.load();
        read.kdf.with_label_values(&["running"]).set(to_gauge(load.running));
        read.kdf.with_label_values(&["waiting"]).set(to_gauge(load.waiting));
        let head = super::audit::head(&self.store().snapshot().await?).await?;
        read.audit_records.set(i64::try_from(head.size).unwrap_or(i64::MAX));
        read.audit_unsigned.set(i64::try_from(self.0.audit.unsigned()).unwrap_or(i64::MAX));
        read.last_backup.set(self.0.backups.last_seconds());
        read.uptime.set(self.0.opened.elapsed().as_secs_f64());
        read.started.set(self.0.opened_ms as f64 / 1000.0);
        if let Some(process) = process {
            read.resident_bytes.set(i64::try_from(process.resident_bytes).unwrap_or(i64::MAX));
            read.open_files.set(i64::try_from(process.open_files).unwrap_or(i64::MAX));
            read.cpu_seconds.inc_by((process.cpu_seconds - read.cpu_seconds.get()).max(0.0));
        }
        self.0.meters.text().map_err(|error| Error::Internal(Box::new(error)))
    }

    fn count_tables(&self, read: &Readings, now_ms: i64) {
        let tables = self.mirror().read();
        read.people.set(to_gauge(tables.accounts.len()));
        for (window, days) in [("1d", 1), ("7d", 7), ("30d", 30)] {
            let since = now_ms - days * DAY_MS;
            read.people_active.with_label_values(&[window]).set(to_gauge(active(&tables, since)));
        }
        let mut keys = [0; 3];
        for row in tables.keys.rows() {
            keys[match status_of(&row.record, now_ms) {
                KeyStatus::Active => 0,
                KeyStatus::Inactive => 1,
                KeyStatus::Expired => 2,
            }] += 1;
        }
        for (status, count) in ["active", "inactive", "expired"].iter().zip(keys) {
            read.keys.with_label_values(&[status]).set(count);
        }
        read.keys.with_label_values(&["deleted"]).set(to_gauge(tables.keys.binned().count()));
        let overdue =
            tables.keys.rows().filter(|row| row.record.next_rotation_ms.is_some_and(|at| at < now_ms));
        read.rotations_overdue.set(to_gauge(overdue.count()));
        let open = |state| tables.rotations.states().filter(|row| state_of(&row.record) == state).count();
        for (word, state) in [
            ("running", RotationState::Running),
            ("retrying", RotationState::Retrying),
            ("waiting", RotationState::Waiting),
            ("stopped", RotationState::Stopped),
        ] {
            read.rotations_open.with_label_values(&[word]).set(to_gauge(open(state)));
        }
        read.messages_waiting.set(to_gauge(tables.posted.due(now_ms).count()));
        read.tokens.set(to_gauge(tables.tokens.len()));
        let teams = tables.spaces.values().filter(|space| space.record.kind == SpaceKind::Team);
        read.teams.set(to_gauge(teams.count()));
        let open = tables.sessions.values().filter(|session| session.record.expires_ms > now_ms);
        read.signed_in.set(to_gauge(open.count()));
    }
}

/// Accounts that signed in, or whose session was used, since a moment.
fn active(tables: &Tables, since_ms: i64) -> usize {
    let signed_in = tables
        .accounts
        .values()
        .filter(|account| account.record.security.last_login_ms.is_some_and(|at| at >= since_ms));
    let seen = tables.sessions.values().filter(|session| session.record.last_seen_ms >= since_ms);
    let ids = signed_in.map(|row| row.record.id).chain(seen.map(|row| row.record.account));
    ids.collect::<std::collections::HashSet<_>>().len()
}

fn to_gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
