//! What is told of many keys is what each of their calls adds up to, in any time zone, whichever rollups it was read from.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use keyward_keys::Caller;
use keyward_keys::input::{Breakdown, KeyRef, SeriesQuery, Step, TrackEvent, UsageQuery};
use keyward_keys::view::{MethodShare, UsageOverview, UsagePoint, UsageSeries, UsageSummary};
use keyward_store::usage::Sketch;

use crate::harness::{Instance, NOON};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// More than are read by one thread.
const KEYS: u64 = 70;

/// One of New York's two changes of its clocks is among the last days, the other in the autumn before; both within the calls. Three
/// of them are no whole hours from UTC.
const ZONES: [&str; 6] =
    ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Pacific/Auckland", "America/St_Johns"];

/// How long the cells are that a chart in a zone ends with, where it ends within an hour.
fn cell_ms(zone: &str) -> i64 {
    if ["UTC", "America/New_York", "Pacific/Auckland"].contains(&zone) { HOUR_MS } else { HOUR_MS / 4 }
}

struct Call {
    at_ms: i64,
    key: usize,
    endpoint: u64,
    method: &'static str,
    failed: bool,
    micros: u32,
}

impl Call {
    fn day_ms(&self) -> i64 {
        self.at_ms - self.at_ms.rem_euclid(DAY_MS)
    }

    fn endpoint(&self) -> String {
        format!("/v1/{}", self.endpoint)
    }

    fn event(&self) -> TrackEvent {
        TrackEvent {
            timestamp: Timestamp::from_millisecond(self.at_ms).ok(),
            endpoint: Some(self.endpoint()),
            method: Some(self.method.to_owned()),
            status_code: Some(if self.failed { 500 } else { 200 }),
            response_time: Some(f64::from(self.micros) / 1_000.0),
            ..TrackEvent::default()
        }
    }
}

fn moment(text: &str) -> i64 {
    text.parse::<Zoned>().expect("a moment").timestamp().as_millisecond()
}

/// The same each time, and without an order.
fn calls(count: u64, seed: u64) -> Vec<Call> {
    let mut state = seed;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 20) % below
    };
    let call = |_| Call {
        at_ms: NOON - next(150 * DAY_MS as u64) as i64,
        key: next(KEYS) as usize,
        endpoint: next(20),
        method: ["GET", "POST", "POST", "DELETE"][next(4) as usize],
        failed: next(9) == 0,
        micros: 500 + next(900_000) as u32,
    };
    (0..count).map(call).collect()
}

/// Requests, errors, and the quantiles in hundredths of a ms.
fn sum<'a>(calls: impl Iterator<Item = &'a Call>) -> (u64, u64, [Option<i64>; 3]) {
    let (mut requests, mut errors, mut sketch) = (0, 0, Sketch::default());
    for call in calls {
        (requests, errors) = (requests + 1, errors + u64::from(call.failed));
        sketch.add(call.micros);
    }
    let hundredths = |q| sketch.quantile(q).map(|micros| (f64::from(micros) / 10.0).round() as i64);
    (requests, errors, [0.50, 0.95, 0.99].map(hundredths))
}

fn told(point: &UsagePoint) -> (u64, u64, [Option<i64>; 3]) {
    let hundredths = |ms: Option<f64>| ms.map(|ms| (ms * 100.0).round() as i64);
    (point.requests, point.errors, [point.p50, point.p95, point.p99].map(hundredths))
}

fn in_all(summary: &UsageSummary) -> (u64, u64, [Option<i64>; 3]) {
    let hundredths = |ms: f64| Some((ms * 100.0).round() as i64);
    let UsageSummary { p50, p95, p99, .. } = *summary;
    (summary.total_requests, summary.failed_requests, [p50, p95, p99].map(hundredths))
}

