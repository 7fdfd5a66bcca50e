//! Rotation by others: a webhook that answers well, badly, late and twice, with the daemon gone at every moment.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyward_keys::input::{NewKey, RollBack, Rotate, RotationMethodName, RotationPatch};
use keyward_keys::view::{RotationState, VersionLabel};
use keyward_keys::{Caller, Error, Id};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Instance, NOON, by_id, new_key};

/// A receiver of steps, and what it was told.
#[derive(Clone)]
struct Receiver {
    url: String,
    told: Arc<Mutex<Vec<Value>>>,
    /// How each was signed.
    signatures: Arc<Mutex<Vec<String>>>,
    /// What it answers next, in place of doing what it is asked.
    moods: Arc<Mutex<Vec<u16>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let receiver = Self { url, told: Arc::default(), signatures: Arc::default(), moods: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(self, mut stream: TcpStream) -> Option<()> {
        let mut text = Vec::new();
        let (head, length) = loop {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
            text.extend_from_slice(&part[..read]);
            let shown = String::from_utf8_lossy(&text).to_lowercase();
            if let Some(head) = shown.find("\r\n\r\n") {
                let length = shown
                    .split("content-length: ")
                    .nth(1)?
                    .split("\r\n")
                    .next()?
                    .trim()
                    .parse::<usize>()
                    .ok()?;
                break (head + 4, length);
            }
        };
        while text.len() < head + length {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
            text.extend_from_slice(&part[..read]);
        }
        let headers = String::from_utf8_lossy(&text[..head]).into_owned();
        let signature = headers.lines().find_map(|line| line.strip_prefix("webhook-signature: "))?;
        assert!(signature.starts_with("v1,"));
        self.signatures.lock().expect("signatures").push(signature.to_owned());
        let told: Value = serde_json::from_slice(&text[head..]).ok()?;
        let mood = {
            let mut moods = self.moods.lock().expect("moods");
            if moods.is_empty() { 200 } else { moods.remove(0) }
        };
        // The same request is always answered by the same value.
        let body = json!({"apiKey": format!("sk-{}", told["requestId"].as_str()?), "providerId": "p-1"});
        self.told.lock().expect("told").push(told);
        let body = if mood == 200 { body.to_string() } else { "{}".to_owned() };
        let answer = format!(
            "HTTP/1.1 {mood} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()
    }

    fn answers(&self, moods: &[u16]) {
        self.moods.lock().expect("moods").extend(moods);
    }

    fn steps(&self) -> Vec<String> {
        let told = self.told.lock().expect("told");
        told.iter()
            .map(|one| format!("{} {}", one["step"].as_str().unwrap_or_default(), one["version"]))
            .collect()
    }
}

async fn hooked(instance: &Instance, person: &Caller, receiver: &Receiver) -> Id {
    let rotation = RotationPatch {
        method: Some(RotationMethodName::Webhook),
        url: Some(receiver.url.clone()),
        overlap: Some(Duration::from_secs(3600)),
        ..RotationPatch::default()
    };
    let new = NewKey { rotation: Some(rotation), ..new_key("Hooked") };
    instance.service.create_key(person, new).await.expect("a key").id
}

async fn turn(instance: &Instance) {
    instance.service.rotate_due(&instance.system()).await.expect("rotates");
}

async fn labels(instance: &Instance, person: &Caller, key: Id) -> Vec<(u32, Option<VersionLabel>)> {
    let versions = instance.service.versions(person, &by_id(key)).await.expect("listed").into_iter();
    versions.map(|one| (one.version, one.labels.first().copied())).collect()
}

#[tokio::test]
async fn steps_are_sent_one_after_another_and_tried_again_after_a_failure() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let receiver = Receiver::start().await;
    let key = hooked(&instance, &ana, &receiver).await;
    receiver.answers(&[503]);
    let begun = instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    let request = begun.run.expect("under way").id.to_string();
    turn(&instance).await;
    let seen = instance.service.rotation(&ana, &by_id(key)).await.expect("seen");
    assert_eq!(seen.state, RotationState::Retrying);
    let next = seen.run.as_ref().and_then(|run| run.next_try).expect("tried again").as_millisecond();
    assert!((NOON..=NOON + 10_000).contains(&next), "within ten seconds");
    // Who does not want to wait for that asks again.
    instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    turn(&instance).await;
    assert_eq!(receiver.steps(), ["create 2", "create 2", "set 2", "test 2", "finish 2"]);
    let told = receiver.told.lock().expect("told").clone();
    assert!(told.iter().all(|one| one["requestId"] == json!(request) && one["name"] == json!("Hooked")));
    let revealed = instance.service.reveal(&ana, &by_id(key), Default::default()).await.expect("opened");
    assert_eq!(revealed.value.expose_secret(), format!("sk-{request}"));
    assert_eq!(
        instance.service.rotation(&ana, &by_id(key)).await.expect("seen").state,
        RotationState::Overlap
    );
}

#[tokio::test]
async fn a_refused_value_is_replaced_by_another_and_one_that_is_given_up_is_never_used() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let receiver = Receiver::start().await;
    let key = hooked(&instance, &ana, &receiver).await;
    receiver.answers(&[200, 200, 422]);
    instance.service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
    turn(&instance).await;
    assert_eq!(labels(&instance, &ana, key).await, [(2, None), (1, Some(VersionLabel::Current))]);
    instance.clock.set(NOON + 10_000);
    receiver.answers(&[200, 401]);
    turn(&instance).await;
    let steps = receiver.steps();
    assert_eq!(steps, ["create 2", "set 2", "test 2", "create 3", "set 3"], "another value, another number");
    let seen = instance.service.rotation(&ana, &by_id(key)).await.expect("seen");
    assert_eq!(seen.state, RotationState::Stopped, "who is not known there has to look");
    let current = Some(VersionLabel::Current);
    assert_eq!(
        labels(&instance, &ana, key).await,
        [(3, Some(VersionLabel::Pending)), (2, None), (1, current)]
    );
    let back = instance.service.roll_back(&ana, &by_id(key), RollBack::default()).await.expect("given up");
    assert_eq!(back.version, 1);
    turn(&instance).await;
    assert_eq!(labels(&instance, &ana, key).await, [(3, None), (2, None), (1, current)]);
    let dead = instance.service.roll_back(&ana, &by_id(key), RollBack { version: Some(3) }).await;
    assert!(matches!(dead, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn where_it_may_not_call_it_says_so_when_that_is_set() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    for (url, word) in [
        ("http://10.0.0.1/x", "rotation/url"),
        ("https://user:secret@example.com/", "rotation/url"),
        ("", "rotation/url"),
    ] {
        let rotation = RotationPatch {
            method: Some(RotationMethodName::Webhook),
            url: Some(url.to_owned()),
            ..RotationPatch::default()
        };
        let new = NewKey { rotation: Some(rotation), ..new_key("Hooked") };
        match instance.service.create_key(&ana, new).await {
            Err(Error::Invalid(faults)) => assert_eq!(faults[0].field, word),
            other => panic!("{url}: {other:?}"),
        }
    }
}

/// The daemon is killed after each of its commits in turn: what was begun goes on, and nothing is lost or doubled.
#[tokio::test]
async fn killed_at_any_step_it_goes_on_from_there() {
    let receiver = Receiver::start().await;
    let mut instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = hooked(&instance, &ana, &receiver).await;
    for round in 0..40u32 {
        let before = instance.service.rotation(&ana, &by_id(key)).await.expect("seen");
        instance.clock.set(NOON + i64::from(round) * 20_000);
        if before.run.is_none() {
            let overlap = Some(Duration::from_secs(u64::from(round % 3)));
            let rotate = Rotate { overlap, ..Rotate::default() };
            instance.service.rotate(&ana, &by_id(key), rotate).await.expect("accepted");
        }
        // It dies at another moment each time: futures that are dropped go no further than their last commit.
        let turning = turn(&instance);
        let patience = Duration::from_millis(u64::from(round * 7 % 23));
        let _ = tokio::time::timeout(patience, turning).await;
        instance = instance.reopen().await;
        let versions = labels(&instance, &ana, key).await;
        let current = versions.iter().filter(|(_, label)| *label == Some(VersionLabel::Current)).count();
        let pending = versions.iter().filter(|(_, label)| *label == Some(VersionLabel::Pending)).count();
        assert!(current == 1 && pending <= 1, "{round}: {versions:?}");
    }
    instance.clock.set(NOON + 10_000_000);
    for _ in 0..3 {
        turn(&instance).await;
    }
    let seen = instance.service.rotation(&ana, &by_id(key)).await.expect("seen");
    assert!(seen.run.is_none() && seen.version > 2, "{seen:?}");
    // Each value that was made was recorded under the number it was asked for with.
    let revealed = instance.service.reveal(&ana, &by_id(key), Default::default()).await.expect("opened");
    let told = receiver.told.lock().expect("told").clone();
    let last = told.iter().rev().find(|one| one["step"] == json!("create")).expect("made");
    assert_eq!(
        revealed.value.expose_secret(),
        format!("sk-{}", last["requestId"].as_str().unwrap_or_default())
    );
}

#[tokio::test]
async fn a_secret_that_is_replaced_signs_beside_the_new_one_for_a_day() {
    let receiver = Receiver::start().await;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = hooked(&instance, &ana, &receiver).await;
    let service = &instance.service;
    let first = service.rotation_secret(&ana, &by_id(key)).await.expect("shown");
    let second = service.replace_rotation_secret(&ana, &by_id(key)).await.expect("replaced");
    assert_ne!(first.expose_secret(), second.expose_secret());
    let shown = service.rotation_secret(&ana, &by_id(key)).await.expect("shown");
    assert_eq!(shown.expose_secret(), second.expose_secret());
    let signed = |at: usize| receiver.signatures.lock().expect("signatures")[at].split(' ').count();
    for (at_ms, signatures) in [(NOON, 2), (NOON + 86_400_000, 1)] {
        instance.clock.set(at_ms);
        let before = receiver.signatures.lock().expect("signatures").len();
        service.rotate(&ana, &by_id(key), Rotate::default()).await.expect("accepted");
        turn(&instance).await;
        assert_eq!(signed(before), signatures);
    }
    // It is the same after a start.
    let instance = instance.reopen().await;
    let again = instance.service.rotation_secret(&ana, &by_id(key)).await.expect("shown");
    assert_eq!(again.expose_secret(), second.expose_secret());
}
