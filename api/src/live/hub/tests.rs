//! The hub over a real service: a client that does not read, and one that comes back after everybody had left.

use std::time::Duration;

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{AddedAccount, KeyPatch, KeyRef, NewAccount, NewKey};
use keyward_keys::{Clock, Origin, Plan, Registration, ServiceOptions, ServiceSettings};
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

async fn ana(service: &Service) -> (Caller, KeyRef) {
    let account = NewAccount {
        name: "Ana".into(),
        email: "ana@example.com".into(),
        password: "correct horse".into(),
        code: None,
        ssh_key: None,
    };
    let added = AddedAccount { account, operator: false, plan: Plan::Pro };
    service.add_account(&service.system_caller("test", Door::Local), added).await.unwrap();
    let origin = Origin { door: Door::WebSocket, address: None, request: None };
    let caller = service.sign_in(origin, "ana", "correct horse".into()).await.unwrap();
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
