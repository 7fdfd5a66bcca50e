//! The keys of the samples, with how busy each is: a little of every service, state and custody.

use jiff::{SignedDuration, Timestamp};
use keyward_keys::input::RotationMethodName;
use keyward_keys::view::{
    ErrorClasses, KeyStatus, KeyView, LiveView, MethodShare, MonthLimit, RotationSettingsView, StatusShare,
    TokenShare, UsageDay, UsageReport, UsageSummary,
};
use keyward_keys::{Custody, Environment};

use super::costs::{budget, outlook};
use super::{NOW_MS, history, id, moment};

/// Name, service, environment, status, custody, limit, calls this month, ms since the last use.
type Row = (&'static str, &'static str, Environment, KeyStatus, Custody, Option<u64>, u64, Option<i64>);

pub(crate) const MINUTE: i64 = 60_000;
use Custody::{Automation, Private, Sealed};
use Environment::{Development, Production, Staging};
use KeyStatus::{Active, Expired, Inactive};

const ROWS: [Row; 14] = [
    ("stripe-live", "stripe", Production, Active, Sealed, Some(100_000), 71_204, Some(800)),
    ("openai-chat", "openai", Production, Active, Automation, Some(2_000_000), 1_712_330, Some(400)),
    ("anthropic-agents", "anthropic", Production, Active, Automation, Some(500_000), 512_004, Some(1_200)),
    ("sendgrid-mail", "sendgrid", Production, Active, Sealed, None, 48_201, Some(9_000)),
    ("stripe-test", "stripe", Staging, Active, Sealed, Some(50_000), 4_310, Some(6 * MINUTE)),
    ("maps-web", "google", Production, Active, Automation, Some(250_000), 96_120, Some(3_000)),
    ("github-bot", "github", Production, Active, Sealed, Some(30_000), 12_402, Some(42 * MINUTE)),
    ("deepl-docs", "deepl", Staging, Active, Sealed, Some(20_000), 801, Some(190 * MINUTE)),
    (
        "openai-playground",
        "openai",
        Development,
        Active,
        Automation,
        Some(10_000),
        2_205,
        Some(26 * 60 * MINUTE),
    ),
    ("twilio-sms", "twilio", Production, Inactive, Sealed, Some(15_000), 0, Some(9 * 1_440 * MINUTE)),
    ("aws-backup", "aws", Production, Active, Private, None, 310, Some(5 * 60 * MINUTE)),
    ("sentry-ingest", "sentry", Production, Active, Automation, Some(1_000_000), 388_040, Some(2_000)),
    ("mapbox-old", "mapbox", Development, Expired, Sealed, Some(5_000), 0, None),
    ("slack-alerts", "slack", Production, Active, Sealed, None, 1_288, Some(14 * MINUTE)),
];

/// The sample keys.
pub(crate) fn keys() -> Vec<KeyView> {
    (0..ROWS.len()).map(key).collect()
}

/// One of them; names are numbered beyond the fourteenth.
pub(crate) fn key(n: usize) -> KeyView {
    let (name, service, environment, status, custody, limit, month, used) = ROWS[n % ROWS.len()];
    let day = SignedDuration::from_hours(24);
    let short = match environment {
        Production => "prod",
        Staging => "stag",
        Development => "dev",
    };
    KeyView {
        id: id(n),
        name: if n < ROWS.len() { name.to_owned() } else { format!("{name}-{n}") },
        service: service.to_owned(),
        key_id: format!("ak_{short}_{}", &id(n).to_string()[..12]),
        description: if n == 0 { "Charges and refunds of the shop".to_owned() } else { String::new() },
        environment,
        status,
        custody,
        team: None,
        rotate_now: false,
        tags: if n.is_multiple_of(3) { vec!["payments".to_owned(), "eu".to_owned()] } else { Vec::new() },
        last_used: used.map(|ms| moment(NOW_MS - ms)),
        usage_count: month * 7 + 311,
        monthly_limit: limit,
        current_month_usage: month,
        refuse_over_limit: false,
        monthly_budget: budget(name),
        refuse_over_budget: false,
        decoy: false,
        frozen: false,
        networks: Vec::new(),
        rotation_interval: 90,
        next_rotation: Some(moment(NOW_MS) + day * (12 + n as i32 * 5) - day * if n == 9 { 60 } else { 0 }),
        rotation: Some(Box::new(reminding())),
        expires_at: (status == Expired).then(|| moment(NOW_MS) - day * 3),
        version: 1 + n as u32 % 4,
        deleted_at: None,
        created_at: moment(NOW_MS) - day * (40 + n as i32 * 11),
        updated_at: moment(NOW_MS) - day,
        revision: 7,
    }
}

