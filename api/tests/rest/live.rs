//! Live events over a plain WebSocket and as a stream: who hears what, in which order, and how it ends.

pub(crate) mod clients;

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::Server;
use clients::{Client, DEADLINE, Stream, track};

#[tokio::test]
async fn usage_is_told_exactly_to_those_who_may_see_it_and_to_nobody_else() {
    let server = Server::start().await;
    let (john, eve) = (server.person("john@example.com").await, server.person("eve@example.com").await);
    let key = server.key(&john, "first").await;
    let (mut watching, welcome) = Client::open(&server, &john, "/ws").await;
    assert_eq!(welcome["user"]["email"], "john@example.com");
    assert!(welcome["expiresIn"].as_u64().is_some_and(|seconds| (3_500..=3_600).contains(&seconds)));
    let (mut other, _) = Client::open(&server, &eve, "/ws").await;

    track(&server, &john, &key, 30).await;
    let update = watching.count(30).await;
    assert_eq!(update["apiKeyId"], json!(key));
    assert_eq!((&update["stats"]["usageCount"], &update["stats"]["exceeded"]), (&json!(30), &json!(false)));
    assert_eq!(
        (&update["usage"]["endpoint"], &update["usage"]["statusCode"]),
        (&json!("/v1/chat"), &json!(200))
    );
    assert!(update["timestamp"].is_string() && update["seq"].is_string());

    // Also of a key that was not there at the beginning; and Eve hears of hers alone.
    let late = server.key(&john, "late").await;
    let made = watching.hear("api_key_update").await;
    assert_eq!((&made["apiKeyId"], &made["action"]), (&json!(late), &json!("created")));
    track(&server, &john, &late, 1).await;
    assert_eq!(watching.count(1).await["apiKeyId"], json!(late));
    let eves = server.key(&eve, "hers").await;
    let Message::Text(first) = other.next().await else { panic!("an event") };
    assert!(first.contains(&eves) && !first.contains(&key) && !first.contains(&late), "{first}");
}

