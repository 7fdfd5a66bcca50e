//! Budgets of tags: of all keys of one place that have one, told and raised like those of keys and teams.

use keyward_keys::input::{AlertAction, AlertRespond, AuditQuery, NewBudget};
use keyward_keys::view::BudgetView;
use keyward_keys::{Plan, Role};

use super::*;
use crate::teams::joined;

fn of_tag(tag: &str, team: Option<Id>, units: u64) -> NewBudget {
    NewBudget { tag: tag.to_owned(), team, monthly_budget: Some(money(units)) }
}

async fn tagged(instance: &Instance, ana: &Caller, name: &str, team: Option<Id>, tags: &[&str]) -> Id {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let new = NewKey { team, tags, ..new_key(name) };
    instance.service.create_key(ana, new).await.expect("a key").id
}

async fn standing(instance: &Instance, caller: &Caller) -> Vec<BudgetView> {
    instance.service.budgets(caller).await.expect("the budgets").budgets
}

#[tokio::test]
async fn a_tag_s_budget_is_of_all_keys_of_its_place_that_have_it() {
    let instance = Instance::open().await;
    let (ana, service) = (instance.ana().await, &instance.service);
    let team = service.create_team(&ana, NewTeam { name: "Payments".to_owned(), ..NewTeam::default() });
    let team = team.await.expect("a team").id;
    let (vic, _) = joined(&instance, &ana, team, "vic", Role::Viewer).await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let one = tagged(&instance, &ana, "One", Some(team), &["batch", "Batch", "eu"]).await;
    let two = tagged(&instance, &ana, "Two", Some(team), &["BATCH"]).await;
    let gone = tagged(&instance, &ana, "Gone", Some(team), &["batch"]).await;
    let other = tagged(&instance, &ana, "Other", Some(team), &["batches"]).await;
    let own = tagged(&instance, &ana, "Own", None, &["batch"]).await;
    let set = service.set_tag_budget(&ana, &of_tag(" batch ", Some(team), 100)).await.expect("set");
    assert_eq!(
        (set.of, set.name.as_str(), set.team, set.cost),
        (BudgetOwner::Tag, "batch", Some(team), money(0))
    );
    for (key, units) in [(one, 20), (two, 20), (gone, 15), (other, 500), (own, 500)] {
        costs(&instance, &ana, key, units).await;
    }
    service.delete_key(&ana, &by_id(gone), None).await.expect("to the bin");
    let [seen] = standing(&instance, &vic).await.try_into().expect("one budget");
    assert_eq!((seen.id, seen.cost, seen.percentage), (set.id, money(55), 55.0), "a key counts once");
    assert!(standing(&instance, &bob).await.is_empty());
    assert_eq!(service.billing(&ana).await.expect("billing").costs.budgets, standing(&instance, &ana).await);
    assert_eq!(service.costs(&vic, &CostQuery::default()).await.expect("costs").budgets, [seen]);
    // Whoever may set it finds it where the month's money is told, though the team is not theirs.
    for (name, role, shown) in [("adi", Role::Admin, 1), ("max", Role::Member, 0)] {
        let (person, _) = joined(&instance, &ana, team, name, role).await;
        assert_eq!(service.billing(&person).await.expect("billing").costs.budgets.len(), shown, "{name}");
    }
    // Beside what a tag costs stands its budget, where all of that is the budget's.
    let by_tag = CostQuery { by: Some(CostsBy::Tag), ..CostQuery::default() };
    for (person, batch, budget) in [(&vic, 40, Some(money(100))), (&ana, 540, None)] {
        let lines = service.costs(person, &by_tag).await.expect("costs").lines;
        let batches = lines.iter().filter(|line| line.name.eq_ignore_ascii_case("batch"));
        let told: Vec<_> = batches.map(|line| (line.cost, line.monthly_budget)).collect();
        assert_eq!(told, [(Some(money(batch)), budget)], "one in any case of its letters");
    }

    // Written otherwise it is the same tag, and another amount takes the place of the one before.
    let again = service.set_tag_budget(&ana, &of_tag("Batch", Some(team), 60)).await.expect("set");
    assert_eq!((again.id, again.name.as_str(), again.monthly_budget), (set.id, "Batch", money(60)));
    // One's own keys have a budget of their own.
    let mine = service.set_tag_budget(&ana, &of_tag("batch", None, 400)).await.expect("set");
    assert_eq!((mine.team, mine.cost, mine.exceeded), (None, money(500), true));
    let lines = service.costs(&ana, &by_tag).await.expect("costs").lines;
    let both = lines.iter().find(|line| line.name.eq_ignore_ascii_case("batch")).expect("a line");
    assert_eq!((both.cost, both.monthly_budget), (Some(money(540)), None), "of two places, neither's budget");
    let names = standing(&instance, &ana).await.into_iter().map(|one| (one.id, one.exceeded));
    assert_eq!(names.collect::<Vec<_>>(), [(mine.id, true), (again.id, false)]);
    let pressing = service.home(&ana).await.expect("home").team_budgets;
    assert_eq!(pressing.iter().map(|one| one.id).collect::<Vec<_>>(), [mine.id, again.id]);

    let instance = instance.reopen().await;
    let service = &instance.service;
    assert_eq!(standing(&instance, &ana).await.len(), 2, "kept");
    service.end_budget_of_tag(&ana, "BATCH", None).await.expect("ended");
    service.end_tag_budget(&ana, again.id).await.expect("ended");
    assert!(standing(&instance, &ana).await.is_empty());
    assert!(matches!(service.end_tag_budget(&ana, again.id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_tag_s_budget_tells_and_raises_an_alert_as_any_other() {
    let instance = Instance::open().await;
    let (ana, service) = (instance.ana().await, &instance.service);
    let team = service.create_team(&ana, NewTeam { name: "Payments".to_owned(), ..NewTeam::default() });
    let team = team.await.expect("a team").id;
    let (max, _) = joined(&instance, &ana, team, "max", Role::Member).await;
    let key = tagged(&instance, &ana, "One", Some(team), &["batch"]).await;
    let set = service.set_tag_budget(&ana, &of_tag("batch", Some(team), 100)).await.expect("set");
    costs(&instance, &ana, key, 81).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    for person in [&ana, &max] {
        let told = told(&instance, person).await;
        assert!(told[0].starts_with("Tag batch has spent 80 % of its budget of 100.00 USD"), "{told:?}");
    }
    let page = AlertQuery { page: 1, limit: 100, ..AlertQuery::default() };
    let one = async || {
        let [alert] =
            service.alerts(&max, &page).await.expect("a page").alerts.try_into().expect("one alert");
        alert
    };
    let alert = one().await;
    assert_eq!(
        (alert.budget_of, alert.tag.as_deref(), alert.team),
        (Some(BudgetOwner::Tag), Some("batch"), Some(team))
    );
    assert_eq!((alert.rule, alert.api_key_id, alert.threshold, alert.value), (None, None, 80, 81));
    assert_eq!(alert.message, "Tag batch: 80 % of its budget of 100.00 USD a month is spent");
    let history = service.alert_history(&max, alert.id).await.expect("its history");
    let words =
        "Fires when tag batch has spent 50, 80, 95 or 100 % of its monthly budget, at each once a month.";
    assert_eq!(history.rule_in_words.as_deref(), Some(words));
    let freeze = AlertRespond { action: AlertAction::Freeze, limit: None, networks: None };
    assert!(matches!(service.respond_to_alert(&ana, alert.id, &freeze).await, Err(Error::Conflict(_))));
    // The rules' own look leaves it alone; a key that loses the tag counts no more.
    service.watch_alerts(&instance.system()).await.expect("looked");
    assert_eq!(one().await.state, AlertState::Firing);
    let untagged = KeyPatch { tags: Some(Vec::new()), ..KeyPatch::default() };
    service.update_key(&ana, &by_id(key), untagged, None).await.expect("changed");
    assert_eq!(look(&instance).await, 0);
    assert_eq!(one().await.state, AlertState::Resolved);
    // What it was of is gone, and the alert still says whose it was.
    service.end_tag_budget(&ana, set.id).await.expect("ended");
    look(&instance).await;
    let kept = one().await;
    assert_eq!((kept.budget_of, kept.tag), (Some(BudgetOwner::Tag), None));
}

#[tokio::test]
async fn a_tag_s_budget_counts_anew_each_month_and_tells_each_share_once() {
    let instance = Instance::open().await;
    let (ana, service) = (instance.ana().await, &instance.service);
    let key = tagged(&instance, &ana, "One", None, &["batch"]).await;
    let other = tagged(&instance, &ana, "Two", None, &["BATCH"]).await;
    service.set_tag_budget(&ana, &of_tag("batch", None, 100)).await.expect("set");
    let looks = async || (look(&instance).await, look(&instance).await);
    let mut shares = Vec::new();
    for (key, units) in
        [(key, 49), (other, 1), (key, 29), (other, 1), (key, 14), (key, 1), (key, 4), (key, 1)]
    {
        costs(&instance, &ana, key, units).await;
        shares.push(looks().await);
    }
    assert_eq!(shares, [(0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0)]);
    let instance = instance.reopen().await;
    assert_eq!(look(&instance).await, 0, "a restart repeats nothing");
    instance.clock.set(MARCH + 31 * DAY);
    assert_eq!(look(&instance).await, 0, "a new month has spent nothing");
    costs(&instance, &ana, key, 80).await;
    assert_eq!((look(&instance).await, look(&instance).await), (1, 0));
    let told = told(&instance, &ana).await;
    let percents: Vec<&str> = told.iter().filter_map(|text| text.split(' ').nth(4)).collect();
    assert_eq!(percents, ["50", "80", "95", "100", "80"], "{told:?}");
}

#[tokio::test]
async fn who_may_not_set_one_and_what_is_wrong_is_told_and_it_ends_with_its_team() {
    let instance = Instance::open().await;
    let (ana, service) = (instance.ana().await, &instance.service);
    let team = service.create_team(&ana, NewTeam { name: "Payments".to_owned(), ..NewTeam::default() });
    let team = team.await.expect("a team").id;
    let (max, _) = joined(&instance, &ana, team, "max", Role::Member).await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let set = service.set_tag_budget(&ana, &of_tag("batch", Some(team), 10)).await.expect("set");
    let new = of_tag("batch", Some(team), 20);
    assert!(matches!(service.set_tag_budget(&max, &new).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.set_tag_budget(&bob, &new).await, Err(Error::NotFound(_))));
    assert!(matches!(service.end_tag_budget(&max, set.id).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.end_tag_budget(&bob, set.id).await, Err(Error::NotFound(_))));
    let wrong = NewBudget { tag: " ".to_owned(), team: None, monthly_budget: None };
    let Err(Error::Invalid(faults)) = service.set_tag_budget(&ana, &wrong).await else { panic!("refused") };
    assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["monthlyBudget", "tag"]);

    let query = AuditQuery { page: 1, limit: 20, object: Some(set.id), ..AuditQuery::default() };
    let trail = service.audit(&ana, &query).await.expect("records").records;
    assert!(
        trail.iter().any(|one| one.action == "budget.manage" && one.detail.ends_with("batch")),
        "{trail:?}"
    );
    let key = tagged(&instance, &ana, "Own", None, &["batch"]).await;
    costs(&instance, &ana, key, 5).await;
    let what = WhatIf { tag: Some("BATCH".to_owned()), monthly_budget: Some(money(10)), ..WhatIf::default() };
    let tried = service.what_if(&ana, &what).await.expect("tried");
    assert_eq!((tried.keys, tried.this_month.cost), (1, Some(money(5))));
    service.delete_team(&ana, team).await.expect("deleted");
    assert!(standing(&instance, &ana).await.is_empty());
    let instance = instance.reopen().await;
    assert!(matches!(instance.service.end_tag_budget(&ana, set.id).await, Err(Error::NotFound(_))));
}
