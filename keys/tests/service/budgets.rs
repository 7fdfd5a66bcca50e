//! Budgets: set along with a key or a team, told of once, forecast, tried before they are set, and held to where that is
//! wished.

mod alerts;
mod tags;

use jiff::Timestamp;
use keyward_keys::input::{
    AlertQuery, CostQuery, CostsBy, KeyPatch, NewAlertRule, NewKey, NewTeam, NotificationQuery, ReportQuery,
    TeamPatch, TrackEvent, WhatIf,
};
use keyward_keys::prices::Money;
use keyward_keys::view::{AlertState, AttentionKind, BudgetOwner, WhatIfOutcome};
use keyward_keys::{AlertCondition, Caller, Error, Id};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_key};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-03-01T00:00:00Z
const MARCH: i64 = NOON - 9 * DAY - 12 * HOUR;

const ALL: NotificationQuery = NotificationQuery { page: 1, limit: 100, unread: false };

/// An amount of whole units.
fn money(units: u64) -> Money {
    Money(units * 1_000_000)
}

fn budget(units: u64) -> KeyPatch {
    KeyPatch { monthly_budget: Some(Some(money(units))), ..KeyPatch::default() }
}

/// Calls that say themselves that they cost so much, or that have so many million input tokens.
async fn spend(instance: &Instance, ana: &Caller, key: Id, metadata: String) {
    let event = TrackEvent { metadata: Some(metadata), ..TrackEvent::default() };
    instance.service.track(ana, &by_id(key), event).await.expect("tracked");
}

async fn costs(instance: &Instance, ana: &Caller, key: Id, units: u64) {
    spend(instance, ana, key, format!(r#"{{"cost":{units}}}"#)).await;
}

async fn millions(instance: &Instance, ana: &Caller, key: Id, millions: u64) {
    let tokens = millions * 1_000_000;
    let metadata =
        format!(r#"{{"model":"gpt-4o","usage":{{"prompt_tokens":{tokens},"completion_tokens":0}}}}"#);
    spend(instance, ana, key, metadata).await;
}

/// Looks; what is told next is told later.
async fn look(instance: &Instance) -> u64 {
    let told = instance.service.watch_budgets(&instance.system()).await.expect("looked");
    instance.clock.set(instance.clock.now_ms() + 1);
    told
}

/// What was told of budgets, in order.
async fn told(instance: &Instance, caller: &Caller) -> Vec<String> {
    let page = instance.service.notifications(caller, &ALL).await.expect("a page");
    let budgets = page.notifications.into_iter().rev().filter(|notice| notice.kind == "monthly_budget");
    budgets.map(|notice| notice.message).collect()
}

async fn with_budget(instance: &Instance, ana: &Caller, name: &str, units: u64) -> Id {
    let new = NewKey { monthly_budget: Some(money(units)), ..new_key(name) };
    let key = instance.service.create_key(ana, new).await.expect("a key");
    assert_eq!(key.monthly_budget, Some(money(units)));
    key.id
}

#[tokio::test]
async fn each_share_is_told_once_a_month_also_across_a_restart_and_a_changed_book() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = with_budget(&instance, &ana, "Billing", 100).await;
    assert_eq!(look(&instance).await, 0, "nothing is spent");
    // 2.50 a million.
    millions(&instance, &ana, key, 20).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    let first =
        "Billing has spent 50 % of its budget of 100.00 USD a month; at this pace it is spent on 20 March";
    assert_eq!(told(&instance, &ana).await, [first]);

    let instance = instance.reopen().await;
    assert_eq!(look(&instance).await, 0, "a restart repeats nothing");
    // Half the price, then twice of it: what was told stays told, and what is new is not lost.
    let book =
        |price: &str| format!("[[price]]\nservice = \"openai\"\nmodel = \"gpt-4o\"\ninput = {price}\n");
    let instance = instance.reopen_with_book(&book("1.25")).await;
    assert_eq!(look(&instance).await, 0, "25 % now");
    let instance = instance.reopen_with_book(&book("2.5")).await;
    assert_eq!(look(&instance).await, 0, "50 % was told");
    let instance = instance.reopen_with_book(&book("4")).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    assert!(told(&instance, &ana).await[1].starts_with("Billing has spent 80 % of its budget"));

    millions(&instance, &ana, key, 5).await;
    millions(&instance, &ana, key, 50).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0), "95 and 100 % at once are one");
    assert_eq!(told(&instance, &ana).await[2], "Billing has spent 100 % of its budget of 100.00 USD a month");
    // A month ends in UTC, as for limits.
    instance.clock.set(MARCH + 31 * DAY - 1);
    assert_eq!(look(&instance).await, 0);
    instance.clock.set(MARCH + 31 * DAY);
    assert_eq!(look(&instance).await, 0, "a new month has spent nothing");
    millions(&instance, &ana, key, 13).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    assert_eq!(told(&instance, &ana).await.len(), 4);
}