#[tokio::test]
async fn what_is_told_of_many_keys_is_the_sum_of_their_calls() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let mut keys = Vec::new();
    for number in 0..KEYS {
        keys.push(instance.add_key(&ana, &format!("Worker {number}")).await.id);
    }
    // Most of it rests on the disk; some comes late.
    let (old, late) = (calls(1_500, 1), calls(150, 2));
    let bring = async |instance: &Instance, calls: &[Call]| {
        for (place, key) in keys.iter().enumerate() {
            let events = calls.iter().filter(|call| call.key == place).map(Call::event).collect();
            instance.service.import_usage(&instance.system(), *key, None, events).await.expect("brought in");
        }
    };
    bring(&instance, &old).await;
    let instance = instance.reopen().await;
    bring(&instance, &late).await;
    let calls: Vec<Call> = old.into_iter().chain(late).collect();
    for zone in ZONES {
        for timeframe in ["week", "month"] {
            let span = UsageQuery {
                timeframe: Some(timeframe.to_owned()),
                timezone: Some(zone.to_owned()),
                ..UsageQuery::default()
            };
            for (step, by) in [
                (Step::Day, None),
                (Step::Week, Some(Breakdown::Environment)),
                (Step::Hour, Some(Breakdown::Endpoint)),
                (Step::Day, Some(Breakdown::Method)),
                (Step::Hour, Some(Breakdown::Status)),
            ] {
                let query = SeriesQuery {
                    span: span.clone(),
                    step: Some(step),
                    by,
                    compare: true,
                    ..SeriesQuery::default()
                };
                let shown = instance.service.usage_series(&ana, &query).await.expect("a chart");
                let what = format!("{timeframe} by {step:?} in {zone}");
                let before = shown.previous.as_ref().expect("a period before");
                let first_ms = shown.from.as_millisecond();
                let days = if timeframe == "week" { 7 } else { 30 };
                let then = Timestamp::from_millisecond(NOON).expect("a time").in_tz(zone).expect("a zone");
                let then = then.checked_sub(days.days()).expect("a time").timestamp().as_millisecond();
                let before_ms = ((then / cell_ms(zone) + 1) * cell_ms(zone)).min(first_ms);
                for (points, end_ms) in [(&shown.total.points, NOON + 1), (&before.points, before_ms)] {
                    for (at, point) in points.iter().enumerate() {
                        let next = points.get(at + 1).map(|next| next.start.as_millisecond());
                        let range = point.start.as_millisecond()..next.unwrap_or(i64::MAX).min(end_ms);
                        let expected = sum(calls.iter().filter(|call| range.contains(&call.at_ms)));
                        assert_eq!(told(point), expected, "{what} at {}", point.start);
                    }
                }
                let all = sum(calls.iter().filter(|call| (first_ms..=NOON).contains(&call.at_ms)));
                assert_eq!(in_all(&shown.total.summary), all, "{what}");
                if by == Some(Breakdown::Environment) {
                    assert_eq!(in_all(&shown.lines[0].summary), all, "{what}");
                }
                compare_over_time(&shown, by, &calls, before_ms, &what);
                if by == Some(Breakdown::Endpoint) {
                    for endpoint in &shown.endpoints {
                        let of = |call: &&Call| call.endpoint() == endpoint.endpoint;
                        let of = |from_ms: i64, end_ms: i64| {
                            let within = calls.iter().filter(|call| (from_ms..end_ms).contains(&call.at_ms));
                            within.filter(of).count() as u64
                        };
                        assert_eq!(endpoint.requests, of(first_ms, NOON + 1), "{what}");
                        let before = of(before.from.as_millisecond(), before_ms);
                        assert_eq!(endpoint.previous_requests, Some(before), "{what}");
                    }
                }
            }
            let shown =
                instance.service.usage_overview(&ana, &span.clone().into()).await.expect("an overview");
            let what = format!("{timeframe} in {zone}");
            let tz = TimeZone::get(zone).expect("a zone");
            let first: Date = shown.daily_breakdown[0].date.parse().expect("a date");
            let from_ms = first.to_zoned(tz.clone()).expect("a time").timestamp().as_millisecond();
            let within: Vec<&Call> = calls.iter().filter(|call| call.at_ms >= from_ms).collect();
            assert_eq!(in_all(&shown.summary), sum(within.iter().copied()), "{what}");
            for row in &shown.daily_breakdown {
                let day: Date = row.date.parse().expect("a date");
                let of = |call: &&&Call| {
                    let at = Timestamp::from_millisecond(call.at_ms).expect("a time");
                    tz.to_datetime(at).date() == day
                };
                let expected = sum(within.iter().filter(of).copied());
                assert_eq!((row.requests, row.errors), (expected.0, expected.1), "{what} on {day}");
            }
            for top in &shown.top_keys {
                let place = keys.iter().position(|key| *key == top.id).expect("a key");
                let expected = within.iter().filter(|call| call.key == place).count() as u64;
                assert_eq!(top.requests, expected, "{what}");
            }
            compare_kinds(&shown, &within, &what);
            let one = KeyRef::Id(keys[0].to_string());
            let alone = instance.service.usage(&ana, &one, &span.clone().into()).await.expect("a report");
            let of_one: Vec<&Call> = within.iter().copied().filter(|call| call.key == 0).collect();
            assert_eq!(in_all(&alone.summary).0, of_one.len() as u64, "{what}");
            compare_methods(&alone.methods, &of_one, &what);
        }
        compare_year(&instance, &ana, &calls, zone).await;
    }
}

