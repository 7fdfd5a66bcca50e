//! What is counted of the running daemon, in one registry, for `/metrics`. Handles are made once and are plain atomics
//! to use. A label is a word of ours (a route's template, a job, a permission): never a name, an id or anything that
//! a caller chose.

mod reading;

use std::time::{Duration, Instant};

use prometheus::core::Collector;
use prometheus::{
    Counter, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, Result, TextEncoder,
};

use keyward_store::CommitTiming;

use crate::policy::{Permission, RULES};

/// Seconds: from what memory answers at once to what a person would not wait for.
const ANSWER_SECONDS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Seconds: from a commit that a fast disk syncs to a session that lasts a day.
const SESSION_SECONDS: [f64; 6] = [1.0, 10.0, 60.0, 600.0, 3_600.0, 28_800.0];

/// Every counter and gauge.
pub struct Meters {
    registry: Registry,
    requests: IntCounterVec,
    answer_seconds: HistogramVec,
    /// HTTP requests that are being answered.
    pub in_flight: IntGauge,
    sessions: IntGaugeVec,
    session_seconds: HistogramVec,
    job_runs: IntCounterVec,
    job_seconds: HistogramVec,
    job_last_run: IntGaugeVec,
    job_last_success: IntGaugeVec,
    /// For each permission: done, refused.
    changes: Vec<[IntCounter; 2]>,
    keys_created: IntCounter,
    keys_rotated: IntCounter,
    keys_deleted: IntCounter,
    rotations: IntCounterVec,
    rotation_last_success: IntGaugeVec,
    messages: IntCounterVec,
    commit_seconds: Histogram,
    commit_failures: IntCounter,
    usage_events: IntCounter,
    pub(crate) read: Readings,
}

/// Gauges that are set when somebody looks.
pub(crate) struct Readings {
    pub(crate) queue_requests: IntGauge,
    pub(crate) queue_bytes: IntGauge,
    pub(crate) store_writable: IntGauge,
    pub(crate) kdf: IntGaugeVec,
    pub(crate) people: IntGauge,
    pub(crate) people_active: IntGaugeVec,
    pub(crate) keys: IntGaugeVec,
    pub(crate) tokens: IntGauge,
    pub(crate) teams: IntGauge,
    pub(crate) signed_in: IntGauge,
    pub(crate) rotations_overdue: IntGauge,
    pub(crate) rotations_open: IntGaugeVec,
    pub(crate) messages_waiting: IntGauge,
    pub(crate) audit_records: IntGauge,
    pub(crate) audit_unsigned: IntGauge,
    pub(crate) last_backup: Gauge,
    pub(crate) uptime: Gauge,
    pub(crate) resident_bytes: IntGauge,
    pub(crate) open_files: IntGauge,
    pub(crate) cpu_seconds: Counter,
    pub(crate) started: Gauge,
}

/// The counters of one route and method.
#[derive(Clone)]
pub struct RouteMeters {
    seconds: Histogram,
    /// By the status' first digit.
    answers: [IntCounter; 5],
}

impl RouteMeters {
    /// Counts an answer.
    pub fn answered(&self, status: u16, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
        if let Some(class) =
            usize::from(status / 100).checked_sub(1).and_then(|class| self.answers.get(class))
        {
            class.inc();
        }
    }
}

/// A session that is open; it is not, once this is dropped.
pub struct OpenSession {
    open: IntGauge,
    seconds: Histogram,
    since: Instant,
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.open.dec();
        self.seconds.observe(self.since.elapsed().as_secs_f64());
    }
}

/// Registers what it makes.
struct Maker(Registry);

