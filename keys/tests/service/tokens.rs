//! What holds a service token back: where it is used from, how often, what it is for, and who made it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use keyward_keys::input::{
    Breakdown, KeyPatch, NewKey, NewToken, OverviewQuery, ReportQuery, ReportedEvent, SeriesQuery, TrackEvent,
};
use keyward_keys::view::{KindUse, TokenShare};
use keyward_keys::{Caller, Custody, Door, Environment, Error, Event, Locked, Origin, Result, Scope};
use secrecy::{ExposeSecret, SecretString};

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_key};
use crate::unlock::{PASSPHRASE, unlocked};

fn new_token(scopes: &[Scope]) -> NewToken {
    NewToken { name: "worker".to_owned(), scopes: scopes.to_vec(), ..NewToken::default() }
}

async fn made(instance: &Instance, person: &Caller, new: NewToken) -> SecretString {
    instance.service.create_token(person, new).await.expect("made").1
}

fn from(instance: &Instance, token: &SecretString, address: &str) -> Result<Caller> {
    let address: IpAddr = address.parse().expect("an address");
    let origin = Origin { door: Door::Rest, address: Some(address), request: None };
    instance.service.sign_in_with_bearer(origin, token.expose_secret())
}

fn app(instance: &Instance, token: &SecretString) -> Caller {
    instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret()).expect("good")
}

#[tokio::test]
async fn a_token_is_good_from_its_networks_alone() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let networks =
        ["10.1.0.0/16", "2001:db8::/32"].map(|network| network.parse().expect("a network")).to_vec();
    let new = NewToken { keys: vec![key.key_id], networks, ..new_token(&[Scope::Fetch]) };
    let token = made(&instance, &ana, new).await;
    for inside in ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"] {
        assert!(from(&instance, &token, inside).is_ok(), "{inside}");
    }
    for outside in ["10.2.0.1", "127.0.0.1", "2001:db9::1", "::1"] {
        assert!(matches!(from(&instance, &token, outside), Err(Error::Forbidden(_))), "{outside}");
    }
}

#[tokio::test]
async fn a_key_that_is_held_to_networks_is_given_out_there_alone() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let token =
        made(&instance, &ana, NewToken { keys: vec![key.key_id], ..new_token(&[Scope::Fetch]) }).await;
    let held = async |networks: &[&str]| {
        let networks = networks.iter().map(|network| network.parse().expect("a network")).collect();
        let patch = KeyPatch { networks: Some(networks), ..KeyPatch::default() };
        instance.service.update_key(&ana, &by_id(key.id), patch, None).await.expect("changed");
    };
    let fetched = async |address: &str, have: Option<u32>| {
        let caller = from(&instance, &token, address).expect("good");
        instance.service.fetch(&caller, &by_id(key.id), have).await.map(drop)
    };
    assert!(fetched("10.2.0.1", None).await.is_ok());
    held(&["10.1.0.0/16"]).await;
    for have in [None, Some(1)] {
        assert!(fetched("::ffff:10.1.2.3", have).await.is_ok());
        assert!(matches!(fetched("10.2.0.1", have).await, Err(Error::Forbidden(_))), "{have:?}");
    }
    held(&[]).await;
    assert!(fetched("10.2.0.1", None).await.is_ok());
}

#[tokio::test]
async fn uses_are_counted_exactly_at_once_and_across_restarts() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let new = NewToken {
        keys: vec![key.key_id.clone()],
        max_uses: Some(7),
        ..new_token(&[Scope::Fetch, Scope::Track])
    };
    let token = made(&instance, &ana, new).await;
    let many = |instance: &Instance, count: usize| {
        let caller = app(instance, &token);
        let fetches: Vec<_> = (0..count)
            .map(|_| {
                let (service, caller, key) = (instance.service.clone(), caller.clone(), by_id(key.id));
                tokio::spawn(async move { service.fetch(&caller, &key, None).await.map(drop) })
            })
            .collect();
        async move {
            let mut good = 0;
            for fetch in fetches {
                match fetch.await.expect("ends") {
                    Ok(()) => good += 1,
                    Err(error) => assert!(matches!(error, Error::Unauthenticated), "{error}"),
                }
            }
            good
        }
    };
    assert_eq!(many(&instance, 3).await, 3);
    assert!(
        instance.service.track(&app(&instance, &token), &by_id(key.id), Default::default()).await.is_ok()
    );
    let instance = instance.reopen().await;
    assert_eq!(many(&instance, 20).await, 3, "seven in all");
    let spent = instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret());
    assert!(matches!(spent, Err(Error::Unauthenticated)));
    let instance = instance.reopen().await;
    assert!(instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret()).is_err());
    let ana = instance.service.sign_in(ORIGIN, "ana", "correct horse".into()).await.expect("in");
    let listed = &instance.service.tokens(&ana).await.expect("listed")[0];
    assert_eq!((listed.uses, listed.max_uses), (7, Some(7)));
    assert_eq!(listed.last_seen.map(|at| at.as_millisecond()), Some(NOON));
}

