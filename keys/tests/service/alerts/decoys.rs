//! Decoys: whoever uses one is told of at once, and is served as with any other key.

use keyward_keys::Scope;
use keyward_keys::input::{Export, ExportFormat, NewToken, ReportedEvent, Reveal};
use keyward_keys::view::AlertSeverity;
use secrecy::ExposeSecret;

use super::*;
use crate::harness::{ELSEWHERE, eventually};

async fn mark(instance: &Instance, caller: &Caller, key: Id, decoy: bool) -> bool {
    let patch = KeyPatch { decoy: Some(decoy), ..KeyPatch::default() };
    instance.service.update_key(caller, &by_id(key), patch, None).await.expect("marked").decoy
}

async fn app(instance: &Instance, caller: &Caller, key: Id) -> Caller {
    let token = instance.fetch_token(caller, key).await;
    instance.service.sign_in_with_bearer(ELSEWHERE, token.expose_secret()).expect("good")
}

#[tokio::test]
async fn a_decoy_that_is_fetched_raises_a_critical_alert_at_once_and_is_served_as_ever() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Payments").await.id;
    let thief = app(&instance, &ana, key).await;
    assert!(mark(&instance, &ana, key, true).await);
    assert!(alerts(&instance, &ana).await.alerts.is_empty(), "nobody used it yet");
    let fetched = service.fetch(&thief, &by_id(key), None).await.expect("served");
    assert_eq!(fetched.value.as_ref().map(|value| value.expose_secret()), Some("sk-test-0123456789"));
    // Nobody looks at the rules in this test until here.
    eventually("an alert", async || !alerts(&instance, &ana).await.alerts.is_empty()).await;
    let alert = only(&instance, &ana).await;
    assert_eq!(
        (alert.condition, alert.severity, alert.value),
        (AlertCondition::DecoyUse, AlertSeverity::Critical, 1)
    );
    let expected = "Payments: it is a decoy, and was fetched with the token app from 192.0.2.7";
    assert_eq!(alert.message, expected);
    assert!(!service.key(&thief, &by_id(key)).await.expect("seen").decoy, "a token is not told");
    for _ in 0..3 {
        service.fetch(&thief, &by_id(key), None).await.expect("served");
    }
    let instance = instance.reopen().await;
    assert_eq!(look(&instance, NOON + MINUTE).await, 0, "it is told once, also across a restart");
    assert_eq!(told(&instance, &ana).await, ["alert_firing"]);
    assert_eq!(look(&instance, NOON + 60 * MINUTE).await, 1, "an hour without a use");
    assert_eq!(told(&instance, &ana).await, ["alert_recovered", "alert_firing"]);
    let thief = app(&instance, &ana, key).await;
    instance.service.fetch(&thief, &by_id(key), None).await.expect("served");
    eventually("another alert", async || alerts(&instance, &ana).await.alerts.len() == 2).await;
}

