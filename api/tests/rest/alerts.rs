//! Alerts and the rules for them, over HTTP.

use keyward_keys::Door;
use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn a_rule_is_made_tried_changed_and_what_it_raises_is_handled() {
    let server = Server::start().await;
    let (john, eve) = (server.person("john@example.com").await, server.person("eve@example.com").await);
    let body = json!({"name": "k", "service": "s", "apiKey": "sk-1", "monthlyLimit": 100});
    let key = server.post(&john, "/api/keys", &body).await.text("_id");
    let body = json!({"name": "Limit", "condition": "monthly_limit", "threshold": 3, "apiKeyId": key});
    let made = server.post(&john, "/api/alerts/rules", &body).await;
    assert_eq!((made.status, &made.body["unit"], &made.body["firing"]), (201, &json!("%"), &json!(0)));
    let rule = format!("/api/alerts/rules/{}", made.text("_id"));
    assert_eq!(made.header("location"), rule);
    for _ in 0..3 {
        server.post(&john, &format!("/api/usage/{key}/track"), &json!({})).await;
    }
    server.service.watch_alerts(&server.service.system_caller("test", Door::Local)).await.unwrap();
    let list = server.get(&john, "/api/alerts?state=firing").await;
    assert_eq!(
        (list.status, &list.body["firing"], &list.body["pagination"]["total"]),
        (200, &json!(1), &json!(1))
    );
    let alert = &list.body["alerts"][0];
    assert_eq!(
        (&alert["apiKeyId"], &alert["value"], &alert["state"]),
        (&json!(key), &json!(3), &json!("firing"))
    );
    let path = format!("/api/alerts/{}", alert["_id"].as_str().unwrap());
    server.get(&eve, &path).await.is_problem(404, "not_found");
    let snoozed = server.post(&john, &format!("{path}/snooze"), &json!({"minutes": 5})).await;
    assert_eq!((&snoozed.body["state"], snoozed.body["snoozedUntil"].is_string()), (&json!("snoozed"), true));
    server.post(&john, &format!("{path}/snooze"), &json!({"minutes": 0})).await.is_problem(422, "invalid");
    let seen = server.post(&john, &format!("{path}/acknowledge"), &json!({})).await;
    assert_eq!(seen.body["state"], "acknowledged");
    assert_eq!(server.post(&john, &format!("{path}/resolve"), &json!({})).await.body["state"], "resolved");
    server.post(&john, &format!("{path}/resolve"), &json!({})).await.is_problem(409, "conflict");
    let trial = json!({"apiKeyId": key, "condition": "request_rate", "threshold": 1});
    assert_eq!(server.post(&john, "/api/alerts/backtest", &trial).await.body["count"], 0);
    server.post(&eve, "/api/alerts/backtest", &trial).await.is_problem(422, "invalid");
    let patch =
        server.request("PATCH", &rule).bearer_auth(&john).json(&json!({"enabled": false, "recovery": null}));
    assert_eq!(server.send(patch).await.body["enabled"], false);
    assert_eq!(server.send(server.request("DELETE", &rule).bearer_auth(&john)).await.status, 200);
    server.get(&john, &rule).await.is_problem(404, "not_found");
}

#[tokio::test]
async fn a_response_does_what_it_says_to_the_key_and_can_be_taken_back() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let key = server.key(&john, "k").await;
    let rule = json!({"name": "Limit", "condition": "monthly_limit", "threshold": 1, "apiKeyId": key});
    server.post(&john, "/api/alerts/rules", &rule).await;
    let limit = server.request("PATCH", &format!("/api/keys/{key}")).bearer_auth(&john);
    server.send(limit.json(&json!({"monthlyLimit": 10}))).await;
    server.post(&john, &format!("/api/usage/{key}/track"), &json!({})).await;
    server.service.watch_alerts(&server.service.system_caller("test", Door::Local)).await.unwrap();
    let list = server.get(&john, "/api/alerts").await.body;
    let path = format!("/api/alerts/{}/respond", list["alerts"][0]["_id"].as_str().unwrap());
    let shown = async || {
        let key = server.get(&john, &format!("/api/keys/{key}")).await.body;
        json!([key["frozen"], key["networks"], key["monthlyLimit"], key["rotation"]["state"]])
    };
    let before = shown().await;
    let narrow = json!({"action": "narrow", "networks": ["10.0.0.0/8"]});
    let mut stands = vec![before.clone()];
    for body in [json!({"action": "freeze"}), narrow, json!({"action": "limit", "limit": 5})] {
        let done = server.post(&john, &path, &body).await;
        assert_eq!(done.status, 200, "{body}: {}", done.body);
        let now = shown().await;
        assert_ne!(Some(&now), stands.last(), "{body}");
        stands.push(now);
    }
    let rotated = server.post(&john, &path, &json!({"action": "rotate"})).await;
    assert_eq!(rotated.status, 200, "{}", rotated.body);
    let state = server.get(&john, &format!("/api/keys/{key}/rotation")).await.body["state"].clone();
    assert_eq!(state, "waiting", "for the value that a person makes");
    let undo = json!({"action": "undo"});
    for stood in stands.into_iter().rev() {
        let undone = server.post(&john, &path, &undo).await;
        assert_eq!((undone.status, shown().await), (200, stood), "{}", undone.body);
    }
    server.post(&john, &path, &undo).await.is_problem(409, "conflict");
}
