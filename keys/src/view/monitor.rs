//! What operators see of the running daemon. Counters stand since its start: two readings give what happened between them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::{BackupView, FailedBackupView};

/// The daemon at one moment.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitorView {
    /// The moment.
    pub at: Timestamp,
    /// Seconds since the start.
    pub uptime: f64,
    /// HTTP requests.
    pub requests: RequestCounts,
    /// The store.
    pub store: StoreCounts,
    /// What the system says of the process, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessView>,
    /// Slow key derivations (passwords, passphrases) that run.
    pub derivations_running: u64,
    /// Those that wait.
    pub derivations_waiting: u64,
    /// Open sessions by kind: dashboards, commands, live connections of each sort.
    pub sessions: Vec<SessionCount>,
    /// The daemon's jobs that have run.
    pub jobs: Vec<JobView>,
    /// The last backup; absent when none was ever made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<BackupView>,
    /// One that did not come about since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_backup: Option<FailedBackupView>,
    /// Accounts.
    pub people: u64,
    /// Teams.
    pub teams: u64,
    /// API keys, the bin not counted.
    pub keys: u64,
    /// Service tokens.
    pub tokens: u64,
}

/// HTTP requests since the start.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestCounts {
    /// Answered ones.
    pub answered: u64,
    /// Those with a status of 400 to 499.
    pub client_errors: u64,
    /// Those with a status of 500 and above.
    pub server_errors: u64,
    /// Those that are being answered.
    pub in_flight: u64,
    /// How long answers took.
    pub times: Times,
}

/// The store since the start.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreCounts {
    /// It takes writes.
    pub writable: bool,
    /// How long durable commits took, which many requests may share.
    pub commits: Times,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Reported calls that were stored.
    pub usage_events: u64,
    /// Requests that wait to be written.
    pub waiting: u64,
    /// Their bytes, by a rough count.
    pub waiting_bytes: u64,
}

/// How long something took, as counts of what took at most so long.
#[derive(Clone, PartialEq, Debug, Default, Serialize, ToSchema)]
pub struct Times {
    /// How many there were.
    pub count: u64,
    /// Upper bounds, seconds, rising.
    pub bounds: Vec<f64>,
    /// How many took at most as long as each bound.
    pub within: Vec<u64>,
}

impl Times {
    /// What came since an older reading.
    pub fn since(&self, older: &Self) -> Self {
        let within = self
            .within
            .iter()
            .enumerate()
            .map(|(at, count)| count.saturating_sub(older.within.get(at).copied().unwrap_or(0)));
        Self {
            count: self.count.saturating_sub(older.count),
            bounds: self.bounds.clone(),
            within: within.collect(),
        }
    }

    /// The seconds that the share `q` (0 to 1) of them did not exceed, by a straight line between two bounds; the highest
    /// bound for what took longer. None when there were none.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = (self.count as f64 * q).max(1.0);
        let mut below = (0.0, 0.0);
        for (bound, within) in self.bounds.iter().zip(&self.within) {
            let within = *within as f64;
            if within >= rank {
                let share = (rank - below.1) / (within - below.1).max(1.0);
                return Some(below.0 + (bound - below.0) * share);
            }
            below = (*bound, within);
        }
        self.bounds.last().copied()
    }
}

/// The daemon's process.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessView {
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// Open file descriptors.
    pub open_files: u64,
    /// Processor time used since the start, seconds.
    pub cpu_seconds: f64,
}

/// Open sessions of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct SessionCount {
    /// `dashboard`, `plain`, `command`, or what carries a live connection.
    pub kind: String,
    /// How many are open.
    pub open: u64,
}

/// One of the daemon's jobs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Its name.
    pub job: String,
    /// Runs since the start.
    pub runs: u64,
    /// Those that failed.
    pub failures: u64,
    /// When it last ended.
    pub last_run: Timestamp,
    /// When it last did what it should.
    pub last_success: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::Times;

    #[test]
    fn quantiles_lie_between_their_bounds() {
        let times =
            |count, within: [u64; 3]| Times { count, bounds: vec![0.1, 1.0, 10.0], within: within.to_vec() };
        let some = times(100, [50, 90, 100]);
        assert_eq!(some.quantile(0.5), Some(0.1));
        assert_eq!(some.quantile(0.7), Some(0.1 + 0.9 * 0.5));
        assert_eq!(times(100, [50, 90, 95]).quantile(0.99), Some(10.0), "longer than any bound");
        assert_eq!(times(0, [0, 0, 0]).quantile(0.5), None);
        let later = times(120, [50, 110, 120]).since(&some);
        assert_eq!((later.count, later.within.as_slice()), (20, [0, 20, 20].as_slice()));
        assert_eq!(later.quantile(0.5), Some(0.1 + 0.9 * 0.5));
    }
}