#[tokio::test]
async fn no_rule_waits_for_more_than_the_first_use_of_a_decoy() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let many = NewAlertRule { threshold: Some(5), ..rule(AlertCondition::DecoyUse) };
    let Err(Error::Invalid(faults)) = service.create_alert_rule(&ana, &many).await else { panic!("refused") };
    assert_eq!((faults.len(), faults[0].field.as_str()), (1, "threshold"));
    assert!(faults[0].detail.contains("fires at the first use; leave it out"), "{}", faults[0].detail);
    let once = made(&instance, &ana, &rule(AlertCondition::DecoyUse)).await;
    assert_eq!(once.threshold, 1);
    let patch = AlertRulePatch { threshold: Some(2), ..AlertRulePatch::default() };
    assert!(matches!(service.update_alert_rule(&ana, once.id, &patch).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn every_use_of_a_decoy_is_one() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let mut keys = Vec::new();
    for name in ["Revealed", "Exported", "Reported", "In bulk"] {
        keys.push(instance.add_key(&ana, name).await.id);
    }
    made(&instance, &ana, &rule(AlertCondition::DecoyUse)).await;
    for key in &keys {
        mark(&instance, &ana, *key, true).await;
    }
    let rules = service.alert_rules(&ana, &AlertRuleQuery { page: 1, limit: 20 }).await.expect("a page");
    assert_eq!(rules.rules.len(), 1, "a rule for all of them is enough");
    service.reveal(&ana, &by_id(keys[0]), Reveal::default()).await.expect("revealed");
    let export = Export {
        format: ExportFormat::Env,
        keys: vec![keys[1].to_string()],
        environment: None,
        team: None,
        tag: None,
        passphrase: None,
    };
    service.export_keys(&ana, &export).await.expect("exported");
    track(&instance, &ana, keys[2], 200, 1).await;
    let new = NewToken {
        name: "reporter".to_owned(),
        keys: vec![keys[3].to_string()],
        scopes: vec![Scope::Track],
        ..NewToken::default()
    };
    let token = service.create_token(&ana, new).await.expect("a token").1;
    let reporter = service.sign_in_with_bearer(ELSEWHERE, token.expose_secret()).expect("good");
    let event = ReportedEvent { key: keys[3].to_string(), event: TrackEvent::<String>::default() };
    service.track_many(&reporter, vec![event], false).await.expect("reported");
    eventually("an alert for each", async || alerts(&instance, &ana).await.alerts.len() == 4).await;
}

#[tokio::test]
async fn only_who_may_change_a_key_marks_it_and_sees_that_it_is_marked() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let team = team(&instance, &ana).await;
    let (mia, _) = joined(&instance, &ana, team.id, "mia", Role::Member).await;
    let (adam, _) = joined(&instance, &ana, team.id, "adam", Role::Admin).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await.id;
    let patch = KeyPatch { decoy: Some(true), ..KeyPatch::default() };
    let refused = service.update_key(&mia, &by_id(key), patch, None).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    assert!(mark(&instance, &adam, key, true).await);
    assert!(!service.key(&mia, &by_id(key)).await.expect("seen").decoy);
    let rules = async |caller: &Caller| {
        let all = AlertRuleQuery { page: 1, limit: 20 };
        service.alert_rules(caller, &all).await.expect("a page").rules
    };
    assert_eq!((rules(&ana).await.len(), rules(&mia).await.len()), (1, 0), "its rule would tell");
    assert!(!mark(&instance, &adam, key, false).await);
    assert!(rules(&ana).await.is_empty(), "its rule goes with it");
    service.reveal(&ana, &by_id(key), Reveal::default()).await.expect("revealed");
    look(&instance, NOON + MINUTE).await;
    assert!(alerts(&instance, &ana).await.alerts.is_empty());
}

#[tokio::test]
async fn a_decoy_is_told_of_for_as_long_as_it_is_one() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let key = instance.add_key(&ana, "Payments").await.id;
    mark(&instance, &ana, key, true).await;
    let all = AlertRuleQuery { page: 1, limit: 20 };
    let own = service.alert_rules(&ana, &all).await.expect("a page").rules[0].id;
    let off = AlertRulePatch { enabled: Some(false), ..AlertRulePatch::default() };
    let other = AlertRulePatch { condition: Some(AlertCondition::ErrorRate), ..AlertRulePatch::default() };
    for patch in [&off, &other] {
        let refused = service.update_alert_rule(&ana, own, patch).await;
        assert!(matches!(refused, Err(Error::Conflict(why)) if why.contains("1 decoys")));
    }
    assert!(matches!(service.delete_alert_rule(&ana, own).await, Err(Error::Conflict(_))));
    let name = AlertRulePatch { name: Some("Trap".to_owned()), ..AlertRulePatch::default() };
    assert!(service.update_alert_rule(&ana, own, &name).await.expect("renamed").enabled);
    // With another rule for it, this one may go, and then that one may not.
    let every = made(&instance, &ana, &rule(AlertCondition::DecoyUse)).await.id;
    service.update_alert_rule(&ana, own, &off).await.expect("off");
    service.delete_alert_rule(&ana, own).await.expect("removed");
    assert!(matches!(service.delete_alert_rule(&ana, every).await, Err(Error::Conflict(_))));
    mark(&instance, &ana, key, false).await;
    service.delete_alert_rule(&ana, every).await.expect("removed");
}