/// Methods and statuses at each point are those of the calls that it counts.
fn compare_over_time(shown: &UsageSeries, by: Option<Breakdown>, calls: &[Call], before_ms: i64, what: &str) {
    let of_kind = |call: &Call, name: &str| match by {
        Some(Breakdown::Method) => call.method == name,
        _ => name == if call.failed { "500" } else { "200" },
    };
    let by_kind = matches!(by, Some(Breakdown::Method | Breakdown::Status));
    assert_eq!(!shown.kinds.is_empty(), by_kind, "{what}");
    let points = &shown.total.points;
    for kind in &shown.kinds {
        for (at, point) in points.iter().enumerate() {
            let next = points.get(at + 1).map(|next| next.start.as_millisecond());
            let range = point.start.as_millisecond()..next.unwrap_or(i64::MAX).min(NOON + 1);
            let within = calls.iter().filter(|call| range.contains(&call.at_ms));
            let within: Vec<_> = within.filter(|call| of_kind(call, &kind.name)).collect();
            let failed = within.iter().filter(|call| call.failed).count() as u64;
            assert_eq!(
                (kind.points[at], kind.error_points[at]),
                (within.len() as u64, failed),
                "{what} {} at {}",
                kind.name,
                point.start
            );
        }
        assert_eq!(kind.requests, kind.points.iter().sum::<u64>(), "{what}");
        assert_eq!(kind.errors, kind.error_points.iter().sum::<u64>(), "{what}");
        let before = shown.previous.as_ref().expect("a period before").from.as_millisecond()..before_ms;
        let before = calls.iter().filter(|call| before.contains(&call.at_ms));
        let before = before.filter(|call| of_kind(call, &kind.name)).count() as u64;
        assert_eq!(kind.previous_requests, Some(before), "{what} {}", kind.name);
    }
    let told: u64 = shown.kinds.iter().map(|kind| kind.requests).sum();
    assert_eq!(told, if by_kind { shown.total.summary.total_requests } else { 0 }, "{what}");
}

/// Endpoints, methods and statuses are those of the calls that the sums are of.
fn compare_kinds(shown: &UsageOverview, calls: &[&Call], what: &str) {
    let named: Vec<&str> = shown.top_endpoints.iter().map(|top| top.endpoint.as_str()).collect();
    for top in &shown.top_endpoints {
        let of = |call: &&&Call| {
            let name = call.endpoint();
            let meant = if named.contains(&name.as_str()) { &name } else { "other" };
            meant == top.endpoint
        };
        assert_eq!(top.requests, calls.iter().filter(of).count() as u64, "{what} {}", top.endpoint);
    }
    compare_methods(&shown.methods, calls, what);
    for status in &shown.statuses {
        let of = calls.iter().filter(|call| call.failed == (status.status == 500)).count() as u64;
        assert_eq!(status.requests, of, "{what} {}", status.status);
    }
    let [endpoints, statuses] = [
        shown.top_endpoints.iter().map(|top| top.requests).sum::<u64>(),
        shown.statuses.iter().map(|status| status.requests).sum::<u64>(),
    ];
    assert_eq!([endpoints, statuses], [shown.summary.total_requests; 2], "{what}");
}

