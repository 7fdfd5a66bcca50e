//! Rotation by the real daemon: it is done without being asked twice, and goes on wherever it was killed. A few kills each
//! time; many with `cargo test --release --test it many_kills_of_rotations -- --ignored --nocapture`, which prints what
//! it counted and how long a round took. `KEYWARD_TEST_ROUNDS` sets how many rounds there are; two keys are rotated in each.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::daemon::{BINARY, PASSWORD, add_user, place};
use crate::harness::Daemon;
use crate::harness::http::Http;
use crate::harness::process::{DEADLINE, Process, wait_until};
use crate::harness::real::variable;

/// Asks until the answer is as wanted.
async fn until(http: &Http, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let answer = http.get(path).await.expect(200);
        if wanted(&answer) {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "{path}: {answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn token(http: &Http, key: &str) -> Http {
    let body = json!({ "name": "app", "keys": [key], "scopes": ["fetch"] });
    http.bearer(http.post("/api/tokens", &body).await.expect(201)["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_rotates_and_lets_the_old_value_go_in_its_time() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let ana = daemon.http().login(&ana).await;
    let rotation = json!({ "method": "generate", "template": "sk-live-{48}", "overlap": "1s" });
    let body = json!({ "name": "One", "service": "X", "apiKey": "first", "rotation": rotation });
    let key = ana.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned();
    let app = token(&ana, &key).await;
    let value = format!("/api/keys/{key}/value");
    assert_eq!(app.get(&value).await.expect(200)["apiKey"], json!("first"));
    ana.post(&format!("/api/keys/{key}/rotate"), &json!({})).await.expect(202);
    let new = until(&app, &value, |answer| answer["version"] == json!(2)).await;
    assert!(new["apiKey"].as_str().unwrap().starts_with("sk-live-"));
    until(&app, &value, |answer| answer.get("previous").is_none()).await;
    let state =
        until(&ana, &format!("/api/keys/{key}/rotation"), |answer| answer["state"] == json!("idle")).await;
    assert_eq!(state["history"][0]["outcome"], json!("done"));
}

/// A receiver of webhooks; it makes one value for each request.
async fn receiver() -> (String, Arc<Mutex<BTreeSet<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let made: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let making = Arc::clone(&made);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&making)));
        }
    });
    (url, made)
}

/// What a step says of itself, when it has all come.
async fn told_step(stream: &mut TcpStream) -> Option<Value> {
    let mut text = String::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        text.push_str(std::str::from_utf8(&part[..read]).ok()?);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
        if let Some(told) = body.and_then(|body| serde_json::from_str(body).ok()) {
            return Some(told);
        }
    }
}

/// Answers a step: the same request gets the same value.
pub(crate) async fn answer_step(mut stream: TcpStream, status: u16) -> Option<()> {
    let told = told_step(&mut stream).await?;
    let body = json!({ "apiKey": value_of(&told)?, "providerId": "p" }).to_string();
    respond(&mut stream, status, &body).await
}

fn value_of(told: &Value) -> Option<String> {
    Some(format!("sk-{}", told["requestId"].as_str()?))
}

async fn respond(stream: &mut TcpStream, status: u16, body: &str) -> Option<()> {
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.ok()
}

async fn answer(mut stream: TcpStream, made: Arc<Mutex<BTreeSet<String>>>) -> Option<()> {
    let told = told_step(&mut stream).await?;
    let value = value_of(&told)?;
    if told["step"] == json!("create") {
        made.lock().unwrap().insert(value.clone());
    }
    // Slow enough that kills fall into calls.
    tokio::time::sleep(Duration::from_millis(fastrand::u64(0..30))).await;
    respond(&mut stream, 200, &json!({ "apiKey": value, "providerId": "p" }).to_string()).await
}

#[derive(Debug, Default)]
struct Counted {
    rotations: u64,
    without_current: u32,
    two_pending: u32,
    lost: u32,
    doubled: u32,
}

async fn kills(rounds: u32) -> Counted {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let settings = ["limits.exempt=[\"127.0.0.0/8\"]", "outbound.allow=[\"127.0.0.0/8\"]"];
    let serve = || Process::serve(std::path::Path::new(BINARY), &data, &settings);
    let (url, made) = receiver().await;
    let mut daemon = serve();
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let mut keys = Vec::new();
    for (name, rotation) in [
        ("own", json!({ "method": "generate", "overlap": "1s", "evidence": false })),
        ("hook", json!({ "method": "webhook", "url": url, "overlap": "1s", "evidence": false })),
    ] {
        let body = json!({ "name": name, "service": "X", "apiKey": "first", "custody": "automation", "rotation": rotation });
        keys.push(http.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned());
    }
    let mut counted = Counted::default();
    for round in 0..=rounds {
        let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
        for key in &keys {
            // One that is under way goes on by itself, which is a conflict here.
            http.post(&format!("/api/keys/{key}/rotate"), &json!({})).await;
        }
        if round < rounds {
            // The moment of the kill is what is tried here, so this is no wait for a condition.
            tokio::time::sleep(Duration::from_micros(fastrand::u64(0..120_000))).await;
            tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
            daemon = serve();
        }
        let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
        for key in &keys {
            count(&http, key, &mut counted).await;
        }
    }
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    for (key, is_hook) in keys.iter().zip([false, true]) {
        let path = format!("/api/keys/{key}/rotation");
        let done = until(&http, &path, |answer| answer["run"].is_null()).await;
        counted.rotations += done["version"].as_u64().unwrap() - 1;
        let listed = http.get(&format!("/api/keys/{key}/versions")).await.expect(200);
        let versions = listed["versions"].as_array().unwrap().len();
        let value = http.post(&format!("/api/keys/{key}/reveal"), &json!({})).await.expect(200);
        let value = value["apiKey"].as_str().unwrap().to_owned();
        let made = made.lock().unwrap();
        counted.lost += u32::from(is_hook && !made.contains(&value));
        counted.doubled += u32::from(is_hook && versions > made.len() + 1);
    }
    let _ = daemon.terminate();
    println!("{counted:#?}");
    counted
}

