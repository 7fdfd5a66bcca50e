//! The hub over a real service: a client that does not read, and one that comes back after everybody had left.

use std::time::Duration;

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{AddedAccount, KeyPatch, KeyRef, NewAccount, NewKey, NewTeam};
use keyward_keys::{Clock, Origin, Plan, Role, ServiceOptions, ServiceSettings};
use tokio::time::timeout;

use super::super::subscriber::{Delivery, QUEUE};
use super::*;

async fn service(folder: &tempfile::TempDir) -> Service {
    let options = ServiceOptions {
        path: folder.path().join("keyward.redb"),
        master_key: MasterKey::generate().unwrap(),
        settings: ServiceSettings::new(Clock::system()),
        password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
    };
    Service::open(options).await.unwrap()
}

async fn person(service: &Service, name: &str) -> Caller {
    let account = NewAccount {
        name: name.into(),
        email: format!("{name}@example.com"),
        password: "correct horse".into(),
        code: None,
        ssh_key: None,
    };
    let added = AddedAccount { account, operator: false, plan: Plan::Pro };
    service.add_account(&service.system_caller("test", Door::Local), added).await.unwrap();
    let origin = Origin { door: Door::WebSocket, address: None, request: None };
    service.sign_in(origin, name, "correct horse".into()).await.unwrap()
}

async fn ana(service: &Service) -> (Caller, KeyRef) {
    let caller = person(service, "ana").await;
    let mut relay = service.relay(&service.system_caller("test", Door::Local)).unwrap();
    let new = NewKey {
        name: "Billing".into(),
        service: "OpenAI".into(),
        value: "sk-test".into(),
        passphrase: None,
        description: String::new(),
        environment: None,
        monthly_limit: None,
        refuse_over_limit: false,
        tags: Vec::new(),
        custody: None,
        team: None,
        expires_at: None,
        rotation_interval: None,
    };
    let key = service.create_key(&caller, new).await.unwrap();
    // Changes are told after they are answered: whoever subscribes next would still hear of this one.
    let told = async { while !matches!(relay.next().await, Some(Event::KeyChanged { .. })) {} };
    timeout(Duration::from_secs(20), told).await.expect("that a key was made is told in time");
    (caller, KeyRef::Id(key.key_id))
}

async fn next(subscriber: &mut Subscriber) -> Arc<Message> {
    match timeout(Duration::from_secs(20), subscriber.next()).await.expect("a message in time") {
        Delivery::Message(message) => message,
        Delivery::End(ending) => panic!("it ended: {ending:?}"),
    }
}

#[tokio::test]
async fn who_does_not_read_is_told_to_read_again_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder).await;
    let (caller, key) = ana(&service).await;
    let hub = Hub::new(service.clone());
    let mut slow = hub.subscribe(&caller, Filter::of(Kind::ALL), None).unwrap();
    let mut quick = hub.subscribe(&caller, Filter::of(Kind::ALL), None).unwrap();
    let change = async |number: usize| {
        let patch = KeyPatch { description: Some(number.to_string()), ..KeyPatch::default() };
        service.update_key(&caller, &key, patch, None).await.unwrap();
    };
    for number in 0..QUEUE + 44 {
        change(number).await;
        assert_eq!(next(&mut quick).await.event, "api_key_update", "{number}");
    }
    for _ in 0..QUEUE {
        assert_eq!(next(&mut slow).await.event, "api_key_update");
    }
    let resync = next(&mut slow).await;
    assert_eq!((resync.event, resync.seq), ("resync", Some(hub.newest())));
    change(0).await;
    assert_eq!(next(&mut slow).await.event, "api_key_update", "it goes on from there");
}

#[tokio::test]
async fn nothing_is_kept_once_everybody_has_been_away_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder).await;
    let (caller, key) = ana(&service).await;
    let hub = Hub::new(service.clone());
    let mut first = hub.subscribe(&caller, Filter::of(Kind::ALL), None).unwrap();
    service.update_key(&caller, &key, KeyPatch::default(), None).await.unwrap();
    let seen = next(&mut first).await.seq.unwrap().to_string();
    drop(first);
    assert!(!hub.sweep(), "events are kept for those who left a moment ago");
    let mut back = hub.subscribe(&caller, Filter::of(Kind::ALL), Some(&seen)).unwrap();
    service.update_key(&caller, &key, KeyPatch::default(), None).await.unwrap();
    assert_eq!(next(&mut back).await.event, "api_key_update");
    drop(back);
    hub.state().seats.values_mut().for_each(|seat| seat.left = seat.left.map(|left| left - 2 * LINGER));
    assert!(hub.sweep() && hub.state().kept.is_empty());
    let mut back = hub.subscribe(&caller, Filter::of(Kind::ALL), Some(&seen)).unwrap();
    assert_eq!(next(&mut back).await.event, "resync");
}

