//! What a person has open in every door: seen and ended from any of them, at once.

use serde_json::{Value, json};

use crate::harness::http::Http;
use crate::harness::{Daemon, within};

/// What is open of one kind, once it is there.
async fn open(http: &Http, kind: &str) -> Value {
    within(kind, async {
        loop {
            let listed = http.get("/api/profile/sessions").await.expect(200);
            let found = listed["sessions"].as_array().unwrap().iter().find(|open| open["kind"] == kind);
            if let Some(found) = found {
                return found.clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_dashboard_is_seen_and_ended_over_rest_and_its_connection_with_it() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let (http, ssh) = (daemon.http().login(&ana).await, daemon.ssh(&ana).await);
    let other = daemon.ssh(&ana).await;
    let mut screen = ssh.dashboard(80, 24).await;
    screen.wait_text("ana@localhost").await;
    let dashboard = open(&http, "dashboard").await;
    assert_eq!((&dashboard["door"], &dashboard["current"]), (&json!("ssh"), &json!(false)), "{dashboard}");
    assert!(dashboard["userAgent"].as_str().unwrap().contains("SSH-2.0"), "{dashboard}");
    let one = format!("/api/profile/sessions/{}", dashboard["_id"].as_str().unwrap());
    http.delete(&one).await.expect(200);
    assert_eq!(screen.wait_end().await, Some(0));
    assert!(screen.text().contains("Signed out"), "{}", screen.text());
    within("the end of the connection", async {
        while !ssh.handle.is_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(other.run("whoami", "").await.status, Some(0), "others go on");
    let listed: Value = serde_json::from_str(&other.run("sessions ls --json", "").await.stdout).unwrap();
    let kinds = listed["sessions"].as_array().unwrap().iter().map(|open| open["kind"].as_str().unwrap());
    assert_eq!(kinds.collect::<Vec<_>>(), ["command", "app"], "the dashboard is gone: {listed}");
    let app = listed["sessions"][1]["_id"].as_str().unwrap();
    assert_eq!(other.run(&format!("sessions end {app}"), "").await.status, Some(0));
    http.get("/api/profile").await.expect(401);
    let http = daemon.http().login(&ana).await;
    http.delete(&one).await.expect(404);
}

#[tokio::test]
async fn signing_out_everywhere_ends_a_command_that_waits_for_its_input() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let (http, ssh) = (daemon.http().login(&ana).await, daemon.ssh(&ana).await);
    let mut waiting = ssh.command("keys add --name late --service X").await;
    open(&http, "command").await;
    http.delete("/api/profile/sessions").await.expect(200);
    assert_eq!(within("its end", waiting.end()).await.status, Some(130));
    let http = daemon.http().login(&ana).await;
    assert_eq!(http.get("/api/keys").await.expect(200)["pagination"]["total"], 0);
}

#[tokio::test]
async fn a_command_signs_out_everywhere() {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let (http, ssh, other) =
        (daemon.http().login(&ana).await, daemon.ssh(&ana).await, daemon.ssh(&ana).await);
    let mut screen = other.dashboard(80, 24).await;
    screen.wait_text("ana@localhost").await;
    assert_eq!(ssh.run("sessions end", "").await.status, Some(2), "which?");
    let ended = ssh.run("sessions end --all", "").await;
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("this connection too"), "{ended:?}");
    assert_eq!(screen.wait_end().await, Some(0));
    http.get("/api/profile").await.expect(401);
    // The connection, still open here, is good for nothing more.
    let channel = ssh.handle.channel_open_session().await.unwrap();
    channel.exec(true, "whoami").await.unwrap();
    within("the end of the connection", async {
        while !ssh.handle.is_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(daemon.ssh(&ana).await.run("whoami", "").await.status, Some(0), "who comes again is let in");
}