impl Maker {
    fn keep<C: Collector + Clone + 'static>(&self, made: Result<C>) -> Result<C> {
        let made = made?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.keep(IntCounter::new(name, help))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.keep(IntGauge::new(name, help))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn seconds(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    fn seconds_by(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> Result<HistogramVec> {
        self.keep(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels))
    }

    fn readings(&self) -> Result<Readings> {
        Ok(Readings {
            queue_requests: self.gauge("keyward_store_queue_requests", "Requests that wait to be written")?,
            queue_bytes: self.gauge("keyward_store_queue_bytes", "Their bytes, by a rough count")?,
            store_writable: self
                .gauge("keyward_store_writable", "1 when the store can be written, else 0")?,
            kdf: self.gauges(
                "keyward_key_derivations",
                "Slow key derivations (passwords, passphrases), by state: running, waiting",
                &["state"],
            )?,
            people: self.gauge("keyward_people", "Accounts")?,
            people_active: self.gauges(
                "keyward_people_active",
                "Accounts that signed in, or whose session was refreshed, within the window: 1d, 7d, 30d",
                &["window"],
            )?,
            keys: self.gauges(
                "keyward_keys",
                "API keys by status: active, inactive, expired, deleted",
                &["status"],
            )?,
            tokens: self.gauge("keyward_service_tokens", "Service tokens")?,
            teams: self.gauge("keyward_teams", "Teams")?,
            signed_in: self
                .gauge("keyward_signed_in_sessions", "Sessions of bearer tokens that have not ended")?,
            rotations_overdue: self
                .gauge("keyward_rotations_overdue", "Keys whose rotation was due before now")?,
            messages_waiting: self.gauge(
                "keyward_messages_waiting",
                "Messages to webhooks that are due and were not sent yet",
            )?,
            rotations_open: self.gauges(
                "keyward_rotations_open",
                "Keys with a rotation that is not over, by what it does: running, waiting, stopped",
                &["state"],
            )?,
            audit_records: self.gauge("keyward_audit_records", "Records of the audit chain")?,
            audit_unsigned: self
                .gauge("keyward_audit_unsigned_records", "Those after the last checkpoint")?,
            last_backup: self.keep(Gauge::new(
                "keyward_last_backup_timestamp_seconds",
                "The moment that the last backup holds, in Unix seconds; 0 when none was made",
            ))?,
            uptime: self.keep(Gauge::new("keyward_uptime_seconds", "Seconds since the start"))?,
            resident_bytes: self.gauge("process_resident_memory_bytes", "Resident memory")?,
            open_files: self.gauge("process_open_fds", "Open file descriptors")?,
            cpu_seconds: self.keep(Counter::new("process_cpu_seconds_total", "Processor time used"))?,
            started: self.keep(Gauge::new("process_start_time_seconds", "The start, in Unix seconds"))?,
        })
    }
}

impl Meters {
    pub(crate) fn new() -> Result<Self> {
        let maker = Maker(Registry::new());
        let build = Opts::new("keyward_build_info", "Always 1; the label tells the version")
            .const_label("version", env!("CARGO_PKG_VERSION"));
        maker.keep(IntGauge::with_opts(build))?.set(1);
        let changes = maker.counters(
            "keyward_actions_total",
            "Audited actions by permission and outcome: done, refused",
            &["action", "outcome"],
        )?;
        let of_rule = |name| ["done", "refused"].map(|outcome| changes.with_label_values(&[name, outcome]));
        Ok(Self {
            requests: maker.counters(
                "keyward_http_requests_total",
                "Answered requests by route, method and class of status",
                &["route", "method", "status"],
            )?,
            answer_seconds: maker.seconds_by(
                "keyward_http_request_duration_seconds",
                "From a request's head to its answer's",
                &["route", "method"],
                &ANSWER_SECONDS,
            )?,
            in_flight: maker.gauge("keyward_http_requests_in_flight", "Requests that are being answered")?,
            sessions: maker.gauges("keyward_sessions", "Open sessions by kind", &["kind"])?,
            session_seconds: maker.seconds_by(
                "keyward_session_duration_seconds",
                "How long sessions lasted, by kind",
                &["kind"],
                &SESSION_SECONDS,
            )?,
            job_runs: maker.counters(
                "keyward_job_runs_total",
                "Runs of the daemon's jobs by outcome: ok, error",
                &["job", "outcome"],
            )?,
            job_seconds: maker.seconds_by(
                "keyward_job_duration_seconds",
                "How long jobs took",
                &["job"],
                &ANSWER_SECONDS,
            )?,
            job_last_run: maker.gauges(
                "keyward_job_last_run_timestamp_seconds",
                "When a job last ended, in Unix seconds",
                &["job"],
            )?,
            job_last_success: maker.gauges(
                "keyward_job_last_success_timestamp_seconds",
                "When a job last did what it should, in Unix seconds",
                &["job"],
            )?,
            changes: RULES.iter().map(|rule| of_rule(rule.name)).collect(),
            keys_created: maker.counter("keyward_keys_created_total", "API keys that were made")?,
            keys_rotated: maker
                .counter("keyward_keys_rotated_total", "Values of API keys that were replaced")?,
            keys_deleted: maker
                .counter("keyward_keys_deleted_total", "API keys that were moved to the bin")?,
            rotations: maker.counters(
                "keyward_rotations_total",
                "Rotations by method and outcome: done, failed (stopped until somebody looks), cancelled",
                &["method", "outcome"],
            )?,
            messages: maker.counters(
                "keyward_messages_total",
                "Messages sent to webhooks, by how that went: arrived, or failed, to be tried again or given up",
                &["outcome"],
            )?,
            rotation_last_success: maker.gauges(
                "keyward_rotation_last_success_timestamp_seconds",
                "When a rotation was last finished, by method, in Unix seconds",
                &["method"],
            )?,
            commit_seconds: maker.seconds(
                "keyward_store_commit_duration_seconds",
                "Durable commits of the store, which many requests may share",
                &ANSWER_SECONDS,
            )?,
            commit_failures: maker.counter("keyward_store_commit_failures_total", "Commits that failed")?,
            usage_events: maker.counter("keyward_usage_events_total", "Reported calls that were stored")?,
            read: maker.readings()?,
            registry: maker.0,
        })
    }