fn compare_methods(methods: &[MethodShare], calls: &[&Call], what: &str) {
    let told = methods.iter().map(|one| (one.method.as_str(), (one.requests, one.errors)));
    let told = told.collect::<BTreeMap<_, _>>();
    let mut expected = BTreeMap::new();
    for call in calls {
        let sum: &mut (u64, u64) = expected.entry(call.method).or_default();
        *sum = (sum.0 + 1, sum.1 + u64::from(call.failed));
    }
    assert_eq!(told, expected, "{what}");
}

/// Of a year whole days (UTC) are kept: in a chart, each counts where its noon is; in an overview it is a day.
async fn compare_year(instance: &Instance, ana: &Caller, calls: &[Call], zone: &str) {
    let span = UsageQuery {
        timeframe: Some("year".to_owned()),
        timezone: Some(zone.to_owned()),
        ..UsageQuery::default()
    };
    for step in [Step::Day, Step::Week, Step::Month] {
        let query = SeriesQuery {
            span: span.clone(),
            step: Some(step),
            by: Some(Breakdown::Endpoint),
            compare: true,
            ..SeriesQuery::default()
        };
        let shown = instance.service.usage_series(ana, &query).await.expect("a chart");
        let points = &shown.total.points;
        for (at, point) in points.iter().enumerate() {
            let next = points.get(at + 1).map(|next| next.start.as_millisecond());
            let range = point.start.as_millisecond()..next.unwrap_or(i64::MAX).min(NOON + 1);
            let expected = sum(calls.iter().filter(|call| range.contains(&(call.day_ms() + DAY_MS / 2))));
            assert_eq!(told(point), expected, "year by {step:?} in {zone} at {}", point.start);
        }
        let endpoints: u64 = shown.endpoints.iter().map(|endpoint| endpoint.requests).sum();
        assert_eq!(endpoints, shown.total.summary.total_requests, "year by {step:?} in {zone}");
        let query = SeriesQuery { by: Some(Breakdown::Status), ..query };
        let by_status = instance.service.usage_series(ana, &query).await.expect("a chart");
        for (at, point) in points.iter().enumerate() {
            let told: u64 = by_status.kinds.iter().map(|kind| kind.points[at]).sum();
            let failed: u64 =
                by_status.kinds.iter().filter(|kind| kind.name == "500").map(|kind| kind.points[at]).sum();
            assert_eq!(
                (told, failed),
                (point.requests, point.errors),
                "year by {step:?} in {zone} at {}",
                point.start
            );
        }
    }
    let shown = instance.service.usage_overview(ana, &span.clone().into()).await.expect("an overview");
    assert_eq!(in_all(&shown.summary), sum(calls.iter()), "year in {zone}");
    compare_kinds(&shown, &calls.iter().collect::<Vec<_>>(), "year");
    // A month that is cut, of which no hours are kept any more.
    let cut = UsageQuery {
        start_date: Some("2025-10-20".to_owned()),
        end_date: Some("2026-01-12".to_owned()),
        timezone: Some(zone.to_owned()),
        ..UsageQuery::default()
    };
    let autumn = instance.service.usage_overview(ana, &cut.clone().into()).await.expect("an overview");
    let first_ms = moment(&format!("2025-10-20T00:00[{zone}]")).div_euclid(DAY_MS) * DAY_MS;
    let end_ms = moment(&format!("2026-01-13T00:00[{zone}]"));
    let within = calls.iter().filter(|call| (first_ms..end_ms).contains(&call.day_ms()));
    compare_kinds(&autumn, &within.collect::<Vec<_>>(), "autumn");
    let mut days = 0;
    for row in &shown.daily_breakdown {
        let day: Date = row.date.parse().expect("a date");
        let day_ms = day.to_zoned(TimeZone::UTC).expect("a time").timestamp().as_millisecond();
        let (requests, errors, _) = sum(calls.iter().filter(|call| call.day_ms() == day_ms));
        assert_eq!((row.requests, row.errors), (requests, errors), "year in {zone} on {day}");
        days += u64::from(requests > 0);
    }
    assert!(days > 140, "{days}");
}
