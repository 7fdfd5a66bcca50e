//! Unusual usage is told to the key's people, once, with its reasons, also over a restart.

use jiff::Timestamp;
use keyward_keys::input::{NewAlertRule, NotificationQuery, ProfileChange, TrackEvent};
use keyward_keys::{AlertCondition, Caller, Error, Id, Plan, Service};

use crate::harness::{Instance, NOON};

const TEN_MINUTES: i64 = 600_000;
const DAY: i64 = 144 * TEN_MINUTES;

fn calls(at_ms: i64, number: i64, endpoint: &str) -> Vec<TrackEvent> {
    let call = |i| TrackEvent {
        endpoint: Some(endpoint.to_owned()),
        timestamp: Timestamp::from_millisecond(at_ms + i * TEN_MINUTES / number).ok(),
        ..TrackEvent::default()
    };
    (0..number).map(call).collect()
}

/// Nine days of some twenty calls in ten minutes, up to noon.
async fn used(instance: &Instance, key: Id) {
    let readings = (-9 * 144..0).map(|i| NOON + i * TEN_MINUTES);
    let all = readings.flat_map(|at| calls(at, 18 + at / TEN_MINUTES % 5, "/v1/usual")).collect();
    instance.service.import_usage(&instance.system(), key, None, all).await.expect("brought in");
}

async fn told(service: &Service, caller: &Caller) -> Vec<String> {
    let all = NotificationQuery { page: 1, limit: 100, unread: false };
    let page = service.notifications(caller, &all).await.expect("a page");
    page.notifications.into_iter().map(|notice| format!("{} {}", notice.kind, notice.message)).collect()
}

#[tokio::test]
async fn unusual_usage_is_told_once_with_its_reasons_also_across_a_restart() {
    let mut instance = Instance::open().await;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", Plan::Free).await);
    let key = instance.add_key(&ana, "Billing").await.id;
    used(&instance, key).await;
    let watch = async |instance: &Instance| {
        instance.service.watch_anomalies(&instance.system()).await.expect("watched")
    };
    instance.clock.set(NOON + TEN_MINUTES / 5);
    assert_eq!(watch(&instance).await, 0, "all is as usual");

    instance = instance.reopen().await;
    let burst = async |instance: &Instance, part: i64| {
        instance.clock.set(NOON + (part + 1) * TEN_MINUTES + 61_000);
        let calls = calls(NOON + part * TEN_MINUTES, 400, "/v1/export");
        instance.service.import_usage(&instance.system(), key, None, calls).await.expect("brought in");
    };
    burst(&instance, 0).await;
    assert_eq!(watch(&instance).await, 1);
    let expected = "anomaly Billing: 400 calls in the ten minutes from 12:00 UTC: ";
    let first = told(&instance.service, &ana).await;
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with(expected), "{}", first[0]);
    assert!(first[0].contains("x the usual at 12:00"), "{}", first[0]);
    assert!(first[0].ends_with("; all from one new endpoint, /v1/export"), "{}", first[0]);
    assert_eq!(told(&instance.service, &bob).await.len(), 0, "others' keys are not bob's");

    // It goes on for an hour, and the daemon starts again in the middle of it.
    for part in 1..6 {
        instance = instance.reopen().await;
        burst(&instance, part).await;
        assert_eq!(watch(&instance).await, 0, "part {part} belongs to what was told");
    }
    assert_eq!(told(&instance.service, &ana).await, first);

    // What is over is told, once.
    for (part, expected) in [(6, 0), (7, 0), (8, 1), (9, 0)] {
        instance = instance.reopen().await;
        usual(&instance, key, part).await;
        assert_eq!(watch(&instance).await, expected, "part {part}");
    }
    let all = told(&instance.service, &ana).await;
    assert_eq!(all.len(), 2);
    let over = "anomaly Billing: usual again, after 60 minutes that were not: 400 calls in the ten minutes from 12:00";
    assert!(all.iter().any(|one| one.starts_with(over)), "{all:?}");
}

/// Ten minutes after noon in which all is as ever.
async fn usual(instance: &Instance, key: Id, part: i64) {
    instance.clock.set(NOON + (part + 1) * TEN_MINUTES + 61_000);
    let calls = calls(NOON + part * TEN_MINUTES, 20, "/v1/usual");
    instance.service.import_usage(&instance.system(), key, None, calls).await.expect("brought in");
}

