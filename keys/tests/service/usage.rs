use jiff::Timestamp;
use keyward_keys::input::{NewKey, OverviewQuery, ReportQuery, ReportedEvent, TrackEvent, UsageQuery};
use keyward_keys::{Error, Event, Plan};

use crate::harness::{Instance, NOON, by_id, new_key};

const HOUR_MS: i64 = 3_600_000;

fn call(status: u16, response_time: f64) -> TrackEvent {
    TrackEvent {
        endpoint: Some("/v1/chat/completions".to_owned()),
        method: Some("POST".to_owned()),
        status_code: Some(status),
        response_time: Some(response_time),
        ..TrackEvent::default()
    }
}

fn at(ms: i64, event: TrackEvent) -> TrackEvent {
    TrackEvent { timestamp: Some(Timestamp::from_millisecond(ms).expect("a time")), ..event }
}

#[tokio::test]
async fn a_tracked_call_is_counted_everywhere_at_once() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let new = NewKey { monthly_limit: Some(2), ..new_key("Billing") };
    let key = service.create_key(&ana, new).await.expect("a key");
    let mut events = instance.hears(&ana).await;
    for (number, status) in [200, 500, 404].into_iter().enumerate() {
        let tracked = service.track(&ana, &by_id(key.id), call(status, 100.5)).await.expect("tracked");
        let used = number as u64 + 1;
        assert_eq!((tracked.accepted, tracked.limit.used, tracked.limit.exceeded), (1, used, used > 2));
        assert_eq!(tracked.limit.remaining, Some(2_u64.saturating_sub(used)));
    }
    let shown = service.key(&ana, &by_id(key.id)).await.expect("shown");
    assert_eq!((shown.usage_count, shown.current_month_usage), (3, 3));
    assert_eq!(shown.last_used.map(|at| at.as_millisecond()), Some(NOON));
    let live = service.live(&ana, &by_id(key.id)).await.expect("live");
    assert_eq!((live.requests.last(), live.errors.last()), (Some(&3), Some(&2)));
    assert_eq!((live.today.total_requests, live.today.failed_requests), (3, 2));
    let mut heard = (0, 0);
    while heard.0 < 3 {
        if let Some(Event::Usage { api_key, requests, errors, .. }) = events.next().await {
            assert_eq!(api_key, key.id);
            heard = (heard.0 + requests, heard.1 + errors);
        }
    }
    assert_eq!(heard, (3, 2));
}

#[tokio::test]
async fn counts_survive_a_restart_and_a_retry_is_counted_once() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let retried = || TrackEvent { event_id: Some("order-1".to_owned()), ..call(200, 1.0) };
    instance.service.track(&ana, &by_id(key.id), retried()).await.expect("tracked");
    let again = instance.service.track(&ana, &by_id(key.id), retried()).await.expect("answered");
    assert_eq!((again.accepted, again.duplicates, again.limit.used), (0, 1, 1));
    let instance = instance.reopen().await;
    let ana = instance
        .service
        .sign_in(crate::harness::ORIGIN, "ana", crate::harness::secret("correct horse"))
        .await
        .expect("in");
    let after = instance.service.track(&ana, &by_id(key.id), retried()).await.expect("answered");
    assert_eq!((after.accepted, after.duplicates, after.limit.used), (0, 1, 1));
    let shown = instance.service.key(&ana, &by_id(key.id)).await.expect("shown");
    assert_eq!(shown.usage_count, 1);
}

