//! What became of alerts, and which are whose.

use super::*;

#[tokio::test]
async fn what_became_of_an_alert_is_kept_with_who_did_it_and_how_its_value_went() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    made(&instance, &ana, &NewAlertRule { threshold: Some(50), ..rule(AlertCondition::ErrorRate) }).await;
    let mut heard = service.subscribe(&ana).expect("hears");
    track(&instance, &ana, key, 500, 3).await;
    look(&instance, NOON + MINUTE).await;
    let id = only(&instance, &ana).await.id;
    let mut changed = async || {
        while !matches!(heard.next().await, Some(Event::AlertChanged { alert: Some(alert), .. }) if alert == id)
        {
        }
    };
    changed().await;
    instance.clock.set(NOON + 2 * MINUTE);
    service.snooze_alert(&ana, id, &AlertSnooze { minutes: Some(1), until: None }).await.expect("snoozed");
    // Others see that at once.
    changed().await;
    look(&instance, NOON + 4 * MINUTE).await;
    service.acknowledge_alert(&ana, id).await.expect("seen");
    look(&instance, NOON + 8 * MINUTE).await;

    let instance = instance.reopen().await;
    let history = instance.service.alert_history(&ana, id).await.expect("its history");
    let turns: Vec<_> = history.turns.iter().map(|turn| (turn.turn, turn.by_name.as_deref())).collect();
    use AlertTurnKind as T;
    assert_eq!(
        turns,
        [
            (T::Fired, None),
            (T::Snoozed, Some("ana")),
            (T::Acknowledged, Some("ana")),
            (T::Woke, None),
            (T::Recovered, None)
        ]
    );
    assert!(history.rule_in_words.is_some_and(|words| words.contains("50 % or more of the calls of one of")));
    let course = history.course.expect("how it went");
    assert_eq!((course.step, course.values.len()), (300, 72));
    assert_eq!(course.values.iter().flatten().max(), Some(&100));
    let from = course.from.as_millisecond();
    let fired = course.values.iter().position(Option::is_some).expect("a value") as i64;
    assert!((NOON..NOON + 6 * MINUTE).contains(&(from + fired * 5 * MINUTE)), "{from} and {fired} steps");
}

#[tokio::test]
async fn open_alerts_and_those_that_are_ones_own_to_look_after_are_told_apart() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (mia, _) = joined(&instance, &ana, team.id, "mia", Role::Member).await;
    for name in ["One", "Two", "Three"] {
        team_key(&instance, &ana, team.id, name).await;
    }
    let new = NewAlertRule { team: Some(team.id), ..rule(AlertCondition::NoTraffic) };
    made(&instance, &ana, &new).await;
    look(&instance, NOON + 60 * MINUTE).await;
    let ids: Vec<Id> = alerts(&instance, &ana).await.alerts.iter().map(|alert| alert.id).collect();
    service.acknowledge_alert(&mia, ids[0]).await.expect("seen");
    service.resolve_alert(&ana, ids[1]).await.expect("settled");
    let of = async |caller: &Caller, query: AlertQuery| {
        let page = service.alerts(caller, &query).await.expect("a page");
        let mut ids: Vec<Id> = page.alerts.iter().map(|alert| alert.id).collect();
        ids.sort_unstable();
        ids
    };
    let sorted = |mut ids: Vec<Id>| {
        ids.sort_unstable();
        ids
    };
    let (open, mine) = (AlertQuery { open: Some(true), ..ALL }, AlertQuery { mine: Some(true), ..ALL });
    assert_eq!(of(&ana, open).await, sorted(vec![ids[0], ids[2]]));
    assert_eq!(of(&ana, mine.clone()).await, [ids[1]]);
    assert_eq!(of(&mia, mine).await, [ids[0]]);

    // What is over since a moment, the latest first, whichever fired first.
    instance.clock.set(NOON + 70 * MINUTE);
    service.resolve_alert(&ana, ids[0]).await.expect("settled");
    let over = async |minutes: i64| {
        let resolved_after = jiff::Timestamp::from_millisecond(NOON + minutes * MINUTE).ok();
        let page = service.alerts(&ana, &AlertQuery { resolved_after, ..ALL }).await.expect("a page");
        page.alerts.iter().map(|alert| alert.id).collect::<Vec<_>>()
    };
    assert_eq!(over(59).await, [ids[0], ids[1]]);
    assert_eq!(over(60).await, [ids[0]]);
    assert_eq!(over(70).await, []);
}