#[tokio::test]
async fn a_token_for_an_environment_covers_what_comes_later_and_nothing_else() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let in_environment = |environment, name: &str| NewKey { environment: Some(environment), ..new_key(name) };
    let create = async |new| instance.service.create_key(&ana, new).await.expect("a key");
    let before = create(in_environment(Environment::Production, "Before")).await;
    let new =
        NewToken { environment: Some(Environment::Production), ..new_token(&[Scope::Fetch, Scope::Track]) };
    let app = app(&instance, &made(&instance, &ana, new).await);
    let later = create(in_environment(Environment::Production, "Later")).await;
    let other = create(in_environment(Environment::Staging, "Other")).await;
    assert_eq!(later.custody, Custody::Automation);
    for key in [&before, &later] {
        let fetched = instance.service.fetch(&app, &by_id(key.id), None).await.expect("fetched");
        assert_eq!(fetched.value.expect("a value").expose_secret(), "sk-test-0123456789");
    }
    let hidden = instance.service.fetch(&app, &by_id(other.id), None).await;
    assert!(matches!(hidden, Err(Error::NotFound("key"))));
    let moved = KeyPatch { environment: Some(Environment::Development), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(later.id), moved, None).await.expect("moved");
    assert!(matches!(
        instance.service.fetch(&app, &by_id(later.id), None).await,
        Err(Error::NotFound("key"))
    ));
    let listed = &instance.service.tokens(&ana).await.expect("listed")[0];
    assert_eq!(
        (listed.environment, listed.team, listed.keys.len()),
        (Some(Environment::Production), None, 0)
    );
}

#[tokio::test]
async fn a_token_for_an_environment_opens_sealed_keys_that_come_later_without_anybody() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let key = |name| NewKey { environment: Some(Environment::Production), ..new_key(name) };
    let before = instance.service.create_key(&ana, key("Before")).await.expect("a key");
    let new = || NewToken { environment: Some(Environment::Production), ..new_token(&[Scope::Fetch]) };
    let token = made(&instance, &ana, new()).await;
    instance.service.lock_again(&ana).await.expect("locked");
    let later_made = made(&instance, &ana, new()).await;
    let later = instance.service.create_key(&ana, key("Later")).await.expect("a key");
    assert_eq!((before.custody, later.custody), (Custody::Sealed, Custody::Sealed));
    let instance = instance.reopen().await;
    let fetch = async |token, key| instance.service.fetch(&app(&instance, token), &by_id(key), None).await;
    for (token, key) in [(&token, before.id), (&token, later.id), (&later_made, later.id)] {
        let fetched = fetch(token, key).await.expect("fetched");
        assert_eq!(fetched.value.expect("a value").expose_secret(), "sk-test-0123456789");
    }
    let closed = fetch(&later_made, before.id).await;
    assert!(matches!(closed, Err(Error::Locked(Locked::TokenWaits))), "nobody could open it for this token");
    let ana = instance.service.sign_in(ORIGIN, "ana", "correct horse".into()).await.expect("in");
    let waiting = async || {
        let tokens = instance.service.tokens(&ana).await.expect("listed");
        tokens.iter().map(|token| token.waiting).sum::<u64>()
    };
    assert_eq!(waiting().await, 1);
    instance.service.unlock(&ana, PASSPHRASE.into()).await.expect("unlocked");
    assert!(fetch(&later_made, before.id).await.expect("fetched").value.is_some());
    assert_eq!(waiting().await, 0);
}

