//! A member who is removed: within a second every door is closed to them, also those that they held open.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::Server;
use crate::live::{Client, Stream, track};
use crate::teams::{join, team};

/// What a person has open: a plain WebSocket, a stream, and what a Socket.IO client speaks.
struct Open {
    socket: Client,
    stream: Stream,
    socket_io: Client,
}

impl Open {
    async fn all(server: &Server, bearer: &str) -> Self {
        let (socket, _) = Client::open(server, bearer, "/ws").await;
        let mut stream = Stream::open(server, bearer, "/api/events", None).await;
        stream.hear("authenticated").await;
        let path = "/socket.io/?EIO=4&transport=websocket";
        let mut socket_io = Client::with(server, path, &[]).await.unwrap();
        assert!(socket_io.text().await.starts_with('0'), "Engine.IO opens");
        socket_io.send(format!("40{}", json!({"token": bearer}))).await;
        assert!(socket_io.text().await.starts_with("40"), "Socket.IO connects");
        for event in ["subscribe_usage", "subscribe_notifications"] {
            socket_io.send(format!("42{}", json!([event]))).await;
        }
        Self { socket, stream, socket_io }
    }

    /// Everything that comes on each of the three until it tells of this key's usage.
    async fn until_told_of(&mut self, key: &str) -> [String; 3] {
        let over = |told: &str| told.contains("usage_update") && told.contains(key);
        let mut told = [const { String::new() }; 3];
        while !over(&told[0]) {
            told[0] += &self.socket.text().await;
        }
        while !over(&told[1]) {
            let (event, _, data) = self.stream.next().await;
            told[1] += &format!("{event} {data}\n");
        }
        while !over(&told[2]) {
            let text = self.socket_io.text().await;
            if text == "2" {
                self.socket_io.send("3".to_owned()).await;
            }
            told[2] += &text;
        }
        told
    }
}

impl Client {
    async fn send(&mut self, text: String) {
        self.raw(Message::text(text)).await;
    }

    async fn text(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.next().await {
                return text.to_string();
            }
        }
    }
}

#[tokio::test]
async fn a_removed_member_is_out_of_every_door_within_a_second() {
    let server = Server::start().await;
    let ana = server.person("ana@example.com").await;
    let team = team(&server, &ana).await;
    let bob = join(&server, &ana, &team, "bob@example.com", "admin").await;
    let body = json!({"name": "stripe", "service": "Stripe", "apiKey": "sk-1", "team": team, "environment": "production"});
    let key = server.post(&ana, "/api/keys", &body).await.text("_id");
    let own = server.key(&bob, "own").await;
    let mut tokens = Vec::new();
    for what in [json!({"keys": [key]}), json!({"team": team, "environment": "production"})] {
        let mut new = json!({"name": "worker", "scopes": ["fetch", "track"]});
        new.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        let made = server.post(&bob, "/api/tokens", &new).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let fetched = server.get(&made.text("token"), &format!("/api/keys/{key}/value")).await;
        assert_eq!((fetched.status, &fetched.body["apiKey"]), (200, &json!("sk-1")), "{}", fetched.body);
        tokens.push(made.text("token"));
    }
    let mut open = Open::all(&server, &bob).await;
    let (app, _) = Client::open(&server, &tokens[1], "/ws").await;
    track(&server, &ana, &key, 1).await;
    open.until_told_of(&key).await;
    let bob_id = server.get(&bob, "/api/profile").await.text("id");

    let started = Instant::now();
    let removed = server
        .send(server.request("DELETE", &format!("/api/teams/{team}/members/{bob_id}")).bearer_auth(&ana));
    let removed = removed.await;
    assert_eq!((removed.status, removed.body["rotateNow"][0]["_id"].as_str()), (200, Some(key.as_str())));
    for (method, path, body) in [
        ("GET", format!("/api/keys/{key}"), Value::Null),
        ("POST", format!("/api/keys/{key}/reveal"), json!({})),
        ("PATCH", format!("/api/keys/{key}"), json!({"name": "mine"})),
        ("GET", format!("/api/usage/{key}"), Value::Null),
        (
            "POST",
            format!("/api/usage/{key}/track"),
            json!({"endpoint": "/", "method": "GET", "statusCode": 200}),
        ),
        ("GET", format!("/api/keys/{key}/access"), Value::Null),
        ("GET", format!("/api/teams/{team}"), Value::Null),
        ("GET", format!("/api/teams/{team}/members"), Value::Null),
    ] {
        let request = server.request(method, &path).bearer_auth(&bob);
        let request = if body.is_null() { request } else { request.json(&body) };
        server.send(request).await.is_problem(404, "not_found");
    }
    for (token, status, code) in [(&tokens[0], 404, "not_found"), (&tokens[1], 401, "unauthenticated")] {
        server.get(token, &format!("/api/keys/{key}/value")).await.is_problem(status, code);
        server.get(token, "/api/fetch/production/stripe").await.is_problem(status, code);
    }
    assert_eq!(app.closed().await, 4401);

    // What happens in the team reaches none of what is open; what is their own still does.
    track(&server, &ana, &key, 1).await;
    let rename = server.request("PATCH", &format!("/api/keys/{key}")).bearer_auth(&ana);
    assert_eq!(server.send(rename.json(&json!({"description": "later"}))).await.status, 200);
    track(&server, &bob, &own, 1).await;
    for told in open.until_told_of(&own).await {
        assert!(!told.contains(&key), "{told}");
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}
