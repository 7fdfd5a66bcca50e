//! Webhooks: their addresses, of which parts are secrets, and what messages are signed with. They are called, and refuse what
//! comes, so that what a failed call leaves behind is looked at too.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Cage;
use crate::harness::http::Http;

/// Stands where chats and programs have their tokens.
pub(super) const HOOK: &str = "Canary7fHookAddress";

const DEADLINE: Duration = Duration::from_secs(20);

/// A receiver that answers 500 and what it was asked for; its address.
async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = vec![0; 16_384];
            let length = stream.read(&mut read).await.unwrap_or(0);
            let head = format!("HTTP/1.1 500 X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(&[head.as_bytes(), &read[..length]].concat()).await;
        }
    });
    address
}

impl Cage {
    pub(super) async fn webhooks(&mut self, http: &Http) {
        let receiver = refusing().await;
        for (format, url) in [
            ("standard", format!("{receiver}/x?token={HOOK}")),
            ("slack", format!("{receiver}/services/{HOOK}")),
        ] {
            let body = json!({ "name": format, "url": url, "format": format });
            let made = http.post("/api/webhooks", &body).await.expect(201);
            self.issued(&made, &["secret"]);
            let path = format!("/api/webhooks/{}", made["_id"].as_str().unwrap());
            http.post(&format!("{path}/test"), &json!({})).await.expect(202);
            let (log, deadline) = (format!("{path}/deliveries"), Instant::now() + DEADLINE);
            let mut reply = http.get(&log).await;
            while reply.json()["deliveries"][0]["attempts"] == 0 {
                assert!(Instant::now() < deadline, "it is never sent: {}", reply.text);
                tokio::time::sleep(Duration::from_millis(20)).await;
                reply = http.get(&log).await;
            }
            self.answered("what was sent to a webhook", &reply);
            self.answered("a webhook", &http.get(&path).await);
        }
        for url in [format!("http://10.0.0.1/{HOOK}"), format!("https://{HOOK}@hooks.example.com/")] {
            let refused = http.post("/api/webhooks", &json!({ "name": "x", "url": url })).await;
            assert_eq!(refused.status.as_u16(), 422, "{}", refused.text);
            self.answered("a refused webhook", &refused);
        }
        self.answered("all webhooks", &http.get("/api/webhooks").await);
    }
}
