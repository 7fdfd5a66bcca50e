//! Conditions on what a key is not used to, and on what its month costs.

use super::*;

#[tokio::test]
async fn what_a_key_is_not_used_to_and_what_its_month_costs_are_conditions() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Billing").await.id;
    for (condition, threshold) in [
        (AlertCondition::NewEndpoint, None),
        (AlertCondition::OddHour, None),
        (AlertCondition::MonthlyCost, Some(3)),
    ] {
        made(&instance, &ana, &NewAlertRule { threshold, ..rule(condition) }).await;
    }
    let call = async |at_ms: i64, endpoint: &str, metadata: Option<&str>| {
        instance.clock.set(at_ms);
        let event = TrackEvent::<String> {
            endpoint: Some(endpoint.to_owned()),
            metadata: metadata.map(str::to_owned),
            ..TrackEvent::default()
        };
        service.track(&ana, &by_id(key), event).await.expect("tracked");
    };
    let firing = async || {
        let page = alerts(&instance, &ana).await.alerts.into_iter();
        let mut firing: Vec<_> = page
            .filter(|alert| alert.state == AlertState::Firing)
            .map(|alert| (alert.condition.name(), alert.value))
            .collect();
        firing.sort_unstable();
        firing
    };
    for day in 0..20 {
        call(NOON + day * DAY, "/v1/usual", None).await;
        assert_eq!(look(&instance, NOON + day * DAY + MINUTE).await, 0, "day {day}");
    }
    let later = NOON + 20 * DAY + 3 * 60 * MINUTE;
    call(later - 3 * 60 * MINUTE, "/v1/usual", None).await;
    call(later, "/v1/new", Some(r#"{"model":"gpt-4o","usage":{"prompt_tokens":1300000}}"#)).await;
    look(&instance, later + MINUTE).await;
    assert_eq!(firing().await, [("monthly_cost", 3), ("new_endpoint", 1), ("odd_hour", 1)]);
    let page = alerts(&instance, &ana).await.alerts;
    let odd = page.iter().find(|alert| alert.condition == AlertCondition::OddHour).expect("the odd hour");
    assert_eq!(odd.message, "Billing: 1 call between 15:00 and 16:00 UTC, when it is never called");
    assert_eq!(look(&instance, later + 2 * MINUTE).await, 0, "they are told once");
    look(&instance, later + DAY).await;
    assert_eq!(firing().await, [("monthly_cost", 3)], "the others are over");
    let trial = AlertTrial {
        api_key_id: Some(key.to_string()),
        team: None,
        condition: Some(AlertCondition::OddHour),
        threshold: None,
        recovery: None,
        window: None,
    };
    let tried = service.try_alert_rule(&ana, &trial).await.expect("tried");
    let odd = tried.firings.first().map(|one| (one.from.as_millisecond(), one.value));
    assert_eq!((tried.count, odd), (1, Some((later, 1))), "as it was");
}
