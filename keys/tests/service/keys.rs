use keyward_keys::input::{KeyPatch, KeyQuery, KeyRef, KeySort, NewKey};
use keyward_keys::view::KeyStatus;
use keyward_keys::{Environment, Error, Event, Plan};

use crate::harness::{Instance, NOON, by_id, new_key, secret};

const DAY_MS: i64 = 24 * 3_600_000;

fn query() -> KeyQuery {
    KeyQuery { page: 1, limit: 20, ..KeyQuery::default() }
}

#[tokio::test]
async fn a_key_is_made_changed_and_moved_to_the_bin() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let mut events = instance.hears(&ana).await;
    let key = instance.add_key(&ana, "Billing").await;
    assert!(key.key_id.starts_with("ak_dev_") && key.version == 1 && key.status == KeyStatus::Active);
    assert!(matches!(events.next().await, Some(Event::KeyChanged { api_key, .. }) if api_key == key.id));

    let patch = KeyPatch {
        name: Some("Invoices".to_owned()),
        status: Some(KeyStatus::Inactive),
        ..KeyPatch::default()
    };
    instance.clock.set(NOON + 1000);
    let changed = service
        .update_key(&ana, &KeyRef::Id(key.key_id.clone()), patch, Some(key.revision))
        .await
        .expect("changed");
    assert_eq!(
        (changed.name.as_str(), changed.status, &changed.service),
        ("Invoices", KeyStatus::Inactive, &key.service)
    );
    assert!(changed.revision > key.revision && changed.updated_at > key.updated_at);

    let stale = service.delete_key(&ana, &by_id(key.id), Some(key.revision)).await;
    assert!(matches!(stale, Err(Error::Stale)));
    service.delete_key(&ana, &by_id(key.id), None).await.expect("deleted");
    assert!(matches!(service.key(&ana, &by_id(key.id)).await, Err(Error::NotFound("key"))));
    assert_eq!(service.keys(&ana, &query()).await.expect("listed").pagination.total, 0);

    instance.clock.set(NOON + 31 * DAY_MS);
    assert_eq!(service.purge_bin(&instance.system()).await.expect("purged"), 1);
    assert_eq!(service.purge_bin(&instance.system()).await.expect("nothing left"), 0);
}

#[tokio::test]
async fn every_fault_of_a_new_key_is_told_at_once() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let bad = NewKey {
        name: "\u{1b}[31mred".to_owned(),
        service: String::new(),
        value: secret(""),
        passphrase: Some(secret("short")),
        tags: vec!["ok".to_owned(), "x".repeat(41)],
        rotation_interval: Some(4000),
        ..new_key("")
    };
    let Err(Error::Invalid(faults)) = instance.service.create_key(&ana, bad).await else { panic!("refused") };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["name", "service", "tags/1", "rotationInterval", "apiKey", "passphrase"]);
}

