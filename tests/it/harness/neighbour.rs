//! Somebody who only wants to work while others send bad input: an app that reports calls, and a dashboard that was
//! open before and has to show each of them.

use serde_json::json;

use super::http::Http;
use super::screen::Screen;
use super::ssh::Ssh;
use super::{Daemon, Person};

/// A person at work.
pub(crate) struct Neighbour {
    pub(crate) person: Person,
    pub(crate) http: Http,
    _ssh: Ssh,
    screen: Screen,
    track: String,
    calls: u32,
}

impl Neighbour {
    /// Opens the dashboard on a key of their own.
    pub(crate) async fn at_work(daemon: &Daemon) -> Self {
        let person = daemon.person("neighbour@example.com").await;
        let http = daemon.http().login(&person).await;
        let body = json!({ "name": "neighbours-own", "service": "X", "apiKey": "the neighbour's value" });
        let key = http.post("/api/keys", &body).await.expect(201);
        let track = format!("/api/usage/{}/track", key["_id"].as_str().expect("an id"));
        let ssh = daemon.ssh(&person).await;
        let mut screen = ssh.key_list(80, 24).await;
        screen.wait_text("neighbours-own").await;
        screen.press("\r").await;
        screen.wait_text("0 calls today").await;
        Self { person, http, _ssh: ssh, screen, track, calls: 0 }
    }

    /// Reports a call and sees it arrive.
    pub(crate) async fn goes_on(&mut self) {
        self.http.post(&self.track, &json!({ "statusCode": 200, "responseTime": 5 })).await.expect(201);
        self.calls += 1;
        // Of the month: a day may end meanwhile.
        let calls = if self.calls == 1 { "call" } else { "calls" };
        self.screen.wait_text(&format!(" {} {calls}, no limit", self.calls)).await;
    }
}
