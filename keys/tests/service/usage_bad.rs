//! Reports that no honest app sends, and more of them at once than one thread writes: a clear fault or a sane answer, and
//! every count exact.

use jiff::Timestamp;
use keyward_keys::Error;
use keyward_keys::input::{KeyPatch, ReportQuery, SeriesQuery, TrackEvent, UsageQuery};

use crate::harness::{Instance, NOON, by_id};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

fn faults(refused: Result<keyward_keys::view::Tracked, Error>) -> Vec<String> {
    let Err(Error::Invalid(faults)) = refused else { panic!("{refused:?}") };
    faults.into_iter().map(|fault| fault.field).collect()
}

#[tokio::test]
async fn times_and_numbers_beyond_all_reason_are_named_and_leave_nothing() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Billing").await;
    let track = async |event: TrackEvent| service.track(&ana, &by_id(key.id), event).await;
    for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
        let event = TrackEvent { timestamp: Some(at), ..TrackEvent::default() };
        assert_eq!(faults(track(event).await), ["timestamp"], "{at}");
    }
    for ms in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 3_600_000.1] {
        let event = TrackEvent { response_time: Some(ms), ..TrackEvent::default() };
        assert_eq!(faults(track(event).await), ["responseTime"], "{ms}");
    }
    for status in [0, 99, 600, u16::MAX] {
        let event = TrackEvent { status_code: Some(status), ..TrackEvent::default() };
        assert_eq!(faults(track(event).await), ["statusCode"], "{status}");
    }
    let event = TrackEvent { metadata: Some("x".repeat(1 << 20)), ..TrackEvent::default() };
    assert_eq!(faults(track(event).await), ["metadata"]);
    let most = || TrackEvent {
        request_size: Some(u32::MAX),
        response_size: Some(u32::MAX),
        response_time: Some(3_600_000.0),
        endpoint: Some("/".repeat(1 << 20)),
        ..TrackEvent::default()
    };
    for _ in 0..3 {
        track(most()).await.expect("large, and right");
    }
    let report = service.usage(&ana, &by_id(key.id), &ReportQuery::default()).await.expect("a report");
    assert_eq!(report.summary.total_requests, 3);
    assert_eq!(report.top_endpoints[0].endpoint.len(), 256);
    assert!((report.summary.p99 / 3_600_000.0 - 1.0).abs() < 0.02);
}

#[tokio::test]
async fn a_clock_that_jumps_doubles_and_loses_no_call() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    let mut reported = 0;
    for jump in [0, 2 * DAY_MS, -DAY_MS, HOUR_MS, -3 * DAY_MS, 3 * DAY_MS] {
        instance.clock.set(NOON + jump);
        for _ in 0..5 {
            let answer =
                instance.service.track(&ana, &by_id(key), TrackEvent::default()).await.expect("counted");
            reported += 1;
            assert_eq!((answer.accepted, answer.limit.used), (1, reported), "after a jump of {jump} ms");
        }
        instance.service.watch_alerts(&instance.system()).await.expect("looked");
        instance.service.watch_anomalies(&instance.system()).await.expect("watched");
    }
    let instance = instance.reopen().await;
    let month = UsageQuery { timeframe: Some("month".to_owned()), ..UsageQuery::default() };
    let report = instance.service.usage(&ana, &by_id(key), &month.clone().into()).await.expect("a report");
    assert_eq!(report.summary.total_requests, reported);
    let line = SeriesQuery { span: month, ..SeriesQuery::default() };
    let series = instance.service.usage_series(&ana, &line).await.expect("a chart");
    assert_eq!(series.total.summary.total_requests, reported);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_is_exact_under_64_writers_at_once() {
    const WRITERS: u64 = 64;
    const EACH: u64 = 10;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    let limit = WRITERS * EACH / 2;
    let patch = KeyPatch { monthly_limit: Some(Some(limit)), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(key), patch, None).await.expect("limited");
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (service, ana) = (instance.service.clone(), ana.clone());
        writers.spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..EACH {
                let answer = service.track(&ana, &by_id(key), TrackEvent::default()).await.expect("counted");
                answers.push(answer.limit);
            }
            answers
        });
    }
    let answers: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
    assert!(answers.iter().all(|answer| answer.exceeded == (answer.used > limit)));
    assert!(answers.iter().filter(|answer| !answer.exceeded).count() as u64 <= limit, "none slips through");
    assert_eq!(answers.iter().map(|answer| answer.used).max(), Some(WRITERS * EACH));
    let instance = instance.reopen().await;
    let key = instance.service.key(&ana, &by_id(key)).await.expect("seen");
    assert_eq!((key.current_month_usage, key.usage_count), (WRITERS * EACH, WRITERS * EACH));
}
