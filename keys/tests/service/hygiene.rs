//! What of the keys stands out: counted, and listed under the same words. And what a reveal was for.

use keyward_keys::Error;
use keyward_keys::input::{
    AuditQuery, Hygiene, KeyPatch, KeyQuery, KeySort, NewKey, NewVersion, Reveal, TrackEvent,
};
use keyward_keys::view::KeyHygiene;

use crate::harness::{Instance, NOON, by_id, new_key, secret};

const DAY_MS: i64 = 24 * 3_600_000;

fn query() -> KeyQuery {
    KeyQuery { page: 1, limit: 20, sort: KeySort::Name, ..KeyQuery::default() }
}

#[tokio::test]
async fn each_count_lists_the_keys_it_counts() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let limited = NewKey { monthly_limit: Some(10), rotation_interval: Some(0), ..new_key("limited") };
    let limited = by_id(service.create_key(&ana, limited).await.expect("a key").id);
    let rotated = by_id(instance.add_key(&ana, "rotated").await.id);
    instance.clock.set(NOON + 89 * DAY_MS);
    let value = NewVersion { value: secret("second"), overlap: None };
    service.add_version(&ana, &rotated, value, None).await.expect("set");
    service.track(&ana, &limited, TrackEvent::default()).await.expect("tracked");
    let quiet = KeyHygiene { keys: 2, no_limit: 1, ..KeyHygiene::default() };
    assert_eq!(service.key_hygiene(&ana).await.expect("counted"), quiet);

    instance.clock.set(NOON + 91 * DAY_MS);
    instance.add_key(&ana, "new").await;
    let counted = service.key_hygiene(&ana).await.expect("counted");
    let expected = KeyHygiene { keys: 3, never_rotated: 1, no_limit: 2, idle: 1, ..KeyHygiene::default() };
    assert_eq!(counted, expected);
    let names = async |query: KeyQuery| {
        let page = service.keys(&ana, &query).await.expect("listed");
        page.keys.into_iter().map(|key| key.name).collect::<Vec<_>>()
    };
    let listed = async |hygiene| names(KeyQuery { hygiene: Some(hygiene), ..query() }).await;
    assert_eq!(listed(Hygiene::NeverRotated).await, ["limited"]);
    assert_eq!(listed(Hygiene::NoLimit).await, ["new", "rotated"]);
    assert_eq!(listed(Hygiene::Idle).await, ["rotated"], "made long ago, and never called with");
    assert_eq!(names(KeyQuery { unused: Some(2), ..query() }).await, ["limited", "rotated"]);
    assert_eq!(names(KeyQuery { unused: Some(3), ..query() }).await, ["rotated"]);
    assert_eq!(names(KeyQuery { service: Some("OPENAI".to_owned()), ..query() }).await.len(), 3);
    assert!(names(KeyQuery { service: Some("Stripe".to_owned()), ..query() }).await.is_empty());

    let frozen = KeyPatch { frozen: Some(true), ..KeyPatch::default() };
    service.update_key(&ana, &rotated, frozen, None).await.expect("frozen");
    assert_eq!(names(KeyQuery { frozen: Some(true), ..query() }).await, ["rotated"]);
    assert_eq!(names(KeyQuery { frozen: Some(false), ..query() }).await, ["limited", "new"]);
    instance.clock.set(NOON + 200 * DAY_MS);
    assert_eq!(listed(Hygiene::Overdue).await, ["new", "rotated"], "the third is not to be rotated");
}

#[tokio::test]
async fn a_reveal_says_what_it_was_for() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = by_id(instance.add_key(&ana, "Billing").await.id);
    let asked = |reason: &str| Reveal { reason: Some(reason.to_owned()), ..Reveal::default() };
    service.reveal(&ana, &key, asked("  the invoice run failed ")).await.expect("opened");
    for bad in ["", "\u{1b}[2J", &"x".repeat(201)] {
        let refused = service.reveal(&ana, &key, asked(bad)).await;
        assert!(matches!(refused, Err(Error::Invalid(faults)) if faults[0].field == "reason"));
    }
    let query =
        AuditQuery { page: 1, limit: 20, action: Some("key.reveal".to_owned()), ..Default::default() };
    let records = service.audit(&ana, &query).await.expect("listed").records;
    let details: Vec<_> = records.iter().map(|record| record.detail.as_str()).collect();
    assert_eq!(details, ["version 1: the invoice run failed"]);
}
