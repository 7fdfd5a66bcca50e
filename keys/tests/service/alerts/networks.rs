//! Networks that are new to a key.

use super::*;
use crate::harness::{ELSEWHERE, secret};

#[tokio::test]
async fn a_network_that_a_key_was_never_used_from_is_told_once_and_is_over_after_a_day() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let (old, new) = (instance.add_key(&ana, "Old").await.id, instance.add_key(&ana, "New").await.id);
    made(&instance, &ana, &rule(AlertCondition::NewNetwork)).await;
    track(&instance, &ana, old, 200, 1).await;
    assert_eq!(look(&instance, NOON + MINUTE).await, 0, "the first of all is none");
    let instance = instance.reopen().await;
    let later = NOON + 14 * DAY;
    instance.clock.set(later);
    let away = instance.service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.expect("signed in");
    track(&instance, &ana, old, 200, 1).await;
    assert_eq!(look(&instance, later).await, 0, "where it always was");
    track(&instance, &away, old, 200, 2).await;
    track(&instance, &away, new, 200, 1).await;
    assert_eq!(look(&instance, later + MINUTE).await, 1, "a key that is new itself is no news");
    let alert = only(&instance, &ana).await;
    assert_eq!(alert.message, "Old: used from 192.0.2.0/24, from where it never was");
    let instance = instance.reopen().await;
    assert_eq!(look(&instance, later + 2 * MINUTE).await, 0, "it is told once, also across a restart");
    assert_eq!(look(&instance, later + DAY).await, 1);
    assert_eq!(told(&instance, &ana).await, ["alert_recovered", "alert_firing"]);
    track(&instance, &away, old, 200, 1).await;
    assert_eq!(look(&instance, later + DAY + MINUTE).await, 0, "it is known by now");
}
