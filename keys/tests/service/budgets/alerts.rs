//! The alerts that budgets raise by themselves: one for each budget, seen by those who see the place, over once.

use keyward_keys::input::{AlertAction, AlertRespond, AlertSnooze};
use keyward_keys::view::AlertView;
use keyward_keys::{AlertTurnKind, Plan, Role};

use super::*;
use crate::teams::{joined, team_key};

async fn alerts(instance: &Instance, caller: &Caller) -> Vec<AlertView> {
    let page = AlertQuery { page: 1, limit: 100, ..AlertQuery::default() };
    instance.service.alerts(caller, &page).await.expect("a page").alerts
}

async fn one(instance: &Instance, caller: &Caller) -> AlertView {
    let [alert] = alerts(instance, caller).await.try_into().expect("one alert");
    alert
}

/// What was told of one alert, in order, by kind.
async fn told_of(instance: &Instance, caller: &Caller, alert: Id) -> Vec<String> {
    let page = instance.service.notifications(caller, &ALL).await.expect("a page");
    let of_it = page.notifications.into_iter().rev().filter(|notice| notice.alert_id == Some(alert));
    of_it.map(|notice| notice.kind).collect()
}

#[tokio::test]
async fn a_team_s_budget_has_one_alert_that_fires_at_each_share_and_is_over_once() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let new = NewTeam { name: "Payments".to_owned(), monthly_budget: Some(money(100)), ..NewTeam::default() };
    let team = service.create_team(&ana, new).await.expect("a team").id;
    let (viewer, _) = joined(&instance, &ana, team, "vic", Role::Viewer).await;
    let key = team_key(&instance, &ana, team, "One").await.id;
    costs(&instance, &ana, key, 55).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    let half = one(&instance, &ana).await;
    assert_eq!(
        (half.state, half.budget_of, half.team),
        (AlertState::Firing, Some(BudgetOwner::Team), Some(team))
    );
    assert_eq!((half.rule, half.api_key_id, half.team_name.as_deref()), (None, None, Some("Payments")));
    assert_eq!((half.condition, half.threshold, half.value), (AlertCondition::Budget, 50, 55));
    assert_eq!(half.message, "Payments: 50 % of its budget of 100.00 USD a month is spent");
    assert_eq!(one(&instance, &viewer).await, half, "whoever may look at the team's alerts");
    assert!(alerts(&instance, &bob).await.is_empty());
    assert!(matches!(service.alert(&bob, half.id).await, Err(Error::NotFound(_))));
    assert!(matches!(service.acknowledge_alert(&viewer, half.id).await, Err(Error::Forbidden(_))));
    // The rules' own look leaves it alone.
    service.watch_alerts(&instance.system()).await.expect("looked");
    service.acknowledge_alert(&ana, half.id).await.expect("acknowledged");
    costs(&instance, &ana, key, 2).await;
    assert_eq!(look(&instance).await, 0);
    assert_eq!(
        (one(&instance, &ana).await.state, one(&instance, &ana).await.value),
        (AlertState::Acknowledged, 57)
    );

    costs(&instance, &ana, key, 30).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    let most = one(&instance, &ana).await;
    assert_eq!((most.id, most.state, most.threshold, most.value), (half.id, AlertState::Firing, 80, 87));
    let freeze = AlertRespond { action: AlertAction::Freeze, limit: None, networks: None };
    assert!(matches!(service.respond_to_alert(&ana, half.id, &freeze).await, Err(Error::Conflict(_))));

    let snooze = AlertSnooze { until: None, minutes: Some(60) };
    service.snooze_alert(&ana, half.id, &snooze).await.expect("snoozed");
    instance.clock.set(instance.clock.now_ms() + 2 * HOUR);
    look(&instance).await;
    assert_eq!(one(&instance, &ana).await.state, AlertState::Firing, "awake");

    let instance = instance.reopen().await;
    let service = &instance.service;
    let raised = TeamPatch { monthly_budget: Some(Some(money(1000))), ..TeamPatch::default() };
    service.update_team(&ana, team, raised).await.expect("raised");
    assert_eq!((look(&instance).await, look(&instance).await), (0, 0));
    assert_eq!(one(&instance, &ana).await.state, AlertState::Resolved);
    let kinds = ["monthly_budget", "monthly_budget", "alert_firing", "alert_recovered"];
    assert_eq!(told_of(&instance, &ana, half.id).await, kinds);
    let history = service.alert_history(&ana, half.id).await.expect("its history");
    let words =
        "Fires when Payments has spent 50, 80, 95 or 100 % of its monthly budget, at each once a month.";
    assert_eq!(history.rule_in_words.as_deref(), Some(words));
    use AlertTurnKind as T;
    let turns: Vec<_> = history.turns.iter().map(|turn| turn.turn).collect();
    assert_eq!(turns, [T::Fired, T::Acknowledged, T::Fired, T::Snoozed, T::Woke, T::Recovered]);
}

#[tokio::test]
async fn a_new_month_is_a_recovery_and_an_ended_budget_is_none() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = with_budget(&instance, &ana, "Billing", 10).await;
    costs(&instance, &ana, key, 12).await;
    assert_eq!(look(&instance).await, 1);
    let march = one(&instance, &ana).await;
    assert_eq!(
        (march.budget_of, march.api_key_id, march.threshold),
        (Some(BudgetOwner::Key), Some(key), 100)
    );
    instance.clock.set(MARCH + 31 * DAY);
    costs(&instance, &ana, key, 6).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0), "half of April's");
    let [april, old] = alerts(&instance, &ana).await.try_into().expect("two alerts");
    assert_eq!((old.id, old.state), (march.id, AlertState::Resolved));
    assert_eq!((april.state, april.threshold), (AlertState::Firing, 50));
    assert_eq!(told_of(&instance, &ana, march.id).await, ["monthly_budget", "alert_recovered"]);

    let none = KeyPatch { monthly_budget: Some(None), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(key), none, None).await.expect("cleared");
    look(&instance).await;
    assert_eq!(instance.service.alert(&ana, april.id).await.expect("kept").state, AlertState::Resolved);
    assert_eq!(
        told_of(&instance, &ana, april.id).await,
        ["monthly_budget"],
        "nobody hears of what was taken away"
    );
}