#[tokio::test]
async fn another_amount_counts_from_where_it_stands() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = with_budget(&instance, &ana, "Billing", 10).await;
    costs(&instance, &ana, key, 9).await;
    assert_eq!(look(&instance).await, 1);
    let change = async |units| {
        instance.service.update_key(&ana, &by_id(key), budget(units), None).await.expect("changed");
        look(&instance).await
    };
    assert_eq!(change(11).await, 0, "81 %, and 80 % was told");
    assert_eq!(change(100).await, 0, "9 %");
    costs(&instance, &ana, key, 41).await;
    assert_eq!(look(&instance).await, 1, "50 % of the new amount");
    assert_eq!(change(50).await, 1, "all of it");
    let none = KeyPatch { monthly_budget: Some(None), ..KeyPatch::default() };
    let key = instance.service.update_key(&ana, &by_id(key), none, None).await.expect("cleared");
    assert_eq!((key.monthly_budget, look(&instance).await), (None, 0));
}

#[tokio::test]
async fn a_team_s_budget_is_of_all_its_keys_and_its_people_hear_of_it() {
    let instance = Instance::open().await;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", keyward_keys::Plan::Free).await);
    let service = &instance.service;
    let new = NewTeam { name: "Payments".to_owned(), monthly_budget: Some(money(100)), ..NewTeam::default() };
    let team = service.create_team(&ana, new).await.expect("a team");
    assert_eq!(team.monthly_budget, Some(money(100)));
    let mut keys = Vec::new();
    for name in ["One", "Two", "Gone"] {
        let new = NewKey { team: Some(team.id), ..new_key(name) };
        keys.push(service.create_key(&ana, new).await.expect("a key").id);
    }
    let elsewhere = instance.add_key(&ana, "Elsewhere").await.id;
    costs(&instance, &ana, elsewhere, 500).await;
    costs(&instance, &ana, keys[0], 30).await;
    assert_eq!(look(&instance).await, 0, "30 %");
    costs(&instance, &ana, keys[1], 15).await;
    costs(&instance, &ana, keys[2], 10).await;
    service.delete_key(&ana, &by_id(keys[2]), None).await.expect("to the bin");
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0), "what was spent stays spent");
    assert!(
        told(&instance, &ana).await[0].starts_with("Payments has spent 50 % of its budget of 100.00 USD")
    );
    assert!(told(&instance, &bob).await.is_empty());

    let billing = service.billing(&ana).await.expect("billing").costs;
    let [one] = billing.budgets.as_slice() else { panic!("one budget: {:?}", billing.budgets) };
    assert_eq!((one.id, one.of, one.cost, one.percentage), (team.id, BudgetOwner::Team, money(55), 55.0));
    let query = CostQuery { by: Some(CostsBy::Team), ..CostQuery::default() };
    let report = service.costs(&ana, &query).await.expect("costs");
    assert_eq!(report.budgets, billing.budgets);
    let line = report.lines.iter().find(|line| line.id == Some(team.id)).expect("the team's line");
    assert_eq!(line.monthly_budget, Some(money(100)));
    assert!(service.billing(&bob).await.expect("billing").costs.budgets.is_empty());
    let pressing = async |who| service.home(who).await.expect("home").team_budgets;
    assert_eq!(pressing(&ana).await, [], "55 % is not near it");
    costs(&instance, &ana, keys[0], 25).await;
    let near = pressing(&ana).await.pop().expect("one budget");
    assert_eq!((near.id, near.of, near.exceeded), (team.id, BudgetOwner::Team, false));
    assert_eq!(pressing(&bob).await, []);

    let cleared = TeamPatch { monthly_budget: Some(None), ..TeamPatch::default() };
    let team = service.update_team(&ana, team.id, cleared).await.expect("cleared");
    assert_eq!(team.monthly_budget, None);
    costs(&instance, &ana, keys[0], 500).await;
    assert_eq!(look(&instance).await, 0);
}

