//! The running daemon for operators: what its counters stand at now. It measures nothing itself and keeps no history.

use keyward_store::Condition;
use keyward_store::model::SpaceKind;

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::{Process, Service};
use crate::view::{MonitorView, ProcessView, StoreCounts};

impl Service {
    /// The daemon at this moment; from memory, so that it may be asked for each second.
    pub fn monitor(&self, caller: &Caller) -> Result<MonitorView> {
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::MetricsRead, Target::Instance, None)?;
        let (people, keys, tokens) = (tables.accounts.len(), tables.keys.rows().count(), tables.tokens.len());
        let teams = tables.spaces.values().filter(|space| space.record.kind == SpaceKind::Team).count();
        drop(tables);
        let (meters, waiting, load) = (self.meters(), self.store().waiting(), self.0.kdf.load());
        let (last_backup, failed_backup) = self.0.backups.shown();
        Ok(MonitorView {
            at: timestamp(self.now_ms()),
            uptime: self.0.opened.elapsed().as_secs_f64(),
            requests: meters.request_counts(),
            store: StoreCounts {
                writable: self.store().condition() == Condition::Fine,
                waiting: waiting.requests as u64,
                waiting_bytes: waiting.bytes as u64,
                ..meters.store_counts()
            },
            process: Process::now().map(|process| ProcessView {
                resident_bytes: process.resident_bytes,
                open_files: process.open_files,
                cpu_seconds: process.cpu_seconds,
            }),
            derivations_running: load.running as u64,
            derivations_waiting: load.waiting as u64,
            sessions: meters.session_counts(),
            jobs: meters.job_views(),
            last_backup,
            failed_backup,
            people: people as u64,
            teams: teams as u64,
            keys: keys as u64,
            tokens: tokens as u64,
        })
    }
}
