//! Responses to alerts: each does what it says, is audited with the alert, and can be taken back.

use keyward_keys::input::{AlertAction, AlertRespond, AuditQuery, KeyPatch, NewAlertRule};
use keyward_keys::view::{AlertHistory, RotationState};
use keyward_keys::{AlertCondition, AlertTurnKind, Caller, Error, Id, Role};

use crate::harness::{Instance, NOON, by_id};
use crate::rotation::{generated, generates};
use crate::teams::{joined, team, team_key};

const MINUTE: i64 = 60_000;

fn respond(action: AlertAction) -> AlertRespond {
    AlertRespond { action, limit: None, networks: None }
}

/// An alert of this team's key, or of one's own.
async fn raised(instance: &Instance, caller: &Caller, team: Option<Id>) -> Id {
    let rule = NewAlertRule {
        name: "Silence".to_owned(),
        condition: Some(AlertCondition::NoTraffic),
        api_key_id: None,
        team,
        threshold: None,
        recovery: None,
        window: None,
        enabled: None,
    };
    instance.service.create_alert_rule(caller, &rule).await.expect("a rule");
    instance.clock.set(NOON + 60 * MINUTE);
    instance.service.watch_alerts(&instance.system()).await.expect("looked");
    let query = keyward_keys::input::AlertQuery { page: 1, limit: 1, ..Default::default() };
    instance.service.alerts(caller, &query).await.expect("a page").alerts[0].id
}

async fn does(instance: &Instance, caller: &Caller, alert: Id, what: &AlertRespond) -> AlertHistory {
    // Each at a moment of its own.
    instance.clock.set(instance.clock.now_ms() + 1_000);
    instance.service.respond_to_alert(caller, alert, what).await.expect("done")
}

#[tokio::test]
async fn each_response_can_be_taken_back_the_last_first() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    let limit = KeyPatch { monthly_limit: Some(Some(1_000)), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(key), limit, None).await.expect("changed");
    let alert = raised(&instance, &ana, None).await;
    let frozen = does(&instance, &ana, alert, &respond(AlertAction::Freeze)).await;
    assert!(frozen.key.as_ref().is_some_and(|key| key.frozen));
    assert_eq!(frozen.undo.as_deref(), Some("froze the key"));
    let again = instance.service.respond_to_alert(&ana, alert, &respond(AlertAction::Freeze)).await;
    assert!(matches!(again, Err(Error::Conflict(_))));
    let limited = AlertRespond { limit: Some(10), ..respond(AlertAction::Limit) };
    let limited = does(&instance, &ana, alert, &limited).await;
    assert!(limited.key.is_some_and(|key| key.monthly_limit == Some(10) && key.refuse_over_limit));

    let instance = instance.reopen().await;
    let back = does(&instance, &ana, alert, &respond(AlertAction::Undo)).await;
    let key = back.key.expect("the key");
    assert!(key.monthly_limit == Some(1_000) && !key.refuse_over_limit && key.frozen, "the last one first");
    let back = does(&instance, &ana, alert, &respond(AlertAction::Undo)).await;
    assert!(back.key.is_some_and(|key| !key.frozen) && back.undo.is_none());
    use AlertTurnKind as T;
    let turns: Vec<_> = back.turns.iter().map(|turn| turn.turn).collect();
    assert_eq!(turns, [T::Fired, T::Responded, T::Responded, T::Undone, T::Undone]);
    let nothing = instance.service.respond_to_alert(&ana, alert, &respond(AlertAction::Undo)).await;
    assert!(matches!(nothing, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn a_response_is_audited_as_what_happened_to_the_key_and_to_the_alert() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    let alert = raised(&instance, &ana, None).await;
    does(&instance, &ana, alert, &respond(AlertAction::Freeze)).await;
    does(&instance, &ana, alert, &respond(AlertAction::Rotate)).await;
    let of = async |object: Id, action: &str| {
        let query = AuditQuery {
            page: 1,
            limit: 20,
            object: Some(object),
            action: Some(action.to_owned()),
            ..AuditQuery::default()
        };
        let page = instance.service.audit(&ana, &query).await.expect("records");
        page.records.into_iter().map(|record| record.detail).collect::<Vec<_>>()
    };
    for action in ["key.change", "key.rotate"] {
        let of_key = of(key, action).await;
        assert!(of_key.iter().any(|detail| detail.contains(&alert.to_string())), "{action}: {of_key:?}");
    }
    let of_alert = of(alert, "alert.handle").await;
    assert_eq!(of_alert.len(), 2, "{of_alert:?}");
    assert!(of_alert.iter().all(|detail| detail.contains(&key.to_string())), "{of_alert:?}");
    let back = does(&instance, &ana, alert, &respond(AlertAction::Undo)).await;
    assert_eq!(back.undo.as_deref(), Some("froze the key"), "the rotation was given up");
}

#[tokio::test]
async fn a_rotation_that_is_taken_back_leaves_the_key_due_when_it_was() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = generated(&instance, &ana, "Made", generates()).await;
    let due = key.next_rotation.map(|at| at.as_millisecond());
    assert_eq!(due, Some(NOON + 90 * DAY));
    let alert = raised(&instance, &ana, None).await;
    let next = async || {
        let seen = instance.rotation_of(&ana, key.id).await;
        (seen.version, seen.next_rotation.expect("due").as_millisecond())
    };
    let (rotate, undo) = (respond(AlertAction::Rotate), respond(AlertAction::Undo));
    instance.clock.set(NOON + 80 * DAY);
    does(&instance, &ana, alert, &rotate).await;
    instance.rotates().await;
    assert_eq!(next().await, (2, NOON + 170 * DAY + 1_000));
    does(&instance, &ana, alert, &undo).await;
    assert_eq!(next().await, (1, NOON + 90 * DAY), "the old value is not used for longer than it was to be");
    // Given up before there is a new value.
    let by_hand = KeyPatch { rotation: Some(None), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(key.id), by_hand, None).await.expect("set");
    let (_, due) = next().await;
    does(&instance, &ana, alert, &rotate).await;
    let again = instance.service.respond_to_alert(&ana, alert, &rotate).await;
    assert!(matches!(again, Err(Error::Conflict(text)) if text.contains("waits for a new value")));
    does(&instance, &ana, alert, &undo).await;
    assert_eq!(next().await, (1, due));
    // What was due by then is not begun at once again.
    instance.clock.set(due + DAY);
    does(&instance, &ana, alert, &rotate).await;
    does(&instance, &ana, alert, &undo).await;
    assert_eq!(next().await, (1, instance.clock.now_ms() + 90 * DAY));
    instance.rotates().await;
    assert_ne!(instance.rotation_of(&ana, key.id).await.state, RotationState::Waiting);
}

