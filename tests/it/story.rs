//! The story that all of it is for: an app reports thirty calls made with a key, and the line moves on the dashboard of
//! whoever is watching that key over SSH. How long it took is printed and never judged here: machines differ.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::daemon::{BINARY, add_user, place, serve};
use crate::harness::http::Http;
use crate::harness::screen::Screen;
use crate::harness::ssh::Ssh;
use crate::harness::{DEADLINE, Daemon};

/// Makes a key and a token with which an app may report its calls; answers the key's id and the app.
async fn key_and_app(http: &Http, name: &str) -> (String, Http) {
    let body =
        json!({ "name": name, "service": "SendGrid", "apiKey": "SG.value", "environment": "production" });
    let key = http.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned();
    let body = json!({ "name": "the app", "keys": [key], "scopes": ["track"] });
    let token = http.post("/api/tokens", &body).await.expect(201);
    (key, http.bearer(token["token"].as_str().unwrap()))
}

fn call(number: u32) -> serde_json::Value {
    let status = if number.is_multiple_of(10) { 503 } else { 200 };
    json!({ "endpoint": "/v3/mail/send", "method": "POST", "statusCode": status, "responseTime": 12.5 })
}

async fn page_of(screen: &mut Screen, name: &str) {
    screen.wait_text(name).await;
    screen.press("\r").await;
    screen.wait_text(" 0 calls today").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_calls_move_the_line_of_whoever_is_watching() {
    let daemon = Daemon::start().await;
    let ana = daemon.operator("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let (key, app) = key_and_app(&http, "mail-live").await;
    let ssh = daemon.ssh(&ana).await;
    let mut screen = ssh.key_list(80, 24).await;
    page_of(&mut screen, "mail-live").await;
    let track = format!("/api/usage/{key}/track");
    let mut took = Vec::new();
    for number in 1..=30 {
        let sent = Instant::now();
        let tracked = app.post(&track, &call(number)).await.expect(201);
        assert_eq!((&tracked["accepted"], &tracked["limit"]["used"]), (&json!(1), &json!(number)));
        if number <= 10 {
            screen.wait_text(&format!(" {number} calls today")).await;
            took.push(sent.elapsed());
        }
    }
    let bars = |screen: &vt100::Screen| {
        let text = screen.contents();
        text.contains(" 30 calls today")
            && text.contains(" 10 % errors")
            && !text.contains("LIVE  0 requests")
    };
    screen.wait_for("thirty calls, three of them errors, and a line that moved", bars).await;
    took.sort_unstable();
    println!("call to screen: median {:?}, slowest {:?}", took[took.len() / 2], took[took.len() - 1]);

    let usage = ssh.run("usage mail-live --json", "").await;
    let usage: serde_json::Value = serde_json::from_str(&usage.stdout).unwrap();
    assert_eq!(usage["summary"]["totalRequests"], 30);
    assert_eq!(http.get(&format!("/api/usage/{key}")).await.expect(200)["summary"]["failedRequests"], 3);

    let row = http.get("/api/profile/ssh-keys").await.expect(200);
    let row =
        row["sshKeys"].as_array().or(row["keys"].as_array()).or(row.as_array()).unwrap()[0]["_id"].clone();
    http.delete(&format!("/api/profile/ssh-keys/{}", row.as_str().unwrap())).await.expect(200);
    assert!(screen.wait_end().await.is_some(), "who lost the right to look sees no more");
    assert!(!screen.with(|screen| screen.alternate_screen()), "{}", screen.text());
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_power_cut_is_on_the_dashboard_after_it() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let daemon = serve(&data);
    let http = Http::new(&daemon.api()).login_as("ana@example.com", "a fine password").await;
    let (key, app) = key_and_app(&http, "mail-live").await;
    for number in 1..=30 {
        app.post(&format!("/api/usage/{key}/track"), &call(number)).await.expect(201);
    }
    daemon.kill();
    let daemon = crate::harness::process::Process::serve(Path::new(BINARY), &data, &[]);
    let ssh = Ssh::with_password(daemon.ssh(), "ana", "a fine password").await.unwrap();
    let mut screen = ssh.key_list(80, 24).await;
    screen.wait_text("mail-live").await;
    screen.press("\r").await;
    screen.wait_text(" 30 calls today").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_for_a_while_goes_away_by_itself() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    let body = json!({ "name": "cards", "service": "X", "apiKey": "a-planted-value" });
    http.post("/api/keys", &body).await.expect(201);
    let ssh = daemon.ssh(&ana).await;
    let mut screen = ssh.key_list(80, 24).await;
    page_of(&mut screen, "cards").await;
    screen.press("v").await;
    screen.wait_text("a-planted-value").await;
    // Nobody presses a key and nothing happens: the seconds count down all the same.
    screen.wait_text("hides in 29 s").await;
    screen.wait_text("hides in 28 s").await;
    screen.press("v").await;
    screen.wait_for("it is hidden", |screen| !screen.contents().contains("planted")).await;
    assert!(DEADLINE < Duration::from_secs(30), "a value cannot hide by itself before the deadline above");
}