#[tokio::test]
async fn a_rule_tells_of_it_instead_with_the_reasons_and_when_it_is_over() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Billing").await.id;
    used(&instance, key).await;
    let rule = NewAlertRule {
        name: "Unusual".to_owned(),
        condition: Some(AlertCondition::Anomaly),
        api_key_id: Some(key.to_string()),
        team: None,
        threshold: Some(50),
        recovery: None,
        window: None,
        enabled: None,
    };
    service.create_alert_rule(&ana, &rule).await.expect("made");
    let look = async || {
        let told = service.watch_anomalies(&instance.system()).await.expect("watched");
        (told, service.watch_alerts(&instance.system()).await.expect("looked"))
    };
    instance.clock.set(NOON + TEN_MINUTES + 61_000);
    let burst = calls(NOON, 400, "/v1/usual");
    service.import_usage(&instance.system(), key, None, burst).await.expect("brought in");
    assert_eq!(look().await, (0, 1));
    assert_eq!(look().await, (0, 0), "once");
    for (part, over) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        usual(&instance, key, part).await;
        assert_eq!(look().await, (0, over), "part {part}");
    }
    let mut all = told(service, &ana).await;
    all.sort();
    assert!(
        all[0].starts_with("alert_firing Unusual: Billing: 400 calls in the ten minutes from 12:00 UTC: ")
    );
    assert!(all[1].starts_with("alert_recovered Recovered: Billing: 400 calls"), "{all:?}");
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn errors_and_response_times_of_a_key_are_watched_too() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let (errors, slow) = (instance.add_key(&ana, "Errors").await.id, instance.add_key(&ana, "Slow").await.id);
    let some = |part: i64, failed: usize, ms: f64| {
        let mut some = calls(NOON + part * TEN_MINUTES, 30, "/v1/usual");
        for (i, call) in some.iter_mut().enumerate() {
            call.status_code = Some(if i < failed { 500 } else { 200 });
            call.response_time = Some(ms + i as f64);
        }
        some
    };
    for key in [errors, slow] {
        let past: Vec<_> = (-4 * 144..0).flat_map(|part| some(part, 0, 200.0)).collect();
        service.import_usage(&instance.system(), key, None, past).await.expect("brought in");
    }
    instance.clock.set(NOON + 61_000);
    assert_eq!(service.watch_anomalies(&instance.system()).await.expect("watched"), 0);
    instance.clock.set(NOON + TEN_MINUTES + 61_000);
    for (key, now) in [(errors, some(0, 12, 200.0)), (slow, some(0, 0, 900.0))] {
        service.import_usage(&instance.system(), key, None, now).await.expect("brought in");
    }
    assert_eq!(service.watch_anomalies(&instance.system()).await.expect("watched"), 2);
    let mut all = told(service, &ana).await;
    all.sort();
    assert!(all[0].contains(": 40 % of the calls failed where 0 to 0 % was usual"), "{}", all[0]);
    let expected = ": a response time of 914 ms where 215 to 215 ms was usual";
    assert!(all[1].contains(expected), "{}", all[1]);
}

#[tokio::test]
async fn hours_are_those_of_the_peoples_time_zone() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let zone = ProfileChange { time_zone: Some("Asia/Kolkata".to_owned()), ..ProfileChange::default() };
    service.change_profile(&ana, zone).await.expect("changed");
    let key = instance.add_key(&ana, "Billing").await.id;
    used(&instance, key).await;
    instance.clock.set(NOON + TEN_MINUTES + 61_000);
    let burst = calls(NOON, 400, "/v1/usual");
    service.import_usage(&instance.system(), key, None, burst).await.expect("brought in");
    assert_eq!(service.watch_anomalies(&instance.system()).await.expect("watched"), 1);
    let all = told(service, &ana).await;
    assert!(all[0].contains("from 17:30 IST: ") && all[0].contains("x the usual at 17:00"), "{}", all[0]);
}

#[tokio::test]
async fn a_key_that_falls_silent_is_told_and_one_that_is_new_is_not() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let silent = instance.add_key(&ana, "Silent").await.id;
    used(&instance, silent).await;
    let busy: Vec<_> = (-9 * 144..0).flat_map(|i| calls(NOON + i * TEN_MINUTES, 80, "/v1/usual")).collect();
    instance.service.import_usage(&instance.system(), silent, None, busy).await.expect("brought in");
    let new = instance.add_key(&ana, "New").await.id;
    instance.clock.set(NOON + 3 * 6 * TEN_MINUTES + 61_000);
    for part in 0..12 {
        let some = calls(NOON + part * TEN_MINUTES, if part == 11 { 900 } else { 10 }, "/v1/first");
        instance.service.import_usage(&instance.system(), new, None, some).await.expect("brought in");
    }
    assert_eq!(instance.service.watch_anomalies(&instance.system()).await.expect("watched"), 1);
    let all = told(&instance.service, &ana).await;
    assert_eq!(all.len(), 1);
    assert!(all[0].starts_with("anomaly Silent: 0 calls in the ten minutes from "), "{}", all[0]);
}

#[tokio::test]
async fn what_a_long_stop_left_out_is_learnt_and_a_deleted_key_is_left_alone() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    used(&instance, key).await;
    let long_ago = calls(NOON - 2 * DAY, 900, "/v1/export");
    instance.service.import_usage(&instance.system(), key, None, long_ago).await.expect("brought in");
    assert_eq!(instance.service.watch_anomalies(&instance.system()).await.expect("watched"), 0, "no news");
    let refused = instance.service.watch_anomalies(&ana).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

/// A key with few calls has no state, and nothing is lost by that: once it has more, all of its past has been learnt.
#[tokio::test]
async fn a_key_with_few_calls_is_learnt_from_its_past_once_it_has_more() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Nightly").await.id;
    // Three calls at one time of the day for three weeks: looked at all along, they are too few.
    for day in (1..=21).rev() {
        let at_ms = NOON - day * DAY;
        instance.clock.set(at_ms + TEN_MINUTES + 61_000);
        service
            .import_usage(&instance.system(), key, None, calls(at_ms, 3, "/v1/nightly"))
            .await
            .expect("brought in");
        assert_eq!(service.watch_anomalies(&instance.system()).await.expect("watched"), 0);
    }
    instance.clock.set(NOON + TEN_MINUTES + 61_000);
    service
        .import_usage(&instance.system(), key, None, calls(NOON, 400, "/v1/export"))
        .await
        .expect("brought in");
    assert_eq!(service.watch_anomalies(&instance.system()).await.expect("watched"), 1);
    let all = told(service, &ana).await;
    assert!(all[0].starts_with("anomaly Nightly: 400 calls in the ten minutes from 12:00 UTC"), "{all:?}");
}
