//! REST against the whole daemon: the specification's examples in its own words, and what must outlive a restart.
//! Each kind of broken input is tried in the HTTP door's own tests.

use serde_json::{Value, json};

use crate::harness::{Daemon, http::Http};

const OPEN: [(&str, &str); 2] = [("auth.registration", "open"), ("limits.exempt", "[\"127.0.0.0/8\"]")];

/// Signs somebody up as the specification's tests do.
async fn registered(daemon: &Daemon) -> Http {
    let body = json!({ "name": "Test User", "email": "test@example.com", "password": "password123" });
    let reply = daemon.http().post("/api/auth/register", &body).await.expect(201);
    daemon.http().bearer(reply["token"].as_str().unwrap())
}

fn has(object: &Value, fields: &[&str]) {
    for field in fields {
        assert!(object.get(field).is_some(), "{field} is missing in {object}");
    }
}

#[tokio::test]
async fn the_specification_s_own_test_passes() {
    let daemon = Daemon::with(&OPEN).await;
    let http = registered(&daemon).await;
    let body =
        json!({ "name": "Test Key", "service": "OpenAI", "apiKey": "sk-test123", "passphrase": "secure123" });
    let made = http.post("/api/keys", &body).await.expect(201);
    let key = made["_id"].as_str().unwrap();
    let list = http.get("/api/keys").await.expect(200);
    assert_eq!(list["keys"].as_array().map(Vec::len), Some(1));
    http.delete(&format!("/api/keys/{key}")).await.expect(200);
    let list = http.get("/api/keys").await.expect(200);
    assert_eq!(
        list["pagination"],
        json!({ "page": 1, "limit": 20, "total": 0, "pages": list["pagination"]["pages"] })
    );
    daemon.stop().await;
}

#[tokio::test]
async fn the_specification_s_examples_are_answered_in_its_shapes() {
    let daemon = Daemon::with(&OPEN).await;
    let body = json!({ "name": "John Doe", "email": "john@example.com", "password": "securePassword123" });
    let joined = daemon.http().post("/api/auth/register", &body).await.expect(201);
    assert_eq!(joined["message"], "User created successfully");
    has(&joined["user"], &["id", "name", "email", "subscription"]);
    let body = json!({ "email": "john@example.com", "password": "securePassword123" });
    let back = daemon.http().post("/api/auth/login", &body).await.expect(200);
    assert_eq!(back["message"], "Login successful");
    let http = daemon.http().bearer(back["token"].as_str().unwrap());

    let body = json!({
        "name": "OpenAI Development Key", "service": "OpenAI", "apiKey": "sk-1234567890abcdef...",
        "passphrase": "mySecurePassphrase123", "description": "Development environment key for testing",
        "environment": "development", "monthlyLimit": 5000, "tags": ["development", "openai", "testing"]
    });
    let key = http.post("/api/keys", &body).await.expect(201);
    has(
        &key,
        &["_id", "name", "service", "keyId", "environment", "status", "monthlyLimit", "tags", "createdAt"],
    );
    let list =
        http.get("/api/keys?page=1&limit=20&search=openai&status=active&environment=development").await;
    let listed = &list.expect(200)["keys"][0];
    has(listed, &["_id", "lastUsed", "usageCount", "monthlyLimit", "currentMonthUsage", "createdAt"]);

    let event = json!({
        "endpoint": "/v1/chat/completions", "method": "POST", "statusCode": 200, "responseTime": 245,
        "requestSize": 1024, "responseSize": 2048, "metadata": { "model": "gpt-3.5-turbo", "tokens": 150 }
    });
    let key_id = key["keyId"].as_str().unwrap();
    let tracked = http.post(&format!("/api/usage/{key_id}/track"), &event).await.expect(201);
    let reset = tracked["limit"]["reset"].as_str().unwrap();
    assert!(reset.ends_with("-01T00:00:00Z"), "{reset}");
    assert_eq!(
        tracked["limit"],
        json!({ "monthly": 5000, "used": 1, "remaining": 4999, "reset": reset, "exceeded": false })
    );
    let usage = http.get(&format!("/api/usage/{key_id}?timeframe=week")).await.expect(200);
    has(&usage, &["keyId", "timeframe", "summary", "dailyBreakdown", "topEndpoints"]);
    has(
        &usage["summary"],
        &["totalRequests", "successfulRequests", "failedRequests", "successRate", "averageResponseTime"],
    );
    has(&usage["dailyBreakdown"][0], &["date", "requests", "errors", "avgResponseTime"]);
    assert_eq!(
        usage["topEndpoints"],
        json!([{ "endpoint": "/v1/chat/completions", "requests": 1, "percentage": 100.0 }])
    );
    let health = daemon.http().get("/health").await.expect(200);
    has(&health, &["status", "timestamp", "uptime", "memory", "dependencies"]);
    daemon.stop().await;
}

#[tokio::test]
async fn sessions_keys_counts_and_event_ids_outlive_a_restart() {
    let daemon = Daemon::with(&OPEN).await;
    let http = registered(&daemon).await;
    let body = json!({ "name": "n", "service": "s", "apiKey": "sk-1", "passphrase": "open sesame" });
    let key = http.post("/api/keys", &body).await.expect(201);
    let key = key["_id"].as_str().unwrap();
    let track = format!("/api/usage/{key}/track");
    let event = json!({ "eventId": "once", "statusCode": 500 });
    assert_eq!(http.post(&track, &event).await.expect(201)["accepted"], 1);

    let daemon = daemon.restart().await;
    let http = daemon.http().bearer(http.bearer.as_deref().unwrap());
    let again = http.post(&track, &event).await.expect(201);
    assert_eq!(
        (&again["accepted"], &again["duplicates"], &again["limit"]["used"]),
        (&json!(0), &json!(1), &json!(1))
    );
    let usage = http.get(&format!("/api/usage/{key}")).await.expect(200);
    assert_eq!(usage["summary"]["failedRequests"], 1);
    let open = http.post(&format!("/api/keys/{key}/reveal"), &json!({ "passphrase": "open sesame" })).await;
    assert_eq!(open.expect(200), json!({ "apiKey": "sk-1", "version": 1 }));
    daemon.stop().await;
}

#[tokio::test]
async fn nobody_joins_uninvited_unless_the_settings_say_so() {
    let daemon = Daemon::start().await;
    let body = json!({ "name": "Eve", "email": "eve@example.com", "password": "password123" });
    let refused = daemon.http().post("/api/auth/register", &body).await.expect(403);
    assert_eq!(refused["code"], "registration");
    daemon.stop().await;
}