#[tokio::test]
async fn a_month_leads_somewhere_and_home_and_rules_look_at_it() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let service = &instance.service;
    let key = with_budget(&instance, &ana, "Billing", 30).await;
    let limit = KeyPatch { monthly_limit: Some(Some(2)), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(key), limit, None).await.expect("limited");
    instance.clock.set(MARCH + 10 * DAY);
    costs(&instance, &ana, key, 15).await;
    let month = service.usage(&ana, &by_id(key), &ReportQuery::default()).await.expect("a report").month;
    let at = |day: i64| Timestamp::from_millisecond(MARCH + day * DAY).ok();
    assert_eq!((month.cost, month.forecast_cost), (Some(money(15)), Some(Money(46_500_000))));
    assert_eq!((month.monthly_budget, month.budget_reached_at), (Some(money(30)), at(20)));
    assert_eq!((month.requests, month.forecast_requests, month.limit_reached_at), (1, 3, at(20)));
    assert_eq!(service.live(&ana, &by_id(key)).await.expect("live").outlook, month);

    let kinds = async || {
        let attention = service.home(&ana).await.expect("home").attention.into_iter();
        attention.filter_map(|one| Some((one.kind, one.first[0].budget?.0))).collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, []);
    costs(&instance, &ana, key, 9).await;
    assert!(kinds().await.contains(&(AttentionKind::NearBudget, money(24))));

    let rule = NewAlertRule {
        name: "Spent".to_owned(),
        condition: Some(AlertCondition::Budget),
        api_key_id: Some(key.to_string()),
        team: None,
        threshold: Some(90),
        recovery: None,
        window: None,
        enabled: None,
    };
    service.create_alert_rule(&ana, &rule).await.expect("a rule");
    let watch = async || service.watch_alerts(&instance.system()).await.expect("looked");
    assert_eq!(watch().await, 0);
    costs(&instance, &ana, key, 7).await;
    assert_eq!((watch().await, watch().await), (1, 0));
    assert_eq!(kinds().await[0], (AttentionKind::Firing, money(31)));
    assert!(kinds().await.contains(&(AttentionKind::OverBudget, money(31))));
    let page = AlertQuery { page: 1, limit: 9, ..AlertQuery::default() };
    let alert = service.alerts(&ana, &page).await.expect("alerts").alerts.remove(0);
    assert_eq!((alert.state, alert.value), (AlertState::Firing, 103));
    assert!(alert.message.ends_with("103 % of its monthly budget is spent"), "{}", alert.message);
}

#[tokio::test]
async fn what_would_have_been_is_what_then_is() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let service = &instance.service;
    let key = instance.add_key(&ana, "Billing").await.id;
    let what = WhatIf {
        api_key_id: Some(key.to_string()),
        monthly_limit: Some(40),
        monthly_budget: Some(money(60)),
        ..WhatIf::default()
    };
    // Three units every 12 hours: 62 calls, 186 units in the month.
    let month = async |from: i64| {
        let mut reached = Vec::new();
        for half in 0..62 {
            instance.clock.set(from + half * 12 * HOUR);
            costs(&instance, &ana, key, 3).await;
            instance.clock.set(from + half * 12 * HOUR + HOUR);
            if look(&instance).await > 0 {
                reached.push(from + half * 12 * HOUR + HOUR);
            }
        }
        reached
    };
    let quiet = month(MARCH).await;
    assert!(quiet.is_empty(), "there is no budget yet");
    instance.clock.set(MARCH + 31 * DAY);
    let tried = service.what_if(&ana, &what).await.expect("tried");
    assert_eq!((tried.last_month.requests, tried.last_month.cost), (62, Some(money(186))));
    assert_eq!((tried.this_month.requests, tried.this_month.cost), (0, None));
    assert_eq!(service.key(&ana, &by_id(key)).await.expect("the key").monthly_budget, None, "nothing is set");
    let shares = |outcome: Option<WhatIfOutcome>| {
        let shares = outcome.expect("tried").shares.into_iter();
        shares.map(|share| (share.percent, share.at.as_millisecond())).collect::<Vec<_>>()
    };
    let told = shares(tried.last_month.budget);
    let at = |half: i64| MARCH + half * 12 * HOUR + HOUR;
    assert_eq!(told, [(50, at(9)), (80, at(15)), (95, at(18)), (100, at(19))]);
    assert_eq!(shares(tried.last_month.limit), [(50, at(19)), (80, at(31)), (95, at(37)), (100, at(39))]);

    let nothing = WhatIf { monthly_limit: Some(0), monthly_budget: None, ..what.clone() };
    let outcome = service.what_if(&ana, &nothing).await.expect("tried").last_month.limit.expect("tried");
    assert_eq!((outcome.percentage, outcome.shares.len()), (6_200.0, 4), "62 calls where none are allowed");

    service.update_key(&ana, &by_id(key), budget(60), None).await.expect("set");
    let then: Vec<i64> = month(MARCH + 31 * DAY).await;
    let later: Vec<i64> = told.iter().map(|(_, at_ms)| at_ms + 31 * DAY).collect();
    assert_eq!(then, later, "it is told when it was said to be");
}

