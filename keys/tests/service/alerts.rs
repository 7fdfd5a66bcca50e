//! Alert rules and alerts: what fires, once, what recovers, and who may do what about it.

mod decoys;
mod frozen;
mod history;
mod networks;
mod trial;
mod unusual;

use keyward_keys::input::{
    AlertQuery, AlertRulePatch, AlertRuleQuery, AlertSnooze, AlertTrial, KeyPatch, NewAlertRule, NewWebhook,
    NotificationQuery, TimingPatch, TrackEvent,
};
use keyward_keys::view::{AlertPage, AlertRuleView, AlertState, AlertView, AttentionKind, DeliveryStatus};
use keyward_keys::{AlertCondition, AlertTurnKind, Caller, Error, Event, Id, Role};

use crate::harness::{Instance, NOON, by_id};
use crate::teams::{joined, team, team_key};
use crate::webhooks::{Receiver, log, new as new_webhook};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

const ALL: AlertQuery = AlertQuery {
    page: 1,
    limit: 100,
    state: None,
    api_key_id: None,
    open: None,
    mine: None,
    resolved_after: None,
};

fn rule(condition: AlertCondition) -> NewAlertRule {
    NewAlertRule {
        name: "Watch".to_owned(),
        condition: Some(condition),
        api_key_id: None,
        team: None,
        threshold: None,
        recovery: None,
        window: None,
        enabled: None,
    }
}

async fn made(instance: &Instance, caller: &Caller, new: &NewAlertRule) -> AlertRuleView {
    instance.service.create_alert_rule(caller, new).await.expect("a rule")
}

async fn look(instance: &Instance, at_ms: i64) -> u64 {
    instance.clock.set(at_ms);
    instance.service.watch_alerts(&instance.system()).await.expect("looked")
}

async fn track(instance: &Instance, caller: &Caller, key: Id, status: u16, times: usize) {
    for _ in 0..times {
        let event = TrackEvent::<String> {
            status_code: Some(status),
            response_time: Some(250.0),
            ..TrackEvent::default()
        };
        instance.service.track(caller, &by_id(key), event).await.expect("tracked");
    }
}

async fn alerts(instance: &Instance, caller: &Caller) -> AlertPage {
    instance.service.alerts(caller, &ALL).await.expect("a page")
}

async fn only(instance: &Instance, caller: &Caller) -> AlertView {
    let page = alerts(instance, caller).await;
    assert_eq!(page.alerts.len(), 1, "{:?}", page.alerts);
    page.alerts.into_iter().next().expect("one")
}

/// What this person was told of alerts, newest first.
async fn told(instance: &Instance, caller: &Caller) -> Vec<String> {
    let all = NotificationQuery { page: 1, limit: 100, unread: false };
    let page = instance.service.notifications(caller, &all).await.expect("a page");
    page.notifications.into_iter().filter(|one| one.kind.starts_with("alert")).map(|one| one.kind).collect()
}

fn fields(error: Error) -> Vec<String> {
    let Error::Invalid(mut faults) = error else { panic!("{error}") };
    faults.sort_by(|a, b| a.field.cmp(&b.field));
    faults.into_iter().map(|fault| fault.field).collect()
}

