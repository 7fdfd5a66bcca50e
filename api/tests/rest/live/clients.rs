//! Clients of the live doors: a plain WebSocket, and a stream of server-sent events.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::harness::Server;

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Client(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(crate) async fn with(server: &Server, path: &str, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{}{path}", server.address).into_client_request()?;
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, HeaderValue::try_from(*value).unwrap());
        }
        Ok(Self(connect_async(request).await?.0))
    }

    /// Connected, with the token in the handshake; answers `authenticated` too.
    pub(crate) async fn open(server: &Server, token: &str, path: &str) -> (Self, Value) {
        let bearer = format!("Bearer {token}");
        let mut client = Self::with(server, path, &[("authorization", &bearer)]).await.unwrap();
        let welcome = client.hear("authenticated").await;
        (client, welcome)
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.raw(Message::text(message.to_string())).await;
    }

    pub(crate) async fn raw(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Asks, and answers the acknowledgement.
    pub(crate) async fn ask(&mut self, event: &str, data: Value) -> Value {
        self.say(&json!({"event": event, "data": data, "id": 7})).await;
        let ack = self.hear("ack").await;
        assert_eq!((&ack["to"], &ack["id"]), (&json!(event), &json!(7)));
        ack
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Message {
        let next = timeout(DEADLINE, self.0.next()).await.expect("a message in time");
        next.expect("an open connection").unwrap()
    }

    /// The data of the next event of this name; others before it are passed over.
    pub(crate) async fn hear(&mut self, event: &str) -> Value {
        loop {
            if let Message::Text(text) = self.next().await {
                let message: Value = serde_json::from_str(&text).unwrap();
                if message["event"] == event {
                    return message["data"].clone();
                }
            }
        }
    }

    /// Adds up usage until so many calls were told of; answers the last message.
    pub(crate) async fn count(&mut self, calls: u64) -> Value {
        let mut counted = 0;
        loop {
            let update = self.hear("usage_update").await;
            counted += update["usage"]["requests"].as_u64().unwrap();
            assert!(counted <= calls, "told of {counted} calls, and there were {calls}");
            if counted == calls {
                return update;
            }
        }
    }

    /// The code with which the server closes.
    pub(crate) async fn closed(mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.next().await {
                return frame.expect("a code").code.into();
            }
        }
    }
}

pub(crate) async fn track(server: &Server, token: &str, key: &str, times: usize) {
    for _ in 0..times {
        let event = json!({"endpoint": "/v1/chat", "method": "POST", "statusCode": 200, "responseTime": 245});
        let reply = server.post(token, &format!("/api/usage/{key}/track"), &event).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
    }
}

/// A stream of server-sent events.
pub(crate) struct Stream {
    response: reqwest::Response,
    text: String,
}

impl Stream {
    pub(crate) async fn open(server: &Server, token: &str, path: &str, last: Option<&str>) -> Self {
        let mut request = server.request("GET", path).bearer_auth(token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The name, id and data of the next event.
    pub(crate) async fn next(&mut self) -> (String, String, Value) {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim_start_matches(": ").to_owned()
                };
                let event = (field("event"), field("id"), field("data"));
                self.text = rest.to_owned();
                if !event.0.is_empty() {
                    return (event.0, event.1, serde_json::from_str(&event.2).unwrap());
                }
                continue;
            }
            let chunk = timeout(DEADLINE, self.response.chunk()).await.expect("an event in time").unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.expect("an open stream")).unwrap());
        }
    }

    pub(crate) async fn hear(&mut self, event: &str) -> Value {
        loop {
            let (name, _, data) = self.next().await;
            if name == event {
                return data;
            }
        }
    }

    /// The next event must be usage; its id and data.
    pub(crate) async fn hear_first(&mut self) -> (String, Value) {
        let (name, id, data) = self.next().await;
        assert_eq!(name, "usage_update");
        (id, data)
    }
}
