//! Usage of the sample keys over any span: busier by day than by night, quiet at weekends, more each month.

use jiff::Timestamp;
use keyward_keys::Environment;
use keyward_keys::input::{Breakdown, KeyRef, SeriesQuery, Step};
use keyward_keys::view::{
    EndpointUse, KeyView, KindUse, PreviousPeriod, UsageLine, UsagePoint, UsageSeries, UsageSummary,
};

use super::{NOW_MS, id, summary};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Calls of a key in a stretch of time.
fn calls(key: &KeyView, start_ms: i64, length_ms: i64) -> u64 {
    let an_hour = key.current_month_usage as f64 / 600.0;
    let hours = (start_ms / 1_000) as f64 / 3_600.0;
    let day = if length_ms >= DAY {
        1.0
    } else {
        1.0 + 0.7 * ((hours - 15.0) * std::f64::consts::TAU / 24.0).cos()
    };
    let weekday = (start_ms / DAY + 3) % 7;
    let week = if weekday >= 5 && length_ms <= DAY { 0.45 } else { 1.0 };
    let growth = 1.0 + 0.4 * (start_ms - NOW_MS) as f64 / (365 * DAY) as f64;
    let seed = (start_ms / length_ms) as u64 ^ key.usage_count.wrapping_mul(0x9e37_79b9);
    let noise = 0.85 + (seed.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as f64 % 100.0 / 330.0;
    (an_hour * length_ms as f64 / HOUR as f64 * day * week * growth * noise).max(0.0).round() as u64
}

fn point(keys: &[&KeyView], start_ms: i64, length_ms: i64) -> UsagePoint {
    let requests: u64 = keys.iter().map(|key| calls(key, start_ms, length_ms)).sum();
    let slow = 1.0 + ((start_ms / length_ms) % 17) as f64 / 40.0;
    let time = |ms: f64| (requests > 0).then_some((ms * slow * 10.0).round() / 10.0);
    let burst = if (start_ms / length_ms) % 41 == 7 { 9 } else { 1 };
    UsagePoint {
        start: Timestamp::from_millisecond(start_ms).unwrap_or_default(),
        requests,
        errors: requests * burst / 260,
        p50: time(84.0),
        p95: time(212.0),
        p99: time(480.0),
        tokens: 0,
        cost: None,
    }
}

fn line(name: &str, of: Option<usize>, points: Vec<UsagePoint>, before: Option<UsageSummary>) -> UsageLine {
    let mut total = summary(points.iter().map(|point| point.requests).sum());
    total.failed_requests = points.iter().map(|point| point.errors).sum();
    UsageLine { id: of.map(id), name: name.to_owned(), summary: total, previous: before, points }
}

pub(crate) fn series(all: &[KeyView], query: &SeriesQuery, now_ms: i64) -> UsageSeries {
    let named = |key: &KeyView, of: &KeyRef| matches!(of, KeyRef::Named(name, _) if *name == key.name);
    let wanted = |key: &&KeyView| {
        (query.keys.is_empty() || query.keys.iter().any(|of| named(key, of)))
            && query.environment.is_none_or(|environment| key.environment == environment)
    };
    let keys: Vec<&KeyView> = all.iter().filter(wanted).collect();
    let timeframe = query.span.timeframe.as_deref().unwrap_or("custom");
    let (step, length, points) = match timeframe {
        "hour" => (Step::Minute, MINUTE, 60),
        "day" => (Step::QuarterHour, 15 * MINUTE, 96),
        "week" => (Step::Hour, HOUR, 160),
        "month" => (Step::Day, DAY, 30),
        "year" => (Step::Week, 7 * DAY, 53),
        _ => (Step::Day, DAY, 15),
    };
    let last = now_ms - now_ms % length;
    let starts =
        |back: i64| (0..points).map(move |n| last - (points - 1 - n) * length - back * points * length);
    let of = |keys: &[&KeyView], back| starts(back).map(|at| point(keys, at, length)).collect::<Vec<_>>();
    let before = |keys: &[&KeyView]| {
        query.compare.then(|| summary(of(keys, 1).iter().map(|point| point.requests).sum()))
    };
    let lines = match query.by {
        Some(Breakdown::Key) => {
            let mut busiest: Vec<_> = keys.iter().filter(|key| key.current_month_usage > 0).collect();
            busiest.sort_by_key(|key| std::cmp::Reverse(key.current_month_usage));
            let place = |key: &KeyView| all.iter().position(|other| other.id == key.id);
            let lines = busiest.into_iter().take(8);
            lines.map(|key| line(&key.name, place(key), of(&[*key], 0), before(&[*key]))).collect()
        }
        Some(Breakdown::Environment) => {
            let lines = [
                ("production", Environment::Production),
                ("staging", Environment::Staging),
                ("development", Environment::Development),
            ];
            let mine = |environment| {
                keys.iter().copied().filter(|key| key.environment == environment).collect::<Vec<_>>()
            };
            let lines = lines.into_iter().map(|(name, environment)| (name, mine(environment)));
            lines
                .filter(|(_, keys)| !keys.is_empty())
                .map(|(name, keys)| line(name, None, of(&keys, 0), before(&keys)))
                .collect()
        }
        Some(Breakdown::Team) => vec![line("Shop", Some(700), of(&keys, 0), before(&keys))],
        _ => Vec::new(),
    };
    let total = line("all", None, of(&keys, 0), before(&keys));
    let endpoint = |(at, name): (usize, &&str)| EndpointUse {
        endpoint: (*name).to_owned(),
        requests: total.summary.total_requests / (at as u64 + 3),
        errors: total.summary.failed_requests / (at as u64 + 2),
        average_response_time: Some(60.0 + 31.5 * at as f64),
        percentage: 100.0 / (at as f64 + 3.0),
        previous_requests: query.compare.then(|| total.summary.total_requests / (at as u64 + 4)),
    };
    let names = [
        "/v1/chat/completions",
        "/v1/charges",
        "/v1/embeddings",
        "/v3/mail/send",
        "/repos/acme/shop/issues",
        "/v1/refunds",
    ];
    let kinds = match query.by.filter(|_| !keys.is_empty()) {
        Some(Breakdown::Method) => vec![("POST", None, 71), ("GET", None, 24), ("DELETE", None, 5)],
        Some(Breakdown::Status) => {
            vec![("200", None, 938), ("201", None, 41), ("429", None, 14), ("500", None, 5), ("404", None, 2)]
        }
        Some(Breakdown::Token) => {
            let names = ["web-frontend", "nightly-batch", "billing-worker"];
            names.into_iter().zip([58, 22, 9]).map(|(name, share)| (name, Some(id(share)), share)).collect()
        }
        _ => Vec::new(),
    };
    let whole: u64 = if query.by == Some(Breakdown::Status) { 1_000 } else { 100 };
    let kind = |(name, of, share): (&str, Option<_>, usize)| {
        let part = |calls: u64| calls * share as u64 / whole;
        let points: Vec<u64> = total.points.iter().map(|point| part(point.requests)).collect();
        let requests = points.iter().sum();
        // Of what is no status, one in so many.
        let failed = |calls: u64| match name.parse::<u16>() {
            Ok(status) if status < 400 => 0,
            Ok(_) => calls,
            Err(_) => calls / (10 + share as u64),
        };
        KindUse {
            id: of,
            name: name.to_owned(),
            requests,
            errors: points.iter().copied().map(failed).sum(),
            percentage: share as f64 * 100.0 / whole as f64,
            previous_requests: total.previous.map(|before| part(before.total_requests)),
            error_points: points.iter().copied().map(failed).collect(),
            points,
        }
    };
    let kinds = kinds.into_iter().map(kind).collect();
    let by_endpoint = query.by == Some(Breakdown::Endpoint) && !keys.is_empty();
    UsageSeries {
        timeframe: timeframe.to_owned(),
        step: query.step.unwrap_or(step),
        timezone: "UTC".to_owned(),
        from: total.points.first().map_or(Timestamp::UNIX_EPOCH, |point| point.start),
        to: Timestamp::from_millisecond(now_ms).unwrap_or_default(),
        lines,
        kinds,
        models: Vec::new(),
        currency: "USD".to_owned(),
        endpoints: if by_endpoint { names.iter().enumerate().map(endpoint).collect() } else { Vec::new() },
        previous: query.compare.then(|| {
            let points = of(&keys, 1);
            PreviousPeriod { from: points[0].start, to: total.points[0].start, points }
        }),
        total,
    }
}
