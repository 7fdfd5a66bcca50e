//! Every recipe of the program from the schedule to the value in use, against a server that answers as the provider's
//! public reference says: it rotates, each way of failing is told for what it is, and it goes on once the provider does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keyward_store::model::{FailureClass, Id};
use serde_json::json;

use super::World;
use crate::input::NotificationQuery;
use crate::outbound::testing::{Reply, Server};
use crate::outbound::tests::recipes::providers::{Known, Provider, all};
use crate::outbound::{Mode, Recipe};
use crate::view::RotationState;

struct Stage {
    world: World,
    key: Id,
    keys: Arc<Mutex<Known>>,
    /// What is answered in place of what the provider would, to this many calls.
    instead: Arc<Mutex<Option<(u32, Reply)>>>,
    _server: Server,
}

async fn stage(provider: &Provider) -> Stage {
    let world = World::open().await;
    let keys = Arc::<Mutex<Known>>::default();
    let instead = Arc::<Mutex<Option<(u32, Reply)>>>::default();
    let (known, disturbed, answer) = (Arc::clone(&keys), Arc::clone(&instead), provider.answer);
    let server = Server::start(move |asked| {
        let mut disturbed = disturbed.lock().unwrap();
        match &mut *disturbed {
            Some((left, reply)) if *left > 0 => {
                *left -= 1;
                reply.clone()
            }
            _ => answer(asked, &mut known.lock().unwrap()),
        }
    })
    .await;
    // As it is, but that nobody waits until a new value is known everywhere.
    let text = Recipe::shipped(provider.name).unwrap();
    let text: String =
        text.lines().filter(|line| !line.starts_with("settle_seconds")).map(|l| format!("{l}\n")).collect();
    std::fs::create_dir(world.folder.path().join("recipes")).unwrap();
    std::fs::write(world.folder.path().join(format!("recipes/{}.toml", provider.name)), text).unwrap();
    let recipe = Recipe::parse(provider.name, Recipe::shipped(provider.name).unwrap(), &[]).unwrap();
    let mut parameters: BTreeMap<String, String> =
        provider.params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for name in recipe.params.keys().filter(|name| name.ends_with("_url")) {
        parameters.insert(name.clone(), server.url.clone());
    }
    let key = world.by_recipe(provider.name, parameters, provider.credential, "current-value").await;
    Stage { world, key, keys, instead, _server: server }
}

#[tokio::test]
async fn each_rotates_fails_for_what_it_is_and_goes_on() {
    for provider in all() {
        let name = provider.name;
        let stage = stage(&provider).await;
        let (world, key) = (&stage.world, stage.key);
        let recipe = Recipe::parse(name, Recipe::shipped(name).unwrap(), &[]).unwrap();
        rotates(&stage, &provider, recipe.mode).await;
        for (reply, class) in [
            (provider.unauthorized.clone(), FailureClass::Auth),
            (Reply::status(429).with("retry-after", 30), FailureClass::Transient),
            (Reply::json(500, json!({ "error": "no" })), FailureClass::Transient),
        ] {
            let when = format!("{name}: {reply:?}");
            *stage.instead.lock().unwrap() = Some((1, reply));
            world.ask(key).await;
            world.turn().await;
            let seen = world.seen(key).await;
            let fault = seen
                .run
                .as_ref()
                .and_then(|run| run.fault.clone())
                .unwrap_or_else(|| panic!("{when}: {seen:#?}"));
            // Where nobody can find out what a fault of the provider's own has done, a person looks.
            let expected = if fault.class == FailureClass::Config { (name, "aws-iam") } else { ("", "") };
            assert!(fault.class == class || expected.0 == expected.1, "{when}: {fault:?}");
            assert!(!fault.advice.is_empty(), "{when}");
            let told = serde_json::to_string(&seen).unwrap();
            for secret in [provider.credential, "new-value", "current-value"] {
                assert!(!told.contains(secret), "{when}: {told}");
            }
            let before = world.current(key).await;
            assert!(before.contains("new-value"), "{when}: the value in use stays as it is");
            rotates(&stage, &provider, recipe.mode).await;
        }
        let query = NotificationQuery { page: 1, limit: 100, unread: false };
        let told = world.service.notifications(&world.ana, &query).await.unwrap().notifications;
        let count = |kind: &str| told.iter().filter(|one| one.kind == kind).count();
        assert_eq!(count("rotation_recovered"), 3, "{name}: each time it is told that it works again");
        world.holds(key, name).await;
    }
}

/// A rotation, or one that had failed, comes to its end.
async fn rotates(stage: &Stage, provider: &Provider, mode: Mode) {
    let (world, key, name) = (&stage.world, stage.key, provider.name);
    if world.seen(key).await.run.is_none() {
        world.ask(key).await;
    }
    let seen = world.heal(key).await;
    assert_eq!(seen.state, RotationState::Idle, "{name}: {seen:#?}");
    assert!(world.current(key).await.ends_with("new-value"), "{name}");
    if mode == Mode::Dual {
        let keys = stage.keys.lock().unwrap().clone();
        assert_eq!(keys.len(), 1, "{name}: the one before was revoked, and nothing else is there: {keys:?}");
    }
}
