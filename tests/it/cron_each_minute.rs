//! Rotation in real time: three keys on a cron expression that comes each minute, one of them by a provider that fails, watched
//! over SSH by `watch` and on the dashboard, and fetched by an app. Nothing is hurried, so it takes two occurrences, 70 seconds:
//! its name lets it begin early, and wait while other tests work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::Daemon;
use crate::harness::http::Http;
use crate::rotation::answer_step;

/// Until the first occurrence, s.
const AHEAD: u64 = 4;

/// From one to the next, and some patience, s.
const DEADLINE: Duration = Duration::from_secs(90);

/// A provider of webhooks that has a fault of its own while it is told to.
async fn provider() -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let failing = Arc::<AtomicBool>::default();
    let fails = Arc::clone(&failing);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let status = if fails.load(Ordering::Relaxed) { 503 } else { 200 };
            tokio::spawn(answer_step(stream, status));
        }
    });
    (url, failing)
}

/// Six fields that come each minute, some seconds from now for the first time.
fn cron() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    format!("{} * * * * *", (now + AHEAD) % 60)
}

async fn until(http: &Http, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let answer = http.get(path).await.expect(200);
        if wanted(&answer) {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "never: {what}; {answer:#}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Where one of the keys stands: `[version, labels of all versions]`.
async fn labels(http: &Http, key: &str) -> Vec<(u64, Value)> {
    let listed = http.get(&format!("/api/keys/{key}/versions")).await.expect(200);
    let versions = listed["versions"].as_array().unwrap();
    versions.iter().map(|one| (one["version"].as_u64().unwrap(), one["labels"].clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_keys_rotate_each_minute_one_fails_and_recovers_and_it_is_seen_over_ssh() {
    let settings = [("limits.exempt", "[\"127.0.0.0/8\"]"), ("outbound.allow", "[\"127.0.0.0/8\"]")];
    let daemon = Daemon::with(&settings).await;
    let person = daemon.person("ana@example.com").await;
    let (ana, ssh) = (daemon.http().login(&person).await, daemon.ssh(&person).await);
    let ((good, _), (bad, failing)) = (provider().await, provider().await);
    failing.store(true, Ordering::Relaxed);

    let mut watching = ssh.command("watch --json --for 2m").await;
    let watched = tokio::spawn(async move { watching.end().await });
    let mut screen = ssh.dashboard(120, 40).await;
    screen.wait_text("Start here").await;
    let cron = cron();
    let mut keys = Vec::new();
    for (name, rotation) in [
        ("made-here", json!({ "method": "generate" })),
        ("by-provider", json!({ "method": "webhook", "url": good })),
        ("by-broken", json!({ "method": "webhook", "url": bad })),
    ] {
        let mut rotation = rotation;
        (rotation["cron"], rotation["overlap"]) = (json!(cron), json!("1h"));
        let body = json!({ "name": name, "service": "X", "apiKey": "first", "custody": "automation", "rotation": rotation });
        keys.push(ana.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned());
    }
    let token = ana
        .post("/api/tokens", &json!({ "name": "app", "keys": keys, "scopes": ["fetch"] }))
        .await
        .expect(201);
    let app = ana.bearer(token["token"].as_str().unwrap());
    screen.press("5").await;
    screen.wait_text("by-broken").await;

    // The first occurrence: two are done, and the third says what is wrong and what to do.
    let path = |key: &str| format!("/api/keys/{key}/rotation");
    for key in &keys[..2] {
        until(&ana, &path(key), "the first rotation", |seen| seen["version"] == json!(2)).await;
    }
    let seen = until(&ana, &path(&keys[2]), "a failure", |seen| !seen["run"]["fault"].is_null()).await;
    let fault = &seen["run"]["fault"];
    assert!(fault["text"].as_str().unwrap().contains("503") && !fault["advice"].as_str().unwrap().is_empty());
    assert_eq!(
        (&seen["version"], &seen["health"]),
        (&json!(1), &json!("degraded")),
        "the value in use stays"
    );
    // What is tried again stands above what only waits for its overlap.
    screen.wait_text("retrying").await;
    screen.press("\tg").await;
    screen.wait_text("503").await;
    let value = app.get(&format!("/api/keys/{}/value", keys[2])).await.expect(200);
    assert_eq!((&value["apiKey"], &value["version"]), (&json!("first"), &json!(1)));

    // The provider heals: it goes on by itself, and that is told.
    failing.store(false, Ordering::Relaxed);
    until(&ana, &path(&keys[2]), "a recovery", |seen| seen["version"] == json!(2)).await;
    let told = ana.get("/api/notifications?limit=100").await.expect(200);
    let kinds: Vec<&str> =
        told["notifications"].as_array().unwrap().iter().filter_map(|one| one["type"].as_str()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "rotation_recovered").count(), 1, "{kinds:?}");

    // The second occurrence: each has one current version, and the one before is given out along with it.
    for key in &keys {
        until(&ana, &path(key), "the second rotation", |seen| {
            seen["version"] == json!(3) && seen["run"].is_null()
        })
        .await;
        let versions = labels(&ana, key).await;
        assert_eq!(versions[0], (3, json!(["current"])), "{versions:?}");
        assert_eq!(versions[1], (2, json!(["previous"])), "{versions:?}");
        let value = app.get(&format!("/api/keys/{key}/value")).await.expect(200);
        assert_eq!((&value["version"], &value["previous"]["version"]), (&json!(3), &json!(2)));
    }
    daemon.stop().await;
    let watched = watched.await.unwrap();
    let events: Vec<Value> = watched.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for key in &keys {
        let of_key = |wanted: &dyn Fn(&Value) -> bool| {
            let mut updates = events.iter().filter(|event| event["data"]["apiKeyId"] == json!(key));
            updates.any(|event| wanted(&event["data"]["rotation"]))
        };
        assert!(of_key(&|rotation| rotation["version"] == json!(3)), "{key}: {}", watched.stdout);
    }
    let steps = |step: &str| events.iter().any(|event| event["data"]["rotation"]["step"] == json!(step));
    for step in ["create", "set", "test", "finish"] {
        assert!(steps(step), "{step}: {}", watched.stdout);
    }
    assert!(
        watched.stdout.contains("works again") && watched.stdout.contains("retrying"),
        "{}",
        watched.stdout
    );
}
