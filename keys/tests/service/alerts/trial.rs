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
    assert_eq!(fields(service.try_alert_rule(&ana, &never).await.expect_err("refused")), ["condition"]);
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
