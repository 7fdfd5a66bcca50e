//! New values for keys, set by hand, and the time in which the one before is fetched too.

use std::time::Duration;

use keyward_keys::input::{KeyRef, NewToken, NewVersion, Reveal};
use keyward_keys::view::{Fetched, VersionLabel};
use keyward_keys::{Caller, Custody, Error, Plan, Scope};
use secrecy::ExposeSecret;

use crate::harness::{Instance, NOON, ORIGIN, by_id, secret};
use crate::unlock::unlocked;

const HOUR_MS: i64 = 3_600_000;

fn version(value: &str, hours: Option<u64>) -> NewVersion {
    NewVersion { value: secret(value), overlap: hours.map(|hours| Duration::from_secs(hours * 3600)) }
}

async fn app(instance: &Instance, person: &Caller, key: &str) -> Caller {
    let new = NewToken {
        name: "app".to_owned(),
        keys: vec![key.to_owned()],
        scopes: vec![Scope::Fetch],
        ..NewToken::default()
    };
    let (_, token) = instance.service.create_token(person, new).await.expect("made");
    instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good")
}

/// `2 new, 1 old`
fn told(fetched: &Fetched) -> String {
    let value = fetched.value.as_ref().map_or("-", |value| value.expose_secret());
    let previous = fetched.previous.as_ref();
    let previous = previous.map(|(version, value)| format!(", {version} {}", value.expose_secret()));
    format!("{} {value}{}", fetched.version, previous.unwrap_or_default())
}

#[tokio::test]
async fn the_version_before_is_fetched_along_until_its_overlap_ends() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let app = app(&instance, &ana, &key.key_id).await;
    let one = by_id(key.id);
    let fetched = async |have| told(&service.fetch(&app, &one, have).await.expect("fetched"));
    assert_eq!(fetched(None).await, "1 sk-test-0123456789");
    let made = service.add_version(&ana, &one, version("second", Some(2)), None).await.expect("made");
    assert_eq!((made.version, made.labels), (2, vec![VersionLabel::Current]));
    assert_eq!(fetched(None).await, "2 second, 1 sk-test-0123456789");
    assert_eq!(fetched(Some(1)).await, "2 second, 1 sk-test-0123456789");
    assert_eq!(fetched(Some(2)).await, "2 -", "who has the version is sent nothing");
    let next = service.key(&ana, &one).await.expect("a key").next_rotation.expect("due");
    assert_eq!(next.as_millisecond(), NOON + 90 * 24 * HOUR_MS);

    instance.clock.set(NOON + HOUR_MS);
    service.add_version(&ana, &one, version("third", None), None).await.expect("made");
    assert_eq!(fetched(None).await, "3 third, 2 second");
    let told = async || {
        let versions = service.versions(&ana, &one).await.expect("listed").into_iter();
        versions.map(|one| (one.version, one.labels.first().copied())).collect::<Vec<_>>()
    };
    let (current, previous) = (Some(VersionLabel::Current), Some(VersionLabel::Previous));
    assert_eq!(told().await, [(3, current), (2, previous), (1, None)]);
    instance.clock.set(NOON + 25 * HOUR_MS);
    assert_eq!(fetched(None).await, "3 third", "a day is the overlap when nothing is said");
    assert_eq!(told().await, [(3, current), (2, None), (1, None)]);
    service.add_version(&ana, &one, version("fourth", Some(0)), None).await.expect("made");
    assert_eq!(fetched(None).await, "4 fourth", "no overlap, no previous version");
    let old = Reveal { version: Some(2), ..Reveal::default() };
    assert_eq!(service.reveal(&ana, &one, old).await.expect("opened").value.expose_secret(), "second");
}

#[tokio::test]
async fn a_sealed_key_gets_a_new_value_while_nobody_is_unlocked() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let key = instance.add_key(&ana, "Sealed").await;
    assert_eq!(key.custody, Custody::Sealed);
    let app = app(&instance, &ana, &key.key_id).await;
    let instance = instance.reopen().await;
    let service = &instance.service;
    service.add_version(&ana, &by_id(key.id), version("second", None), None).await.expect("made");
    let fetched = service.fetch(&app, &by_id(key.id), None).await.expect("fetched");
    assert_eq!(told(&fetched), "2 second, 1 sk-test-0123456789");
    let reveal = service.reveal(&ana, &by_id(key.id), Reveal::default()).await;
    assert!(matches!(reveal, Err(Error::Locked(_))));
}

#[tokio::test]
async fn who_may_not_who_is_late_and_what_is_no_value_is_refused() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, (ben, _)) = (instance.ana().await, instance.person("ben", Plan::Free).await);
    let key = instance.add_key(&ana, "One").await;
    let one = by_id(key.id);
    let set = async |caller: &Caller, key: &KeyRef, new, revision| {
        service.add_version(caller, key, new, revision).await.expect_err("refused")
    };
    assert!(matches!(set(&ben, &one, version("x", None), None).await, Error::NotFound(_)));
    let app = app(&instance, &ana, &key.key_id).await;
    assert!(matches!(set(&app, &one, version("x", None), None).await, Error::Forbidden(_)));
    assert!(matches!(set(&ana, &one, version("x", None), Some(key.revision + 7)).await, Error::Stale));
    match set(&ana, &one, version("", Some(91 * 24)), None).await {
        Error::Invalid(faults) => {
            assert_eq!(faults.iter().map(|one| &*one.field).collect::<Vec<_>>(), ["apiKey", "overlap"]);
        }
        other => panic!("{other}"),
    }
    assert_eq!(service.versions(&ana, &one).await.expect("listed").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn values_set_at_one_moment_become_versions_one_after_another_or_are_refused() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let setting: Vec<_> = (0..16)
        .map(|number| {
            let (service, ana, key) = (instance.service.clone(), ana.clone(), by_id(key.id));
            let new = version(&format!("value {number}"), None);
            tokio::spawn(async move { service.add_version(&ana, &key, new, None).await })
        })
        .collect();
    let mut made = Vec::new();
    for one in setting {
        match one.await.expect("ends") {
            Ok(version) => made.push(version.version),
            Err(error) => assert!(matches!(error, Error::Conflict(_)), "{error}"),
        }
    }
    made.sort_unstable();
    assert!(!made.is_empty() && made.iter().copied().eq(2..2 + made.len() as u32), "{made:?}");
    let listed = instance.service.versions(&ana, &by_id(key.id)).await.expect("listed");
    assert_eq!(listed.len(), made.len() + 1);
}