#[tokio::test]
async fn a_token_names_keys_or_an_environment_and_each_fault_is_told() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let faults = async |new| match instance.service.create_token(&ana, new).await {
        Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>(),
        other => panic!("not refused: {:?}", other.map(|(view, _)| view)),
    };
    let both = NewToken {
        keys: vec![key.key_id.clone()],
        environment: Some(Environment::Production),
        max_uses: Some(0),
        ..new_token(&[])
    };
    assert_eq!(faults(both).await, ["scopes", "maxUses", "keys"]);
    let neither = NewToken { team: Some(key.id), ..new_token(&[Scope::Fetch]) };
    assert_eq!(faults(neither).await, ["environment", "keys"]);
    let stranger = NewToken {
        environment: Some(Environment::Production),
        team: Some(key.id),
        ..new_token(&[Scope::Fetch])
    };
    assert!(matches!(instance.service.create_token(&ana, stranger).await, Err(Error::NotFound("team"))));
}

#[tokio::test]
async fn a_revoked_token_is_announced_to_its_maker() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "One").await;
    let new = NewToken { keys: vec![key.key_id], ..new_token(&[Scope::Fetch]) };
    let (view, token) = instance.service.create_token(&ana, new).await.expect("made");
    let mut heard = instance.hears(&ana).await;
    instance.service.revoke_token(&ana, view.id).await.expect("revoked");
    while !matches!(heard.next().await, Some(Event::TokenRevoked { token, .. }) if token == view.id) {}
    assert!(instance.service.sign_in_with_bearer(ORIGIN, token.expose_secret()).is_err());
}

#[tokio::test]
async fn a_key_over_its_limit_is_given_out_unless_its_owner_says_otherwise() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let new = NewKey { monthly_limit: Some(2), ..new_key("Limited") };
    let key = instance.service.create_key(&ana, new).await.expect("a key");
    let new = NewToken { keys: vec![key.key_id.clone()], ..new_token(&[Scope::Fetch, Scope::Track]) };
    let app = app(&instance, &made(&instance, &ana, new).await);
    let id = by_id(key.id);
    for _ in 0..3 {
        instance.service.track(&app, &id, Default::default()).await.expect("never refused");
    }
    let over = instance.service.fetch(&app, &id, None).await.expect("fetched").limit;
    assert_eq!((over.used, over.remaining, over.exceeded), (3, Some(0), true));
    assert_eq!(over.reset.to_string(), "2026-04-01T00:00:00Z");

    let refuse = KeyPatch { refuse_over_limit: Some(true), ..KeyPatch::default() };
    instance.service.update_key(&ana, &id, refuse, None).await.expect("changed");
    let refused = instance.service.fetch(&app, &id, Some(1)).await;
    assert!(matches!(refused, Err(Error::LimitExceeded { reset, .. }) if reset == over.reset));
    instance.service.track(&app, &id, Default::default()).await.expect("never refused");
    instance.clock.set(over.reset.as_millisecond());
    let anew = instance.service.fetch(&app, &id, None).await.expect("a new month");
    assert_eq!((anew.limit.used, anew.limit.remaining), (0, Some(2)));

    let freeze = KeyPatch { frozen: Some(true), ..KeyPatch::default() };
    let frozen = instance.service.update_key(&ana, &id, freeze, None).await.expect("frozen");
    assert!(frozen.frozen && frozen.refuse_over_limit);
    assert!(matches!(instance.service.fetch(&app, &id, None).await, Err(Error::KeyInactive)));
    instance.service.track(&app, &id, Default::default()).await.expect("never refused");
}