#[tokio::test]
async fn whoever_may_not_change_the_key_does_nothing_about_it() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (mia, _) = joined(&instance, &ana, team.id, "mia", Role::Member).await;
    let (eve, _) = instance.person("eve", keyward_keys::Plan::Free).await;
    team_key(&instance, &ana, team.id, "Stripe").await;
    let alert = raised(&instance, &ana, Some(team.id)).await;
    let narrow = AlertRespond {
        networks: Some(vec!["10.0.0.0/8".parse().expect("one")]),
        ..respond(AlertAction::Narrow)
    };
    let limit = AlertRespond { limit: Some(1), ..respond(AlertAction::Limit) };
    for what in [respond(AlertAction::Freeze), respond(AlertAction::Rotate), narrow, limit] {
        let refused = instance.service.respond_to_alert(&mia, alert, &what).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{what:?}");
        let unknown = instance.service.respond_to_alert(&eve, alert, &what).await;
        assert!(matches!(unknown, Err(Error::NotFound("alert"))), "{what:?}");
    }
}

#[tokio::test]
async fn what_does_not_go_together_is_told_at_once_and_nothing_is_widened() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    instance.add_key(&ana, "Billing").await;
    let alert = raised(&instance, &ana, None).await;
    let faults = async |what: AlertRespond| match instance.service.respond_to_alert(&ana, alert, &what).await
    {
        Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let net = |text: &str| Some(vec![text.parse().expect("a network")]);
    let both = AlertRespond { limit: Some(1), networks: net("10.0.0.0/8"), ..respond(AlertAction::Freeze) };
    assert_eq!(faults(both).await, ["limit", "networks"]);
    assert_eq!(faults(respond(AlertAction::Limit)).await, ["limit"]);
    assert_eq!(faults(respond(AlertAction::Narrow)).await, ["networks"]);
    let narrow = |text| AlertRespond { networks: net(text), ..respond(AlertAction::Narrow) };
    does(&instance, &ana, alert, &narrow("10.1.0.0/16")).await;
    assert_eq!(faults(narrow("10.0.0.0/8")).await, ["networks"]);
    let narrowed = does(&instance, &ana, alert, &narrow("10.1.2.0/24")).await;
    assert_eq!(narrowed.key.expect("the key").networks.len(), 1);
    let back = does(&instance, &ana, alert, &respond(AlertAction::Undo)).await;
    assert_eq!(back.key.expect("the key").networks[0].to_string(), "10.1.0.0/16");
    let lowered = AlertRespond { limit: Some(5), ..respond(AlertAction::Limit) };
    does(&instance, &ana, alert, &lowered).await;
    assert_eq!(faults(AlertRespond { limit: Some(6), ..lowered }).await, ["limit"]);
}
