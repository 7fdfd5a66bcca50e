//! What a person sees first: their keys alone, and what each wants at the moment it wants it.

use keyward_keys::input::{AddedAccount, KeyPatch, RotationMethodName, RotationPatch, TrackEvent};
use keyward_keys::view::{AttentionKind, HomeView, KeyStatus};
use keyward_keys::{Plan, StoreHealth};

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_account, new_key, secret};

const DAY_MS: i64 = 24 * 3_600_000;

/// What is wanted, by how many keys, and the name of the most pressing.
fn wanted(home: &HomeView) -> Vec<(AttentionKind, u64, &str)> {
    let first = |keys: &[keyward_keys::view::AttentionKey]| keys.len();
    assert!(home.attention.iter().all(|one| (1..=3).contains(&first(&one.first))));
    home.attention.iter().map(|one| (one.kind, one.count, one.first[0].name.as_str())).collect()
}

#[tokio::test]
async fn keys_ask_for_what_they_want_when_they_want_it() {
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let (bob, _) = instance.person("bob", Plan::Free).await;
    instance.add_key(&bob, "Bobs").await;
    for (name, calls) in [("Full", 11), ("Near", 8), ("Nearer", 9), ("Quiet", 0)] {
        let mut new = new_key(name);
        new.monthly_limit = (calls > 0).then_some(10);
        let key = by_id(service.create_key(&ana, new).await.expect("a key").id);
        for at in 0..calls {
            let event = TrackEvent {
                status_code: Some(if at == 0 { 500 } else { 200 }),
                ..TrackEvent::<String>::default()
            };
            service.track(&ana, &key, event).await.expect("tracked");
        }
    }
    let home = service.home(&ana).await.expect("home");
    assert_eq!((home.keys, home.instance), (4, None));
    assert_eq!((home.requests.len(), home.requests.last(), home.errors.last()), (120, Some(&28), Some(&3)));
    use AttentionKind::{Idle, NearLimit, OverLimit, RotationOverdue, RotationSoon};
    assert_eq!(wanted(&home), [(OverLimit, 1, "Full"), (NearLimit, 2, "Nearer")]);
    assert_eq!(home.attention[0].first[0].month.used, 11);

    // A new month, and nothing yet: rotations are due 90 days after a key was made.
    instance.clock.set(NOON + 60 * DAY_MS);
    assert_eq!(wanted(&service.home(&ana).await.expect("home")), []);
    instance.clock.set(NOON + 84 * DAY_MS);
    let home = service.home(&ana).await.expect("home");
    assert_eq!(home.requests.iter().sum::<u32>(), 0);
    assert_eq!(wanted(&home).iter().map(|one| (one.0, one.1)).collect::<Vec<_>>(), [(RotationSoon, 4)]);
    // What the daemon rotates by itself needs nobody, though it is as soon.
    let itself = RotationPatch { method: Some(RotationMethodName::Generate), ..RotationPatch::default() };
    let itself = KeyPatch { rotation: Some(Some(itself)), ..KeyPatch::default() };
    let soon = home.attention[0].first[0].id;
    let view = service.update_key(&ana, &by_id(soon), itself, None).await.expect("changed");
    assert!(view.next_rotation.is_some_and(|due| due.as_millisecond() < NOON + 91 * DAY_MS));
    let home = service.home(&ana).await.expect("home");
    assert_eq!((home.attention.len(), home.attention[0].count), (1, 3));
    instance.clock.set(NOON + 90 * DAY_MS + 1);
    let home = service.home(&ana).await.expect("home");
    let kinds: Vec<_> = wanted(&home).iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(kinds, [(RotationOverdue, 4), (Idle, 4)]);
    // What is switched off need not be called.
    let off = KeyPatch { status: Some(KeyStatus::Inactive), ..KeyPatch::default() };
    let quiet = home.attention[1].first[0].id;
    service.update_key(&ana, &by_id(quiet), off, None).await.expect("switched off");
    let home = service.home(&ana).await.expect("home");
    assert_eq!(home.attention[1].count, 3);
}

#[tokio::test]
async fn operators_see_how_the_instance_is_and_apps_see_no_home() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let added = AddedAccount { account: new_account("root"), operator: true, plan: Plan::Pro };
    service.add_account(&instance.system(), added).await.expect("added");
    let root = service.sign_in(ORIGIN, "root", secret("correct horse")).await.expect("signed in");
    let care = service.home(&root).await.expect("home").instance.expect("an operator's");
    assert_eq!(care.store, StoreHealth::Connected);
    assert!(service.home(&instance.system()).await.is_err());
}