#[tokio::test]
async fn usage_says_which_tokens_reported_it_and_from_how_many_places_also_across_a_restart() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let (key, other) = (instance.add_key(&ana, "One").await, instance.add_key(&ana, "Two").await);
    let named = |name: &str| NewToken {
        name: name.to_owned(),
        keys: vec![key.key_id.clone(), other.key_id.clone()],
        ..new_token(&[Scope::Track])
    };
    let (worker, nightly) =
        (made(&instance, &ana, named("worker")).await, made(&instance, &ana, named("nightly")).await);
    let report = async |caller: Caller, status| {
        let event = TrackEvent { status_code: Some(status), ..TrackEvent::default() };
        instance.service.track(&caller, &by_id(key.id), event).await.expect("reported");
    };
    for address in ["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1"] {
        report(from(&instance, &worker, address).expect("good"), 200).await;
    }
    report(from(&instance, &nightly, "10.0.0.3").expect("good"), 503).await;
    report(ana.clone(), 200).await;
    let event = TrackEvent { method: Some("get".to_owned()), ..TrackEvent::default() };
    let many = [&key, &other].map(|key| ReportedEvent { key: key.key_id.clone(), event: event.clone() });
    let caller = from(&instance, &nightly, "10.0.0.3").expect("good");
    instance.service.track_many(&caller, many.to_vec(), false).await.expect("reported");
    let expected = ([("worker", 3), ("nightly", 2)], 4, [(200, 5), (503, 1)], [("other", 5), ("GET", 1)]);
    let seen = async |instance: &Instance| {
        let shown =
            instance.service.usage(&ana, &by_id(key.id), &ReportQuery::default()).await.expect("a report");
        let tokens =
            shown.service_tokens.iter().map(|one| (one.name.clone(), one.requests)).collect::<Vec<_>>();
        let statuses = shown.statuses.iter().map(|one| (one.status, one.requests)).collect::<Vec<_>>();
        let methods = shown.methods.iter().map(|one| (one.method.clone(), one.requests)).collect::<Vec<_>>();
        let (told, clients, of_status, of_method) = &expected;
        assert_eq!(tokens, told.map(|(name, calls)| (name.to_owned(), calls)));
        assert_eq!((shown.unique_clients, statuses), (*clients, of_status.to_vec()));
        assert_eq!(methods, of_method.map(|(name, calls)| (name.to_owned(), calls)));
        let all =
            instance.service.usage_overview(&ana, &OverviewQuery::default()).await.expect("an overview");
        assert_eq!(all.service_tokens.iter().map(|one| one.requests).collect::<Vec<_>>(), [3, 3]);
        assert_eq!((all.unique_clients, all.statuses[0].requests), (4, 6));
        let failed = |shown: &[TokenShare]| {
            shown.iter().map(|one| (one.name.clone(), one.errors)).collect::<BTreeMap<_, _>>()
        };
        let nightly_failed = BTreeMap::from([("worker".to_owned(), 0), ("nightly".to_owned(), 1)]);
        assert_eq!(failed(&shown.service_tokens), nightly_failed);
        assert_eq!(failed(&all.service_tokens), nightly_failed);
        assert_eq!(shown.methods.iter().map(|one| one.errors).collect::<Vec<_>>(), [1, 0]);
        let chart = |by| SeriesQuery { by: Some(by), compare: true, ..SeriesQuery::default() };
        let kinds = async |by| instance.service.usage_series(&ana, &chart(by)).await.expect("a chart").kinds;
        let by_token = kinds(Breakdown::Token).await;
        let mut told: Vec<_> = by_token.iter().map(|kind| (kind.name.as_str(), kind.percentage)).collect();
        told.sort_by_key(|(name, _)| *name);
        assert_eq!(told, [("nightly", 42.9), ("worker", 42.9)], "what a person reported is of none");
        assert!(by_token.iter().all(|kind| kind.id.is_some()));
        assert!(by_token.iter().all(|kind| (kind.requests, kind.points.last()) == (3, Some(&3))));
        let failed = |kind: &KindUse| (kind.name.clone(), kind.errors);
        assert_eq!(by_token.iter().map(failed).collect::<BTreeMap<_, _>>(), nightly_failed);
        assert!(by_token.iter().all(|kind| kind.error_points.last() == Some(&kind.errors)));
        let told = |kinds: Vec<KindUse>| {
            kinds.into_iter().map(|kind| (kind.name, kind.requests, kind.errors)).collect::<Vec<_>>()
        };
        let of = |name: &str, calls, errors| (name.to_owned(), calls, errors);
        assert_eq!(told(kinds(Breakdown::Status).await), [of("200", 6, 0), of("503", 1, 1)]);
        assert_eq!(told(kinds(Breakdown::Method).await), [of("GET", 2, 0), of("other", 5, 1)]);
    };
    seen(&instance).await;
    let instance = instance.reopen().await;
    seen(&instance).await;
}
