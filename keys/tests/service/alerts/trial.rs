//! Rules tried on the past month.

use super::*;

#[tokio::test]
async fn a_rule_is_tried_on_the_past_month_before_it_is_made() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    for day in [1, 4, 9] {
        instance.clock.set(NOON + day * DAY);
        track(&instance, &ana, key.id, 500, 3).await;
        track(&instance, &ana, key.id, 200, 3).await;
    }
    instance.clock.set(NOON + 10 * DAY);
    let trial = |condition, threshold| AlertTrial {
        api_key_id: Some(key.key_id.clone()),
        team: None,
        condition: Some(condition),
        threshold: Some(threshold),
        recovery: None,
        window: None,
    };
    let tried = service.try_alert_rule(&ana, &trial(AlertCondition::ErrorRate, 50)).await.expect("tried");
    assert_eq!((tried.count, tried.firings.len()), (3, 3), "{:?}", tried.firings);
    let last = &tried.firings[2];
    assert_eq!(
        last.from.as_millisecond(),
        NOON + 9 * DAY + MINUTE,
        "the last two days are told by the minute"
    );
    assert_eq!(last.until.map(|at| at.as_millisecond()), Some(NOON + 9 * DAY + 6 * MINUTE));
    let tried = service.try_alert_rule(&ana, &trial(AlertCondition::ErrorRate, 51)).await.expect("tried");
    assert_eq!(tried.count, 0);
    let tried =
        service.try_alert_rule(&ana, &trial(AlertCondition::NoTraffic, 2 * 24 * 60)).await.expect("tried");
    assert_eq!(tried.count, 2, "{:?}", tried.firings);
    let never = AlertTrial { threshold: None, ..trial(AlertCondition::FrozenUse, 1) };
    let Err(Error::Invalid(faults)) = service.try_alert_rule(&ana, &never).await else { panic!("refused") };
    assert_eq!((faults.len(), faults[0].field.as_str()), (1, "condition"));
    assert!(faults[0].detail.starts_with("cannot be tried on the past: from when"), "{}", faults[0].detail);
    // A share of a budget that there is not.
    let refused = service.try_alert_rule(&ana, &trial(AlertCondition::Budget, 80)).await;
    assert_eq!(fields(refused.expect_err("refused")), ["apiKeyId"]);
}

#[tokio::test]
async fn what_costs_endpoints_hours_and_the_unusual_would_have_raised_is_told_too() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Billing").await.id;
    let amount = |units: u64| Some(Some(keyward_keys::prices::Money(units * 1_000_000)));
    let budget = KeyPatch { monthly_budget: amount(10), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(key), budget, None).await.expect("a budget");
    let call = async |at_ms: i64, endpoint: &str, cost: u64, times: usize| {
        instance.clock.set(at_ms);
        for _ in 0..times {
            let event = TrackEvent {
                endpoint: Some(endpoint.to_owned()),
                metadata: Some(format!(r#"{{"cost":{cost}}}"#)),
                ..TrackEvent::default()
            };
            service.track(&ana, &by_id(key), event).await.expect("tracked");
        }
    };
    // At noon each day; from the 21st day on nothing is told before it was learnt.
    for day in 1..=20 {
        call(NOON + day * DAY, "/usual", 0, 2).await;
    }
    let (odd_ms, dear_ms) = (NOON + 20 * DAY + 9 * 60 * MINUTE, NOON + 21 * DAY);
    call(odd_ms, "/usual", 0, 3).await;
    call(dear_ms, "/new", 4, 1).await;
    call(dear_ms + MINUTE, "/new", 4, 40).await;
    instance.clock.set(dear_ms + 5 * 60 * MINUTE);
    let tried = async |condition, threshold| {
        let trial = AlertTrial {
            api_key_id: Some(key.to_string()),
            condition: Some(condition),
            threshold: Some(threshold),
            ..AlertTrial::default()
        };
        let tried = service.try_alert_rule(&ana, &trial).await.expect("tried");
        let firing = |one: &keyward_keys::view::AlertFiring| {
            (one.from.as_millisecond(), one.until.map(|at| at.as_millisecond()), one.value)
        };
        tried.firings.iter().map(firing).collect::<Vec<_>>()
    };
    let hour = dear_ms + 60 * MINUTE;
    assert_eq!(tried(AlertCondition::Budget, 80).await, [(hour, None, 1_640)], "by the end of the hour");
    assert_eq!(tried(AlertCondition::Budget, 1_000).await.len(), 1);
    assert_eq!(tried(AlertCondition::MonthlyCost, 164).await, [(hour, None, 164)]);
    assert!(tried(AlertCondition::MonthlyCost, 165).await.is_empty());
    let midnight = dear_ms - 12 * 60 * MINUTE;
    assert_eq!(tried(AlertCondition::NewEndpoint, 1).await, [(midnight, None, 1)]);
    let odd = (odd_ms, Some(odd_ms + 60 * MINUTE), 3);
    assert_eq!(tried(AlertCondition::OddHour, 1).await, [odd]);
    assert!(tried(AlertCondition::OddHour, 4).await.is_empty());
    let unusual = tried(AlertCondition::Anomaly, 50).await;
    assert!(unusual.iter().any(|(from_ms, ..)| (dear_ms..=hour).contains(from_ms)), "{unusual:?}");
}

#[tokio::test]
async fn a_rule_for_all_keys_is_tried_on_all_of_them() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (one, two) = (instance.add_key(&ana, "One").await, instance.add_key(&ana, "Two").await);
    instance.clock.set(NOON + DAY);
    for key in [one.id, one.id, two.id] {
        track(&instance, &ana, key, 500, 1).await;
    }
    instance.clock.set(NOON + 10 * DAY);
    let trial = AlertTrial { condition: Some(AlertCondition::ErrorRate), ..AlertTrial::default() };
    let tried = service.try_alert_rule(&ana, &trial).await.expect("tried");
    assert_eq!((tried.keys, tried.count, tried.more, tried.api_key_id), (2, 2, false, None));
    assert_ne!(tried.firings[0].api_key_id, tried.firings[1].api_key_id);
    let team = team(&instance, &ana).await;
    let (eve, _) = instance.person("eve", keyward_keys::Plan::Free).await;
    let of_team = AlertTrial { team: Some(team.id), ..trial };
    assert_eq!(service.try_alert_rule(&ana, &of_team).await.expect("tried").keys, 0);
    assert!(matches!(service.try_alert_rule(&eve, &of_team).await, Err(Error::NotFound("team"))));
}