/// How a key is rotated that nobody has said anything about.
pub(super) fn reminding() -> RotationSettingsView {
    RotationSettingsView {
        method: RotationMethodName::Remind,
        template: None,
        url: None,
        recipe: None,
        parameters: None,
        credential: None,
        command: None,
        overlap: "1d".to_owned(),
        cron: None,
        timezone: "UTC".to_owned(),
        quiet_hours: None,
        team_quiet_hours: None,
        evidence: true,
        idle_time: "1h".to_owned(),
        longest_extension: "7d".to_owned(),
        upcoming: Vec::new(),
    }
}

/// Calls a second of a key, as busy as it is: a slow wave with some ripple.
fn traffic(key: &KeyView, second: i64) -> u32 {
    let recent = key.last_used.is_some_and(|at| NOW_MS - at.as_millisecond() < MINUTE);
    if !recent || key.status != Active {
        return 0;
    }
    let load = (key.current_month_usage as f64 / 9_000.0).clamp(2.0, 60.0);
    let t = second as f64 + key.current_month_usage as f64;
    let wave = 0.55 + 0.3 * (t / 17.0).sin() + 0.15 * (t / 5.3).sin();
    let noise = (second.unsigned_abs().wrapping_mul(2_654_435_761) >> 7) % 100;
    let burst = if (second / 9) % 7 == 3 { 1.4 } else { 0.85 };
    (load * wave * burst * (0.7 + noise as f64 / 200.0)).round() as u32
}

pub(crate) fn span(key: &KeyView, now_ms: i64, seconds: i64) -> Vec<u32> {
    let now_s = now_ms / 1_000;
    (now_s - seconds + 1..=now_s).map(|second| traffic(key, second)).collect()
}

pub(crate) fn live(key: &KeyView, now_ms: i64) -> LiveView {
    let requests = span(key, now_ms, 120);
    let errors = requests.iter().enumerate().map(|(at, n)| u32::from(*n > 5 && at % 37 == 11)).collect();
    let calls = key.current_month_usage / 22;
    LiveView {
        id: key.id,
        ends_at: now_ms / 1_000,
        requests,
        errors,
        today: summary(calls),
        last_used: key.last_used,
        month: MonthLimit {
            monthly: key.monthly_limit,
            used: key.current_month_usage,
            remaining: key.monthly_limit.map(|limit| limit.saturating_sub(key.current_month_usage)),
            reset: Timestamp::UNIX_EPOCH,
            exceeded: key.monthly_limit.is_some_and(|limit| key.current_month_usage > limit),
        },
        outlook: outlook(key),
    }
}

pub(crate) fn summary(calls: u64) -> UsageSummary {
    UsageSummary {
        total_requests: calls,
        successful_requests: calls - calls / 250,
        failed_requests: calls / 250,
        success_rate: 99.6,
        average_response_time: 96.0,
        p50: 84.0,
        p95: 212.0,
        p99: 480.0,
        request_bytes: calls * 420,
        response_bytes: calls * 1_900,
        tokens: 0,
        cost: None,
    }
}

pub(crate) fn report(key: &KeyView) -> UsageReport {
    let calls = key.current_month_usage / 22;
    let day = |n: u64| UsageDay {
        date: format!("2026-11-{}", 16 + n),
        requests: calls * [9, 11, 12, 10, 13, 5, 7][n as usize] / 10,
        errors: calls / 300,
        avg_response_time: 96.0,
    };
    UsageReport {
        key_id: key.key_id.clone(),
        timeframe: "week".to_owned(),
        summary: summary(calls * 6),
        daily_breakdown: (0..7).map(day).collect(),
        top_endpoints: history::endpoints(calls * 6),
        methods: [("POST", calls * 5), ("GET", calls)]
            .map(|(method, requests)| MethodShare {
                method: method.to_owned(),
                requests,
                errors: requests / 400,
                percentage: 0.0,
            })
            .to_vec(),
        statuses: [(200, calls * 6 - calls * 6 / 400), (429, calls * 6 / 600), (500, calls * 6 / 1_200)]
            .map(|(status, requests)| StatusShare { status, requests, percentage: 0.0 })
            .to_vec(),
        service_tokens: [("web-frontend", calls * 4), ("nightly-batch", calls)]
            .map(|(name, requests)| TokenShare {
                id: None,
                name: name.to_owned(),
                requests,
                errors: requests / 400,
                percentage: 0.0,
            })
            .to_vec(),
        unique_clients: 3,
        models: Vec::new(),
        currency: "USD".to_owned(),
        errors: ErrorClasses { client_errors: calls * 6 / 400, server_errors: calls * 6 / 1_200 },
        month: outlook(key),
        points: Vec::new(),
        previous: None,
    }
}