async fn count(http: &Http, key: &str, counted: &mut Counted) {
    let listed = http.get(&format!("/api/keys/{key}/versions")).await.expect(200);
    let versions = listed["versions"].as_array().unwrap();
    let bearing = |label: &str| {
        versions.iter().filter(|one| one["labels"].as_array().unwrap().contains(&json!(label))).count()
    };
    counted.without_current += u32::from(bearing("current") != 1);
    counted.two_pending += u32::from(bearing("pending") > 1);
    let numbers: BTreeSet<_> = versions.iter().map(|one| one["version"].as_u64().unwrap()).collect();
    counted.doubled += u32::from(numbers.len() != versions.len());
    // Whatever the number, there is a value that opens.
    let value = http.post(&format!("/api/keys/{key}/reveal"), &json!({})).await;
    counted.lost += u32::from(value.status.as_u16() != 200);
}

fn check(counted: &Counted) {
    let Counted { without_current, two_pending, lost, doubled, rotations } = counted;
    assert_eq!((*without_current, *two_pending, *lost, *doubled), (0, 0, 0, 0), "{counted:?}");
    assert!(*rotations > 0, "{counted:?}");
}

/// A program that hangs the first time with all it has started, one without its environment, one in a session of its own;
/// and makes the value the next time, with somebody left behind who is both.
const HANGS_ONCE: &str = r#"#!/bin/sh
place=$(dirname "$0"); input=$(cat)
case "$input" in *'"step":"create"'*)
    if [ ! -e "$place/left" ]; then
        env -i sleep 300 & a=$!; setsid sleep 300 & echo $$ $a $! > "$place/left.new"; mv "$place/left.new" "$place/left"; wait
    fi
    env -i setsid sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 300 >&- 2>&-' sh "$place/fled" &
    while [ ! -e "$place/fled" ]; do :; done
    printf '{"apiKey":"made","providerId":"p"}';;
esac
"#;

/// Whether a process is there, and not only its number.
fn lives(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    status.is_ok_and(|text| !text.contains("State:\tZ"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_a_command_runs_the_next_daemon_ends_what_is_left_and_goes_on() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    for (name, text, mode) in [
        ("program", HANGS_ONCE.to_owned(), 0o700),
        ("commands.toml", format!("[make]\npath = \"{}\"\n", data.join("program").display()), 0o600),
    ] {
        std::fs::write(data.join(name), text).unwrap();
        std::fs::set_permissions(data.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let serve = || Process::serve(std::path::Path::new(BINARY), &data, &["limits.exempt=[\"127.0.0.0/8\"]"]);
    let daemon = serve();
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let rotation = json!({ "method": "command", "command": "make", "overlap": "1s", "evidence": false });
    let body = json!({ "name": "own", "service": "X", "apiKey": "first", "custody": "automation", "rotation": rotation });
    let key = http.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned();
    http.post(&format!("/api/keys/{key}/rotate"), &json!({})).await.expect(202);
    let left = wait_until("the command hangs", || std::fs::read_to_string(data.join("left")).ok());
    tokio::task::spawn_blocking(move || daemon.kill()).await.unwrap();
    assert!(left.split_whitespace().all(lives), "a daemon that is killed ends nobody");
    let daemon = serve();
    wait_until("what is left is ended", || (!left.split_whitespace().any(lives)).then_some(()));
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let done = |answer: &Value| answer["version"] == json!(2) && answer["run"].is_null();
    until(&http, &format!("/api/keys/{key}/rotation"), done).await;
    let mut counted = Counted::default();
    count(&http, &key, &mut counted).await;
    check(&Counted { rotations: 1, ..counted });
    let value = http.post(&format!("/api/keys/{key}/reveal"), &json!({})).await.expect(200);
    assert_eq!(value["apiKey"], json!("made"));
    let fled = std::fs::read_to_string(data.join("fled")).unwrap();
    wait_until("who has fled is ended", || (!lives(fled.trim())).then_some(()));
    let _ = daemon.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_kills_of_rotations_lose_and_double_nothing() {
    check(&kills(4).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn many_kills_of_rotations_lose_and_double_nothing() {
    let rounds = variable("KEYWARD_TEST_ROUNDS").parse().unwrap_or(1_000);
    let begun = Instant::now();
    let counted = kills(rounds).await;
    println!("{rounds} kills, {:?} each", begun.elapsed() / rounds.max(1));
    check(&counted);
}
