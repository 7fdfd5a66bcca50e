//! A plan and a running daemon for the samples.

use jiff::Timestamp;
use keyward_keys::Plan;
use keyward_keys::prices::Money;
use keyward_keys::view::{
    BackupView, BillingCosts, BillingPeriod, BillingView, JobView, KeyView, MonitorView, PlanChange,
    PlanDifference, PlanLimits, PlanUsage, ProcessView, RequestCounts, SessionCount, StoreCounts, Times,
    UsageForecast,
};

use super::{NOW_MS, costs, moment};

const DAY: i64 = 24 * 3_600_000;

pub(crate) fn billing(keys: &[KeyView]) -> BillingView {
    let limits = PlanLimits { api_keys: 100, monthly_requests: 5_000_000 };
    let used = keys.iter().map(|key| key.current_month_usage).sum();
    let day = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
    let other = |plan, api_keys: u64, monthly_requests: u64, fits: bool| PlanChange {
        plan,
        limits: PlanLimits { api_keys, monthly_requests },
        difference: PlanDifference {
            api_keys: api_keys as i64 - limits.api_keys as i64,
            monthly_requests: monthly_requests as i64 - limits.monthly_requests as i64,
        },
        fits_keys: fits,
        fits_forecast: fits,
    };
    BillingView {
        plan: Plan::Pro,
        limits,
        usage: PlanUsage { api_keys: keys.len() as u64, monthly_requests: used, exceeded: false },
        period: BillingPeriod { start: day("2026-11-01T00:00:00Z"), end: day("2026-12-01T00:00:00Z") },
        forecast: UsageForecast { monthly_requests: used * 30 / 22, exceeds: false, limit_reached_at: None },
        costs: BillingCosts {
            currency: "USD".to_owned(),
            list_prices_of: None,
            cost: Some(Money(107_690_000)),
            forecast: Some(Money(146_850_000)),
            keys: costs::lines(keys),
            models: costs::models(),
            budgets: costs::budgets(keys),
        },
        plans: vec![other(Plan::Free, 5, 10_000, false), other(Plan::Enterprise, 10_000, 500_000_000, true)],
    }
}

/// Times that lie around a middle, by a rough bell.
fn times(count: u64, middle: f64) -> Times {
    let bounds = vec![0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1.0];
    let share = |bound: &f64| 1.0 / (1.0 + (middle / bound).powi(3));
    Times { count, within: bounds.iter().map(|bound| (count as f64 * share(bound)) as u64).collect(), bounds }
}

pub(crate) fn monitor(now_ms: i64) -> MonitorView {
    let second = (now_ms - NOW_MS) / 1_000 + 90_000;
    // Sums of a wave, so that what lies between two of them is one.
    let wave = |mean: f64, slow: f64| {
        let t = second as f64;
        (mean * (t + slow * 0.6 * (1.0 - (t / slow).cos()))) as u64
    };
    let session = |kind: &str, open| SessionCount { kind: kind.to_owned(), open };
    let job = |name: &str, ago: i64, failures| JobView {
        job: name.to_owned(),
        runs: 24,
        failures,
        last_run: moment(NOW_MS - ago),
        last_success: Some(moment(NOW_MS - ago)),
    };
    MonitorView {
        at: moment(now_ms),
        uptime: second as f64,
        requests: RequestCounts {
            answered: wave(420.0, 11.0),
            client_errors: second as u64 * 2,
            server_errors: 0,
            in_flight: 3,
            times: times(wave(420.0, 11.0), 0.0012),
        },
        store: StoreCounts {
            writable: true,
            commits: times(wave(38.0, 7.0), 0.0021),
            failed_commits: 0,
            usage_events: wave(380.0, 13.0),
            waiting: 2,
            waiting_bytes: 1_320,
        },
        process: Some(ProcessView {
            resident_bytes: 86_000_000 + (second as u64 % 60) * 40_000,
            open_files: 64,
            cpu_seconds: second as f64 * 0.21 + (second as f64 / 9.0).sin(),
        }),
        derivations_running: 0,
        derivations_waiting: 0,
        sessions: vec![
            session("command", 2),
            session("dashboard", 7),
            session("socket.io", 12),
            session("ws", 3),
        ],
        jobs: vec![
            job("end_expired_sessions", 120_000, 0),
            job("prune_usage", DAY / 24, 0),
            job("purge_bin", 40 * 60_000, 1),
            job("sign_audit", 15_000, 0),
        ],
        last_backup: Some(BackupView {
            at: moment(NOW_MS - 5 * 3_600_000),
            seconds: 4.2,
            bytes: 92_000_000,
            rows: 310_000,
            audit_records: 48_000,
            by: "keyward".to_owned(),
        }),
        failed_backup: None,
        people: 12,
        teams: 3,
        keys: 214,
        tokens: 37,
    }
}