#[tokio::test]
async fn an_alert_fires_once_over_a_restart_and_its_recovery_is_told() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let (key, quiet) = (instance.add_key(&ana, "Billing").await.id, instance.add_key(&ana, "Quiet").await.id);
    made(&instance, &ana, &NewAlertRule { threshold: Some(50), ..rule(AlertCondition::ErrorRate) }).await;
    track(&instance, &ana, key, 500, 1).await;
    track(&instance, &ana, key, 200, 1).await;
    track(&instance, &ana, quiet, 200, 3).await;
    assert_eq!(look(&instance, NOON).await, 0, "a minute counts once it is over");
    assert_eq!(look(&instance, NOON + MINUTE).await, 1);
    let alert = only(&instance, &ana).await;
    assert_eq!((alert.state, alert.api_key_id, alert.value), (AlertState::Firing, Some(key), 50));
    assert!(alert.message.contains("Billing") && alert.message.contains("50 %"), "{}", alert.message);

    let instance = instance.reopen().await;
    assert_eq!(look(&instance, NOON + 2 * MINUTE).await, 0, "it is told once");
    assert_eq!(only(&instance, &ana).await.last_seen.as_millisecond(), NOON + 2 * MINUTE);
    assert_eq!(told(&instance, &ana).await, ["alert_firing"]);
    assert_eq!(look(&instance, NOON + 6 * MINUTE).await, 1);
    assert_eq!(only(&instance, &ana).await.state, AlertState::Resolved);
    assert_eq!(told(&instance, &ana).await, ["alert_recovered", "alert_firing"]);
    assert_eq!(look(&instance, NOON + 7 * MINUTE).await, 0);
    let all = NotificationQuery { page: 1, limit: 100, unread: false };
    let page = instance.service.notifications(&ana, &all).await.expect("a page");
    let of_alerts: Vec<_> = page.notifications.iter().filter_map(|one| one.alert_id).collect();
    assert_eq!(of_alerts, [alert.id, alert.id], "both lead to it");
    let read = instance.service.read_notification(&ana, page.notifications[0].id).await.expect("read");
    assert_eq!(read.alert_id, Some(alert.id));
}

#[tokio::test]
async fn a_webhook_is_told_which_alert_it_is_about() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Billing").await.id;
    let receiver = Receiver::start(&[200]).await;
    let (hook, _) = service.create_webhook(&ana, new_webhook(&receiver.url)).await.expect("made");
    made(&instance, &ana, &NewAlertRule { threshold: Some(50), ..rule(AlertCondition::ErrorRate) }).await;
    track(&instance, &ana, key, 500, 1).await;
    assert_eq!(look(&instance, NOON + MINUTE).await, 1);
    let alert = only(&instance, &ana).await.id;
    service.test_webhook(&ana, hook.id).await.expect("queued");
    let instance = instance.reopen().await;
    assert_eq!(instance.service.deliver_webhooks(&instance.system()).await.expect("sent"), 2);
    let of_it = |got: &String| {
        let told = got.contains(&format!("\"alertId\":\"{alert}\""));
        assert_eq!(got.contains("alertId"), told, "{got}");
        assert_eq!(got.contains("\"type\":\"alert_firing\""), told, "{got}");
        told
    };
    assert_eq!(receiver.got().iter().filter(|got| of_it(got)).count(), 1);
}

#[tokio::test]
async fn what_is_settled_stays_so_until_it_was_over() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    made(&instance, &ana, &NewAlertRule { threshold: Some(10), ..rule(AlertCondition::NoTraffic) }).await;
    assert_eq!(look(&instance, NOON + 10 * MINUTE).await, 1);
    let id = only(&instance, &ana).await.id;
    let wanted = async || {
        service.home(&ana).await.expect("home").attention.into_iter().map(|one| one.kind).collect::<Vec<_>>()
    };
    assert_eq!(wanted().await, [AttentionKind::Firing]);
    assert_eq!(service.acknowledge_alert(&ana, id).await.expect("seen").state, AlertState::Acknowledged);
    assert_eq!(wanted().await, [], "somebody looks after it");
    assert_eq!(service.resolve_alert(&ana, id).await.expect("settled").state, AlertState::Resolved);
    assert!(matches!(service.acknowledge_alert(&ana, id).await, Err(Error::Conflict(_))));
    assert_eq!(look(&instance, NOON + 11 * MINUTE).await, 0, "it still holds");
    track(&instance, &ana, key, 200, 1).await;
    assert_eq!(look(&instance, NOON + 12 * MINUTE).await, 1, "over");
    assert_eq!(told(&instance, &ana).await, ["alert_firing"], "whoever settled it knows");
    assert_eq!(look(&instance, NOON + 30 * MINUTE).await, 1, "and again");
    assert_eq!(alerts(&instance, &ana).await.alerts.len(), 2);
    assert_eq!(alerts(&instance, &ana).await.firing, 1);
}

