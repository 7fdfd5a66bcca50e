//! A member who is removed: within a second every door is closed to them, also those that they held open.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::Server;
use crate::live::clients::{Client, Stream, track};
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
        assert!(socket_io.packet().await.starts_with('0'), "Engine.IO opens");
        socket_io.send(format!("40{}", json!({"token": bearer}))).await;
        let connected = socket_io.packet().await;
        assert!(connected.starts_with("40"), "Socket.IO connects: {connected}");
        for event in ["subscribe_usage", "subscribe_notifications"] {
            socket_io.send(format!("42{}", json!([event]))).await;
        }
        Self { socket, stream, socket_io }
    }

    /// Everything that comes on each of the three until it tells of this key's usage.
    async fn until_told_of(&mut self, key: &str) -> [String; 3] {
        let socket = self.socket.until_told_of(key).await;
        let (mut stream, mut socket_io) = (String::new(), String::new());
        while !tells_of(&stream, key) {
            let (event, _, data) = self.stream.next().await;
            stream += &format!("{event} {data}\n");
        }
        while !tells_of(&socket_io, key) {
            socket_io += &self.socket_io.packet().await;
        }
        [socket, stream, socket_io]
    }
}

fn tells_of(told: &str, key: &str) -> bool {
    told.contains("usage_update") && told.contains(key)
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

    async fn until_told_of(&mut self, key: &str) -> String {
        let mut told = String::new();
        while !tells_of(&told, key) {
            told += &self.text().await;
        }
        told
    }

    /// The next packet of Socket.IO. At any time, the first moment included, Engine.IO may ask in between whether the
    /// client is there (`2`), and is answered (`3`).
    async fn packet(&mut self) -> String {
        loop {
            let text = self.text().await;
            if text != "2" {
                return text;
            }
            self.send("3".to_owned()).await;
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
    // What happens while they are in is kept, for whoever comes back.
    let (mut before, welcome) = Client::open(&server, &bob, "/ws").await;
    let describe = |text: &str| {
        let patch = server.request("PATCH", &format!("/api/keys/{key}")).bearer_auth(&ana);
        server.send(patch.json(&json!({"description": text})))
    };
    assert_eq!(describe("earlier").await.status, 200);
    while !before.text().await.contains("earlier") {}
    track(&server, &ana, &key, 1).await;
    open.until_told_of(&key).await;
    let bob_id = server.get(&bob, "/api/profile").await.text("id");

    let started = Instant::now();
    let removed = server
        .send(server.request("DELETE", &format!("/api/teams/{team}/members/{bob_id}")).bearer_auth(&ana));
    let removed = removed.await;
    assert_eq!((removed.status, removed.body["rotateNow"][0]["_id"].as_str()), (200, Some(key.as_str())));
    assert_eq!(app.closed().await, 4401);
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // Whatever is asked or happens from here on, however soon, comes too late for them.
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

    // What happens in the team reaches none of what is open; what is their own still does.
    track(&server, &ana, &key, 1).await;
    assert_eq!(describe("later").await.status, 200);
    track(&server, &bob, &own, 1).await;
    for told in open.until_told_of(&own).await {
        assert!(!told.contains(&key), "{told}");
    }

    // Nor does what was told while they were in the team come again.
    let since = welcome["seq"].as_str().unwrap();
    let (mut back, _) = Client::open(&server, &bob, &format!("/ws?since={since}")).await;
    let told = back.until_told_of(&own).await;
    assert!(!told.contains(&key), "{told}");
}
