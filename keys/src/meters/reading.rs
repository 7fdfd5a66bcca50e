//! What the counters stand at, as plain figures for a screen: the same registry that `/metrics` writes out as text.

use std::collections::BTreeMap;

use prometheus::core::Collector;
use prometheus::proto::Metric;

use crate::clock::timestamp;
use crate::meters::Meters;
use crate::view::{JobView, RequestCounts, SessionCount, StoreCounts, Times};

impl Meters {
    /// HTTP requests, all routes together.
    pub(crate) fn request_counts(&self) -> RequestCounts {
        let mut counts =
            RequestCounts { in_flight: unsigned(self.in_flight.get() as f64), ..RequestCounts::default() };
        for_each(&self.requests, |metric| {
            let answered = unsigned(metric.get_counter().get_value());
            counts.answered += answered;
            match label(metric, "status") {
                "4xx" => counts.client_errors += answered,
                "5xx" => counts.server_errors += answered,
                _ => {}
            }
        });
        counts.times = times(&self.answer_seconds);
        counts
    }

    /// Commits and reported calls; what waits is the store's to say.
    pub(crate) fn store_counts(&self) -> StoreCounts {
        StoreCounts {
            commits: times(&self.commit_seconds),
            failed_commits: self.commit_failures.get(),
            usage_events: self.usage_events.get(),
            ..StoreCounts::default()
        }
    }

    /// Open sessions by kind, those kinds that there were.
    pub(crate) fn session_counts(&self) -> Vec<SessionCount> {
        let mut sessions = Vec::new();
        for_each(&self.sessions, |metric| {
            let open = unsigned(metric.get_gauge().get_value());
            sessions.push(SessionCount { kind: label(metric, "kind").to_owned(), open });
        });
        sessions.sort_by(|a, b| a.kind.cmp(&b.kind));
        sessions
    }

    /// The jobs that have run.
    pub(crate) fn job_views(&self) -> Vec<JobView> {
        let mut jobs: BTreeMap<String, JobView> = BTreeMap::new();
        for_each(&self.job_last_run, |metric| {
            let job = label(metric, "job").to_owned();
            let last_run = seconds(metric.get_gauge().get_value());
            jobs.insert(job.clone(), JobView { job, runs: 0, failures: 0, last_run, last_success: None });
        });
        for_each(&self.job_runs, |metric| {
            let Some(job) = jobs.get_mut(label(metric, "job")) else { return };
            let runs = unsigned(metric.get_counter().get_value());
            job.runs += runs;
            job.failures += if label(metric, "outcome") == "error" { runs } else { 0 };
        });
        for_each(&self.job_last_success, |metric| {
            let Some(job) = jobs.get_mut(label(metric, "job")) else { return };
            job.last_success = Some(seconds(metric.get_gauge().get_value()));
        });
        jobs.into_values().collect()
    }
}

fn for_each(collector: &impl Collector, visit: impl FnMut(&Metric)) {
    collector.collect().iter().flat_map(|family| family.get_metric()).for_each(visit);
}

fn label<'a>(metric: &'a Metric, name: &str) -> &'a str {
    metric.get_label().iter().find(|pair| pair.name() == name).map_or("", |pair| pair.value())
}

/// Histograms of one kind, all labels together.
fn times(collector: &impl Collector) -> Times {
    let mut sum = Times::default();
    for_each(collector, |metric| {
        let histogram = metric.get_histogram();
        sum.count += histogram.get_sample_count();
        for (at, bucket) in histogram.get_bucket().iter().enumerate() {
            if sum.bounds.len() == at {
                sum.bounds.push(bucket.upper_bound());
                sum.within.push(0);
            }
            sum.within[at] += bucket.cumulative_count();
        }
    });
    sum
}

/// Counts are kept as floating point numbers there.
fn unsigned(value: f64) -> u64 {
    value.max(0.0) as u64
}

fn seconds(value: f64) -> jiff::Timestamp {
    timestamp((value * 1000.0) as i64)
}