#[tokio::test]
async fn a_snoozed_alert_is_told_of_again_when_it_wakes() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    instance.add_key(&ana, "Billing").await;
    made(&instance, &ana, &NewAlertRule { threshold: Some(10), ..rule(AlertCondition::NoTraffic) }).await;
    look(&instance, NOON + 10 * MINUTE).await;
    let id = only(&instance, &ana).await.id;
    let snooze = AlertSnooze { minutes: Some(5), until: None };
    assert_eq!(service.snooze_alert(&ana, id, &snooze).await.expect("snoozed").state, AlertState::Snoozed);
    assert_eq!(look(&instance, NOON + 14 * MINUTE).await, 0);
    assert_eq!(look(&instance, NOON + 15 * MINUTE).await, 1);
    assert_eq!(only(&instance, &ana).await.state, AlertState::Firing);
    assert_eq!(told(&instance, &ana).await.len(), 2);
    for (bad, wrong) in [
        (AlertSnooze { minutes: Some(0), until: None }, "minutes"),
        (AlertSnooze { minutes: Some(43_201), until: None }, "minutes"),
        (AlertSnooze { minutes: None, until: Some(jiff::Timestamp::UNIX_EPOCH) }, "until"),
    ] {
        assert_eq!(fields(service.snooze_alert(&ana, id, &bad).await.expect_err("refused")), [wrong]);
    }
}

#[tokio::test]
async fn a_deleted_key_ends_its_alerts_and_a_rule_needs_one_that_is_there() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let own = NewAlertRule { api_key_id: Some(key.key_id.clone()), ..rule(AlertCondition::NoTraffic) };
    made(&instance, &ana, &own).await;
    look(&instance, NOON + 60 * MINUTE).await;
    service.delete_key(&ana, &by_id(key.id), None).await.expect("in the bin");
    assert_eq!(look(&instance, NOON + 61 * MINUTE).await, 1);
    assert_eq!(only(&instance, &ana).await.state, AlertState::Resolved);
    assert_eq!(told(&instance, &ana).await, ["alert_firing"], "nothing recovered");
    assert_eq!(fields(service.create_alert_rule(&ana, &own).await.expect_err("gone")), ["apiKeyId"]);
    let rules = AlertRuleQuery { page: 1, limit: 20 };
    assert!(service.alert_rules(&ana, &rules).await.expect("a page").rules[0].key_in_bin);
    instance.clock.set(NOON + 31 * DAY);
    assert_eq!(service.purge_bin(&instance.system()).await.expect("purged"), 1);
    assert!(
        service.alert_rules(&ana, &rules).await.expect("a page").rules.is_empty(),
        "it goes with its key"
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_rule_is_told_at_once() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let bad = NewAlertRule {
        name: String::new(),
        api_key_id: Some("nothing".to_owned()),
        threshold: Some(101),
        recovery: Some(102),
        window: Some(0),
        ..rule(AlertCondition::ErrorRate)
    };
    let refused = service.create_alert_rule(&ana, &bad).await.expect_err("refused");
    assert_eq!(fields(refused), ["apiKeyId", "name", "recovery", "threshold", "window"]);
    let cases = [
        (rule(AlertCondition::LatencyP95), vec!["threshold"]),
        (NewAlertRule { window: Some(5), ..rule(AlertCondition::Unused) }, vec!["window"]),
        (NewAlertRule { threshold: Some(2), ..rule(AlertCondition::FrozenUse) }, vec!["threshold"]),
        (NewAlertRule { recovery: Some(6), ..rule(AlertCondition::ErrorRate) }, vec!["threshold"]),
        (NewAlertRule { recovery: Some(0), ..rule(AlertCondition::ErrorRate) }, vec!["recovery"]),
        (NewAlertRule { condition: None, ..rule(AlertCondition::ErrorRate) }, vec!["condition"]),
    ];
    for (case, expected) in cases {
        assert_eq!(fields(service.create_alert_rule(&ana, &case).await.expect_err("refused")), expected);
    }
    let made = made(&instance, &ana, &rule(AlertCondition::ErrorRate)).await;
    assert_eq!((made.threshold, made.window, made.enabled), (5, Some(5), true));
    let patch = AlertRulePatch { recovery: Some(Some(9)), ..AlertRulePatch::default() };
    let refused = service.update_alert_rule(&ana, made.id, &patch).await.expect_err("above the threshold");
    assert_eq!(fields(refused), ["threshold"]);
    let patch = AlertRulePatch { condition: Some(AlertCondition::Unused), ..AlertRulePatch::default() };
    let changed = service.update_alert_rule(&ana, made.id, &patch).await.expect("changed");
    assert_eq!((changed.threshold, changed.window), (90, None));
}

