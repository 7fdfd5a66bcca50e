//! The bin: what is in it, the way back out, and for whom.

use keyward_keys::input::{AuditQuery, KeyQuery, KeyRef, NewKey, TeamPatch};
use keyward_keys::view::KeyView;
use keyward_keys::{Caller, Environment, Error, Event, Plan, Role};

use crate::harness::{Instance, NOON, by_id, new_key};
use crate::teams::{joined, team, team_key};

const DAY_MS: i64 = 24 * 3_600_000;

async fn bin(instance: &Instance, caller: &Caller, search: Option<&str>, fuzzy: Option<bool>) -> Vec<String> {
    let search = search.map(str::to_owned);
    let query = KeyQuery { page: 1, limit: 20, bin: true, search, fuzzy, ..KeyQuery::default() };
    let page = instance.service.keys(caller, &query).await.expect("listed");
    assert!(page.keys.iter().all(|key| key.deleted_at.is_some()));
    page.keys.into_iter().map(|key| key.name).collect()
}

async fn delete(instance: &Instance, caller: &Caller, key: &KeyView) {
    instance.service.delete_key(caller, &by_id(key.id), None).await.expect("deleted");
}

#[tokio::test]
async fn a_key_comes_back_from_the_bin_as_it_was() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let mut events = service.subscribe(&ana).expect("hears");
    let key = instance.add_key(&ana, "Billing").await;
    let other = instance.add_key(&ana, "Mail").await;
    delete(&instance, &ana, &key).await;
    instance.clock.set(NOON + DAY_MS);
    delete(&instance, &ana, &other).await;
    assert_eq!(bin(&instance, &ana, None, None).await, ["Mail", "Billing"], "the last deleted first");
    assert_eq!(bin(&instance, &ana, Some("bill"), None).await, ["Billing"]);
    assert_eq!(bin(&instance, &ana, Some("blng"), None).await, ["Billing"], "and what is like it");
    assert_eq!(bin(&instance, &ana, Some("blng"), Some(false)).await, [""; 0]);

    // Two were made and two deleted: that is told first.
    for _ in 0..4 {
        events.next().await.expect("told");
    }
    let back = service.restore_key(&ana, &KeyRef::Named("billing".to_owned(), None)).await.expect("back");
    assert!(matches!(events.next().await, Some(Event::KeyChanged { api_key, .. }) if api_key == key.id));
    assert_eq!((back.id, &back.key_id, back.deleted_at), (key.id, &key.key_id, None));
    assert_eq!(service.key(&ana, &by_id(key.id)).await.expect("a key"), back);
    service.reveal(&ana, &by_id(key.id), Default::default()).await.expect("it still opens");
    assert_eq!(bin(&instance, &ana, None, None).await, ["Mail"]);
    let again = service.restore_key(&ana, &by_id(key.id)).await.expect("it stays as it is");
    assert_eq!(again.revision, back.revision);
    let query =
        AuditQuery { page: 1, limit: 20, action: Some("key.restore".to_owned()), ..Default::default() };
    let records = service.audit(&ana, &query).await.expect("listed").records;
    assert_eq!(records.iter().map(|record| record.object).collect::<Vec<_>>(), [Some(key.id)]);
    instance.clock.set(NOON + 40 * DAY_MS);
    assert_eq!(service.purge_bin(&instance.system()).await.expect("purged"), 1, "Mail alone");
}

#[tokio::test]
async fn what_needs_a_place_again_waits_for_one() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let key = instance.add_key(&bob, "First").await;
    delete(&instance, &bob, &key).await;
    for number in 0..5 {
        instance.add_key(&bob, &format!("key {number}")).await;
    }
    let full = service.restore_key(&bob, &by_id(key.id)).await;
    assert!(matches!(full, Err(Error::PlanLimit { allowed: 5 })), "{full:?}");

    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let environment = Some(Environment::Staging);
    let new = NewKey { team: Some(team), environment, ..new_key("Deploy") };
    let key = service.create_key(&ana, new).await.expect("a key");
    delete(&instance, &ana, &key).await;
    let environments = Some(vec![Environment::Production]);
    let patch = TeamPatch { environments, ..TeamPatch::default() };
    service.update_team(&ana, team, patch).await.expect("changed");
    let misplaced = service.restore_key(&ana, &by_id(key.id)).await;
    assert!(matches!(misplaced, Err(Error::Invalid(_))), "{misplaced:?}");
}

#[tokio::test]
async fn restoring_is_for_admins_and_strangers_know_nothing_of_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let (bob, _) = joined(&instance, &ana, team, "bob", Role::Viewer).await;
    let (eve, _) = instance.person("eve", Plan::Free).await;
    let key = team_key(&instance, &ana, team, "Deploy").await;
    delete(&instance, &ana, &key).await;
    assert_eq!(bin(&instance, &bob, None, None).await, ["Deploy"]);
    assert_eq!(bin(&instance, &eve, None, None).await, [""; 0]);
    assert!(matches!(service.restore_key(&bob, &by_id(key.id)).await, Err(Error::Forbidden(_))));
    for reference in [by_id(key.id), KeyRef::Id(key.key_id.clone()), KeyRef::Named("Deploy".into(), None)] {
        assert!(matches!(service.restore_key(&eve, &reference).await, Err(Error::NotFound("key"))));
    }
    let second = team_key(&instance, &ana, team, "Deploy").await;
    delete(&instance, &ana, &second).await;
    let named = service.restore_key(&ana, &KeyRef::Named("deploy".to_owned(), None)).await;
    assert!(matches!(named, Err(Error::Conflict(_))), "which of the two?");
}