#[tokio::test]
async fn keys_are_searched_filtered_sorted_and_paged() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    for (minute, (name, environment, tags)) in [
        ("OpenAI billing", Environment::Production, vec!["llm"]),
        ("Stripe", Environment::Production, vec!["money"]),
        ("anthropic", Environment::Staging, vec!["llm", "chat"]),
    ]
    .into_iter()
    .enumerate()
    {
        instance.clock.set(NOON + minute as i64 * 60_000);
        let tags = tags.into_iter().map(str::to_owned).collect();
        let new = NewKey { environment: Some(environment), tags, ..new_key(name) };
        service.create_key(&ana, new).await.expect("a key");
    }
    let names = async |query: KeyQuery| {
        let page = service.keys(&ana, &query).await.expect("listed");
        let names: Vec<String> = page.keys.into_iter().map(|key| key.name).collect();
        (names.join(","), page.pagination.total, page.pagination.pages)
    };
    assert_eq!(names(query()).await, ("anthropic,Stripe,OpenAI billing".to_owned(), 3, 1));
    assert_eq!(names(KeyQuery { limit: 2, page: 2, ..query() }).await, ("OpenAI billing".to_owned(), 3, 2));
    assert_eq!(names(KeyQuery { page: 9, ..query() }).await, (String::new(), 3, 1));
    assert_eq!(names(KeyQuery { search: Some("LLM".to_owned()), ..query() }).await.1, 2);
    let sorted = KeyQuery { sort: KeySort::Name, ..query() };
    assert_eq!(names(sorted).await.0, "anthropic,OpenAI billing,Stripe");
    let filtered =
        KeyQuery { environment: Some(Environment::Production), tag: Some("llm".to_owned()), ..query() };
    assert_eq!(names(filtered).await, ("OpenAI billing".to_owned(), 1, 1));
    let found =
        async |text: &str, fuzzy| names(KeyQuery { search: Some(text.to_owned()), fuzzy, ..query() }).await.0;
    assert_eq!(found("anth", Some(true)).await, "anthropic");
    assert_eq!(found("atrpc", None).await, "anthropic", "what nothing contains, something may be like");
    assert_eq!(found("atrpc", Some(false)).await, "");
    assert_eq!(found("stri", None).await, "Stripe", "what something contains, nothing else is shown for");
    assert_eq!(found("xqz", None).await, "");
    assert_eq!(found("!xqz", None).await, "", "no character is special");
    let sorted = async |sort, reverse| names(KeyQuery { sort, reverse, ..query() }).await.0;
    assert_eq!(sorted(KeySort::Newest, true).await, "OpenAI billing,Stripe,anthropic");
    assert_eq!(sorted(KeySort::Name, true).await, "Stripe,OpenAI billing,anthropic");
    assert_eq!(sorted(KeySort::Environment, false).await, "OpenAI billing,Stripe,anthropic");
    assert_eq!(sorted(KeySort::NextRotation, false).await, "OpenAI billing,Stripe,anthropic");
    assert_eq!(sorted(KeySort::NextRotation, true).await, "anthropic,Stripe,OpenAI billing");
    assert!(matches!(service.keys(&ana, &KeyQuery { limit: 101, ..query() }).await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn walking_all_pages_shows_every_key_once_though_they_share_a_moment() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    for number in 0..23 {
        instance.add_key(&ana, &format!("key {}", number % 3)).await;
    }
    let sorts = [
        KeySort::Newest,
        KeySort::Name,
        KeySort::Service,
        KeySort::LastUsed,
        KeySort::Usage,
        KeySort::Environment,
        KeySort::NextRotation,
    ];
    for (sort, reverse) in sorts.into_iter().flat_map(|sort| [(sort, false), (sort, true)]) {
        let mut seen = std::collections::HashSet::new();
        for page in 1..=5 {
            let query = KeyQuery { page, limit: 5, sort, reverse, ..KeyQuery::default() };
            let answer = instance.service.keys(&ana, &query).await.expect("listed");
            assert!(answer.keys.iter().all(|key| seen.insert(key.id)), "{sort:?} shows a key twice");
        }
        assert_eq!(seen.len(), 23, "{sort:?} misses keys");
    }
}

#[tokio::test]
async fn a_name_means_a_key_when_only_one_has_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let development = instance.add_key(&ana, "Billing").await;
    let production = NewKey { environment: Some(Environment::Production), ..new_key("billing") };
    let production = service.create_key(&ana, production).await.expect("a key");
    let named = |environment| KeyRef::Named("BILLING".to_owned(), environment);
    assert!(matches!(service.key(&ana, &named(None)).await, Err(Error::Conflict(_))));
    assert_eq!(service.key(&ana, &named(Some(Environment::Production))).await.expect("one"), production);
    let by_key_id = KeyRef::Named(development.key_id.clone(), None);
    assert_eq!(service.key(&ana, &by_key_id).await.expect("one").id, development.id);
}

#[tokio::test]
async fn nobody_sees_or_hears_of_a_strangers_key() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let key = instance.add_key(&ana, "Billing").await;
    let mut heard = instance.hears(&bob).await;
    for reference in
        [by_id(key.id), KeyRef::Id(key.key_id.clone()), KeyRef::Named("Billing".to_owned(), None)]
    {
        assert!(matches!(service.key(&bob, &reference).await, Err(Error::NotFound("key"))));
        let gone = service.delete_key(&bob, &reference, None).await;
        assert!(matches!(gone, Err(Error::NotFound("key"))));
    }
    service.delete_key(&ana, &by_id(key.id), None).await.expect("deleted");
    let bobs = instance.add_key(&bob, "Mine").await;
    assert!(matches!(heard.next().await, Some(Event::KeyChanged { api_key, .. }) if api_key == bobs.id));
}
