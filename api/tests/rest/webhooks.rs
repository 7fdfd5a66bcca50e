//! Webhooks over HTTP: every fault at once, a secret that is shown once, and nobody else's business.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_webhook_is_made_shown_without_its_secret_changed_tried_and_removed() {
    let server = Server::start().await;
    let (john, eve) = (server.person("john@example.com").await, server.person("eve@example.com").await);
    let wrong =
        json!({"name": "", "url": "http://10.0.0.1/", "format": "pigeon", "events": ["rain"], "more": 1});
    let refused = server.post(&john, "/api/webhooks", &wrong).await;
    refused.is_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/events/0", "/format", "/more", "/name", "/url"]);

    let body =
        json!({"name": "Ops", "url": "https://hooks.example.com/x?token=hidden", "events": ["key_deleted"]});
    let made = server.post(&john, "/api/webhooks", &body).await;
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"));
    assert!(made.text("secret").starts_with("whsec_"));
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("/api/webhooks/{}", made.text("_id")));
    for listed in ["/api/webhooks", &path] {
        let shown = server.get(&john, listed).await.body.to_string();
        assert!(!shown.contains("whsec_") && !shown.contains("hidden"), "{shown}");
        assert!(shown.contains("\"url\":\"https://hooks.example.com/x\""), "{shown}");
    }
    server.get(&eve, &path).await.is_problem(404, "not_found");

    let other = server.post(&john, &format!("{path}/secret"), &json!({})).await;
    assert_eq!((other.status, other.header("cache-control")), (200, "no-store"));
    assert!(other.text("secret").starts_with("whsec_") && other.text("secret") != made.text("secret"));
    server.post(&eve, &format!("{path}/secret"), &json!({})).await.is_problem(404, "not_found");

    let sent = server.post(&john, &format!("{path}/test"), &json!({})).await;
    assert_eq!(
        (sent.status, &sent.body["state"], &sent.body["attempts"]),
        (202, &json!("pending"), &json!(0))
    );
    let again = format!("{path}/deliveries/{}/redeliver", sent.text("_id"));
    assert_eq!(server.post(&john, &again, &json!({})).await.status, 202);
    server.post(&eve, &again, &json!({})).await.is_problem(404, "not_found");
    let log = server.get(&john, &format!("{path}/deliveries?limit=1")).await;
    assert_eq!(
        (&log.body["deliveries"][0]["event"], &log.body["pagination"]["total"]),
        (&json!("test"), &json!(1))
    );

    let off = server.request("PATCH", &path).bearer_auth(&john).json(&json!({"disabled": true}));
    assert_eq!(server.send(off).await.body["disabled"], true);
    server.post(&john, &format!("{path}/test"), &json!({})).await.is_problem(409, "conflict");
    assert_eq!(server.send(server.request("DELETE", &path).bearer_auth(&john)).await.status, 200);
    server.get(&john, &path).await.is_problem(404, "not_found");
}
