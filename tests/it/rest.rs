//! REST against the whole daemon: the specification's own tests, and what must outlive a restart.
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
async fn health_and_limits_say_what_the_specification_s_operators_look_for() {
    let daemon = Daemon::with(&OPEN).await;
    let health = daemon.http().get("/health").await.expect(200);
    has(&health, &["status", "timestamp", "uptime", "memory", "dependencies"]);
    let http = registered(&daemon).await;
    let body = json!({ "name": "n", "service": "s", "apiKey": "sk-1", "monthlyLimit": 5000 });
    let key = http.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned();
    let tracked = http.post(&format!("/api/usage/{key}/track"), &json!({})).await.expect(201);
    let reset = tracked["limit"]["reset"].as_str().unwrap();
    assert!(reset.ends_with("-01T00:00:00Z"), "{reset}");
    assert_eq!(
        tracked["limit"],
        json!({ "monthly": 5000, "used": 1, "remaining": 4999, "reset": reset, "exceeded": false })
    );
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

#[tokio::test]
async fn every_route_that_the_dashboard_shows_is_in_the_document() {
    let daemon = Daemon::start().await;
    let document = daemon.http().get("/openapi.json").await.expect(200);
    for route in keyward_tui::ROUTES {
        let described = &document["paths"][route.path][route.method.to_lowercase()];
        assert!(described.is_object(), "{} {}", route.method, route.path);
        let takes = described.get("requestBody").is_some();
        assert!(takes || route.body.is_empty(), "{} {} takes no body", route.method, route.path);
    }
    daemon.stop().await;
}