#[tokio::test]
async fn who_comes_back_after_the_hub_itself_missed_something_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder).await;
    let (caller, key) = ana(&service).await;
    let hub = Hub::new(service.clone());
    let mut first = hub.subscribe(&caller, Filter::of(Kind::ALL), None).unwrap();
    service.update_key(&caller, &key, KeyPatch::default(), None).await.unwrap();
    let seen = next(&mut first).await.seq.unwrap().to_string();
    let relay = service.relay(&service.system_caller("test", Door::Local)).unwrap();
    hub.hear(&relay, &mut Gatherer::default(), Event::Lagged).await;
    let resync = next(&mut first).await;
    assert_eq!(resync.event, "resync");
    let mut back = hub.subscribe(&caller, Filter::of(Kind::ALL), Some(&seen)).unwrap();
    assert_eq!(next(&mut back).await.event, "resync");
    let after = resync.seq.unwrap().to_string();
    let mut informed = hub.subscribe(&caller, Filter::of(Kind::ALL), Some(&after)).unwrap();
    service.update_key(&caller, &key, KeyPatch::default(), None).await.unwrap();
    assert_eq!(next(&mut informed).await.event, "api_key_update", "who read again has missed nothing");
}

#[tokio::test]
async fn a_key_that_leaves_a_team_is_gone_for_it_and_nothing_of_it_is_told_there_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder).await;
    let ((ana, key), bob) = (ana(&service).await, person(&service, "bob").await);
    let team =
        service.create_team(&ana, NewTeam { name: "Payments".into(), environments: None }).await.unwrap().id;
    let to = async |team: Option<Id>| {
        let patch = KeyPatch { team: Some(team), ..KeyPatch::default() };
        service.update_key(&ana, &key, patch, None).await.unwrap();
    };
    let hub = Hub::new(service.clone());
    let mut outside = hub.subscribe(&bob, Filter::of(Kind::ALL), None).unwrap();
    let before = hub.newest().to_string();
    to(Some(team)).await;
    let code = service.invite(&ana, team, "bob@example.com", Role::Viewer).await.unwrap().code;
    service.join_team(&bob, &code).await.unwrap();
    let patch = KeyPatch { description: Some("seen".into()), ..KeyPatch::default() };
    service.update_key(&ana, &key, patch, None).await.unwrap();
    loop {
        let message = next(&mut outside).await;
        if message.event == "api_key_update" && message.data().contains("seen") {
            break;
        }
    }
    to(None).await;
    let gone = next(&mut outside).await;
    let told: serde_json::Value = serde_json::from_str(gone.data()).unwrap();
    assert_eq!(
        (gone.event, &told["action"], &told["key"]),
        ("api_key_update", &"deleted".into(), &().into())
    );
    let mut back = hub.subscribe(&bob, Filter::of(Kind::ALL), Some(&before)).unwrap();
    loop {
        let message = next(&mut back).await;
        assert!(!message.data().contains("seen"), "{}", message.data());
        if message.seq == gone.seq {
            break;
        }
    }
}

#[tokio::test]
async fn everybody_is_told_when_the_store_stops_taking_changes() {
    let folder = tempfile::tempdir().unwrap();
    let service = service(&folder).await;
    let (caller, _) = ana(&service).await;
    let hub = Hub::new(service.clone());
    let mut client = hub.subscribe(&caller, Filter::of(Kind::ALL), None).unwrap();
    hub.watch_store().await;
    service.close().await.unwrap();
    for _ in 0..2 {
        hub.watch_store().await;
    }
    // What was done before may be told of first.
    let alert = loop {
        let message = next(&mut client).await;
        if message.event == "system_alert" {
            break message;
        }
    };
    assert!(alert.data().contains("store_down"), "{}", alert.data());
    assert_eq!(alert.seq, Some(hub.newest()), "it is told once");
}