#[tokio::test]
async fn a_report_has_a_row_a_day_and_adds_up() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    for (hours_ago, status, ms) in [(0, 200, 10.0), (1, 200, 20.0), (30, 500, 30.0), (24 * 6, 200, 40.0)] {
        let event = at(NOON - hours_ago * HOUR_MS, call(status, ms));
        service.track(&ana, &by_id(key.id), event).await.expect("tracked");
    }
    let week = service.usage(&ana, &by_id(key.id), &ReportQuery::default()).await.expect("a report");
    assert_eq!((week.timeframe.as_str(), week.key_id.as_str()), ("week", key.key_id.as_str()));
    let rows: Vec<(String, u64, u64)> =
        week.daily_breakdown.iter().map(|day| (day.date.clone(), day.requests, day.errors)).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0], ("2026-03-04".to_owned(), 1, 0));
    assert_eq!(rows[5], ("2026-03-09".to_owned(), 1, 1));
    assert_eq!(rows[6], ("2026-03-10".to_owned(), 2, 0));
    let summary = week.summary;
    assert_eq!((summary.total_requests, summary.successful_requests, summary.failed_requests), (4, 3, 1));
    assert_eq!((summary.success_rate, summary.average_response_time), (75.0, 25.0));
    assert_eq!((week.errors.server_errors, week.errors.client_errors), (1, 0));
    assert_eq!((week.top_endpoints[0].requests, week.top_endpoints[0].percentage), (4, 100.0));
    let statuses = week.statuses.iter().map(|one| (one.status, one.requests, one.percentage));
    assert_eq!(statuses.collect::<Vec<_>>(), [(200, 3, 75.0), (500, 1, 25.0)]);
    let methods = week.methods.iter().map(|one| (one.method.as_str(), one.requests));
    assert_eq!(methods.collect::<Vec<_>>(), [("POST", 4)]);

    let day = UsageQuery { timeframe: Some("day".to_owned()), ..UsageQuery::default() };
    let day = service.usage(&ana, &by_id(key.id), &day.clone().into()).await.expect("a report");
    assert_eq!(day.summary.total_requests, 2);
    let two_days = UsageQuery {
        start_date: Some("2026-03-09".to_owned()),
        end_date: Some("2026-03-10".to_owned()),
        ..UsageQuery::default()
    };
    let two_days = service.usage(&ana, &by_id(key.id), &two_days.clone().into()).await.expect("a report");
    assert_eq!((two_days.summary.total_requests, two_days.daily_breakdown.len()), (3, 2));
    let wrong = UsageQuery {
        timeframe: Some("fortnight".to_owned()),
        start_date: Some("yesterday".to_owned()),
        timezone: Some("Mars/Olympus".to_owned()),
        ..UsageQuery::default()
    };
    let Err(Error::Invalid(faults)) = service.usage(&ana, &by_id(key.id), &wrong.clone().into()).await else {
        panic!("refused")
    };
    assert_eq!(faults.len(), 3);
}

#[tokio::test]
async fn long_after_a_day_is_a_utc_day_on_either_side_of_greenwich() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Old").await;
    instance.service.track(&ana, &by_id(key.id), call(200, 1.0)).await.expect("tracked");
    instance.clock.set(NOON + 100 * 24 * HOUR_MS);
    for zone in ["America/Los_Angeles", "UTC", "Asia/Tokyo"] {
        let span = UsageQuery {
            start_date: Some("2026-03-08".to_owned()),
            end_date: Some("2026-03-12".to_owned()),
            timezone: Some(zone.to_owned()),
            ..UsageQuery::default()
        };
        let report =
            instance.service.usage(&ana, &by_id(key.id), &span.clone().into()).await.expect("a report");
        let days: Vec<u64> = report.daily_breakdown.iter().map(|day| day.requests).collect();
        assert_eq!(days, [0, 0, 1, 0, 0], "{zone}");
        let overview =
            instance.service.usage_overview(&ana, &span.clone().into()).await.expect("an overview");
        assert_eq!(overview.daily_breakdown, report.daily_breakdown, "{zone}");
    }
}