#[tokio::test]
async fn a_rule_that_is_there_already_is_not_made_again() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let first = made(&instance, &ana, &rule(AlertCondition::ErrorRate)).await;
    assert!(!first.key_in_bin);
    let again = instance.service.create_alert_rule(&ana, &rule(AlertCondition::ErrorRate)).await;
    assert!(matches!(again, Err(Error::Conflict(text)) if text.contains(&first.id.to_string())));
    for other in [
        NewAlertRule { name: "Other".to_owned(), ..rule(AlertCondition::ErrorRate) },
        NewAlertRule { threshold: Some(9), ..rule(AlertCondition::ErrorRate) },
        rule(AlertCondition::Unused),
    ] {
        made(&instance, &ana, &other).await;
    }
}

#[tokio::test]
async fn viewers_read_members_handle_admins_make_rules_and_strangers_know_nothing() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (viewer, _) = joined(&instance, &ana, team.id, "vic", Role::Viewer).await;
    let (member, member_id) = joined(&instance, &ana, team.id, "mia", Role::Member).await;
    let (admin, _) = joined(&instance, &ana, team.id, "adam", Role::Admin).await;
    let (eve, _) = instance.person("eve", keyward_keys::Plan::Free).await;
    team_key(&instance, &ana, team.id, "Stripe").await;
    let new = NewAlertRule { team: Some(team.id), ..rule(AlertCondition::NoTraffic) };
    for refused in [&viewer, &member] {
        assert!(matches!(service.create_alert_rule(refused, &new).await, Err(Error::Forbidden(_))));
    }
    assert!(matches!(service.create_alert_rule(&eve, &new).await, Err(Error::NotFound("team"))));
    let rule = made(&instance, &admin, &new).await;
    look(&instance, NOON + 60 * MINUTE).await;
    let id = only(&instance, &viewer).await.id;
    assert!(alerts(&instance, &eve).await.alerts.is_empty());
    assert!(matches!(service.alert(&eve, id).await, Err(Error::NotFound("alert"))));
    assert!(matches!(service.resolve_alert(&eve, id).await, Err(Error::NotFound("alert"))));
    assert!(matches!(service.alert_rule(&eve, rule.id).await, Err(Error::NotFound("rule"))));
    assert!(matches!(service.acknowledge_alert(&viewer, id).await, Err(Error::Forbidden(_))));
    let seen = service.acknowledge_alert(&member, id).await.expect("seen");
    assert_eq!(seen.acknowledged_by, Some(member_id));
    assert!(matches!(service.delete_alert_rule(&member, rule.id).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.watch_alerts(&ana).await, Err(Error::Forbidden(_))));
    assert_eq!(told(&instance, &member).await.len(), 1);
    assert!(told(&instance, &viewer).await.is_empty());
    service.delete_alert_rule(&admin, rule.id).await.expect("removed");
    assert_eq!(only(&instance, &viewer).await.state, AlertState::Resolved);
    let rules = AlertRuleQuery { page: 1, limit: 20 };
    assert!(service.alert_rules(&viewer, &rules).await.expect("a page").rules.is_empty());
}