#[tokio::test]
async fn what_is_tried_has_to_make_sense_and_be_ones_own() {
    let instance = Instance::open().await;
    let (ana, (bob, _)) = (instance.ana().await, instance.person("bob", keyward_keys::Plan::Free).await);
    let key = instance.add_key(&ana, "Billing").await.id;
    let faults = async |what: WhatIf| match instance.service.what_if(&ana, &what).await {
        Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>(),
        other => panic!("refused, and not {other:?}"),
    };
    assert_eq!(faults(WhatIf::default()).await, ["apiKeyId", "monthlyBudget"]);
    let (id, team) = (Some(key.to_string()), Some(key));
    let both = WhatIf {
        api_key_id: id.clone(),
        team,
        tag: Some("batch".to_owned()),
        monthly_limit: Some(1),
        monthly_budget: Some(Money(0)),
    };
    assert_eq!(faults(both).await, ["team", "tag", "monthlyLimit", "monthlyBudget"]);
    let of_a_key = WhatIf { api_key_id: id, monthly_limit: Some(1), ..WhatIf::default() };
    assert!(matches!(instance.service.what_if(&bob, &of_a_key).await, Err(Error::NotFound(_))));
    let of_a_team = WhatIf { team, monthly_budget: Some(money(1)), ..WhatIf::default() };
    assert!(matches!(instance.service.what_if(&bob, &of_a_team).await, Err(Error::NotFound(_))));
    for amount in [Money(0), Money(u64::MAX)] {
        let patch = KeyPatch { monthly_budget: Some(Some(amount)), ..KeyPatch::default() };
        let refused = instance.service.update_key(&ana, &by_id(key), patch, None).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_key_is_not_given_out_over_its_budget_where_that_is_wished() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let service = &instance.service;
    let key = with_budget(&instance, &ana, "Billing", 10).await;
    let token = instance.fetch_token(&ana, key).await;
    let app = service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("let in");
    let refuse = |refuse| KeyPatch { refuse_over_budget: Some(refuse), ..KeyPatch::default() };
    costs(&instance, &ana, key, 11).await;
    service.fetch(&app, &by_id(key), None).await.expect("told, and not refused");
    let view = service.update_key(&ana, &by_id(key), refuse(true), None).await.expect("changed");
    assert!(view.refuse_over_budget);
    let refused = service.fetch(&app, &by_id(key), None).await;
    assert!(matches!(refused, Err(Error::BudgetExceeded { .. })));
    service.update_key(&ana, &by_id(key), budget(11), None).await.expect("changed");
    service.fetch(&app, &by_id(key), None).await.expect("all of it, and no more");
    costs(&instance, &ana, key, 1).await;
    assert!(service.fetch(&app, &by_id(key), None).await.is_err());
    instance.clock.set(MARCH + 31 * DAY);
    service.fetch(&app, &by_id(key), None).await.expect("a new month");

    let none = KeyPatch { monthly_budget: Some(None), ..KeyPatch::default() };
    let view = service.update_key(&ana, &by_id(key), none, None).await.expect("cleared");
    assert!(!view.refuse_over_budget);
    let refused = service.update_key(&ana, &by_id(key), refuse(true), None).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "there is nothing to be over");
}