#[tokio::test]
async fn an_overview_adds_up_the_keys_that_the_caller_may_see() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (ben, _)) = (instance.ana().await, instance.person("ben", Plan::Free).await);
    let (quiet, busy) = (instance.add_key(&ana, "Quiet").await, instance.add_key(&ana, "Busy").await);
    let bens = instance.add_key(&ben, "Bens").await;
    instance.add_key(&ana, "Unused").await;
    for (caller, key, hours_ago, status) in
        [(&ana, &busy, 0, 200), (&ana, &busy, 30, 500), (&ana, &quiet, 1, 404), (&ben, &bens, 0, 200)]
    {
        let event = at(NOON - hours_ago * HOUR_MS, call(status, 10.0));
        service.track(caller, &by_id(key.id), event).await.expect("tracked");
    }
    service
        .track(&ana, &by_id(quiet.id), at(NOON - 9 * 24 * HOUR_MS, call(200, 1.0)))
        .await
        .expect("tracked");
    let week = service.usage_overview(&ana, &OverviewQuery::default()).await.expect("an overview");
    assert_eq!((week.summary.total_requests, week.summary.failed_requests), (3, 2));
    assert_eq!((week.errors.server_errors, week.errors.client_errors), (1, 1));
    let days: Vec<u64> = week.daily_breakdown.iter().map(|day| day.requests).collect();
    assert_eq!(days, [0, 0, 0, 0, 0, 1, 2]);
    let keys: Vec<_> = week.top_keys.iter().map(|key| (key.id, key.requests, key.percentage)).collect();
    assert_eq!(keys, [(busy.id, 2, 66.7), (quiet.id, 1, 33.3)]);
    assert_eq!((week.top_endpoints[0].requests, week.top_endpoints[0].percentage), (3, 100.0));
    let day = UsageQuery { timeframe: Some("day".to_owned()), ..UsageQuery::default() };
    assert_eq!(
        service.usage_overview(&ben, &day.clone().into()).await.expect("an overview").summary.total_requests,
        1
    );
}

#[tokio::test]
async fn a_wrong_event_is_refused_with_every_fault_and_the_right_ones_of_a_batch_are_stored() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let wrong = || TrackEvent {
        metadata: Some("x".repeat(3000)),
        event_id: Some(String::new()),
        ..at(NOON - 31 * 24 * HOUR_MS, call(99, -1.0))
    };
    let Err(Error::Invalid(faults)) = service.track(&ana, &by_id(key.id), wrong()).await else {
        panic!("refused")
    };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["timestamp", "statusCode", "responseTime", "eventId", "metadata"]);
    assert!(service.track(&ana, &by_id(key.id), at(NOON + 6 * 60_000, call(200, 1.0))).await.is_err());

    let event = |key: &str, event| ReportedEvent { key: key.to_owned(), event };
    let batch = vec![
        event(&key.id.to_string(), call(200, 1.0)),
        event(&key.key_id, wrong()),
        event("ak_dev_missing", call(200, 1.0)),
        event(&key.key_id, call(503, 1.0)),
    ];
    let answer = service.track_many(&ana, batch, false).await.expect("answered");
    let rejected: Vec<usize> = answer.rejected.iter().map(|(place, _)| *place).collect();
    assert_eq!((answer.accepted, rejected), (2, vec![1, 2]));
    assert_eq!(answer.limit.expect("of the key").used, 2);
}

#[tokio::test]
async fn a_retry_in_bulk_is_counted_once_also_after_a_restart() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let batch = |from: usize| -> Vec<_> {
        let event = |id| TrackEvent { event_id: Some(format!("job-{id}")), ..call(200, 1.0) };
        (from..from + 500).map(|id| ReportedEvent { key: key.key_id.clone(), event: event(id) }).collect()
    };
    let first = instance.service.track_many(&ana, batch(0), false).await.expect("stored");
    assert_eq!((first.accepted, first.duplicates), (500, 0));
    let instance = instance.reopen().await;
    let again = instance.service.track_many(&ana, batch(200), false).await.expect("stored");
    assert_eq!((again.accepted, again.duplicates), (200, 300));
    assert_eq!(again.limit.expect("of the key").used, 700);
    let mut twice = batch(900);
    twice.extend(batch(900));
    let twice = instance.service.track_many(&ana, twice, false).await.expect("stored");
    assert_eq!((twice.accepted, twice.duplicates), (500, 500), "also within one request");
}

#[tokio::test]
async fn what_an_app_reports_cannot_move_a_terminals_cursor() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let hostile = TrackEvent { endpoint: Some("/v1\u{1b}]52;c;AAAA\u{7}".to_owned()), ..call(200, 1.0) };
    instance.service.track(&ana, &by_id(key.id), hostile).await.expect("tracked");
    let report =
        instance.service.usage(&ana, &by_id(key.id), &ReportQuery::default()).await.expect("a report");
    assert_eq!(report.top_endpoints[0].endpoint, "/v1\u{fffd}]52;c;AAAA\u{fffd}");
}