#[tokio::test]
async fn each_condition_reads_what_it_says() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    let set =
        async |patch: KeyPatch| service.update_key(&ana, &by_id(key), patch, None).await.expect("changed");
    set(KeyPatch { monthly_limit: Some(Some(10)), rotation_interval: Some(30), ..KeyPatch::default() }).await;
    use AlertCondition as C;
    for (condition, threshold) in [
        (C::RequestRate, Some(2)),
        (C::LatencyP95, Some(250)),
        (C::MonthlyLimit, Some(100)),
        (C::Forecast, None),
        (C::RotationOverdue, None),
        (C::FrozenUse, None),
        (C::Unused, None),
    ] {
        let window = matches!(condition, C::RequestRate | C::LatencyP95).then_some(5);
        made(&instance, &ana, &NewAlertRule { threshold, window, ..rule(condition) }).await;
    }
    let holding = async || {
        let page = alerts(&instance, &ana).await.alerts.into_iter();
        let holding = page.filter(|alert| alert.state == AlertState::Firing);
        let mut holding: Vec<_> =
            holding.map(|alert| (format!("{:?}", alert.condition), alert.value)).collect();
        holding.sort();
        holding
    };
    let as_told = |all: &[(&str, u64)]| {
        all.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<Vec<_>>()
    };
    // Nine and a half days of 31 are gone.
    track(&instance, &ana, key, 200, 9).await;
    look(&instance, NOON + MINUTE).await;
    assert_eq!(holding().await, as_told(&[("Forecast", 293), ("LatencyP95", 251)]));
    track(&instance, &ana, key, 200, 1).await;
    look(&instance, NOON + 2 * MINUTE).await;
    assert_eq!(
        holding().await,
        as_told(&[("Forecast", 326), ("LatencyP95", 251), ("MonthlyLimit", 100), ("RequestRate", 2)])
    );
    set(KeyPatch { frozen: Some(true), ..KeyPatch::default() }).await;
    instance.clock.set(NOON + 3 * MINUTE);
    track(&instance, &ana, key, 200, 1).await;
    look(&instance, NOON + 31 * DAY).await;
    assert_eq!(holding().await, as_told(&[("FrozenUse", 1), ("RotationOverdue", 1)]));
    set(KeyPatch { frozen: Some(false), rotation_interval: Some(0), ..KeyPatch::default() }).await;
    look(&instance, NOON + 91 * DAY).await;
    assert_eq!(holding().await, as_told(&[("Unused", 90)]));
}

#[tokio::test]
async fn what_matters_little_lets_people_sleep() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Billing").await;
    let receiver = Receiver::start(&[200]).await;
    let quiet = TimingPatch { quiet_hours: Some(Some("22:00-07:00".to_owned())), ..TimingPatch::default() };
    let night = NewWebhook { timing: quiet, ..new_webhook(&receiver.url) };
    let hook = service.create_webhook(&ana, night).await.expect("made").0.id;
    let unused =
        NewAlertRule { name: "Unused".to_owned(), threshold: Some(1), ..rule(AlertCondition::Unused) };
    made(&instance, &ana, &unused).await;
    let silent =
        NewAlertRule { name: "Silent".to_owned(), threshold: Some(1), ..rule(AlertCondition::NoTraffic) };
    made(&instance, &ana, &silent).await;
    track(&instance, &ana, key.id, 200, 1).await;
    look(&instance, NOON + DAY + 11 * 60 * MINUTE).await;
    let told = log(service, &ana, hook).await;
    let state = |name: &str| told.iter().find(|one| one.message.starts_with(name)).map(|one| one.state);
    assert_eq!(state("Silent"), Some(DeliveryStatus::Pending), "a warning");
    assert_eq!(state("Unused"), Some(DeliveryStatus::Held), "a notice");
}