    /// The counters of a route, by its template and method. Keep what you get: making it costs a lookup.
    pub fn route(&self, route: &str, method: &str) -> RouteMeters {
        let answers = ["1xx", "2xx", "3xx", "4xx", "5xx"];
        RouteMeters {
            seconds: self.answer_seconds.with_label_values(&[route, method]),
            answers: answers.map(|class| self.requests.with_label_values(&[route, method, class])),
        }
    }

    /// Counts a session of this kind until the answer is dropped.
    pub fn session(&self, kind: &'static str) -> OpenSession {
        let open = self.sessions.with_label_values(&[kind]);
        open.inc();
        OpenSession { open, seconds: self.session_seconds.with_label_values(&[kind]), since: Instant::now() }
    }

    /// Notes that a job has run, at this moment (ms since the epoch).
    pub fn job(&self, job: &'static str, good: bool, took: Duration, now_ms: i64) {
        let outcome = if good { "ok" } else { "error" };
        self.job_runs.with_label_values(&[job, outcome]).inc();
        self.job_seconds.with_label_values(&[job]).observe(took.as_secs_f64());
        self.job_last_run.with_label_values(&[job]).set(now_ms / 1000);
        if good {
            self.job_last_success.with_label_values(&[job]).set(now_ms / 1000);
        }
    }

    /// Counts an action that was done to so many things.
    pub(crate) fn changed(&self, permission: Permission, things: u64) {
        self.changes[permission as usize][0].inc();
        match permission {
            Permission::KeyCreate => self.keys_created.inc_by(things),
            Permission::KeyDelete => self.keys_deleted.inc_by(things),
            _ => {}
        }
    }

    /// Counts a message to a webhook.
    pub(crate) fn message_sent(&self, arrived: bool) {
        let outcome = if arrived { "arrived" } else { "failed" };
        self.messages.with_label_values(&[outcome]).inc();
    }

    /// Counts a rotation that has ended so, at this moment (ms since the epoch).
    pub(crate) fn rotated(&self, method: &'static str, outcome: &'static str, now_ms: i64) {
        self.rotations.with_label_values(&[method, outcome]).inc();
        if outcome == "done" {
            self.rotation_last_success.with_label_values(&[method]).set(now_ms / 1000);
            self.keys_rotated.inc();
        }
    }

    pub(crate) fn refused(&self, permission: Permission) {
        self.changes[permission as usize][1].inc();
    }

    pub(crate) fn committed(&self, commit: CommitTiming) {
        if commit.durable {
            self.commit_seconds.observe(commit.took.as_secs_f64());
            self.usage_events.inc_by(commit.events);
        } else {
            self.commit_failures.inc();
        }
    }

    /// Everything, in Prometheus' text format.
    pub(crate) fn text(&self) -> Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