#[tokio::test]
async fn a_client_authenticates_first_and_may_choose_its_keys() {
    let server = Server::start().await;
    let (john, eve) = (server.person("john@example.com").await, server.person("eve@example.com").await);
    let (one, two) = (server.key(&john, "one").await, server.key(&john, "two").await);
    let eves = server.key(&eve, "hers").await;
    let mut client = Client::with(&server, "/ws", &[]).await.unwrap();
    let early = client.ask("subscribe_usage", Value::Null).await;
    assert_eq!((&early["ok"], &early["code"]), (&json!(false), &json!("unauthenticated")));
    let ack = client.ask("authenticate", json!(john)).await;
    assert_eq!(ack["ok"], true, "{ack}");
    let wrong = client.ask("subscribe_usage", json!({"apiKeyIds": [one, eves, "nonsense"]})).await;
    assert_eq!(wrong["ok"], false);
    let pointers: Vec<_> =
        wrong["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    assert_eq!(pointers, ["/apiKeyIds/1", "/apiKeyIds/2"]);
    assert_eq!(wrong["errors"][0]["detail"], wrong["errors"][1]["detail"], "it tells what exists");
    for bad in [json!([]), json!({"apiKeyIds": one}), json!({"keys": []}), json!(5)] {
        assert_eq!(client.ask("subscribe_usage", bad).await["code"], "invalid");
    }
    assert_eq!(client.ask("dance", Value::Null).await["code"], "unknown_event");
    let key_id = server.get(&john, &format!("/api/keys/{two}")).await.text("keyId");
    assert_eq!(client.ask("subscribe_usage", json!({"apiKeyIds": [key_id]})).await["ok"], true);
    track(&server, &john, &one, 1).await;
    track(&server, &john, &two, 1).await;
    assert_eq!(client.hear("usage_update").await["apiKeyId"], json!(two));
    // Somebody else cannot take the connection over, and it goes on.
    assert_eq!(client.ask("authenticate", json!({"token": eve})).await["code"], "conflict");
    assert_eq!(client.ask("subscribe_notifications", Value::Null).await["ok"], true);
}

#[tokio::test]
async fn a_wrong_token_and_silence_end_the_connection() {
    let server = Server::start_with(&[("api.header_timeout_seconds", "1")]).await;
    for headers in [[("authorization", "Bearer nonsense")], [("sec-websocket-protocol", "bearer, nonsense")]]
    {
        let Err(Error::Http(answer)) = Client::with(&server, "/ws", &headers).await else {
            panic!("it was let in")
        };
        assert_eq!(answer.status(), 401);
    }
    let mut wrong = Client::with(&server, "/ws", &[]).await.unwrap();
    assert_eq!(wrong.ask("authenticate", json!("nonsense")).await["code"], "unauthenticated");
    assert_eq!(wrong.closed().await, 4401);
    assert_eq!(Client::with(&server, "/ws", &[]).await.unwrap().closed().await, 4401);
    let john = server.person("john@example.com").await;
    let offered = format!("bearer, {john}");
    let mut browser = Client::with(&server, "/ws", &[("sec-websocket-protocol", &offered)]).await.unwrap();
    browser.hear("authenticated").await;
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_its_own_code_and_harms_nobody() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let key = server.key(&john, "first").await;
    let (mut neighbour, _) = Client::open(&server, &john, "/ws").await;
    let deep = "[".repeat(100_000);
    for (frame, code) in [
        (Message::text("{"), 1007),
        (Message::text("[]"), 1007),
        (Message::text(r#"{"event":"x","event":"y"}"#), 1007),
        (Message::text(r#"{"event":"x","surprise":1}"#), 1007),
        (Message::text(&deep[..60_000]), 1007),
        (Message::binary(vec![0; 10]), 1003),
        (Message::text("x".repeat(10 << 20)), 1009),
    ] {
        let (mut client, _) = Client::open(&server, &john, "/ws").await;
        // The server may close before it took it all.
        let _ = client.0.send(frame).await;
        assert_eq!(client.closed().await, code);
    }
    track(&server, &john, &key, 1).await;
    neighbour.count(1).await;
    let plain = server.get(&john, "/ws").await;
    plain.is_problem(400, "malformed");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_connect() {
    let server = Server::start_with(&[("api.cors_origins", r#"["https://keys.example.com"]"#)]).await;
    let open = async |origin: &str| Client::with(&server, "/ws", &[("origin", origin)]).await;
    let Err(Error::Http(answer)) = open("https://evil.example.com").await else { panic!("it was let in") };
    assert_eq!(answer.status(), 403);
    assert!(open("https://keys.example.com").await.is_ok());
    assert!(open(&format!("http://{}", server.address)).await.is_ok());
}

#[tokio::test]
async fn a_session_s_end_is_the_end_of_its_events() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let key = server.key(&john, "first").await;
    let (client, _) = Client::open(&server, &john, "/ws").await;
    let (mut other, _) = {
        let body = json!({"email": "john@example.com", "password": crate::harness::PASSWORD});
        let second = server.send(server.request("POST", "/api/auth/login").json(&body)).await.text("token");
        Client::open(&server, &second, "/ws").await
    };
    let made =
        server.post(&john, "/api/tokens", &json!({"name": "t", "keys": [key], "scopes": ["fetch"]})).await;
    let (mut app, welcome) = Client::open(&server, &made.text("token"), "/ws").await;
    assert_eq!(welcome["token"]["id"], made.body["_id"]);
    let patch = server.request("PATCH", &format!("/api/keys/{key}")).bearer_auth(&john);
    server.send(patch.json(&json!({"description": "new"}))).await;
    let heard = app.hear("api_key_update").await;
    assert_eq!((&heard["action"], &heard["key"]["description"]), (&json!("updated"), &json!("new")));

    let revoke = server.request("DELETE", &format!("/api/tokens/{}", made.text("_id"))).bearer_auth(&john);
    assert_eq!(server.send(revoke).await.status, 200);
    app.hear("session_ended").await;
    assert_eq!(app.closed().await, 4401);
    assert_eq!(server.post(&john, "/api/auth/logout", &json!({})).await.status, 200);
    assert_eq!(client.closed().await, 4401);
    assert_eq!(other.ask("subscribe_usage", Value::Null).await["ok"], true, "the other session goes on");
}

#[tokio::test]
async fn a_client_goes_on_where_it_was_or_is_told_that_it_cannot() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let key = server.key(&john, "first").await;
    let (mut client, _) = Client::open(&server, &john, "/ws").await;
    track(&server, &john, &key, 1).await;
    let seen = client.count(1).await["seq"].as_str().unwrap().to_owned();
    drop(client);
    let (mut beside, _) = Client::open(&server, &john, "/ws").await;
    track(&server, &john, &key, 3).await;
    beside.count(3).await;
    let (mut back, _) = Client::open(&server, &john, &format!("/ws?since={seen}")).await;
    assert_eq!(back.count(3).await["stats"]["usageCount"], 4);
    let (start, number) = seen.split_once('-').unwrap();
    let other = u32::from_str_radix(start, 16).unwrap() ^ 1;
    for lost in [format!("{other:08x}-{number}"), format!("{start}-999999"), "x".into()] {
        let (mut back, _) = Client::open(&server, &john, &format!("/ws?since={lost}")).await;
        assert!(back.hear("resync").await["seq"].is_string());
    }
    // Somebody who was not here then cannot be told what there was.
    let eve = server.person("eve@example.com").await;
    let (mut stranger, _) = Client::open(&server, &eve, &format!("/ws?since={seen}")).await;
    stranger.hear("resync").await;
}

#[tokio::test]
async fn a_stream_carries_the_same_events_with_their_places() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let key = server.key(&john, "first").await;
    server.send(server.request("GET", "/api/events")).await.is_problem(401, "unauthenticated");
    server.get(&john, "/api/events?events=usage_update,nonsense").await.is_problem(422, "invalid");
    server.get(&john, "/api/events?apiKeyIds=nonsense").await.is_problem(422, "invalid");

    let mut stream = Stream::open(&server, &john, "/api/events?events=usage_update", None).await;
    stream.hear("authenticated").await;
    server.key(&john, "not asked for").await;
    track(&server, &john, &key, 1).await;
    let (id, data) = stream.hear_first().await;
    assert_eq!((&data["apiKeyId"], &data["seq"]), (&json!(key), &json!(id)));
    drop(stream);
    let mut beside = Stream::open(&server, &john, "/api/events", None).await;
    beside.hear("authenticated").await;
    track(&server, &john, &key, 1).await;
    beside.hear("usage_update").await;
    let mut back = Stream::open(&server, &john, "/api/events", Some(&id)).await;
    back.hear("authenticated").await;
    assert_eq!(back.hear("usage_update").await["stats"]["usageCount"], 2);
    let mut lost = Stream::open(&server, &john, "/api/events", Some("00000000-1")).await;
    lost.hear("resync").await;
}

#[tokio::test]
async fn a_stream_that_goes_on_where_it_was_keeps_to_its_keys() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let (key, other) = (server.key(&john, "first").await, server.key(&john, "other").await);
    let path = format!("/api/events?events=usage_update&apiKeyIds={key}");
    let mut stream = Stream::open(&server, &john, &path, None).await;
    let (_, seen, _) = stream.next().await;
    drop(stream);
    let mut beside = Stream::open(&server, &john, "/api/events?events=usage_update", None).await;
    beside.hear("authenticated").await;
    track(&server, &john, &other, 1).await;
    beside.hear("usage_update").await;
    track(&server, &john, &key, 1).await;
    beside.hear("usage_update").await;
    let mut back = Stream::open(&server, &john, &path, Some(&seen)).await;
    back.hear("authenticated").await;
    assert_eq!(back.hear_first().await.1["apiKeyId"], json!(key));
}

#[tokio::test]
async fn live_connections_are_counted_by_what_carries_them() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let (_client, _) = Client::open(&server, &john, "/ws").await;
    let mut stream = Stream::open(&server, &john, "/api/events", None).await;
    stream.hear("authenticated").await;
    let metrics = server.request("GET", "/metrics").send().await.unwrap().text().await.unwrap();
    for kind in ["websocket", "events"] {
        let line = format!("keyward_sessions{{kind=\"{kind}\"}} 1");
        assert!(metrics.lines().any(|other| other == line), "{line} is not in {metrics}");
    }
}

#[tokio::test]
async fn a_stop_says_goodbye_and_does_not_wait_for_those_who_listen() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let (mut client, _) = Client::open(&server, &john, "/ws").await;
    let mut stream = Stream::open(&server, &john, "/api/events", None).await;
    stream.hear("authenticated").await;
    server.shutdown.cancel();
    assert_eq!(client.hear("system_alert").await["type"], "shutdown");
    assert_eq!(client.closed().await, 1001);
    assert_eq!(stream.hear("system_alert").await["type"], "shutdown");
    timeout(DEADLINE, server.task).await.unwrap().unwrap();
}
