//! Both doors of one daemon in this process, and its end: what is under way finishes, what is stored stays.

use std::path::Path;

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

use crate::daemon::{BINARY, PASSWORD, add_user, place};
use crate::harness::Daemon;
use crate::harness::http::Http;
use crate::harness::process::{Process, wait_until};
use crate::harness::ssh::Ssh;

#[tokio::test]
async fn a_key_put_in_by_one_door_comes_out_of_the_other_and_survives_a_restart() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let body =
        json!({ "name": "mail", "service": "SendGrid", "apiKey": "the-value", "environment": "production" });
    let http = daemon.http().login(&ana).await;
    let made = http.post("/api/keys", &body).await;
    assert!(made.headers.contains_key("x-request-id"), "{:?}", made.headers);
    let id = made.expect(201)["_id"].as_str().unwrap().to_owned();
    http.put(&format!("/api/keys/{id}"), &json!({ "monthlyLimit": 10 })).await.expect(200);
    http.patch(&format!("/api/keys/{id}"), &json!({ "tags": ["post"] })).await.expect(200);
    let daemon = daemon.restart().await;
    let ssh = daemon.ssh(&ana).await;
    let got = ssh.run("keys get mail --env production", "").await;
    assert_eq!((got.status, got.stdout.trim()), (Some(0), "the-value"), "{}", got.stderr);
    let http = daemon.http().login(&ana).await;
    let keys = http.get("/api/keys").await.expect(200);
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["name"], &key["monthlyLimit"], &key["tags"]),
        (&json!("mail"), &json!(10), &json!(["post"]))
    );
    http.delete(&format!("/api/keys/{id}")).await.expect(200);
    assert_eq!(ssh.run("keys get mail --env production", "").await.status, Some(3));
    daemon.stop().await;
}

#[tokio::test]
async fn one_id_names_a_request_in_its_answer_in_the_log_and_in_the_audit() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let daemon = Process::serve(BINARY.as_ref(), &data, &["log.level=debug", "log.format=json"]);
    let http = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let send = async |path: &str, body: serde_json::Value, id: &str| {
        let request = http.request(Method::POST, path).json(&body);
        let request = if id.is_empty() { request } else { request.header("x-request-id", id) };
        let reply = http.send(request).await;
        (reply.headers["x-request-id"].to_str().unwrap().to_owned(), reply)
    };
    let key = json!({ "name": "k", "service": "S", "apiKey": "sk-1" });
    let (own, made) = send("/api/keys", key.clone(), "deploy-7").await;
    assert_eq!(own, "deploy-7");
    let (given, _) = send("/api/keys", key, "").await;
    let path = format!("/api/keys/{}/reveal", made.expect(201)["_id"].as_str().unwrap());
    let (refused, answer) = send(&path, json!({ "version": 99 }), "refused-9").await;
    assert_eq!(answer.expect(404)["requestId"], refused);
    for (id, action, outcome) in [(own, "key.create", 201), (given, "key.create", 201)] {
        let audit = http.get(&format!("/api/audit?requestId={id}")).await.expect(200);
        assert_eq!(audit["records"][0]["action"], action, "{id}: {audit}");
        let line = wait_until("the line in the log", || {
            let log = daemon.stderr();
            let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            lines.into_iter().find(|line| line["id"] == id && line["message"] == "answered")
        });
        assert_eq!(line["status"], outcome, "{line}");
    }
    let log = daemon.stderr();
    assert!(log.lines().any(|line| line.contains("refused-9") && line.contains("404")), "{log}");
}

#[tokio::test]
async fn a_password_opens_ssh_and_a_wrong_one_does_not() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let ssh = Ssh::with_password(daemon.ssh, "ana", &ana.password).await.unwrap();
    assert!(ssh.run("whoami", "").await.stdout.contains("ana@example.com"));
    assert!(Ssh::with_password(daemon.ssh, "ana", "wrong password").await.is_err());
    let stranger = crate::harness::ssh_key();
    assert!(Ssh::with_key(daemon.ssh, "ana", &stranger).await.is_err());
}

#[tokio::test]
async fn a_dashboard_follows_its_window_and_leaves_the_terminal_as_it_was() {
    let daemon = Daemon::start().await;
    let ana = daemon.operator("ana@example.com").await;
    let ssh = daemon.ssh(&ana).await;
    let mut screen = ssh.dashboard(80, 24).await;
    screen.wait_text("ana@localhost").await;
    screen.resize(120, 40).await;
    let bottom = |screen: &vt100::Screen| {
        let (rows, cols) = screen.size();
        (0..cols).any(|col| screen.cell(rows - 1, col).is_some_and(|cell| !cell.contents().trim().is_empty()))
    };
    screen.wait_for("the last row of the larger window", bottom).await;
    screen.press("q").await;
    assert_eq!(screen.wait_end().await, Some(0));
    let raw = screen.raw();
    let (entered, left) = (b"\x1b[?1049h".as_slice(), b"\x1b[?1049l".as_slice());
    let count = |bytes: &[u8]| raw.windows(bytes.len()).filter(|seen| *seen == bytes).count();
    assert_eq!((count(entered), count(left)), (1, 1));
    assert!(!screen.with(|screen| screen.hide_cursor()));
}

#[tokio::test]
async fn a_dashboard_is_told_of_the_end_and_gives_the_terminal_back() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let ssh = daemon.ssh(&ana).await;
    let mut screen = ssh.dashboard(80, 24).await;
    screen.wait_for("the dashboard", |screen| screen.alternate_screen()).await;
    let stopping = tokio::spawn(daemon.stop());
    assert_eq!(screen.wait_end().await, Some(0));
    assert!(!screen.with(|screen| screen.alternate_screen()), "{}", screen.text());
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_does_not_wait_for_open_dashboards() {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &[]).status.success());
    let patient = ["limits.exempt=[\"127.0.0.0/8\"]", "limits.drain_seconds=3600"];
    let daemon = Process::serve(Path::new(BINARY), &data, &patient);
    let ssh = Ssh::with_password(daemon.ssh(), "ana", "a fine password").await.unwrap();
    let mut screen = ssh.dashboard(80, 24).await;
    screen.wait_text("ana@localhost").await;
    daemon.signal(Signal::SIGTERM);
    screen.wait_text("closing in").await;
    let (code, _) = tokio::task::spawn_blocking(move || daemon.terminate()).await.unwrap();
    assert_eq!((code, screen.wait_end().await), (Some(0), Some(0)));
}
