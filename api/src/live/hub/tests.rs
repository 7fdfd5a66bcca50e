//! The hub over a real service: a client that does not read, and one that comes back after everybody had left.

use std::time::Duration;

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{AddedAccount, KeyPatch, KeyRef, NewAccount, NewKey, NewTeam};
use keyward_keys::{Clock, Origin, Plan, Role, ServiceOptions, ServiceSettings};
use tokio::time::timeout;

use super::super::subscriber::{Delivery, QUEUE};
use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

/// Ana with a key, and a hub of which nobody hears yet.
struct Stage {
    service: Service,
    ana: Caller,
    key: KeyRef,
    hub: Hub,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = ServiceOptions {
            path: folder.path().join("keyward.redb"),
            master_key: MasterKey::generate().unwrap(),
            settings: ServiceSettings::new(Clock::system()),
            password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
        };
        let service = Service::open(options).await.unwrap();
        let ana = person(&service, "ana").await;
        let mut relay = service.relay(&service.system_caller("test", Door::Local)).unwrap();
        let new = NewKey {
            name: "Billing".into(),
            service: "OpenAI".into(),
            value: "sk-test".into(),
            ..NewKey::default()
        };
        let key = service.create_key(&ana, new).await.unwrap();
        // Changes are told after they are answered: whoever subscribes next would still hear of this one.
        let told = async { while !matches!(relay.next().await, Some(Event::KeyChanged { .. })) {} };
        timeout(DEADLINE, told).await.expect("that a key was made is told in time");
        let hub = Hub::new(service.clone());
        Self { service, ana, key: KeyRef::Id(key.key_id), hub, _folder: folder }
    }

    /// A client of this person that wants to hear of everything, after what it saw last.
    fn client(&self, caller: &Caller, after: Option<&str>) -> Subscriber {
        self.hub.subscribe(caller, Filter::of(Kind::ALL), after).unwrap()
    }

    /// Waits until the hub has looked how the instance is: it does so by itself as soon as somebody is there, and would
    /// else do it between what a test does.
    async fn looked_at_health(&self) {
        let looked = async {
            while self.hub.state().store.is_none() {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, looked).await.expect("a first look in time");
    }

    async fn change(&self, patch: KeyPatch) {
        self.service.update_key(&self.ana, &self.key, patch, None).await.unwrap();
    }

    async fn describe(&self, text: impl ToString) {
        self.change(KeyPatch { description: Some(text.to_string()), ..KeyPatch::default() }).await;
    }
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

async fn next(subscriber: &mut Subscriber) -> Arc<Message> {
    match timeout(DEADLINE, subscriber.next()).await.expect("a message in time") {
        Delivery::Message(message) => message,
        Delivery::End(ending) => panic!("it ended: {ending:?}"),
    }
}

/// The next that tells of the key; answers all of it.
async fn update(subscriber: &mut Subscriber) -> (Arc<Message>, serde_json::Value) {
    let message = next(subscriber).await;
    assert_eq!(message.event, "api_key_update");
    let data = serde_json::from_str(message.data()).unwrap();
    (message, data)
}

#[tokio::test]
async fn who_does_not_read_is_told_to_read_again_and_keeps_nobody_waiting() {
    let stage = Stage::open().await;
    let (mut slow, mut quick) = (stage.client(&stage.ana, None), stage.client(&stage.ana, None));
    for number in 0..QUEUE + 44 {
        stage.describe(number).await;
        update(&mut quick).await;
    }
    for _ in 0..QUEUE {
        update(&mut slow).await;
    }
    let resync = next(&mut slow).await;
    assert_eq!((resync.event, resync.seq), ("resync", Some(stage.hub.newest())));
    stage.describe(0).await;
    update(&mut slow).await;
}

#[tokio::test]
async fn nothing_is_kept_once_everybody_has_been_away_for_a_while() {
    let stage = Stage::open().await;
    let (hub, ana) = (&stage.hub, &stage.ana);
    let mut first = stage.client(ana, None);
    stage.describe(1).await;
    let seen = update(&mut first).await.0.seq.unwrap().to_string();
    drop(first);
    assert!(!hub.sweep(), "events are kept for those who left a moment ago");
    let mut back = stage.client(ana, Some(&seen));
    stage.describe(2).await;
    update(&mut back).await;
    drop(back);
    hub.state().seats.values_mut().for_each(|seat| seat.left = seat.left.map(|left| left - 2 * LINGER));
    assert!(hub.sweep() && hub.state().kept.is_empty());
    assert_eq!(next(&mut stage.client(ana, Some(&seen))).await.event, "resync");
}

#[tokio::test]
async fn who_comes_back_after_the_hub_itself_missed_something_is_told_so() {
    let stage = Stage::open().await;
    let ana = &stage.ana;
    let mut first = stage.client(ana, None);
    stage.describe(1).await;
    let seen = update(&mut first).await.0.seq.unwrap().to_string();
    let relay = stage.service.relay(&stage.service.system_caller("test", Door::Local)).unwrap();
    stage.hub.hear(&relay, &mut Gatherer::default(), Event::Lagged).await;
    let resync = next(&mut first).await;
    assert_eq!(resync.event, "resync");
    assert_eq!(next(&mut stage.client(ana, Some(&seen))).await.event, "resync");
    let after = resync.seq.unwrap().to_string();
    let mut informed = stage.client(ana, Some(&after));
    stage.describe(2).await;
    assert_eq!(next(&mut informed).await.event, "api_key_update", "who read again has missed nothing");
}

#[tokio::test]
async fn a_key_that_leaves_a_team_is_gone_for_it_and_nothing_of_it_is_told_there_any_more() {
    let stage = Stage::open().await;
    let (service, ana) = (&stage.service, &stage.ana);
    let bob = person(service, "bob").await;
    let new = NewTeam { name: "Payments".into(), ..NewTeam::default() };
    let team = service.create_team(ana, new).await.unwrap().id;
    let to = async |team: Option<Id>| {
        stage.change(KeyPatch { team: Some(team), ..KeyPatch::default() }).await;
    };
    let (mut anas, mut outside) = (stage.client(ana, None), stage.client(&bob, None));
    let before = stage.hub.newest().to_string();
    to(Some(team)).await;
    // Of the space it left and of the one it came to. Bob, who joins next, is to hear of what comes then alone.
    for gone in [true, false] {
        assert_eq!(update(&mut anas).await.1["key"].is_null(), gone);
    }
    let code = service.invite(ana, team, "bob@example.com", Role::Viewer).await.unwrap().code;
    service.join_team(&bob, &code).await.unwrap();
    stage.describe("seen").await;
    loop {
        let message = next(&mut outside).await;
        if message.event == "api_key_update" {
            assert!(message.data().contains("seen"), "{}", message.data());
            break;
        }
    }
    to(None).await;
    let (gone, told) = update(&mut outside).await;
    assert_eq!((&told["action"], &told["key"]), (&"deleted".into(), &().into()));
    let mut back = stage.client(&bob, Some(&before));
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
    let stage = Stage::open().await;
    let hub = &stage.hub;
    let mut client = stage.client(&stage.ana, None);
    stage.looked_at_health().await;
    stage.service.close().await.unwrap();
    for _ in 0..2 {
        hub.look_at_health().await;
    }
    // On a disk that is nearly full that was told first.
    let alert = loop {
        let alert = next(&mut client).await;
        if alert.data().contains("store_down") {
            break alert;
        }
    };
    assert_eq!((alert.event, alert.seq), ("system_alert", Some(hub.newest())), "it is told once");
}

#[tokio::test]
async fn everybody_is_told_that_a_job_failed_and_that_it_works_again() {
    let stage = Stage::open().await;
    let hub = &stage.hub;
    let mut client = stage.client(&stage.ana, None);
    stage.looked_at_health().await;
    for (good, told) in [(false, "job_failed"), (true, "job_ok")] {
        for job in ["purge_bin", "purge_bin", "sign_audit"] {
            stage.service.job_ran(job, good || job == "sign_audit", Duration::ZERO);
            hub.look_at_health().await;
        }
        let alert = loop {
            let alert = next(&mut client).await;
            if alert.data().contains("job_") {
                break alert;
            }
        };
        assert!(alert.data().contains(told) && alert.data().contains("purge_bin"), "{}", alert.data());
        assert_eq!((alert.event, alert.seq), ("system_alert", Some(hub.newest())), "it is told once");
    }
}
