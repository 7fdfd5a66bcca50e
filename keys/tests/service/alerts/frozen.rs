//! Keys that are frozen: whoever still asks for one is refused, and told of.

use keyward_keys::view::AlertSeverity;
use secrecy::ExposeSecret;

use super::*;
use crate::harness::{ELSEWHERE, eventually};

#[tokio::test]
async fn whoever_asks_for_a_frozen_key_is_told_of_at_once_until_it_is_thawed() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Payments").await.id;
    made(&instance, &ana, &rule(AlertCondition::FrozenUse)).await;
    let token = instance.fetch_token(&ana, key).await;
    let freeze = async |instance: &Instance, frozen: bool| {
        let patch = KeyPatch { frozen: Some(frozen), ..KeyPatch::default() };
        instance.service.update_key(&ana, &by_id(key), patch, None).await.expect("changed");
    };
    let asks = async |instance: &Instance| {
        let app = instance.service.sign_in_with_bearer(ELSEWHERE, token.expose_secret()).expect("good");
        instance.service.fetch(&app, &by_id(key), None).await
    };
    assert!(asks(&instance).await.is_ok());
    freeze(&instance, true).await;
    assert_eq!(look(&instance, NOON + MINUTE).await, 0, "fetched before it was frozen");
    for _ in 0..2 {
        assert!(matches!(asks(&instance).await, Err(Error::KeyInactive)));
    }
    // Nobody looks at the rules here.
    eventually("an alert", async || !alerts(&instance, &ana).await.alerts.is_empty()).await;
    let alert = only(&instance, &ana).await;
    assert_eq!((alert.condition, alert.severity), (AlertCondition::FrozenUse, AlertSeverity::Warning));
    assert_eq!(alert.message, "Payments: it is frozen, and was asked for with the token app from 192.0.2.7");
    assert_eq!(look(&instance, NOON + 2 * MINUTE).await, 0, "it is told once");
    let instance = instance.reopen().await;
    assert_eq!(look(&instance, NOON + 3 * MINUTE).await, 0, "also across a restart");
    assert!(asks(&instance).await.is_err());
    assert_eq!(look(&instance, NOON + 4 * MINUTE).await, 0);
    freeze(&instance, false).await;
    assert_eq!(look(&instance, NOON + 5 * MINUTE).await, 1);
    assert_eq!(told(&instance, &ana).await, ["alert_recovered", "alert_firing"]);
    freeze(&instance, true).await;
    assert_eq!(look(&instance, NOON + 6 * MINUTE).await, 0, "nobody asked since");
    assert!(asks(&instance).await.is_err());
    eventually("another alert", async || alerts(&instance, &ana).await.alerts.len() == 2).await;
}
